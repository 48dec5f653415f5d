use super::*;
use crate::counters::ValuesDropped;
use crate::testing::{Memory, context, mac};

fn packet(operation: u8, mac: [u8; 6], ip: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0, 1, 8, 0, 6, 4, 0, operation];
    bytes.extend(mac);
    bytes.extend(ip);
    bytes.extend([0; 6]);
    bytes.extend([10, 0, 0, 9]);
    bytes
}

fn run(bytes: &[u8]) -> (Parsed, Memory) {
    let mut memory = Memory::default();
    let mut dropped = ValuesDropped::default();
    let context = context();
    let outcome = dissect(
        bytes,
        &mut Emitter::new(&context, &mut memory, &mut dropped),
    );
    (outcome, memory)
}

#[test]
fn requests_replies_and_announcements_bind_the_sender() {
    for operation in [1, 2] {
        let (outcome, memory) = run(&packet(operation, mac(7).0, [10, 0, 0, 7]));
        assert_eq!(outcome, Ok(()));
        assert_eq!(memory.bindings.len(), 1);
        assert_eq!(memory.bindings[0].mac, mac(7));
        assert_eq!(memory.bindings[0].ip, IpAddr::from([10, 0, 0, 7]));
        assert_eq!(memory.bindings[0].source, BindingSource::Arp);
    }
}

#[test]
fn probes_group_and_zero_addresses_bind_nothing() {
    for bytes in [
        packet(1, mac(7).0, [0, 0, 0, 0]),
        packet(2, [0; 6], [10, 0, 0, 7]),
        packet(2, [0xff; 6], [10, 0, 0, 7]),
        packet(2, mac(7).0, [224, 0, 0, 1]),
        packet(2, mac(7).0, [255; 4]),
    ] {
        let (outcome, memory) = run(&bytes);
        assert_eq!(outcome, Ok(()));
        assert!(memory.bindings.is_empty(), "{bytes:?}");
    }
}

#[test]
fn other_address_kinds_are_not_for_us_and_short_packets_are_malformed() {
    let mut bytes = packet(1, mac(7).0, [10, 0, 0, 7]);
    for end in 0..18 {
        assert_eq!(run(&bytes[..end]).0, Err(Malformed), "{end}");
    }
    bytes[4] = 8;
    assert_eq!(run(&bytes).0, Err(Malformed));
    bytes[1] = 32;
    assert_eq!(run(&bytes).0, Ok(()));
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("request", packet(1, mac(7).0, [10, 0, 0, 7])),
        ("probe", packet(1, mac(7).0, [0; 4])),
        ("reply", packet(2, mac(7).0, [10, 0, 0, 7])),
    ]
}
