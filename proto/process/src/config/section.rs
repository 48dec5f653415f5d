//! One table of the configuration, asked key by key.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::Scope;
use super::tree::{Node, Table, Value, join};
use crate::units;

/// One table of the configuration. Each method asks for one key; a key that is wrong is remembered as a fault and the method returns a
/// stand-in, so that one reading finds everything.
#[derive(Debug)]
pub struct Section<'a> {
    scope: &'a Scope,
    /// None when the file does not have this table.
    table: Option<&'a Table>,
    /// Dotted name from the root.
    name: String,
    /// Line of the header; 0 when there is none.
    line: usize,
}

impl<'a> Section<'a> {
    pub(super) fn root(table: &'a Table, scope: &'a Scope) -> Self {
        Self {
            scope,
            table: Some(table),
            name: String::new(),
            line: 0,
        }
    }

    pub(super) fn into_section(self, name: &str) -> Self {
        let mut section = self;
        for part in name.split('.').filter(|part| !part.is_empty()) {
            section = section.step(part);
        }
        section
    }

    pub(super) fn into_sections(self, name: &str) -> Vec<Self> {
        let (parent, last) = match name.rsplit_once('.') {
            Some((parent, last)) => (self.into_section(parent), last),
            None => (self, name),
        };
        let path = join(&parent.name, last);
        let Some(node) = parent.ask(last) else {
            return Vec::new();
        };
        let Value::Array(items) = &node.value else {
            parent.wrong_kind(
                last,
                node,
                "a list of sections, each headed",
                &format!("[[{path}]]"),
            );
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match &item.value {
                Value::Table(table) => sections.push(Self {
                    scope: parent.scope,
                    table: Some(table),
                    name: format!("{path}[{index}]"),
                    line: item.line,
                }),
                _ => parent.wrong_kind(last, item, "a section headed", &format!("[[{path}]]")),
            }
        }
        sections
    }

    fn step(&self, name: &str) -> Self {
        let path = join(&self.name, name);
        let node = self.ask(name);
        let table = match node.map(|node| &node.value) {
            Some(Value::Table(table)) => Some(table),
            _ => None,
        };
        if let (Some(node), None) = (node, table) {
            self.wrong_kind(name, node, "a section headed", &format!("[{path}]"));
        }
        Self {
            scope: self.scope,
            table,
            name: path,
            line: node.map_or(self.line, |node| node.line),
        }
    }

    /// The table of this name below this one; an empty one when there is none.
    pub fn section(&mut self, name: &str) -> Self {
        self.step(name)
    }

    /// Whether the file has this table.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the table has this key. Does not count as asking for it.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table
            .is_some_and(|table| table.entries.contains_key(key))
    }

    /// Dotted name of this table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn ask(&self, key: &str) -> Option<&'a Node> {
        let table = self.table?;
        table.asked.borrow_mut().insert(key.to_owned());
        let entry = table.entries.get(key)?;
        entry.used.set(true);
        Some(&entry.node)
    }

    fn wrong_kind(&self, key: &str, node: &Node, wanted: &str, example: &str) {
        let message = format!("is {}; write {wanted} {example}", node.value.kind());
        self.scope.fault(node.line, &join(&self.name, key), message);
    }

    fn missing(&self, key: &str, example: &str) {
        let message = format!("is missing; write {key} = {example}");
        self.scope.fault(self.line, &join(&self.name, key), message);
    }

    /// Reports a fault of this key that only the caller can see, at the line of the key, or of the section when the key is not there.
    /// A key of a table below has dots.
    pub fn fault(&mut self, key: &str, message: &str) {
        let found = self.table.and_then(|table| find(table, &self.name, key));
        let (line, name) = found.unwrap_or_else(|| (self.line, join(&self.name, key)));
        self.scope.fault(line, &name, message);
    }

    /// A text.
    pub fn string(&mut self, key: &str) -> Option<String> {
        let node = self.ask(key)?;
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            _ => {
                self.wrong_kind(key, node, "a text in quotes,", &format!("{key} = \"...\""));
                None
            }
        }
    }

    /// A text, or the default.
    pub fn string_or(&mut self, key: &str, default: &str) -> String {
        self.string(key).unwrap_or_else(|| default.to_owned())
    }

    /// A text that must be there and not be empty. The stand-in is empty.
    pub fn required_string(&mut self, key: &str) -> String {
        if !self.has(key) {
            self.ask(key);
            self.missing(key, "\"...\"");
            return String::new();
        }
        let text = self.string(key);
        if text.as_deref() == Some("") {
            self.fault(key, "is empty; write a text");
        }
        text.unwrap_or_default()
    }

    /// A path; a relative one is taken from the folder of the configuration file.
    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        let text = self.string(key)?;
        if text.is_empty() {
            self.fault(key, "is empty; write a path");
            return None;
        }
        Some(self.scope.folder.join(text))
    }

    /// A path, or the default; relative ones are taken from the folder of the configuration file.
    pub fn path_or(&mut self, key: &str, default: &str) -> PathBuf {
        let path = self.path(key);
        path.unwrap_or_else(|| self.scope.folder.join(default))
    }

    /// A path that must be there. The stand-in is empty.
    pub fn required_path(&mut self, key: &str) -> PathBuf {
        if !self.has(key) {
            self.ask(key);
            self.missing(key, "\"/...\"");
        }
        self.path(key).unwrap_or_default()
    }

    /// A boolean, or the default.
    pub fn boolean_or(&mut self, key: &str, default: bool) -> bool {
        let Some(node) = self.ask(key) else {
            return default;
        };
        match node.value {
            Value::Boolean(value) => value,
            _ => {
                self.wrong_kind(key, node, "true or false,", &format!("{key} = {default}"));
                default
            }
        }
    }

    /// An integer within `range`, or the default.
    pub fn integer_or<T>(&mut self, key: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: Copy + Display + PartialOrd + TryFrom<i64>,
    {
        let Some(node) = self.ask(key) else {
            return default;
        };
        let (low, high) = (range.start(), range.end());
        match node.value {
            Value::Integer(value) => {
                if let Some(value) = T::try_from(value)
                    .ok()
                    .filter(|value| range.contains(value))
                {
                    return value;
                }
                let message = format!("is {value}, out of range; write {low} to {high}");
                self.scope.fault(node.line, &join(&self.name, key), message);
            }
            _ => self.wrong_kind(
                key,
                node,
                &format!("a whole number from {low} to {high},"),
                &format!("{key} = {default}"),
            ),
        }
        default
    }

    /// A duration such as `30s`, or the default. See [`units`].
    pub fn duration_or(&mut self, key: &str, default: &str) -> Duration {
        self.quantity(
            key,
            default,
            units::parse_duration,
            units::format_duration,
            None,
        )
    }

    /// A duration within `range`, or the default.
    pub fn duration_within(
        &mut self,
        key: &str,
        default: &str,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        let parse = units::parse_duration;
        self.quantity(key, default, parse, units::format_duration, Some(range))
    }

    /// A size in bytes such as `64MiB`, or the default. See [`units`].
    pub fn size_or(&mut self, key: &str, default: &str) -> u64 {
        self.quantity(key, default, units::parse_size, units::format_size, None)
    }

    /// A size within `range`, or the default.
    pub fn size_within(&mut self, key: &str, default: &str, range: RangeInclusive<u64>) -> u64 {
        self.quantity(
            key,
            default,
            units::parse_size,
            units::format_size,
            Some(range),
        )
    }

    fn quantity<T: Copy + Default + PartialOrd>(
        &mut self,
        key: &str,
        default: &str,
        parse: fn(&str) -> Result<T, units::UnitError>,
        format: fn(T) -> String,
        range: Option<RangeInclusive<T>>,
    ) -> T {
        let stand_in = parse(default).unwrap_or_default();
        let Some(node) = self.ask(key) else {
            return stand_in;
        };
        let Value::Text(text) = &node.value else {
            self.wrong_kind(
                key,
                node,
                "a text with a unit,",
                &format!("{key} = \"{default}\""),
            );
            return stand_in;
        };
        let message = match parse(text) {
            Ok(value) => match range {
                Some(range) if !range.contains(&value) => format!(
                    "is {text}, out of range; write {} to {}",
                    format(*range.start()),
                    format(*range.end())
                ),
                _ => return value,
            },
            Err(error) => format!("\"{}\" is {error}", shortened(text)),
        };
        self.scope.fault(node.line, &join(&self.name, key), message);
        stand_in
    }

    /// A text that must parse as `T`, when there.
    pub fn parsed<T>(&mut self, key: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.string(key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(key, &format!("\"{}\": {error}", shortened(&text)));
                None
            }
        }
    }

    /// A text that must parse as `T`, or the default.
    pub fn parsed_or<T>(&mut self, key: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        self.parsed(key).unwrap_or(default)
    }

    /// A text that must be there and parse as `T`; `None` always comes with a fault.
    pub fn required_parsed<T>(&mut self, key: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        if !self.has(key) {
            self.ask(key);
            self.missing(key, "\"...\"");
            return None;
        }
        self.parsed(key)
    }

    /// An array of texts; empty when not there.
    pub fn strings(&mut self, key: &str) -> Vec<String> {
        let texts = self.texts(key);
        texts.into_iter().map(|(_, text)| text).collect()
    }

    /// An array of texts that must each parse as `T`; empty when not there.
    pub fn parsed_list<T>(&mut self, key: &str) -> Vec<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let mut values = Vec::new();
        for (line, text) in self.texts(key) {
            match text.parse() {
                Ok(value) => values.push(value),
                Err(error) => self.scope.fault(
                    line,
                    &join(&self.name, key),
                    format!("\"{}\": {error}", shortened(&text)),
                ),
            }
        }
        values
    }

    fn texts(&mut self, key: &str) -> Vec<(usize, String)> {
        let Some(node) = self.ask(key) else {
            return Vec::new();
        };
        let example = format!("{key} = [\"...\"]");
        let Value::Array(items) = &node.value else {
            self.wrong_kind(key, node, "a list of texts,", &example);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => texts.push((item.line, text.clone())),
                _ => self.wrong_kind(key, item, "only texts in the list,", &example),
            }
        }
        texts
    }

    /// Settings that are passed on as they are, such as those of a client library: any key is known. Dotted keys need no quotes;
    /// numbers and booleans become text.
    pub fn table(&mut self, key: &str) -> BTreeMap<String, String> {
        let section = self.step(key);
        let mut settings = BTreeMap::new();
        if let Some(table) = section.table {
            section.flatten(table, "", &mut settings);
        }
        settings
    }

    fn flatten(&self, table: &Table, prefix: &str, settings: &mut BTreeMap<String, String>) {
        table.whole.set(true);
        for (name, entry) in &table.entries {
            let key = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}.{name}")
            };
            let text = match &entry.node.value {
                Value::Text(text) => text.clone(),
                Value::Integer(value) => value.to_string(),
                Value::Boolean(value) => value.to_string(),
                Value::Table(inner) => {
                    self.flatten(inner, &key, settings);
                    continue;
                }
                Value::Array(_) | Value::Other(_) => {
                    let message = format!("is {}; write a text in quotes", entry.node.value.kind());
                    self.scope
                        .fault(entry.line, &format!("{}.{key}", self.name), message);
                    continue;
                }
            };
            settings.insert(key, text);
        }
    }
}

/// Enough of a value to recognise it in a message.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

/// Line and full name of a key of this table, or with dots of one below it.
fn find(table: &Table, name: &str, key: &str) -> Option<(usize, String)> {
    if let Some(entry) = table.entries.get(key) {
        return Some((entry.line, join(name, key)));
    }
    let (head, rest) = key.split_once('.')?;
    match &table.entries.get(head)?.node.value {
        Value::Table(inner) => find(inner, &join(name, head), rest),
        _ => None,
    }
}
