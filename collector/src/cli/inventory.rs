//! `inventory`: the devices as last published.

mod row;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use auscult_log::{StartAt, Stored, Topic};
use auscult_process::exit;
use serde_json::Value;

use super::output::Output;
use super::{InventoryArgs, counted, source, table};
use crate::Failure;
use crate::config::CollectorConfig;
use row::{COLUMNS, Row};

const WAIT: Duration = Duration::from_millis(100);
/// A screen is drawn at most so often.
const REDRAW: Duration = Duration::from_millis(300);
/// Clears the screen and goes to its top left corner (ECMA-48).
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// Shows the inventory.
///
/// # Errors
/// When the log cannot be read; 64 for a site that is not there.
pub fn run(config: &CollectorConfig, args: &InventoryArgs) -> Result<(), Failure> {
    let mut reader = source::open(config, Topic::Inventory, StartAt::Beginning)?;
    let mut out = Output::new();
    let mut devices = Devices::default();
    while !reader.caught_up() {
        if let Some(stored) = reader.next(WAIT)? {
            devices.take(&stored);
        }
    }
    if !args.watch {
        devices.site_is_there(args)?;
    }
    show(&mut out, args, &devices)?;
    if !args.watch {
        return Ok(out.flush()?);
    }
    let mut changed = false;
    let mut drawn = Instant::now();
    loop {
        if let Some(stored) = reader.next(WAIT)? {
            let record = devices.take(&stored);
            changed = true;
            if let (true, Some(record)) = (args.json, record.filter(|r| r.is_of(args))) {
                out.line(&record.json)?;
            }
        }
        if changed && drawn.elapsed() >= REDRAW {
            if !args.json {
                show(&mut out, args, &devices)?;
            }
            out.flush()?;
            changed = false;
            drawn = Instant::now();
        }
    }
}

fn show(out: &mut Output, args: &InventoryArgs, devices: &Devices) -> Result<(), Failure> {
    let chosen: Vec<&Record> = devices.ordered().filter(|r| r.is_of(args)).collect();
    if args.json {
        for record in chosen {
            out.line(&record.json)?;
        }
    } else {
        if args.watch && std::io::stdout().is_terminal() {
            out.line(CLEAR)?;
        }
        for line in lines(&chosen) {
            out.line(&line)?;
        }
    }
    Ok(out.flush()?)
}

fn lines(records: &[&Record]) -> Vec<String> {
    if records.is_empty() {
        return vec!["no devices yet".to_owned()];
    }
    let rows: Vec<Vec<String>> = records.iter().map(|record| record.row.cells()).collect();
    let mut lines = table::render(&COLUMNS, &rows);
    lines.push(counted(records.len(), "device"));
    lines
}

/// The newest record of every device.
#[derive(Debug, Default)]
struct Devices(BTreeMap<Vec<u8>, Record>);

#[derive(Debug)]
struct Record {
    row: Row,
    json: String,
}

impl Devices {
    /// Takes a record; a tombstone removes the device.
    fn take(&mut self, stored: &Stored) -> Option<&Record> {
        let key = stored.message.key.to_vec();
        let parsed = stored.message.value.as_ref().map(|value| {
            let value: Value = serde_json::from_slice(value).unwrap_or_default();
            Record {
                row: Row::from_ocsf(&value),
                json: value.to_string(),
            }
        });
        match parsed {
            None => {
                self.0.remove(&key);
                None
            }
            Some(record) => {
                self.0.insert(key.clone(), record);
                self.0.get(&key)
            }
        }
    }

    /// Refuses a site without devices where others have some. Whoever watches may wait for the first.
    fn site_is_there(&self, args: &InventoryArgs) -> Result<(), Failure> {
        let Some(site) = &args.site else {
            return Ok(());
        };
        let sites: BTreeSet<&str> = self.0.values().map(|it| it.row.site.as_str()).collect();
        if sites.is_empty() || sites.contains(site.as_str()) {
            return Ok(());
        }
        let sites: Vec<&str> = sites.into_iter().collect();
        let message = format!(
            "--site {site}: no device is at such a site; there are {}",
            sites.join(", ")
        );
        Err(Failure::new(exit::USAGE, message))
    }

    /// By site, then name, then address.
    fn ordered(&self) -> impl Iterator<Item = &Record> {
        let mut records: Vec<&Record> = self.0.values().collect();
        records.sort_by(|a, b| a.row.order().cmp(&b.row.order()));
        records.into_iter()
    }
}

impl Record {
    fn is_of(&self, args: &InventoryArgs) -> bool {
        args.site.as_ref().is_none_or(|site| *site == self.row.site)
    }
}

#[cfg(test)]
mod tests;
