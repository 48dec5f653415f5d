//! The bundle: everything known as one file of JSON lines, for a site behind an air gap.
//!
//! First line `{"format":"auscult.intel-bundle/1"}`, then one record of the topic a line ([`super::record`]), last
//! `{"end":N}` with the number of records: a bundle that was cut off says so.

use std::io::{self, BufRead, Write};

use serde_json::Value;

use super::library::Library;
use super::record::Record;

/// What the first line begins with, in every version.
pub const MARK: &[u8] = b"{\"format\":\"auscult.intel-bundle/";

const FIRST: &str = r#"{"format":"auscult.intel-bundle/1"}"#;

/// Longest line: a record unpacked.
const LINE_BYTES: u64 = 64 * 1024 * 1024;

/// Writes everything; returns the number of records.
///
/// # Errors
/// Those of the file.
pub fn write(library: &Library, to: &mut dyn Write) -> io::Result<u64> {
    writeln!(to, "{FIRST}")?;
    let mut count: u64 = 0;
    for record in library.records() {
        serde_json::to_writer(&mut *to, &record)?;
        to.write_all(b"\n")?;
        count = count.saturating_add(1);
    }
    writeln!(to, "{}", serde_json::json!({ "end": count }))?;
    to.flush()?;
    Ok(count)
}

/// Reads a bundle, record by record; returns their number.
///
/// # Errors
/// Where it is broken, and how.
pub fn read(from: &mut dyn BufRead, each: &mut dyn FnMut(Record)) -> Result<u64, String> {
    let mut line = Vec::new();
    let mut number: u64 = 0;
    let mut count: u64 = 0;
    loop {
        line.clear();
        number = number.saturating_add(1);
        let read = io::Read::take(&mut *from, LINE_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("line {number}: {error}"))?;
        if read == 0 {
            return Err(format!(
                "ends after {count} records without its last line: it was cut off, copy it again"
            ));
        }
        if number == 1 {
            if line.trim_ascii_end() != FIRST.as_bytes() {
                return Err(format!(
                    "is a bundle of another version; this program reads {FIRST}"
                ));
            }
            continue;
        }
        if line.starts_with(b"{\"end\"") {
            return end(&line, count);
        }
        let record = Record::parse(&line).map_err(|error| format!("line {number}: {error}"))?;
        count = count.saturating_add(1);
        each(record);
    }
}

fn end(line: &[u8], count: u64) -> Result<u64, String> {
    let stated = serde_json::from_slice::<Value>(line)
        .ok()
        .and_then(|line| line.get("end").and_then(Value::as_u64));
    if stated == Some(count) {
        Ok(count)
    } else {
        Err(format!(
            "has {count} records and its last line says {stated:?}: it is damaged, copy it again"
        ))
    }
}
