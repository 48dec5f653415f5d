//! Files and folders of publishers, in the order of their names, packed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use auscult_intel::read::DOCUMENT_BYTES;
use flate2::bufread::MultiGzDecoder;

use super::recognise::{self, Document, Format};
use super::record::Record;
use super::{Library, Taken, bundle};

/// Most files of one run: the CVE list has some 350,000.
pub const MOST_FILES: usize = 2_000_000;

/// Deepest folder below one that was named.
const MOST_DEPTH: usize = 32;

/// A file that could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct FileFault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: String,
}

impl FileFault {
    fn new(path: &Path, problem: impl ToString) -> Self {
        Self {
            path: path.to_owned(),
            problem: problem.to_string(),
        }
    }
}

/// All files of some files and folders, in the order of names. Names that begin with a point, and links to folders, are passed over.
///
/// # Errors
/// The first path that is not there or cannot be opened.
pub fn list(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileFault> {
    let mut files = Vec::new();
    for path in paths {
        let about = std::fs::metadata(path).map_err(|error| FileFault::new(path, error))?;
        if about.is_dir() {
            walk(path, 0, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), FileFault> {
    let fault = |error: io::Error| FileFault::new(folder, error);
    if depth > MOST_DEPTH {
        return Err(FileFault::new(
            folder,
            format!("is more than {MOST_DEPTH} folders deep"),
        ));
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push((entry.path(), entry.file_type().map_err(fault)?));
        }
    }
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (path, kind) in entries {
        if kind.is_dir() {
            walk(&path, depth + 1, files)?;
        } else if path.is_file() {
            if files.len() >= MOST_FILES {
                return Err(FileFault::new(
                    folder,
                    format!("more than {MOST_FILES} files; name parts of it one after the other"),
                ));
            }
            files.push(path);
        }
    }
    Ok(())
}

/// What became of a file.
#[derive(Debug)]
pub enum Became {
    /// A document was taken in, or found older than what is there.
    Document {
        /// Its format.
        format: Format,
        /// Whether it was taken in.
        taken: Taken,
        /// Statements in it.
        statements: usize,
        /// What of it was passed over; empty: nothing.
        skipped: String,
    },
    /// So many records of a bundle were taken in.
    Bundle(u64),
    /// It is none of the formats that are read.
    Other,
}

/// Reads one file into the library.
///
/// # Errors
/// What is wrong with the file, when it cannot be opened or is broken.
pub fn take(library: &mut Library, path: &Path) -> Result<Became, FileFault> {
    let fault = |problem: String| FileFault::new(path, problem);
    let mut content = open(path).map_err(|error| fault(error.to_string()))?;
    let start = content
        .fill_buf()
        .map_err(|error| fault(error.to_string()))?;
    if start.starts_with(bundle::MARK) {
        let mut each = |record: Record| library.join(record);
        let count = bundle::read(&mut *content, &mut each).map_err(fault)?;
        return Ok(Became::Bundle(count));
    }
    let Some(document) = document(&mut *content).map_err(fault)? else {
        return Ok(Became::Other);
    };
    let statements = document
        .reading
        .as_ref()
        .map_or(0, |it| it.statements.len());
    let (format, skipped) = (document.format, document.skipped.to_string());
    Ok(Became::Document {
        format,
        taken: library.take(document),
        statements,
        skipped,
    })
}

fn document(content: &mut dyn BufRead) -> Result<Option<Document>, String> {
    let start = content.fill_buf().map_err(|error| error.to_string())?;
    let first = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if !matches!(first.trim_ascii_start().first(), Some(b'{' | b'#' | b'c')) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(DOCUMENT_BYTES).unwrap_or(u64::MAX);
    content
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    let Some(format) = recognise::format_of(&bytes)? else {
        return Ok(None);
    };
    let document = recognise::read(format, &bytes).map_err(|error| error.to_string())?;
    Ok(Some(document))
}

/// Opens a file, unpacking it where it is a gzip file.
fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::with_capacity(64 * 1024, File::open(path)?);
    if file.fill_buf()?.starts_with(b"\x1f\x8b") {
        let unpacked = MultiGzDecoder::new(file);
        return Ok(Box::new(BufReader::with_capacity(64 * 1024, unpacked)));
    }
    Ok(Box::new(file))
}
