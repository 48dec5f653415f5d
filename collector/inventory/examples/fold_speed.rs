//! How fast one thread folds: `cargo run --release -p auscult-inventory --example fold_speed`.
//!
//! A site of 5,000 devices and 50,000 conversations; four in five observations repeat what is known (heartbeats and conversations,
//! reported every 5 minutes), one in five changes something (9 % new conversations, 9 % statements repeated, 2 % new statements).
//! Decoding is measured apart.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a measurement, not a part of the product"
)]

use std::net::IpAddr;

use auscult_inventory::{Batch, Policy, SiteInventory};
use auscult_proto::convert::encode_body;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{
    Body, Conversation, Endpoint, Fact, FactFlags, Heartbeat, Observation, Origin, Subject,
};
use auscult_proto::{Attribute, ConfidenceClass, DirectionEvidence, Field, Service, wire};

const DEVICES: u64 = 5_000;
const CONVERSATIONS: u64 = 50_000;
const BATCH: usize = 512;
const START: i64 = 1_700_000_000_000;

fn endpoint(device: u64) -> Endpoint {
    let [.., a, b, c] = device.to_be_bytes();
    Endpoint {
        mac: Some(Mac([0, 0x1a, 1, a, b, c])),
        ip: Some(IpAddr::from([10, a, b, c])),
    }
}

const ATTRIBUTES: [Attribute; 4] = [
    Attribute::Hostname,
    Attribute::VendorClass,
    Attribute::SopClass,
    Attribute::AeTitle,
];

fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn observation(random: &mut u64, number: u64, step_ms: f64) -> Observation {
    let now = START + (number as f64 * step_ms) as i64;
    let mut device = next(random) % DEVICES;
    let body = match next(random) % 100 {
        0..=19 => Body::Heartbeat(Heartbeat {
            endpoint: endpoint(device),
            bytes_sent: number,
            packets_sent: number,
        }),
        20..=79 => {
            let which = next(random) % CONVERSATIONS;
            device = which % DEVICES;
            let port = 1_000 + (which % 10) as u16;
            Body::Conversation(conversation(device, which * 7 % DEVICES, port, number))
        }
        // A client talks to a known service for the first time.
        80..=88 => {
            let port = 1_000 + (next(random) % 10) as u16;
            Body::Conversation(conversation(device, next(random) % 500, port, number))
        }
        // A statement is repeated, or (one in fifty of all) a new one is made.
        kind => Body::Fact(Fact {
            sender: endpoint(device),
            subject: Subject::Sender,
            attribute: ATTRIBUTES[(next(random) % 4) as usize],
            field: Field::Dhcpv4Opt60,
            value: if kind >= 98 {
                format!("value-{}", next(random) % 8)
            } else {
                "value-0".to_owned()
            },
            class: ConfidenceClass::D3,
            flags: FactFlags::default(),
        }),
    };
    Observation {
        first_seen: START,
        last_seen: now,
        count: 3,
        origin: Origin {
            capture_point: "span0".parse().unwrap(),
            vlans: vec![(device % 8) as u16 + 10],
            vni: None,
            erspan_session: None,
        },
        body,
    }
}

fn conversation(client: u64, server: u64, port: u16, number: u64) -> Conversation {
    Conversation {
        client: endpoint(client),
        server: endpoint(server),
        ip_protocol: 6,
        port,
        service: Service::Tls,
        bytes_to_server: 10_000 + number,
        bytes_to_client: 50_000 + number,
        packets_to_server: 100,
        packets_to_client: 100,
        evidence: DirectionEvidence::Handshake,
        one_way: false,
        closed: false,
    }
}

/// CPU time of this thread in seconds: other work on the machine does not count.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn main() {
    // How much time passes between observations decides how many repetitions cross a step of "last seen".
    for (name, step_ms) in [
        ("dense (most repetitions within one step)", 0.05),
        ("live (300 s between repetitions)", 5.5),
    ] {
        let mut random = 1;
        let mut inventory = SiteInventory::new("main".parse().unwrap(), Policy::default());
        let (mut decode, mut fold, mut records, mut bytes, mut events) =
            (0.0, 0.0, 0usize, 0usize, 0usize);
        let total: u64 = 1_000_000;
        let warm: u64 = 400_000;
        let mut number = 0;
        while number < total {
            let observations: Vec<Observation> = (0..BATCH as u64)
                .map(|n| observation(&mut random, number + n, step_ms))
                .collect();
            let logged = wire::LoggedBatch {
                site: "main".into(),
                sensor: "s1".into(),
                incarnation: 1,
                first_seq: number + 1,
                count: BATCH as u32,
                received_ms: START + 86_400_000,
                body: encode_body(&observations).into(),
                after_seq: 0,
            };
            let begin = cpu();
            let batch = Batch::decode(logged).unwrap();
            let decoded = cpu();
            let changes = inventory.apply(batch);
            let folded = cpu() - decoded;
            number += BATCH as u64;
            if number > warm {
                decode += decoded - begin;
                fold += folded;
                records += changes.state.len();
                bytes += changes
                    .state
                    .iter()
                    .filter_map(|(_, value)| value.as_ref())
                    .map(|value| value.len())
                    .sum::<usize>();
                events += changes.events.len();
            }
        }
        let measured = (total - warm) as f64;
        println!(
            "{name}: fold {:.0} k/s, decode {:.0} k/s, both {:.0} k/s; {:.2} state records and {:.0} B per observation, {:.3} events; {} devices, {} conversations",
            measured / fold / 1e3,
            measured / decode / 1e3,
            measured / (fold + decode) / 1e3,
            records as f64 / measured,
            bytes as f64 / measured,
            events as f64 / measured,
            inventory.device_count(),
            inventory.conversation_count(),
        );
    }
}
