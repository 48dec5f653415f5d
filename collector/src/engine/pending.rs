//! What has been folded and not yet committed, for one partition.

use std::collections::HashMap;

use auscult_log::Message;
use bytes::Bytes;

use super::poison::Poison;
use super::site::Counts;

/// Uncommitted output of one partition.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// State records: one per key, the last value holds.
    state: Vec<Message>,
    state_at: HashMap<Bytes, usize>,
    /// Public and quarantine records, all of them, in order.
    public: Vec<Message>,
    bytes: usize,
    tally: Tally,
}

/// What a transaction did, counted once it is committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Input records whose envelope was sound.
    pub batches: u64,
    /// What happened to the observations.
    pub counts: Counts,
    /// Records sent to quarantine, by `Poison::kind`.
    pub quarantined: Vec<&'static str>,
    /// State records written.
    pub state_records: u64,
    /// State changes that a later one in the same transaction replaced.
    pub state_coalesced: u64,
    /// Public records written.
    pub public_records: u64,
    /// Findings told.
    pub findings: u64,
    /// Sensors of which sequences are missing: site, sensor, how many.
    pub blind: Vec<Blind>,
}

/// A gap in a sensor's sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blind {
    /// The site.
    pub site: String,
    /// The sensor.
    pub sensor: String,
    /// The sequence after the gap.
    pub before_seq: u64,
    /// How many observations never arrived.
    pub missing: u64,
}

impl Tally {
    /// Adds another partition's tally.
    pub fn add(&mut self, other: Self) {
        self.batches = self.batches.saturating_add(other.batches);
        self.counts.add(other.counts);
        self.quarantined.extend(other.quarantined);
        self.state_records = self.state_records.saturating_add(other.state_records);
        self.state_coalesced = self.state_coalesced.saturating_add(other.state_coalesced);
        self.public_records = self.public_records.saturating_add(other.public_records);
        self.findings = self.findings.saturating_add(other.findings);
        self.blind.extend(other.blind);
    }
}

impl Pending {
    /// Adds a state record, in place of an earlier one of the same key.
    pub(super) fn state(&mut self, message: Message) {
        self.bytes = self.bytes.saturating_add(size(&message));
        let at = self.state_at.get(&message.key).copied();
        if let Some(slot) = at.and_then(|at| self.state.get_mut(at)) {
            self.bytes = self.bytes.saturating_sub(size(slot));
            *slot = message;
            self.tally.state_coalesced = self.tally.state_coalesced.saturating_add(1);
        } else {
            self.state_at.insert(message.key.clone(), self.state.len());
            self.state.push(message);
        }
    }

    /// Adds a public record.
    pub(super) fn public(&mut self, message: Message) {
        self.bytes = self.bytes.saturating_add(size(&message));
        self.public.push(message);
    }

    /// Counts what became of a batch.
    pub(super) fn count(&mut self, counts: Counts) {
        self.tally.batches = self.tally.batches.saturating_add(1);
        self.tally.counts.add(counts);
    }

    /// Notes a gap.
    pub(super) fn blind(&mut self, blind: Blind) {
        self.tally.blind.push(blind);
    }

    /// Adds a quarantine record.
    pub(super) fn quarantine(&mut self, message: Message, poison: &Poison) {
        self.tally.quarantined.push(poison.kind());
        self.public(message);
    }

    /// Counts findings told.
    pub(super) fn told(&mut self, findings: u64) {
        self.tally.findings = self.tally.findings.saturating_add(findings);
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.state.is_empty() && self.public.is_empty()
    }

    pub(super) fn observations(&self) -> u64 {
        self.tally.counts.observations
    }

    pub(super) fn records(&self) -> usize {
        self.state.len().saturating_add(self.public.len())
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Everything, leaving nothing: public records first, then state.
    pub(super) fn take(&mut self) -> (Vec<Message>, Tally) {
        let mut taken = std::mem::take(self);
        taken.tally.state_records = u64::try_from(taken.state.len()).unwrap_or(u64::MAX);
        let quarantined = taken.tally.quarantined.len();
        taken.tally.public_records =
            u64::try_from(taken.public.len().saturating_sub(quarantined)).unwrap_or(u64::MAX);
        taken.public.append(&mut taken.state);
        (taken.public, taken.tally)
    }
}

/// What a record weighs in the producer's queue, roughly.
fn size(message: &Message) -> usize {
    let headers: usize = message
        .headers
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()))
        .sum();
    message
        .value
        .as_ref()
        .map_or(0, Bytes::len)
        .saturating_add(message.key.len())
        .saturating_add(headers)
}
