//! Where the commands for people read from: Kafka, or the log on disk, also while a collector holds it.

use std::collections::BTreeMap;

use auscult_log::{
    EmbeddedLog, EmbeddedOptions, KafkaLog, Log, LogError, Reader, StartAt, Topic, embedded,
};
use auscult_process::exit;

use crate::Failure;
use crate::config::{CollectorConfig, EmbeddedConfig, LogChoice};

/// Opens a reader of one topic.
///
/// # Errors
/// 64 when a file that the Kafka client is told to use is missing, 69 when there is no log yet or it cannot be reached, 77 when this user may not
/// read it.
pub fn open(
    config: &CollectorConfig,
    topic: Topic,
    from: StartAt,
) -> Result<Box<dyn Reader>, Failure> {
    match &config.log {
        LogChoice::Kafka(options) => {
            config.kafka_files()?;
            let log = KafkaLog::connect(options.clone())?;
            Ok(log.reader(topic, from)?)
        }
        LogChoice::Embedded(options) if !embedded::is_log(&options.dir)? => Err(Failure::new(
            exit::UNAVAILABLE,
            format!(
                "there is no log in {}: start the collector first (auscult-collector all), or name its folder in [embedded] dir",
                options.dir.display()
            ),
        )),
        LogChoice::Embedded(options) => Ok(embedded::open_reader(&options.dir, topic, from)?),
    }
}

/// Opens the log to append to a topic, for the command of this name. A log on disk has one process.
///
/// # Errors
/// 64 when a file that the Kafka client is told to use is missing, 69 when the log cannot be reached, lacks the topic or is in use.
pub fn open_to_write(
    config: &CollectorConfig,
    topic: Topic,
    command: &str,
) -> Result<Box<dyn Log>, Failure> {
    match &config.log {
        LogChoice::Kafka(options) => {
            config.kafka_files()?;
            let log = KafkaLog::connect(options.clone())?;
            log.partitions(topic)?;
            Ok(Box::new(log))
        }
        LogChoice::Embedded(embedded) => {
            let options = embedded_options(embedded, config.topics.partitions.clone());
            match EmbeddedLog::open(&embedded.dir, options) {
                Ok(log) => Ok(Box::new(log)),
                Err(LogError::Fenced(reason)) => Err(Failure::new(
                    exit::UNAVAILABLE,
                    format!(
                        "nothing was written: {reason}.\nStop the collector, do it, start it again (systemctl stop auscult-collector; \
                         auscult-collector {command}; systemctl start auscult-collector): sensors spool meanwhile. \
                         With [kafka] in the configuration it runs beside the collector."
                    ),
                )),
                Err(error) => Err(error.into()),
            }
        }
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
