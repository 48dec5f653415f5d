//! The search: every canary, in every view, through bytes of any length.

use std::collections::BTreeSet;
use std::io::{self, Read};

use super::canaries::{Canaries, KNOWN_BY, SURE_BY};
use super::view::View;

/// Octets looked at at once.
const PIECE: usize = 4 << 20;
/// Octets looked at again with the next piece: more than the longest form of a canary with room for what splits it.
const AGAIN: usize = 16 << 10;

/// What a search found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Found {
    /// Octets searched; holes, which hold nothing but zeros, are not counted.
    pub bytes: u64,
    /// Canaries, by number.
    pub canaries: BTreeSet<u32>,
    /// Views that showed any.
    pub views: BTreeSet<View>,
}

impl Found {
    /// Takes in what another search found.
    pub fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.canaries.extend(other.canaries);
        self.views.extend(other.views);
    }
}

/// Searches everything that `source` gives.
///
/// # Errors
/// When it cannot be read.
pub fn search(canaries: &Canaries, mut source: impl Read) -> io::Result<Found> {
    let mut found = Found::default();
    let mut piece = Vec::new();
    loop {
        let taken = source.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        // The holes of a core, and of files that are longer than what was written.
        if piece.iter().any(|byte| *byte != 0) {
            found.bytes += taken as u64;
            look(canaries, &piece, &mut found);
        }
        if taken < PIECE {
            return Ok(found);
        }
        piece.drain(..piece.len().saturating_sub(AGAIN));
    }
}

fn look(canaries: &Canaries, piece: &[u8], found: &mut Found) {
    for view in View::ALL {
        view.each(piece, &mut |text| {
            let length = if view == View::AsIs {
                KNOWN_BY
            } else {
                SURE_BY
            };
            canaries.each_in(text, length, &mut |number| {
                found.canaries.insert(number);
                found.views.insert(view);
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phi::canaries::tests::two;

    fn seen(text: &[u8]) -> Found {
        search(&two(), text).unwrap()
    }

    #[test]
    fn every_way_to_write_a_canary_is_seen_and_nothing_else() {
        for text in [
            &b"QZABCDEF22345"[..],
            b"QZABCDEF",
            b"qz%41BCDEF22345",
            b"%51%5a%41%42%43%44%45%46%32%32%33",
            b"\\x51\\x5aABCDEF22345",
            b"\\u0051\\u005aABCDEF223",
            b"\\u{51}\\u{5a}ABCDEF223",
            b"&#81;&#x5A;ABCDEF223",
            b"Q\0Z\0A\0B\0C\0D\0E\0F\x002\x002\x003\0",
            b"QZABC\r\n    DEF22345",
            b"\"QZAB\",\"CDEF223\"",
            b"QZABC\\nDEF223",
            b"x515a414243444546323233",
            b"0515A414243444546323233",
            b"51:5a:41:42:43:44:45:46:32:32:33",
            b"[0x51, 0x5a, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x32, 0x32, 0x33]",
            b"[81, 90, 65, 66, 67, 68, 69, 70, 50, 50, 51]",
            b"UVpBQkNERUYyMjM0NQ==",
            b"eFFaQUJDREVGMjIzNDU=",
            b"eHhRWkFCQ0RFRjIyMzQ1",
        ] {
            let found = seen(text);
            let text = String::from_utf8_lossy(text);
            assert_eq!(found.canaries, BTreeSet::from([0]), "{text}");
        }
        for text in [
            &b"QZABCDE 12"[..],
            b"QZAB CDEF22",
            b"515a41424344450a",
            b"UVpBQkNE",
            b"",
        ] {
            let found = seen(text);
            assert!(
                found.canaries.is_empty(),
                "{:?}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn a_canary_across_two_pieces_is_seen() {
        for back in 0..26 {
            let mut text = vec![b'.'; PIECE - back];
            text.extend_from_slice(b"Q\0Z\0A\0B\0C\0D\0E\0F\x002\x002\x003\0");
            text.resize(text.len() + 100, b'.');
            let found = seen(&text);
            assert_eq!(found.canaries.len(), 1, "{back}");
            assert_eq!(found.bytes, text.len() as u64);
        }
    }
}
