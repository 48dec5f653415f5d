//! One suite for every log: the model, the embedded log, Apache Kafka.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test fails by panicking, its helpers too, and measures by printing"
)]

#[path = "../../../../tests/kafka/broker.rs"]
mod broker;
mod child;
mod disk;
mod embedded;
mod faults;
mod kafka;
mod model;
mod rates;
mod suite;
