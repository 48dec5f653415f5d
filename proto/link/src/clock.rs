//! The wall clock, and how it is written for people.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auscult_proto::calendar::civil;
use rustls_pki_types::UnixTime;

/// Epoch milliseconds now.
pub(crate) fn wall_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// Epoch milliseconds of a rustls time.
pub(crate) fn unix_ms(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs())
        .unwrap_or(i64::MAX)
        .saturating_mul(1000)
}

/// Epoch milliseconds as seconds, for gauges.
pub(crate) fn seconds(ms: i64) -> f64 {
    let magnitude = Duration::from_millis(ms.unsigned_abs()).as_secs_f64();
    if ms < 0 { -magnitude } else { magnitude }
}

/// Epoch milliseconds, displayed as RFC 3339 in UTC to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc(pub i64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1000);
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (
            of_day.div_euclid(3600),
            of_day.div_euclid(60).rem_euclid(60),
            of_day.rem_euclid(60),
        );
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// A signed span of milliseconds in the largest unit that fits, for people.
pub(crate) fn span(ms: i64) -> String {
    let magnitude = ms.saturating_abs();
    match magnitude {
        0..1_000 => format!("{magnitude} ms"),
        1_000..120_000 => format!("{} s", magnitude.div_euclid(1000)),
        120_000..7_200_000 => format!("{} min", magnitude.div_euclid(60_000)),
        7_200_000..172_800_000 => format!("{} h", magnitude.div_euclid(3_600_000)),
        _ => format!("{} days", magnitude.div_euclid(86_400_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (-1_000, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Utc(ms).to_string(), text);
        }
    }
}
