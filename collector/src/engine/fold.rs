//! The pure core: observation records in, one transaction out. No I/O, no clock.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use auscult_log::{Message, Stored, Topic, Transaction};
use auscult_proto::ids::SiteId;

use super::beside::{Handover, Told};
use super::changelog::restored;
pub use super::changelog::{Changelog, Unreadable};
use super::pending::{Blind, Pending, Tally};
use super::poison::{Envelope, Poison};
use super::site::{Output, SiteState, StateRecord};

/// Everything one member of the engine group holds in memory.
#[derive(Debug)]
pub struct Fold<S: SiteState> {
    settings: S::Settings,
    partitions: BTreeMap<u32, Partition<S>>,
    /// Taken away while nothing was uncommitted: good again if it comes back with the same committed offset.
    parked: BTreeMap<u32, Partition<S>>,
    /// Records whose folding failed in the program, by partition and offset: how often.
    failures: BTreeMap<(u32, u64), u32>,
    /// What changed is noted for an assessment beside the fold.
    followed: bool,
    /// Number of the next time a partition is taken up: what an assessment of an earlier time brings is not to be used.
    epoch: u64,
    /// The site that was handed over last: the next one comes first.
    turn: Option<(u32, SiteId)>,
}

/// What of one site has changed since it was last handed over.
#[derive(Debug)]
struct Unseen<S: SiteState> {
    /// What has been told of it, as the changelog has it; `None` once it was handed over.
    ledger: Option<S::Ledger>,
    /// All of it, as after a restore.
    whole: bool,
    /// Bounded by the site's own bounds.
    entities: HashSet<S::Entity>,
}

impl<S: SiteState> Unseen<S> {
    fn new(ledger: S::Ledger) -> Self {
        Self {
            ledger: Some(ledger),
            whole: true,
            entities: HashSet::new(),
        }
    }

    fn any(&self) -> bool {
        self.whole || !self.entities.is_empty()
    }
}

#[derive(Debug)]
struct Partition<S: SiteState> {
    epoch: u64,
    /// Offset of the next record to fold.
    next: u64,
    committed: u64,
    sites: BTreeMap<SiteId, S>,
    /// By site, where assessments follow.
    unseen: BTreeMap<SiteId, Unseen<S>>,
    pending: Pending,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    /// Folded into its site.
    Applied,
    /// Sent to quarantine.
    Quarantined,
    /// Of a partition not held, or before the next offset: nothing to do.
    Skipped,
    /// Folding it failed in the program; memory of the partition is not to be used. It is remembered, and goes to quarantine when
    /// it comes again after a restore.
    Failed,
}

/// How much is uncommitted, over all partitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// Observations folded.
    pub observations: u64,
    /// Records to write.
    pub records: usize,
    /// Bytes to write.
    pub bytes: usize,
}

impl<S: SiteState> Fold<S> {
    /// Holds nothing yet.
    pub fn new(settings: S::Settings) -> Self {
        Self {
            settings,
            partitions: BTreeMap::new(),
            parked: BTreeMap::new(),
            failures: BTreeMap::new(),
            followed: false,
            epoch: 1,
            turn: None,
        }
    }

    /// The same, with what changes noted for assessments. `epoch`: above that of every fold that the same assessments followed.
    #[must_use]
    pub fn followed(mut self, epoch: u64) -> Self {
        self.followed = true;
        self.epoch = epoch.max(1);
        self
    }

    /// Number of the next time a partition is taken up.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether memory holds exactly what is committed at `committed`, so that no restore is needed. A parked partition is taken up
    /// again; anything else known of the partition is dropped.
    pub fn resume(&mut self, partition: u32, committed: u64) -> bool {
        let held = self
            .partitions
            .remove(&partition)
            .or_else(|| self.parked.remove(&partition));
        match held {
            Some(held) if !held.dirty() && held.next == committed => {
                self.partitions.insert(partition, held);
                true
            }
            _ => false,
        }
    }

    /// Takes up a partition with the state its changelog has.
    ///
    /// # Errors
    /// `Unreadable`: which record, and why. The partition is then not held.
    pub fn restore(
        &mut self,
        partition: u32,
        committed: u64,
        changelog: Changelog,
    ) -> Result<(), Unreadable> {
        if let Some(unreadable) = changelog.unreadable {
            return Err(unreadable);
        }
        let mut sites = BTreeMap::new();
        let mut unseen = BTreeMap::new();
        for (site, records) in changelog.sites {
            let (state, ledger) = restored::<S>(&site, &self.settings, records, self.followed)
                .map_err(|fault| Unreadable {
                    partition,
                    offset: 0,
                    fault: format!("site {site}: {fault}"),
                })?;
            if let Some(ledger) = ledger {
                unseen.insert(site.clone(), Unseen::new(ledger));
            }
            sites.insert(site, state);
        }
        let epoch = self.epoch;
        self.epoch = self.epoch.saturating_add(1);
        let held = Partition {
            epoch,
            next: committed,
            committed,
            sites,
            unseen,
            pending: Pending::default(),
        };
        self.partitions.insert(partition, held);
        Ok(())
    }

    /// The partition is not ours any more: uncommitted work on it is gone. What assessments write moves no offset, so that where they
    /// follow, the offset does not prove that memory is as the log has it: nothing is parked then.
    pub fn revoke(&mut self, partition: u32) {
        if let Some(held) = self.partitions.remove(&partition)
            && !held.dirty()
            && !self.followed
        {
            self.parked.insert(partition, held);
        }
    }

    /// Forgets what was parked.
    pub fn forget_parked(&mut self) {
        self.parked.clear();
    }

    /// A transaction failed: everything uncommitted is dropped, and with it the memory it was folded into. The partitions to restore.
    pub fn abort(&mut self) -> Vec<u32> {
        let dirty: Vec<u32> = self
            .partitions
            .iter()
            .filter(|(_, held)| held.dirty())
            .map(|(partition, _)| *partition)
            .collect();
        for partition in &dirty {
            self.partitions.remove(partition);
        }
        dirty
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.partitions.clear();
        self.parked.clear();
    }

    /// The partitions held.
    pub fn held(&self) -> impl Iterator<Item = u32> {
        self.partitions.keys().copied()
    }

    /// The sites held.
    pub fn sites(&self) -> impl Iterator<Item = (&SiteId, &S)> {
        self.partitions.values().flat_map(|held| held.sites.iter())
    }

    /// Folds one record of the observations topic.
    pub fn fold(&mut self, stored: &Stored) -> Folded {
        let partition = stored.partition;
        let Some(held) = self.partitions.get_mut(&partition) else {
            return Folded::Skipped;
        };
        if stored.offset < held.next {
            return Folded::Skipped;
        }
        let failures = self.failures.get(&(partition, stored.offset));
        let failures = failures.copied().unwrap_or(0);
        let folded = held.fold(stored, &self.settings, failures, self.followed);
        held.next = stored.offset.saturating_add(1);
        match folded {
            Ok(()) => Folded::Applied,
            Err(Fault::Poison(poison)) => {
                held.pending.quarantine(poison.record(stored), &poison);
                Folded::Quarantined
            }
            Err(Fault::Panicked) => {
                let failures = failures.saturating_add(1);
                self.failures.insert((partition, stored.offset), failures);
                Folded::Failed
            }
        }
    }

    /// How much is uncommitted.
    pub fn uncommitted(&self) -> Uncommitted {
        let mut sum = Uncommitted::default();
        for held in self.partitions.values() {
            sum.observations = sum.observations.saturating_add(held.pending.observations());
            sum.records = sum.records.saturating_add(held.pending.records());
            sum.bytes = sum.bytes.saturating_add(held.pending.bytes());
        }
        sum
    }

    /// Whether anything was folded since the last commit.
    pub fn dirty(&self) -> bool {
        self.partitions.values().any(Partition::dirty)
    }

    /// Everything uncommitted, as one transaction. `committed` or `abort` must follow.
    pub fn take(&mut self) -> (Transaction, Tally) {
        let mut transaction = Transaction::default();
        let mut tally = Tally::default();
        for (partition, held) in &mut self.partitions {
            if !held.dirty() {
                continue;
            }
            let (records, of_partition) = held.pending.take();
            transaction.records.extend(records);
            transaction.consumed.insert(*partition, held.next);
            tally.add(of_partition);
        }
        (transaction, tally)
    }

    /// Takes what an assessment has to tell, unless the partition is no longer held as it was then. It is written with the next
    /// transaction, and moves no offset.
    pub fn tell(&mut self, told: Told) -> bool {
        let held = self.partitions.get_mut(&told.partition);
        let Some(held) = held.filter(|held| held.epoch == told.epoch) else {
            return false;
        };
        for message in told.public {
            held.pending.public(message);
        }
        for (key, value) in told.state {
            held.pending.state(Message {
                topic: Topic::State,
                partition: Some(told.partition),
                key,
                value,
                headers: Vec::new(),
                timestamp_ms: told.time,
            });
        }
        held.pending.told(told.findings);
        true
    }

    /// How many sites have changes that no assessment has seen.
    pub fn unseen(&self) -> usize {
        let partitions = self.partitions.values();
        partitions
            .flat_map(|held| held.unseen.values())
            .filter(|unseen| unseen.any())
            .count()
    }

    /// The next site with changes, as it is now: right after `take`, or while nothing is uncommitted. Sites take turns.
    pub fn hand_over(&mut self) -> Option<Handover<S>> {
        let turn = self.turn.take();
        let all = || {
            self.partitions.iter().flat_map(|(partition, held)| {
                let due = held.unseen.iter().filter(|(_, unseen)| unseen.any());
                due.map(|(site, _)| (*partition, site.clone()))
            })
        };
        let next = turn
            .and_then(|turn| all().find(|place| *place > turn))
            .or_else(|| all().next())?;
        let (partition, site) = next.clone();
        self.turn = Some(next);
        let held = self.partitions.get_mut(&partition)?;
        let unseen = held.unseen.get_mut(&site)?;
        let state = held.sites.get(&site)?;
        let whole = std::mem::take(&mut unseen.whole);
        let entities = std::mem::take(&mut unseen.entities);
        let entities = (!whole).then(|| entities.into_iter().collect());
        Some(Handover {
            partition,
            epoch: held.epoch,
            site,
            ledger: unseen.ledger.take(),
            delta: state.delta(entities),
        })
    }

    /// What `take` returned is committed.
    pub fn committed(&mut self) {
        for (partition, held) in &mut self.partitions {
            held.committed = held.next;
            let committed = held.committed;
            self.failures
                .retain(|(of, offset), _| of != partition || *offset >= committed);
        }
    }
}

impl<S: SiteState> Partition<S> {
    fn dirty(&self) -> bool {
        self.next != self.committed || !self.pending.is_empty()
    }
}

/// Why a record was not folded.
enum Fault {
    /// Its own.
    Poison(Poison),
    /// Ours. The memory of the site may be half changed.
    Panicked,
}

impl<S: SiteState> Partition<S> {
    /// `failures`: how often the program failed on this record before.
    fn fold(
        &mut self,
        stored: &Stored,
        settings: &S::Settings,
        failures: u32,
        followed: bool,
    ) -> Result<(), Fault> {
        let envelope = Envelope::decode(stored).map_err(Fault::Poison)?;
        let batch = if failures == 0 {
            S::decode(envelope.logged.clone()).map_err(Poison::Body)
        } else {
            Err(Poison::Bug)
        };
        let (poison, output) = match batch {
            Ok(batch) => (
                None,
                self.with(&envelope.site, settings, |s| s.apply(batch, settings))?,
            ),
            // Should even this fail, nothing more is tried.
            Err(poison) if failures > 1 => return Err(Fault::Poison(poison)),
            Err(poison) => {
                let set_aside = |s: &mut S| s.set_aside(&envelope, settings);
                (
                    Some(poison),
                    self.with(&envelope.site, settings, set_aside)?,
                )
            }
        };
        if followed {
            self.note(&envelope.site, &output.state)?;
        }
        self.take(stored, &envelope, output);
        poison.map_or(Ok(()), |poison| Err(Fault::Poison(poison)))
    }

    fn note(&mut self, site: &SiteId, state: &[StateRecord]) -> Result<(), Fault> {
        if !self.unseen.contains_key(site) {
            // A site never heard of before: nothing has been told of it.
            let ledger = S::ledger(Vec::new()).map_err(|_| Fault::Panicked)?;
            self.unseen.insert(site.clone(), Unseen::new(ledger));
        }
        if let Some(unseen) = self.unseen.get_mut(site)
            && !unseen.whole
        {
            let entities = state.iter().filter_map(|(key, _)| S::entity(key));
            unseen.entities.extend(entities);
        }
        Ok(())
    }

    /// The last line against a fault of ours: one record must not stop the others for ever.
    fn with(
        &mut self,
        site: &SiteId,
        settings: &S::Settings,
        change: impl FnOnce(&mut S) -> Output,
    ) -> Result<Output, Fault> {
        catch_unwind(AssertUnwindSafe(|| {
            let state = self
                .sites
                .entry(site.clone())
                .or_insert_with(|| S::new(site, settings));
            change(state)
        }))
        .map_err(|_| Fault::Panicked)
    }

    fn take(&mut self, stored: &Stored, envelope: &Envelope, output: Output) {
        for record in output.state {
            self.pending.state(state_message(stored, record));
        }
        for message in output.public {
            self.pending.public(message);
        }
        self.pending.count(output.counts);
        if output.counts.missing > 0 {
            self.pending.blind(Blind {
                site: envelope.site.to_string(),
                sensor: envelope.sensor.to_string(),
                before_seq: envelope.logged.first_seq,
                missing: output.counts.missing,
            });
        }
    }
}

/// A site's state lies in the partition number of its observations, whatever its key hashes to.
fn state_message(stored: &Stored, (key, value): StateRecord) -> Message {
    Message {
        topic: Topic::State,
        partition: Some(stored.partition),
        key,
        value,
        headers: Vec::new(),
        timestamp_ms: stored.message.timestamp_ms,
    }
}
