//! tshark as a table: one row a frame, every field with all its occurrences.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Fields that are read.
const FIELDS: &str = include_str!("fields.txt");
/// Between the occurrences of one field.
const UNIT: char = '\x1f';

/// The decoded fields of one frame.
#[derive(Debug)]
pub(crate) struct Row(BTreeMap<&'static str, Vec<String>>);

/// tshark, or `None` after saying loudly that it is missing.
pub(crate) fn tshark(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("TSHARK").map_or_else(|| PathBuf::from("tshark"), PathBuf::from);
    let there = Command::new(&path).arg("--version").output();
    if there.is_ok_and(|output| output.status.success()) {
        return Some(path);
    }
    super::skipped(
        test,
        "tshark is not installed (apt-get install tshark, or set TSHARK)",
    );
    None
}

/// Reads a capture with every checksum verified.
pub(crate) fn read(tshark: &Path, capture: &Path) -> Vec<Row> {
    let mut command = Command::new(tshark);
    command.arg("-r").arg(capture).args(["-2", "-n"]);
    for preference in [
        "ip.check_checksum:TRUE",
        "tcp.check_checksum:TRUE",
        "udp.check_checksum:TRUE",
        "tcp.reassemble_out_of_order:TRUE",
    ] {
        command.args(["-o", preference]);
    }
    for port in ["104", "11112"] {
        command.args(["-d", &format!("tcp.port=={port},dicom")]);
    }
    command.args(["-T", "fields", "-E", "occurrence=a", "-E"]);
    command.arg(format!("aggregator={UNIT}"));
    let fields: Vec<&str> = FIELDS.lines().collect();
    for field in &fields {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "tshark: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines()
        .map(|line| {
            let cells = line.split('\t').map(|cell| {
                let values = cell.split(UNIT).filter(|value| !value.is_empty());
                values.map(str::to_owned).collect()
            });
            Row(fields.iter().copied().zip(cells).collect())
        })
        .collect()
}

impl Row {
    /// Every occurrence of a field.
    pub(crate) fn all(&self, field: &str) -> &[String] {
        let values = self.0.get(field);
        values.unwrap_or_else(|| panic!("{field} is not in fields.txt"))
    }

    /// The first occurrence, or nothing.
    pub(crate) fn first(&self, field: &str) -> &str {
        self.all(field).first().map_or("", String::as_str)
    }

    /// The last occurrence: in a tunnel, the innermost.
    pub(crate) fn last(&self, field: &str) -> &str {
        self.all(field).last().map_or("", String::as_str)
    }

    /// Whether a protocol was found.
    pub(crate) fn has_layer(&self, layer: &str) -> bool {
        self.first("frame.protocols")
            .split(':')
            .any(|found| found == layer)
    }

    /// Innermost source addresses: MAC, and IP or nothing.
    pub(crate) fn source(&self) -> (String, String) {
        let layers = self.first("frame.protocols");
        let inner = layers.rsplit("eth:").next().unwrap_or(layers);
        let over = |layer: &str| inner.split(':').any(|found| found == layer);
        let ip = match (over("ip"), over("ipv6")) {
            (_, true) => self.last("ipv6.src"),
            (true, false) => self.last("ip.src"),
            (false, false) => "",
        };
        (self.last("eth.src").to_owned(), ip.to_owned())
    }
}

/// Text from the hexadecimal digits in which tshark prints octet strings.
pub(crate) fn text_of_hex(digits: &str) -> String {
    let octets = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).expect("hexadecimal digits");
        u8::from_str_radix(pair, 16).expect("hexadecimal digits")
    });
    String::from_utf8(octets.collect()).expect("text")
}
