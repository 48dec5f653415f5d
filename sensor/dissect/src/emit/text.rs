//! A bounded text without an allocation, and the cleaning of wire bytes into it.

use std::fmt;

use auscult_proto::limits::VALUE_BYTES;
use auscult_proto::observation::FactFlags;

/// At most [`VALUE_BYTES`] of UTF-8.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    bytes: [u8; VALUE_BYTES],
    used: usize,
    full: bool,
}

impl Text {
    /// Empty.
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; VALUE_BYTES],
            used: 0,
            full: false,
        }
    }

    /// What was written.
    pub(crate) fn as_str(&self) -> &str {
        // Only whole characters are ever written.
        self.bytes
            .get(..self.used)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// Something did not fit.
    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }

    /// Appends a whole character, or remembers that it did not fit; nothing fits after that.
    fn push(&mut self, character: char) {
        let mut buffer = [0; 4];
        let encoded = character.encode_utf8(&mut buffer).as_bytes();
        let slot = self
            .bytes
            .get_mut(self.used..)
            .and_then(|free| free.get_mut(..encoded.len()));
        match slot {
            Some(slot) if !self.full => {
                slot.copy_from_slice(encoded);
                self.used = self.used.saturating_add(encoded.len());
            }
            _ => self.full = true,
        }
    }

    /// Appends bytes from the wire: surrounding blanks dropped, line breaks and tabs made spaces, every other control or invisible
    /// character and every undecodable byte replaced. A NUL ends the text, as its writer meant; leading ones are passed over.
    /// Says what was done.
    pub(crate) fn push_wire(&mut self, raw: &[u8]) -> FactFlags {
        let mut flags = FactFlags::default();
        for chunk in trim(raw).utf8_chunks() {
            let mut characters = chunk.valid().chars().peekable();
            while let Some(character) = characters.next() {
                if self.full {
                    return flags;
                }
                if character == '\r' && characters.peek() == Some(&'\n') {
                    continue;
                }
                let clean = clean(character);
                if clean != character {
                    flags = flags.with(FactFlags::SANITISED);
                }
                self.push(clean);
            }
            if !chunk.invalid().is_empty() {
                flags = flags.with(FactFlags::SANITISED);
                self.push(char::REPLACEMENT_CHARACTER);
            }
        }
        flags
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.push(character);
        }
        if self.full { Err(fmt::Error) } else { Ok(()) }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

fn trim(mut raw: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = raw {
        raw = rest;
    }
    let text = raw.split(|byte| *byte == 0).next().unwrap_or_default();
    text.trim_ascii()
}

fn clean(character: char) -> char {
    match character {
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        _ if character.is_control() || is_invisible(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

/// Characters that change how a text reads without being seen: direction overrides, zero-width marks, tags.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
