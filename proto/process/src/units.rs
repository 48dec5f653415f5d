//! Durations and sizes as people write them: `500ms`, `30s`, `5m`, `6h`, `7d`; `512B`, `64KiB`, `10MiB`, `2GiB`.
//!
//! A number always carries its unit, and a number that would have to be rounded is refused: what is in the file is what happens.

use std::time::Duration;

/// A text that is not a quantity with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a duration.
    #[error("not a duration: write a whole number and one of ms, s, m, h, d, for instance \"30s\"")]
    Duration,
    /// Not a size.
    #[error(
        "not a size: write a whole number and one of B, KiB, MiB, GiB, TiB, for instance \"64MiB\""
    )]
    Size,
}

const DURATIONS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
const SIZES: [(&str, u64); 5] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn text(quantity: u64, units: &[(&str, u64)], smallest: &str) -> String {
    let unit = units
        .iter()
        .find(|(_, factor)| quantity != 0 && quantity.is_multiple_of(*factor));
    match unit {
        Some((name, factor)) => format!("{}{name}", quantity / factor),
        None => format!("{quantity}{smallest}"),
    }
}

/// Reads a duration.
///
/// # Errors
/// When the text is not a whole number followed by a known unit, or more than 2^64 milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    quantity(text, &DURATIONS)
        .map(Duration::from_millis)
        .ok_or(UnitError::Duration)
}

/// Writes a duration with the largest unit that needs no fraction; what is below a millisecond is cut off.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    text(millis, &DURATIONS, "s")
}

/// Reads a size in bytes.
///
/// # Errors
/// When the text is not a whole number followed by a known unit, or more than 2^64 bytes.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    quantity(text, &SIZES).ok_or(UnitError::Size)
}

/// Writes a size with the largest unit that needs no fraction.
#[must_use]
pub fn format_size(bytes: u64) -> String {
    text(bytes, &SIZES, "B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_written_and_print_in_their_largest_whole_unit() {
        for (text, millis) in [
            ("0s", 0),
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("6h", 21_600_000),
            ("7d", 604_800_000),
            ("90s", 90_000),
        ] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(duration.as_millis(), millis, "{text}");
            assert_eq!(format_duration(duration), text);
        }
        for (text, bytes) in [
            ("0B", 0),
            ("512B", 512),
            ("64KiB", 65_536),
            ("10MiB", 10 << 20),
            ("2GiB", 2 << 30),
            ("1025B", 1025),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
            assert_eq!(format_size(bytes), text);
        }
        assert_eq!(parse_size("64 KiB"), Ok(65_536));
    }

    #[test]
    fn a_number_without_a_known_unit_is_refused() {
        for bad in [
            "",
            "s",
            "30",
            "-1s",
            "+1s",
            "1.5s",
            "30S",
            "30sec",
            "1m30s",
            "99999999999999999999s",
            "999999999999999999d",
            "30ß",
        ] {
            assert_eq!(parse_duration(bad), Err(UnitError::Duration), "{bad:?}");
        }
        for bad in ["", "64", "64KB", "64MB", "64mib", "1.5MiB", "20000000TiB"] {
            assert_eq!(parse_size(bad), Err(UnitError::Size), "{bad:?}");
        }
    }
}
