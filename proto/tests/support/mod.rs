//! One observation of every kind, with every field set.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use auscult_proto::mac::Mac;
use auscult_proto::observation::{
    Binding, Body, Conversation, Endpoint, Fact, FactFlags, Health, Heartbeat, Loss, Observation,
    Origin, Subject,
};
use auscult_proto::{
    Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, HealthState, LossReason,
    Service,
};

pub(crate) const PUMP: Mac = Mac([0x00, 0x1a, 0xfa, 0x00, 0x00, 0x01]);

pub(crate) fn v4(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

pub(crate) fn v6(last: u16) -> IpAddr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last).into()
}

pub(crate) fn endpoint(mac: Option<Mac>, ip: Option<IpAddr>) -> Endpoint {
    Endpoint { mac, ip }
}

pub(crate) fn observation(body: Body) -> Observation {
    Observation {
        first_seen: 1_700_000_000_000,
        last_seen: 1_700_000_060_000,
        count: 3,
        origin: Origin {
            capture_point: "span-1".parse().unwrap(),
            vlans: vec![100, 4095],
            vni: Some(0),
            erspan_session: Some(1023),
        },
        body,
    }
}

pub(crate) fn fact(subject: Subject) -> Body {
    Body::Fact(Fact {
        sender: endpoint(Some(PUMP), Some(v4(1))),
        subject,
        attribute: Attribute::Hostname,
        field: Field::Dhcpv4Opt12,
        value: "pump-042 größe".to_owned(),
        class: ConfidenceClass::D2,
        flags: FactFlags::TRUNCATED.with(FactFlags::HEARSAY),
    })
}

pub(crate) fn conversation() -> Body {
    Body::Conversation(Conversation {
        client: endpoint(Some(PUMP), Some(v6(1))),
        server: endpoint(None, Some(v6(2))),
        ip_protocol: 6,
        port: 11112,
        service: Service::Dicom,
        bytes_to_server: 1 << 40,
        bytes_to_client: 2,
        packets_to_server: 3,
        packets_to_client: u64::MAX,
        evidence: DirectionEvidence::Handshake,
        one_way: true,
        closed: true,
    })
}

pub(crate) fn health() -> Health {
    Health {
        version: "0.1.0".to_owned(),
        state: HealthState::ClockSkew,
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
        one_way_per_mille: 1000,
        no_l2_control: true,
        silent_vlans: vec![1, 4095],
        cert_not_after: 14,
    }
}

/// Name and observation, one of every kind.
pub(crate) fn kinds() -> Vec<(&'static str, Observation)> {
    let bodies = vec![
        ("fact", fact(Subject::Sender)),
        (
            "fact_about_endpoint",
            fact(Subject::Endpoint(endpoint(None, Some(v4(9))))),
        ),
        ("fact_about_key", fact(Subject::Key("ARCHIVE".to_owned()))),
        ("conversation", conversation()),
        (
            "binding",
            Body::Binding(Binding {
                mac: PUMP,
                ip: v4(7),
                source: BindingSource::Dhcpv4Ack,
                lease_s: 86_400,
                released: true,
            }),
        ),
        (
            "heartbeat",
            Body::Heartbeat(Heartbeat {
                endpoint: endpoint(Some(PUMP), None),
                bytes_sent: 300,
                packets_sent: 2,
            }),
        ),
        ("health", Body::Health(Box::new(health()))),
        (
            "loss",
            Body::Loss(Loss {
                reason: LossReason::SegmentQuarantined,
                first_seq: 4711,
                count: 12,
            }),
        ),
    ];
    let named = bodies.into_iter();
    named
        .map(|(name, body)| (name, observation(body)))
        .collect()
}
