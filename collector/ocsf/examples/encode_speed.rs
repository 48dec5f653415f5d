//! How long an inventory record takes: `cargo run --release -p auscult-ocsf --example encode_speed`.
//!
//! Devices as the fold makes them: one with 3 attributes, one with 12 from 2 sensors; both with 3 addresses and 4 services.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement, not a part of the product"
)]

use auscult_inventory::{Batch, BatchHeader, Event, EventKind, Policy, SiteInventory};
use auscult_ocsf::{Context, encode};
use auscult_proto::ids::Incarnation;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{
    Binding, Body, Conversation, Endpoint, Fact, FactFlags, Observation, Origin, Subject,
};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, Service};

const START: i64 = 1_700_000_000_000;
const ROUNDS: u32 = 50_000;

/// CPU time of this thread in seconds: other work on the machine does not count.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn endpoint(host: u8) -> Endpoint {
    Endpoint {
        mac: Some(Mac([0, 0x1a, 1, 0, 0, host])),
        ip: Some([10, 0, 0, host].into()),
    }
}

fn bodies() -> Vec<Body> {
    let attributes = [
        Attribute::NicVendor,
        Attribute::DeviceManufacturer,
        Attribute::ProductModel,
        Attribute::Serial,
        Attribute::FwVersion,
        Attribute::Hostname,
        Attribute::VendorClass,
        Attribute::ParameterList,
        Attribute::AeTitle,
        Attribute::SopClass,
        Attribute::ImplementationUid,
        Attribute::Capabilities,
    ];
    let facts = attributes.map(|attribute| {
        Body::Fact(Fact {
            sender: endpoint(1),
            subject: Subject::Sender,
            attribute,
            field: Field::LldpmedModel,
            value: "a value of ordinary length".to_owned(),
            class: ConfidenceClass::D2,
            flags: FactFlags::default(),
        })
    });
    let bindings = [1, 2, 3].map(|host| {
        Body::Binding(Binding {
            mac: Mac([0, 0x1a, 1, 0, 0, 1]),
            ip: [10, 0, 0, host].into(),
            source: BindingSource::Arp,
            lease_s: 0,
            released: false,
        })
    });
    let services = [104, 80, 443, 22].map(|port| {
        Body::Conversation(Conversation {
            client: endpoint(9),
            server: endpoint(1),
            ip_protocol: 6,
            port,
            service: Service::Dicom,
            bytes_to_server: 1_000,
            bytes_to_client: 1_000,
            packets_to_server: 10,
            packets_to_client: 10,
            evidence: DirectionEvidence::Handshake,
            one_way: false,
            closed: false,
        })
    });
    facts.into_iter().chain(bindings).chain(services).collect()
}

fn main() {
    let context = Context {
        cluster: "trial".to_owned(),
        version: "0.1.0".to_owned(),
        tenant: None,
    };
    for (name, sensors, bodies) in [
        ("a device as most are", &["s1"][..], bodies().split_off(9)),
        (
            "a device of which everything is known",
            &["s1", "s2"],
            bodies(),
        ),
    ] {
        let event = record(sensors, &bodies);
        let begin = cpu();
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            for record in encode(&event, &context) {
                bytes += record.value.map_or(0, |value| value.len());
            }
        }
        let each = (cpu() - begin) / f64::from(ROUNDS);
        println!(
            "{name}: {:.2} us for a record of {} bytes",
            each * 1e6,
            bytes / usize::try_from(ROUNDS).unwrap()
        );
    }
}

/// The longest inventory record after each sensor said all this.
fn record(sensors: &[&str], bodies: &[Body]) -> Event {
    let mut site = SiteInventory::new("main".parse().unwrap(), Policy::default());
    let mut events = Vec::new();
    for sensor in sensors {
        let observations = bodies.iter().map(|body| Observation {
            first_seen: START,
            last_seen: START,
            count: 1,
            origin: Origin {
                capture_point: "span0".parse().unwrap(),
                vlans: vec![10],
                vni: None,
                erspan_session: None,
            },
            body: body.clone(),
        });
        let header = BatchHeader {
            sensor: sensor.parse().unwrap(),
            incarnation: Incarnation(1),
            first_seq: 1,
            after_seq: 0,
            received: START,
        };
        let batch = Batch::new("main".parse().unwrap(), header, observations.collect());
        events.extend(site.apply(batch).events);
    }
    let weight = |event: &Event| match &event.kind {
        EventKind::InventoryRecord(device) => device.attributes.len() + 1,
        _ => 0,
    };
    events.into_iter().max_by_key(weight).unwrap()
}
