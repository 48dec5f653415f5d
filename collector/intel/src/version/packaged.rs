//! The orders of Debian (deb-version(7)) and RPM (rpmvercmp) packages.

use std::cmp::Ordering;

use super::digits;

/// Splits off the longest beginning of which `of` holds.
fn take(text: &str, of: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c: char| !of(c)).unwrap_or(text.len());
    text.split_at(end)
}

/// `~` before the end, the end before letters, letters before all else.
fn dpkg_weight(c: Option<char>) -> (u8, char) {
    match c {
        Some('~') => (0, '~'),
        None => (1, '\0'),
        Some(c) if c.is_ascii_alphabetic() => (2, c),
        Some(c) => (3, c),
    }
}

fn dpkg_text(left: &str, right: &str) -> Ordering {
    let (mut a, mut b) = (left.chars(), right.chars());
    loop {
        let (x, y) = (a.next(), b.next());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let order = dpkg_weight(x).cmp(&dpkg_weight(y));
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn dpkg_part(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (text_a, rest_a) = take(left, |c| !c.is_ascii_digit());
        let (text_b, rest_b) = take(right, |c| !c.is_ascii_digit());
        let (number_a, rest_a) = take(rest_a, |c| c.is_ascii_digit());
        let (number_b, rest_b) = take(rest_b, |c| c.is_ascii_digit());
        let order = dpkg_text(text_a, text_b).then_with(|| digits(number_a, number_b));
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (rest_a, rest_b);
    }
    Ordering::Equal
}

fn epoch(text: &str) -> (&str, &str) {
    match text.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => (epoch, rest),
        _ => ("0", text),
    }
}

/// Debian: epoch, upstream version, revision.
pub(super) fn dpkg(left: &str, right: &str) -> Ordering {
    let ((epoch_a, a), (epoch_b, b)) = (epoch(left), epoch(right));
    let (upstream_a, revision_a) = a.rsplit_once('-').unwrap_or((a, "0"));
    let (upstream_b, revision_b) = b.rsplit_once('-').unwrap_or((b, "0"));
    digits(epoch_a, epoch_b)
        .then_with(|| dpkg_part(upstream_a, upstream_b))
        .then_with(|| dpkg_part(revision_a, revision_b))
}

fn rpm_part(mut a: &str, mut b: &str) -> Ordering {
    let separator = |c: char| !c.is_ascii_alphanumeric() && c != '~' && c != '^';
    'next: loop {
        a = take(a, separator).1;
        b = take(b, separator).1;
        for (mark, end_first) in [('~', Ordering::Less), ('^', Ordering::Greater)] {
            match (a.strip_prefix(mark), b.strip_prefix(mark)) {
                (Some(rest_a), Some(rest_b)) => {
                    (a, b) = (rest_a, rest_b);
                    continue 'next;
                }
                // "~" sorts before the end, "^" after the end and before anything else.
                (Some(_), None) if mark == '^' && !b.is_empty() => return Ordering::Less,
                (None, Some(_)) if mark == '^' && !a.is_empty() => return Ordering::Greater,
                (Some(_), None) => return end_first,
                (None, Some(_)) => return end_first.reverse(),
                (None, None) => {}
            }
        }
        if a.is_empty() || b.is_empty() {
            return a.len().min(1).cmp(&b.len().min(1));
        }
        let number = a.starts_with(|c: char| c.is_ascii_digit());
        let of = |c: char| {
            if number {
                c.is_ascii_digit()
            } else {
                c.is_ascii_alphabetic()
            }
        };
        let ((x, rest_a), (y, rest_b)) = (take(a, of), take(b, of));
        if x.is_empty() && y.is_empty() {
            return a.cmp(b);
        }
        if y.is_empty() {
            return if number {
                Ordering::Greater
            } else {
                Ordering::Less
            };
        }
        let order = if number { digits(x, y) } else { x.cmp(y) };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// RPM: epoch, version, release; a release that one side does not give is not compared.
pub(super) fn rpm(left: &str, right: &str) -> Ordering {
    let ((epoch_a, a), (epoch_b, b)) = (epoch(left), epoch(right));
    let (version_a, release_a) = a.split_once('-').map_or((a, None), |(v, r)| (v, Some(r)));
    let (version_b, release_b) = b.split_once('-').map_or((b, None), |(v, r)| (v, Some(r)));
    digits(epoch_a, epoch_b)
        .then_with(|| rpm_part(version_a, version_b))
        .then_with(|| match (release_a, release_b) {
            (Some(a), Some(b)) => rpm_part(a, b),
            _ => Ordering::Equal,
        })
}
