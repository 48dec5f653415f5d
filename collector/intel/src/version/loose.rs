//! Vendors' versions: `R4.1L1`, `B.06.18`, `1.1.3 MR Build 11`, `012U000040`.
//!
//! A version is parts between separators, a part is runs of digits and of letters. Numbers compare by value, a letter that ends a part
//! in alphabetical order, known words by what they mean (`rc` comes before the release, `sp` after it). Two words that mean nothing
//! to us, or a letter in the middle that differs (B. Braun's `L81` and `U61` are two product lines), have an order only by convention.

use std::cmp::Ordering;

use super::digits;

/// Words for what comes before the release they are attached to, in their order.
const BEFORE: [&str; 10] = [
    "dev", "snapshot", "nightly", "pre", "preview", "a", "alpha", "b", "beta", "rc",
];

/// Words for what comes after it.
const AFTER: [&str; 19] = [
    "build", "sp", "sr", "mr", "p", "patch", "pl", "hf", "hotfix", "fix", "update", "u", "r",
    "rev", "post", "ga", "final", "service", "pack",
];

/// Words before a version that say only that it is one.
const PREFIXES: [&str; 12] = [
    "software version",
    "firmware version",
    "versions",
    "version",
    "software",
    "firmware",
    "release",
    "revision",
    "build",
    "ver.",
    "ver",
    "rev",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run<'a> {
    Number(&'a str),
    Word(&'a str),
}

/// What a version says once blanks, case and words like "version" are taken away.
fn plain(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    let mut rest = lower.as_str();
    for prefix in PREFIXES {
        if let Some(after) = rest.strip_prefix(prefix) {
            let after = after.trim_start_matches([' ', ':', '.', '#']);
            if after.len() < rest.len() && !after.is_empty() && !continues_word(rest, prefix) {
                rest = after;
            }
        }
    }
    // "v4.1" and "R8.0.3", but not "VM5.0" or a lone letter of revision.
    for letter in ['v', 'r'] {
        if let Some(after) = rest.strip_prefix(letter)
            && after
                .trim_start_matches(['.', ' '])
                .starts_with(|c: char| c.is_ascii_digit())
        {
            rest = after.trim_start_matches(['.', ' ']);
        }
    }
    rest.to_owned()
}

fn continues_word(text: &str, prefix: &str) -> bool {
    let next = text.chars().nth(prefix.chars().count());
    next.is_some_and(|c| c.is_ascii_alphabetic())
}

fn parts(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect()
}

fn runs(part: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        let number = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != number)
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        runs.push(if number {
            Run::Number(run)
        } else {
            Run::Word(run)
        });
        rest = after;
    }
    runs
}

/// The place of a word in time, seen from the release it is attached to; `None` for a word that means nothing here.
fn rank(word: &str, alone: bool) -> Option<isize> {
    // A lone letter after a number is a revision ("1.0.2a"), not an alpha.
    if word.len() == 1 && !alone {
        return Some(1);
    }
    if let Some(place) = BEFORE.iter().position(|known| *known == word) {
        let place = isize::try_from(place).unwrap_or(0);
        return Some(place.saturating_sub(100));
    }
    AFTER.contains(&word).then_some(1)
}

/// The certain or conventional order of what is left of one side against nothing.
fn against_nothing(left: &[Run<'_>]) -> (Ordering, bool) {
    let mut unsure = false;
    for run in left {
        match run {
            Run::Number(number) if number.trim_start_matches('0').is_empty() => {}
            Run::Number(_) => return (Ordering::Greater, !unsure),
            Run::Word(word) => match rank(word, false) {
                Some(rank) if rank < 0 => return (Ordering::Less, !unsure),
                Some(_) => return (Ordering::Greater, !unsure),
                None => unsure = true,
            },
        }
    }
    if unsure {
        (Ordering::Greater, false)
    } else {
        (Ordering::Equal, true)
    }
}

fn words(left: &str, right: &str, both_end: bool) -> (Ordering, bool) {
    if left == right {
        return (Ordering::Equal, true);
    }
    if left.len() == 1 && right.len() == 1 {
        return (left.cmp(right), both_end);
    }
    match (rank(left, true), rank(right, true)) {
        (Some(a), Some(b)) if a != b => (a.cmp(&b), true),
        _ => (left.cmp(right), false),
    }
}

fn part_order(left: &str, right: &str) -> (Ordering, bool) {
    let (left, right) = (runs(left), runs(right));
    let (mut a, mut b) = (left.as_slice(), right.as_slice());
    loop {
        let found = match (a.split_first(), b.split_first()) {
            (None, None) => return (Ordering::Equal, true),
            (Some(_), None) => return against_nothing(a),
            (None, Some(_)) => {
                let (order, certain) = against_nothing(b);
                return (order.reverse(), certain);
            }
            (Some((x, rest_a)), Some((y, rest_b))) => {
                let both_end = rest_a.is_empty() && rest_b.is_empty();
                (a, b) = (rest_a, rest_b);
                match (x, y) {
                    (Run::Number(x), Run::Number(y)) => (digits(x, y), true),
                    (Run::Word(x), Run::Word(y)) => words(x, y, both_end),
                    (Run::Word(x), Run::Number(_)) => {
                        (Ordering::Less, rank(x, true).is_some_and(|rank| rank < 0))
                    }
                    (Run::Number(_), Run::Word(y)) => (
                        Ordering::Greater,
                        rank(y, true).is_some_and(|rank| rank < 0),
                    ),
                }
            }
        };
        if found.0 != Ordering::Equal {
            return found;
        }
    }
}

/// The order and whether it is certain.
pub(super) fn judge(left: &str, right: &str) -> (Ordering, bool) {
    let (left, right) = (plain(left), plain(right));
    let (left, right) = (parts(&left), parts(&right));
    let (mut a, mut b) = (left.as_slice(), right.as_slice());
    while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_first(), b.split_first()) {
        let found = part_order(x, y);
        if found.0 != Ordering::Equal {
            return found;
        }
        (a, b) = (rest_a, rest_b);
    }
    let left: Vec<Run<'_>> = a.iter().flat_map(|part| runs(part)).collect();
    if !left.is_empty() {
        return against_nothing(&left);
    }
    let right: Vec<Run<'_>> = b.iter().flat_map(|part| runs(part)).collect();
    let (order, certain) = against_nothing(&right);
    (order.reverse(), certain)
}

/// Whether `longer` says all that `shorter` says and then more: `9.33.1` extends `9.33`, trailing zeros aside.
#[must_use]
pub fn extends(longer: &str, shorter: &str) -> bool {
    let (longer, shorter) = (plain(longer), plain(shorter));
    let (longer, shorter) = (parts(&longer), parts(&shorter));
    let same = longer
        .iter()
        .zip(&shorter)
        .all(|(a, b)| part_order(a, b).0 == Ordering::Equal);
    let rest = longer.get(shorter.len()..).unwrap_or_default();
    let says_more = rest
        .iter()
        .any(|part| !part.trim_start_matches('0').is_empty());
    same && says_more
}

/// Whether a version is of a series: `14.1.7` and `14.1` are of `14.1`.
#[must_use]
pub fn series_holds(series: &str, version: &str) -> bool {
    let (series, version) = (plain(series), plain(version));
    let (series, version) = (parts(&series), parts(&version));
    series.len() <= version.len()
        && series
            .iter()
            .zip(&version)
            .all(|(a, b)| part_order(a, b).0 == Ordering::Equal)
}

/// Whether a text reads as one version: at least one number or a lone letter, and no word but the known ones.
#[must_use]
pub fn is_version(text: &str) -> bool {
    if text.len() > super::VERSION_BYTES {
        return false;
    }
    let allowed = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ' | '+' | ':' | '~' | '#')
    };
    let text = plain(text);
    if text.is_empty() || !text.chars().all(allowed) {
        return false;
    }
    let parts = parts(&text);
    let numbered = parts
        .iter()
        .any(|part| part.chars().any(|c| c.is_ascii_digit()));
    let lone_letter = matches!(parts.as_slice(), [only] if only.len() == 1);
    let known = |run: &Run<'_>| match run {
        Run::Number(_) => true,
        // Two letters glued to digits are a vendor's series ("BT03", "HD23"); longer words must be known.
        Run::Word(word) => word.len() <= 2 || BEFORE.contains(word) || AFTER.contains(word),
    };
    let hexadecimal = |part: &str| part.len() >= 7 && part.chars().all(|c| c.is_ascii_hexdigit());
    let readable = |part: &&str| hexadecimal(part) || runs(part).iter().all(known);
    (numbered || lone_letter) && parts.iter().all(readable)
}
