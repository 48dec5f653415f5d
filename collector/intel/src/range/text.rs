//! Ranges as people write them: "4.1.1 and below", ">= 1.1 | <= 1.3.2", "9.x model 35700BAX3", "Rev B-M".
//!
//! What has one meaning is decided. What has a rest in words keeps it as a condition; what may mean two things is not understood and
//! keeps its text. A number that may be a model ("3120") is no version.

mod condition;

use std::cmp::Ordering;

use super::{Bound, Range, SPANS, Span, vers};
use crate::text::{KEPT, keep};
use crate::version::{Scheme, compare, is_version};

/// Stands for "and all before" and "and all after" once phrases are read.
const DOWN: char = '\u{2193}';
const UP: char = '\u{2191}';

const DOWN_WORDS: [&str; 9] = [
    "below",
    "lower",
    "prior",
    "earlier",
    "older",
    "previous",
    "before",
    "all prior",
    "under",
];
const UP_WORDS: [&str; 7] = [
    "above", "later", "newer", "higher", "onwards", "up", "greater",
];

/// What a range begins with.
const BOUNDS: [&str; 16] = [
    "<",
    ">",
    "=",
    "≤",
    "≥",
    "prior to ",
    "before ",
    "earlier than ",
    "lower than ",
    "less than ",
    "up to ",
    "from ",
    "since ",
    "between ",
    "older than ",
    "below ",
];

enum Term {
    Exactly(String),
    Series(String),
    From(Bound),
    To(Bound),
    Pair(Bound, Bound),
}

/// Reads a range. Never fails: what is not understood is kept as text.
#[must_use]
pub fn read(text: &str) -> Range {
    let kept = keep(text);
    let read = understand(&kept.to_ascii_lowercase());
    let mut range = match read {
        Some(range) if text.trim().len() <= KEPT => range,
        _ => Range::not_understood(text),
    };
    range.text = kept;
    range
}

fn is_all(text: &str) -> bool {
    matches!(
        text,
        "*" | "all" | "all versions" | "all version" | "any" | "any version" | "all models"
    )
}

fn understand(text: &str) -> Option<Range> {
    if text.starts_with("vers:") {
        return vers::read(text).ok().map(|vers| vers.to_range());
    }
    // "All versions < V2.6", "all versions prior to 4".
    let bounded = ["all versions ", "all version ", "versions "]
        .iter()
        .find_map(|all| text.strip_prefix(all))
        .map(str::trim_start)
        .filter(|rest| BOUNDS.iter().any(|bound| rest.starts_with(bound)));
    let text = bounded.unwrap_or(text);
    let (main, condition) = condition::split(text)?;
    let mut range = if is_all(main) {
        Range::all()
    } else {
        spans(main)?
    };
    range.condition = condition;
    Some(range)
}

/// Phrases to marks, and words that say nothing away.
fn simplify(text: &str) -> String {
    let mut text = format!(" {} ", text.replace("versions", "").replace("version", ""));
    for (from, to) in [
        ("≤", "<="),
        ("≥", ">="),
        ("=<", "<="),
        ("=>", ">="),
        (" & ", " and "),
    ] {
        text = text.replace(from, to);
    }
    text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.push(' ');
    for join in [" and ", " or ", ", "] {
        for (words, mark) in [(DOWN_WORDS.as_slice(), DOWN), (UP_WORDS.as_slice(), UP)] {
            for word in words {
                text = text.replace(&format!("{join}{word} "), &format!("{mark} "));
            }
        }
    }
    text.trim().to_owned()
}

/// Two kinds of versions in one text ("Version B, Firmware A.01.09") are no list.
fn speaks_of_several(text: &str) -> bool {
    let kinds = ["firmware", "hardware", "software", "part ", "release"];
    text.contains(',') && kinds.iter().any(|kind| text.contains(kind))
}

/// Days of making or shipping are no versions.
fn speaks_of_days(text: &str) -> bool {
    let months = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    text.split(|c: char| !c.is_ascii_alphabetic())
        .any(|word| months.contains(&word))
}

fn spans(text: &str) -> Option<Range> {
    if text.is_empty() || speaks_of_several(text) || speaks_of_days(text) {
        return None;
    }
    let text = simplify(text);
    let mut terms = Vec::new();
    let mut incomplete = false;
    for part in split_terms(&text) {
        if terms.len() > SPANS {
            return None;
        }
        match term(part) {
            Some(more) => terms.extend(more),
            None => incomplete = true,
        }
    }
    let mut range = Range {
        scheme: Scheme::Loose,
        incomplete,
        ..Range::default()
    };
    let mut open: Option<Bound> = None;
    for term in terms {
        let lone = open.take();
        match (lone, term) {
            (Some(from), Term::To(to)) => range.spans.push(between(from, to)?),
            (lone, term) => {
                range.spans.extend(lone.map(|from| Span::Between {
                    from,
                    to: Bound::Open,
                }));
                match term {
                    Term::Exactly(version) => range.spans.push(Span::Exactly(version)),
                    Term::Series(series) => range.spans.push(Span::Series(series)),
                    Term::From(bound) => open = Some(bound),
                    Term::To(to) => range.spans.push(Span::Between {
                        from: Bound::Open,
                        to,
                    }),
                    Term::Pair(from, to) => range.spans.push(between(from, to)?),
                }
            }
        }
    }
    range.spans.extend(open.map(|from| Span::Between {
        from,
        to: Bound::Open,
    }));
    (!range.spans.is_empty()).then_some(range)
}

/// `None` when the bounds stand the wrong way round or have no order: then they do not belong together.
fn between(from: Bound, to: Bound) -> Option<Span> {
    let version = |bound: &Bound| match bound {
        Bound::Including(version) | Bound::Excluding(version) | Bound::Through(version) => {
            Some(version.clone())
        }
        Bound::Open => None,
    };
    let order = compare(Scheme::Loose, &version(&from)?, &version(&to)?)?;
    (order != Ordering::Greater).then_some(Span::Between { from, to })
}

fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    for part in text.split(['|', ',', ';']) {
        // "between 1 and 2" is one term.
        if part.contains("between ") {
            terms.push(part.trim());
            continue;
        }
        for part in part.split(" and ").flat_map(|part| part.split(" or ")) {
            terms.push(part.trim());
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

/// A version, or a series where its last parts are `x`.
fn version(text: &str) -> Option<(String, bool)> {
    let text = text.trim().trim_matches(['"', '\'']);
    let mut kept = text;
    let mut series = false;
    while let Some(shorter) = kept.strip_suffix(".x").or_else(|| kept.strip_suffix(".*")) {
        kept = shorter;
        series = true;
    }
    let wild = kept.split(['.', '-', '_', ' ']).any(|part| {
        part.ends_with('x') && part.starts_with(|c: char| c.is_ascii_digit()) || part == "x"
    });
    (is_version(kept) && !wild).then(|| (kept.to_owned(), series))
}

fn lower(text: &str, inside: bool) -> Option<Bound> {
    let (version, _) = version(text)?;
    Some(if inside {
        Bound::Including(version)
    } else {
        Bound::Excluding(version)
    })
}

fn upper(text: &str, inside: bool) -> Option<Bound> {
    let (version, series) = version(text)?;
    Some(match (inside, series) {
        (true, true) => Bound::Through(version),
        (true, false) => Bound::Including(version),
        (false, _) => Bound::Excluding(version),
    })
}

/// A lone number of three digits or more is as likely a model as a version, unless it is a year.
fn may_be_model(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or(text);
    let digits = first
        .trim_start_matches('0')
        .chars()
        .take_while(char::is_ascii_digit)
        .count();
    let year = first.len() == 4 && (first.starts_with("19") || first.starts_with("20"));
    !text.contains(['.', '_']) && digits >= 3 && !year
}

fn term(text: &str) -> Option<Vec<Term>> {
    let starts = |words: &[&str]| words.iter().find_map(|word| text.strip_prefix(word));
    if let Some(rest) = starts(&["up to and including ", "<=", "through ", "up to "]) {
        return Some(vec![Term::To(upper(rest, true)?)]);
    }
    if let Some(rest) = starts(&[
        "<",
        "prior to ",
        "before ",
        "earlier than ",
        "lower than ",
        "less than ",
        "older than ",
        "below ",
    ]) {
        return Some(vec![Term::To(upper(rest, false)?)]);
    }
    if let Some(rest) = starts(&[">=", "from ", "since ", "starting with ", "starting from "]) {
        return match rest
            .split_once(" to ")
            .or_else(|| rest.split_once(" through "))
        {
            Some((from, to)) => Some(vec![Term::Pair(lower(from, true)?, upper(to, true)?)]),
            None => Some(vec![Term::From(lower(rest, true)?)]),
        };
    }
    if let Some(rest) = starts(&[">", "after ", "later than ", "newer than ", "greater than "]) {
        return Some(vec![Term::From(lower(rest, false)?)]);
    }
    if let Some(rest) = text.strip_suffix(DOWN) {
        return Some(vec![Term::To(upper(rest, true)?)]);
    }
    if let Some(rest) = text.strip_suffix(UP) {
        return Some(vec![Term::From(lower(rest, true)?)]);
    }
    if let Some(rest) = text.strip_prefix("between ") {
        let (from, to) = rest.split_once(" and ")?;
        return Some(vec![Term::Pair(lower(from, true)?, upper(to, true)?)]);
    }
    for dash in [" to ", " through ", " - ", " – "] {
        if let Some((from, to)) = text.split_once(dash) {
            return Some(vec![Term::Pair(lower(from, true)?, upper(to, true)?)]);
        }
    }
    exact(text.trim_start_matches(['=', ' ']))
}

fn exact(text: &str) -> Option<Vec<Term>> {
    if let Some(letters) = text.strip_prefix("rev ").and_then(letter_range) {
        return Some(vec![letters]);
    }
    if may_be_model(text) {
        return None;
    }
    if text.contains(' ') {
        let words: Vec<&str> = text.trim_start_matches("release ").split(' ').collect();
        let dotted =
            |word: &&str| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit());
        if words.len() > 1 && words.iter().all(dotted) {
            let each = words
                .iter()
                .map(|word| one(word))
                .collect::<Option<Vec<_>>>();
            return each;
        }
    }
    Some(vec![one(text)?])
}

fn one(text: &str) -> Option<Term> {
    let (version, series) = version(text)?;
    Some(if series {
        Term::Series(version)
    } else {
        Term::Exactly(version)
    })
}

/// "B-M": revisions by letter.
fn letter_range(text: &str) -> Option<Term> {
    let (from, to) = text.trim().split_once('-')?;
    let letter = |text: &str| {
        let mut chars = text.trim().chars();
        let only = chars.next().filter(char::is_ascii_alphabetic)?;
        chars.next().is_none().then(|| only.to_string())
    };
    Some(Term::Pair(
        Bound::Including(letter(from)?),
        Bound::Including(letter(to)?),
    ))
}
