//! How much a source weighs, and what follows from several of them.
//!
//! Integers only (millionths), so that every machine computes the same. For a value v:
//! `s(v) = 1 - product over groups (1 - strongest weight in the group)`, groups being sources that depend on each other;
//! weight = prior of the class x hearsay x distance x doubts x age.

use auscult_proto::observation::{FactFlags, Millis};
use auscult_proto::{Attribute, ConfidenceClass, Field};

use crate::attribute::{Source, Value};
use crate::event::{Confidence, Verdict};

const ONE: u64 = 1_000_000;
/// Said by somebody else.
const HEARSAY: u64 = 600_000;
/// Reached by network address only.
const DISTANT: u64 = 800_000;
/// The strongest a sum of evidence becomes: something always remains possible.
const CEILING: u64 = 999_000;
const DAY: Millis = 86_400_000;

/// Values of at least this are published.
pub(crate) const PUBLISHED: u32 = 100_000;
const ASSERTED: u32 = 800_000;
const LIKELY: u32 = 500_000;

/// How the values of an attribute stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only one can be true: they compete.
    Rival,
    /// One is true at a time: the newest stated first hand holds.
    Newest,
    /// All may be true together.
    Many,
}

pub(crate) fn kind(attribute: Attribute) -> Kind {
    match attribute {
        Attribute::HwRevision
        | Attribute::FwVersion
        | Attribute::SwVersion
        | Attribute::Hostname
        | Attribute::Fqdn
        | Attribute::SystemName
        | Attribute::SystemDescription
        | Attribute::Location
        | Attribute::SwitchPort
        | Attribute::Platform
        | Attribute::AssetId
        | Attribute::LeaseServer
        | Attribute::NativeVlan => Kind::Newest,
        Attribute::Unspecified
        | Attribute::NicVendor
        | Attribute::DeviceManufacturer
        | Attribute::ProductModel
        | Attribute::DeviceType
        | Attribute::Serial
        | Attribute::OsName
        | Attribute::ChassisId
        | Attribute::Eui64
        | Attribute::Duid
        | Attribute::Uuid
        | Attribute::Enterprise
        | Attribute::ClientId => Kind::Rival,
        Attribute::StackVendor
        | Attribute::StackVersion
        | Attribute::Role
        | Attribute::AeTitle
        | Attribute::Application
        | Attribute::Facility
        | Attribute::VendorClass
        | Attribute::UserClass
        | Attribute::ParameterList
        | Attribute::OptionOrder
        | Attribute::PortId
        | Attribute::PortDescription
        | Attribute::Capabilities
        | Attribute::ManagementAddress
        | Attribute::MudUrl
        | Attribute::SopClass
        | Attribute::ImplementationUid
        | Attribute::ImplementationVersion
        | Attribute::MessageType
        | Attribute::ProtocolVersion
        | Attribute::Profile
        | Attribute::Product
        | Attribute::BinaryId
        | Attribute::Architecture => Kind::Many,
    }
}

/// Sources that depend on each other count as their strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Interface,
    Stack,
    Management,
    Application,
    Name,
}

const GROUPS: usize = 5;

fn group(field: Field) -> Group {
    match field {
        Field::Unspecified
        | Field::EthernetSource
        | Field::ArpSender
        | Field::NdpRouterAdvertisement
        | Field::NdpAdvertisementRouterFlag
        | Field::LldpChassis => Group::Interface,
        Field::Dhcpv4Opt12
        | Field::Dhcpv4Opt81
        | Field::Dhcpv6Opt39Fqdn
        | Field::LldpSystemName
        | Field::CdpSystemName
        | Field::CdpDeviceId
        | Field::DicomCallingAe
        | Field::DicomCalledAe => Group::Name,
        Field::Dhcpv4Opt55
        | Field::Dhcpv4Opt60
        | Field::Dhcpv4Opt61
        | Field::Dhcpv4Opt77
        | Field::Dhcpv4Opt82Circuit
        | Field::Dhcpv4Opt82Remote
        | Field::Dhcpv4Opt93
        | Field::Dhcpv4Opt97
        | Field::Dhcpv4Opt161
        | Field::Dhcpv4Order
        | Field::Dhcpv4Opt54
        | Field::Dhcpv4Opt3
        | Field::Dhcpv4Opt125
        | Field::Dhcpv6Opt1Duid
        | Field::Dhcpv6Opt6Oro
        | Field::Dhcpv6Opt16Vendor
        | Field::Dhcpv6Opt112Mud
        | Field::Dhcpv6Opt2Server
        | Field::Dhcpv6Opt15UserClass => Group::Stack,
        Field::LldpPort
        | Field::LldpPortDescription
        | Field::LldpSystemDescription
        | Field::LldpCapabilities
        | Field::LldpManagementAddress
        | Field::LldpMud
        | Field::LldpmedHardware
        | Field::LldpmedFirmware
        | Field::LldpmedSoftware
        | Field::LldpmedSerial
        | Field::LldpmedManufacturer
        | Field::LldpmedModel
        | Field::LldpmedAsset
        | Field::LldpPortVlan
        | Field::CdpAddress
        | Field::CdpPort
        | Field::CdpCapabilities
        | Field::CdpVersion
        | Field::CdpPlatform
        | Field::CdpNativeVlan
        | Field::CdpManagementAddress
        | Field::CdpLocation => Group::Management,
        Field::DicomAbstractSyntaxProposed
        | Field::DicomAbstractSyntaxAccepted
        | Field::DicomImplementationUid
        | Field::DicomImplementationVersion
        | Field::DicomReject
        | Field::Hl7Msh3
        | Field::Hl7Msh4
        | Field::Hl7Msh5
        | Field::Hl7Msh6
        | Field::Hl7Msh9
        | Field::Hl7Msh12
        | Field::Hl7Msh21
        | Field::Hl7Sft1
        | Field::Hl7Sft2
        | Field::Hl7Sft3
        | Field::Hl7Sft4 => Group::Application,
    }
}

fn prior(class: ConfidenceClass, attribute: Attribute) -> u64 {
    match class {
        ConfidenceClass::D1 => 950_000,
        ConfidenceClass::D2 => 900_000,
        ConfidenceClass::D3 => 800_000,
        ConfidenceClass::D4 => 550_000,
        ConfidenceClass::D5 => 350_000,
        // A registered prefix names the maker of the interface, hardly the maker of the device.
        ConfidenceClass::D6 if attribute == Attribute::NicVendor => 980_000,
        ConfidenceClass::D6 => 150_000,
        ConfidenceClass::D7 => 250_000,
        ConfidenceClass::Unspecified => 0,
    }
}

fn half_life(attribute: Attribute) -> Option<Millis> {
    match attribute {
        Attribute::SwVersion | Attribute::FwVersion => Some(30 * DAY),
        Attribute::Role => Some(90 * DAY),
        Attribute::Location => Some(14 * DAY),
        _ => None,
    }
}

fn scale(value: u64, factor: u64) -> u64 {
    value.saturating_mul(factor) / ONE
}

/// Halves every half-life, straight in between.
fn age(elapsed: Millis, half_life: Millis) -> u64 {
    let elapsed = elapsed.max(0);
    let halvings = elapsed.checked_div(half_life).unwrap_or(0).min(20);
    let part = elapsed
        .checked_rem(half_life)
        .unwrap_or(0)
        .saturating_mul(500_000)
        .checked_div(half_life)
        .unwrap_or(0);
    let whole = ONE >> u32::try_from(halvings).unwrap_or(20);
    scale(whole, ONE.saturating_sub(u64::try_from(part).unwrap_or(0)))
}

/// Weight of one source; `newest` is when the attribute was last stated by anybody, against which age counts.
pub(crate) fn weight(source: &Source, attribute: Attribute, newest: Millis) -> u64 {
    let mut weight = prior(source.class, attribute);
    for (doubt, factor) in [
        (FactFlags::HEARSAY, HEARSAY),
        (FactFlags::MALFORMED, 500_000),
        (FactFlags::TRUNCATED, 800_000),
        (FactFlags::DEFAULT_VALUE, 300_000),
        (FactFlags::MIDSTREAM, 900_000),
    ] {
        if source.flags.has(doubt) {
            weight = scale(weight, factor);
        }
    }
    if !source.adjacent {
        weight = scale(weight, DISTANT);
    }
    match half_life(attribute) {
        Some(half_life) => scale(
            weight,
            age(newest.saturating_sub(source.last_seen), half_life),
        ),
        None => weight,
    }
}

/// What all sources of one value together say.
pub(crate) fn sum(value: &Value, attribute: Attribute, newest: Millis) -> u64 {
    let mut strongest = [0; GROUPS];
    for source in &value.sources {
        let slot = match group(source.field) {
            Group::Interface => 0,
            Group::Stack => 1,
            Group::Management => 2,
            Group::Application => 3,
            Group::Name => 4,
        };
        if let Some(slot) = strongest.get_mut(slot) {
            *slot = weight(source, attribute, newest).max(*slot);
        }
    }
    let remaining = strongest
        .iter()
        .fold(ONE, |rest, weight| scale(rest, ONE.saturating_sub(*weight)));
    ONE.saturating_sub(remaining).min(CEILING)
}

/// What is believed of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assessment {
    /// Positions in the list of values, the best first, with their confidence; only published ones.
    pub(crate) order: Vec<(usize, Confidence)>,
    pub(crate) verdict: Verdict,
    pub(crate) contested: bool,
}

pub(crate) fn assess(attribute: Attribute, values: &[Value]) -> Assessment {
    let newest = values
        .iter()
        .map(Value::last_seen)
        .max()
        .unwrap_or_default();
    let sums: Vec<u64> = values
        .iter()
        .map(|value| sum(value, attribute, newest))
        .collect();
    let kind = kind(attribute);
    let mut order: Vec<(usize, Confidence)> = sums
        .iter()
        .enumerate()
        .map(|(position, sum)| {
            let confidence = if kind == Kind::Rival {
                share(*sum, &sums)
            } else {
                *sum
            };
            (
                position,
                Confidence(u32::try_from(confidence).unwrap_or(u32::MAX)),
            )
        })
        .collect();
    // Values are ordered by text, so equal ones keep that order: the sort is stable.
    order.sort_by_key(|(position, confidence)| {
        let value = values.get(*position);
        let current = kind == Kind::Newest && value.is_some_and(|value| value.current);
        let first_seen = value.map_or(0, Value::first_seen);
        (!current, std::cmp::Reverse(*confidence), first_seen)
    });
    let contested = contested(kind, values, &order);
    // The current value is always worth saying, however weak its source.
    order.retain(|(position, confidence)| {
        confidence.0 >= PUBLISHED || values.get(*position).is_some_and(|value| value.current)
    });
    let best = order.first().map_or(0, |(_, confidence)| confidence.0);
    let verdict = match best {
        ASSERTED.. => Verdict::Asserted,
        LIKELY.. => Verdict::Likely,
        _ => Verdict::Unknown,
    };
    Assessment {
        order,
        verdict,
        contested,
    }
}

/// Share of one sum among its rivals and the unknown, by odds: alone, a value keeps its own sum.
fn share(sum: u64, sums: &[u64]) -> u64 {
    let odds = |sum: u64| {
        sum.saturating_mul(ONE)
            .checked_div(ONE.saturating_sub(sum))
            .unwrap_or(u64::MAX)
    };
    let all = sums
        .iter()
        .fold(ONE, |all, sum| all.saturating_add(odds(*sum)));
    odds(sum).saturating_mul(ONE).checked_div(all).unwrap_or(0)
}

fn contested(kind: Kind, values: &[Value], order: &[(usize, Confidence)]) -> bool {
    let strong = |value: &Value| {
        value.sources.iter().any(|source| {
            matches!(source.class, ConfidenceClass::D1 | ConfidenceClass::D2)
                && !source.flags.has(FactFlags::HEARSAY)
        })
    };
    match kind {
        Kind::Many => false,
        Kind::Rival => {
            let close = matches!(order, [(_, best), (_, second), ..]
                if second.0 >= PUBLISHED && second.0.saturating_mul(2) >= best.0);
            close || values.iter().filter(|value| strong(value)).count() > 1
        }
        // Another value that was stated again after the current one began.
        Kind::Newest => {
            let since = values
                .iter()
                .find(|value| value.current)
                .map_or(Millis::MAX, Value::first_seen);
            values
                .iter()
                .any(|value| !value.current && strong(value) && value.last_seen() > since)
        }
    }
}
