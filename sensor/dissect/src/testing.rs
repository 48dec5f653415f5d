//! What the tests of several protocols share: a sink that remembers, and builders for frames.

use std::net::IpAddr;

use auscult_proto::limits::VALUE_BYTES;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{Endpoint, FactFlags, Subject};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, Field};

use crate::packet::{FrameMeta, OriginTag};
use crate::sink::{Context, ConversationReport, Emission, Sink};

/// A fact as a sink received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) subject: Subject,
    pub(crate) attribute: Attribute,
    pub(crate) field: Field,
    pub(crate) value: String,
    pub(crate) class: ConfidenceClass,
    pub(crate) flags: FactFlags,
    pub(crate) sender: Endpoint,
}

/// A binding as a sink received it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) mac: Mac,
    pub(crate) ip: IpAddr,
    pub(crate) source: BindingSource,
    pub(crate) lease_s: u32,
    pub(crate) released: bool,
}

/// Remembers everything.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) statements: Vec<Statement>,
    pub(crate) bindings: Vec<Bound>,
    pub(crate) seen: Vec<Context>,
    pub(crate) control: Vec<Context>,
    pub(crate) conversations: Vec<ConversationReport>,
}

impl Memory {
    /// What holds of every emission.
    pub(crate) fn assert_sound(&self) {
        for statement in &self.statements {
            let value = &statement.value;
            assert!(
                !value.is_empty() && value.len() <= VALUE_BYTES,
                "{statement:?}"
            );
            assert!(!value.chars().any(char::is_control), "{statement:?}");
            let sender = statement.sender;
            assert!(sender.mac.is_some() || sender.ip.is_some(), "{statement:?}");
        }
        for bound in &self.bindings {
            assert!(!bound.mac.is_group() && !bound.mac.is_zero(), "{bound:?}");
            assert!(
                !bound.ip.is_unspecified() && !bound.ip.is_multicast(),
                "{bound:?}"
            );
        }
    }

    /// The values stated for an attribute, in order.
    pub(crate) fn values(&self, attribute: Attribute) -> Vec<&str> {
        self.statements
            .iter()
            .filter(|s| s.attribute == attribute)
            .map(|s| s.value.as_str())
            .collect()
    }

    /// The values read from a field, in order.
    pub(crate) fn read_from(&self, field: Field) -> Vec<&str> {
        self.statements
            .iter()
            .filter(|s| s.field == field)
            .map(|s| s.value.as_str())
            .collect()
    }
}

impl Sink for Memory {
    fn emit(&mut self, context: &Context, emission: Emission<'_>) {
        match emission {
            Emission::Fact {
                subject,
                attribute,
                field,
                value,
                class,
                flags,
            } => self.statements.push(Statement {
                subject,
                attribute,
                field,
                value: value.to_owned(),
                class,
                flags,
                sender: context.sender,
            }),
            Emission::Binding {
                mac,
                ip,
                source,
                lease_s,
                released,
            } => self.bindings.push(Bound {
                mac,
                ip,
                source,
                lease_s,
                released,
            }),
        }
    }

    fn conversation(&mut self, report: &ConversationReport) {
        self.conversations.push(*report);
    }

    fn seen(&mut self, context: &Context) {
        self.seen.push(*context);
    }

    fn l2_control(&mut self, context: &Context) {
        self.control.push(*context);
    }
}

/// Runs `work` with a sink and returns the facts it received.
pub(crate) fn statements(work: impl FnOnce(&mut Memory)) -> Vec<Statement> {
    let mut memory = Memory::default();
    work(&mut memory);
    memory.statements
}

/// The first octets of an address of ours, numbered.
pub(crate) fn mac(number: u8) -> Mac {
    Mac([0x00, 0x1a, 0xfa, 0, 0, number])
}

/// Frame 1 of an Ethernet capture.
pub(crate) fn meta() -> FrameMeta {
    FrameMeta {
        number: 1,
        time_ns: 1_700_000_000_000_000_000,
        link_type: 1,
        wire_len: 0,
    }
}

/// A frame of `mac(1)`.
pub(crate) fn context() -> Context {
    Context {
        meta: meta(),
        origin: OriginTag::default(),
        sender: Endpoint {
            mac: Some(mac(1)),
            ip: None,
        },
    }
}

/// Frames built by hand, inside out.
pub(crate) mod build {
    use auscult_proto::mac::Mac;

    /// Ethernet II.
    pub(crate) fn ethernet(src: Mac, dst: Mac, ethertype: u16, payload: &[u8]) -> Vec<u8> {
        [&dst.0[..], &src.0, &ethertype.to_be_bytes(), payload].concat()
    }

    /// 802.3 with LLC and SNAP.
    pub(crate) fn snap(src: Mac, dst: Mac, oui: [u8; 3], pid: u16, payload: &[u8]) -> Vec<u8> {
        let llc = [&[0xaa, 0xaa, 3], &oui[..], &pid.to_be_bytes(), payload].concat();
        ethernet(src, dst, u16::try_from(llc.len()).unwrap(), &llc)
    }

    /// The inside of a tag: control and what follows.
    pub(crate) fn tag(vlan: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
        [&vlan.to_be_bytes()[..], &ethertype.to_be_bytes(), payload].concat()
    }

    /// IPv4 without options; `flags` as on the wire, fragment offset included.
    pub(crate) fn ipv4_piece(
        src: [u8; 4],
        dst: [u8; 4],
        protocol: u8,
        id: u16,
        flags: u16,
        payload: &[u8],
    ) -> Vec<u8> {
        let total = u16::try_from(20 + payload.len()).unwrap();
        [
            &[0x45, 0][..],
            &total.to_be_bytes(),
            &id.to_be_bytes(),
            &flags.to_be_bytes(),
            &[64, protocol, 0, 0],
            &src,
            &dst,
            payload,
        ]
        .concat()
    }

    /// Whole IPv4.
    pub(crate) fn ipv4(src: [u8; 4], dst: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
        ipv4_piece(src, dst, protocol, 1, 0x4000, payload)
    }

    /// IPv6 from `fe80::src` to `fe80::dst`.
    pub(crate) fn ipv6(src: u8, dst: u8, next: u8, hop_limit: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap();
        let address = |last: u8| {
            let mut octets = [0; 16];
            octets[0] = 0xfe;
            octets[1] = 0x80;
            octets[15] = last;
            octets
        };
        [
            &[0x60, 0, 0, 0][..],
            &length.to_be_bytes(),
            &[next, hop_limit],
            &address(src),
            &address(dst),
            payload,
        ]
        .concat()
    }

    /// UDP without a checksum.
    pub(crate) fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(8 + payload.len()).unwrap();
        [
            &src.to_be_bytes()[..],
            &dst.to_be_bytes(),
            &length.to_be_bytes(),
            &[0, 0],
            payload,
        ]
        .concat()
    }

    /// TCP without options, acknowledging and pushing.
    pub(crate) fn tcp(src: u16, dst: u16, seq: u32, payload: &[u8]) -> Vec<u8> {
        [
            &src.to_be_bytes()[..],
            &dst.to_be_bytes(),
            &seq.to_be_bytes(),
            &[0, 0, 0, 9, 0x50, 0x18, 1, 0, 0, 0, 0, 0],
            payload,
        ]
        .concat()
    }
}
