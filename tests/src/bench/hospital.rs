//! The hospital's observations as a sensor would send them. The hospital knows nothing of the protocol; this is the one place that
//! knows both.

use std::collections::BTreeMap;
use std::net::IpAddr;

use auscult_hospital::load as hospital;
use auscult_proto::ids::CapturePoint;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{
    Binding, Body, Conversation, Endpoint, Fact, FactFlags, Heartbeat, Observation, Origin, Subject,
};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, Service};

/// Makes the protocol's observations. Remembers what each interface sent: the protocol reports totals, the hospital differences.
#[derive(Debug, Default)]
pub struct Adapter {
    sent: BTreeMap<Mac, (u64, u64)>,
}

impl Adapter {
    /// The same statement in the protocol's words; `None` for a value that is empty, which no sensor would state.
    pub fn observation(&mut self, said: &hospital::Observation<'_>) -> Option<Observation> {
        Some(Observation {
            first_seen: said.first_seen_ms,
            last_seen: said.last_seen_ms,
            count: said.count,
            origin: Origin {
                capture_point: capture_point(),
                vlans: vec![said.origin.vlan],
                vni: None,
                erspan_session: None,
            },
            body: self.body(said)?,
        })
    }

    fn body(&mut self, said: &hospital::Observation<'_>) -> Option<Body> {
        Some(match said.body {
            hospital::Body::Fact {
                sender,
                attribute,
                value,
            } => Body::Fact(fact(sender, attribute, value)?),
            hospital::Body::Conversation {
                client,
                server,
                protocol,
                port,
                bytes,
                packets,
            } => Body::Conversation(Conversation {
                client: endpoint(client),
                server: endpoint(server),
                ip_protocol: protocol,
                port,
                service: service(protocol, port),
                bytes_to_server: bytes.0,
                bytes_to_client: bytes.1,
                packets_to_server: packets.0,
                packets_to_client: packets.1,
                evidence: DirectionEvidence::Handshake,
                one_way: false,
                closed: false,
            }),
            hospital::Body::Binding { endpoint, lease_s } => Body::Binding(Binding {
                mac: Mac(endpoint.mac.0),
                ip: IpAddr::V4(endpoint.ip),
                source: match lease_s {
                    0 => BindingSource::Arp,
                    _ => BindingSource::Dhcpv4Ack,
                },
                lease_s,
                released: false,
            }),
            hospital::Body::Heartbeat {
                endpoint: who,
                bytes,
            } => {
                let total = self.sent.entry(Mac(who.mac.0)).or_default();
                total.0 += bytes;
                total.1 += said.count;
                Body::Heartbeat(Heartbeat {
                    endpoint: endpoint(who),
                    bytes_sent: total.0,
                    packets_sent: total.1,
                })
            }
        })
    }
}

fn capture_point() -> CapturePoint {
    #[expect(clippy::expect_used, reason = "a constant name")]
    "span1".parse().expect("a valid name")
}

fn endpoint(of: hospital::Endpoint) -> Endpoint {
    Endpoint {
        mac: Some(Mac(of.mac.0)),
        ip: Some(IpAddr::V4(of.ip)),
    }
}

/// Where on the wire each attribute is most often read.
fn fact(
    sender: hospital::Endpoint,
    attribute: hospital::Attribute,
    value: hospital::Value<'_>,
) -> Option<Fact> {
    use ConfidenceClass::{D2, D4, D5};
    use hospital::Attribute as Said;
    let (attribute, field, class) = match attribute {
        Said::Manufacturer => (
            Attribute::DeviceManufacturer,
            Field::LldpmedManufacturer,
            D2,
        ),
        Said::Model => (Attribute::ProductModel, Field::LldpmedModel, D2),
        Said::SoftwareVersion => (Attribute::SwVersion, Field::LldpmedSoftware, D2),
        Said::Serial => (Attribute::Serial, Field::LldpmedSerial, D2),
        Said::Hostname => (Attribute::Hostname, Field::Dhcpv4Opt12, D5),
        Said::AeTitle => (Attribute::AeTitle, Field::DicomCallingAe, D5),
        Said::VendorClass => (Attribute::VendorClass, Field::Dhcpv4Opt60, D4),
    };
    (!value.text.is_empty()).then(|| Fact {
        sender: endpoint(sender),
        subject: Subject::Sender,
        attribute,
        field,
        value: value.to_string(),
        class,
        flags: FactFlags::default(),
    })
}

/// What a sensor recognises.
const fn service(protocol: u8, port: u16) -> Service {
    match (protocol, port) {
        (6, 104 | 11_112) => Service::Dicom,
        (6, 2_575) => Service::Hl7,
        _ => Service::Unspecified,
    }
}
