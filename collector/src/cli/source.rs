//! Where the commands for people read from: Kafka, or the log on disk, also while a collector holds it.

use std::collections::BTreeMap;

use auscult_log::{EmbeddedOptions, KafkaLog, Log, LogError, Reader, StartAt, Topic, embedded};

use crate::config::{CollectorConfig, EmbeddedConfig, LogChoice};

/// Opens a reader of one topic.
///
/// # Errors
/// `LogError` of the log.
pub fn open(
    config: &CollectorConfig,
    topic: Topic,
    from: StartAt,
) -> Result<Box<dyn Reader>, LogError> {
    match &config.log {
        LogChoice::Kafka(options) => KafkaLog::connect(options.clone())?.reader(topic, from),
        LogChoice::Embedded(options) => embedded::open_reader(&options.dir, topic, from),
    }
}

/// How a log on disk is opened to be written, as the configuration has it.
#[must_use]
pub fn embedded_options(
    config: &EmbeddedConfig,
    partitions: BTreeMap<Topic, u32>,
) -> EmbeddedOptions {
    EmbeddedOptions {
        partitions,
        topic_bytes: config.topic_bytes,
        reserve_bytes: config.reserve_bytes,
        ..EmbeddedOptions::default()
    }
}
