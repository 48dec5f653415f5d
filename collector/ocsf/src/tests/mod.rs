//! Records hold against the strict schemas, whatever the event.

mod findings;
mod golden;
mod property;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use auscult_inventory::{
    AttributeSnapshot, BindingSnapshot, CandidateSnapshot, Cause, Confidence, DeviceClass,
    DeviceId, DeviceSnapshot, Event, EventKind, FieldChange, Identifier, InterfaceSnapshot,
    RoleHint, ServiceSnapshot, SourceSnapshot, Status, Verdict,
};
use auscult_proto::ids::Incarnation;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{FactFlags, Health, Origin};
use auscult_proto::{
    Attribute, BindingSource, ConfidenceClass, Field, HealthState, LossReason, Service,
};
use serde_json::Value;

use crate::{Context, OCSF_VERSION, PublicRecord, encode, encode_all};

const START: i64 = 1_767_225_600_000;

fn context() -> Context {
    Context {
        cluster: "trial".to_owned(),
        version: "0.1.0".to_owned(),
        tenant: Some("st-mary".to_owned()),
    }
}

fn event(kind: EventKind) -> Event {
    Event {
        site: "main".parse().unwrap(),
        time: START + 60_000,
        revision: 4,
        cause: Cause {
            sensor: "s1".parse().unwrap(),
            incarnation: Incarnation(7),
            first_seq: 100,
            received: START + 61_000,
        },
        kind,
    }
}

fn realm() -> Arc<Origin> {
    Arc::new(Origin {
        capture_point: "span0".parse().unwrap(),
        vlans: vec![100, 7],
        vni: Some(5_000),
        erspan_session: Some(2),
    })
}

fn source(field: Field, class: ConfidenceClass, flags: FactFlags) -> SourceSnapshot {
    SourceSnapshot {
        field,
        sensor: "s1".parse().unwrap(),
        class,
        flags,
        first_seen: START,
        last_seen: START + 1_000,
        count: 3,
    }
}

fn attribute(attribute: Attribute, verdict: Verdict, values: &[(&str, u32)]) -> AttributeSnapshot {
    let flags = FactFlags::HEARSAY.with(FactFlags::TRUNCATED);
    AttributeSnapshot {
        attribute,
        many: false,
        verdict,
        contested: values.len() > 1,
        candidates: values
            .iter()
            .map(|(value, confidence)| CandidateSnapshot {
                value: (*value).into(),
                confidence: Confidence(*confidence),
                first_seen: START,
                last_seen: START + 1_000,
                sources: vec![source(Field::LldpmedModel, ConfidenceClass::D2, flags)],
            })
            .collect(),
    }
}

fn attributes() -> Vec<AttributeSnapshot> {
    vec![
        attribute(
            Attribute::NicVendor,
            Verdict::Asserted,
            &[("Smiths Medical", 980_000)],
        ),
        attribute(
            Attribute::DeviceManufacturer,
            Verdict::Likely,
            &[("ICU Medical", 600_000), ("Smiths Medical", 300_000)],
        ),
        attribute(
            Attribute::ProductModel,
            Verdict::Asserted,
            &[("Medfusion 4000", 900_000)],
        ),
        attribute(Attribute::Serial, Verdict::Asserted, &[("M123", 900_000)]),
        attribute(Attribute::OsName, Verdict::Likely, &[("VxWorks", 550_000)]),
        attribute(
            Attribute::Hostname,
            Verdict::Unknown,
            &[("pump-17", 350_000)],
        ),
        attribute(
            Attribute::Fqdn,
            Verdict::Unknown,
            &[("pump-17.ward3.example", 350_000)],
        ),
        attribute(
            Attribute::SystemName,
            Verdict::Asserted,
            &[("pump-17", 900_000)],
        ),
        attribute(
            Attribute::SystemDescription,
            Verdict::Asserted,
            &[("Infusion \"pump\"", 900_000)],
        ),
        attribute(Attribute::AssetId, Verdict::Likely, &[("A-1", 700_000)]),
    ]
}

fn bindings(mac: Mac) -> Vec<BindingSnapshot> {
    let binding = BindingSnapshot {
        ip: IpAddr::from([10, 0, 0, 5]),
        mac: Some(mac),
        realm: realm(),
        source: Some(BindingSource::Dhcpv4Ack),
        since: START,
        last_seen: START + 30_000,
        until: None,
        lease_s: 3_600,
        contested: false,
    };
    vec![
        binding.clone(),
        BindingSnapshot {
            ip: "fd00::5".parse().unwrap(),
            mac: None,
            source: None,
            contested: true,
            lease_s: 0,
            ..binding.clone()
        },
        BindingSnapshot {
            until: Some(START + 10),
            ..binding
        },
    ]
}

/// A device with something in every field.
fn device() -> DeviceSnapshot {
    let mac = Mac([0, 0x1a, 1, 0, 0, 1]);
    DeviceSnapshot {
        id: DeviceId::from_bytes([0x11; 16]),
        revision: 4,
        class: DeviceClass::Physical,
        status: Status::Active,
        first_seen: START,
        last_seen: START + 30_000,
        gateway: true,
        forwarder: false,
        macs: vec![mac],
        identifiers: vec![
            Identifier::Eui64([0, 0x1a, 1, 0xff, 0xfe, 0, 0, 1]),
            Identifier::DuidMac(mac),
        ],
        interfaces: vec![
            InterfaceSnapshot {
                mac: Some(mac),
                realm: realm(),
                first_seen: START,
                last_seen: START + 30_000,
            },
            InterfaceSnapshot {
                mac: None,
                realm: realm(),
                first_seen: START,
                last_seen: START,
            },
        ],
        bindings: bindings(mac),
        attributes: attributes(),
        services: vec![ServiceSnapshot {
            ip_protocol: 6,
            port: 104,
            service: Service::Dicom,
            first_seen: START,
            last_seen: START,
        }],
        roles: vec![RoleHint {
            role: "router",
            confidence: Confidence(900_000),
        }],
        sensors: vec!["s1".parse().unwrap(), "s2".parse().unwrap()],
        merged_from: vec![DeviceId::from_bytes([0x22; 16])],
    }
}

fn health(state: HealthState) -> Health {
    Health {
        version: "0.1.0".to_owned(),
        state,
        packets: 1,
        bytes: 2,
        dropped_by_kernel: 3,
        dropped_by_interface: 4,
        frames_undecoded: 5,
        facts_emitted: 6,
        values_dropped: 7,
        table_evictions: 8,
        spool_bytes: 9,
        spool_limit_bytes: 10,
        oldest_unsent_ms: 11,
        clock_offset_ms: -12,
        rss_bytes: 13,
        one_way_per_mille: 14,
        no_l2_control: true,
        silent_vlans: vec![110],
        cert_not_after: START,
    }
}

fn validator(class: u64) -> &'static jsonschema::Validator {
    static VALIDATORS: OnceLock<Vec<(u64, jsonschema::Validator)>> = OnceLock::new();
    let validators = VALIDATORS.get_or_init(|| {
        [5001, 3004, 6002, 2002, 2004]
            .map(|class| {
                let home = env!("CARGO_MANIFEST_DIR");
                let path = format!("{home}/schemas/{OCSF_VERSION}-{class}.json");
                let text = std::fs::read_to_string(path).unwrap();
                let schema = serde_json::from_str(&text).unwrap();
                (class, jsonschema::validator_for(&schema).unwrap())
            })
            .into()
    });
    let found = validators.iter().find(|(known, _)| *known == class);
    &found.unwrap().1
}

fn json(record: &PublicRecord) -> Option<Value> {
    let value = record.value.as_ref()?;
    Some(serde_json::from_slice(value).unwrap())
}

fn header<'a>(record: &'a PublicRecord, name: &str) -> &'a str {
    let found = record.headers.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_str()).unwrap()
}

/// What does not hold of a record although it must; empty when it is sound. A tombstone has nothing to check.
fn fault(record: &PublicRecord) -> String {
    let Some(value) = json(record) else {
        return String::new();
    };
    let class = value["class_uid"].as_u64().unwrap();
    let faults: Vec<String> = validator(class)
        .iter_errors(&value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    let code = value["metadata"]["event_code"].as_str().unwrap();
    let sound = value["type_uid"] == class * 100 + value["activity_id"].as_u64().unwrap()
        && value["metadata"]["uid"] == header(record, "ce_id")
        && value["metadata"]["log_name"] == record.topic.name()
        && value["metadata"]["correlation_uid"] == record.key.as_str()
        && header(record, "ce_subject") == record.key
        && header(record, "ocsf_class_uid") == class.to_string()
        && header(record, "ce_type") == format!("org.auscult.{code}.v1");
    if faults.is_empty() && sound {
        String::new()
    } else {
        format!("{faults:#?}\n{value:#}")
    }
}

/// One event of every kind.
fn every_kind() -> Vec<EventKind> {
    let shared = || Arc::new(device());
    vec![
        EventKind::InventoryRecord(shared()),
        EventKind::DeviceNew(shared()),
        EventKind::DeviceChanged {
            device: shared(),
            changes: vec![FieldChange {
                field: "fw_version".to_owned(),
                before: Some("1.0".to_owned()),
                after: Some("2.0".to_owned()),
            }],
        },
        EventKind::DeviceIdle(shared()),
        EventKind::DeviceReturned {
            device: shared(),
            was: Status::Gone,
        },
        EventKind::DeviceGone(shared()),
        EventKind::DeviceMerged {
            device: shared(),
            absorbed: DeviceId::from_bytes([0x22; 16]),
        },
        EventKind::DeviceForgotten {
            device: DeviceId::from_bytes([0x11; 16]),
        },
        EventKind::SensorHealth(Box::new(health(HealthState::CaptureDrops))),
        EventKind::SensorLoss {
            reason: LossReason::SpoolFull,
            first_seq: 40,
            count: 12,
        },
        EventKind::BlindInterval {
            first_seq: 40,
            missing: 12,
            from: Some(START),
            until: START + 5_000,
        },
    ]
}

#[test]
fn a_schema_refuses_a_field_that_ocsf_does_not_define() {
    for kind in every_kind() {
        let record = encode(&event(kind), &context()).remove(0);
        let mut value = json(&record).unwrap();
        let class = value["class_uid"].as_u64().unwrap();
        assert!(validator(class).is_valid(&value));
        value["metadata"]["product"]["patient"] = Value::from("x");
        assert!(!validator(class).is_valid(&value));
    }
}

#[test]
fn no_two_events_share_an_identifier_and_encoding_again_gives_the_same_bytes() {
    let mut ids = std::collections::BTreeSet::new();
    for kind in every_kind() {
        for (time, revision) in [(1, 4), (2, 4), (1, 5)] {
            let mut event = event(kind.clone());
            event.time = time;
            event.revision = revision;
            let records = encode(&event, &context());
            assert_eq!(records, encode(&event, &context()));
            for record in records {
                assert!(ids.insert(header(&record, "ce_id").to_owned()), "{kind:?}");
            }
        }
    }
}

#[test]
fn a_device_that_ends_leaves_the_inventory() {
    for (kind, gone) in [
        (every_kind().remove(6), DeviceId::from_bytes([0x22; 16])),
        (every_kind().remove(7), DeviceId::from_bytes([0x11; 16])),
    ] {
        let records = encode(&event(kind), &context());
        let [told, ended] = records.as_slice() else {
            panic!("two records");
        };
        assert_eq!(told.key, gone.to_string());
        assert_eq!(ended.key, gone.to_string());
        assert_eq!(
            (ended.topic, &ended.value),
            (crate::PublicTopic::Inventory, &None)
        );
    }
}

#[test]
fn what_is_only_inferred_is_told_as_a_device_field_from_likely_on() {
    let mut unsure = device();
    unsure.attributes[1].verdict = Verdict::Unknown;
    let record = |device| {
        let event = event(EventKind::InventoryRecord(Arc::new(device)));
        json(&encode(&event, &context())[0]).unwrap()
    };
    assert_eq!(record(device())["device"]["vendor_name"], "ICU Medical");
    let told = record(unsure);
    assert_eq!(told["device"].get("vendor_name"), None);
    let all = &told["unmapped"]["auscult"]["attributes"]["device_manufacturer"];
    assert_eq!(all["candidates"][1]["confidence"], 0.3);
}

#[test]
fn a_sensor_in_trouble_fails_and_one_that_starts_succeeds() {
    for (state, status, activity) in [
        (HealthState::Ok, "Success", 99),
        (HealthState::Started, "Success", 3),
        (HealthState::Stopped, "Success", 4),
        (HealthState::NoTraffic, "Failure", 99),
    ] {
        let event = event(EventKind::SensorHealth(Box::new(health(state))));
        let value = json(&encode(&event, &context())[0]).unwrap();
        assert_eq!(value["status"], status);
        assert_eq!(value["activity_id"], activity);
    }
}
