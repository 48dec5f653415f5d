//! Dates of the Gregorian calendar from day numbers, for all that writes times: no clock, no time zone.

/// Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01, in the proleptic Gregorian calendar. Takes any number;
/// results beyond what 64 bits hold saturate.
///
/// Years are counted from 1 March, so that the leap day comes last (Howard Hinnant, `civil_from_days`).
#[must_use]
pub const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let without_leap_days = of_era
        .saturating_sub(of_era.div_euclid(1_460))
        .saturating_add(of_era.div_euclid(36_524))
        .saturating_sub(of_era.div_euclid(146_096));
    let year_of_era = without_leap_days.div_euclid(365);
    let year_start = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era.div_euclid(4))
        .saturating_sub(year_of_era.div_euclid(100));
    let day_of_year = of_era.saturating_sub(year_start);
    let from_march = day_of_year
        .saturating_mul(5)
        .saturating_add(2)
        .div_euclid(153);
    let month_start = from_march
        .saturating_mul(153)
        .saturating_add(2)
        .div_euclid(5);
    let day = day_of_year.saturating_sub(month_start).saturating_add(1);
    let (month, next_year) = if from_march < 10 {
        (from_march.saturating_add(3), 0)
    } else {
        (from_march.saturating_sub(9), 1)
    };
    let year = year_of_era
        .saturating_add(era.saturating_mul(400))
        .saturating_add(next_year);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn known_days_have_their_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
            (20_787, (2026, 11, 30)),
            (-719_468, (0, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
    }

    #[test]
    fn four_centuries_follow_day_by_day() {
        let mut expected = (1970, 1, 1);
        for days in 0..146_097 {
            assert_eq!(civil(days), expected, "{days}");
            let (year, month, day) = expected;
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + i64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (day == length, month) {
                (false, _) => (year, month, day + 1),
                (true, 12) => (year + 1, 1, 1),
                (true, _) => (year, month + 1, 1),
            };
        }
    }

    #[test]
    fn no_number_panics() {
        for days in [i64::MIN, i64::MIN + 719_468, i64::MAX - 719_468, i64::MAX] {
            let (_, month, day) = civil(days);
            assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }
    }
}
