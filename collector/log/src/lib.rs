//! The log seam of the collector: what ingest, the engine and the read side may rely on, and its two implementations, Apache Kafka
//! and an embedded log on disk. One conformance suite holds for both.

pub mod admin;
pub mod copy;
pub mod embedded;
pub mod kafka;
pub mod metrics;
pub mod partition;
pub mod record;
pub mod seam;
pub mod topics;

pub use embedded::{EmbeddedLog, EmbeddedOptions};
pub use kafka::{KafkaLog, KafkaOptions};
pub use seam::{
    AppendError, Appender, Begun, CommitError, EngineLog, Log, LogError, Message, Polled, Reader,
    StartAt, Stored, Transaction,
};
pub use topics::{Cleanup, Topic, TopicSpec};
