//! Intelligence and people's decisions followed: one thread a process, all assessments read what it knows.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use auscult_findings::{DecisionRecord, Knowledge};
use auscult_log::{Log, LogError, Message, Reader, StartAt, Stored, Topic};
use auscult_process::Shutdown;

use crate::intel::record::Record;
use crate::metrics as names;

/// Longest wait for a record, and by that how long a burst must be over to count.
const WAIT: Duration = Duration::from_millis(50);
/// A burst that does not end counts at least this often.
const SETTLE: Duration = Duration::from_secs(1);
/// Wait after the log was not to be read.
const AGAIN: Duration = Duration::from_secs(2);

/// What is known, shared by all that assess.
#[derive(Debug, Default)]
pub struct Intelligence {
    knowledge: RwLock<Knowledge>,
    /// The topic has been read to its end once: before, every site would seem to have lost its weaknesses.
    ready: AtomicBool,
}

impl Intelligence {
    /// What is known now; `None` until the topic has been read once.
    pub fn read(&self) -> Option<RwLockReadGuard<'_, Knowledge>> {
        if !self.ready.load(Ordering::Acquire) {
            return None;
        }
        Some(
            self.knowledge
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Follows the topic until a stop is requested. What cannot be read is counted and passed over.
    pub fn follow(self: &Arc<Self>, log: &dyn Log, shutdown: &Shutdown) {
        while !shutdown.is_requested() {
            if let Err(error) = self.follow_once(log, shutdown) {
                tracing::warn!(%error, "intelligence and decisions cannot be read; findings go on with what is known");
                let until = Instant::now() + AGAIN;
                while Instant::now() < until && !shutdown.is_requested() {
                    std::thread::sleep(WAIT);
                }
            }
        }
    }

    fn follow_once(&self, log: &dyn Log, shutdown: &Shutdown) -> Result<(), LogError> {
        let mut intel = log.reader(Topic::Intel, StartAt::Beginning)?;
        let mut decisions = log.reader(Topic::Decisions, StartAt::Beginning)?;
        // Of what was known before, what is not in the topics any more ended while nobody read.
        let mut named = Some(Named::default());
        let mut since: Option<Instant> = None;
        while !shutdown.is_requested() {
            let mut quiet = true;
            for stored in [intel.next(WAIT)?, decisions.next(Duration::ZERO)?] {
                let Some(stored) = stored else {
                    continue;
                };
                quiet = false;
                since.get_or_insert_with(Instant::now);
                self.take(&stored, named.as_mut());
            }
            if intel.caught_up()
                && decisions.caught_up()
                && let Some(named) = named.take()
            {
                self.read_once(&named);
                since = None;
            }
            let due = since.is_some_and(|since| quiet || since.elapsed() > SETTLE);
            if due && named.is_none() {
                self.settle();
                since = None;
            }
        }
        Ok(())
    }

    fn take(&self, stored: &Stored, named: Option<&mut Named>) {
        let outcome = {
            let mut knowledge = self
                .knowledge
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            learn(&mut knowledge, &stored.message, named)
        };
        if let Outcome::Unreadable(error) = &outcome {
            let (topic, partition, offset) =
                (stored.message.topic, stored.partition, stored.offset);
            if topic == Topic::Decisions {
                // What people wrote may name people: where, and not what.
                tracing::warn!(
                    topic = topic.name(),
                    partition,
                    offset,
                    "a decision that does not read is set aside"
                );
                tracing::debug!(%error, topic = topic.name(), partition, offset, "why a decision does not read");
            } else {
                tracing::warn!(%error, topic = topic.name(), partition, offset, "a record is set aside");
            }
        }
        let metric = match stored.message.topic {
            Topic::Decisions => names::DECISION_RECORDS,
            _ => names::INTEL_RECORDS,
        };
        metrics::counter!(metric, "outcome" => outcome.name()).increment(1);
    }

    fn read_once(&self, named: &Named) {
        {
            let mut knowledge = self
                .knowledge
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let gone = |names: &BTreeSet<String>, id: &&str| !names.contains(*id);
            let ended = knowledge.names().filter(|id| gone(&named.known, id));
            let ended: Vec<String> = ended.map(str::to_owned).collect();
            for id in ended {
                knowledge.forget(&id);
            }
            let decided = knowledge.decided().map(String::as_str);
            let ended = decided.filter(|key| gone(&named.decided, key));
            let ended: Vec<String> = ended.map(str::to_owned).collect();
            for key in ended {
                // Taking back is never refused.
                let _taken = knowledge.decide(&key, None);
            }
        }
        self.settle();
        self.ready.store(true, Ordering::Release);
    }

    fn settle(&self) {
        let mut knowledge = self
            .knowledge
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        knowledge.settle();
        let known = u32::try_from(knowledge.len()).unwrap_or(u32::MAX);
        metrics::gauge!(names::INTEL_KNOWN).set(f64::from(known));
    }
}

/// What the topics name while they are read from their beginning.
#[derive(Debug, Default)]
struct Named {
    known: BTreeSet<String>,
    decided: BTreeSet<String>,
}

/// What became of a record.
#[derive(Debug)]
enum Outcome {
    Taken,
    Ended,
    /// It has the name of a weakness that this project observes itself, or is one too many.
    Refused,
    Unreadable(String),
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Ended => "ended",
            Self::Refused | Self::Unreadable(_) => "refused",
        }
    }

    fn of(taken: bool) -> Self {
        if taken { Self::Taken } else { Self::Refused }
    }
}

/// Takes a record of either topic into what is known; it counts once that is settled.
fn learn(knowledge: &mut Knowledge, message: &Message, named: Option<&mut Named>) -> Outcome {
    if message.topic == Topic::Decisions {
        learn_decision(knowledge, message, named)
    } else {
        learn_intelligence(knowledge, message, named)
    }
}

fn learn_decision(
    knowledge: &mut Knowledge,
    message: &Message,
    named: Option<&mut Named>,
) -> Outcome {
    let key = String::from_utf8_lossy(&message.key);
    let Some(value) = &message.value else {
        let _taken = knowledge.decide(&key, None);
        return Outcome::Ended;
    };
    let record = match DecisionRecord::read(value) {
        Ok(record) => record,
        Err(fault) => return Outcome::Unreadable(fault),
    };
    if record.key() != key {
        return Outcome::Unreadable("its key is another decision's".to_owned());
    }
    if let Some(named) = named {
        named.decided.insert(record.key());
    }
    Outcome::of(knowledge.decide(&key, Some(record)))
}

fn learn_intelligence(
    knowledge: &mut Knowledge,
    message: &Message,
    named: Option<&mut Named>,
) -> Outcome {
    let key = String::from_utf8_lossy(&message.key);
    let record = match Record::read(message) {
        Ok(Some(record)) => record,
        Ok(None) => {
            if key.starts_with("#sbom/") {
                knowledge.take_sbom(&key, None);
            } else {
                knowledge.forget(&key);
            }
            return Outcome::Ended;
        }
        Err(error) => return Outcome::Unreadable(error.to_string()),
    };
    let mut taken = true;
    if let Some(vulnerability) = record.vulnerability {
        if let Some(named) = named {
            named.known.insert(vulnerability.id.clone());
        }
        taken = knowledge.take(vulnerability);
    }
    if let Some(sbom) = record.sbom {
        knowledge.take_sbom(&key, Some(sbom));
    }
    Outcome::of(taken)
}

/// What a topic holds now, intelligence or decisions, read once to its end and taken into what is known: afterwards, once that is
/// settled, it is what an engine that follows both knows. How many of the records were not to be used.
///
/// # Errors
/// When the log cannot be read.
pub fn read_all(knowledge: &mut Knowledge, reader: &mut dyn Reader) -> Result<u64, LogError> {
    let mut refused: u64 = 0;
    while !reader.caught_up() {
        let Some(stored) = reader.next(WAIT)? else {
            continue;
        };
        let outcome = learn(knowledge, &stored.message, None);
        if matches!(outcome, Outcome::Refused | Outcome::Unreadable(_)) {
            refused = refused.saturating_add(1);
        }
    }
    Ok(refused)
}
