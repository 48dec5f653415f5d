//! What must hold besides the version: "9.x model 35700BAX3", "<= 11.2 on Windows 8.1", "* (with wireless option)".

use crate::text::keep;

/// Words that begin a condition.
const CONDITIONS: [&str; 10] = [
    " on ",
    " with ",
    " running ",
    " for ",
    " when ",
    " if ",
    " model ",
    " using ",
    " only",
    " in combination",
];

/// Notes in parentheses that say nothing about which versions are meant.
const NOTES: [&str; 4] = ["end-of-life", "end of life", "eol", "integrated into"];

/// Splits off what must hold besides. `None` where the text goes on after it.
pub(super) fn split(text: &str) -> Option<(&str, Option<String>)> {
    let whole = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    let text = whole
        .filter(|inner| !inner.contains(['(', ')']))
        .unwrap_or(text);
    let (before, group) = match text.find('(') {
        Some(open) => {
            let (before, group) = text.split_at(open);
            (before, Some(last_group(group)?))
        }
        None => (text, None),
    };
    let group = group.filter(|group| {
        !NOTES
            .iter()
            .any(|note| group.trim_start().starts_with(note))
    });
    // "*" is followed by its condition without a word for it.
    let star = before
        .strip_prefix("* ")
        .or_else(|| before.strip_prefix("all versions "))
        .map(|rest| rest.trim())
        .filter(|rest| !rest.is_empty());
    if let Some(rest) = star {
        return Some(("*", Some(keep(rest))));
    }
    let padded = CONDITIONS.iter().filter_map(|word| before.find(word)).min();
    let (main, words) = before.split_at(padded.unwrap_or(before.len()));
    let condition = format!("{} {}", words.trim(), group.unwrap_or(""));
    let condition = Some(keep(&condition)).filter(|condition| !condition.is_empty());
    Some((main.trim(), condition))
}

/// What is in a group that opens here, if it is the last thing said.
fn last_group(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (place, c) in text.char_indices() {
        match c {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let (group, rest) = text.split_at(place);
            let over = rest.trim_start_matches(')').trim().is_empty();
            return over.then(|| group.trim_start_matches('('));
        }
    }
    Some(text.trim_start_matches('('))
}
