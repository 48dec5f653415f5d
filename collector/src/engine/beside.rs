//! What runs beside the fold: assessments. The fold never waits for them; they see committed states only, and what they tell goes into
//! the engine's own transactions.

use auscult_log::Message;
use auscult_proto::ids::SiteId;

use super::site::{SiteState, StateRecord};

/// One site's changes on their way to an assessment.
#[derive(Debug)]
pub struct Handover<S: SiteState> {
    /// The site's partition.
    pub partition: u32,
    /// Which time the partition is held: what is told must name it.
    pub epoch: u64,
    /// The site.
    pub site: SiteId,
    /// What has been told of it before, with the first handover of an epoch; memory of an earlier epoch is to be dropped.
    pub ledger: Option<S::Ledger>,
    /// What has changed.
    pub delta: S::Delta,
}

/// A part of what one assessment has to tell, small enough for one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The site's partition.
    pub partition: u32,
    /// Which time the partition was held.
    pub epoch: u64,
    /// The site's clock, epoch milliseconds.
    pub time: i64,
    /// Public records, in order.
    pub public: Vec<Message>,
    /// Ledger records.
    pub state: Vec<StateRecord>,
    /// How many findings these are.
    pub findings: u64,
}

/// Whoever assesses.
pub trait Beside<S: SiteState>: Send {
    /// Whether it would take a handover now. `behind`: the fold is catching up, and needs the machine.
    fn wants(&mut self, behind: bool) -> bool;

    /// Takes a handover of committed state, after it said that it wants one.
    fn hand(&mut self, handover: Handover<S>);

    /// Something is being assessed: something to tell may come soon.
    fn busy(&self) -> bool;

    /// The next part to tell, if there is one.
    fn told(&mut self) -> Option<Told>;

    /// Everything handed over before this epoch is void.
    fn forget(&mut self, epoch: u64);
}
