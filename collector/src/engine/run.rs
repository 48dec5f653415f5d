//! The loop around the fold: joins the group, restores, folds, commits, and starts over where memory cannot be trusted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use auscult_log::{Begun, CommitError, EngineLog, Log, LogError, Polled, Stored};
use auscult_process::{Latch, Shutdown};

use super::beside::{Beside, Handover};
use super::fold::{Fold, Folded, Unreadable};
use super::pace::{BACKOFF_MAX, Backoff, nap};
use super::pending::Tally;
use super::site::SiteState;
use super::vitals::{Vitals, publish};
use crate::metrics as names;

pub use super::pace::Pace;

mod listen;
mod restore;

/// Longest wait for records, which bounds how long a stop request goes unseen.
const POLL: Duration = Duration::from_millis(100);
/// The same while something to tell may come from an assessment.
const POLL_BESIDE: Duration = Duration::from_millis(3);
/// A record that had waited longer is being caught up with.
const BEHIND: Duration = Duration::from_secs(1);

/// One member of the engine group: runs on one thread.
pub struct Member<S: SiteState> {
    /// Stable over restarts, unique among running engines.
    pub name: String,
    /// Policy and sources.
    pub settings: S::Settings,
    /// When to commit.
    pub pace: Pace,
    /// Ready while joined and restored.
    pub latch: Latch,
    /// For the watchdog.
    pub vitals: Arc<Vitals>,
    /// When to end.
    pub shutdown: Shutdown,
    /// Who assesses the sites beside the fold, if anybody does.
    pub beside: Option<Box<dyn Beside<S>>>,
}

impl<S: SiteState> std::fmt::Debug for Member<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member")
            .field("name", &self.name)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// Why the engine gave up: starting again does not help before somebody has looked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineFault {
    /// The log says that retrying cannot help.
    #[error("{0}")]
    Log(String),
    /// The observations topic is shorter than what has been folded from it.
    #[error(
        "partition {partition} of the observations topic ends at offset {end}, but the engine group has committed {committed}: the \
         topic was deleted and created again, or restored from an older copy; going on would skip or repeat observations. Restore the \
         topic, or reset the group's offset to 0 and empty the state topic to rebuild the inventory from the observations that are kept"
    )]
    BeyondEnd {
        /// Which partition.
        partition: u32,
        /// What the group has committed.
        committed: u64,
        /// Where the topic ends.
        end: u64,
    },
    /// The changelog cannot be used.
    #[error(
        "{0}; the engine does not start on a state it cannot read, because it would publish an inventory with holes. Run the version \
         that wrote it, restore the state topic, or empty the state topic and reset the group's offset to 0 to rebuild the inventory \
         from the observations that are kept"
    )]
    Unreadable(#[from] Unreadable),
}

/// How one membership ended without a fault.
enum Ended {
    Stopped,
    Rejoin(String),
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Committed,
    Dropped,
}

/// How an attempt at the log ended early.
enum Left {
    Ended(Ended),
    Fault(EngineFault),
}

impl From<EngineFault> for Left {
    fn from(fault: EngineFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<LogError> for Left {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(reason) | LogError::Fenced(reason) => {
                Self::Ended(Ended::Rejoin(reason))
            }
            fatal => Self::Fault(EngineFault::Log(fatal.to_string())),
        }
    }
}

impl<S: SiteState> Member<S>
where
    S::Settings: Clone,
{
    /// Runs until a stop is requested.
    ///
    /// # Errors
    /// `EngineFault`, when only a person can help.
    pub fn run(mut self, log: &dyn Log) -> Result<(), EngineFault> {
        let mut beside = self.beside.take();
        let mut epoch = 1;
        let mut backoff = Backoff::new(&self.pace);
        loop {
            let joined = Instant::now();
            let reason = match self.membership(log, &mut beside, &mut epoch) {
                Ok(Ended::Stopped) | Err(Left::Ended(Ended::Stopped)) => return Ok(()),
                Ok(Ended::Rejoin(reason)) | Err(Left::Ended(Ended::Rejoin(reason))) => reason,
                Err(Left::Fault(fault)) => {
                    self.latch.not_ready(fault.to_string());
                    return Err(fault);
                }
            };
            self.vitals.uncommitted_since(None);
            self.latch.not_ready(reason.clone());
            if joined.elapsed() > BACKOFF_MAX {
                backoff = Backoff::new(&self.pace);
            }
            let wait = backoff.next();
            tracing::warn!(member = %self.name, %reason, ?wait, "joining the engine group again");
            if nap(&self.shutdown, wait) {
                return Ok(());
            }
        }
    }

    fn membership(
        &self,
        log: &dyn Log,
        beside: &mut Option<Box<dyn Beside<S>>>,
        epoch: &mut u64,
    ) -> Result<Ended, Left> {
        let log = log.engine(&self.name)?;
        metrics::counter!(names::JOINS).increment(1);
        let mut fold = Fold::new(self.settings.clone());
        if let Some(beside) = beside {
            fold = fold.followed(*epoch);
            beside.forget(*epoch);
        }
        let mut membership = Membership {
            member: self,
            log,
            fold,
            beside: beside.as_deref_mut(),
            since: None,
            waited: None,
            joined: false,
            aborts: Backoff::new(&self.pace),
            handed: None,
        };
        let ended = membership.work();
        *epoch = membership.fold.epoch();
        ended
    }
}

/// One time in the group.
struct Membership<'a, S: SiteState> {
    member: &'a Member<S>,
    log: Box<dyn EngineLog>,
    fold: Fold<S>,
    beside: Option<&'a mut (dyn Beside<S> + 'static)>,
    /// When the first uncommitted record was folded, and how long before that it had been received.
    since: Option<Instant>,
    waited: Option<Duration>,
    /// The group has said which partitions are ours, none among them.
    joined: bool,
    aborts: Backoff,
    /// The transaction under way. Folding goes on on top of it: should it fail, all memory goes, by joining again.
    handed: Option<Handed<S>>,
}

/// A transaction begun, to be counted once it is committed.
struct Handed<S: SiteState> {
    /// A site as this transaction leaves it, to be assessed once it is committed.
    handover: Option<Handover<S>>,
    tally: Tally,
    consumed: BTreeMap<u32, u64>,
    began: Instant,
}

impl<S: SiteState> Membership<'_, S>
where
    S::Settings: Clone,
{
    fn work(&mut self) -> Result<Ended, Left> {
        let mut backoff = Backoff::new(&self.member.pace);
        loop {
            if self.member.shutdown.is_requested() {
                if self.fold.dirty() {
                    self.commit()?;
                }
                self.settle_handed()?;
                return Ok(Ended::Stopped);
            }
            self.listen()?;
            let beside = self.beside.as_deref();
            let wait = if self.fold.dirty() {
                Duration::ZERO
            } else if beside.is_some_and(|beside| beside.busy()) || self.fold.unseen() > 0 {
                POLL_BESIDE
            } else {
                POLL
            };
            match self.log.poll(wait) {
                Ok(polled) => {
                    backoff = Backoff::new(&self.member.pace);
                    self.polled(polled)?;
                    if self.joined {
                        self.member.latch.ready();
                    }
                }
                Err(error) => self.unavailable(error, &mut backoff)?,
            }
        }
    }

    fn polled(&mut self, polled: Polled) -> Result<(), Left> {
        if !matches!(polled, Polled::Records(_) | Polled::Idle) {
            self.settle_handed()?;
        }
        match polled {
            Polled::Idle => {
                self.member.vitals.caught_up();
                if self.fold.dirty() {
                    self.commit()?;
                }
                self.settle_handed()?;
                self.hand_over_quietly();
            }
            Polled::Records(records) => self.records(&records)?,
            Polled::Assigned(assigned) => {
                tracing::debug!(member = %self.member.name, partitions = ?assigned.keys(), "assigned");
                if self.beside.is_some() {
                    // Somebody else may have told of them meanwhile, which no offset shows.
                    for partition in assigned.keys() {
                        self.fold.revoke(*partition);
                    }
                }
                self.take_up(&assigned)?;
                self.fold.forget_parked();
                self.joined = true;
            }
            Polled::Revoked(partitions) => {
                tracing::info!(member = %self.member.name, ?partitions, "revoked");
                for partition in partitions {
                    self.fold.revoke(partition);
                }
                if self.fold.held().next().is_none()
                    && let Some(beside) = &mut self.beside
                {
                    beside.forget(self.fold.epoch());
                }
                self.settle();
            }
        }
        Ok(())
    }

    fn records(&mut self, records: &[Stored]) -> Result<(), Left> {
        for stored in records {
            match self.fold.fold(stored) {
                Folded::Applied | Folded::Quarantined => self.note(stored),
                Folded::Skipped => continue,
                Folded::Failed => {
                    metrics::counter!(names::FOLD_PANICS).increment(1);
                    tracing::error!(
                        partition = stored.partition,
                        offset = stored.offset,
                        "folding a record failed in this program; it goes to quarantine, please report it"
                    );
                    self.recover("a fault while folding")?;
                    // The rest is read again from the committed offset.
                    return Ok(());
                }
            }
            if self.due() && self.commit()? == Outcome::Dropped {
                // Memory is older than the rest of these records: they come again.
                return Ok(());
            }
        }
        Ok(())
    }

    fn note(&mut self, stored: &Stored) {
        self.member.vitals.folding(stored.message.timestamp_ms);
        if self.since.is_none() {
            let now = Instant::now();
            self.since = Some(now);
            self.member.vitals.uncommitted_since(Some(now));
        }
        let received = stored.message.timestamp_ms;
        self.waited.get_or_insert_with(|| {
            let waited = now_ms().saturating_sub(received);
            Duration::from_millis(u64::try_from(waited).unwrap_or_default())
        });
    }

    fn due(&self) -> bool {
        let pace = &self.member.pace;
        let uncommitted = self.fold.uncommitted();
        if uncommitted.observations >= pace.observations
            || uncommitted.records >= pace.records
            || uncommitted.bytes >= pace.bytes
        {
            return true;
        }
        self.since.is_some_and(|since| {
            since.elapsed() >= pace.delay_after(self.waited.unwrap_or_default())
        })
    }

    fn commit(&mut self) -> Result<Outcome, Left> {
        self.settle_handed()?;
        let (transaction, tally) = self.fold.take();
        let behind = self.behind();
        let wanted = self
            .beside
            .as_mut()
            .is_some_and(|beside| beside.wants(behind));
        let handed = Handed {
            handover: wanted.then(|| self.fold.hand_over()).flatten(),
            tally,
            consumed: transaction.consumed.clone(),
            began: Instant::now(),
        };
        match self.log.begin_commit(transaction) {
            Ok(begun) => {
                self.fold.committed();
                match begun {
                    Begun::Committed => self.count(handed),
                    Begun::Handed => self.handed = Some(handed),
                }
                self.settle();
                Ok(Outcome::Committed)
            }
            Err(CommitError::Aborted(reason)) => {
                metrics::counter!(names::TRANSACTIONS, "outcome" => "aborted").increment(1);
                self.recover(&reason)?;
                Ok(Outcome::Dropped)
            }
            Err(CommitError::Fenced(reason)) => {
                metrics::counter!(names::TRANSACTIONS, "outcome" => "fenced").increment(1);
                Err(Left::Ended(Ended::Rejoin(reason)))
            }
            Err(error) => Err(EngineFault::Log(error.to_string()).into()),
        }
    }

    /// Waits for the transaction under way, if there is one.
    fn settle_handed(&mut self) -> Result<(), Left> {
        let Some(handed) = self.handed.take() else {
            return Ok(());
        };
        let (outcome, reason) = match self.log.settled() {
            Ok(()) => {
                self.count(handed);
                self.settle();
                return Ok(());
            }
            Err(CommitError::Aborted(reason)) => ("aborted", reason),
            Err(CommitError::Fenced(reason)) => ("fenced", reason),
            Err(error) => return Err(EngineFault::Log(error.to_string()).into()),
        };
        metrics::counter!(names::TRANSACTIONS, "outcome" => outcome).increment(1);
        Err(Left::Ended(Ended::Rejoin(reason)))
    }

    fn count(&mut self, committed: Handed<S>) {
        self.aborts = Backoff::new(&self.member.pace);
        let took = committed.began.elapsed();
        metrics::histogram!(names::COMMIT_SECONDS).record(took.as_secs_f64());
        publish(&committed.tally, &committed.consumed);
        if let (Some(beside), Some(handover)) = (&mut self.beside, committed.handover) {
            beside.hand(handover);
        }
    }

    /// Memory is ahead of what is committed and cannot become committed: drop it and read again.
    fn recover(&mut self, reason: &str) -> Result<(), Left> {
        self.settle_handed()?;
        let dropped = self.fold.abort();
        self.distrust();
        self.settle();
        let wait = self.aborts.next();
        tracing::warn!(member = %self.member.name, %reason, partitions = ?dropped, ?wait, "transaction dropped; restoring");
        self.member
            .latch
            .not_ready("restoring after a dropped transaction");
        if nap(&self.member.shutdown, wait) {
            return Err(Left::Ended(Ended::Stopped));
        }
        let mut backoff = Backoff::new(&self.member.pace);
        let committed = loop {
            match self.log.rewind() {
                Ok(committed) => break committed,
                Err(error) => self.unavailable(error, &mut backoff)?,
            }
        };
        let lost: Vec<u32> = self
            .fold
            .held()
            .filter(|partition| !committed.contains_key(partition))
            .collect();
        for partition in lost {
            self.fold.revoke(partition);
        }
        self.take_up(&committed)
    }

    /// Waits a little where trying again is right.
    fn unavailable(&self, error: LogError, backoff: &mut Backoff) -> Result<(), Left> {
        let LogError::Unavailable(reason) = error else {
            return Err(error.into());
        };
        let tries = backoff.failures.saturating_add(1);
        // At first, and ever more seldom while it lasts: the reason may have become another one.
        if tries.is_power_of_two() {
            tracing::warn!(member = %self.member.name, %reason, tries, "the log is unavailable");
        }
        self.member.latch.not_ready(reason);
        if nap(&self.member.shutdown, backoff.next()) {
            return Err(Left::Ended(Ended::Stopped));
        }
        Ok(())
    }

    /// Brings the figures in line after what is held or uncommitted changed.
    fn settle(&mut self) {
        if !self.fold.dirty() {
            self.since = None;
            self.waited = None;
            let under_way = self.handed.as_ref().map(|handed| handed.began);
            self.member.vitals.uncommitted_since(under_way);
        }
        let held = u32::try_from(self.fold.held().count()).unwrap_or(u32::MAX);
        metrics::gauge!(names::PARTITIONS, "member" => self.member.name.clone())
            .set(f64::from(held));
        if self.beside.is_some() {
            let unseen = u32::try_from(self.fold.unseen()).unwrap_or(u32::MAX);
            metrics::gauge!(names::UNSEEN_SITES, "member" => self.member.name.clone())
                .set(f64::from(unseen));
        }
    }
}

/// Epoch milliseconds; only for telling how far behind the engine is.
fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
