//! One TOML file per binary. Every fault in it is found in one reading and reported with its line and with what would be right.
//!
//! The reader asks for each key by name, type and range; what nobody asked for is unknown, and refused. A reader goes on after a
//! fault with a stand-in value, and [`Config::finish`] refuses the whole:
//!
//! ```
//! # use auscult_process::config::{Config, Faults};
//! # fn read() -> Result<(), Faults> {
//! let mut config = Config::parse("sensor.toml", "[spool]\nbytes = \"64MiB\"\n")?;
//! let mut spool = config.section("spool");
//! let bytes = spool.size_or("bytes", "1GiB");
//! let sync = spool.duration_or("sync", "100ms");
//! config.finish()?;
//! # assert_eq!((bytes, sync.as_millis()), (64 << 20, 100));
//! # Ok(()) }
//! # read().unwrap();
//! ```

mod section;
mod tree;

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

pub use section::Section;
use tree::{Node, Table, Value};

/// Largest configuration file in bytes.
pub const FILE_BYTES: u64 = 1024 * 1024;

/// One thing that is wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1; 0 when the fault is about something that is not there.
    pub line: usize,
    /// Section and key, such as `spool.bytes`; empty when the file as a whole is at fault.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Everything that is wrong in a configuration, in the order of lines. Displayed one fault a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// A configuration file that is being read.
#[derive(Debug)]
pub struct Config {
    root: Table,
    scope: Scope,
}

/// What all sections of one file share.
#[derive(Debug)]
struct Scope {
    file: String,
    /// Relative paths in the file are meant from here.
    folder: PathBuf,
    faults: RefCell<Vec<Fault>>,
}

impl Scope {
    fn fault(&self, line: usize, key: &str, message: impl Into<String>) {
        self.faults.borrow_mut().push(Fault {
            file: self.file.clone(),
            line,
            key: key.to_owned(),
            message: message.into(),
        });
    }

    fn into_faults(self) -> Result<(), Faults> {
        let mut faults = self.faults.into_inner();
        faults.sort();
        faults.dedup();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Faults(faults))
        }
    }
}

impl Config {
    /// Reads a file. Relative paths in it are taken from the folder it lies in.
    ///
    /// # Errors
    /// When the file cannot be read, is larger than [`FILE_BYTES`], or is not TOML.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        let origin = path.display().to_string();
        let text = read_bounded(path).map_err(|message| {
            Faults(vec![Fault {
                file: origin.clone(),
                line: 0,
                key: String::new(),
                message,
            }])
        })?;
        let mut config = Self::parse(&origin, &text)?;
        config.scope.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(config)
    }

    /// Parses `text`; `origin` is what faults call it. Relative paths stay as they are.
    ///
    /// # Errors
    /// Every place where the text is not TOML.
    pub fn parse(origin: &str, text: &str) -> Result<Self, Faults> {
        let scope = Scope {
            file: origin.to_owned(),
            folder: PathBuf::new(),
            faults: RefCell::default(),
        };
        match tree::parse(text) {
            Ok(root) => Ok(Self { root, scope }),
            Err(faults) => {
                for (line, message) in faults {
                    scope.fault(line, "", format!("not TOML: {message}"));
                }
                match scope.into_faults() {
                    Err(faults) => Err(faults),
                    Ok(()) => Err(Faults(Vec::new())),
                }
            }
        }
    }

    /// The table `[name]`; an empty one when the file has none. Dots lead into nested tables. The empty name is the root.
    pub fn section(&mut self, name: &str) -> Section<'_> {
        Section::root(&self.root, &self.scope).into_section(name)
    }

    /// The tables of `[[name]]`, in the order of the file. Dots lead into nested tables.
    pub fn sections(&mut self, name: &str) -> Vec<Section<'_>> {
        Section::root(&self.root, &self.scope).into_sections(name)
    }

    /// Whether the file has something under this dotted name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let mut table = Some(&self.root);
        name.split('.').all(|part| {
            let entry = table.and_then(|table| table.entries.get(part));
            table = match entry.map(|entry| &entry.node.value) {
                Some(Value::Table(inner)) => Some(inner),
                _ => None,
            };
            entry.is_some()
        })
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every fault of the file, those that sections found and every key that nobody asked for.
    pub fn finish(self) -> Result<(), Faults> {
        report_unknown(&self.root, "", &self.scope);
        self.scope.into_faults()
    }
}

fn read_bounded(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let mut text = String::new();
    file.take(FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if text.len() as u64 > FILE_BYTES {
        return Err(format!("is larger than {FILE_BYTES} bytes"));
    }
    Ok(text)
}

fn report_unknown(table: &Table, path: &str, scope: &Scope) {
    for (name, entry) in &table.entries {
        let key = tree::join(path, name);
        if entry.used.get() {
            report_unknown_below(&entry.node, &key, scope);
            continue;
        }
        let what = match &entry.node.value {
            Value::Table(_) => "unknown section",
            Value::Array(items) if items.iter().any(Node::is_table) => "unknown section",
            _ => "unknown key",
        };
        let known = table.asked.borrow();
        let message = match tree::nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("{what}; did you mean \"{near}\"?"),
            None if known.is_empty() => format!("{what}; remove it"),
            None => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                format!("{what}; known here: {}", known.join(", "))
            }
        };
        scope.fault(entry.line, &key, message);
    }
}

fn report_unknown_below(node: &Node, path: &str, scope: &Scope) {
    match &node.value {
        Value::Table(table) if !table.whole.get() => report_unknown(table, path, scope),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                report_unknown_below(item, &format!("{path}[{index}]"), scope);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
