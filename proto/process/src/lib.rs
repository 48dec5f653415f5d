//! What every auscult process has in common: checked configuration, logs, admin endpoint, metrics, shutdown, exit codes.
//!
//! A binary reads its one TOML file with [`config::Config`], starts [`logs`], installs [`metrics`], serves [`admin`] and hands a
//! [`shutdown::Shutdown`] to every task.
#![forbid(unsafe_code)]

pub mod admin;
pub mod config;
pub mod exit;
pub mod logs;
pub mod metrics;
pub mod readiness;
pub mod shutdown;
pub mod units;

pub use admin::Admin;
pub use config::{Config, Fault, Faults, Section};
pub use logs::LogFormat;
pub use metrics::Metrics;
pub use readiness::{Latch, Readiness};
pub use shutdown::{Shutdown, Trigger};
