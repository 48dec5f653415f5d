//! The intelligence topic followed: one thread a process, all assessments read what it knows.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use auscult_findings::Knowledge;
use auscult_log::{Log, LogError, Reader, StartAt, Stored, Topic};
use auscult_process::Shutdown;

use crate::intel::record::{Record, RecordError};
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
                tracing::warn!(%error, "the intelligence topic cannot be read; findings go on with what is known");
                let until = Instant::now() + AGAIN;
                while Instant::now() < until && !shutdown.is_requested() {
                    std::thread::sleep(WAIT);
                }
            }
        }
    }

    fn follow_once(&self, log: &dyn Log, shutdown: &Shutdown) -> Result<(), LogError> {
        let mut reader = log.reader(Topic::Intel, StartAt::Beginning)?;
        // Of what was known before, what is not in the topic any more ended while nobody read.
        let mut named = Some(BTreeSet::new());
        let mut since: Option<Instant> = None;
        while !shutdown.is_requested() {
            let stored = next(&mut *reader)?;
            let quiet = stored.is_none();
            if let Some(stored) = stored {
                since.get_or_insert_with(Instant::now);
                self.take(&stored, named.as_mut());
            }
            if reader.caught_up()
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

    fn take(&self, stored: &Stored, named: Option<&mut BTreeSet<String>>) {
        let record = Record::read(&stored.message);
        let outcome = {
            let mut knowledge = self
                .knowledge
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            learn(&mut knowledge, &stored.message.key, record, named)
        };
        if let Outcome::Unreadable(error) = &outcome {
            tracing::warn!(%error, partition = stored.partition, offset = stored.offset, "an intelligence record is set aside");
        }
        metrics::counter!(names::INTEL_RECORDS, "outcome" => outcome.name()).increment(1);
    }

    fn read_once(&self, named: &BTreeSet<String>) {
        {
            let mut knowledge = self
                .knowledge
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let ended: Vec<String> = knowledge
                .names()
                .filter(|id| !named.contains(*id))
                .map(str::to_owned)
                .collect();
            for id in ended {
                knowledge.forget(&id);
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

/// What became of a record of the topic.
#[derive(Debug)]
enum Outcome {
    Taken,
    Ended,
    /// It has the name of a weakness that this project observes itself.
    Refused,
    Unreadable(RecordError),
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Ended => "ended",
            Self::Refused | Self::Unreadable(_) => "refused",
        }
    }
}

/// Takes a record into what is known; it counts once that is settled. The name of a vulnerability is added to `named`.
fn learn(
    knowledge: &mut Knowledge,
    key: &[u8],
    record: Result<Option<Record>, RecordError>,
    named: Option<&mut BTreeSet<String>>,
) -> Outcome {
    let key = String::from_utf8_lossy(key);
    let record = match record {
        Ok(Some(record)) => record,
        Ok(None) => {
            if key.starts_with("#sbom/") {
                knowledge.take_sbom(&key, None);
            } else {
                knowledge.forget(&key);
            }
            return Outcome::Ended;
        }
        Err(error) => return Outcome::Unreadable(error),
    };
    let mut taken = true;
    if let Some(vulnerability) = record.vulnerability {
        if let Some(named) = named {
            named.insert(vulnerability.id.clone());
        }
        taken = knowledge.take(vulnerability);
    }
    if let Some(sbom) = record.sbom {
        knowledge.take_sbom(&key, Some(sbom));
    }
    if taken {
        Outcome::Taken
    } else {
        Outcome::Refused
    }
}

/// What the topic holds now, read once to its end, and how many of its records were not to be read: what an engine that follows it knows.
///
/// # Errors
/// When the log cannot be read.
pub fn read_all(reader: &mut dyn Reader) -> Result<(Knowledge, u64), LogError> {
    let mut knowledge = Knowledge::default();
    let mut refused: u64 = 0;
    while !reader.caught_up() {
        let Some(stored) = next(reader)? else {
            continue;
        };
        let record = Record::read(&stored.message);
        let outcome = learn(&mut knowledge, &stored.message.key, record, None);
        if matches!(outcome, Outcome::Refused | Outcome::Unreadable(_)) {
            refused = refused.saturating_add(1);
        }
    }
    knowledge.settle();
    Ok((knowledge, refused))
}

fn next(reader: &mut dyn Reader) -> Result<Option<Stored>, LogError> {
    reader.next(WAIT)
}
