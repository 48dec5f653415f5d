use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::sink::{Context, ConversationReport, Emission};

/// Counts, so that the memory measured is that of the tables.
#[derive(Default)]
struct Count {
    reports: u64,
}

impl Sink for Count {
    fn emit(&mut self, _context: &Context, _emission: Emission<'_>) {}

    fn conversation(&mut self, _report: &ConversationReport) {
        self.reports += 1;
    }

    fn seen(&mut self, _context: &Context) {}

    fn l2_control(&mut self, _context: &Context) {}
}

fn forge(number: u32, wire: &mut Wire) {
    wire.client.ip = IpAddr::V4(Ipv4Addr::from_bits(
        0x0a00_0000 | number.wrapping_mul(2_654_435_761) >> 8,
    ));
    wire.client.port = u16::try_from(1024 + number % 60_000).unwrap();
}

#[test]
fn a_million_forged_flows_stay_within_the_table_and_spare_an_established_one() {
    const FLOWS: usize = 10_000;
    let mut streams = Streams::new(Limits {
        flows: FLOWS,
        seed: 99,
        ..Limits::default()
    });
    let mut sink = Count::default();
    let mut established = Wire::to_port(104);
    established.open(&mut streams, &mut sink);
    let mut wire = Wire::to_port(80);
    let mut memory = 0;
    for number in 0..1_000_000 {
        forge(number, &mut wire);
        let syn = wire.tcp(Role::Client, SYN, number, &[]);
        streams.packet(&syn, &mut sink);
        if number == 100_000 {
            memory = streams.memory();
        }
    }
    assert_eq!(streams.flows(), FLOWS);
    assert_eq!(streams.memory(), memory, "the table does not grow");
    assert!(memory <= FLOWS * 2 * (192 + 16), "{memory}");
    let opened = streams.counters().flows;
    assert_eq!(
        streams.counters().evictions,
        opened - u64::try_from(FLOWS).unwrap()
    );
    established.send(Role::Client, 0, b"x", &mut streams, &mut sink);
    assert_eq!(
        streams.counters().flows,
        opened,
        "the established flow is still known"
    );
    streams.finish(&mut sink);
    assert_eq!(
        sink.reports,
        opened * 2,
        "each is reported when it comes and when it goes"
    );
}

#[test]
fn streams_and_early_segments_of_a_flood_stay_within_their_bounds() {
    const STREAMS: usize = 64;
    let mut streams = Streams::new(Limits {
        streams: STREAMS,
        reorder_bytes: 64 * 1024,
        ..Limits::default()
    });
    let mut sink = Count::default();
    let mut wire = Wire::to_port(2575);
    for number in 0..2_000 {
        forge(number, &mut wire);
        wire.open(&mut streams, &mut sink);
        wire.send(Role::Client, 0, b"\x0bMSH|", &mut streams, &mut sink);
        for early in 1..4 {
            wire.send(
                Role::Client,
                early * 3000,
                &[7; 1400],
                &mut streams,
                &mut sink,
            );
        }
        assert!(streams.inspector.len() <= STREAMS);
        assert!(streams.inspector.chunks.used() <= 32);
    }
    assert_eq!(streams.inspector.len(), STREAMS);
    assert!(streams.counters().evictions > 1900);
    // A new stream is still read.
    wire.client.port = 7;
    let mut facts = Memory::default();
    wire.open(&mut streams, &mut facts);

    wire.send(Role::Client, 0, b"\x0bMSH|^~\\&|", &mut streams, &mut facts);
    wire.send(Role::Client, 10, b"GATEWAY|", &mut streams, &mut facts);
    assert_eq!(facts.statements.len(), 1);
    assert_eq!(streams.flows(), 2001);
    streams.finish(&mut sink);
    assert_eq!(streams.inspector.len(), 0);
    assert_eq!(streams.inspector.chunks.used(), 0);
}
