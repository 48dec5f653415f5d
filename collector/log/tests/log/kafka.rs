//! Apache Kafka.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use auscult_log::admin::{self, TopicPlan};
use auscult_log::{KafkaLog, KafkaOptions, Log, Topic};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;

use crate::broker::{self, Broker};
use crate::suite::{Keep, Maker, Subject, block_on, partitions};

pub(crate) fn plan() -> TopicPlan {
    TopicPlan {
        partitions: Topic::ALL
            .into_iter()
            .map(|topic| (topic, partitions(topic)))
            .collect(),
        ..TopicPlan::default()
    }
}

pub(crate) fn options(bootstrap: &str, prefix: &str) -> KafkaOptions {
    KafkaOptions {
        topic_prefix: prefix.to_owned(),
        session_timeout: Duration::from_secs(6),
        ..KafkaOptions::new(bootstrap)
    }
}

/// Connects and creates the topics.
pub(crate) fn create(options: KafkaOptions) -> KafkaLog {
    let log = KafkaLog::connect(options).unwrap();
    let reports = block_on(admin::apply(&log, &plan())).unwrap();
    for report in reports {
        assert!(
            report.as_planned(),
            "{}: {:?}",
            report.name,
            report.findings
        );
    }
    log
}

pub(crate) fn shared(name: &str) -> KafkaLog {
    create(options(Broker::shared().bootstrap(), &broker::prefix(name)))
}

/// Sets a topic's settings as an operator would: all of those given, the rest as they are by default.
pub(crate) fn set(log: &KafkaLog, topic: Topic, settings: &BTreeMap<&str, String>) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &log.options().bootstrap)
        .create()
        .unwrap();
    let name = log.topic_name(topic);
    let mut config = AlterConfig::new(ResourceSpecifier::Topic(&name));
    for (key, value) in settings {
        config = config.set(key, value);
    }
    let answers = block_on(admin.alter_configs([&config], &AdminOptions::new())).unwrap();
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

struct OnKafka(KafkaOptions);

impl Subject for OnKafka {
    fn log(&self) -> Arc<dyn Log> {
        Arc::new(KafkaLog::connect(self.0.clone()).unwrap())
    }

    fn reopen(&mut self) {}
}

pub(crate) struct Kafkas;

impl Maker for Kafkas {
    fn make(name: &str, keep: Keep) -> Box<dyn Subject> {
        let log = shared(name);
        for topic in Topic::ALL {
            let mut settings =
                BTreeMap::from([("message.timestamp.type", "LogAppendTime".to_owned())]);
            if topic.compacted() {
                settings.insert("cleanup.policy", "compact".to_owned());
                settings.insert("min.cleanable.dirty.ratio", "0.01".to_owned());
                settings.insert("segment.ms", "500".to_owned());
                let kept = keep.tombstones.map_or(600_000, |kept| kept.as_millis());
                settings.insert("delete.retention.ms", kept.to_string());
            } else if keep.retention.is_none() && keep.topic_bytes.is_none() {
                continue;
            }
            if let Some(age) = keep.retention {
                settings.insert("retention.ms", age.as_millis().to_string());
                settings.insert("segment.ms", "500".to_owned());
            }
            if let Some(bytes) = keep.topic_bytes {
                settings.insert("retention.bytes", bytes.to_string());
                settings.insert("segment.bytes", (1024 * 1024).to_string());
                settings.insert("segment.ms", "200".to_owned());
            }
            set(&log, topic, &settings);
        }
        Box::new(OnKafka(log.options().clone()))
    }
}

crate::conformance!(super::Kafkas);
