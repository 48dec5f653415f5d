//! The binary at each hospital site: listens, takes a census, spools, uplinks.

pub mod batch;
pub mod board;
pub mod capture;
pub mod census;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod exit;
pub mod health;
pub mod inspect;
pub mod metrics;
pub mod point;
pub mod replay;
pub mod run;
pub mod sandbox;
pub mod service;
pub mod status;
pub mod words;
pub mod writer;
