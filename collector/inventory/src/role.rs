//! What a device seems to be for: hints from what it says, no more.

use std::collections::BTreeMap;

use auscult_proto::{Attribute, Field};

use crate::attribute::Value;
use crate::device::Device;
use crate::event::{Confidence, RoleHint};

const STRONG: Confidence = Confidence(900_000);
const FAIR: Confidence = Confidence(750_000);
const WEAK: Confidence = Confidence(500_000);

/// More kinds of objects than one modality makes: an archive or a workstation.
const MANY_KINDS: usize = 8;

/// Storage SOP classes (DICOM PS3.4, B.5) that one kind of equipment makes, by their part after `1.2.840.10008.5.1.4.1.1.`.
const MODALITIES: &[(&str, &str)] = &[
    ("1", "radiography"),
    ("1.1", "radiography"),
    ("1.2", "mammography"),
    ("2", "ct scanner"),
    ("2.1", "ct scanner"),
    ("3.1", "ultrasound"),
    ("6.1", "ultrasound"),
    ("4", "mr scanner"),
    ("4.1", "mr scanner"),
    ("12.1", "angiography"),
    ("12.2", "fluoroscopy"),
    ("20", "nuclear medicine"),
    ("128", "pet scanner"),
    ("481.1", "radiotherapy"),
    ("77.1.5.1", "ophthalmic imaging"),
];

const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

/// Capabilities that are roles. A telephone with a socket for a computer, and an access point, are bridges besides and say so, but nobody
/// would call them switches.
const CAPABILITIES: &[(&str, &str, Confidence)] = &[
    ("router", "router", FAIR),
    ("bridge", "switch", FAIR),
    ("switch", "switch", FAIR),
    ("wlan-ap", "access point", STRONG),
    ("telephone", "telephone", STRONG),
];

/// The most probable first; equal ones by name.
pub(crate) fn hints(device: &Device) -> Vec<RoleHint> {
    let mut strongest = BTreeMap::new();
    let mut hint = |role: &'static str, confidence: Confidence| {
        let known = strongest.entry(role).or_insert(confidence);
        *known = confidence.max(*known);
    };
    if device.gateway {
        hint("router", STRONG);
    }
    if device.forwarder {
        hint("hl7 gateway", STRONG);
    }
    for value in device.attribute(Attribute::Role) {
        match value.text.as_ref() {
            "router" => hint("router", FAIR),
            "dhcp-server" => hint("dhcp server", STRONG),
            "dicom-server" => hint("dicom server", FAIR),
            _ => {}
        }
    }
    for value in device.attribute(Attribute::Capabilities) {
        for word in value.text.split([',', ' ']) {
            let found = CAPABILITIES.iter().find(|(name, ..)| *name == word);
            if let Some((_, role, confidence)) = found {
                // A router that is also a bridge says so: both are told.
                hint(role, *confidence);
            }
        }
    }
    dicom(device, &mut hint);
    if !device.attribute(Attribute::Application).is_empty() {
        hint("hl7 application", WEAK);
    }
    let mut hints: Vec<RoleHint> = strongest
        .into_iter()
        .map(|(role, confidence)| RoleHint { role, confidence })
        .collect();
    hints.sort_by_key(|hint| std::cmp::Reverse(hint.confidence));
    hints
}

fn dicom(device: &Device, hint: &mut impl FnMut(&'static str, Confidence)) {
    let classes = device.attribute(Attribute::SopClass);
    let stores = |field: Field| {
        classes
            .iter()
            .filter(move |value| said_in(value, field))
            .filter_map(|value| value.text.strip_prefix(STORAGE))
    };
    let accepted = stores(Field::DicomAbstractSyntaxAccepted).count();
    let proposed = stores(Field::DicomAbstractSyntaxProposed).count();
    if accepted > 0 {
        hint("dicom archive", FAIR);
    }
    if proposed >= MANY_KINDS {
        hint("dicom workstation", WEAK);
        return;
    }
    let mut made: Vec<&'static str> = stores(Field::DicomAbstractSyntaxProposed)
        .filter_map(|kind| {
            let found = MODALITIES.iter().find(|(suffix, _)| *suffix == kind);
            found.map(|(_, role)| *role)
        })
        .collect();
    made.sort_unstable();
    made.dedup();
    if let ([role], 0) = (made.as_slice(), accepted) {
        hint(role, FAIR);
    }
}

fn said_in(value: &Value, field: Field) -> bool {
    value.sources.iter().any(|source| source.field == field)
}
