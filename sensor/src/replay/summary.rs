//! `replay` without a collector: what a person wants to see first.

use std::io::{self, Write};

use serde::Serialize;

use super::devices::{Device, devices};
use super::file::Reading;
use super::ledger::Ledger;
use crate::words::{counted, span, thousands, utc};

/// Everything the summary of one file says.
#[derive(Debug, Serialize)]
pub struct Summary {
    file: String,
    frames: u64,
    bytes: u64,
    link_type: String,
    first_seen: Option<String>,
    span_ms: u64,
    undecoded: u64,
    facts: usize,
    conversations: usize,
    one_way_conversations: usize,
    l2_control: bool,
    left_out: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    devices: Vec<Device>,
}

impl Summary {
    /// Sums up what was read of a file.
    #[must_use]
    pub fn new(file: &str, reading: &Reading, undecoded: u64, ledger: &Ledger) -> Self {
        let (first, last) = reading.span.unwrap_or((0, 0));
        let millis = last.saturating_sub(first) / 1_000_000;
        let one_way = ledger.conversations().iter().filter(|c| c.one_way());
        Self {
            file: file.to_owned(),
            frames: reading.frames,
            bytes: reading.bytes,
            link_type: link_type_name(reading.link_type),
            first_seen: reading.span.map(|_| utc(first / 1_000_000)),
            span_ms: u64::try_from(millis).unwrap_or(0),
            undecoded,
            facts: ledger.facts().len(),
            conversations: ledger.conversations().len(),
            one_way_conversations: one_way.count(),
            l2_control: ledger.l2_control,
            left_out: ledger.left_out,
            warning: reading.end.warning(reading.frames),
            devices: devices(ledger),
        }
    }

    /// Prints it for a terminal `width` columns wide.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn print(&self, out: &mut impl Write, width: usize) -> io::Result<()> {
        writeln!(out, "{}", self.file)?;
        write!(
            out,
            "  {} frames, {} bytes, {}",
            thousands(self.frames),
            thousands(self.bytes),
            self.link_type
        )?;
        match &self.first_seen {
            Some(first) => writeln!(out, ", {} from {first}", span(self.span_ms))?,
            None => writeln!(out)?,
        }
        writeln!(
            out,
            "  {}, {}, {}",
            counted(count(self.devices.len()), "sender"),
            counted(count(self.facts), "fact"),
            counted(count(self.conversations), "conversation")
        )?;
        for note in self.notes() {
            writeln!(out, "  note: {note}")?;
        }
        if !self.devices.is_empty() {
            writeln!(out)?;
            table(out, &self.devices, width)?;
        }
        writeln!(out)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.undecoded > 0 {
            notes.push(format!(
                "{} frames hold nothing this sensor decodes",
                thousands(self.undecoded)
            ));
        }
        if self.one_way_conversations.saturating_mul(2) > self.conversations {
            notes.push(format!(
                "{} of {} conversations were seen in one direction only; check that the mirror port copies both",
                self.one_way_conversations, self.conversations
            ));
        }
        if self.left_out > 0 {
            notes.push(format!(
                "{} statements, conversations or senders were left out: more than a replay keeps",
                thousands(self.left_out)
            ));
        }
        notes
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn link_type_name(link_type: i32) -> String {
    let link_type = pcap::Linktype(link_type);
    link_type
        .get_description()
        .unwrap_or_else(|_| format!("link type {}", link_type.0))
}

/// Column titles and their smallest widths; the last three share what is left of the line.
const TITLES: [&str; 7] = ["MAC", "IP", "VLAN", "FRAMES", "NAME", "IS", "SERVES (uses)"];
const FIXED: usize = 4;

fn table(out: &mut impl Write, devices: &[Device], width: usize) -> io::Result<()> {
    let rows: Vec<[String; 7]> = devices.iter().map(row).collect();
    let mut widths = TITLES.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    share(&mut widths, width);
    line(out, &TITLES.map(ToOwned::to_owned), &widths)?;
    rows.iter().try_for_each(|row| line(out, row, &widths))
}

/// Gives the text columns what the fixed ones leave, the narrow ones first.
fn share(widths: &mut [usize; 7], width: usize) {
    let separators = 2 * TITLES.len() + 2;
    let fixed: usize = widths.iter().take(FIXED).sum();
    let mut left = width.saturating_sub(fixed + separators).max(48);
    let mut order: Vec<usize> = (FIXED..TITLES.len()).collect();
    order.sort_by_key(|column| widths.get(*column).copied());
    for (done, column) in order.iter().enumerate() {
        let fair = left / (order.len() - done);
        if let Some(width) = widths.get_mut(*column) {
            *width = (*width).min(fair);
            left -= *width;
        }
    }
}

fn row(device: &Device) -> [String; 7] {
    let vlans: Vec<String> = device.vlans.iter().map(ToString::to_string).collect();
    let mut services = device.serves.join(" ");
    if !device.uses.is_empty() {
        if !services.is_empty() {
            services.push(' ');
        }
        services.push_str(&format!("({})", device.uses.join(" ")));
    }
    let mut descriptions = device.descriptions.clone();
    if device.forwards > 0 {
        descriptions.push(format!("forwards for {} addresses", device.forwards));
    }
    [
        device.mac.clone().unwrap_or_else(|| "-".to_owned()),
        addresses(&device.ips),
        vlans.join("."),
        device.frames.to_string(),
        device.names.join(", "),
        descriptions.join("; "),
        services,
    ]
}

/// The first address, IPv4 before IPv6 as the list is sorted, and how many more.
fn addresses(ips: &[String]) -> String {
    match ips {
        [] => "-".to_owned(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

fn line(out: &mut impl Write, cells: &[String; 7], widths: &[usize; 7]) -> io::Result<()> {
    let mut text = String::from("  ");
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let cell = shortened(cell, *width);
        let pad = width.saturating_sub(cell.chars().count());
        // Frame counts are read from the right.
        if column + 1 == FIXED {
            text.push_str(&" ".repeat(pad));
            text.push_str(&cell);
        } else {
            text.push_str(&cell);
            text.push_str(&" ".repeat(pad));
        }
        text.push_str("  ");
    }
    writeln!(out, "{}", text.trim_end())
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_terminal_and_short_cells_stay_whole() {
        let devices = [
            Device {
                mac: Some("00:11:22:33:44:55".into()),
                ips: vec!["10.0.0.1".into(), "fe80::1".into()],
                names: vec!["ct-1".into()],
                descriptions: vec!["a very long description ".repeat(9)],
                serves: vec!["dicom:104".into()],
                frames: 12_345,
                ..Device::default()
            },
            Device::default(),
        ];
        let mut out = Vec::new();
        table(&mut out, &devices, 110).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.lines().all(|line| line.chars().count() <= 110),
            "{text}"
        );
        assert!(
            text.contains("10.0.0.1 +1") && text.contains("ct-1") && text.contains("dicom:104")
        );
        assert!(text.contains("a very long") && text.contains('…'), "{text}");
    }
}
