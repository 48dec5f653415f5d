use std::net::{IpAddr, Ipv4Addr};

use auscult_proto::Service;
use auscult_proto::mac::Mac;
use proptest::prelude::*;

use super::*;
use crate::sink::ConversationReport;
use crate::stream::wire::FIRST_SEQ;

const CLIENT_SEQ: u32 = FIRST_SEQ.wrapping_add(1);

fn packets(report: &ConversationReport) -> (u64, u64) {
    (report.packets_to_server, report.packets_to_client)
}

#[test]
fn a_new_flow_is_reported_with_its_first_packet_and_grows_at_ticks() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(104);
    wire.open(&mut streams, &mut sink);
    assert_eq!(sink.conversations.len(), 1, "at once, and only once");
    let first = sink.conversations[0];
    assert_eq!(first.evidence, DirectionEvidence::Handshake);
    assert_eq!((first.key.port, packets(&first)), (104, (1, 0)));
    assert_eq!(first.key.client.ip, Some(wire.client.ip));
    assert_eq!(first.key.server.mac, Some(wire.server.mac));
    assert_eq!(first.first_frame, 1);
    wait(&mut wire, 1);
    streams.tick(wire.now_ns, &mut sink);
    assert_eq!(packets(&sink.conversations[1]), (0, 1));
    assert_eq!(sink.conversations[1].bytes_to_client, 100);
    streams.tick(wire.now_ns, &mut sink);
    assert_eq!(sink.conversations.len(), 2, "no news, no report");
}

#[test]
fn a_flow_that_begins_with_the_answer_has_the_right_server() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(60_000);
    let answer = wire.tcp(Role::Server, SYN | ACK, FIRST_SEQ, &[]);
    streams.packet(&answer, &mut sink);
    assert_eq!(sink.conversations[0].key.server.ip, Some(wire.server.ip));
    assert_eq!(sink.conversations[0].evidence, DirectionEvidence::Handshake);
}

#[test]
fn a_wrong_guess_is_closed_and_the_handshake_decides() {
    let (mut streams, mut sink) = streams();
    // By its ports, the client of this connection looks like the server.
    let mut wire = Wire::to_port(60_000);
    wire.client.port = 8080;
    let stray = wire.tcp(Role::Server, ACK, FIRST_SEQ, &[]);
    streams.packet(&stray, &mut sink);
    let guess = sink.conversations[0];
    assert_eq!(guess.evidence, DirectionEvidence::Port);
    assert_eq!(guess.key.server.ip, Some(wire.client.ip));
    wire.open(&mut streams, &mut sink);
    streams.finish(&mut sink);
    assert!(sink.conversations[1].closed, "the guess is over");
    assert_eq!(sink.conversations[1].key, guess.key);
    let last = sink.conversations.last().unwrap();
    assert_eq!(last.key.server.ip, Some(wire.server.ip));
    assert_eq!(last.evidence, DirectionEvidence::Handshake);
    assert_eq!(packets(last), (1, 1));
}

#[test]
fn a_recognised_protocol_outweighs_ports_but_not_the_handshake() {
    let mut wire = Wire::to_port(60_000);
    wire.client.port = 8080;
    let hello = b"\x16\x03\x01\x02\x00\x01\x00";
    let (mut streams, mut sink) = streams();
    wire.send(Role::Client, 0, hello, &mut streams, &mut sink);
    assert_eq!(sink.conversations[0].key.server.ip, Some(wire.server.ip));
    assert_eq!(sink.conversations[0].evidence, DirectionEvidence::Protocol);
    assert_eq!(sink.conversations[0].service, Service::Tls);

    let (mut streams, mut sink) = super::streams();
    wire.open(&mut streams, &mut sink);
    wire.send(Role::Server, 0, hello, &mut streams, &mut sink);
    streams.finish(&mut sink);
    let last = sink.conversations.last().unwrap();
    assert_eq!(last.key.server.ip, Some(wire.server.ip));
    assert_eq!(last.service, Service::Tls);
}

#[test]
fn the_source_address_of_the_answer_replaces_the_destination_it_was_taken_for() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(104);
    let syn = wire.tcp(Role::Client, SYN, FIRST_SEQ, &[]);
    streams.packet(&syn, &mut sink);
    wire.server.mac = Mac([0, 0, 0x0c, 7, 0xac, 1]);
    let answer = wire.tcp(Role::Server, SYN | ACK, FIRST_SEQ, &[]);
    streams.packet(&answer, &mut sink);
    streams.finish(&mut sink);
    assert!(sink.conversations[1].closed);
    assert_eq!(packets(&sink.conversations[1]), (0, 0));
    assert_eq!(sink.conversations[2].key.server.mac, Some(wire.server.mac));
}

#[test]
fn a_connection_ends_with_both_fins_or_a_reset_and_its_last_packets_still_count() {
    for reset in [false, true] {
        let (mut streams, mut sink) = streams();
        let mut wire = Wire::to_port(443);
        wire.open(&mut streams, &mut sink);
        if reset {
            let rst = wire.tcp(Role::Server, RST, CLIENT_SEQ, &[]);
            streams.packet(&rst, &mut sink);
        } else {
            for from in [Role::Client, Role::Server] {
                let fin = wire.tcp(from, FIN | ACK, CLIENT_SEQ, &[]);
                streams.packet(&fin, &mut sink);
            }
        }
        let last = wire.tcp(Role::Client, ACK, CLIENT_SEQ + 1, &[]);
        streams.packet(&last, &mut sink);
        wait(&mut wire, LINGER_S + 1);
        streams.tick(wire.now_ns, &mut sink);
        let closed: Vec<_> = sink.conversations.iter().filter(|r| r.closed).collect();
        assert_eq!(closed.len(), 1);
        let to_server: u64 = sink.conversations.iter().map(|r| r.packets_to_server).sum();
        assert_eq!(to_server, if reset { 2 } else { 3 });
        assert_eq!(streams.flows(), 0);
    }
}

#[test]
fn used_ports_with_a_new_syn_are_a_new_flow_and_a_repeated_syn_is_not() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(104);
    wire.open(&mut streams, &mut sink);
    wire.send(Role::Client, 0, b"xxxx", &mut streams, &mut sink);
    let again = wire.tcp(Role::Client, SYN, FIRST_SEQ, &[]);
    streams.packet(&again, &mut sink);
    assert_eq!(streams.counters().flows, 1);
    let other = wire.tcp(Role::Client, SYN, FIRST_SEQ.wrapping_add(1 << 24), &[]);
    streams.packet(&other, &mut sink);
    assert_eq!(streams.counters().flows, 2);
    assert_eq!(sink.conversations.iter().filter(|r| r.closed).count(), 1);
}

#[test]
fn silence_closes_a_flow_at_the_time_of_its_protocol() {
    for (is_tcp, limit) in [(true, TCP_IDLE_S), (false, UDP_IDLE_S)] {
        let (mut streams, mut sink) = streams();
        let mut wire = Wire::to_port(9999);
        for from in [Role::Client, Role::Server] {
            let packet = if is_tcp {
                wire.tcp(from, ACK, CLIENT_SEQ, &[])
            } else {
                wire.udp(from, b"x")
            };
            streams.packet(&packet, &mut sink);
        }
        wait(&mut wire, limit);
        streams.tick(wire.now_ns, &mut sink);
        assert_eq!(streams.flows(), 1);
        wait(&mut wire, 1);
        streams.tick(wire.now_ns, &mut sink);
        assert_eq!(streams.flows(), 0);
        assert!(sink.conversations.last().unwrap().closed);
    }
}

#[test]
fn a_flow_that_wakes_after_its_time_is_a_new_one_without_a_tick_between() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(9999);
    let first = wire.udp(Role::Client, b"x");
    streams.packet(&first, &mut sink);
    wait(&mut wire, UDP_IDLE_S + 1);
    let second = wire.udp(Role::Client, b"x");
    streams.packet(&second, &mut sink);
    assert_eq!(sink.conversations.len(), 3);
    assert!(sink.conversations[1].closed);
    assert_eq!(sink.conversations[2].first_frame, 2);
}

#[test]
fn the_same_addresses_in_two_vlans_are_two_conversations() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(104);
    for vlan in [10, 20] {
        let mut syn = wire.tcp(Role::Client, SYN, FIRST_SEQ, &[]);
        syn.origin.vlans[0] = vlan;
        syn.origin.vlan_count = 1;
        streams.packet(&syn, &mut sink);
    }
    assert_eq!(streams.flows(), 2);
    assert_eq!(sink.conversations[1].key.origin.vlans(), [20]);
}

#[test]
fn what_is_neither_tcp_nor_udp_is_no_conversation() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(104);
    let mut packet = wire.udp(Role::Client, b"x");
    if let Network::Ip(ip) = &mut packet.network {
        ip.transport = Transport::Other(b"icmp");
        ip.protocol = 1;
    }
    streams.packet(&packet, &mut sink);
    assert!(sink.conversations.is_empty());
}

#[test]
fn dns_is_recognised_and_its_server_known_from_an_answer_alone() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(53);
    wire.client.port = 53;
    let answer = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00";
    let packet = wire.udp(Role::Server, answer);
    streams.packet(&packet, &mut sink);
    assert_eq!(sink.conversations[0].service, Service::Dns);
    assert_eq!(sink.conversations[0].key.server.ip, Some(wire.server.ip));
    assert_eq!(sink.conversations[0].evidence, DirectionEvidence::Protocol);
}

#[derive(Debug, Clone)]
enum Step {
    Packet {
        flow: u8,
        from_server: bool,
        flags: u8,
        is_udp: bool,
    },
    Wait(u8),
    Tick,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..24_u8, any::<bool>(), 0..32_u8, any::<bool>()).prop_map(
            |(flow, from_server, flags, is_udp)| Step::Packet { flow, from_server, flags, is_udp }
        ),
        1 => (0..120_u8).prop_map(Step::Wait),
        1 => Just(Step::Tick),
    ]
}

proptest! {
    #[test]
    fn reports_add_up_to_the_packets_and_come_in_the_same_order_whatever_the_seed(
        steps in proptest::collection::vec(any_step(), 0..200), flows in 1..16_usize, seed in any::<u64>(),
    ) {
        let run = |seed| {
            let mut streams = Streams::new(Limits { flows, seed, ..Limits::default() });
            let mut sink = Memory::default();
            let mut wire = Wire::to_port(104);
            let mut sent = 0_u64;
            for step in &steps {
                match step {
                    Step::Packet { flow, from_server, flags, is_udp } => {
                        wire.client.ip = IpAddr::V4(Ipv4Addr::new(10, 2, 0, *flow));
                        let from = if *from_server { Role::Server } else { Role::Client };
                        let packet = if *is_udp {
                            wire.udp(from, b"x")
                        } else {
                            wire.tcp(from, *flags, u32::from(*flow) << 20, &[])
                        };
                        streams.packet(&packet, &mut sink);
                        sent += 1;
                    }
                    Step::Wait(seconds) => wait(&mut wire, u32::from(*seconds)),
                    Step::Tick => streams.tick(wire.now_ns, &mut sink),
                }
                assert!(streams.flows() <= flows);
            }
            streams.finish(&mut sink);
            (sink.conversations, sent)
        };
        let (reports, sent) = run(seed);
        let counted: u64 = reports.iter().map(|r| r.packets_to_server + r.packets_to_client).sum();
        prop_assert_eq!(counted, sent);
        prop_assert_eq!(run(!seed).0, reports);
    }
}
