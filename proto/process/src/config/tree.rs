//! The parsed file: owned values that know their line and whether anybody asked for them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) entries: BTreeMap<String, Entry>,
    /// Every name that was asked for here, there or not: the vocabulary for suggestions.
    pub(super) asked: RefCell<BTreeSet<String>>,
    /// Taken as a whole, with whatever keys it has.
    pub(super) whole: Cell<bool>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) used: Cell<bool>,
    pub(super) node: Node,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(Table),
    /// A kind that no setting has, or an integer beyond 64 bits.
    Other(&'static str),
}

impl Value {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

impl Node {
    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, Value::Table(_))
    }
}

/// The whole file, or every place where it is not TOML: line and message.
pub(super) fn parse(text: &str) -> Result<Table, Vec<(usize, String)>> {
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table(root.get_ref(), &lines));
    }
    Err(errors
        .iter()
        .map(|error| {
            let line = error.span().map_or(0, |span| lines.number(span.start));
            (line, error.message().to_owned())
        })
        .collect())
}

/// Where each line starts, to turn byte offsets into line numbers.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let after_newlines = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at.saturating_add(1));
        Self {
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    fn number(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}

fn table(source: &DeTable<'_>, lines: &Lines) -> Table {
    let entries = source.iter().map(|(key, value)| {
        let line = lines.number(key.span().start);
        let entry = Entry {
            line,
            used: Cell::new(false),
            node: Node {
                line,
                value: self::value(value.get_ref(), lines),
            },
        };
        (key.get_ref().to_string(), entry)
    });
    Table {
        entries: entries.collect(),
        ..Table::default()
    }
}

fn value(source: &DeValue<'_>, lines: &Lines) -> Value {
    match source {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Value::Other("an integer beyond 64 bits"), Value::Integer),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(_) => Value::Other("a date or time"),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| Node {
                    line: lines.number(item.span().start),
                    value: value(item.get_ref(), lines),
                })
                .collect(),
        ),
        DeValue::Table(inner) => Value::Table(table(inner, lines)),
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    let bare = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    match (path.is_empty(), bare && !name.is_empty()) {
        (true, true) => name.to_owned(),
        (false, true) => format!("{path}.{name}"),
        (true, false) => format!("{name:?}"),
        (false, false) => format!("{path}.{name:?}"),
    }
}

/// The known name that is a slip of the finger away: at most a third of its letters differ.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, with a swap of neighbours counted once (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, x) in a.chars().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let swapped = j > 0 && last == Some(*y) && b.get(j.wrapping_sub(1)) == Some(&x);
            let best = (at(&above, j) + usize::from(x != *y))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1)
                .min(if swapped {
                    at(&before, j - 1) + 1
                } else {
                    usize::MAX
                });
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
        last = Some(x);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("snyc", "sync"), 1);
        let known = ["address", "bytes", "sync"];
        assert_eq!(nearest("adress", known.into_iter()), Some("address"));
        assert_eq!(nearest("snyc", known.into_iter()), Some("sync"));
        assert_eq!(nearest("byte", known.into_iter()), Some("bytes"));
        assert_eq!(nearest("colour", known.into_iter()), None);
    }

    #[test]
    fn offsets_become_lines() {
        let lines = Lines::of("a\nb\n\nc");
        let numbers: Vec<usize> = (0..6).map(|offset| lines.number(offset)).collect();
        assert_eq!(numbers, [1, 1, 2, 2, 3, 4]);
    }
}
