use proptest::prelude::*;

use super::*;
use crate::counters::ValuesDropped;
use crate::testing::{Memory, context};

fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let header = u16::from(kind) << 9 | u16::try_from(value.len()).unwrap();
    [&header.to_be_bytes()[..], value].concat()
}

fn run_cut(bytes: &[u8], truncated: bool) -> (Parsed, Memory) {
    let mut memory = Memory::default();
    let mut dropped = ValuesDropped::default();
    let context = context();
    let mut out = Emitter::new(&context, &mut memory, &mut dropped);
    let outcome = dissect(bytes, truncated, &mut out);
    (outcome, memory)
}

fn run(elements: &[Vec<u8>]) -> Memory {
    let (outcome, memory) = run_cut(&elements.concat(), false);
    assert_eq!(outcome, Ok(()));
    memory
}

fn phone() -> Vec<Vec<u8>> {
    let med = |subtype: u8, text: &[u8]| tlv(127, &[&[0, 0x12, 0xbb, subtype], text].concat());
    vec![
        tlv(1, &[4, 0, 0x1a, 0xfa, 0, 0, 1]),
        tlv(2, &[5, b'p', b'1']),
        tlv(3, &[0, 120]),
        tlv(4, b"PC Port"),
        tlv(5, b"SEP001"),
        tlv(6, b"IP Phone\nV2"),
        tlv(7, &[0, 0x3c, 0, 0x24]),
        tlv(8, &[5, 1, 10, 0, 0, 9, 2, 0, 0, 0, 1, 0]),
        tlv(127, &[0, 0x80, 0xc2, 1, 0, 42]),
        med(5, b"V02"),
        med(6, b"1.0"),
        med(7, b"2.0"),
        med(8, b"SN1"),
        med(9, b"Maker"),
        med(10, b"Model"),
        med(11, b"A-17"),
        tlv(
            127,
            &[&[0, 0, 0x5e, 1][..], b"https://maker.example/phone"].concat(),
        ),
        tlv(0, &[]),
        vec![0xff; 9],
    ]
}

#[test]
fn every_element_of_use_is_stated() {
    let memory = run(&phone());
    for (field, value) in [
        (Field::LldpChassis, "00:1a:fa:00:00:01"),
        (Field::LldpPort, "p1"),
        (Field::LldpPortDescription, "PC Port"),
        (Field::LldpSystemName, "SEP001"),
        (Field::LldpSystemDescription, "IP Phone V2"),
        (Field::LldpCapabilities, "bridge,telephone"),
        (Field::LldpManagementAddress, "10.0.0.9"),
        (Field::LldpPortVlan, "42"),
        (Field::LldpmedHardware, "V02"),
        (Field::LldpmedFirmware, "1.0"),
        (Field::LldpmedSoftware, "2.0"),
        (Field::LldpmedSerial, "SN1"),
        (Field::LldpmedManufacturer, "Maker"),
        (Field::LldpmedModel, "Model"),
        (Field::LldpmedAsset, "A-17"),
        (Field::LldpMud, "https://maker.example/phone"),
    ] {
        assert_eq!(memory.read_from(field), [value], "{field:?}");
    }
    assert_eq!(memory.statements.len(), 16, "nothing after the end");
}

#[test]
fn identifiers_of_every_kind() {
    let chassis = |value: &[u8]| {
        let memory = run(&[tlv(1, value)]);
        memory
            .values(Attribute::ChassisId)
            .first()
            .map(ToString::to_string)
    };
    let port = |value: &[u8]| {
        let memory = run(&[tlv(2, value)]);
        memory
            .values(Attribute::PortId)
            .first()
            .map(ToString::to_string)
    };
    assert_eq!(chassis(&[5, 1, 10, 0, 0, 9]).as_deref(), Some("10.0.0.9"));
    assert_eq!(chassis(&[7, b's', b'w']).as_deref(), Some("sw"));
    assert_eq!(chassis(&[7, 0, 1, 2]).as_deref(), Some("000102"));
    assert_eq!(chassis(&[4, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(chassis(&[4, 1, 2]), None);
    assert_eq!(chassis(&[]), None);
    assert_eq!(
        port(&[3, 0, 0x1a, 0xfa, 0, 0, 2]).as_deref(),
        Some("00:1a:fa:00:00:02")
    );
    assert_eq!(port(&[4, 1, 10, 0, 0, 9]).as_deref(), Some("10.0.0.9"));
    assert_eq!(port(&[7, b'3']).as_deref(), Some("3"));
}

#[test]
fn addresses_that_name_no_host_are_not_stated() {
    let memory = run(&[
        tlv(8, &[5, 1, 0, 0, 0, 0]),
        tlv(8, &[9, 1, 1]),
        tlv(127, &[0, 0x80, 0xc2, 1, 0, 0]),
    ]);
    assert!(memory.statements.is_empty());
}

#[test]
fn present_capabilities_stand_in_where_none_is_enabled() {
    assert_eq!(
        run(&[tlv(7, &[0, 0x10, 0, 0])]).values(Attribute::Capabilities),
        ["router"]
    );
}

#[test]
fn a_cut_text_is_stated_with_its_doubt() {
    let bytes = [tlv(5, b"switch"), tlv(6, b"Operating System 7")].concat();
    let cut = &bytes[..bytes.len() - 7];
    let (outcome, memory) = run_cut(cut, true);
    assert_eq!(outcome, Ok(()));
    assert_eq!(memory.values(Attribute::SystemDescription), ["Operating S"]);
    assert!(memory.statements[1].flags.has(FactFlags::TRUNCATED));
    assert!(!memory.statements[0].flags.has(FactFlags::TRUNCATED));
    let (outcome, memory) = run_cut(cut, false);
    assert_eq!(outcome, Err(Malformed));
    assert!(memory.statements[1].flags.has(FactFlags::MALFORMED));
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let phone = phone().concat();
    vec![
        ("cut", phone[..80].to_vec()),
        ("phone", phone),
        (
            "addresses",
            [tlv(1, &[5, 1, 10, 0, 0, 9]), tlv(8, &[17, 2, 0xfe, 0x80])].concat(),
        ),
    ]
}

proptest! {
    #[test]
    fn any_bytes_end_well(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        run_cut(&bytes, false).1.assert_sound();
    }

    #[test]
    fn every_prefix_states_a_beginning_of_the_whole(cut in any::<prop::sample::Index>()) {
        let bytes = phone().concat();
        let (outcome, memory) = run_cut(&bytes[..cut.index(bytes.len())], true);
        prop_assert_eq!(outcome, Ok(()));
        let (_, whole) = run_cut(&bytes, false);
        for (part, all) in memory.statements.iter().zip(&whole.statements) {
            prop_assert_eq!(part.field, all.field);
            prop_assert!(all.value.starts_with(&part.value));
        }
    }
}
