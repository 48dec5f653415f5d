//! Where the commands for people read from: Kafka, or the log on disk, also while a collector holds it.

use auscult_log::{KafkaLog, Log, LogError, Reader, StartAt, Topic, embedded};

use crate::config::{CollectorConfig, LogChoice};

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
