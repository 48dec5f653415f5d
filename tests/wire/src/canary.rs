//! Patient data that can be recognised anywhere: every name, number and address of a patient is a token that exists nowhere else.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::random::Random;

/// Letters and digits that no reader mistakes for each other; 32 of them.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Family name of a patient.
    FamilyName,
    /// Given name of a patient.
    GivenName,
    /// Medical record number.
    RecordNumber,
    /// Street of an address.
    Street,
    /// Telephone number.
    Telephone,
    /// Account, visit or insurance number.
    Account,
    /// Accession or order number.
    Accession,
    /// Name of a physician, nurse or operator.
    Staff,
    /// A finding, comment or other free text about a patient.
    Text,
    /// A user's name or password, community or session key.
    Credential,
}

impl Kind {
    /// The word in `canaries.tsv`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::FamilyName => "family_name",
            Self::GivenName => "given_name",
            Self::RecordNumber => "record_number",
            Self::Street => "street",
            Self::Telephone => "telephone",
            Self::Account => "account",
            Self::Accession => "accession",
            Self::Staff => "staff",
            Self::Text => "text",
            Self::Credential => "credential",
        }
    }
}

/// How a token stands on the wire: what a search through the packets has to undo first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As it is.
    Plain,
    /// In UTF-16LE.
    Utf16,
    /// In UTF-16BE.
    Utf16Be,
    /// Inside a gzip or deflate stream.
    Gzip,
    /// Inside a TLS record: no reader of packets can find it.
    Tls,
}

impl Form {
    /// The word in `canaries.tsv`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Utf16 => "utf16le",
            Self::Utf16Be => "utf16be",
            Self::Gzip => "gzip",
            Self::Tls => "tls",
        }
    }
}

/// A token: `QZ`, six random characters and a serial number in five, all capitals and digits, so that it can stand wherever a name or
/// number can.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Canary(String);

impl Canary {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Canary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Issues tokens and remembers where each was put.
#[derive(Debug, Clone)]
pub struct Canaries {
    random: Random,
    issued: Vec<Kind>,
    places: BTreeSet<(u32, &'static str, Form)>,
    tokens: Vec<Canary>,
}

impl Canaries {
    /// A registry whose tokens follow from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed).fork("canaries"),
            issued: Vec::new(),
            places: BTreeSet::new(),
            tokens: Vec::new(),
        }
    }

    /// A new token. The serial number in its tail makes it unique, the random part makes it impossible to hit by chance.
    pub fn issue(&mut self, kind: Kind) -> Canary {
        let serial = self.tokens.len() as u32;
        let mut text = String::with_capacity(13);
        text.push_str("QZ");
        let mut draw = self.random.next_u64();
        for _ in 0..6 {
            text.push(char::from(ALPHABET[(draw & 31) as usize]));
            draw >>= 5;
        }
        for shift in [20, 15, 10, 5, 0] {
            text.push(char::from(ALPHABET[(serial >> shift & 31) as usize]));
        }
        let canary = Canary(text);
        self.issued.push(kind);
        self.tokens.push(canary.clone());
        canary
    }

    /// Remembers that a token was put into `place` (protocol and field, such as `dicom (0010,0010)`).
    pub fn put(&mut self, canary: &Canary, place: &'static str, form: Form) {
        if let Some(serial) = serial_of(canary) {
            self.places.insert((serial, place, form));
        }
    }

    /// Number of tokens issued.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether none was issued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Every placement: token, kind, place, form; in order of issue.
    pub fn placements(&self) -> impl Iterator<Item = (&Canary, Kind, &'static str, Form)> {
        self.places.iter().filter_map(|(serial, place, form)| {
            let index = *serial as usize;
            Some((
                self.tokens.get(index)?,
                *self.issued.get(index)?,
                *place,
                *form,
            ))
        })
    }

    /// Writes `token kind file place form`, tab separated, with a header; one line a placement.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_tsv(&self, file: &str, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "token\tkind\tfile\tplace\tform")?;
        for (canary, kind, place, form) in self.placements() {
            writeln!(
                out,
                "{canary}\t{}\t{file}\t{place}\t{}",
                kind.word(),
                form.word()
            )?;
        }
        Ok(())
    }
}

fn serial_of(canary: &Canary) -> Option<u32> {
    let tail = canary.0.as_bytes().get(8..)?;
    tail.iter().try_fold(0, |serial: u32, byte| {
        let digit = ALPHABET.iter().position(|letter| letter == byte)?;
        Some(serial << 5 | digit as u32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unique_and_their_places_are_listed_once() {
        let mut canaries = Canaries::new(1);
        let issued: Vec<Canary> = (0..40_000)
            .map(|_| canaries.issue(Kind::RecordNumber))
            .collect();
        let distinct: BTreeSet<&Canary> = issued.iter().collect();
        assert_eq!(distinct.len(), issued.len());
        assert!(issued.iter().all(|canary| canary.as_str().len() == 13));
        let last = &issued[39_999];
        canaries.put(last, "hl7 PID-3", Form::Plain);
        canaries.put(last, "hl7 PID-3", Form::Plain);
        canaries.put(last, "hl7 PID-18", Form::Plain);
        let placed: Vec<_> = canaries
            .placements()
            .map(|(canary, _, place, _)| (canary.clone(), place))
            .collect();
        assert_eq!(
            placed,
            [(last.clone(), "hl7 PID-18"), (last.clone(), "hl7 PID-3")]
        );
    }
}
