//! Data elements in the two uncompressed little-endian syntaxes (PS3.5 §7).

use bytes::BufMut;

/// Group and element.
pub type Tag = (u16, u16);

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Without value representation.
    Implicit,
    /// With value representation.
    Explicit,
}

impl Syntax {
    /// Its transfer syntax UID.
    #[must_use]
    pub fn uid(self) -> &'static str {
        match self {
            Self::Implicit => super::IMPLICIT,
            Self::Explicit => super::EXPLICIT,
        }
    }
}

/// Writes elements one after the other; the caller keeps them in ascending order of their tags, as the standard demands.
#[derive(Debug)]
pub struct Writer {
    syntax: Syntax,
    out: Vec<u8>,
}

impl Writer {
    /// An empty data set.
    #[must_use]
    pub fn new(syntax: Syntax) -> Self {
        Self {
            syntax,
            out: Vec::with_capacity(1024),
        }
    }

    /// One element; the value is padded to an even length with a space (text) or zero (UI, OB).
    pub fn element(&mut self, tag: Tag, vr: [u8; 2], value: &[u8]) {
        let padded = value.len().next_multiple_of(2);
        self.out.put_u16_le(tag.0);
        self.out.put_u16_le(tag.1);
        match self.syntax {
            Syntax::Implicit => self.out.put_u32_le(padded as u32),
            Syntax::Explicit => {
                self.out.put_slice(&vr);
                if matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UT" | b"UN") {
                    self.out.put_u16(0);
                    self.out.put_u32_le(padded as u32);
                } else {
                    self.out.put_u16_le(padded as u16);
                }
            }
        }
        self.out.put_slice(value);
        if padded > value.len() {
            let pad = if matches!(&vr, b"UI" | b"OB") {
                0
            } else {
                b' '
            };
            self.out.put_u8(pad);
        }
    }

    /// A text element.
    pub fn text(&mut self, tag: Tag, vr: [u8; 2], value: &str) {
        self.element(tag, vr, value.as_bytes());
    }

    /// An unsigned short.
    pub fn us(&mut self, tag: Tag, value: u16) {
        self.element(tag, *b"US", &value.to_le_bytes());
    }

    /// A sequence with one item that `item` fills.
    pub fn sequence(&mut self, tag: Tag, item: impl FnOnce(&mut Self)) {
        let mut inner = Self::new(self.syntax);
        item(&mut inner);
        let mut value = Vec::with_capacity(inner.out.len() + 8);
        value.put_u16_le(0xfffe);
        value.put_u16_le(0xe000);
        value.put_u32_le(inner.out.len() as u32);
        value.put_slice(&inner.out);
        self.element(tag, *b"SQ", &value);
    }

    /// The bytes.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}
