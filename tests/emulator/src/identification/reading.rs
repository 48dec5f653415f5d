//! Who stated what: on the wire by protocol, and in what the sensor read.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::register::{is_of_others, states};

/// Statements by the address of their subject (a MAC or an IP address as text): from where, and the value.
#[derive(Debug, Default)]
pub(super) struct Statements(BTreeMap<String, BTreeSet<(String, String)>>);

impl Statements {
    /// The facts of a `truth.tsv`; from where is the protocol: what stands before the dot of an attribute.
    pub(super) fn of_truth(text: &str) -> Result<Self> {
        let mut statements = Self::default();
        let mut lines = text.lines();
        ensure!(
            lines.next() == Some("file\tattr\tvalue\tsrc_mac\tsrc_ip\tcount\tfirst_frame"),
            "this is no truth.tsv"
        );
        for line in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            let [_, attribute, value, mac, ip, ..] = cells[..] else {
                anyhow::bail!("a line of truth.tsv has {} cells", cells.len());
            };
            if !is_of_others(attribute) {
                let protocol = attribute.split('.').next().unwrap_or(attribute);
                for address in [mac, ip] {
                    statements.put(address, protocol, value);
                }
            }
        }
        Ok(statements)
    }

    /// What `auscult-sensor replay --facts` printed: facts, of their subject where they have one and else of who said them.
    pub(super) fn of_facts(text: &str) -> Result<Self> {
        let mut statements = Self::default();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).context("a line of facts is no JSON")?;
            if line["kind"] != "fact" {
                continue;
            }
            let of = line.get("subject").unwrap_or(&line);
            let value = line["value"].as_str().unwrap_or_default();
            let attribute = line["attribute"].as_str().unwrap_or_default();
            for address in ["mac", "ip", "key"] {
                let address = of[address].as_str().unwrap_or_default();
                statements.put(address, attribute, value);
            }
        }
        Ok(statements)
    }

    fn put(&mut self, address: &str, from: &str, value: &str) {
        if !address.is_empty() {
            let of = self.0.entry(address.to_lowercase()).or_default();
            of.insert((from.to_owned(), value.to_owned()));
        }
    }

    /// From where any of `values` is stated of any of these addresses.
    pub(super) fn stating(&self, addresses: &[&str], values: &BTreeSet<String>) -> BTreeSet<&str> {
        addresses
            .iter()
            .filter_map(|address| self.0.get(&address.to_lowercase()))
            .flatten()
            .filter(|(_, text)| values.iter().any(|value| states(text, value)))
            .map(|(from, _)| from.as_str())
            .collect()
    }
}
