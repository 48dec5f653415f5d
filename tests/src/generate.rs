//! Observations without packets: a function of (site, sequence), so that any process at any time makes the same ones.

use std::net::{IpAddr, Ipv4Addr};

use auscult_proto::mac::Mac;
use auscult_proto::observation::{
    Binding, Body, Conversation, Endpoint, Fact, FactFlags, Heartbeat, Observation, Origin, Subject,
};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, Service};

/// What one generated site is like.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// Devices of the site.
    pub devices: u32,
    /// One in this many observations changes what is known; the others refresh it.
    pub change_every: u64,
    /// Of 16 changes, so many are news about a device (a version, an address, an application); the others are conversations not
    /// seen before and statements made again.
    pub news_of_16: u64,
    /// Observations per second of record time.
    pub per_second: u64,
}

impl Mix {
    /// The mix of a hospital in steady state: 8 of 10 refresh, 2 of 10 change. Half of the changes are news, so that it makes about as
    /// many public records of an observation as real traffic played on: `bench_collector` says how many this mix makes,
    /// `bench_uplink --loop` how many a capture does.
    pub const STEADY: Self = Self {
        devices: 5_000,
        change_every: 5,
        news_of_16: 8,
        per_second: 500,
    };
    /// A small, busy site, where most entities are touched often.
    pub const SMALL: Self = Self {
        devices: 60,
        change_every: 3,
        news_of_16: 16,
        per_second: 20,
    };
}

/// 2026-01-01T00:00:00Z.
pub const EPOCH_MS: i64 = 1_767_225_600_000;

/// SplitMix64: a good mixer of small numbers.
#[must_use]
pub fn mix64(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn low32(value: u64) -> u32 {
    let [_, _, _, _, a, b, c, d] = value.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn endpoint(site: u32, device: u32) -> Endpoint {
    let [_, a, b, c] = device.to_be_bytes();
    let [.., s] = site.to_be_bytes();
    Endpoint {
        mac: Some(Mac([0x00, 0x1a, s, a, b, c])),
        ip: Some(address(device, 0)),
    }
}

fn address(device: u32, lease: u32) -> IpAddr {
    let [_, _, b, c] = device.to_be_bytes();
    let [.., l] = lease.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, 64 | (l & 1), b, c))
}

fn origin() -> Origin {
    #[expect(clippy::expect_used, reason = "a constant name")]
    let capture_point = "span1".parse().expect("a valid name");
    Origin {
        capture_point,
        vlans: vec![110],
        vni: None,
        erspan_session: None,
    }
}

/// The observation with sequence `seq` (from 1) of generated site number `site`.
#[must_use]
pub fn observation(site: u32, seq: u64, mix: Mix) -> Observation {
    let time = EPOCH_MS.saturating_add_unsigned(seq.saturating_mul(1000) / mix.per_second);
    let random = mix64(seq ^ (u64::from(site) << 48));
    let device = low32(random) % mix.devices;
    let body = if seq <= u64::from(mix.devices) {
        // Everybody is introduced once, in order.
        introduction(site, low32(seq - 1))
    } else if seq.is_multiple_of(mix.change_every) {
        change(site, device, seq, random, mix)
    } else {
        refresh(site, device, seq, random)
    };
    Observation {
        first_seen: time,
        last_seen: time,
        count: 1 + random % 7,
        origin: origin(),
        body,
    }
}

fn introduction(site: u32, device: u32) -> Body {
    Body::Fact(Fact {
        sender: endpoint(site, device),
        subject: Subject::Sender,
        attribute: Attribute::Hostname,
        field: Field::Dhcpv4Opt12,
        value: format!("dev-{site}-{device}"),
        class: ConfidenceClass::D5,
        flags: FactFlags::default(),
    })
}

fn refresh(site: u32, device: u32, seq: u64, random: u64) -> Body {
    let client = endpoint(site, device);
    if random & 0x100 == 0 {
        return Body::Heartbeat(Heartbeat {
            endpoint: client,
            bytes_sent: seq * 900,
            packets_sent: seq * 3,
        });
    }
    conversation(
        client,
        endpoint(site, device % 16),
        if device.is_multiple_of(3) { 104 } else { 2575 },
        seq,
    )
}

fn conversation(client: Endpoint, server: Endpoint, port: u16, seq: u64) -> Body {
    Body::Conversation(Conversation {
        client,
        server,
        ip_protocol: 6,
        port,
        service: if port == 104 {
            Service::Dicom
        } else {
            Service::Hl7
        },
        bytes_to_server: 1_000_000 + seq * 10,
        bytes_to_client: 500_000 + seq,
        packets_to_server: 2_000 + seq / 8,
        packets_to_client: 1_500 + seq / 8,
        evidence: DirectionEvidence::Handshake,
        one_way: false,
        closed: false,
    })
}

fn port(random: u64) -> u16 {
    let [.., low] = random.to_be_bytes();
    1024 + u16::from(low)
}

fn change(site: u32, device: u32, seq: u64, random: u64, mix: Mix) -> Body {
    let sender = endpoint(site, device);
    match (random >> 12) % 16 {
        pick if pick < mix.news_of_16 => news(site, device, sender, seq, random),
        pick if pick < 13 => conversation(
            sender,
            endpoint(site, low32(random >> 36) % 64),
            port(random),
            seq,
        ),
        _ => introduction(site, device),
    }
}

fn news(site: u32, device: u32, sender: Endpoint, seq: u64, random: u64) -> Body {
    match (random >> 32) % 4 {
        0 => Body::Fact(Fact {
            sender,
            subject: Subject::Sender,
            attribute: Attribute::SwVersion,
            field: Field::Hl7Sft2,
            value: format!("4.{}.{}", seq / 100_000, (random >> 40) % 8),
            class: ConfidenceClass::D4,
            flags: FactFlags::default(),
        }),
        1 => Body::Binding(Binding {
            mac: sender.mac.unwrap_or_default(),
            ip: address(device, low32(random >> 33)),
            source: BindingSource::Dhcpv4Ack,
            lease_s: 28_800,
            released: false,
        }),
        2 => conversation(
            sender,
            endpoint(site, low32(random >> 36) % 64),
            port(random),
            seq,
        ),
        _ => Body::Fact(Fact {
            sender,
            subject: Subject::Sender,
            attribute: Attribute::Application,
            field: Field::Hl7Msh3,
            value: format!("APP_{}", (random >> 41) % 5),
            class: ConfidenceClass::D4,
            flags: FactFlags::default(),
        }),
    }
}
