//! Common Platform Enumeration 2.3: names (NISTIR 7695) and name matching (NISTIR 7696).

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name that is read.
pub const NAME_BYTES: usize = 1_024;

/// Attributes of a name in the order of the formatted string.
pub const ATTRIBUTES: [&str; 11] = [
    "part",
    "vendor",
    "product",
    "version",
    "update",
    "edition",
    "language",
    "sw_edition",
    "target_sw",
    "target_hw",
    "other",
];

/// The value of one attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// Any value (`*` alone).
    #[default]
    Any,
    /// Not applicable (`-` alone).
    NotApplicable,
    /// A value: characters, with `*` and `?` as wildcards where they are not quoted.
    Value(Vec<Symbol>),
}

/// One character of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Symbol {
    /// Itself, in lower case.
    Literal(char),
    /// Any number of characters.
    Many,
    /// One character.
    One,
}

/// How two sets of names, or of values, lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The source holds all of the target and more.
    Superset,
    /// The target holds all of the source and more.
    Subset,
    /// The same.
    Equal,
    /// Nothing in common.
    Disjoint,
    /// Not defined: the target has wildcards.
    Undefined,
}

impl Attribute {
    /// Reads a value as it stands in a formatted string: `*`, `-`, or characters quoted with `\`.
    #[must_use]
    pub fn read(text: &str) -> Self {
        match text {
            "*" | "ANY" => return Self::Any,
            "-" | "NA" => return Self::NotApplicable,
            _ => {}
        }
        let mut symbols = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            symbols.push(match c {
                '\\' => Symbol::Literal(chars.next().unwrap_or('\\').to_ascii_lowercase()),
                '*' => Symbol::Many,
                '?' => Symbol::One,
                other => Symbol::Literal(other.to_ascii_lowercase()),
            });
        }
        Self::Value(symbols)
    }

    /// The value without quoting; `None` for any, not applicable and wildcards.
    #[must_use]
    pub fn plain(&self) -> Option<String> {
        let Self::Value(symbols) = self else {
            return None;
        };
        symbols
            .iter()
            .map(|symbol| match symbol {
                Symbol::Literal(c) => Some(*c),
                _ => None,
            })
            .collect()
    }

    fn has_wildcards(&self) -> bool {
        let Self::Value(symbols) = self else {
            return false;
        };
        symbols
            .iter()
            .any(|symbol| !matches!(symbol, Symbol::Literal(_)))
    }

    /// NISTIR 7696, table 6-2.
    #[must_use]
    pub fn compare(&self, target: &Self) -> Relation {
        if target.has_wildcards() {
            return if self == target {
                Relation::Equal
            } else {
                Relation::Undefined
            };
        }
        match (self, target) {
            (Self::Any, Self::Any) | (Self::NotApplicable, Self::NotApplicable) => Relation::Equal,
            (Self::Any, _) => Relation::Superset,
            (_, Self::Any) => Relation::Subset,
            (Self::NotApplicable, _) | (_, Self::NotApplicable) => Relation::Disjoint,
            (Self::Value(source), Self::Value(target)) => {
                if source == target {
                    Relation::Equal
                } else if self.has_wildcards() && matches(source, target) {
                    Relation::Superset
                } else {
                    Relation::Disjoint
                }
            }
        }
    }
}

/// Wildcard matching. A value of question marks alone stands for up to that many characters, as in NISTIR 7696's algorithm; beside
/// other characters each stands for one.
fn matches(source: &[Symbol], target: &[Symbol]) -> bool {
    if source.iter().all(|symbol| *symbol == Symbol::One) {
        return target.len() <= source.len();
    }
    // Place to go back to: what follows the last `*`, and where in the target its turn ends.
    let (mut s, mut t) = (source, target);
    let mut back: Option<(&[Symbol], &[Symbol])> = None;
    loop {
        match (s.split_first(), t.split_first()) {
            (None, None) => return true,
            (Some((Symbol::Many, rest)), _) => {
                back = Some((rest, t));
                s = rest;
            }
            (Some((symbol, rest_s)), Some((c, rest_t)))
                if *symbol == Symbol::One || symbol == c =>
            {
                (s, t) = (rest_s, rest_t);
            }
            _ => {
                let Some((rest, from)) = back else {
                    return false;
                };
                let Some((_, longer)) = from.split_first() else {
                    return false;
                };
                back = Some((rest, longer));
                (s, t) = (rest, longer);
            }
        }
    }
}

/// A name: one value for each of [`ATTRIBUTES`].
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub [Attribute; 11]);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Longer than [`NAME_BYTES`].
    #[error("a CPE name of more than {NAME_BYTES} bytes")]
    TooLong,
    /// Neither `cpe:2.3:` nor `cpe:/`.
    #[error("not a CPE name: `cpe:2.3:` and 11 attributes, or `cpe:/` and up to 7, are expected")]
    NotCpe,
    /// Another number of attributes.
    #[error("a CPE name with {0} attributes")]
    Attributes(usize),
}

impl Name {
    /// The value of an attribute by its place in [`ATTRIBUTES`]; any, where there is no such place.
    fn at(&self, place: usize) -> &Attribute {
        const ANY: &Attribute = &Attribute::Any;
        self.0.get(place).unwrap_or(ANY)
    }

    /// Part: `a`, `o` or `h`.
    #[must_use]
    pub fn part(&self) -> Option<char> {
        self.at(0).plain()?.chars().next()
    }

    /// Vendor without quoting.
    #[must_use]
    pub fn vendor(&self) -> Option<String> {
        self.at(1).plain()
    }

    /// Product without quoting.
    #[must_use]
    pub fn product(&self) -> Option<String> {
        self.at(2).plain()
    }

    /// Version and update, joined by a blank, without quoting.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        let version = self.at(3).plain()?;
        Some(match self.at(4).plain() {
            Some(update) => format!("{version} {update}"),
            None => version,
        })
    }

    /// Relation of two names (NISTIR 7696, section 6.2 and table 6-1): disjoint or undefined if one attribute is, equal if all are.
    #[must_use]
    pub fn compare(&self, target: &Self) -> Relation {
        let relations = self.0.iter().zip(&target.0).map(|(a, b)| a.compare(b));
        let mut whole = Relation::Equal;
        let mut undefined = false;
        for relation in relations {
            match (whole, relation) {
                (_, Relation::Disjoint) => return Relation::Disjoint,
                (_, Relation::Undefined)
                | (Relation::Superset, Relation::Subset)
                | (Relation::Subset, Relation::Superset) => undefined = true,
                (Relation::Equal, other) => whole = other,
                _ => {}
            }
        }
        if undefined {
            Relation::Undefined
        } else {
            whole
        }
    }
}

/// Splits at `:` where it is not quoted.
fn fields(text: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let (mut rest, mut from) = (text, 0_usize);
    let mut quoted = false;
    for (place, c) in text.char_indices() {
        match c {
            _ if quoted => quoted = false,
            '\\' => quoted = true,
            ':' => {
                let length = place.saturating_sub(from);
                let (field, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                fields.push(field);
                rest = after.strip_prefix(':').unwrap_or(after);
                from = place.saturating_add(1);
            }
            _ => {}
        }
    }
    fields.push(rest);
    fields
}

/// A component of a 2.2 URI: empty is any, `-` not applicable, percent-encoding undone.
fn uri_component(text: &str) -> Attribute {
    if text.is_empty() {
        return Attribute::Any;
    }
    if text == "-" {
        return Attribute::NotApplicable;
    }
    let mut symbols = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let code = rest
            .strip_prefix('%')
            .and_then(|rest| rest.get(..2))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let length = if code.is_some() { 3 } else { c.len_utf8() };
        symbols.push(match code {
            Some(1) => Symbol::One,
            Some(2) => Symbol::Many,
            Some(code) => Symbol::Literal(char::from(code).to_ascii_lowercase()),
            None => Symbol::Literal(c.to_ascii_lowercase()),
        });
        rest = rest.get(length..).unwrap_or("");
    }
    Attribute::Value(symbols)
}

impl FromStr for Name {
    type Err = NameError;

    /// Reads a formatted string (2.3) or a URI (2.2; packed editions are left packed).
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() > NAME_BYTES {
            return Err(NameError::TooLong);
        }
        let mut name = Self::default();
        if let Some(rest) = text.strip_prefix("cpe:2.3:") {
            let fields = fields(rest);
            if fields.len() != ATTRIBUTES.len() {
                return Err(NameError::Attributes(fields.len()));
            }
            for (slot, field) in name.0.iter_mut().zip(fields) {
                *slot = Attribute::read(field);
            }
            return Ok(name);
        }
        let rest = text.strip_prefix("cpe:/").ok_or(NameError::NotCpe)?;
        let components: Vec<&str> = rest.split(':').collect();
        if components.len() > 7 {
            return Err(NameError::Attributes(components.len()));
        }
        for (slot, component) in name.0.iter_mut().zip(components) {
            *slot = uri_component(component);
        }
        Ok(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cpe:2.3")?;
        for attribute in &self.0 {
            f.write_str(":")?;
            match attribute {
                Attribute::Any => f.write_str("*")?,
                Attribute::NotApplicable => f.write_str("-")?,
                Attribute::Value(symbols) => write_symbols(symbols, f)?,
            }
        }
        Ok(())
    }
}

fn write_symbols(symbols: &[Symbol], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let alone = symbols.len() == 1;
    for symbol in symbols {
        match symbol {
            Symbol::Many => f.write_str("*")?,
            Symbol::One => f.write_str("?")?,
            Symbol::Literal(c) => {
                let bare = c.is_alphanumeric() || *c == '_' || matches!(c, '.' | '-') && !alone;
                if !bare {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
        }
    }
    Ok(())
}

impl Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
