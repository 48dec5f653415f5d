//! Ways to look at bytes: each undoes what a program may have done to a text on its way out.

use flate2::read::{GzDecoder, ZlibDecoder};
use std::io::Read;

/// A way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// As they are.
    AsIs,
    /// Escapes undone (`%51`, `\x51`, `\u0051`, `\u{51}`, `&#81;`, `&#x51;`), then letters and digits alone: texts in UTF-16, texts split
    /// over lines, fields or quotes.
    Letters,
    /// Hexadecimal digits, with or without separators between octets.
    Hex,
    /// Base64 in either alphabet, whatever the alignment.
    Base64,
    /// Lists of decimal numbers, as programs print octets.
    Decimal,
    /// Members of gzip and zlib streams.
    Inflated,
}

impl View {
    /// Every view.
    pub const ALL: [Self; 6] = [
        Self::AsIs,
        Self::Letters,
        Self::Hex,
        Self::Base64,
        Self::Decimal,
        Self::Inflated,
    ];

    /// What the view makes of some bytes: one or more texts to search.
    pub fn each(self, bytes: &[u8], look: &mut dyn FnMut(&[u8])) {
        match self {
            Self::AsIs => look(bytes),
            Self::Letters => look(&letters(&unescaped(bytes))),
            Self::Hex => hex(bytes).iter().for_each(|text| look(&letters(text))),
            Self::Base64 => base64(bytes).iter().for_each(|text| look(&letters(text))),
            Self::Decimal => look(&letters(&decimal(bytes))),
            Self::Inflated => inflated(bytes, look),
        }
    }
}

/// Most octets that one compressed member may become.
const INFLATED: u64 = 64 << 20;

fn letters(bytes: &[u8]) -> Vec<u8> {
    let kept = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric());
    kept.copied().collect()
}

fn digits(bytes: &[u8], base: u32) -> Option<u8> {
    let text = std::str::from_utf8(bytes).ok()?;
    u8::try_from(u32::from_str_radix(text, base).ok()?).ok()
}

/// The octet that an escape at the start of `rest` stands for, and the escape's length.
fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [b'%', high, low, ..] => Some((digits(&[*high, *low], 16)?, 3)),
        [b'\\', b'x' | b'X', high, low, ..] => Some((digits(&[*high, *low], 16)?, 4)),
        [b'\\', b'u', b'{', tail @ ..] => {
            let end = tail.iter().take(7).position(|byte| *byte == b'}')?;
            Some((digits(tail.get(..end)?, 16)?, end + 4))
        }
        [b'\\', b'u' | b'U', tail @ ..] => Some((digits(tail.get(..4)?, 16)?, 6)),
        [b'&', b'#', b'x' | b'X', tail @ ..] => {
            let end = tail.iter().take(5).position(|byte| *byte == b';')?;
            Some((digits(tail.get(..end)?, 16)?, end + 4))
        }
        [b'&', b'#', tail @ ..] => {
            let end = tail.iter().take(5).position(|byte| *byte == b';')?;
            Some((digits(tail.get(..end)?, 10)?, end + 3))
        }
        // Line ends, tabs and NUL as programs escape them: no letters.
        [b'\\', b'n' | b'r' | b't' | b'0', ..] => Some((b' ', 2)),
        _ => None,
    }
}

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let found = matches!(first, b'%' | b'\\' | b'&')
            .then(|| escape(rest))
            .flatten();
        let (byte, tail) = match found {
            Some((byte, length)) => (byte, rest.get(length..).unwrap_or_default()),
            None => (*first, tail),
        };
        out.push(byte);
        rest = tail;
    }
    out
}

/// Runs of hexadecimal digits as octets, from their first digit and from their second.
fn hex(bytes: &[u8]) -> [Vec<u8>; 2] {
    [0, 1].map(|skipped| {
        let mut out = Vec::new();
        let (mut high, mut skip) = (None, skipped);
        for byte in bytes {
            let Some(digit) = char::from(*byte).to_digit(16).map(|digit| digit as u8) else {
                // Separators between octets do not end a run.
                if !matches!(byte, b' ' | b':' | b'-' | b',' | b'\n' | b'\r') {
                    (high, skip) = (None, skipped);
                }
                continue;
            };
            if skip > 0 {
                skip -= 1;
            } else if let Some(high) = Option::take(&mut high) {
                let high: u8 = high;
                out.push(high << 4 | digit);
            } else {
                high = Some(digit);
            }
        }
        out
    })
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Runs of base64 as octets, begun at each of the first four characters of a run: where the encoded text began is not known.
fn base64(bytes: &[u8]) -> [Vec<u8>; 4] {
    [0, 1, 2, 3].map(|skipped| {
        let mut out = Vec::new();
        let (mut bits, mut held, mut skip) = (0_u32, 0_u32, skipped);
        for byte in bytes {
            let Some(value) = sextet(*byte) else {
                if !matches!(byte, b'\n' | b'\r') {
                    (bits, held, skip) = (0, 0, skipped);
                }
                continue;
            };
            if skip > 0 {
                skip -= 1;
                continue;
            }
            held = (held << 6 | u32::from(value)) & 0xffff;
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                out.push((held >> bits & 0xff) as u8);
            }
        }
        out
    })
}

/// Decimal numbers up to 255 as octets.
fn decimal(bytes: &[u8]) -> Vec<u8> {
    let numbers = bytes.split(|byte| !byte.is_ascii_digit());
    numbers.filter_map(|number| digits(number, 10)).collect()
}

fn inflated(bytes: &[u8], look: &mut dyn FnMut(&[u8])) {
    for (at, pair) in bytes.windows(2).enumerate() {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut out = Vec::new();
        // A stream that breaks off has still said what came before.
        let read = match pair {
            [0x1f, 0x8b] => GzDecoder::new(rest).take(INFLATED).read_to_end(&mut out),
            [0x78, 0x01 | 0x5e | 0x9c | 0xda] => {
                ZlibDecoder::new(rest).take(INFLATED).read_to_end(&mut out)
            }
            _ => continue,
        };
        if read.is_ok() || !out.is_empty() {
            look(&out);
            look(&letters(&out));
        }
    }
}
