//! Fuzz bodies: plain functions that panic when something that must hold does not.

use auscult_proto::limits::VALUE_BYTES;
use auscult_proto::{Attribute, Field};

use super::wire::Wire;
use super::{Limits, Role, Streams};
use crate::cursor::Cursor;
use crate::packet::{Network, Transport};
use crate::sink::{Context, ConversationReport, Emission, Sink};

/// Keeps facts, and checks what must hold of every emission.
#[derive(Debug, Default)]
struct Witness {
    facts: Vec<(Attribute, Field, String)>,
    packets: u64,
    closed: u64,
}

impl Sink for Witness {
    fn emit(&mut self, _context: &Context, emission: Emission<'_>) {
        if let Emission::Fact {
            attribute,
            field,
            value,
            ..
        } = emission
        {
            assert!(!value.is_empty(), "an empty value of {field:?}");
            assert!(value.len() <= VALUE_BYTES, "a long value of {field:?}");
            assert!(
                !value.chars().any(char::is_control),
                "a control character in {field:?}"
            );
            self.facts.push((attribute, field, value.to_owned()));
        }
    }

    fn conversation(&mut self, report: &ConversationReport) {
        assert!(report.first_ns <= report.last_ns, "times in order");
        self.packets = self
            .packets
            .saturating_add(report.packets_to_client)
            .saturating_add(report.packets_to_server);
        self.closed = self.closed.saturating_add(u64::from(report.closed));
    }

    fn seen(&mut self, _context: &Context) {}

    fn l2_control(&mut self, _context: &Context) {}
}

/// Arbitrary packets of a few hosts against tiny tables: bounds hold and every packet is reported exactly once.
pub fn streams_raw(data: &[u8]) {
    const FLOWS: usize = 6;
    let mut streams = Streams::new(Limits {
        flows: FLOWS,
        streams: 2,
        reorder_bytes: 8 * 1024,
        seed: 1,
    });
    let mut witness = Witness::default();
    let mut sent: u64 = 0;
    let mut cursor = Cursor::new(data);
    while let Some([who, kind, seq_high, seq_low, len, wait]) = cursor.array() {
        let payload = cursor.take_at_most(usize::from(len));
        let mut wire = Wire::to_port(if who & 1 == 0 { 104 } else { 40_000 });
        wire.client.port = 50_000_u16.saturating_add(u16::from(who >> 1 & 7));
        wire.frames = sent;
        wire.now_ns = wire.now_ns.saturating_add(
            i64::from(wait)
                .saturating_mul(i64::try_from(sent).unwrap_or(0).saturating_mul(1 << 28)),
        );
        let from = if kind & 0x80 == 0 {
            Role::Client
        } else {
            Role::Server
        };
        let seq = u32::from(u16::from_be_bytes([seq_high, seq_low]))
            .wrapping_sub(u32::from(kind >> 6 & 1).wrapping_shl(15));
        let mut packet = if who & 0x40 == 0 {
            wire.tcp(from, kind & 0x1f, seq, payload)
        } else {
            wire.udp(from, payload)
        };
        if who & 0x80 != 0
            && let Network::Ip(ip) = &mut packet.network
            && let Transport::Tcp(segment) = &mut ip.transport
        {
            segment.missing = u32::from(wait);
        }
        streams.packet(&packet, &mut witness);
        sent = sent.saturating_add(1);
        assert!(streams.flows() <= FLOWS, "more flows than the table holds");
        if kind & 0x60 == 0x60 {
            streams.tick(wire.now_ns, &mut witness);
        }
    }
    streams.finish(&mut witness);
    assert_eq!(streams.flows(), 0, "a finished table is empty");
    assert_eq!(witness.packets, sent, "every packet is reported once");
    assert!(
        witness.closed >= streams.counters().flows,
        "every flow is closed"
    );
}

/// Arbitrary bytes as both directions of an association: however they are cut, the same is stated.
pub fn dicom_assoc(data: &[u8]) {
    cut_anyhow(104, data);
}

/// Arbitrary bytes as both directions of an HL7 connection: however they are cut, the same is stated.
pub fn hl7_mllp(data: &[u8]) {
    cut_anyhow(2575, data);
}

/// The first two bytes say where the directions part and how long segments are.
fn cut_anyhow(port: u16, data: &[u8]) {
    let Some((&[part, cut], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    let (client, server) = bytes
        .split_at_checked(bytes.len().saturating_sub(usize::from(part)))
        .unwrap_or((bytes, &[]));
    let whole = facts_of(port, client, server, usize::MAX);
    let pieces = facts_of(port, client, server, usize::from(cut).max(1));
    assert_eq!(whole, pieces, "the cut of a stream changes what it says");
}

fn facts_of(
    port: u16,
    client: &[u8],
    server: &[u8],
    segment: usize,
) -> Vec<(Attribute, Field, String)> {
    let mut streams = Streams::new(Limits::default());
    let mut witness = Witness::default();
    let mut wire = Wire::to_port(port);
    wire.open(&mut streams, &mut witness);
    for (from, bytes) in [(Role::Client, client), (Role::Server, server)] {
        let mut offset: usize = 0;
        for piece in bytes.chunks(segment) {
            wire.send(from, offset, piece, &mut streams, &mut witness);
            offset = offset.saturating_add(piece.len());
        }
    }
    streams.finish(&mut witness);
    // How far one side's beginning is read when the other is recognised depends on the cut: only the order of facts does.
    witness
        .facts
        .sort_by(|(_, a, x), (_, b, y)| (i32::from(*a), x).cmp(&(i32::from(*b), y)));
    witness.facts
}
