//! Certificates, rights, settings.

use std::collections::BTreeMap;
use std::time::Duration;

use auscult_log::{KafkaLog, KafkaOptions, Log, LogError, StartAt, Topic, Transaction};

use crate::broker::{Broker, Shape};
use crate::child::inputs;
use crate::kafka::{create, options};
use crate::suite::{assigned, message, poll_records, read, restored, values};

fn over_tls(broker: &Broker, who: &str) -> KafkaOptions {
    let settings = [
        ("security.protocol", "ssl"),
        ("ssl.ca.location", broker.value("CA")),
        (
            "ssl.certificate.location",
            broker.value(&format!("{who}_CERT")),
        ),
        ("ssl.key.location", broker.value(&format!("{who}_KEY"))),
    ];
    KafkaOptions {
        client: settings
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        operation_timeout: Duration::from_secs(5),
        ..options(broker.value("SSL_BOOTSTRAP"), "")
    }
}

#[test]
fn over_tls_the_soc_reads_what_is_public_and_nothing_else() {
    let broker = Broker::start(Shape {
        tls: true,
        acl: true,
        ..Shape::default()
    });
    // The collector's own rights are enough for everything the collector does.
    let log = create(over_tls(&broker, "COLLECTOR"));
    inputs(&log, 8);
    let mut engine = log.engine("a").unwrap();
    assigned(&mut *engine, 4);
    poll_records(&mut *engine, 8);
    engine
        .commit(Transaction {
            records: vec![
                message(Topic::Inventory, 0, "d", Some("public")),
                message(Topic::State, 0, "s", Some("internal")),
            ],
            consumed: BTreeMap::from([(0, 1)]),
        })
        .unwrap();
    assert_eq!(restored(&mut *engine, 0).len(), 1);

    let soc = KafkaOptions {
        group: "soc-siem".to_owned(),
        ..over_tls(&broker, "SOC")
    };
    let soc = KafkaLog::connect(soc).unwrap();
    let mut reader = soc.reader(Topic::Inventory, StartAt::Beginning).unwrap();
    assert_eq!(values(&read(&mut *reader, 1)), ["public"]);
    // Elsewhere it does not even see that there is a topic.
    for topic in [Topic::State, Topic::Observations, Topic::Quarantine] {
        let refused = soc.reader(topic, StartAt::Beginning).err();
        assert!(matches!(refused, Some(LogError::Fatal(_))), "{refused:?}");
    }
    assert!(matches!(soc.appender().err(), Some(LogError::Fatal(_))));
    assert!(matches!(soc.engine("x").err(), Some(LogError::Fatal(_))));

    // Without a certificate: refused, and the message names the reason.
    let mut nobody = over_tls(&broker, "SOC");
    nobody
        .client
        .retain(|key, _| !key.starts_with("ssl.cert") && !key.starts_with("ssl.key"));
    nobody.operation_timeout = Duration::from_secs(2);
    let refused = KafkaLog::connect(nobody);
    let Err(LogError::Unavailable(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(text.contains("certificate"), "{text}");
}

#[test]
fn a_broker_that_does_not_answer_and_settings_that_are_not_ours_to_set_are_named() {
    let mut nowhere = options("127.0.0.1:1", "");
    nowhere.operation_timeout = Duration::from_millis(600);
    let refused = KafkaLog::connect(nowhere.clone());
    let Err(LogError::Unavailable(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(text.contains("127.0.0.1:1"), "{text}");
    for key in ["isolation.level", "acks"] {
        nowhere.client.insert(key.to_owned(), "0".to_owned());
    }
    let refused = KafkaLog::connect(nowhere);
    let Err(LogError::Fatal(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        text.contains("isolation.level") && text.contains("acks"),
        "{text}"
    );
}
