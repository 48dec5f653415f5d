//! Everything the way in must refuse, field by field, and that what a sensor may make is never among it.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod support;

use Invalid::{Missing, OutOfRange, TooLong};
use auscult_proto::convert::{Invalid, decode_body, encode_body};
use auscult_proto::observation::{Body, FactFlags, Observation, Subject};
use auscult_proto::{limits, wire};
use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use wire::observation::Body as Wire;

type Damage = fn(&mut wire::Observation);

fn kind(name: &str) -> wire::Observation {
    let kinds = support::kinds();
    let (_, observation) = kinds.iter().find(|(kind, _)| *kind == name).unwrap();
    observation.into()
}

fn decode(observation: wire::Observation) -> Result<Vec<Observation>, Invalid> {
    let list = wire::ObservationList {
        observations: vec![observation],
    };
    decode_body(list.encode_to_vec().into(), 1)
}

macro_rules! body {
    ($observation:ident, $kind:ident) => {
        match $observation.body.as_mut().unwrap() {
            Wire::$kind(body) => body,
            other => panic!("{other:?}"),
        }
    };
}

/// Refuses each damage to an otherwise good observation for the reason given.
fn refuses(cases: &[(&str, Damage, Invalid)]) {
    for (index, (name, damage, expected)) in cases.iter().enumerate() {
        let mut observation = kind(name);
        assert!(decode(observation.clone()).is_ok(), "{name}");
        damage(&mut observation);
        assert_eq!(
            decode(observation).as_ref(),
            Err(expected),
            "case {index}, {name}"
        );
    }
}

#[test]
fn an_envelope_field_out_of_its_range_is_refused_by_name() {
    refuses(&[
        ("fact", |o| o.first_seen_ms = -1, OutOfRange("last_seen_ms")),
        ("fact", |o| o.last_seen_ms = 1, OutOfRange("last_seen_ms")),
        ("fact", |o| o.count = 0, Missing("count")),
        ("fact", |o| o.origin = None, Missing("origin")),
        ("fact", |o| o.body = None, Missing("body")),
        (
            "fact",
            |o| origin(o).capture_point.clear(),
            OutOfRange("capture_point"),
        ),
        (
            "fact",
            |o| origin(o).capture_point = "A".into(),
            OutOfRange("capture_point"),
        ),
        (
            "fact",
            |o| origin(o).capture_point = "a".repeat(limits::NAME_BYTES + 1),
            OutOfRange("capture_point"),
        ),
        (
            "fact",
            |o| origin(o).vlans = vec![1; limits::VLANS + 1],
            TooLong("vlans"),
        ),
        (
            "fact",
            |o| origin(o).vlans = vec![4096],
            OutOfRange("vlans"),
        ),
        (
            "fact",
            |o| origin(o).vlans = vec![1 << 16],
            OutOfRange("vlans"),
        ),
        (
            "fact",
            |o| origin(o).erspan_session_plus_one = (1 << 16) + 1,
            OutOfRange("erspan_session"),
        ),
    ]);
}

#[test]
fn a_fact_field_out_of_its_range_is_refused_by_name() {
    refuses(&[
        ("fact", |o| body!(o, Fact).sender = None, Missing("sender")),
        ("fact", |o| sender(o).mac = 1 << 48, OutOfRange("mac")),
        (
            "fact",
            |o| sender(o).ip = Bytes::from_static(b"123"),
            OutOfRange("ip"),
        ),
        (
            "fact",
            |o| *sender(o) = wire::Endpoint::default(),
            Missing("endpoint"),
        ),
        (
            "fact",
            |o| body!(o, Fact).attribute = 0,
            Missing("attribute"),
        ),
        (
            "fact",
            |o| body!(o, Fact).attribute = 9999,
            OutOfRange("attribute"),
        ),
        (
            "fact",
            |o| body!(o, Fact).attribute = -1,
            OutOfRange("attribute"),
        ),
        ("fact", |o| body!(o, Fact).field = 0, Missing("field")),
        ("fact", |o| body!(o, Fact).field = 9999, OutOfRange("field")),
        ("fact", |o| body!(o, Fact).class = 0, Missing("class")),
        ("fact", |o| body!(o, Fact).class = 8, OutOfRange("class")),
        ("fact", |o| body!(o, Fact).value.clear(), Missing("value")),
        (
            "fact",
            |o| body!(o, Fact).value = "v".repeat(limits::VALUE_BYTES + 1),
            TooLong("value"),
        ),
        (
            "fact",
            |o| body!(o, Fact).flags = FactFlags::ALL.0 + 1,
            OutOfRange("flags"),
        ),
        (
            "fact",
            |o| body!(o, Fact).reported = Some(wire::Subject::default()),
            Missing("reported"),
        ),
        (
            "fact_about_key",
            |o| reported(o).key = "k".repeat(limits::KEY_BYTES + 1),
            TooLong("reported.key"),
        ),
        (
            "fact_about_endpoint",
            |o| reported(o).endpoint = Some(wire::Endpoint::default()),
            Missing("endpoint"),
        ),
    ]);
}

#[test]
fn a_conversation_field_out_of_its_range_is_refused_by_name() {
    refuses(&[
        (
            "conversation",
            |o| body!(o, Conversation).client = None,
            Missing("client"),
        ),
        (
            "conversation",
            |o| body!(o, Conversation).server = None,
            Missing("server"),
        ),
        (
            "conversation",
            |o| body!(o, Conversation).ip_protocol = 256,
            OutOfRange("ip_protocol"),
        ),
        (
            "conversation",
            |o| body!(o, Conversation).port = 65_536,
            OutOfRange("port"),
        ),
        (
            "conversation",
            |o| body!(o, Conversation).service = 999,
            OutOfRange("service"),
        ),
        (
            "conversation",
            |o| body!(o, Conversation).evidence = 0,
            Missing("evidence"),
        ),
        (
            "conversation",
            |o| body!(o, Conversation).evidence = 5,
            OutOfRange("evidence"),
        ),
    ]);
}

#[test]
fn any_other_field_out_of_its_range_is_refused_by_name() {
    refuses(&[
        (
            "binding",
            |o| body!(o, Binding).mac = 0,
            Missing("binding.mac"),
        ),
        (
            "binding",
            |o| body!(o, Binding).mac = u64::MAX,
            OutOfRange("binding.mac"),
        ),
        (
            "binding",
            |o| body!(o, Binding).ip.clear(),
            Missing("binding.ip"),
        ),
        (
            "binding",
            |o| body!(o, Binding).ip = Bytes::from_static(&[0; 17]),
            OutOfRange("binding.ip"),
        ),
        (
            "binding",
            |o| body!(o, Binding).source = 0,
            Missing("binding.source"),
        ),
        (
            "binding",
            |o| body!(o, Binding).source = 99,
            OutOfRange("binding.source"),
        ),
        (
            "heartbeat",
            |o| body!(o, Heartbeat).endpoint = None,
            Missing("endpoint"),
        ),
        (
            "health",
            |o| body!(o, Health).version = "v".repeat(limits::VERSION_BYTES + 1),
            TooLong("version"),
        ),
        ("health", |o| body!(o, Health).state = 0, Missing("state")),
        (
            "health",
            |o| body!(o, Health).state = 99,
            OutOfRange("state"),
        ),
        (
            "health",
            |o| body!(o, Health).silent_vlans = vec![1; limits::SILENT_VLANS + 1],
            TooLong("silent_vlans"),
        ),
        (
            "health",
            |o| body!(o, Health).silent_vlans = vec![4096],
            OutOfRange("silent_vlans"),
        ),
        (
            "loss",
            |o| body!(o, Loss).reason = 0,
            Missing("loss.reason"),
        ),
        (
            "loss",
            |o| body!(o, Loss).reason = 99,
            OutOfRange("loss.reason"),
        ),
    ]);
}

fn origin(observation: &mut wire::Observation) -> &mut wire::Origin {
    observation.origin.as_mut().unwrap()
}

fn sender(observation: &mut wire::Observation) -> &mut wire::Endpoint {
    body!(observation, Fact).sender.as_mut().unwrap()
}

fn reported(observation: &mut wire::Observation) -> &mut wire::Subject {
    body!(observation, Fact).reported.as_mut().unwrap()
}

#[test]
fn a_batch_is_refused_whole_for_its_size_its_count_or_one_bad_observation() {
    let good = support::kinds().remove(0).1;
    let body = Bytes::from(encode_body([&good, &good]));
    assert_eq!(decode_body(body.clone(), 2).unwrap().len(), 2);
    for count in [0, 1, 3, u32::MAX] {
        let refused = Err(Invalid::CountDiffers {
            expected: count,
            found: 2,
        });
        assert_eq!(decode_body(body.clone(), count), refused);
    }
    let large = Bytes::from(vec![0; limits::BATCH_BYTES + 1]);
    assert_eq!(decode_body(large, 1), Err(TooLong("body")));
    let cut = body.slice(..body.len() - 1);
    assert_eq!(
        decode_body(cut, 2),
        Err(Invalid::Undecodable("ObservationList"))
    );
    let mut bad = kind("loss");
    bad.count = 0;
    let list = wire::ObservationList {
        observations: vec![kind("fact"), bad],
    };
    assert_eq!(
        decode_body(list.encode_to_vec().into(), 2),
        Err(Missing("count"))
    );
}

/// The largest that the domain's own limits allow must be acceptable, or a sensor would spool what no collector takes.
#[test]
fn the_largest_observation_of_every_kind_is_within_its_limit() {
    let mut largest: Vec<Observation> = support::kinds().into_iter().map(|(_, o)| o).collect();
    for observation in &mut largest {
        observation.first_seen = i64::MAX;
        observation.last_seen = i64::MAX;
        observation.count = u64::MAX;
        observation.origin.capture_point = "p".repeat(limits::NAME_BYTES).parse().unwrap();
        observation.origin.vlans = vec![4095; limits::VLANS];
        match &mut observation.body {
            Body::Fact(fact) => {
                fact.value = "v".repeat(limits::VALUE_BYTES);
                fact.subject = Subject::Key("k".repeat(limits::KEY_BYTES));
                fact.flags = FactFlags::ALL;
            }
            Body::Health(health) => {
                health.version = "v".repeat(limits::VERSION_BYTES);
                health.silent_vlans = vec![4095; limits::SILENT_VLANS];
                health.packets = u64::MAX;
            }
            _ => {}
        }
    }
    for observation in &largest {
        let wire = wire::Observation::from(observation);
        assert!(
            wire.encoded_len() <= limits::OBSERVATION_BYTES,
            "{}",
            wire.encoded_len()
        );
        let body = encode_body([observation]);
        assert_eq!(
            decode_body(body.into(), 1).as_deref(),
            Ok(std::slice::from_ref(observation))
        );
    }
}

#[test]
fn committed_fuzz_seeds_replay() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fuzz/corpus/wire_convert"
    );
    let mut seeds = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let seed = std::fs::read(entry.unwrap().path()).unwrap();
        auscult_proto::fuzzing::wire_convert(&seed);
        seeds += 1;
    }
    assert!(seeds >= 10, "{seeds}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        auscult_proto::fuzzing::wire_convert(&bytes);
    }

    /// Bytes near good ones come further than arbitrary ones.
    #[test]
    fn damaged_batches_never_panic(
        kind in 0..8_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let observation = support::kinds().swap_remove(kind).1;
        let mut bytes = encode_body([&observation, &observation]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        auscult_proto::fuzzing::wire_convert(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        auscult_proto::fuzzing::wire_convert(&bytes);
    }
}
