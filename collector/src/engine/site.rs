//! What the fold needs to know about one site's state, and nothing else of the inventory.

use auscult_log::Message;
use auscult_proto::convert::Invalid;
use auscult_proto::ids::SiteId;
use auscult_proto::wire;
use bytes::Bytes;

use super::poison::Envelope;

/// A record of the changelog: `None` is a tombstone.
pub type StateRecord = (Bytes, Option<Bytes>);

/// What folding one batch brought.
#[derive(Debug, Default)]
pub struct Output {
    /// Changed entities, in the order of change; the last value of a key holds.
    pub state: Vec<StateRecord>,
    /// Public records, in order.
    pub public: Vec<Message>,
    /// What happened to the observations of the batch.
    pub counts: Counts,
}

/// What happened to the observations of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the batches.
    pub observations: u64,
    /// Folded for the first time.
    pub folded: u64,
    /// Seen before, and dropped.
    pub duplicates: u64,
    /// Sequences that never arrived and were not reported lost.
    pub missing: u64,
    /// Sequences reported lost by the sensor.
    pub reported_lost: u64,
    /// Observations that follow a hole in the log and were passed over: their sensor sends them again.
    pub passed_over: u64,
}

impl Counts {
    /// Adds another batch's counts.
    pub fn add(&mut self, other: Self) {
        self.observations = self.observations.saturating_add(other.observations);
        self.folded = self.folded.saturating_add(other.folded);
        self.duplicates = self.duplicates.saturating_add(other.duplicates);
        self.missing = self.missing.saturating_add(other.missing);
        self.reported_lost = self.reported_lost.saturating_add(other.reported_lost);
        self.passed_over = self.passed_over.saturating_add(other.passed_over);
    }
}

/// One site's state: everything written follows from the state and the batch alone.
pub trait SiteState: Sized {
    /// What is the same for every site (policy, the public records' source).
    type Settings: std::fmt::Debug;

    /// A batch with its body decoded.
    type Batch;

    /// What has a changelog record of its own and takes part in an assessment.
    type Entity: std::fmt::Debug + Copy + Eq + std::hash::Hash;

    /// Changed entities as they are now, for whoever assesses the site beside the fold.
    type Delta: std::fmt::Debug + Send;

    /// What has been told of a site by assessments.
    type Ledger: std::fmt::Debug + Send;

    /// Decodes the body of a batch. The envelope has been checked.
    ///
    /// # Errors
    /// The first fault found; a batch is good as a whole or refused as a whole.
    fn decode(logged: wire::LoggedBatch) -> Result<Self::Batch, Invalid>;

    /// A site never heard of before.
    fn new(site: &SiteId, settings: &Self::Settings) -> Self;

    /// A site as its changelog has it: the latest record of every key, tombstones gone, in key order.
    ///
    /// # Errors
    /// Which record is not readable, and why.
    fn restore(
        site: &SiteId,
        settings: &Self::Settings,
        records: Vec<(Bytes, Bytes)>,
    ) -> Result<Self, String>;

    /// Notes a batch that goes to quarantine: none of its observations will be folded, and later batches need not wait for them.
    /// Says so in its output, with the observations as missing.
    fn set_aside(&mut self, batch: &Envelope, settings: &Self::Settings) -> Output;

    /// Folds one batch.
    fn apply(&mut self, batch: Self::Batch, settings: &Self::Settings) -> Output;

    /// The entity that a changelog key names, if assessments ask about it.
    fn entity(key: &[u8]) -> Option<Self::Entity>;

    /// The named entities as they are now; `None`: all there are.
    fn delta(&self, entities: Option<Vec<Self::Entity>>) -> Self::Delta;

    /// Whether a changelog key belongs to the ledger of assessments and not to the state.
    fn is_ledger_key(key: &[u8]) -> bool;

    /// A site's ledger as its changelog has it.
    ///
    /// # Errors
    /// Which record is not readable, and why.
    fn ledger(records: Vec<(Bytes, Bytes)>) -> Result<Self::Ledger, String>;
}
