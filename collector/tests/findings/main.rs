//! Findings end to end: observations and intelligence into the log, findings out of it, with the cause in the record and nothing else
//! told. On the log on disk and on a real Kafka, the same story.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

mod asked;
#[path = "../../../tests/kafka/broker.rs"]
mod broker;
mod stage;
mod story;
mod ward;

use std::sync::Arc;
use std::time::Duration;

use auscult_log::admin::{self, TopicPlan};
use auscult_log::{EmbeddedLog, EmbeddedOptions, KafkaLog, KafkaOptions, Topic};

const PARTITIONS: u32 = 2;

fn disk(dir: &std::path::Path) -> Arc<EmbeddedLog> {
    let options = EmbeddedOptions {
        partitions: Topic::ALL
            .into_iter()
            .map(|topic| (topic, PARTITIONS))
            .collect(),
        reserve_bytes: 0,
        ..EmbeddedOptions::default()
    };
    Arc::new(EmbeddedLog::open(dir, options).unwrap())
}

fn kafka(name: &str) -> Arc<KafkaLog> {
    kafka_under(broker::prefix(name))
}

fn kafka_under(topic_prefix: String) -> Arc<KafkaLog> {
    let options = KafkaOptions {
        topic_prefix,
        session_timeout: Duration::from_secs(6),
        ..KafkaOptions::new(broker::Broker::shared().bootstrap())
    };
    let plan = TopicPlan {
        partitions: Topic::ALL
            .into_iter()
            .map(|topic| (topic, PARTITIONS))
            .collect(),
        ..TopicPlan::default()
    };
    let log = KafkaLog::connect(options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let reports = runtime.block_on(admin::apply(&log, &plan)).unwrap();
    assert!(reports.iter().all(admin::TopicReport::as_planned));
    Arc::new(log)
}

#[test]
fn five_events_on_the_log_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    story::five_events(disk(dir.path()));
}

#[test]
fn five_events_on_kafka() {
    story::five_events(kafka("findings"));
}

#[test]
fn restarts_and_bad_intelligence_on_the_log_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    story::restarts(disk(dir.path()));
}

#[test]
fn restarts_and_bad_intelligence_on_kafka() {
    story::restarts(kafka("findings-restarts"));
}

#[test]
fn people_ask_about_live_sites_on_the_log_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let config = format!("[embedded]\ndir = {:?}\n", data.display().to_string());
    asked::asked(&|| disk(&data), dir.path(), &config);
}

#[test]
fn people_ask_about_live_sites_on_kafka() {
    let dir = tempfile::tempdir().unwrap();
    let prefix = broker::prefix("findings-asked");
    let config = format!(
        "[kafka]\nbootstrap = {:?}\ntopic_prefix = {prefix:?}\n",
        broker::Broker::shared().bootstrap()
    );
    asked::asked(&|| kafka_under(prefix.clone()), dir.path(), &config);
}
