//! Which values may leave, per attribute: identity of devices yes, anything shaped like a person's data no.

use auscult_proto::Attribute;

/// How closely a value of an attribute is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Made of numbers, addresses and fixed words by this crate.
    Made,
    /// Written by a maker into firmware: refused only in the shape of an HL7 person name.
    Maker,
    /// Typed by people at the site: refused also with e-mail addresses, dates and social security numbers.
    Site,
    /// Taken from a clinical message: refused also with a run of six or more digits.
    Message,
}

/// The guard of an attribute. Exhaustive on purpose: a new attribute does not compile before this is decided.
#[must_use]
pub const fn guard(attribute: Attribute) -> Guard {
    match attribute {
        Attribute::Unspecified
        | Attribute::NicVendor
        | Attribute::DeviceType
        | Attribute::Role
        | Attribute::ParameterList
        | Attribute::OptionOrder
        | Attribute::Duid
        | Attribute::Enterprise
        | Attribute::Capabilities
        | Attribute::ManagementAddress
        | Attribute::NativeVlan
        | Attribute::SopClass
        | Attribute::ImplementationUid
        | Attribute::MessageType
        | Attribute::ProtocolVersion
        | Attribute::Profile
        | Attribute::Eui64
        | Attribute::Uuid
        | Attribute::Architecture
        | Attribute::LeaseServer => Guard::Made,
        Attribute::DeviceManufacturer
        | Attribute::ProductModel
        | Attribute::Serial
        | Attribute::HwRevision
        | Attribute::FwVersion
        | Attribute::SwVersion
        | Attribute::OsName
        | Attribute::StackVendor
        | Attribute::StackVersion
        | Attribute::VendorClass
        | Attribute::SystemDescription
        | Attribute::Platform
        | Attribute::PortId
        | Attribute::MudUrl
        | Attribute::ImplementationVersion
        | Attribute::Product
        | Attribute::BinaryId => Guard::Maker,
        Attribute::Hostname
        | Attribute::Fqdn
        | Attribute::SystemName
        | Attribute::ChassisId
        | Attribute::ClientId
        | Attribute::PortDescription
        | Attribute::AssetId
        | Attribute::Location
        | Attribute::SwitchPort
        | Attribute::UserClass
        | Attribute::AeTitle => Guard::Site,
        Attribute::Application | Attribute::Facility => Guard::Message,
    }
}

/// Whether a cleaned value may be stated.
pub(super) fn allows(attribute: Attribute, value: &str) -> bool {
    let says_something = value
        .chars()
        .any(|c| c != char::REPLACEMENT_CHARACTER && !c.is_whitespace());
    if !says_something {
        return false;
    }
    match guard(attribute) {
        Guard::Made => true,
        Guard::Maker => !is_person(value),
        Guard::Site => !is_person(value) && !holds_contact(value),
        Guard::Message => !is_person(value) && !holds_contact(value) && !holds_number(value),
    }
}

/// Last components of an HL7 HD ("hierarchic designator"): what stands before them is an identifier of a system.
const DESIGNATORS: [&str; 9] = [
    "ISO", "EUI-64", "DNS", "GUID", "UUID", "URI", "CLIA", "NPI", "L",
];

fn is_designated(value: &str) -> bool {
    value
        .rsplit_once('^')
        .is_some_and(|(_, last)| DESIGNATORS.contains(&last))
}

/// `FAMILY^GIVEN`, the HL7 form of a person's name.
fn is_person(value: &str) -> bool {
    if is_designated(value) {
        return false;
    }
    let mut before_is_name = false;
    value.split('^').any(|component| {
        let is_name = !component.is_empty()
            && component
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '.'));
        let both = before_is_name && is_name;
        before_is_name = is_name;
        both
    })
}

fn holds_contact(value: &str) -> bool {
    let bytes = value.as_bytes();
    holds_mail(value)
        || [
            &b"999-99-9999"[..],
            b"9999-99-99",
            b"9999/99/99",
            b"99/99/9999",
            b"99.99.9999",
        ]
        .iter()
        .any(|shape| holds_shape(bytes, shape))
}

/// `name@host.tld`.
fn holds_mail(value: &str) -> bool {
    let mut parts = value.split('@').peekable();
    while let Some(before) = parts.next() {
        let Some(after) = parts.peek() else {
            return false;
        };
        let named = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
        let domain = after
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-')))
            .next()
            .unwrap_or_default();
        let placed = domain
            .trim_end_matches('.')
            .rsplit_once('.')
            .is_some_and(|(host, top)| {
                !host.is_empty() && top.len() >= 2 && top.chars().all(char::is_alphabetic)
            });
        if named && placed {
            return true;
        }
    }
    false
}

/// `shape` occurs, `9` standing for any digit, with no digit on either side.
fn holds_shape(bytes: &[u8], shape: &[u8]) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let mut before = None;
    let mut rest = bytes;
    while let Some((first, after_first)) = rest.split_first() {
        if let Some((head, tail)) = rest.split_at_checked(shape.len()) {
            let fits = head.iter().zip(shape).all(|(byte, want)| match want {
                b'9' => byte.is_ascii_digit(),
                _ => byte == want,
            });
            if fits && !is_digit(before) && !is_digit(tail.first()) {
                return true;
            }
        }
        before = Some(first);
        rest = after_first;
    }
    false
}

/// Six or more digits in a row, outside of object identifiers and designated identifiers.
fn holds_number(value: &str) -> bool {
    let is_oid = value.bytes().all(|b| b.is_ascii_digit() || b == b'.') && value.contains('.');
    if is_oid || is_designated(value) {
        return false;
    }
    value
        .split(|c: char| !c.is_ascii_digit())
        .any(|run| run.len() >= 6)
}
