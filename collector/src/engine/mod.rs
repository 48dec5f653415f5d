//! The engine role: observation records in, state, public records and consumed offsets out, in one transaction.
//!
//! `fold` is the pure core (records in, transaction out); `run` is the loop around it that talks to the log. Everything written for
//! one input record follows from that record and the state before it, so how records are grouped into transactions, and how often a
//! transaction is repeated, leaves no trace in what readers see.

pub mod beside;
pub mod changelog;
pub mod fold;
pub mod inventory;
mod pace;
mod pending;
pub mod poison;
pub mod run;
pub mod site;
pub mod vitals;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
