//! Texts from outside: how much of them is kept.

/// Bytes kept of a publisher's text.
pub const KEPT: usize = 512;

/// A text without control characters, cut to [`KEPT`] bytes between characters.
#[must_use]
pub fn keep(text: &str) -> String {
    keep_at_most(text, KEPT)
}

/// A text without control characters, blanks run together, cut to a number of bytes between characters.
pub(crate) fn keep_at_most(text: &str, bytes: usize) -> String {
    let mut kept = String::new();
    let mut blank = false;
    for c in text.trim().chars() {
        if c.is_whitespace() || c.is_control() {
            blank = true;
            continue;
        }
        let more = c.len_utf8().saturating_add(usize::from(blank));
        if kept.len().saturating_add(more) > bytes {
            break;
        }
        if blank && !kept.is_empty() {
            kept.push(' ');
        }
        blank = false;
        kept.push(c);
    }
    kept
}
