//! What an attacker can really reach in one site, and what changes it. Pure.
//!
//! [`assess`] is a function of a [`Site`] and a [`Policy`]; [`Assessor`] holds the same result and follows [`Event`]s, bit for bit
//! equal to assessing anew. `README.md` beside this crate has the formula, the weights and how to check a score by hand.
#![forbid(unsafe_code)]

mod assessment;
mod assessor;
mod build;
mod campaign;
mod coin;
mod controls;
mod cvss;
mod decode;
pub mod document;
mod event;
mod exploitability;
mod export;
mod fault;
mod flat;
mod fleet;
mod follow;
pub mod fuzzing;
mod graph;
mod impact;
mod layers;
mod policy;
mod ranking;
mod routes;
mod score;
mod site;
mod surface;
mod whatif;
mod worlds;

#[cfg(test)]
extern crate self as auscult_risk;
#[cfg(test)]
mod tests;

pub use assessment::{
    ASSESSMENT_FORMAT, Assessment, DeviceRisk, Factor, Hop, HopKind, PairRisk, Route, Summary, Tier,
};
pub use assessor::{Assessor, Brief, Explanation, assess};
pub use controls::{KeptFlow, Plan, PlannedControl};
pub use decode::document as read_document;
pub use event::Event;
pub use fault::{Fault, Faults};
pub use follow::{Changes, PairName};
pub use impact::{HumanImpact, human_impact};
pub use policy::{MOST_HOPS, MOST_WORLDS, Policy};
pub use routes::WorldRoute;
pub use site::Site;
pub use whatif::{DeviceChange, WhatIf};
