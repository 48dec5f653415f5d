//! Messages as released versions wrote them. A change of the schema that cannot read them, or would write them differently, fails here.
//!
//! The files are never rewritten. A new message gets a new file: `AUSCULT_FREEZE=1 cargo test -p auscult-proto --test frozen` writes
//! those that are missing.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod support;

use std::fmt::Debug;
use std::path::Path;

use auscult_proto::convert::{decode_body, encode_body};
use auscult_proto::wire;
use bytes::Bytes;
use prost::Message;

/// The file's bytes; `current` is what this version writes.
fn frozen(name: &str, current: &[u8]) -> Bytes {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen");
    let path = folder.join(name).with_extension("bin");
    if std::env::var_os("AUSCULT_FREEZE").is_some() && !path.try_exists().unwrap() {
        std::fs::write(&path, current).unwrap();
    }
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .into()
}

fn check_message<M: Message + Default + PartialEq + Debug>(name: &str, expected: &M) {
    let current = expected.encode_to_vec();
    let bytes = frozen(name, &current);
    assert_eq!(
        &M::decode(bytes.clone()).unwrap(),
        expected,
        "{name} reads differently"
    );
    assert_eq!(bytes, current, "{name} would be written differently");
}

#[test]
fn every_kind_of_observation_reads_and_writes_as_released() {
    for (name, observation) in support::kinds() {
        let current = encode_body([&observation]);
        let bytes = frozen(name, &current);
        assert_eq!(bytes, current, "{name} would be written differently");
        assert_eq!(
            decode_body(bytes, 1).unwrap(),
            [observation],
            "{name} reads differently"
        );
    }
}

#[test]
fn a_batch_of_all_kinds_reads_and_writes_as_released() {
    let kinds = support::kinds();
    let observations: Vec<_> = kinds
        .into_iter()
        .map(|(_, observation)| observation)
        .collect();
    let current = encode_body(&observations);
    let bytes = frozen("batch_body", &current);
    assert_eq!(bytes, current);
    let count = u32::try_from(observations.len()).unwrap();
    assert_eq!(decode_body(bytes, count).unwrap(), observations);
}

#[test]
fn the_envelope_in_the_log_reads_and_writes_as_released() {
    let body = encode_body(support::kinds().iter().map(|(_, observation)| observation));
    check_message(
        "logged_batch",
        &wire::LoggedBatch {
            site: "st-mary".to_owned(),
            sensor: "nicu-03".to_owned(),
            incarnation: 0x0123_4567_89ab_cdef,
            first_seq: 1001,
            count: 8,
            received_ms: 1_700_000_061_000,
            body: body.into(),
            after_seq: 1000,
        },
    );
}

#[test]
fn every_frame_of_the_link_reads_and_writes_as_released() {
    use wire::collector_frame::Kind as Collector;
    use wire::sensor_frame::Kind as Sensor;
    let from_sensor = |kind| wire::SensorFrame { kind: Some(kind) };
    let from_collector = |kind| wire::CollectorFrame { kind: Some(kind) };
    check_message(
        "sensor_hello",
        &from_sensor(Sensor::Hello(wire::SensorHello {
            version: "0.1.0".to_owned(),
            incarnation: u64::MAX,
            next_seq: 17,
            clock_ms: 1_700_000_000_000,
            packings: Vec::new(),
        })),
    );
    check_message(
        "sensor_batch",
        &from_sensor(Sensor::Batch(wire::Batch {
            first_seq: 17,
            count: 2,
            body: Bytes::from_static(b"opaque"),
            unpacked_bytes: 0,
        })),
    );
    check_message(
        "collector_hello",
        &from_collector(Collector::Hello(wire::CollectorHello {
            clock_ms: -1,
            window_bytes: 4 << 20,
            max_batch_bytes: 256 << 10,
            max_batch_observations: 1024,
            packing: wire::Packing::Unspecified.into(),
        })),
    );
    check_message(
        "sensor_hello_packing",
        &from_sensor(Sensor::Hello(wire::SensorHello {
            version: "0.1.0".to_owned(),
            incarnation: u64::MAX,
            next_seq: 17,
            clock_ms: 1_700_000_000_000,
            packings: vec![wire::Packing::Deflate.into()],
        })),
    );
    check_message(
        "sensor_batch_packed",
        &from_sensor(Sensor::Batch(wire::Batch {
            first_seq: 17,
            count: 2,
            body: Bytes::from_static(b"packed"),
            unpacked_bytes: 40,
        })),
    );
    check_message(
        "collector_hello_packing",
        &from_collector(Collector::Hello(wire::CollectorHello {
            clock_ms: -1,
            window_bytes: 4 << 20,
            max_batch_bytes: 256 << 10,
            max_batch_observations: 1024,
            packing: wire::Packing::Deflate.into(),
        })),
    );
    check_message(
        "collector_ack",
        &from_collector(Collector::Ack(wire::Ack { through_seq: 18 })),
    );
    check_message(
        "collector_goodbye",
        &from_collector(Collector::Goodbye(wire::Goodbye {
            reason: wire::GoodbyeReason::LogUnavailable.into(),
            reconnect_after_ms: 5000,
        })),
    );
}
