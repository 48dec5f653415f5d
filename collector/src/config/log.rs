//! Which log the collector works on: Kafka where one is named, else its own.

use std::path::PathBuf;
use std::time::Duration;

use auscult_log::admin::TopicPlan;
use auscult_log::{KafkaOptions, Topic};
use auscult_process::Config;

/// The log.
#[derive(Debug, Clone)]
pub enum LogChoice {
    /// A Kafka cluster.
    Kafka(KafkaOptions),
    /// Files of this process.
    Embedded(EmbeddedConfig),
}

/// How the embedded log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// Its folder.
    pub dir: PathBuf,
    /// Most bytes of each topic that is kept for a time.
    pub topic_bytes: u64,
    /// Bytes left free on the disk.
    pub reserve_bytes: u64,
}

/// Reads `[kafka]` or `[embedded]`.
pub(super) fn read(config: &mut Config) -> LogChoice {
    let mut section = config.section("embedded");
    let both = section.is_present();
    let embedded = EmbeddedConfig {
        dir: section.path_or("dir", "auscult-data"),
        topic_bytes: section.size_within("topic_bytes", "2GiB", 1 << 20..=1 << 50),
        reserve_bytes: section.size_within("reserve_bytes", "256MiB", 0..=1 << 50),
    };
    if !config.section("kafka").is_present() {
        return LogChoice::Embedded(embedded);
    }
    if both {
        config.section("embedded").fault(
            "dir",
            "has no effect beside [kafka]; remove one of the two sections",
        );
    }
    LogChoice::Kafka(kafka(config))
}

fn kafka(config: &mut Config) -> KafkaOptions {
    let second = Duration::from_secs(1);
    let mut section = config.section("kafka");
    let bootstrap = section.required_string("bootstrap");
    let usual = KafkaOptions::new(&bootstrap);
    let options = KafkaOptions {
        topic_prefix: section.string_or("topic_prefix", ""),
        group: section.string_or("group", &usual.group),
        client: section.table("client"),
        transaction_timeout: section.duration_within(
            "transaction_timeout",
            "20s",
            second..=second * 900,
        ),
        session_timeout: section.duration_within("session_timeout", "10s", second..=second * 600),
        operation_timeout: section.duration_within(
            "operation_timeout",
            "15s",
            second..=second * 300,
        ),
        ..usual
    };
    for (key, fault) in options.faults() {
        // A missing address is a fault already.
        if key != "bootstrap" || !options.bootstrap.is_empty() {
            section.fault(&key, &fault);
        }
    }
    options
}

/// Reads `[topics]`.
pub(super) fn topics(config: &mut Config) -> TopicPlan {
    let mut section = config.section("topics");
    let replication = section.has("replication");
    let replication = replication.then(|| section.integer_or("replication", 3, 1..=16));
    let min_insync = section.has("min_insync");
    let min_insync = min_insync.then(|| section.integer_or("min_insync", 2, 1..=16));
    let mut plan = TopicPlan {
        replication,
        min_insync,
        timeout: section.duration_or("timeout", "30s"),
        ..TopicPlan::default()
    };
    let mut partitions = section.section("partitions");
    for topic in Topic::ALL {
        let name = short_name(topic);
        let count = partitions.integer_or(name, topic.spec().partitions, 1..=1024);
        plan.partitions.insert(topic, count);
    }
    if plan.partitions(Topic::Observations) != plan.partitions(Topic::State) {
        partitions.fault(
            "state",
            "must equal `observations`: a site's state lies in the partition number of its observations",
        );
    }
    if let (Some(copies), Some(least)) = (plan.replication, plan.min_insync)
        && least > copies
    {
        section.fault(
            "min_insync",
            "is more than `replication`: nothing could be written",
        );
    }
    plan
}

/// `observations` for `auscult.int.observations.v1`.
fn short_name(topic: Topic) -> &'static str {
    topic.name().split('.').nth(2).unwrap_or_default()
}
