//! Sockets, disk and clock around the state machine.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use auscult_proto::limits;
use auscult_proto::wire::{
    CollectorFrame, CollectorHello, GoodbyeReason, Packing, SensorHello, collector_frame,
    sensor_frame,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::flow::{Stream, Traffic, open_stream, traffic};
use super::state::{CloseReason, Command, Event, OutgoingBatch, Session};
use super::{LinkOptions, LinkPhase, LinkStatus, Source};
use crate::clock::{seconds, span, wall_ms};
use crate::credentials::Credentials;
use crate::dial::dial;
use crate::failure::Failure;
use crate::metrics;
use crate::rotation::CredentialStore;

/// A source that failed is asked again after this time.
const SOURCE_PAUSE: Duration = Duration::from_secs(1);
/// From here a clock difference is worth a warning.
const SKEW_WARNING_MS: i64 = 60_000;

type Opening = BoxFuture<'static, Result<(Stream, CollectorHello), Failure>>;
type Reading = JoinHandle<(u64, Result<Vec<OutgoingBatch>, String>)>;

pub(super) struct Shell {
    options: Arc<LinkOptions>,
    source: Arc<dyn Source>,
    status: watch::Sender<LinkStatus>,
    store: Arc<CredentialStore>,
    session: Session,
    started: Instant,
    opening: Option<Opening>,
    stream: Option<Stream>,
    reading: Option<Reading>,
    /// Acknowledged and not yet told to the source.
    to_release: Option<u64>,
    releasing: Option<JoinHandle<Result<(), String>>>,
}

impl Shell {
    pub(super) fn new(
        options: LinkOptions,
        source: Arc<dyn Source>,
        status: watch::Sender<LinkStatus>,
        store: Arc<CredentialStore>,
    ) -> Self {
        let session = Session::new(source.next_unacked(), options.timing.clone(), options.seed);
        Self {
            options: Arc::new(options),
            source,
            status,
            store,
            session,
            started: Instant::now(),
            opening: None,
            stream: None,
            reading: None,
            to_release: None,
            releasing: None,
        }
    }

    pub(super) async fn run(mut self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut stopping = false;
        let mut durable = self.source.changed();
        let mut credentials = self.store.changes();
        credentials.mark_unchanged();
        loop {
            self.obey();
            self.report();
            if self.session.is_stopped() && self.releasing.is_none() {
                self.phase(LinkPhase::Stopped);
                return;
            }
            let deadline = self.session.deadline();
            tokio::select! {
                () = &mut shutdown, if !stopping => {
                    stopping = true;
                    self.tell(Event::Stop);
                }
                Ok(()) = durable.changed() => self.tell(Event::Durable),
                Ok(()) = credentials.changed() => self.tell(Event::Hopeful),
                opened = pending(&mut self.opening) => self.opened(opened),
                read = pending(&mut self.reading) => self.read(read),
                released = pending(&mut self.releasing) => self.released(released),
                traffic = traffic(&mut self.stream) => self.traffic(traffic),
                () = until(self.started, deadline) => {}
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn tell(&mut self, event: Event) {
        if let Err(violation) = self.session.handle(self.now(), event) {
            self.end(Failure::Protocol {
                cause: violation.to_string(),
            });
        }
    }

    fn obey(&mut self) {
        while let Some(command) = self.session.poll(self.now()) {
            match command {
                Command::Open { next_seq } => self.open(next_seq),
                Command::Read { from, max_bytes } => self.start_read(from, max_bytes),
                Command::Send(batch) => {
                    if let Some(stream) = &mut self.stream {
                        stream.queue.push_back(batch);
                    }
                }
                Command::Release { through_seq } => self.to_release = Some(through_seq),
                Command::Finish => {
                    if let Some(stream) = &mut self.stream {
                        stream.queue.clear();
                        stream.outgoing = None;
                    }
                }
                Command::Close(CloseReason::AckTimeout) => self.end(Failure::AckTimeout {
                    seconds: self.options.timing.ack_timeout_ms.div_euclid(1000),
                }),
                Command::Close(CloseReason::DrainTimeout) => self.end(Failure::Closed {
                    after: Some(", late".to_owned()),
                }),
            }
        }
        self.start_release();
    }

    fn open(&mut self, next_seq: u64) {
        ::metrics::counter!(metrics::DIALS).increment(1);
        self.phase(LinkPhase::Connecting);
        let credentials = self.store.current();
        let options = Arc::clone(&self.options);
        let source = Arc::clone(&self.source);
        self.opening = Some(
            async move {
                let credentials = credentials.map_err(|e| Failure::from(&*e))?;
                let incarnation = source.incarnation();
                claim(source, &credentials).await?;
                let dialed = dial(&options.dial, &credentials).await?;
                let hello = SensorHello {
                    version: options
                        .version
                        .chars()
                        .take(limits::VERSION_BYTES.div_euclid(4))
                        .collect(),
                    incarnation: incarnation.0,
                    next_seq,
                    clock_ms: wall_ms(),
                    packings: vec![Packing::Deflate.into()],
                };
                let opening = open_stream(dialed, sensor_frame::Kind::Hello(hello));
                tokio::time::timeout(options.hello_timeout, opening)
                    .await
                    .unwrap_or(Err(Failure::HelloTimeout {
                        seconds: options.hello_timeout.as_secs(),
                    }))
            }
            .boxed(),
        );
    }

    fn opened(&mut self, outcome: Result<(Stream, CollectorHello), Failure>) {
        let (stream, hello) = match outcome {
            Ok(opened) => opened,
            Err(failure) => return self.end(failure),
        };
        let offset_ms = hello.clock_ms.saturating_sub(wall_ms());
        if offset_ms.saturating_abs() > SKEW_WARNING_MS {
            tracing::warn!(
                offset = %span(offset_ms),
                "this clock and the collector's differ; set it by NTP, before certificates stop being valid"
            );
        }
        ::metrics::gauge!(metrics::CLOCK_OFFSET).set(seconds(offset_ms));
        ::metrics::gauge!(metrics::CONNECTED).set(1.0);
        tracing::info!(
            collector = %stream.parties.address,
            next_seq = self.session.acked().saturating_add(1),
            "connected"
        );
        self.stream = Some(stream);
        self.status.send_modify(|status| {
            status.phase = LinkPhase::Connected;
            status.failure = None;
            status.clock_offset_ms = Some(offset_ms);
        });
        self.tell(Event::Opened {
            window_bytes: hello.window_bytes,
        });
    }

    /// The stream is over, or did not come about.
    fn end(&mut self, failure: Failure) {
        self.opening = None;
        self.stream = None;
        self.reading = None;
        ::metrics::gauge!(metrics::CONNECTED).set(0.0);
        ::metrics::counter!(metrics::FAILURES, "reason" => failure.label()).increment(1);
        let needs_somebody = failure.needs_somebody();
        self.tell(Event::Ended { needs_somebody });
        let for_ms = self
            .session
            .waiting_until()
            .map_or(0, |until| until.saturating_sub(self.now()));
        if matches!(failure, Failure::Closed { .. }) {
            tracing::info!(retry_ms = for_ms, "{failure}");
        } else {
            tracing::warn!(
                reason = failure.label(),
                retry_ms = for_ms,
                "no link: {failure}"
            );
        }
        self.status.send_modify(|status| {
            status.phase = LinkPhase::Waiting { for_ms };
            status.failure = Some(failure);
        });
    }

    fn start_read(&mut self, from: u64, max_bytes: u64) {
        let source = Arc::clone(&self.source);
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let read = source.read_from(from, max_bytes);
            if read.is_err() {
                std::thread::sleep(SOURCE_PAUSE);
            }
            (from, read)
        }));
    }

    fn read(
        &mut self,
        read: Result<(u64, Result<Vec<OutgoingBatch>, String>), tokio::task::JoinError>,
    ) {
        match read {
            Ok((from, Ok(batches))) => self.tell(Event::Read { from, batches }),
            Ok((from, Err(error))) => {
                tracing::error!(%error, from, "cannot read the spool; trying again");
                self.tell(Event::Read {
                    from,
                    batches: Vec::new(),
                });
                self.tell(Event::Durable);
            }
            Err(error) => self.end(Failure::Disconnected {
                cause: format!("reading the spool was interrupted: {error}"),
            }),
        }
    }

    // One at a time, always the latest: an acknowledgement covers all before it.
    fn start_release(&mut self) {
        if self.releasing.is_some() {
            return;
        }
        if let Some(through) = self.to_release.take() {
            let source = Arc::clone(&self.source);
            self.releasing = Some(tokio::task::spawn_blocking(move || source.release(through)));
        }
    }

    fn released(&mut self, released: Result<Result<(), String>, tokio::task::JoinError>) {
        let failed = match released {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(error) => error.to_string(),
        };
        tracing::error!(error = %failed, "cannot release what was acknowledged; it stays in the spool until the next acknowledgement");
    }

    fn traffic(&mut self, traffic: Traffic) {
        match traffic {
            Traffic::Sent(bytes) => {
                ::metrics::counter!(metrics::BATCHES_SENT).increment(1);
                ::metrics::counter!(metrics::BYTES_SENT).increment(bytes);
            }
            Traffic::Unsendable => {}
            Traffic::Unpackable => self.end(Failure::Disconnected {
                cause: "a batch could not be packed; this is a defect".to_owned(),
            }),
            Traffic::Frame(Ok(Some(frame))) => self.frame(frame),
            Traffic::Frame(Ok(None)) => {
                let after = self.stream.as_ref().and_then(|s| s.goodbye.clone());
                self.end(Failure::Closed { after });
            }
            Traffic::Frame(Err(status)) => {
                let failure = self.stream.as_ref().map_or_else(
                    || Failure::Disconnected {
                        cause: status.to_string(),
                    },
                    |stream| stream.parties.status(&status, &stream.witness, true),
                );
                self.end(failure);
            }
        }
    }

    fn frame(&mut self, frame: CollectorFrame) {
        match frame.kind {
            Some(collector_frame::Kind::Ack(ack)) => self.tell(Event::Acked {
                through_seq: ack.through_seq,
            }),
            Some(collector_frame::Kind::Goodbye(goodbye)) => {
                if let Some(stream) = &mut self.stream {
                    stream.goodbye = Some(format!(" ({})", reason_text(goodbye.reason())));
                }
                self.tell(Event::Goodbye {
                    reconnect_after_ms: goodbye.reconnect_after_ms.into(),
                });
            }
            Some(collector_frame::Kind::Hello(_)) => self.end(Failure::Protocol {
                cause: "a second hello on one stream".to_owned(),
            }),
            // A kind added later: not for us.
            None => {}
        }
    }

    fn report(&mut self) {
        let acked = self.session.acked();
        let in_flight_bytes = self.session.in_flight_bytes();
        let not_after_ms = self
            .store
            .current()
            .ok()
            .map(|credentials| credentials.facts().not_after_ms);
        self.status.send_if_modified(|status| {
            let same = status.acked == acked
                && status.in_flight_bytes == in_flight_bytes
                && status.certificate_not_after_ms == not_after_ms;
            status.acked = acked;
            status.in_flight_bytes = in_flight_bytes;
            status.certificate_not_after_ms = not_after_ms;
            !same
        });
        // A sequence is far below 2^53.
        ::metrics::gauge!(metrics::ACKED).set(seconds(
            i64::try_from(acked)
                .unwrap_or(i64::MAX)
                .saturating_mul(1000),
        ));
        ::metrics::gauge!(metrics::IN_FLIGHT)
            .set(u32::try_from(in_flight_bytes).map_or(f64::MAX, f64::from));
    }

    fn phase(&self, phase: LinkPhase) {
        self.status.send_modify(|status| status.phase = phase);
    }
}

/// Asks before every connection, since the certificate may have become another sensor's while the process ran.
async fn claim(source: Arc<dyn Source>, credentials: &Credentials) -> Result<(), Failure> {
    let Some(identity) = credentials.identity().cloned() else {
        return Ok(());
    };
    tokio::task::spawn_blocking(move || source.claim(&identity))
        .await
        .map_err(|error| Failure::Credentials(format!("the spool was not asked: {error}")))?
        .map_err(Failure::Credentials)
}

/// Awaits a future that may not be there, and takes it away once it is done.
async fn pending<F: Future + Unpin>(slot: &mut Option<F>) -> F::Output {
    match slot {
        Some(future) => {
            let output = future.await;
            *slot = None;
            output
        }
        None => std::future::pending().await,
    }
}

async fn until(started: Instant, deadline_ms: Option<u64>) {
    let deadline = deadline_ms.and_then(|ms| started.checked_add(Duration::from_millis(ms)));
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn reason_text(reason: GoodbyeReason) -> &'static str {
    match reason {
        GoodbyeReason::ConnectionAge => "connection age",
        GoodbyeReason::Shutdown => "it is stopping",
        GoodbyeReason::LogUnavailable => "its log is unavailable",
        GoodbyeReason::Unspecified => "it asks for a new stream",
    }
}
