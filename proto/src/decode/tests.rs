#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "tests build their own numbers"
)]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::convert::{decode_any, decode_body, encode_body};
use crate::{
    Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, HealthState, LossReason,
    Service,
};

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..300_u64, any::<u64>()]
}

fn mac() -> impl Strategy<Value = Mac> {
    (1..1_u64 << 48).prop_map(|bits| Mac::from_bits(bits).unwrap())
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from)
    ]
}

fn some_endpoint() -> impl Strategy<Value = Endpoint> {
    (option::of(mac()), option::of(address()))
        .prop_filter("an address at least", |(mac, ip)| {
            mac.is_some() || ip.is_some()
        })
        .prop_map(|(mac, ip)| Endpoint { mac, ip })
}

fn some_origin() -> impl Strategy<Value = Origin> {
    (
        "[a-z0-9][a-z0-9._-]{0,8}",
        vec(0..4096_u16, 0..=limits::VLANS),
        option::of(0..1_u32 << 24),
        option::of(0..1024_u16),
    )
        .prop_map(|(name, vlans, vni, erspan_session)| Origin {
            capture_point: name.parse().unwrap(),
            vlans,
            vni,
            erspan_session,
        })
}

fn some_fact() -> impl Strategy<Value = Body> {
    let subject = prop_oneof![
        Just(Subject::Sender),
        some_endpoint().prop_map(Subject::Endpoint),
        "\\PC{1,20}".prop_map(Subject::Key),
    ];
    (
        some_endpoint(),
        subject,
        1..50_i32,
        1..20_i32,
        "\\PC{1,40}",
        1..8_i32,
        0..64_u32,
    )
        .prop_filter_map(
            "known numbers",
            |(sender, subject, attribute, field, value, class, flags)| {
                Some(Body::Fact(Fact {
                    sender,
                    subject,
                    attribute: Attribute::try_from(attribute).ok()?,
                    field: Field::try_from(field).ok()?,
                    value,
                    class: ConfidenceClass::try_from(class).ok()?,
                    flags: FactFlags(flags),
                }))
            },
        )
}

fn some_conversation() -> impl Strategy<Value = Body> {
    (
        (some_endpoint(), some_endpoint(), any::<u8>(), any::<u16>()),
        0..9_i32,
        (number(), number(), number(), number()),
        1..5_i32,
        any::<(bool, bool)>(),
    )
        .prop_map(|(ends, service, totals, evidence, (one_way, closed))| {
            Body::Conversation(Conversation {
                client: ends.0,
                server: ends.1,
                ip_protocol: ends.2,
                port: ends.3,
                service: Service::try_from(service).unwrap(),
                bytes_to_server: totals.0,
                bytes_to_client: totals.1,
                packets_to_server: totals.2,
                packets_to_client: totals.3,
                evidence: DirectionEvidence::try_from(evidence).unwrap(),
                one_way,
                closed,
            })
        })
}

fn some_health() -> impl Strategy<Value = Body> {
    (
        number(),
        any::<i64>(),
        vec(0..4096_u16, 0..5),
        any::<bool>(),
    )
        .prop_map(|(number, signed, silent_vlans, no_l2_control)| {
            Body::Health(Box::new(Health {
                version: "1.2.3".to_owned(),
                state: HealthState::Ok,
                packets: number,
                bytes: number,
                dropped_by_kernel: 0,
                dropped_by_interface: 1,
                frames_undecoded: number,
                facts_emitted: 0,
                values_dropped: 3,
                table_evictions: 0,
                spool_bytes: number,
                spool_limit_bytes: 9,
                oldest_unsent_ms: 0,
                clock_offset_ms: signed,
                rss_bytes: number,
                one_way_per_mille: 7,
                no_l2_control,
                silent_vlans,
                cert_not_after: signed,
            }))
        })
}

fn some_body() -> impl Strategy<Value = Body> {
    let binding = (mac(), address(), 1..5_i32, any::<(u32, bool)>()).prop_map(
        |(mac, ip, source, (lease_s, released))| {
            Body::Binding(Binding {
                mac,
                ip,
                source: BindingSource::try_from(source).unwrap(),
                lease_s,
                released,
            })
        },
    );
    let heartbeat =
        (some_endpoint(), number(), number()).prop_map(|(endpoint, bytes_sent, packets_sent)| {
            Body::Heartbeat(Heartbeat {
                endpoint,
                bytes_sent,
                packets_sent,
            })
        });
    let loss = (1..5_i32, number(), number()).prop_map(|(reason, first_seq, count)| {
        Body::Loss(Loss {
            reason: LossReason::try_from(reason).unwrap(),
            first_seq,
            count,
        })
    });
    prop_oneof![
        some_fact(),
        some_conversation(),
        binding,
        heartbeat,
        loss,
        some_health()
    ]
}

fn some_observations() -> impl Strategy<Value = Vec<Observation>> {
    let origins = vec(some_origin(), 1..3);
    let rest = (0..1_i64 << 42, 0..100_000_i64, 1..1000_u64, some_body());
    let one = (any::<prop::sample::Index>(), rest);
    (origins, vec(one, 0..12)).prop_map(|(origins, observations)| {
        observations
            .into_iter()
            .map(|(which, (first_seen, later, count, body))| Observation {
                first_seen,
                last_seen: first_seen + later,
                count,
                origin: which.get(&origins).clone(),
                body,
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_a_sensor_writes_is_read_the_fast_way_and_is_the_same(
        observations in some_observations(),
    ) {
        let bytes = Bytes::from(encode_body(&observations));
        let count = u32::try_from(observations.len()).unwrap();
        let fast = body(&bytes, count);
        prop_assert_eq!(fast.as_ref(), Some(&observations));
        prop_assert_eq!(decode_any(bytes, count), Ok(observations));
    }

    #[test]
    fn changed_bytes_are_judged_as_the_general_decoder_judges_them(
        observations in some_observations(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
        count in 0..12_u32,
    ) {
        let mut bytes = encode_body(&observations);
        for (at, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let bytes = Bytes::from(bytes);
        let found = u32::try_from(observations.len()).unwrap();
        for count in [count, found] {
            prop_assert_eq!(
                decode_body(bytes.clone(), count),
                decode_any(bytes.clone(), count)
            );
        }
    }

    #[test]
    fn arbitrary_bytes_are_judged_as_the_general_decoder_judges_them(
        bytes in vec(any::<u8>(), 0..200),
        count in 0..3_u32,
    ) {
        let bytes = Bytes::from(bytes);
        prop_assert_eq!(
            decode_body(bytes.clone(), count),
            decode_any(bytes.clone(), count)
        );
    }
}
