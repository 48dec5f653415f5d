//! What of a site's risk is told, when, and why. Pure.
//!
//! A [`SiteFindings`] follows one site of the inventory by [`Delta`]s and the intelligence in a [`Knowledge`]. When anything differs
//! that an assessment depends on, [`SiteFindings::assess`] has the site assessed and compares the result with the [`Ledger`] of what
//! has been told: what opened, moved or closed is a [`Telling`] with the change that caused it. Everything follows from the snapshot,
//! the intelligence, the weights and the ledger; time is the site's own clock.
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "tests build their own numbers"
    )
)]

mod band;
mod change;
mod class;
pub mod completion;
mod decision;
mod describe;
mod inputs;
mod knowledge;
mod ledger;
mod matching;
mod mirror;
mod print;
mod site;
mod spread;
pub mod standards;
mod tell;
mod view;

#[cfg(test)]
mod tests;

pub use band::{Band, MARGIN, STEP, points};
pub use change::{CAUSES, Cause, Change, ChangeKind};
pub use decision::DecisionRecord;
pub use knowledge::{Knowledge, Known, KnownFacts};
pub use ledger::{
    DeviceInput, Ledger, LedgerFault, LedgerRecord, Life, SiteRecord, ToldPair, ToldRisk,
    is_ledger_key,
};
pub use mirror::Delta;
pub use site::{SiteFindings, Standing, Verdict, Weights};
pub use spread::{Estate, OpenFinding, SITES, SiteShare, Spread, Worst, millionths};
pub use tell::{Activity, Closing, Moved, PairTold, Said, Subject, Telling, match_name};
pub use view::{DeviceFacts, DeviceView, Hypothesis, Label, ServiceView};
