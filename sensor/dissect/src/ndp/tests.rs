use std::net::Ipv6Addr;

use super::*;
use crate::counters::ValuesDropped;
use crate::packet::Transport;
use crate::testing::{Memory, context, mac};

const OWN: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
const OTHER: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);

fn run(src: Ipv6Addr, ttl: u8, payload: &[u8]) -> (Parsed, Memory) {
    let ip = IpPacket {
        src: src.into(),
        dst: OTHER.into(),
        ttl,
        protocol: 58,
        transport: Transport::Other(payload),
    };
    let mut memory = Memory::default();
    let mut dropped = ValuesDropped::default();
    let context = context();
    let mut out = Emitter::new(&context, &mut memory, &mut dropped);
    let outcome = dissect(&ip, payload, &mut out);
    (outcome, memory)
}

fn option(kind: u8) -> Vec<u8> {
    let mut bytes = vec![kind, 1];
    bytes.extend(mac(7).0);
    bytes
}

fn message(kind: u8, fixed: &[u8], options: &[u8]) -> Vec<u8> {
    [&[kind, 0, 0, 0], fixed, options].concat()
}

fn advertisement(flags: u8, target: Ipv6Addr, options: &[u8]) -> Vec<u8> {
    message(
        136,
        &[&[flags, 0, 0, 0], &target.octets()[..]].concat(),
        options,
    )
}

#[test]
fn solicitations_bind_their_source() {
    for bytes in [
        message(135, &[0; 20], &option(1)),
        message(133, &[0; 4], &option(1)),
    ] {
        let (outcome, memory) = run(OWN, 255, &bytes);
        assert_eq!(outcome, Ok(()));
        assert_eq!(memory.bindings[0].mac, mac(7));
        assert_eq!(memory.bindings[0].ip, IpAddr::V6(OWN));
    }
}

#[test]
fn an_advertisement_binds_its_target_and_may_name_a_router() {
    let (_, memory) = run(OWN, 255, &advertisement(0x60, OTHER, &option(2)));
    assert_eq!(memory.bindings[0].ip, IpAddr::V6(OTHER));
    assert!(memory.statements.is_empty());
    let (_, memory) = run(OWN, 255, &advertisement(0xe0, OWN, &[]));
    assert_eq!(memory.bindings[0].mac, mac(1), "the frame's own source");
    assert_eq!(memory.values(Attribute::Role), ["router"]);
    let (_, memory) = run(OWN, 255, &advertisement(0x60, OTHER, &[]));
    assert!(
        memory.bindings.is_empty(),
        "a proxy without the option says nothing"
    );
}

#[test]
fn a_router_advertisement_names_a_router_and_binds_it() {
    let (_, memory) = run(OWN, 255, &message(134, &[0; 12], &option(1)));
    assert_eq!(memory.values(Attribute::Role), ["router"]);
    assert_eq!(memory.bindings.len(), 1);
}

#[test]
fn probes_and_messages_from_beyond_the_link_say_nothing() {
    let probe = message(135, &[0; 20], &option(1));
    assert!(
        run(Ipv6Addr::UNSPECIFIED, 255, &probe)
            .1
            .bindings
            .is_empty()
    );
    assert!(run(OWN, 64, &probe).1.bindings.is_empty());
}

#[test]
fn a_bad_option_is_malformed_but_what_came_before_counts() {
    let (outcome, memory) = run(
        OWN,
        255,
        &message(135, &[0; 20], &[option(1), vec![5, 0]].concat()),
    );
    assert_eq!(outcome, Err(Malformed));
    assert_eq!(memory.bindings.len(), 1);
    let whole = message(135, &[0; 20], &option(1));
    for end in 0..24 {
        assert_eq!(run(OWN, 255, &whole[..end]).0, Err(Malformed), "{end}");
    }
    assert_eq!(run(OWN, 255, &[128, 0]).0, Ok(()));
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("solicitation", message(135, &[0; 20], &option(1))),
        ("router_advertisement", message(134, &[0; 12], &option(1))),
        ("advertisement", advertisement(0xe0, OWN, &option(2))),
        ("bad_option", message(135, &[0; 20], &[5, 0])),
    ]
}
