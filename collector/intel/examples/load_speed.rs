//! How fast publishers' files are read and folded: `cargo run --release -p auscult-intel --example load_speed -- FILE...`, each file
//! KEV JSON, uncompressed EPSS csv, an NVD 2.0 page, a CVE record, CSAF, CycloneDX, SPDX or OpenVEX. Median of five runs.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement, not a part of the product"
)]

use std::time::Instant;

use auscult_intel::catalogue::Catalogue;
use auscult_intel::read::{self, Reading};

fn reading(bytes: &[u8]) -> Option<Reading> {
    read::kev::read(bytes)
        .or_else(|_| read::epss::read(bytes).map(|(_, reading)| reading))
        .or_else(|_| read::csaf::read(bytes))
        .or_else(|_| read::nvd::read(bytes))
        .or_else(|_| read::cve::read(bytes))
        .or_else(|_| read::openvex::read(bytes))
        .or_else(|_| read::cyclonedx::read(bytes).map(|(_, reading)| reading))
        .ok()
}

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        let mut times = Vec::new();
        let mut line = String::new();
        for _ in 0..5 {
            let begin = Instant::now();
            let Some(reading) = reading(&bytes) else {
                line = "nothing we know".into();
                break;
            };
            let read = begin.elapsed();
            let (statements, skipped) = (reading.statements.len(), reading.skipped.total());
            let mut catalogue = Catalogue::default();
            catalogue.take(reading.statements);
            times.push((begin.elapsed(), read));
            line = format!(
                "{statements} statements of {} vulnerabilities, {skipped} passed over",
                catalogue.len()
            );
        }
        times.sort();
        match times.get(times.len() / 2) {
            Some((all, read)) => println!("{path}: {line}; read {read:?}, read and folded {all:?}"),
            None => println!("{path}: {line}"),
        }
    }
}
