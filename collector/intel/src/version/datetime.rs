//! RFC 3339 instants.

use std::cmp::Ordering;

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let shifted = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let month = if month > 2 {
        month.checked_sub(3)?
    } else {
        month.checked_add(9)?
    };
    let of_year = month
        .checked_mul(153)?
        .checked_add(2)?
        .div_euclid(5)
        .checked_add(day)?
        .checked_sub(1)?;
    let leap = of_era.div_euclid(4).checked_sub(of_era.div_euclid(100))?;
    let of_era = of_era
        .checked_mul(365)?
        .checked_add(leap)?
        .checked_add(of_year)?;
    era.checked_mul(146_097)?
        .checked_add(of_era)?
        .checked_sub(719_468)
}

fn field(text: &str, from: usize, length: usize) -> Option<i64> {
    let digits = text.get(from..from.checked_add(length)?)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// Seconds since 1970 and the digits of the fraction, trailing zeros taken away.
fn instant(text: &str) -> Option<(i64, &str)> {
    let marks = [(4, "-"), (7, "-"), (10, "Tt"), (13, ":"), (16, ":")];
    for (place, of) in marks {
        if !text.get(place..)?.starts_with(|c| of.contains(c)) {
            return None;
        }
    }
    let date = days(field(text, 0, 4)?, field(text, 5, 2)?, field(text, 8, 2)?)?;
    let time = field(text, 11, 2)?
        .checked_mul(3_600)?
        .checked_add(field(text, 14, 2)?.checked_mul(60)?)?
        .checked_add(field(text, 17, 2)?)?;
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            rest.split_at(end)
        }
        None => ("", rest),
    };
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let hours = field(zone, 1, 2)?.checked_mul(3_600)?;
            // "+00:00", or "+0000" as EPSS files have it.
            let minutes = field(zone, 4, 2)
                .or_else(|| field(zone, 3, 2))?
                .checked_mul(60)?;
            hours.checked_add(minutes)?.checked_mul(sign)?
        }
    };
    let seconds = date
        .checked_mul(86_400)?
        .checked_add(time)?
        .checked_sub(offset)?;
    Some((seconds, fraction.trim_end_matches('0')))
}

/// Epoch milliseconds of an instant or a date as publishers write them: `2025-08-25`, `2026-08-16T00:00:00+0000`,
/// `2024-05-30T12:00:00.000` (taken as UTC). `None` for anything else.
#[must_use]
pub fn millis(text: &str) -> Option<i64> {
    let text = text.trim();
    let mut whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => text.replacen(' ', "T", 1),
    };
    let zone = whole.get(19..).unwrap_or("");
    if !zone.contains(['Z', 'z', '+', '-']) {
        whole.push('Z');
    }
    let (seconds, fraction) = instant(&whole)?;
    let millis = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let millis = millis.fold(0_i64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(i64::from(digit.saturating_sub(b'0')))
    });
    seconds.checked_mul(1_000)?.checked_add(millis)
}

/// The order of two instants; `None` when one is none.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    let ((left, fraction), (right, other)) = (instant(left)?, instant(right)?);
    Some(left.cmp(&right).then_with(|| fraction.cmp(other)))
}
