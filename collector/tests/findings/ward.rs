//! What sensors and publishers say of a small ward.

use std::net::IpAddr;

use auscult_collector::intel::record::Record;
use auscult_intel::vulnerability::Vulnerability;
use auscult_log::{Message, Topic};
use auscult_proto::mac::Mac;
use auscult_proto::observation::{
    Body, Conversation, Endpoint, Fact, FactFlags, Heartbeat, Observation, Origin, Subject,
};
use auscult_proto::{Attribute, ConfidenceClass, DirectionEvidence, Field, Service, convert, wire};
use bytes::Bytes;
use prost::Message as _;

#[path = "../../findings/src/tests/flaw.rs"]
mod flaw;

pub(crate) use flaw::{flaw, with_epss, with_kev};

pub(crate) const START: i64 = 1_790_000_000_000;
pub(crate) const DAY: i64 = 86_400_000;

/// One sensor of one site.
pub(crate) struct Sensor {
    site: &'static str,
    next: u64,
    pub(crate) now: i64,
    waiting: Vec<Observation>,
}

fn endpoint(n: u8) -> Endpoint {
    Endpoint {
        mac: Some(Mac([0, 0x1a, 0xfa, 0, 0, n])),
        ip: Some(IpAddr::from([10, 0, 0, n])),
    }
}

impl Sensor {
    pub(crate) fn new() -> Self {
        Self::of("main")
    }

    pub(crate) fn of(site: &'static str) -> Self {
        Self {
            site,
            next: 1,
            now: START,
            waiting: Vec::new(),
        }
    }

    fn observe(&mut self, body: Body) {
        self.now += 1_000;
        self.waiting.push(Observation {
            first_seen: self.now,
            last_seen: self.now,
            count: 1,
            origin: Origin {
                capture_point: "span0".parse().unwrap(),
                vlans: vec![10],
                vni: None,
                erspan_session: None,
            },
            body,
        });
    }

    pub(crate) fn alive(&mut self, n: u8) {
        self.observe(Body::Heartbeat(Heartbeat {
            endpoint: endpoint(n),
            bytes_sent: 1_000,
            packets_sent: 10,
        }));
    }

    fn fact(&mut self, n: u8, attribute: Attribute, field: Field, value: &str) {
        self.observe(Body::Fact(Fact {
            sender: endpoint(n),
            subject: Subject::Sender,
            attribute,
            field,
            value: value.to_owned(),
            class: ConfidenceClass::D1,
            flags: FactFlags::default(),
        }));
    }

    pub(crate) fn version(&mut self, n: u8, version: &str) {
        self.fact(n, Attribute::FwVersion, Field::LldpmedFirmware, version);
    }

    /// What an application on it calls itself.
    pub(crate) fn application(&mut self, n: u8, name: &str) {
        self.fact(n, Attribute::AeTitle, Field::DicomCallingAe, name);
    }

    pub(crate) fn pump(&mut self, n: u8, version: &str) {
        self.fact(
            n,
            Attribute::DeviceManufacturer,
            Field::LldpmedManufacturer,
            "ICU Medical",
        );
        self.fact(n, Attribute::ProductModel, Field::LldpmedModel, "Plum 360");
        self.fact(
            n,
            Attribute::DeviceType,
            Field::LldpSystemDescription,
            "infusion pump",
        );
        self.version(n, version);
    }

    fn conversation(&mut self, client: Endpoint, server: Endpoint, port: u16) {
        self.observe(Body::Conversation(Conversation {
            client,
            server,
            ip_protocol: 6,
            port,
            service: Service::Unspecified,
            bytes_to_server: 1_000,
            bytes_to_client: 5_000,
            packets_to_server: 10,
            packets_to_client: 10,
            evidence: DirectionEvidence::Handshake,
            one_way: false,
            closed: false,
        }));
    }

    /// A workstation maintains a pump.
    pub(crate) fn maintains(&mut self, client: u8, pump: u8) {
        self.conversation(endpoint(client), endpoint(pump), 9_000);
    }

    /// People read the web on it.
    pub(crate) fn browses(&mut self, n: u8) {
        let router = Mac([0, 0x1a, 0xfa, 0, 0, 254]);
        let outside = Endpoint {
            mac: Some(router),
            ip: Some(IpAddr::from([93, 184, 216, 34])),
        };
        self.conversation(endpoint(n), outside, 443);
    }

    /// What was observed, as ingest writes it.
    pub(crate) fn batch(&mut self) -> Message {
        let count = u64::try_from(self.waiting.len()).unwrap();
        let batch = wire::LoggedBatch {
            site: self.site.to_owned(),
            sensor: "s1".to_owned(),
            incarnation: 9,
            first_seq: self.next,
            after_seq: 0,
            count: u32::try_from(count).unwrap(),
            received_ms: self.now,
            body: convert::encode_body(&self.waiting).into(),
        };
        self.waiting.clear();
        self.next += count;
        Message {
            topic: Topic::Observations,
            partition: None,
            key: Bytes::from_static(self.site.as_bytes()),
            value: Some(batch.encode_to_vec().into()),
            headers: Vec::new(),
            timestamp_ms: self.now,
        }
    }
}

/// As an import writes it.
pub(crate) fn record(flaw: Vulnerability) -> Message {
    let record = Record::of_vulnerability(flaw, std::collections::BTreeSet::new());
    record.message(START).unwrap()
}
