//! Fuzz bodies: plain functions that panic when something that must hold does not. The libFuzzer wrappers are in `tests/fuzz`; the
//! ordinary tests replay the committed corpus and arbitrary bytes.

use std::fmt;

use auscult_proto::limits::VALUE_BYTES;
use auscult_proto::mac::Mac;
use auscult_proto::observation::Endpoint;
use auscult_proto::{Attribute, ConfidenceClass, Field};

use crate::counters::ValuesDropped;
use crate::cursor::Cursor;
use crate::emit::{Emitter, is_host, is_interface};
use crate::packet::{FrameMeta, IpPacket, OriginTag, Transport};
use crate::sink::{Context, ConversationReport, Emission, Sink};
use crate::{Dissector, Limits, arp, cdp, dhcpv4, dhcpv6, lldp, ndp};

pub use crate::stream::fuzzing::{dicom_assoc, hl7_mllp, streams_raw};

#[cfg(test)]
mod tests;

/// Checks what must hold of every emission, whatever was read.
#[derive(Debug, Default)]
struct Witness {
    /// The frame at hand, and whether its sender was reported.
    frame: u64,
    seen: bool,
    statements: u64,
}

impl Sink for Witness {
    fn emit(&mut self, context: &Context, emission: Emission<'_>) {
        let Endpoint { mac, ip } = context.sender;
        assert!(mac.is_some() || ip.is_some(), "a statement of nobody");
        assert!(mac.is_none_or(is_interface), "a group as a sender");
        self.statements = self.statements.saturating_add(1);
        match emission {
            Emission::Fact { field, value, .. } => {
                assert!(!value.is_empty(), "an empty value of {field:?}");
                assert!(value.len() <= VALUE_BYTES, "a long value of {field:?}");
                let clean = !value.chars().any(char::is_control);
                assert!(clean, "a control character in {field:?}");
            }
            Emission::Binding { mac, ip, .. } => {
                assert!(is_interface(mac) && is_host(ip), "a binding of nothing");
            }
        }
    }

    fn conversation(&mut self, report: &ConversationReport) {
        assert!(report.first_ns <= report.last_ns, "times in order");
    }

    fn seen(&mut self, context: &Context) {
        assert_eq!(context.meta.number, self.frame, "of another frame");
        assert!(!self.seen, "seen twice in one frame");
        self.seen = true;
    }

    fn l2_control(&mut self, _context: &Context) {}
}

const LINK_TYPES: [i32; 17] = [
    1, 0, 9, 12, 50, 51, 104, 105, 108, 113, 119, 127, 163, 192, 219, 276, 11,
];

/// Whole frames through everything: link type, flags, then frames with two octets of length before each.
pub fn frame_raw(data: &[u8]) {
    let mut cursor = Cursor::new(data);
    let [kind, cut] = cursor.array().unwrap_or_default();
    let link_type = LINK_TYPES
        .get(usize::from(kind))
        .copied()
        .unwrap_or(i32::from(kind));
    let mut dissector = Dissector::new(Limits::default());
    let mut witness = Witness::default();
    while let Some(length) = cursor.u16() {
        let bytes = cursor.take_at_most(usize::from(length));
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        witness.frame = witness.frame.saturating_add(1);
        witness.seen = false;
        let meta = FrameMeta {
            number: witness.frame,
            time_ns: i64::from(length).saturating_mul(1_000_000_000),
            link_type,
            wire_len: captured.saturating_add(u32::from(cut)),
        };
        dissector.frame(meta, bytes, &mut witness);
    }
    dissector.tick(0, &mut witness);
    dissector.finish(&mut witness);
    let counters = dissector.counters();
    assert_eq!(counters.frames, witness.frame, "every frame is counted");
    assert!(counters.undecoded.total() <= counters.frames);
}

/// A sender with a link-local address, and its frame.
fn context() -> Context {
    Context {
        meta: FrameMeta {
            number: 1,
            time_ns: 0,
            link_type: 1,
            wire_len: 0,
        },
        origin: OriginTag::default(),
        sender: Endpoint {
            mac: Some(Mac([0, 0x1a, 0xfa, 0, 0, 1])),
            ip: Some([0xfe80, 0, 0, 0, 0, 0, 0, 1].into()),
        },
    }
}

/// Reads with a witness; reading twice must state the same and end the same way.
fn twice<T: PartialEq + fmt::Debug>(read: impl Fn(&mut Emitter<'_, Witness>) -> T) {
    let context = context();
    let [first, second] = [(); 2].map(|()| {
        let mut witness = Witness::default();
        let mut dropped = ValuesDropped::default();
        let outcome = read(&mut Emitter::new(&context, &mut witness, &mut dropped));
        (outcome, witness.statements)
    });
    assert_eq!(first, second, "the same bytes say the same");
}

/// ARP packets.
pub fn arp_packet(data: &[u8]) {
    twice(|out| arp::dissect(data, out));
}

/// ICMPv6 messages.
pub fn ndp_message(data: &[u8]) {
    let ip = IpPacket {
        src: [0xfe80, 0, 0, 0, 0, 0, 0, 1].into(),
        dst: [0xff02, 0, 0, 0, 0, 0, 0, 1].into(),
        ttl: 255,
        protocol: 58,
        transport: Transport::Other(data),
    };
    twice(|out| ndp::dissect(&ip, data, out));
}

/// DHCPv4 messages, whole and cut by the capture.
pub fn dhcpv4_message(data: &[u8]) {
    for truncated in [false, true] {
        twice(|out| dhcpv4::dissect(data, truncated, out));
    }
}

/// DHCPv6 messages, whole and cut by the capture.
pub fn dhcpv6_message(data: &[u8]) {
    let target = dhcpv6::Target {
        mac: Some(Mac([0, 0x1a, 0xfa, 0, 0, 2])),
        ip: [0xfe80, 0, 0, 0, 0, 0, 0, 2].into(),
    };
    for truncated in [false, true] {
        twice(|out| dhcpv6::dissect(data, target, truncated, out));
    }
}

/// LLDP data units, whole and cut by the capture.
pub fn lldp_unit(data: &[u8]) {
    for truncated in [false, true] {
        twice(|out| lldp::dissect(data, truncated, out));
    }
}

/// CDP announcements, whole and cut by the capture.
pub fn cdp_announcement(data: &[u8]) {
    for truncated in [false, true] {
        twice(|out| cdp::dissect(data, truncated, out));
    }
}

/// The sanitiser: one octet of attribute, then a text.
pub fn emit_text(data: &[u8]) {
    let Some((number, raw)) = data.split_first() else {
        return;
    };
    let attribute = Attribute::try_from(i32::from(*number)).unwrap_or(Attribute::Hostname);
    let source = (attribute, Field::Dhcpv4Opt12, ConfidenceClass::D5);
    twice(|out| out.text(source, raw));
}
