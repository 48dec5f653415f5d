//! Capture files: read offline for people and scripts, or fed to a collector as if they were live.

pub mod devices;
pub mod facts;
pub mod feed;
pub mod file;
pub mod inputs;
pub mod ledger;
pub mod offline;
pub mod schedule;
pub mod summary;

use std::path::Path;

use auscult_dissect::{Dissector, Limits};

use file::{CaptureFile, Reading, Unreadable};
use ledger::Ledger;

/// How often time is told to the tables, in capture time.
const TICK_NS: u64 = 1_000_000_000;

/// Reads one file from beginning to end or damage, with an empty state.
///
/// # Errors
/// When it cannot be opened or is no capture.
pub fn survey(path: &Path) -> Result<(Reading, auscult_dissect::Counters, Ledger), Unreadable> {
    let file = CaptureFile::open(path)?;
    let mut ledger = Ledger::default();
    let mut dissector = Dissector::new(Limits::default());
    let mut ticked_ns = 0;
    let reading = file.read(|meta, bytes| {
        // As in a live capture, so that flows end when they fall silent.
        if meta.time_ns.abs_diff(ticked_ns) >= TICK_NS {
            ticked_ns = meta.time_ns;
            dissector.tick(ticked_ns, &mut ledger);
        }
        dissector.frame(meta, bytes, &mut ledger);
        true
    });
    dissector.finish(&mut ledger);
    Ok((reading, dissector.counters(), ledger))
}
