use proptest::prelude::*;

use auscult_proto::limits::VALUE_BYTES;

use super::*;
use crate::testing::{Statement, context, statements};

fn stated(attribute: Attribute, raw: &[u8]) -> (Vec<Statement>, u64) {
    let context = context();
    let mut dropped = ValuesDropped::default();
    let found = statements(|sink| {
        Emitter::new(&context, sink, &mut dropped)
            .text((attribute, Field::Dhcpv4Opt12, ConfidenceClass::D5), raw);
    });
    (found, dropped.total())
}

fn value_of(attribute: Attribute, raw: &[u8]) -> Option<String> {
    let (found, dropped) = stated(attribute, raw);
    let is_blank = raw
        .split(|b| *b == 0)
        .all(|part| part.trim_ascii().is_empty());
    if !is_blank {
        assert_eq!(found.is_empty(), dropped == 1, "stated or counted: {raw:?}");
    }
    found.into_iter().next().map(|s| s.value)
}

#[test]
fn blanks_and_line_breaks_are_tidied() {
    assert_eq!(
        value_of(
            Attribute::SystemDescription,
            b"\0 Cisco IOS\r\nCompiled\tThu \0\0"
        )
        .as_deref(),
        Some("Cisco IOS Compiled Thu")
    );
}

#[test]
fn control_invisible_and_undecodable_characters_are_replaced_and_flagged() {
    let (found, _) = stated(Attribute::Hostname, b"pump\x1b[2J\xff\xe2\x80\xae7");
    assert_eq!(found[0].value, "pump\u{fffd}[2J\u{fffd}\u{fffd}7");
    assert!(found[0].flags.has(FactFlags::SANITISED));
    let (found, _) = stated(Attribute::Hostname, b"pump-7");
    assert_eq!(found[0].flags, FactFlags::default());
}

#[test]
fn a_value_of_nothing_but_refuse_is_dropped_and_counted() {
    for raw in [&b"\xff\xfe\x01"[..], "\u{200b}".as_bytes(), b"\x7f"] {
        let (found, dropped) = stated(Attribute::VendorClass, raw);
        assert!(found.is_empty() && dropped == 1, "{raw:?}");
    }
}

#[test]
fn an_empty_value_says_nothing_and_is_no_loss() {
    for raw in [&b""[..], b"   ", b"\0\0"] {
        assert_eq!(stated(Attribute::VendorClass, raw), (vec![], 0), "{raw:?}");
    }
}

#[test]
fn a_nul_ends_a_text() {
    let garbage = b"0xbc00\0\xff\xfeBWT";
    assert_eq!(
        value_of(Attribute::DeviceManufacturer, garbage).as_deref(),
        Some("0xbc00")
    );
}

#[test]
fn a_long_value_is_cut_between_characters_and_flagged() {
    let raw = "ü".repeat(400);
    let (found, _) = stated(Attribute::SystemDescription, raw.as_bytes());
    assert_eq!(found[0].value, "ü".repeat(VALUE_BYTES / 2));
    assert!(found[0].flags.has(FactFlags::TRUNCATED));
    let fits = "x".repeat(VALUE_BYTES);
    let (found, _) = stated(Attribute::SystemDescription, fits.as_bytes());
    assert_eq!(found[0].value, fits);
    assert_eq!(found[0].flags, FactFlags::default());
}

#[test]
fn persons_never_pass_where_names_of_systems_do() {
    for raw in ["DOE^JOHN", "DOE^JOHN^Q^III", "O'NEIL^MARY ANN^"] {
        assert_eq!(
            value_of(Attribute::Application, raw.as_bytes()),
            None,
            "{raw}"
        );
        assert_eq!(
            value_of(Attribute::SystemDescription, raw.as_bytes()),
            None,
            "{raw}"
        );
    }
    for raw in [
        "cobas 8000^1.06",
        "GATEWAY^0012210000000000^EUI-64",
        "LAB^2.16.840.1.113883^ISO",
        "MAC5500HD^GE Healthcare^SN SDE12345678GA",
    ] {
        let attribute = Attribute::ProductModel;
        assert_eq!(value_of(attribute, raw.as_bytes()).as_deref(), Some(raw));
    }
}

#[test]
fn contacts_and_dates_never_pass_in_what_people_type() {
    for raw in [
        "mary@example.org",
        "ask mary.doe@st-mary.example now",
        "078-05-1120",
        "born 1960-02-29",
        "29.02.1960",
    ] {
        assert_eq!(value_of(Attribute::Location, raw.as_bytes()), None, "{raw}");
    }
    for raw in [
        "root@buildhost",
        "ward 3@east",
        "10.29.2.1960",
        "1-2-3",
        "@",
        "a@.b",
    ] {
        assert!(
            value_of(Attribute::Location, raw.as_bytes()).is_some(),
            "{raw}"
        );
    }
}

#[test]
fn numbers_pass_where_devices_have_them_and_not_in_messages() {
    assert!(value_of(Attribute::Serial, b"12345678").is_some());
    assert!(value_of(Attribute::Facility, b"12345678").is_none());
    assert!(value_of(Attribute::Facility, b"2.16.840.1.113883.19").is_some());
    assert!(value_of(Attribute::Facility, b"LAB^05D0642827^CLIA").is_some());
    assert!(value_of(Attribute::Facility, b"STMARY 12345").is_some());
}

#[test]
fn a_statement_about_another_party_is_hearsay() {
    let context = context();
    let mut dropped = ValuesDropped::default();
    let found = statements(|sink| {
        let mut out = Emitter::new(&context, sink, &mut dropped);
        out.about(Subject::Key("x".into()));
        out.value(
            (Attribute::Role, Field::Dhcpv4Opt3, ConfidenceClass::D4),
            "router",
        );
    });
    assert!(found[0].flags.has(FactFlags::HEARSAY));
}

#[test]
fn a_binding_names_one_interface_and_one_host() {
    let bound = |mac: Mac, ip: &str| {
        let context = context();
        let mut dropped = ValuesDropped::default();
        let mut memory = crate::testing::Memory::default();
        let mut out = Emitter::new(&context, &mut memory, &mut dropped);
        out.binding(mac, ip.parse().unwrap(), BindingSource::Arp, 0, false);
        memory.bindings.len() == 1
    };
    let mac = crate::testing::mac(7);
    for ip in ["10.0.0.1", "169.254.1.1", "fe80::1", "2001:db8::1"] {
        assert!(bound(mac, ip), "{ip}");
        assert!(!bound(Mac([0; 6]), ip) && !bound(Mac([0xff; 6]), ip));
    }
    for ip in [
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "ff02::1",
    ] {
        assert!(!bound(mac, ip), "{ip}");
    }
}

proptest! {
    #[test]
    fn any_bytes_become_a_bounded_printable_value_or_none(
        raw in prop::collection::vec(any::<u8>(), 0..1200),
        number in 1..50_i32,
    ) {
        let attribute = Attribute::try_from(number).unwrap_or(Attribute::Hostname);
        if let Some(value) = value_of(attribute, &raw) {
            prop_assert!(!value.is_empty() && value.len() <= VALUE_BYTES);
            prop_assert!(!value.chars().any(char::is_control));
            prop_assert_eq!(value.trim(), &value);
        }
    }
}
