//! Values that protocols make of numbers: sets of words, octets in hexadecimal, lists of numbers.

use std::fmt;

/// The words of the bits set in a mask, alphabetically, comma separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BitNames {
    pub(crate) bits: u32,
    /// Bit and word, in alphabetical order of the words.
    pub(crate) table: &'static [(u32, &'static str)],
}

impl fmt::Display for BitNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.table.iter().filter(|(bit, _)| self.bits & bit != 0);
        separated(f, set.map(|(_, word)| word))
    }
}

/// Octets as lower-case hexadecimal digits without separators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// Octets as decimal numbers, comma separated, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Octets<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, self.0.iter())
    }
}

/// Big-endian 16-bit numbers in decimal, comma separated, in their order. An odd octet at the end is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pairs, _) = self.0.as_chunks::<2>();
        separated(f, pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
    }
}

fn separated<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    values: impl Iterator<Item = T>,
) -> fmt::Result {
    let mut separator = "";
    for value in values {
        write!(f, "{separator}{value}")?;
        separator = ",";
    }
    Ok(())
}

/// Whether octets are meant to be read: printable UTF-8, blanks and NULs at the end aside.
pub(crate) fn is_printable(raw: &[u8]) -> bool {
    let trimmed = raw.trim_ascii_end();
    let end = trimmed
        .iter()
        .rposition(|octet| *octet != 0)
        .map_or(0, |last| last.saturating_add(1));
    trimmed
        .get(..end)
        .and_then(|text| std::str::from_utf8(text).ok())
        .is_some_and(|text| !text.is_empty() && !text.chars().any(char::is_control))
}

/// A domain name in wire form (RFC 1035 without compression) as dotted text, bounded; `None` where it is not one. A partial name
/// (RFC 4704, no root label) counts.
pub(crate) fn domain_name(raw: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = crate::cursor::Cursor::new(raw);
    let mut name = Vec::new();
    while let Some(length) = cursor.u8() {
        if length == 0 {
            break;
        }
        if length > 63 || name.len() > 255 {
            return None;
        }
        if !name.is_empty() {
            name.push(b'.');
        }
        name.extend_from_slice(cursor.take(usize::from(length))?);
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_order() {
        assert_eq!(Octets(&[55, 1, 3]).to_string(), "55,1,3");
        assert_eq!(Words(&[0, 23, 1, 0, 9]).to_string(), "23,256");
        assert_eq!(Hex(&[0, 0xab]).to_string(), "00ab");
    }

    #[test]
    fn only_what_can_be_read_is_text() {
        assert!(is_printable(b"Gi0/1"));
        assert!(is_printable(b"Gi0/1\0\0"));
        assert!(!is_printable(b"\0\x04\0\x01"));
        assert!(!is_printable(b"\0\0"));
        assert!(!is_printable(b""));
        assert!(!is_printable(b"\xff\xfe"));
    }

    #[test]
    fn names_whole_partial_and_broken() {
        assert_eq!(
            domain_name(b"\x04pump\x02st\0rest").as_deref(),
            Some(&b"pump.st"[..])
        );
        assert_eq!(domain_name(b"\x04pump").as_deref(), Some(&b"pump"[..]));
        assert_eq!(domain_name(b"\x09pump"), None);
        assert_eq!(domain_name(b"\xc0\x0c"), None);
        assert_eq!(domain_name(b""), None);
    }
}
