mod properties;
mod rules;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use auscult_dissect::{ConversationKey, FrameMeta, OriginTag};
use auscult_proto::convert::{decode_body, encode_body};
use auscult_proto::mac::Mac;
use auscult_proto::observation::{Conversation, FactFlags};
use auscult_proto::{Attribute, ConfidenceClass, DirectionEvidence, Field, LossReason, Service};
use bytes::Bytes;

use super::*;

const MINUTE: Millis = 60_000;

fn settings() -> Settings {
    Settings {
        pending_limit: 1 << 22,
        ..Settings::default()
    }
}

fn census_of(settings: Settings) -> Census {
    Census::new(settings, "span0".parse().unwrap(), 42)
}

fn mac(n: u64) -> Mac {
    Mac::from_bits(0x0200_0000_0000 | n).unwrap()
}

fn v4(n: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0000 | n))
}

fn context(now: Millis, sender: Endpoint) -> Context {
    Context {
        meta: FrameMeta {
            number: 1,
            time_ns: now * 1_000_000,
            link_type: 1,
            wire_len: 100,
        },
        origin: OriginTag::default(),
        sender,
    }
}

fn at(mac_number: u64, ip: Option<u32>) -> Endpoint {
    Endpoint {
        mac: Some(mac(mac_number)),
        ip: ip.map(v4),
    }
}

fn state(census: &mut Census, now: Millis, sender: Endpoint, attribute: Attribute, value: &str) {
    let emission = Emission::Fact {
        subject: Subject::Sender,
        attribute,
        field: Field::Dhcpv4Opt12,
        value,
        class: ConfidenceClass::D3,
        flags: FactFlags::default(),
    };
    census.emit(&context(now, sender), emission);
}

fn bind(census: &mut Census, now: Millis, mac_number: u64, ip: u32, lease_s: u32, released: bool) {
    let emission = Emission::Binding {
        mac: mac(mac_number),
        ip: v4(ip),
        source: if lease_s > 0 || released {
            BindingSource::Dhcpv4Ack
        } else {
            BindingSource::Arp
        },
        lease_s,
        released,
    };
    census.emit(&context(now, at(mac_number, None)), emission);
}

fn talk(
    now: Millis,
    client: u32,
    server: u32,
    to_server: u64,
    to_client: u64,
) -> ConversationReport {
    ConversationReport {
        key: ConversationKey {
            origin: OriginTag::default(),
            client: at(client.into(), Some(client)),
            server: at(server.into(), Some(server)),
            ip_protocol: 6,
            port: 104,
        },
        first_frame: 1,
        first_ns: now * 1_000_000,
        last_ns: now * 1_000_000,
        service: Service::Unspecified,
        evidence: DirectionEvidence::Handshake,
        bytes_to_server: to_server * 60,
        bytes_to_client: to_client * 60,
        packets_to_server: to_server,
        packets_to_client: to_client,
        closed: false,
    }
}

fn finish(census: &mut Census) -> Vec<Observation> {
    let mut all = census.drain();
    while !census.finish() {
        all.append(&mut census.drain());
    }
    all.append(&mut census.drain());
    all
}

fn values(observations: &[Observation]) -> Vec<&str> {
    let facts = observations.iter().filter_map(|o| match &o.body {
        Body::Fact(fact) => Some(fact.value.as_str()),
        _ => None,
    });
    facts.collect()
}

fn said_conversations(observations: &[Observation]) -> Vec<(&Observation, &Conversation)> {
    let conversations = observations.iter().filter_map(|o| match &o.body {
        Body::Conversation(conversation) => Some((o, conversation)),
        _ => None,
    });
    conversations.collect()
}
