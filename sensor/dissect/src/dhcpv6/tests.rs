use std::net::Ipv6Addr;

use proptest::prelude::*;

use super::*;
use crate::counters::ValuesDropped;
use crate::sink::Context;
use crate::testing::{Memory, context, mac};

const CLIENT: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const SERVER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);
const GIVEN: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x77);

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    [&code.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

fn message(kind: u8, options: &[Vec<u8>]) -> Vec<u8> {
    [&[kind, 0, 0, 1][..], &options.concat()].concat()
}

fn duid(mac: Mac) -> Vec<u8> {
    [&[0, 1, 0, 1, 1, 2, 3, 4][..], &mac.0].concat()
}

fn association(address: Ipv6Addr, valid_s: u32) -> Vec<u8> {
    let inner = [&address.octets()[..], &[0; 4], &valid_s.to_be_bytes()].concat();
    option(3, &[vec![0; 12], option(5, &inner)].concat())
}

fn relay(kind: u8, peer: Ipv6Addr, options: &[Vec<u8>]) -> Vec<u8> {
    let fixed = [&[kind, 0][..], &[0; 16], &peer.octets()].concat();
    [fixed, options.concat()].concat()
}

fn at(number: u8, ip: Ipv6Addr) -> Context {
    let mut context = context();
    context.sender = Endpoint {
        mac: Some(mac(number)),
        ip: Some(ip.into()),
    };
    context
}

fn run(context: &Context, to: (u8, Ipv6Addr), bytes: &[u8], truncated: bool) -> (Parsed, Memory) {
    let target = Target {
        mac: Some(mac(to.0)),
        ip: to.1.into(),
    };
    let mut memory = Memory::default();
    let mut dropped = ValuesDropped::default();
    let mut out = Emitter::new(context, &mut memory, &mut dropped);
    let outcome = dissect(bytes, target, truncated, &mut out);
    (outcome, memory)
}

fn solicit() -> Vec<u8> {
    message(
        1,
        &[
            option(1, &duid(mac(7))),
            option(6, &[0, 23, 0, 24, 1, 0]),
            option(16, &[&[0, 0, 1, 0x37, 0, 8][..], b"MSFT 5.0"].concat()),
            option(15, &[&[0, 3][..], b"icu"].concat()),
            option(39, b"\x01\x06pump-7\x04ward\x00"),
            option(112, b"https://maker.example/pump"),
        ],
    )
}

#[test]
fn a_client_speaks_of_itself() {
    let (outcome, memory) = run(&at(1, CLIENT), (2, SERVER), &solicit(), false);
    assert_eq!(outcome, Ok(()));
    assert_eq!(
        memory.values(Attribute::Duid),
        ["0001000101020304001afa000007"]
    );
    assert_eq!(memory.values(Attribute::ParameterList), ["23,24,256"]);
    assert_eq!(memory.values(Attribute::Enterprise), ["311"]);
    assert_eq!(memory.values(Attribute::VendorClass), ["MSFT 5.0"]);
    assert_eq!(memory.values(Attribute::UserClass), ["icu"]);
    assert_eq!(memory.values(Attribute::Fqdn), ["pump-7.ward"]);
    assert_eq!(
        memory.values(Attribute::MudUrl),
        ["https://maker.example/pump"]
    );
    assert!(
        memory
            .statements
            .iter()
            .all(|s| s.subject == Subject::Sender)
    );
    assert!(memory.bindings.is_empty());
}

#[test]
fn a_reply_binds_the_interface_it_is_sent_to_and_names_the_server() {
    let reply = message(
        7,
        &[
            option(1, &duid(mac(7))),
            option(2, &duid(mac(9))),
            association(GIVEN, 7200),
        ],
    );
    let (_, memory) = run(&at(9, SERVER), (1, CLIENT), &reply, false);
    assert_eq!(memory.bindings.len(), 1);
    assert_eq!(memory.bindings[0].mac, mac(1), "not the one in its DUID");
    assert_eq!(memory.bindings[0].ip, IpAddr::V6(GIVEN));
    assert_eq!(memory.bindings[0].lease_s, 7200);
    assert_eq!(memory.values(Attribute::Role), ["dhcp-server"]);
    let client = &memory.statements[0];
    assert_eq!(client.attribute, Attribute::Duid);
    assert!(client.flags.has(FactFlags::HEARSAY));
    let server = &memory.statements[1];
    assert_eq!(
        (server.field, &server.subject),
        (Field::Dhcpv6Opt2Server, &Subject::Sender)
    );
}

#[test]
fn a_lifetime_of_zero_and_a_release_end_the_binding() {
    let reply = message(7, &[option(1, &duid(mac(7))), association(GIVEN, 0)]);
    let (_, memory) = run(&at(9, SERVER), (1, CLIENT), &reply, false);
    assert!(memory.bindings[0].released);
    let release = message(8, &[option(1, &duid(mac(7))), association(GIVEN, 7200)]);
    let (_, memory) = run(&at(1, CLIENT), (9, SERVER), &release, false);
    assert!(memory.bindings[0].released);
    assert_eq!(memory.bindings[0].mac, mac(1));
    let advertise = message(2, &[association(GIVEN, 7200)]);
    assert!(
        run(&at(9, SERVER), (1, CLIENT), &advertise, false)
            .1
            .bindings
            .is_empty()
    );
}

#[test]
fn relays_are_unwrapped_and_their_client_reported() {
    let inner = relay(
        12,
        CLIENT,
        &[
            option(79, &[&[0, 1][..], &mac(5).0].concat()),
            option(9, &solicit()),
        ],
    );
    let outer = relay(12, SERVER, &[option(9, &inner)]);
    let (outcome, memory) = run(&at(3, SERVER), (9, SERVER), &outer, false);
    assert_eq!(outcome, Ok(()));
    let client = Subject::Endpoint(Endpoint {
        mac: Some(mac(5)),
        ip: Some(CLIENT.into()),
    });
    assert!(!memory.statements.is_empty());
    assert!(memory.statements.iter().all(|s| s.subject == client));
    assert!(
        memory
            .statements
            .iter()
            .all(|s| s.flags.has(FactFlags::HEARSAY))
    );
    // The way back: the interface is known from the DUID.
    let reply = message(
        7,
        &[
            option(1, &duid(mac(7))),
            option(2, &duid(mac(9))),
            association(GIVEN, 60),
        ],
    );
    let back = relay(13, CLIENT, &[option(9, &reply)]);
    let (_, memory) = run(&at(9, SERVER), (3, SERVER), &back, false);
    assert_eq!(memory.bindings[0].mac, mac(7));
    assert!(
        memory.values(Attribute::Role).is_empty(),
        "the sender may be a relay"
    );
}

#[test]
fn endless_relays_are_given_up() {
    let mut bytes = solicit();
    for _ in 0..9 {
        bytes = relay(12, CLIENT, &[option(9, &bytes)]);
    }
    assert_eq!(
        run(&at(3, SERVER), (9, SERVER), &bytes, false).0,
        Err(Malformed)
    );
}

#[test]
fn a_broken_list_makes_no_fingerprint() {
    let mut bytes = solicit();
    bytes.extend([0, 1, 0, 99]);
    let (outcome, memory) = run(&at(1, CLIENT), (2, SERVER), &bytes, false);
    assert_eq!(outcome, Err(Malformed));
    assert_eq!(memory.values(Attribute::Fqdn), ["pump-7.ward"]);
    assert!(memory.values(Attribute::ParameterList).is_empty());
    assert!(
        memory
            .statements
            .iter()
            .all(|s| s.flags.has(FactFlags::MALFORMED))
    );
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let reply = message(
        7,
        &[
            option(1, &duid(mac(7))),
            option(2, &duid(mac(9))),
            association(GIVEN, 7200),
        ],
    );
    vec![
        (
            "relayed",
            relay(
                12,
                CLIENT,
                &[
                    option(79, &[0, 1, 0, 0x1a, 0xfa, 0, 0, 5]),
                    option(9, &solicit()),
                ],
            ),
        ),
        ("reply", reply),
        ("solicit", solicit()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_end_well(kind in 0..14_u8, rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = [&[kind][..], &rest].concat();
        run(&at(1, CLIENT), (2, SERVER), &bytes, false).1.assert_sound();
    }

    #[test]
    fn every_prefix_ends_well(cut in any::<prop::sample::Index>(), wrapped in any::<bool>()) {
        let bytes = if wrapped { relay(12, CLIENT, &[option(9, &solicit())]) } else { solicit() };
        let (outcome, _) = run(&at(1, CLIENT), (2, SERVER), &bytes[..cut.index(bytes.len())], true);
        prop_assert_eq!(outcome, Ok(()));
    }
}
