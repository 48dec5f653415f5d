//! The fields that may be read. What is not in this table does not leave the wire.

use auscult_proto::{Attribute, ConfidenceClass, Field};

/// A segment with fields to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment {
    /// Message header.
    Msh,
    /// Software.
    Sft,
}

/// Whom a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Sender,
    Receiver,
}

/// A field to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) source: (Attribute, Field, ConfidenceClass),
    pub(super) about: About,
    /// Each repetition is a value of its own.
    pub(super) repeats: bool,
    /// Only the first component is the value: the name of an organisation (type XON). The other texts of a software segment are plain
    /// (type ST), and where a sender puts components there, the first is the one that is meant.
    pub(super) first_component: bool,
}

/// The field of a segment, if it may be read. Numbers as in the HL7 standard, chapter 2.
pub(super) const fn wanted(segment: Segment, field: u8) -> Option<Wanted> {
    use ConfidenceClass::{D1, D3, D4};
    let source = match (segment, field) {
        (Segment::Msh, 3) => (Attribute::Application, Field::Hl7Msh3, D4),
        (Segment::Msh, 4) => (Attribute::Facility, Field::Hl7Msh4, D4),
        (Segment::Msh, 5) => (Attribute::Application, Field::Hl7Msh5, D4),
        (Segment::Msh, 6) => (Attribute::Facility, Field::Hl7Msh6, D4),
        (Segment::Msh, 9) => (Attribute::MessageType, Field::Hl7Msh9, D4),
        (Segment::Msh, 12) => (Attribute::ProtocolVersion, Field::Hl7Msh12, D4),
        (Segment::Msh, 21) => (Attribute::Profile, Field::Hl7Msh21, D3),
        (Segment::Sft, 1) => (Attribute::StackVendor, Field::Hl7Sft1, D1),
        (Segment::Sft, 2) => (Attribute::StackVersion, Field::Hl7Sft2, D1),
        (Segment::Sft, 3) => (Attribute::Product, Field::Hl7Sft3, D1),
        (Segment::Sft, 4) => (Attribute::BinaryId, Field::Hl7Sft4, D1),
        _ => return None,
    };
    let about = match (segment, field) {
        (Segment::Msh, 5 | 6) => About::Receiver,
        _ => About::Sender,
    };
    Some(Wanted {
        source,
        about,
        repeats: matches!((segment, field), (Segment::Msh, 21)),
        first_component: matches!(segment, Segment::Sft),
    })
}
