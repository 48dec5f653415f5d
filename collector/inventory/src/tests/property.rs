//! Any sequence of observations, any splitting, any restart: the same site.

use auscult_proto::ids::SensorId;
use auscult_proto::observation::{Body, Endpoint, FactFlags, Loss, Subject};
use auscult_proto::{Attribute, ConfidenceClass, Field, LossReason, wire};
use proptest::prelude::*;
use proptest::sample::select;
use prost::Message;

use super::*;

/// Few addresses, so that they collide, move and come back.
fn macs() -> impl Strategy<Value = Mac> {
    select(vec![
        "00:1a:01:00:00:01",
        "00:1a:01:00:00:02",
        "08:00:19:01:02:03",
        "00:00:0c:11:22:33",
        "00:00:0c:11:22:44",
        "00:00:5e:00:01:01",
        "da:a1:19:00:00:01",
        "52:54:00:00:00:01",
        "ff:ff:ff:ff:ff:ff",
    ])
    .prop_map(mac)
}

fn ips() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (1..8u8).prop_map(|host| IpAddr::from([10, 0, 0, host])),
        select(vec![
            "8.8.8.8",
            "fe80::1",
            "fd00::1",
            "fd00::2",
            "fd01::1",
            "0.0.0.0",
            "224.0.0.1"
        ])
        .prop_map(ip),
    ]
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    prop_oneof![
        4 => (macs(), ips()).prop_map(|(mac, ip)| Endpoint { mac: Some(mac), ip: Some(ip) }),
        1 => macs().prop_map(|mac| Endpoint { mac: Some(mac), ip: None }),
        2 => ips().prop_map(|ip| Endpoint { mac: None, ip: Some(ip) }),
    ]
}

fn subjects() -> impl Strategy<Value = Subject> {
    prop_oneof![
        3 => Just(Subject::Sender),
        1 => endpoints().prop_map(Subject::Endpoint),
        1 => select(vec!["x", "001A01FFFE000002", "00:1a:01:00:00:01", "10.0.0.3"])
            .prop_map(|key| Subject::Key(key.to_owned())),
    ]
}

fn facts() -> impl Strategy<Value = Body> {
    let said = select(vec![
        (Attribute::Hostname, "a"),
        (Attribute::Hostname, "b"),
        (Attribute::FwVersion, "1"),
        (Attribute::FwVersion, "2"),
        (Attribute::FwVersion, "3"),
        (Attribute::DeviceManufacturer, "z"),
        (Attribute::DeviceManufacturer, "x"),
        (Attribute::DeviceManufacturer, "y"),
        (Attribute::SopClass, "1.2.840.10008.5.1.4.1.1.2"),
        (Attribute::SopClass, "1.2.3"),
        (Attribute::Role, "router"),
        (Attribute::Eui64, "080019FFFE010203"),
        (Attribute::Eui64, "001A01FFFE000001"),
        (Attribute::Eui64, "001A010000000009"),
        (Attribute::Duid, "00030001001a01000002"),
    ]);
    let fields = select(vec![
        Field::Dhcpv4Opt12,
        Field::LldpmedFirmware,
        Field::NdpRouterAdvertisement,
        Field::Hl7Msh3,
    ]);
    let classes = select(vec![
        ConfidenceClass::D1,
        ConfidenceClass::D2,
        ConfidenceClass::D5,
    ]);
    (endpoints(), subjects(), said, fields, classes, 0..64u32).prop_map(
        |(sender, subject, (attribute, value), field, class, flags)| {
            Body::Fact(Fact {
                sender,
                subject,
                attribute,
                field,
                value: value.to_owned(),
                class,
                flags: FactFlags(flags),
            })
        },
    )
}

fn bindings() -> impl Strategy<Value = Body> {
    let sources = select(vec![
        BindingSource::Arp,
        BindingSource::Ndp,
        BindingSource::Dhcpv4Ack,
    ]);
    let leases = select(vec![0, 600, 86_400]);
    (macs(), ips(), sources, leases, prop::bool::weighted(0.1)).prop_map(
        |(mac, ip, source, lease_s, released)| {
            Body::Binding(Binding {
                mac,
                ip,
                source,
                lease_s,
                released,
            })
        },
    )
}

fn talks() -> impl Strategy<Value = Body> {
    let numbers = (select(vec![104u16, 80]), 0..3_000u64, 0..3u64);
    let flags = (any::<bool>(), any::<bool>());
    let services = select(vec![Service::Unspecified, Service::Tls, Service::Dicom]);
    // Some talk again and again, while their addresses change hands.
    let known = |who: &'static str| prop_oneof![endpoints(), Just(endpoint(who))];
    let (clients, servers) = (known("10.0.0.1"), known("00:1a:01:00:00:01 10.0.0.2"));
    (clients, servers, numbers, flags, services).prop_map(
        |(client, server, (port, bytes, back), (one_way, closed), service)| {
            Body::Conversation(Conversation {
                client,
                server,
                ip_protocol: 6,
                port,
                service,
                bytes_to_server: bytes,
                bytes_to_client: bytes * back,
                packets_to_server: bytes / 10,
                packets_to_client: back,
                evidence: DirectionEvidence::Handshake,
                one_way,
                closed,
            })
        },
    )
}

fn bodies() -> impl Strategy<Value = Body> {
    prop_oneof![
        4 => facts(),
        4 => bindings(),
        4 => talks(),
        4 => endpoints().prop_map(|endpoint| Body::Heartbeat(Heartbeat {
            endpoint,
            bytes_sent: 0,
            packets_sent: 0,
        })),
        1 => (0..40u64, 1..5u64).prop_map(|(first_seq, count)| Body::Loss(Loss {
            reason: LossReason::SpoolFull,
            first_seq,
            count,
        })),
    ]
}

/// An observation, how long after the one before, and which sensor's it is.
fn observations() -> impl Strategy<Value = Vec<(Observation, usize)>> {
    let steps = prop_oneof![
        30 => 0..20 * SECOND,
        4 => 0..2 * HOUR,
        1 => 0..9 * DAY,
    ];
    let vlans = prop_oneof![
        9 => Just(vec![]),
        5 => Just(vec![10]),
        5 => Just(vec![20]),
        1 => Just(vec![100, 10]),
    ];
    let one = (
        bodies(),
        steps,
        0..30 * MINUTE,
        vlans,
        0..2usize,
        -HOUR..HOUR,
    );
    prop::collection::vec(one, 1..100).prop_map(|all| {
        let mut now = START;
        all.into_iter()
            .map(|(body, step, span, vlans, sensor, skew)| {
                now += step;
                let last_seen = now + skew / 4;
                let observation = Observation {
                    first_seen: last_seen - span,
                    last_seen,
                    count: 1,
                    origin: origin(&vlans),
                    body,
                };
                (observation, sensor)
            })
            .collect()
    })
}

/// Small bounds, so that they are reached.
fn policy() -> Policy {
    Policy {
        devices: 12,
        conversations: 12,
        realms: 3,
        values: 2,
        sources: 2,
        interfaces: 4,
        open_bindings: 5,
        gateway_interfaces: 6,
        gateway_bindings: 8,
        ended_bindings: 3,
        services: 2,
        forget_after: 20 * DAY,
        ..Policy::default()
    }
}

/// Batches of consecutive observations of one sensor, cut where `cuts` says.
fn batches(observations: &[(Observation, usize)], cuts: &[bool]) -> Vec<Batch> {
    let sensors: [SensorId; 2] = ["s1", "s2"].map(|name| name.parse().unwrap());
    let mut next = [1u64, 1];
    let mut batches: Vec<(usize, u64, Vec<Observation>)> = Vec::new();
    for (position, (observation, sensor)) in observations.iter().enumerate() {
        let cut = cuts.get(position).copied().unwrap_or(true);
        match batches.last_mut() {
            Some((of, _, batch)) if of == sensor && !cut => batch.push(observation.clone()),
            _ => batches.push((*sensor, next[*sensor], vec![observation.clone()])),
        }
        next[*sensor] += 1;
    }
    batches
        .into_iter()
        .map(|(sensor, first_seq, observations)| {
            let header = BatchHeader {
                sensor: sensors[sensor].clone(),
                incarnation: Incarnation(9),
                first_seq,
                after_seq: 0,
                // The same for every splitting.
                received: START + 300 * DAY,
            };
            Batch::new(site(), header, observations)
        })
        .collect()
}

#[derive(Default)]
struct Log {
    records: BTreeMap<StateKey, Bytes>,
    changes: Vec<Changes>,
}

impl Log {
    fn take(&mut self, changes: Changes) {
        for (key, value) in &changes.state {
            match value {
                Some(value) => drop(self.records.insert(key.clone(), value.clone())),
                None => drop(self.records.remove(key)),
            }
        }
        self.changes.push(changes);
    }

    fn restore(&self) -> SiteInventory {
        let records = self.records.iter().rev();
        let records = records.map(|(key, value)| (key.as_bytes(), value.clone()));
        SiteInventory::restore(site(), policy(), records).unwrap()
    }
}

fn fold(batches: Vec<Batch>) -> (SiteInventory, Log) {
    let mut inventory = SiteInventory::new(site(), policy());
    let mut log = Log::default();
    for batch in batches {
        let changes = inventory.apply(batch);
        log.take(changes);
    }
    (inventory, log)
}

/// Where two sites differ, short enough to read.
fn difference(one: &SiteInventory, other: &SiteInventory) -> Option<String> {
    if one == other {
        return None;
    }
    fn first<'a, K: Ord + std::fmt::Debug + 'a, V: PartialEq + std::fmt::Debug + 'a>(
        one: impl Iterator<Item = (&'a K, &'a V)>,
        other: impl Iterator<Item = (&'a K, &'a V)>,
    ) -> String {
        let (one, other) = (
            one.collect::<BTreeMap<_, _>>(),
            other.collect::<BTreeMap<_, _>>(),
        );
        let differ = one
            .keys()
            .chain(other.keys())
            .find(|key| one.get(*key) != other.get(*key));
        differ.map_or_else(String::new, |key| {
            format!("{key:?}\n  {:?}\n  {:?}", one.get(key), other.get(key))
        })
    }
    Some(format!(
        "clock {} {}\ncounters {}\npositions {}\ndevices {}\nconversations {}\nrealms {}\nindex {}\n{:?}\n{:?}\nwork {}",
        one.clock,
        other.clock,
        one.counters == other.counters,
        first(one.positions.iter(), other.positions.iter()),
        first(one.devices.iter(), other.devices.iter()),
        first(one.conversations.iter(), other.conversations.iter()),
        one.realms == other.realms,
        one.index == other.index,
        one.index,
        other.index,
        one.work == other.work,
    ))
}

/// What must hold of any site.
fn check(inventory: &SiteInventory) {
    for device in inventory.devices.values() {
        assert!(device.first_seen <= device.last_seen);
        assert_eq!(device.scheduled, device.deadline(&inventory.policy));
        assert!(
            device.scheduled.is_none_or(|at| at > inventory.clock),
            "nothing is overdue"
        );
        assert!(device.open.len() <= device.most_bindings(&inventory.policy));
        assert!(device.interfaces.len() <= device.most_interfaces(&inventory.policy));
        assert!(device.macs.iter().all(|mac| !mac.is_group()));
        for values in device.attributes.values() {
            assert!(!values.0.is_empty());
            assert!(values.0.iter().filter(|value| value.current).count() <= 1);
            assert!(values.0.iter().all(|value| !value.sources.is_empty()));
        }
    }
    for conversation in inventory.conversations.values() {
        for party in [conversation.client, conversation.server]
            .into_iter()
            .flatten()
        {
            assert!(
                inventory.devices.contains_key(&party),
                "a party that is no device"
            );
        }
    }
    assert!(inventory.devices.len() <= inventory.policy.devices);
    assert!(inventory.conversations.len() <= inventory.policy.conversations);
    for (mac, id) in inventory.index.by_mac.iter() {
        assert!(inventory.devices.contains_key(id), "{mac:?}");
    }
}

/// 128 cases, or half of PROPTEST_CASES.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases / 2,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn replaying_the_log_gives_the_same_bytes(all in observations(), cuts in prop::collection::vec(any::<bool>(), 100)) {
        let (first, one) = fold(batches(&all, &cuts));
        let (second, other) = fold(batches(&all, &cuts));
        prop_assert_eq!(&one.changes, &other.changes);
        prop_assert_eq!(difference(&first, &second), None);
        check(&first);
    }

    #[test]
    fn a_restart_anywhere_changes_nothing(all in observations(), cuts in prop::collection::vec(any::<bool>(), 100), restarts in prop::collection::vec(any::<bool>(), 100)) {
        let (straight, log) = fold(batches(&all, &cuts));
        let mut inventory = SiteInventory::new(site(), policy());
        let mut interrupted = Log::default();
        for (batch, restart) in batches(&all, &cuts).into_iter().zip(&restarts) {
            if *restart {
                let restored = interrupted.restore();
                prop_assert_eq!(difference(&restored, &inventory), None);
                inventory = restored;
            }
            let changes = inventory.apply(batch);
            interrupted.take(changes);
        }
        prop_assert_eq!(difference(&interrupted.restore(), &inventory), None);
        prop_assert_eq!(difference(&straight, &inventory), None);
        prop_assert_eq!(&log.changes, &interrupted.changes);
    }

    #[test]
    fn records_are_what_the_schema_says(all in observations()) {
        fn again<M: Message + Default>(bytes: &Bytes) -> Vec<u8> {
            M::decode(bytes.clone()).unwrap().encode_to_vec()
        }
        let (_, log) = fold(batches(&all, &[]));
        for (key, value) in &log.records {
            let written = match key.as_str().split('/').nth(1) {
                Some("device") => again::<wire::DeviceRecord>(value),
                Some("conversation") => again::<wire::ConversationRecord>(value),
                _ => continue,
            };
            prop_assert_eq!(written, value.to_vec());
        }
    }

    #[test]
    fn how_observations_are_batched_changes_nothing_in_the_end(all in observations(), cuts in prop::collection::vec(any::<bool>(), 100), others in prop::collection::vec(any::<bool>(), 100)) {
        let (one, log) = fold(batches(&all, &cuts));
        let (other, other_log) = fold(batches(&all, &others));
        prop_assert_eq!(difference(&one, &other), None);
        prop_assert_eq!(&log.records, &other_log.records);
    }

    #[test]
    fn batches_sent_again_change_nothing_but_the_count(all in observations(), cuts in prop::collection::vec(any::<bool>(), 100), again in prop::collection::vec(0..3usize, 100)) {
        let (mut once, _) = fold(batches(&all, &cuts));
        let sent = batches(&all, &cuts);
        let mut resent = Vec::new();
        for (position, times) in (0..sent.len()).zip(&again) {
            resent.push(sent[position].clone());
            for back in 0..*times {
                resent.push(sent[position.saturating_sub(back)].clone());
            }
        }
        let (mut more, _) = fold(resent);
        for inventory in [&mut once, &mut more] {
            for position in inventory.positions.values_mut() {
                position.duplicates = 0;
            }
        }
        prop_assert_eq!(difference(&once, &more), None);
    }

    #[test]
    fn everything_told_in_public_adds_up(all in observations(), cuts in prop::collection::vec(any::<bool>(), 100)) {
        let (inventory, log) = fold(batches(&all, &cuts));
        check(&inventory);
        let mut public = BTreeMap::new();
        let mut identities = std::collections::BTreeSet::new();
        for event in log.changes.iter().flat_map(|changes| &changes.events) {
            let code = std::mem::discriminant(&event.kind);
            let entity = match &event.kind {
                EventKind::DeviceNew(device)
                | EventKind::DeviceIdle(device)
                | EventKind::DeviceGone(device)
                | EventKind::DeviceChanged { device, .. }
                | EventKind::DeviceReturned { device, .. } => device.id,
                EventKind::DeviceMerged { device, absorbed } => {
                    public.remove(absorbed);
                    device.id
                }
                EventKind::DeviceForgotten { device } => {
                    public.remove(device);
                    *device
                }
                EventKind::InventoryRecord(device) => {
                    public.insert(device.id, device.clone());
                    device.id
                }
                _ => continue,
            };
            let text = format!("{code:?}");
            prop_assert!(identities.insert((entity, event.revision, event.time, text)), "an event told twice: {:?}", event.kind);
        }
        let kept: Vec<_> = inventory.devices.keys().copied().collect();
        let told: Vec<_> = public.keys().copied().collect();
        prop_assert_eq!(told, kept, "the compacted topic has exactly the devices of the site");
        for device in inventory.devices() {
            let last = &public[&device.id];
            prop_assert_eq!(last.revision, device.revision);
            prop_assert_eq!(last.status, device.status);
            prop_assert_eq!(last.macs.clone(), device.macs.clone());
            let open = |device: &DeviceSnapshot| -> Vec<_> {
                device.bindings.iter().map(|held| (held.ip, held.mac, held.until.is_some(), held.contested)).collect()
            };
            prop_assert_eq!(open(last), open(&device));
        }
    }
}
