//! The oracle of the delivery guarantee: real processes under seeded faults, judged by what the log and the public topics hold.

pub mod findings;
pub mod judge;
pub mod plan;
pub mod rows;
pub mod run;
pub mod stage;
