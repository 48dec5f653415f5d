//! DICOM upper layer (PS3.8): who associates with whom, as what, and with which software.
//!
//! Read are the association request, its acceptance and its rejection, on any port. The title that a client calls is no name of the
//! server before the server has accepted it: it is held back until the server repeats it, or, where only the client is heard, until
//! the client goes on as it may only after an acceptance. The walker of [`pdu`] skips by length and
//! keeps only the field being read, so an association of a hundred kilobytes costs what a small one does. User identity
//! (sub-item 0x58) and data sets are never read: a side is done with its association PDU. To read data sets, `pdu` has to hand
//! out the P-DATA it now ends at, and a side is done later.

mod contexts;
mod pdu;
#[cfg(test)]
mod tests;

use std::fmt;

use auscult_proto::observation::FactFlags;
use auscult_proto::{Attribute, ConfidenceClass, Field};

use crate::role;
use crate::stream::{Extractor, NAME_BYTES, Pair, ProbeResult, Role, Side, Speaker, Verdict};
use contexts::Contexts;
use pdu::{Event, Kind, Walker};

/// Titles that toolkits come with, and titles that stand for anybody: they name no device.
const DEFAULT_TITLES: [&[u8]; 18] = [
    b"ANY-SCP",
    b"ANYSCP",
    b"ANY-SCU",
    b"ANYSCU",
    b"STORESCU",
    b"STORESCP",
    b"ECHOSCU",
    b"ECHOSCP",
    b"FINDSCU",
    b"MOVESCU",
    b"GETSCU",
    b"MOVEDESTINATION",
    b"PYNETDICOM",
    b"DCMTK",
    b"DCM4CHEE",
    b"ORTHANC",
    b"CONQUESTSRV1",
    b"AE_TITLE",
];

/// The item that every association begins with: the name of the DICOM application context (PS3.7 A.2.1).
const APPLICATION_CONTEXT: &[u8] = b"1.2.840.10008.3.1.1.1";
const APPLICATION_CONTEXT_AT: usize = 74;

/// Bytes of an application entity title (PS3.8 table 9-11).
const TITLE_BYTES: usize = 16;
/// Largest association PDU taken for one.
const LARGEST_ASSOCIATION: u32 = 1 << 20;

/// Whether a side begins with an association PDU. The type and version alone are shared with other protocols: only the name of
/// the application context is certain. A rejection has nothing of its own and waits for the request.
pub(crate) fn probe(prefix: &[u8], _midstream: bool) -> ProbeResult {
    const REJECTION_PDU: [u8; 7] = [3, 0, 0, 0, 0, 4, 0];
    let role = match prefix.first() {
        None => return ProbeResult::Unsure,
        Some(1) => Role::Client,
        Some(2) => Role::Server,
        Some(3) if prefix.len() <= 10 && common(prefix, &REJECTION_PDU) => {
            return ProbeResult::Unsure;
        }
        Some(_) => return ProbeResult::NotForUs,
    };
    if prefix.get(1).is_some_and(|reserved| *reserved != 0) {
        return ProbeResult::NotForUs;
    }
    if let Some(&[a, b, c, d]) = prefix.get(2..6) {
        let length = u32::from_be_bytes([a, b, c, d]);
        if !(pdu::FIXED_BYTES..=LARGEST_ASSOCIATION).contains(&length) {
            return ProbeResult::NotForUs;
        }
    }
    if prefix.get(7).is_some_and(|version| version & 1 == 0) {
        return ProbeResult::NotForUs;
    }
    let Some(item) = prefix.get(APPLICATION_CONTEXT_AT..) else {
        return ProbeResult::Unsure;
    };
    let name = item.get(4..).unwrap_or(&[]);
    if item.first().is_some_and(|kind| *kind != 0x10) || !common(name, APPLICATION_CONTEXT) {
        ProbeResult::NotForUs
    } else if name.len() < APPLICATION_CONTEXT.len() {
        ProbeResult::Unsure
    } else {
        ProbeResult::Certain(Some(role))
    }
}

/// The shorter is the beginning of the longer.
fn common(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
}

/// Reads one connection.
pub(crate) fn extractor() -> Box<dyn Extractor> {
    Box::new(Association::default())
}

#[derive(Default)]
struct Association {
    walkers: Pair<Walker>,
    contexts: Contexts,
    /// The title a request called, until it is known whether the server accepts it.
    called: Option<[u8; TITLE_BYTES]>,
}

const _: () = assert!(
    size_of::<Association>() <= 1024,
    "512 bytes for each direction"
);

impl Extractor for Association {
    fn push(&mut self, side: Side, bytes: &[u8], speaker: &mut Speaker<'_>) -> Verdict {
        let (contexts, called) = (&mut self.contexts, &mut self.called);
        let is_done = self.walkers.of_mut(side).walk(bytes, &mut |event| {
            state(event, contexts, called, speaker);
        });
        if !is_done {
            Verdict::Continue
        } else if self.walkers.of(side.other()).is_done() {
            Verdict::Done
        } else {
            Verdict::SideDone
        }
    }

    fn gap(&mut self, side: Side) -> Verdict {
        self.walkers.of_mut(side).give_up();
        if self.walkers.of(side.other()).is_done() {
            Verdict::Done
        } else {
            Verdict::SideDone
        }
    }
}

impl fmt::Debug for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Association").finish_non_exhaustive()
    }
}

/// Attribute, field and weight of each field that is read.
type Source = (Attribute, Field, ConfidenceClass);
const CALLING: Source = (
    Attribute::AeTitle,
    Field::DicomCallingAe,
    ConfidenceClass::D5,
);
const CALLED: Source = (
    Attribute::AeTitle,
    Field::DicomCalledAe,
    ConfidenceClass::D5,
);
const PROPOSED: Source = (
    Attribute::SopClass,
    Field::DicomAbstractSyntaxProposed,
    ConfidenceClass::D3,
);
const ACCEPTED: Source = (
    Attribute::SopClass,
    Field::DicomAbstractSyntaxAccepted,
    ConfidenceClass::D3,
);
const IMPLEMENTATION_UID: Source = (
    Attribute::ImplementationUid,
    Field::DicomImplementationUid,
    ConfidenceClass::D4,
);
const IMPLEMENTATION_VERSION: Source = (
    Attribute::ImplementationVersion,
    Field::DicomImplementationVersion,
    ConfidenceClass::D4,
);
const REJECTION: Source = (Attribute::Role, Field::DicomReject, ConfidenceClass::D4);

/// States what one field says.
fn state(
    event: Event<'_>,
    contexts: &mut Contexts,
    held: &mut Option<[u8; TITLE_BYTES]>,
    speaker: &mut Speaker<'_>,
) {
    let no_doubts = FactFlags::default();
    match event {
        Event::Titles {
            kind,
            called,
            calling,
        } => {
            let (calling_doubts, called_doubts) = (title_doubts(calling), title_doubts(called));
            match kind {
                Kind::Request => {
                    speaker.plays(Role::Client);
                    speaker.of_itself(CALLING, calling, calling_doubts);
                    *held = called.try_into().ok();
                }
                // The acceptor returns both titles: by that it answers to the one it was called by.
                Kind::Acceptance => {
                    speaker.plays(Role::Server);
                    speaker.of_itself(CALLED, called, called_doubts);
                    speaker.of_listener(CALLING, calling, calling_doubts);
                }
            }
        }
        Event::Proposed { id, syntax } => {
            let syntax = uid(syntax);
            if is_uid(syntax) {
                let tag = speaker.names().remember(syntax);
                if contexts.propose(id, tag) {
                    speaker.of_itself(PROPOSED, syntax, no_doubts);
                }
            }
        }
        Event::Accepted { id } => {
            let tag = contexts.accept(id);
            if let Some((syntax, len)) = tag.and_then(|tag| speaker.names().recall(tag)) {
                let syntax = syntax.get(..len).unwrap_or(&[]);
                speaker.of_itself(ACCEPTED, syntax, no_doubts);
            }
        }
        Event::ImplementationUid(value) => {
            let value = uid(value);
            if is_uid(value) {
                speaker.of_itself(IMPLEMENTATION_UID, value, no_doubts);
            }
        }
        Event::ImplementationVersion { value, is_cut } => {
            let doubts = if is_cut {
                FactFlags::TRUNCATED
            } else {
                no_doubts
            };
            speaker.of_itself(IMPLEMENTATION_VERSION, value, doubts);
        }
        Event::UsedByRequestor => {
            if let Some(called) = held.take() {
                speaker.of_listener(CALLED, &called, title_doubts(&called));
            }
        }
        Event::Rejected => {
            *held = None;
            speaker.plays(Role::Server);
            speaker.of_itself(REJECTION, role::DICOM_SERVER.as_bytes(), no_doubts);
        }
    }
}

fn title_doubts(title: &[u8]) -> FactFlags {
    let is_default = DEFAULT_TITLES
        .iter()
        .any(|default| default.eq_ignore_ascii_case(title.trim_ascii()));
    if is_default {
        FactFlags::DEFAULT_VALUE
    } else {
        FactFlags::default()
    }
}

/// A UID without its padding (PS3.5 section 9.1 pads with NUL; some pad with a space).
fn uid(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .rposition(|byte| !matches!(byte, 0 | b' '))
        .map_or(0, |last| last.saturating_add(1));
    value.get(..end).unwrap_or(&[])
}

/// Anything else in the place of a UID is not stated: it could be anything.
fn is_uid(value: &[u8]) -> bool {
    (1..=NAME_BYTES).contains(&value.len())
        && value
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
}
