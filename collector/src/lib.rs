//! The central binary: ingest and engine roles, topics, fleet PKI, the read side for people.

pub mod cli;
pub mod config;
pub mod engine;
mod failure;
pub mod findings;
pub mod ingest;
pub mod intel;
pub mod metrics;
pub mod pki;
pub mod role;
pub mod site;

pub use failure::Failure;
