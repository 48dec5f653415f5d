//! HL7 version 2 over MLLP: which applications talk, of which facility, and what software sends.
//!
//! A byte machine per direction walks segments and fields; it copies a byte only inside a field that the table of [`fields`]
//! allows, so patient data is passed over and never kept. Messages come in blocks (0x0B ... 0x1C 0x0D); after a loss the machine
//! waits for the next block.

mod fields;
mod reader;
#[cfg(test)]
mod tests;

use std::fmt;

use auscult_proto::observation::FactFlags;
use auscult_proto::{Attribute, ConfidenceClass, Field};

use crate::stream::{Extractor, Pair, ProbeResult, Role, Side, Speaker, Verdict};
use fields::About;
use reader::{Reader, Said};

/// Begins a block.
const START_BLOCK: u8 = 0x0b;
/// Ends a block.
const END_BLOCK: u8 = 0x1c;

/// Whether a side begins with an MLLP block that holds a message or a batch. Any separator will do: sites do change them.
pub(crate) fn probe(prefix: &[u8], _midstream: bool) -> ProbeResult {
    let mut unsure = false;
    for name in [b"\x0bMSH", b"\x0bFHS", b"\x0bBHS"] {
        let is_common = prefix.iter().zip(name).all(|(a, b)| a == b);
        match prefix.get(name.len()) {
            Some(separator) if is_common && reader::is_separator(*separator) => {
                return ProbeResult::Certain(None);
            }
            None if is_common => unsure = true,
            _ => {}
        }
    }
    if unsure {
        ProbeResult::Unsure
    } else {
        ProbeResult::NotForUs
    }
}

/// Reads one connection.
pub(crate) fn extractor() -> Box<dyn Extractor> {
    Box::new(Feed::default())
}

#[derive(Default)]
struct Feed {
    readers: Pair<Reader>,
}

const _: () = assert!(size_of::<Feed>() <= 1024, "512 bytes for each direction");

impl Extractor for Feed {
    fn push(&mut self, side: Side, bytes: &[u8], speaker: &mut Speaker<'_>) -> Verdict {
        self.readers
            .of_mut(side)
            .read(bytes, &mut |said| state(said, speaker));
        Verdict::Continue
    }

    fn gap(&mut self, side: Side) -> Verdict {
        self.readers.of_mut(side).lose_place();
        Verdict::Continue
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

/// States what was read. Who answers was asked; who sends anything else asks.
fn state(said: Said<'_>, speaker: &mut Speaker<'_>) {
    let (wanted, value, separators, is_cut) = match said {
        Said::Field {
            wanted,
            value,
            separators,
            is_cut,
        } => (wanted, value, separators, is_cut),
        Said::Message { is_answer: true } => return speaker.plays(Role::Server),
        Said::Message { is_answer: false } => return speaker.plays(Role::Client),
    };
    let doubts = if is_cut {
        FactFlags::TRUNCATED
    } else {
        FactFlags::default()
    };
    match wanted.about {
        About::Sender => speaker.of_itself(wanted.source, value, doubts),
        About::Receiver => speaker.of_listener(wanted.source, value, doubts),
    }
    let (_, field, _) = wanted.source;
    if field == Field::Hl7Msh3
        && let Some((eui, doubts)) = eui64(value, separators.component)
    {
        speaker.of_itself(
            (Attribute::Eui64, Field::Hl7Msh3, ConfidenceClass::D1),
            &eui,
            doubts,
        );
    }
}

/// The second component of `name^0012210000000000^EUI-64`, in lower-case digits. Five zeros after the maker's 24 bits are no
/// device's number.
fn eui64(value: &[u8], component: u8) -> Option<([u8; 16], FactFlags)> {
    let mut components = value.split(|byte| *byte == component);
    let id = components.nth(1)?;
    let kind = components.next()?;
    if !kind.trim_ascii().eq_ignore_ascii_case(b"EUI-64") {
        return None;
    }
    let mut digits = id
        .iter()
        .filter(|byte| !matches!(byte, b'-' | b':' | b'.' | b' '));
    let mut eui = [0; 16];
    for to in &mut eui {
        *to = digits
            .next()
            .filter(|digit| digit.is_ascii_hexdigit())?
            .to_ascii_lowercase();
    }
    if digits.next().is_some() || eui.iter().all(|digit| *digit == b'0') {
        return None;
    }
    let is_default = eui.iter().skip(6).all(|digit| *digit == b'0');
    let doubts = if is_default {
        FactFlags::DEFAULT_VALUE
    } else {
        FactFlags::default()
    };
    Some((eui, doubts))
}
