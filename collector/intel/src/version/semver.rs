//! Semantic Versioning 2.0.0, section 11.

use std::cmp::Ordering;

use super::digits;

struct Semver<'a> {
    core: [&'a str; 3],
    pre: Option<&'a str>,
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn read(text: &str) -> Option<Semver<'_>> {
    let text = text.trim();
    let text = text.strip_prefix(['v', '=']).unwrap_or(text);
    let text = text.split_once('+').map_or(text, |(core, _)| core);
    let (core, pre) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text, None),
    };
    let mut fields = core.split('.');
    let core = [fields.next()?, fields.next()?, fields.next()?];
    if fields.next().is_some() || !core.iter().all(|field| number(field)) {
        return None;
    }
    let well_formed = pre.is_none_or(|pre| pre.split('.').all(|id| !id.is_empty()));
    well_formed.then_some(Semver { core, pre })
}

fn pre_release(left: &str, right: &str) -> Ordering {
    let (mut a, mut b) = (left.split('.'), right.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (number(x), number(y)) {
                (true, true) => digits(x, y),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => x.cmp(y),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The order of two semantic versions; `None` when one is none.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (read(left)?, read(right)?);
    let cores = left.core.iter().zip(right.core);
    let core = cores
        .map(|(a, b)| digits(a, b))
        .find(|order| *order != Ordering::Equal);
    if core.is_some() {
        return core;
    }
    Some(match (left.pre, right.pre) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => pre_release(a, b),
    })
}
