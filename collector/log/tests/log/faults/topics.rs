//! Topics that are not as they should be.

use std::collections::BTreeMap;

use auscult_log::admin::{self, Finding, TopicPlan};
use auscult_log::{AppendError, CommitError, KafkaLog, Log, LogError, Topic, Transaction};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

use super::wait_for;
use crate::broker::{self, Broker};
use crate::child::inputs;
use crate::kafka::{options, plan, shared};
use crate::suite::{append, assigned, block_on, message, poll_records};

fn administrator() -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", Broker::shared().bootstrap())
        .create()
        .unwrap()
}

#[test]
fn topics_are_created_checked_and_put_right() {
    let log = KafkaLog::connect(options(
        Broker::shared().bootstrap(),
        &broker::prefix("topics"),
    ))
    .unwrap();
    let missing = log.partitions(Topic::Observations);
    assert!(
        matches!(&missing, Err(LogError::Fatal(text)) if text.contains("topics apply")),
        "{missing:?}"
    );
    let found = block_on(admin::check(&log, &plan())).unwrap();
    assert!(
        found
            .iter()
            .all(|report| report.findings == [Finding::Missing])
    );

    // One topic exists already, otherwise than planned, with a setting of somebody's own.
    let name = log.topic_name(Topic::Lifecycle);
    let new = NewTopic::new(&name, 1, TopicReplication::Fixed(1))
        .set("retention.ms", "1000")
        .set("segment.ms", "123456");
    block_on(administrator().create_topics([&new], &AdminOptions::new())).unwrap();
    wait_for("the topic is seen", || {
        let found = block_on(admin::check(&log, &plan())).unwrap();
        found
            .iter()
            .any(|report| report.topic == Topic::Lifecycle && report.findings.len() > 1)
    });
    let found = block_on(admin::check(&log, &plan())).unwrap();
    let lifecycle = found
        .iter()
        .find(|report| report.topic == Topic::Lifecycle)
        .unwrap();
    let said: Vec<String> = lifecycle.findings.iter().map(ToString::to_string).collect();
    assert!(
        said.contains(&"partitions: was 1, should be 2".to_owned()),
        "{said:?}"
    );
    assert!(
        said.contains(&"retention.ms: was 1000, should be 34560000000".to_owned()),
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|line| line.starts_with("message.timestamp.type")),
        "{said:?}"
    );

    let done = block_on(admin::apply(&log, &plan())).unwrap();
    assert!(done.iter().all(admin::TopicReport::as_planned), "{done:?}");
    wait_for("everything is as planned", || {
        let found = block_on(admin::check(&log, &plan())).unwrap();
        found.iter().all(|report| report.findings.is_empty())
    });
    let own = block_on(administrator().describe_configs(
        [&rdkafka::admin::ResourceSpecifier::Topic(&name)],
        &AdminOptions::new(),
    ))
    .unwrap();
    let kept = own[0]
        .as_ref()
        .unwrap()
        .get("segment.ms")
        .unwrap()
        .value
        .clone();
    assert_eq!(
        kept.as_deref(),
        Some("123456"),
        "somebody's own setting stays"
    );
}

#[test]
fn site_topics_grow_while_they_are_empty_and_nothing_shrinks() {
    let log = shared("grow");
    let with = |count: u32, lifecycle: u32| {
        let mut plan = plan();
        plan.partitions.extend([
            (Topic::Observations, count),
            (Topic::State, count),
            (Topic::Lifecycle, lifecycle),
        ]);
        block_on(admin::apply(&log, &plan)).unwrap()
    };
    assert!(with(6, 3).iter().all(admin::TopicReport::as_planned));
    wait_for("the partitions are seen", || {
        let mut grown = plan();
        grown.partitions.extend([
            (Topic::Observations, 6),
            (Topic::State, 6),
            (Topic::Lifecycle, 3),
        ]);
        let found = block_on(admin::check(&log, &grown)).unwrap();
        found.iter().all(|report| report.findings.is_empty())
    });
    let log = KafkaLog::connect(log.options().clone()).unwrap();
    append(
        &*log.appender().unwrap(),
        vec![
            message(Topic::State, 5, "s", Some("x")),
            message(Topic::Observations, 5, "s", Some("x")),
        ],
    );
    let refused = with(8, 2);
    for (topic, word) in [
        (Topic::Observations, "records"),
        (Topic::State, "records"),
        (Topic::Lifecycle, "take partitions away"),
    ] {
        let report = refused.iter().find(|report| report.topic == topic).unwrap();
        assert!(!report.as_planned());
        assert!(
            report.findings[0].to_string().contains(word),
            "{:?}",
            report.findings
        );
    }
    let uneven = TopicPlan {
        partitions: BTreeMap::from([(Topic::State, 7)]),
        ..TopicPlan::default()
    };
    assert!(matches!(
        block_on(admin::check(&log, &uneven)),
        Err(LogError::Fatal(_))
    ));
}

#[test]
fn a_topic_that_was_recreated_stops_the_engine_with_the_reason() {
    let log = shared("recreated");
    inputs(&log, 8);
    let mut engine = log.engine("a").unwrap();
    assigned(&mut *engine, 4);
    poll_records(&mut *engine, 8);
    let consumed = (0..4).map(|partition| (partition, 2)).collect();
    engine
        .commit(Transaction {
            records: Vec::new(),
            consumed,
        })
        .unwrap();
    drop(engine);
    let name = log.topic_name(Topic::Observations);
    block_on(administrator().delete_topics(&[&name], &AdminOptions::new())).unwrap();
    let new = NewTopic::new(&name, 4, TopicReplication::Fixed(1));
    wait_for("the topic is made again", || {
        let made = block_on(administrator().create_topics([&new], &AdminOptions::new())).unwrap();
        made[0].is_ok()
    });
    // Deleting a topic deletes the group's offsets with it; what remains is an engine that begins at nothing, or a committed offset
    // beyond the end, as a topic restored from an older copy has it.
    let mut engine = log.engine("a").unwrap();
    let fresh = assigned(&mut *engine, 4);
    assert!(fresh.values().all(|offset| *offset == 0 || *offset == 2));
    inputs(&log, 4);
    let beyond = (0..4).map(|partition| (partition, 50)).collect();
    engine
        .commit(Transaction {
            records: Vec::new(),
            consumed: beyond,
        })
        .unwrap();
    let refused = engine.rewind();
    let Err(LogError::Fatal(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(text.contains("recreated") && text.contains(&name), "{text}");
}

#[test]
fn an_appender_says_at_once_when_a_topic_is_missing() {
    let log = shared("missing");
    let name = log.topic_name(Topic::Audit);
    block_on(administrator().delete_topics(&[&name], &AdminOptions::new())).unwrap();
    let log = loop {
        let log = KafkaLog::connect(log.options().clone()).unwrap();
        if log.partitions(Topic::Audit).is_err() {
            break log;
        }
    };
    let refused = block_on(log.appender().unwrap().append(message(
        Topic::Audit,
        0,
        "k",
        Some("x"),
    )));
    assert!(
        matches!(&refused, Err(AppendError::Fatal(text)) if text.contains("topics apply")),
        "{refused:?}"
    );
    let mut engine = log.engine("a").unwrap();
    let refused = engine.commit(Transaction {
        records: vec![message(Topic::Audit, 0, "k", Some("x"))],
        consumed: BTreeMap::new(),
    });
    assert!(matches!(refused, Err(CommitError::Fatal(_))), "{refused:?}");
}
