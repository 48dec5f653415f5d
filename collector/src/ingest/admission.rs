//! From the link into the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use auscult_link::{Admit, Arrival, Durable, Refusal, Refused, Terms};
use auscult_log::{AppendError, Appender, Message, Topic};
use auscult_proto::ids::{Incarnation, SensorIdentity};
use auscult_proto::{limits, wire};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use prost::Message as _;

use super::metrics;
use super::refusals::Refusals;
use super::suspects::Suspects;

/// A sensor comes back after this when the log did not take a batch.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// And after this when the log says that trying again cannot help.
const FATAL_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Decides what becomes of each batch.
#[derive(Clone)]
pub(super) struct Admission {
    core: Arc<Core>,
}

struct Core {
    appender: Arc<dyn Appender>,
    /// Batches the observations topic has taken in this process.
    taken: AtomicU64,
    refusals: Refusals,
    suspects: Mutex<Suspects>,
}

/// What is remembered of a batch while it is on its way.
struct Underway {
    peer: Arc<SensorIdentity>,
    incarnation: Incarnation,
    first_seq: u64,
    count: u32,
    key: Bytes,
    record: Bytes,
    received_ms: i64,
}

impl Admission {
    pub(super) fn new(appender: Arc<dyn Appender>) -> Self {
        Self {
            core: Arc::new(Core {
                appender,
                taken: AtomicU64::new(0),
                refusals: Refusals::default(),
                suspects: Mutex::default(),
            }),
        }
    }

    pub(super) fn refusals(&self) -> &Refusals {
        &self.core.refusals
    }
}

impl Admit for Admission {
    fn hello(
        &self,
        _peer: &Arc<SensorIdentity>,
        _hello: &wire::SensorHello,
    ) -> Result<Terms, Refused> {
        Ok(Terms {
            window_bytes: limits::WINDOW_BYTES,
        })
    }

    fn append(
        &self,
        peer: &Arc<SensorIdentity>,
        arrival: Arrival,
    ) -> BoxFuture<'static, Result<Durable, Refused>> {
        let body = u64::try_from(arrival.batch.body.len()).unwrap_or(u64::MAX);
        ::metrics::counter!(metrics::RECEIVED).increment(body);
        let underway = Underway::new(peer, arrival);
        let started = Instant::now();
        // In this call, not in the future: the order of calls is the order in the log.
        let appending = self.core.appender.append(underway.message());
        let core = Arc::clone(&self.core);
        async move {
            let outcome = appending.await;
            ::metrics::histogram!(metrics::APPEND_SECONDS).record(started.elapsed());
            match outcome {
                Ok(_) => {
                    core.taken.fetch_add(1, Ordering::Relaxed);
                    core.refusals.accepted();
                    underway.count_logged();
                    Ok(Durable::Logged)
                }
                Err(AppendError::Fatal(text)) => core.fatal(underway, text).await,
                Err(error) => Err(core.refused("retry", error.to_string(), RETRY_AFTER)),
            }
        }
        .boxed()
    }
}

impl Core {
    fn refused(&self, label: &'static str, text: String, retry_after: Duration) -> Refused {
        ::metrics::counter!(metrics::REFUSED, "reason" => label).increment(1);
        self.refusals.refused(&text);
        Refused {
            reason: Refusal::LogUnavailable,
            text,
            retry_after,
        }
    }

    /// The log refuses this batch for good. Nothing is acknowledged unless the whole batch is durable in quarantine.
    async fn fatal(&self, underway: Underway, text: String) -> Result<Durable, Refused> {
        let taken = self.taken.load(Ordering::Relaxed);
        let at_fault = self.suspects().refused(
            &underway.peer,
            underway.incarnation,
            underway.first_seq,
            taken,
        );
        let Underway {
            peer,
            first_seq,
            count,
            ..
        } = &underway;
        if !at_fault {
            tracing::error!(identity = %peer, first_seq, count, "the log refuses a batch for good, its sensor keeps it: {text}");
            return Err(self.refused("fatal", text, FATAL_RETRY_AFTER));
        }
        if let Err(error) = self.appender.append(underway.quarantine(&text)).await {
            tracing::error!(identity = %peer, first_seq, count, "neither the log nor quarantine takes a batch, its sensor keeps it: {text}; {error}");
            return Err(self.refused("quarantine", error.to_string(), FATAL_RETRY_AFTER));
        }
        self.refusals.accepted();
        self.suspects().settled(peer);
        ::metrics::counter!(metrics::QUARANTINED).increment(1);
        ::metrics::counter!(metrics::QUARANTINED_OBSERVATIONS).increment((*count).into());
        tracing::error!(identity = %peer, first_seq, count, "a batch was set aside in quarantine and will be missing from the inventory: {text}");
        Ok(Durable::SetAside)
    }

    fn suspects(&self) -> std::sync::MutexGuard<'_, Suspects> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Underway {
    fn new(peer: &Arc<SensorIdentity>, arrival: Arrival) -> Self {
        let Arrival {
            incarnation,
            after_seq,
            batch,
        } = arrival;
        let received_ms = wall_ms();
        let site = peer.site.as_str();
        let logged = wire::LoggedBatch {
            site: site.to_owned(),
            sensor: peer.sensor.as_str().to_owned(),
            incarnation: incarnation.0,
            first_seq: batch.first_seq,
            count: batch.count,
            received_ms,
            body: batch.body,
            after_seq,
        };
        Self {
            peer: Arc::clone(peer),
            incarnation,
            first_seq: batch.first_seq,
            count: batch.count,
            key: Bytes::copy_from_slice(site.as_bytes()),
            record: logged.encode_to_vec().into(),
            received_ms,
        }
    }

    fn message(&self) -> Message {
        Message {
            topic: Topic::Observations,
            partition: None,
            key: self.key.clone(),
            value: Some(self.record.clone()),
            headers: Vec::new(),
            timestamp_ms: self.received_ms,
        }
    }

    fn quarantine(&self, fault: &str) -> Message {
        let header =
            |name: &str, value: &str| (name.to_owned(), Bytes::copy_from_slice(value.as_bytes()));
        Message {
            topic: Topic::Quarantine,
            headers: vec![
                header("reason", "refused_by_log"),
                header("fault", fault),
                header("topic", Topic::Observations.name()),
            ],
            ..self.message()
        }
    }

    fn count_logged(&self) {
        ::metrics::counter!(metrics::BATCHES).increment(1);
        ::metrics::counter!(metrics::OBSERVATIONS).increment(self.count.into());
        let bytes = u64::try_from(self.record.len()).unwrap_or(u64::MAX);
        ::metrics::counter!(metrics::APPENDED).increment(bytes);
    }
}

fn wall_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
