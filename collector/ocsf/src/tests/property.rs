//! Any device, any sensor event.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn times() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), START..START + 1_000_000, Just(4_102_444_800_000)]
}

fn macs() -> impl Strategy<Value = Mac> {
    any::<[u8; 6]>().prop_map(Mac)
}

fn ips() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
        Just("fd00::".parse().unwrap()),
        Just("::ffff:10.0.0.1".parse().unwrap()),
    ]
}

fn ids() -> impl Strategy<Value = DeviceId> {
    any::<[u8; 16]>().prop_map(DeviceId::from_bytes)
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9.-]{1,30}",
        "\\PC{1,40}",
        Just("\"\\\u{7f}é漢".to_owned())
    ]
}

fn realms() -> impl Strategy<Value = Arc<Origin>> {
    let parts = (
        vec(0..4096u16, 0..=3),
        option::of(any::<u32>()),
        option::of(any::<u16>()),
    );
    parts.prop_map(|(vlans, vni, erspan_session)| {
        Arc::new(Origin {
            capture_point: "span0".parse().unwrap(),
            vlans,
            vni,
            erspan_session,
        })
    })
}

fn numbered<T: TryFrom<i32> + std::fmt::Debug + Clone + 'static>(
    first: i32,
) -> impl Strategy<Value = T> {
    let all: Vec<T> = (first..128)
        .filter_map(|number| T::try_from(number).ok())
        .collect();
    select(all)
}

fn sources() -> impl Strategy<Value = SourceSnapshot> {
    let parts = (
        numbered::<Field>(1),
        numbered::<ConfidenceClass>(1),
        0..64u32,
        times(),
        any::<u64>(),
    );
    parts.prop_map(|(field, class, flags, at, count)| SourceSnapshot {
        field,
        sensor: "s1".parse().unwrap(),
        class,
        flags: FactFlags(flags),
        first_seen: at,
        last_seen: at,
        count,
    })
}

fn candidates() -> impl Strategy<Value = CandidateSnapshot> {
    (texts(), 0..=1_000_000u32, times(), vec(sources(), 0..4)).prop_map(
        |(value, confidence, at, sources)| CandidateSnapshot {
            value: value.into(),
            confidence: Confidence(confidence),
            first_seen: at,
            last_seen: at,
            sources,
        },
    )
}

fn attributes() -> impl Strategy<Value = Vec<AttributeSnapshot>> {
    let verdicts = select(vec![Verdict::Asserted, Verdict::Likely, Verdict::Unknown]);
    let one = (
        verdicts,
        any::<bool>(),
        any::<bool>(),
        vec(candidates(), 0..3),
    );
    let named = proptest::collection::btree_map(numbered::<Attribute>(1), one, 0..20);
    named.prop_map(|all| {
        all.into_iter()
            .map(
                |(attribute, (verdict, many, contested, candidates))| AttributeSnapshot {
                    attribute,
                    many,
                    verdict,
                    contested,
                    candidates,
                },
            )
            .collect()
    })
}

fn interfaces() -> impl Strategy<Value = InterfaceSnapshot> {
    (option::of(macs()), realms(), times()).prop_map(|(mac, realm, at)| InterfaceSnapshot {
        mac,
        realm,
        first_seen: at,
        last_seen: at,
    })
}

fn bindings() -> impl Strategy<Value = BindingSnapshot> {
    let parts = (
        ips(),
        option::of(macs()),
        realms(),
        option::of(numbered::<BindingSource>(1)),
        times(),
        option::of(times()),
        any::<u32>(),
        any::<bool>(),
    );
    parts.prop_map(
        |(ip, mac, realm, source, at, until, lease_s, contested)| BindingSnapshot {
            ip,
            mac,
            realm,
            source,
            since: at,
            last_seen: at,
            until,
            lease_s,
            contested,
        },
    )
}

fn identifiers() -> impl Strategy<Value = Identifier> {
    prop_oneof![
        any::<[u8; 8]>().prop_map(Identifier::Eui64),
        macs().prop_map(Identifier::DuidMac),
    ]
}

fn services() -> impl Strategy<Value = ServiceSnapshot> {
    (any::<u8>(), any::<u16>(), numbered::<Service>(0), times()).prop_map(
        |(ip_protocol, port, service, at)| ServiceSnapshot {
            ip_protocol,
            port,
            service,
            first_seen: at,
            last_seen: at,
        },
    )
}

fn roles() -> impl Strategy<Value = RoleHint> {
    let names = vec![
        "router",
        "switch",
        "dicom archive",
        "ct scanner",
        "telephone",
    ];
    (select(names), 0..=1_000_000u32).prop_map(|(role, confidence)| RoleHint {
        role,
        confidence: Confidence(confidence),
    })
}

fn classes() -> impl Strategy<Value = DeviceClass> {
    select(vec![
        DeviceClass::Physical,
        DeviceClass::Virtual,
        DeviceClass::RouterGroup,
        DeviceClass::Ephemeral,
        DeviceClass::Routed,
        DeviceClass::Reported,
    ])
}

fn statuses() -> impl Strategy<Value = Status> {
    select(vec![Status::Active, Status::Idle, Status::Gone])
}

fn devices() -> impl Strategy<Value = Arc<DeviceSnapshot>> {
    let is = (
        ids(),
        any::<u64>(),
        classes(),
        statuses(),
        times(),
        times(),
        any::<[bool; 2]>(),
    );
    let has = (
        vec(macs(), 0..4),
        vec(identifiers(), 0..3),
        vec(interfaces(), 0..4),
        vec(bindings(), 0..5),
        attributes(),
        vec(services(), 0..4),
        vec(roles(), 0..3),
        vec(ids(), 0..3),
    );
    (is, has).prop_map(
        |(
            (id, revision, class, status, first_seen, last_seen, [gateway, forwarder]),
            (macs, identifiers, interfaces, bindings, attributes, services, roles, merged_from),
        )| {
            Arc::new(DeviceSnapshot {
                id,
                revision,
                class,
                status,
                first_seen,
                last_seen,
                gateway,
                forwarder,
                macs,
                identifiers,
                interfaces,
                bindings,
                attributes,
                services,
                roles,
                sensors: vec!["s1".parse().unwrap()],
                merged_from,
            })
        },
    )
}

fn kinds() -> impl Strategy<Value = EventKind> {
    let changes = vec((texts(), option::of(texts()), option::of(texts())), 0..4).prop_map(|all| {
        all.into_iter()
            .map(|(field, before, after)| FieldChange {
                field,
                before,
                after,
            })
            .collect::<Vec<_>>()
    });
    let number = any::<u64>;
    prop_oneof![
        devices().prop_map(EventKind::InventoryRecord),
        devices().prop_map(EventKind::DeviceNew),
        (devices(), changes)
            .prop_map(|(device, changes)| EventKind::DeviceChanged { device, changes }),
        devices().prop_map(EventKind::DeviceIdle),
        (devices(), statuses()).prop_map(|(device, was)| EventKind::DeviceReturned { device, was }),
        devices().prop_map(EventKind::DeviceGone),
        (devices(), ids())
            .prop_map(|(device, absorbed)| EventKind::DeviceMerged { device, absorbed }),
        ids().prop_map(|device| EventKind::DeviceForgotten { device }),
        (numbered::<HealthState>(1), number(), "[0-9.]{0,8}").prop_map(
            |(state, number, version)| {
                EventKind::SensorHealth(Box::new(Health {
                    version,
                    packets: number,
                    rss_bytes: number,
                    ..health(state)
                }))
            }
        ),
        (numbered::<LossReason>(1), number(), number()).prop_map(|(reason, first_seq, count)| {
            EventKind::SensorLoss {
                reason,
                first_seq,
                count,
            }
        }),
        (number(), number(), option::of(times()), times()).prop_map(
            |(first_seq, missing, from, until)| {
                EventKind::BlindInterval {
                    first_seq,
                    missing,
                    from,
                    until,
                }
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn every_event_holds_against_its_strict_schema(kind in kinds(), revision in any::<u64>(), time in times(), tenant in option::of(texts())) {
        let mut event = event(kind);
        event.revision = revision;
        event.time = time;
        let context = Context { tenant, ..context() };
        let records = encode(&event, &context);
        prop_assert!(!records.is_empty());
        for record in &records {
            prop_assert_eq!(fault(record), "");
        }
    }

    /// A device is encoded once for the records of a change: nobody can tell.
    #[test]
    fn records_encoded_together_are_those_encoded_alone(
        told in vec((kinds(), 0_usize..3, any::<bool>(), times()), 1..12)
    ) {
        // Three snapshots, two of them of the same device.
        let mut devices: Vec<Arc<DeviceSnapshot>> = Vec::new();
        let events: Vec<Event> = told
            .into_iter()
            .map(|(kind, which, other_site, time)| {
                let mut event = event(kind);
                event.time = time;
                if other_site {
                    event.site = "other".parse().unwrap();
                }
                if let Some(device) = device_of(&mut event.kind) {
                    if devices.len() < 3 {
                        let mut new = DeviceSnapshot::clone(device);
                        new.id = DeviceId::from_bytes([u8::from(devices.len() == 2); 16]);
                        devices.push(Arc::new(new));
                    }
                    if let Some(known) = devices.get(which) {
                        *device = Arc::clone(known);
                    }
                }
                event
            })
            .collect();
        let alone: Vec<PublicRecord> = events
            .iter()
            .flat_map(|event| encode(event, &context()))
            .collect();
        prop_assert_eq!(&encode_all(&events, &context()), &alone);
        for value in alone.into_iter().filter_map(|record| record.value) {
            prop_assert_eq!(value.len(), value.capacity());
        }
    }
}

fn device_of(kind: &mut EventKind) -> Option<&mut Arc<DeviceSnapshot>> {
    match kind {
        EventKind::InventoryRecord(device)
        | EventKind::DeviceNew(device)
        | EventKind::DeviceChanged { device, .. }
        | EventKind::DeviceIdle(device)
        | EventKind::DeviceReturned { device, .. }
        | EventKind::DeviceGone(device)
        | EventKind::DeviceMerged { device, .. } => Some(device),
        _ => None,
    }
}
