//! Capture time (nanoseconds since 1970 UTC) in the forms that protocols write.

use std::fmt::Write as _;

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub type Nanos = u64;

/// One microsecond.
pub const MICROSECOND: Nanos = 1_000;
/// One millisecond.
pub const MILLISECOND: Nanos = 1_000_000;
/// One day.
pub const DAY: Nanos = 86_400 * SECOND;
/// One second.
pub const SECOND: Nanos = 1_000_000_000;

/// A moment taken apart, in UTC and the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: u32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
    /// Hour, 0 to 23.
    pub hour: u32,
    /// Minute, 0 to 59.
    pub minute: u32,
    /// Second, 0 to 59.
    pub second: u32,
    /// Day of the week, 0 is Sunday.
    pub weekday: u32,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl Civil {
    /// Takes a moment apart (days from civil, Hinnant's algorithm, restricted to years after 1970).
    #[must_use]
    pub fn new(time: Nanos) -> Self {
        let seconds = time / SECOND;
        let days = seconds / 86_400;
        let z = days + 719_468;
        let era = z / 146_097;
        let day_of_era = z % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let clock = seconds % 86_400;
        let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Self {
            year: narrow(year),
            month: narrow(month),
            day: narrow(day_of_year - (153 * shifted + 2) / 5 + 1),
            hour: narrow(clock / 3_600),
            minute: narrow(clock / 60 % 60),
            second: narrow(clock % 60),
            weekday: narrow((days + 4) % 7),
        }
    }

    /// `YYYYMMDD`: DICOM DA, HL7 DT.
    #[must_use]
    pub fn date(&self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// `HHMMSS`: DICOM TM.
    #[must_use]
    pub fn clock(&self) -> String {
        format!("{:02}{:02}{:02}", self.hour, self.minute, self.second)
    }

    /// `YYYYMMDDHHMMSS`: HL7 DTM, ASTM.
    #[must_use]
    pub fn compact(&self) -> String {
        self.date() + &self.clock()
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`: xsd:dateTime, RFC 3339.
    #[must_use]
    pub fn iso(&self) -> String {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }

    /// `Mon, 02 Mar 2026 09:00:00 GMT`: RFC 9110 §5.6.7.
    #[must_use]
    pub fn http(&self) -> String {
        format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
            WEEKDAYS[self.weekday as usize % 7],
            self.day,
            self.month_name(),
            self.year,
            self.hour,
            self.minute,
            self.second
        )
    }

    /// `Mar  2 09:00:00`: RFC 3164 §4.1.2.
    pub fn bsd(&self, out: &mut String) {
        let written = write!(
            out,
            "{} {:>2} {:02}:{:02}:{:02}",
            self.month_name(),
            self.day,
            self.hour,
            self.minute,
            self.second
        );
        debug_assert!(written.is_ok(), "a String takes every write");
    }

    fn month_name(&self) -> &'static str {
        MONTHS[(self.month as usize + 11) % 12]
    }
}

/// Windows FILETIME: 100 ns since 1601-01-01 (MS-DTYP 2.3.3).
#[must_use]
pub fn filetime(time: Nanos) -> u64 {
    time / 100 + 116_444_736_000_000_000
}

/// NTP timestamp: seconds since 1900 in the upper half, fraction in the lower (RFC 5905 §6).
#[must_use]
pub fn ntp(time: Nanos) -> u64 {
    let seconds = time / SECOND + 2_208_988_800;
    let fraction = ((time % SECOND) << 32) / SECOND;
    (seconds << 32) | fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_come_apart_as_they_should() {
        let moment = Civil::new(1_772_442_000 * SECOND);
        assert_eq!(moment.iso(), "2026-03-02T09:00:00Z");
        assert_eq!(moment.http(), "Mon, 02 Mar 2026 09:00:00 GMT");
        assert_eq!(moment.compact(), "20260302090000");
        assert_eq!(
            Civil::new(951_782_400 * SECOND).iso(),
            "2000-02-29T00:00:00Z"
        );
        let mut text = String::new();
        moment.bsd(&mut text);
        assert_eq!(text, "Mar  2 09:00:00");
    }

    #[test]
    fn epochs_are_those_of_the_standards() {
        assert_eq!(filetime(0), 116_444_736_000_000_000);
        assert_eq!(ntp(0) >> 32, 2_208_988_800);
        assert_eq!(ntp(SECOND / 2) as u32, 0x8000_0000);
    }
}
