use proptest::prelude::*;

use super::*;
use crate::counters::ValuesDropped;
use crate::testing::{Memory, context};

fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

fn announcement(elements: &[Vec<u8>]) -> Vec<u8> {
    [&[2, 180, 0, 0][..], &elements.concat()].concat()
}

fn run_cut(bytes: &[u8], truncated: bool) -> (Parsed, Memory) {
    let mut memory = Memory::default();
    let mut dropped = ValuesDropped::default();
    let context = context();
    let mut out = Emitter::new(&context, &mut memory, &mut dropped);
    let outcome = dissect(bytes, truncated, &mut out);
    (outcome, memory)
}

fn address(ip: [u8; 4]) -> Vec<u8> {
    [&[1, 1, 0xcc, 0, 4][..], &ip].concat()
}

fn switch() -> Vec<u8> {
    let mut six = vec![2, 8, 0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd, 0, 16, 0x20, 1];
    six.extend([0; 13]);
    six.push(1);
    announcement(&[
        tlv(1, b"Switch-3"),
        tlv(
            2,
            &[
                &[0, 0, 0, 3][..],
                &address([10, 0, 0, 3]),
                &address([0; 4]),
                &six,
            ]
            .concat(),
        ),
        tlv(3, b"Gi0/5"),
        tlv(4, &[0, 0, 0, 0x29]),
        tlv(5, b"IOS 12.2\nCopyright"),
        tlv(6, b"WS-C3560"),
        tlv(9, b"domain"),
        tlv(0x0a, &[0, 7]),
        tlv(0x14, b"switch-3.site"),
        tlv(0x16, &[&[0, 0, 0, 1][..], &address([10, 0, 0, 4])].concat()),
        tlv(0x17, b"\0closet 2"),
    ])
}

#[test]
fn every_element_of_use_is_stated() {
    let (outcome, memory) = run_cut(&switch(), false);
    assert_eq!(outcome, Ok(()));
    for (field, values) in [
        (Field::CdpDeviceId, &["Switch-3"][..]),
        (Field::CdpAddress, &["10.0.0.3", "2001::1"]),
        (Field::CdpPort, &["Gi0/5"]),
        (Field::CdpCapabilities, &["igmp,router,switch"]),
        (Field::CdpVersion, &["IOS 12.2 Copyright"]),
        (Field::CdpPlatform, &["WS-C3560"]),
        (Field::CdpNativeVlan, &["7"]),
        (Field::CdpSystemName, &["switch-3.site"]),
        (Field::CdpManagementAddress, &["10.0.0.4"]),
        (Field::CdpLocation, &["closet 2"]),
    ] {
        assert_eq!(memory.read_from(field), values, "{field:?}");
    }
}

#[test]
fn an_element_shorter_than_its_header_ends_the_reading() {
    let bytes = announcement(&[tlv(1, b"Switch-3"), vec![0, 3, 0, 2], tlv(6, b"never")]);
    let (outcome, memory) = run_cut(&bytes, false);
    assert_eq!(outcome, Err(Malformed));
    assert_eq!(memory.statements.len(), 1);
}

#[test]
fn a_cut_text_is_stated_with_its_doubt() {
    let bytes = announcement(&[tlv(6, b"WS-C3560")]);
    let (outcome, memory) = run_cut(&bytes[..bytes.len() - 4], true);
    assert_eq!(outcome, Ok(()));
    assert_eq!(memory.values(Attribute::Platform), ["WS-C"]);
    assert!(memory.statements[0].flags.has(FactFlags::TRUNCATED));
}

#[test]
fn an_unknown_version_is_not_read() {
    assert_eq!(
        run_cut(&[3, 180, 0, 0, 0, 1, 0, 5, b'x'], false).0,
        Err(Malformed)
    );
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let switch = switch();
    vec![("cut", switch[..70].to_vec()), ("switch", switch)]
}

proptest! {
    #[test]
    fn any_bytes_end_well(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        run_cut(&[&[2, 180, 0, 0][..], &bytes].concat(), false).1.assert_sound();
    }

    #[test]
    fn every_prefix_ends_well(cut in any::<prop::sample::Index>()) {
        let bytes = switch();
        run_cut(&bytes[..cut.index(bytes.len())], true).1.assert_sound();
    }
}
