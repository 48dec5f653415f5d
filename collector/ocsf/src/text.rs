//! Values that are written without being built first.

use std::fmt::{self, Display};

use auscult_proto::address_text::AddressText;
use auscult_proto::calendar::civil;
use serde::{Serialize, Serializer};

/// Anything that displays, as a JSON string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// An interface address or a network address, as a JSON string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address<T>(pub(crate) T);

impl<T: Copy + Into<AddressText>> Serialize for Address<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.into().as_str())
    }
}

/// A wire enumeration's name without its prefix, in lower case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    name: &'static str,
    prefix: &'static str,
}

impl Word {
    pub(crate) const fn new(name: &'static str, prefix: &'static str) -> Self {
        Self { name, prefix }
    }
}

impl Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.name.strip_prefix(self.prefix).unwrap_or(self.name);
        word.chars()
            .try_for_each(|letter| fmt::Write::write_char(f, letter.to_ascii_lowercase()))
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A record has dozens of them; letter by letter they would cost more than all the rest.
        let word = self.name.strip_prefix(self.prefix).unwrap_or(self.name);
        let mut buffer = [0; 64];
        let Some(letters) = buffer.get_mut(..word.len()) else {
            return serializer.collect_str(self);
        };
        letters.copy_from_slice(word.as_bytes());
        letters.make_ascii_lowercase();
        match std::str::from_utf8(letters) {
            Ok(word) => serializer.serialize_str(word),
            Err(_) => serializer.collect_str(self),
        }
    }
}

/// Octets as hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// Epoch milliseconds as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Utc(pub(crate) i64);

impl Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 86_400_000;
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        let of_day = self.0.rem_euclid(DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            of_day / 3_600_000,
            of_day / 60_000 % 60,
            of_day / 1_000 % 60,
            of_day % 1_000
        )
    }
}

/// Milliseconds as an ISO 8601 duration of days, hours, minutes and seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Duration(pub(crate) i64);

impl Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.max(0) / 1_000;
        write!(
            f,
            "P{}DT{}H{}M{}S",
            seconds / 86_400,
            seconds / 3_600 % 24,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_rfc_3339() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (1_709_251_200_001, "2024-03-01T00:00:00.001Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20.000Z"),
            (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(Utc(millis).to_string(), text);
        }
    }

    #[test]
    fn durations_read_as_iso_8601() {
        assert_eq!(Duration(7 * 86_400_000 + 61_000).to_string(), "P7DT0H1M1S");
    }

    #[test]
    fn wire_names_lose_their_prefix() {
        assert_eq!(
            Word::new("FIELD_DHCPV4_OPT12", "FIELD_").to_string(),
            "dhcpv4_opt12"
        );
    }
}
