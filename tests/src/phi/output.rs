//! What the product wrote, by where it wrote it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::canaries::Canaries;
use super::search::{Found, search};

/// Octets of a real output among which canaries are planted.
const SAMPLE: u64 = 256 << 10;

/// Where an output is.
#[derive(Debug, Clone)]
pub enum Place {
    /// In memory.
    Memory(Vec<u8>),
    /// In files.
    Files(Vec<PathBuf>),
}

/// One output.
#[derive(Debug, Clone)]
pub struct Output {
    /// What it is, as the table says it.
    pub name: String,
    /// Its octets.
    pub place: Place,
}

impl Output {
    /// An output in memory.
    #[must_use]
    pub fn of(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            place: Place::Memory(bytes),
        }
    }

    /// An output in every file below a folder, or in one file.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn below(name: &str, path: &Path) -> io::Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            place: Place::Files(files_below(path, &[])?),
        })
    }

    fn each<T>(&self, mut read: impl FnMut(&mut dyn Read) -> io::Result<T>) -> io::Result<Vec<T>> {
        match &self.place {
            Place::Memory(bytes) => Ok(vec![read(&mut bytes.as_slice())?]),
            Place::Files(paths) => paths
                .iter()
                .map(|path| {
                    let told = |error: io::Error| {
                        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                    };
                    read(&mut File::open(path).map_err(told)?).map_err(told)
                })
                .collect(),
        }
    }

    /// Searches all of it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn search(&self, canaries: &Canaries) -> io::Result<Found> {
        let mut all = Found::default();
        for found in self.each(|source| search(canaries, source))? {
            all.add(found);
        }
        Ok(all)
    }

    /// How many of these names, in lower case, stand in it as words.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn names(&self, names: &BTreeSet<String>) -> io::Result<usize> {
        let mut seen = BTreeSet::new();
        for text in self.each(|source| {
            let mut text = Vec::new();
            source.read_to_end(&mut text).map(|_| text)
        })? {
            let words = text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
            for word in words.filter(|word| !word.is_empty()) {
                let word = String::from_utf8_lossy(word).to_ascii_lowercase();
                // In a binary record what stands before and after a text (a length, the next tag) may be a letter or a digit itself.
                let last = word.len().saturating_sub(1);
                for part in [
                    word.get(..),
                    word.get(1..),
                    word.get(..last),
                    word.get(1..last),
                ] {
                    seen.extend(part.and_then(|part| names.get(part)));
                }
            }
        }
        Ok(seen.len())
    }

    /// Some of it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn sample(&self) -> io::Result<Vec<u8>> {
        let mut sample = Vec::new();
        self.each(|source| {
            let room = SAMPLE.saturating_sub(sample.len() as u64);
            source.take(room).read_to_end(&mut sample)
        })?;
        Ok(sample)
    }
}

/// Every file below a folder, in order, except below the folders `without`; the path itself where it is a file.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_below(path: &Path, without: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    if std::fs::symlink_metadata(path)?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() && !without.contains(&path) {
                open.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
