//! The identification scoreboard: an inventory held against `devices.tsv`.
//!
//! It reads the inventory as anybody can, one published OCSF record a line (`auscult-collector inventory --json`), and shares no code with
//! what it judges.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

mod reading;

use crate::register::states;
use reading::Statements;

/// A device as the truth knows it at one site.
#[derive(Debug, Default)]
struct Known {
    macs: BTreeSet<String>,
    addresses: BTreeSet<String>,
    kind: String,
    /// Per attribute: values it had.
    values: BTreeMap<&'static str, BTreeSet<String>>,
    /// Attributes that its frames state.
    said: BTreeSet<String>,
}

/// A device as the inventory has it.
#[derive(Debug)]
struct Believed {
    macs: BTreeSet<String>,
    addresses: BTreeSet<String>,
    /// Per attribute: first candidate's value and verdict.
    values: BTreeMap<String, (String, String)>,
}

impl Known {
    /// Its addresses; of a router, whose interface sends others' frames, only those of its own.
    fn speaks_from(&self) -> Vec<&str> {
        let own = self.macs.iter().filter(|_| self.kind != "firewall");
        own.chain(&self.addresses).map(String::as_str).collect()
    }
}

/// The texts that are held against each other for one site.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// `devices.tsv`.
    pub devices: &'a str,
    /// `truth.tsv`.
    pub truth: &'a str,
    /// What the sensor reads in the capture: the lines of `auscult-sensor replay --facts`.
    pub facts: &'a str,
    /// The lines of `auscult-collector inventory --json`.
    pub inventory: &'a str,
}

/// Columns of `devices.tsv` that are judged, with the inventory's attributes for them, best first.
const JUDGED: [(&str, &[&str]); 5] = [
    ("make", &["device_manufacturer"]),
    ("model", &["product_model"]),
    ("version", &["sw_version", "fw_version"]),
    ("name", &["hostname", "system_name"]),
    ("serial", &["serial"]),
];

/// Verdicts of the inventory, and `none` where it gives no value.
const VERDICTS: [&str; 3] = ["asserted", "likely", "unknown"];

/// How one attribute fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    right: usize,
    wrong: usize,
}

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Scores {
    devices: usize,
    found: usize,
    split: usize,
    records: usize,
    single: usize,
    merged: usize,
    nobody: usize,
    /// Kinds of the devices that share a record.
    merged_kinds: BTreeMap<String, usize>,
    /// Kinds of the devices that have several records.
    split_kinds: BTreeMap<String, usize>,
    /// Per attribute: devices that state it.
    stated: BTreeMap<&'static str, usize>,
    /// Per attribute: of these, devices of which the sensor read it.
    read: BTreeMap<&'static str, usize>,
    /// Per attribute: of those that state it, devices for which the inventory's value is right.
    recalled: BTreeMap<&'static str, usize>,
    /// Per attribute: of those of which the sensor read it, likewise.
    published: BTreeMap<&'static str, usize>,
    /// What is stated and not read, by the protocols that state it and by attribute: devices.
    unread: BTreeMap<String, BTreeMap<&'static str, usize>>,
    /// Per attribute and verdict.
    values: BTreeMap<(&'static str, String), Tally>,
}

impl Scores {
    /// Adds one site.
    ///
    /// # Errors
    /// When one of the texts cannot be read.
    pub fn add(&mut self, site: &Site<'_>) -> Result<()> {
        let known = truth(site.devices)?;
        let (wire, sensor) = (
            Statements::of_truth(site.truth)?,
            Statements::of_facts(site.facts)?,
        );
        let believed = site
            .inventory
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(record)
            .collect::<Result<Vec<_>>>()?;
        self.devices += known.len();
        self.records += believed.len();
        let mut records_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut devices_of: Vec<BTreeSet<&str>> = Vec::new();
        for (index, belief) in believed.iter().enumerate() {
            let owners = owners(&known, belief);
            for owner in &owners {
                records_of.entry(owner).or_default().push(index);
            }
            match owners.len() {
                0 => self.nobody += 1,
                1 => self.single += 1,
                _ => {
                    self.merged += 1;
                    for owner in &owners {
                        *self
                            .merged_kinds
                            .entry(known[*owner].kind.clone())
                            .or_default() += 1;
                    }
                }
            }
            devices_of.push(owners);
        }
        for (name, device) in &known {
            let records = records_of.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            self.found += usize::from(!records.is_empty());
            if records.len() > 1 {
                self.split += 1;
                *self.split_kinds.entry(device.kind.clone()).or_default() += 1;
            }
            // Attributes are judged where it is clear whose they are.
            let mine = records
                .iter()
                .filter(|&&index| devices_of[index].len() == 1);
            let mine: Vec<&Believed> = mine.map(|&index| &believed[index]).collect();
            self.judge(device, &mine, (&wire, &sensor));
        }
        Ok(())
    }

    fn judge(
        &mut self,
        device: &Known,
        records: &[&Believed],
        (wire, sensor): (&Statements, &Statements),
    ) {
        for (column, attributes) in JUDGED {
            let truth = &device.values[column];
            let is_right = |value: &str| truth.iter().any(|true_value| agree(value, true_value));
            let mut recalled = false;
            for record in records {
                let found = attributes.iter().find_map(|name| record.values.get(*name));
                if let Some((value, verdict)) = found {
                    let tally = self.values.entry((column, verdict.clone())).or_default();
                    if is_right(value) {
                        tally.right += 1;
                        recalled = true;
                    } else {
                        tally.wrong += 1;
                    }
                }
            }
            if device.said.contains(column) {
                *self.stated.entry(column).or_default() += 1;
                *self.recalled.entry(column).or_default() += usize::from(recalled);
                let addresses = device.speaks_from();
                if !sensor.stating(&addresses, truth).is_empty() {
                    *self.read.entry(column).or_default() += 1;
                    *self.published.entry(column).or_default() += usize::from(recalled);
                } else {
                    let by = wire.stating(&addresses, truth);
                    let by = by.into_iter().collect::<Vec<_>>().join(", ");
                    let attributes = self.unread.entry(by).or_default();
                    *attributes.entry(column).or_default() += 1;
                }
            }
        }
    }

    /// The scoreboard as Markdown.
    ///
    /// # Errors
    /// When there was nothing to measure: no device or no record.
    pub fn table(&self) -> Result<String> {
        ensure!(
            self.devices > 0 && self.records > 0,
            "nothing to measure: {} devices in the truth, {} records in the inventory",
            self.devices,
            self.records
        );
        let mut text = String::new();
        writeln!(text, "| identities | of | share |\n|---|---|---|")?;
        for (what, part, whole) in [
            ("devices with a record (recall)", self.found, self.devices),
            (
                "records of exactly one device (precision)",
                self.single,
                self.records,
            ),
            (
                "records of several devices (merged)",
                self.merged,
                self.records,
            ),
            ("records of no device", self.nobody, self.records),
            (
                "devices with several records (split)",
                self.split,
                self.devices,
            ),
        ] {
            writeln!(
                text,
                "| {what} | {part} of {whole} | {} |",
                percent(part, whole)
            )?;
        }
        for (what, kinds) in [("merged", &self.merged_kinds), ("split", &self.split_kinds)] {
            if !kinds.is_empty() {
                let list: Vec<String> = kinds
                    .iter()
                    .map(|(kind, count)| format!("{count} {kind}"))
                    .collect();
                writeln!(text, "\nKinds of the {what}: {}.", list.join(", "))?;
            }
        }
        self.recall(&mut text)?;
        self.calibration(&mut text)?;
        Ok(text)
    }

    /// What became of what devices say of themselves.
    fn recall(&self, text: &mut String) -> Result<()> {
        writeln!(
            text,
            "\nRecall. *Stated*: devices whose frames say it in plain text. *Read*: of these, those of which the sensor read it. *Published*: \
             right in the inventory.\n"
        )?;
        writeln!(
            text,
            "| attribute | stated | read of stated | published of read | published of stated |\n|---|---|---|---|---|"
        )?;
        for (column, _) in JUDGED {
            let of = |counts: &BTreeMap<&str, usize>| counts.get(column).copied().unwrap_or(0);
            let (stated, read) = (of(&self.stated), of(&self.read));
            writeln!(
                text,
                "| {column} | {stated} | {} | {} | {} |",
                share(read, stated),
                share(of(&self.published), read),
                share(of(&self.recalled), stated)
            )?;
        }
        writeln!(
            text,
            "\nStated and not read, by the protocols in which alone it is stated:\n"
        )?;
        let columns = JUDGED.map(|(column, _)| column);
        writeln!(
            text,
            "| protocols | {} |\n|---|{}",
            columns.join(" | "),
            "---|".repeat(columns.len())
        )?;
        for (protocols, counts) in &self.unread {
            let cells = columns.map(|column| match counts.get(column) {
                Some(count) => count.to_string(),
                None => String::new(),
            });
            writeln!(text, "| {protocols} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    /// How far the verdicts are to be believed.
    fn calibration(&self, text: &mut String) -> Result<()> {
        writeln!(
            text,
            "\nCalibration. Each cell of a verdict: right of all values with that verdict.\n"
        )?;
        writeln!(
            text,
            "| attribute | precision | asserted | likely | unknown |\n|---|---|---|---|---|"
        )?;
        for (column, _) in JUDGED {
            let tally = |verdict: &str| {
                self.values
                    .get(&(column, verdict.to_owned()))
                    .copied()
                    .unwrap_or_default()
            };
            let all = VERDICTS
                .iter()
                .fold(Tally::default(), |sum, verdict| Tally {
                    right: sum.right + tally(verdict).right,
                    wrong: sum.wrong + tally(verdict).wrong,
                });
            write!(
                text,
                "| {column} | {} |",
                share(all.right, all.right + all.wrong)
            )?;
            for verdict in VERDICTS {
                let Tally { right, wrong } = tally(verdict);
                write!(text, " {} |", share(right, right + wrong))?;
            }
            writeln!(text)?;
        }
        Ok(())
    }
}

fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole as f64)
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        "-".to_owned()
    } else {
        format!("{part} of {whole}, {}", percent(part, whole))
    }
}

/// Whether a value says the same as the truth: one contains the other as words, whatever the case. `hostname.domain` is right for a name.
fn agree(value: &str, truth: &str) -> bool {
    states(value, truth) || states(truth, value)
}

/// The devices of a record: those whose MAC it has; without such, those that had one of its addresses.
fn owners<'a>(known: &'a BTreeMap<String, Known>, belief: &Believed) -> BTreeSet<&'a str> {
    let by = |shares: &dyn Fn(&Known) -> bool| -> BTreeSet<&'a str> {
        let owners = known.iter().filter(|(_, device)| shares(device));
        owners.map(|(name, _)| name.as_str()).collect()
    };
    let by_mac = by(&|device| !device.macs.is_disjoint(&belief.macs));
    if by_mac.is_empty() {
        by(&|device| !device.addresses.is_disjoint(&belief.addresses))
    } else {
        by_mac
    }
}

fn truth(text: &str) -> Result<BTreeMap<String, Known>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines
        .next()
        .context("devices.tsv is empty")?
        .split('\t')
        .collect();
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for line in lines {
        let cells: BTreeMap<&str, &str> = names.iter().copied().zip(line.split('\t')).collect();
        let cell = |name: &str| {
            let found = cells.get(name).map(|cell| (*cell).to_owned());
            found.with_context(|| format!("devices.tsv has no column {name}"))
        };
        let device = known.entry(cell("device")?).or_default();
        device.macs.insert(cell("mac")?);
        device.addresses.insert(cell("ipv4")?);
        device.addresses.insert(cell("ipv6")?);
        device.addresses.remove("");
        device.kind = cell("kind")?;
        device
            .said
            .extend(cell("said")?.split(',').map(str::to_owned));
        for (column, _) in JUDGED {
            device
                .values
                .entry(column)
                .or_default()
                .insert(cell(column)?);
        }
    }
    Ok(known)
}

fn record(line: &str) -> Result<Believed> {
    let record: Value = serde_json::from_str(line).context("a line of the inventory is no JSON")?;
    let device = &record["device"];
    let interfaces = device["network_interfaces"].as_array();
    let interfaces = interfaces.map_or(&[][..], Vec::as_slice);
    let every = |key: &str| -> BTreeSet<String> {
        let own = device[key].as_str().into_iter();
        let theirs = interfaces
            .iter()
            .filter_map(|interface| interface[key].as_str());
        own.chain(theirs).map(str::to_lowercase).collect()
    };
    let mut values = BTreeMap::new();
    if let Some(attributes) = record["unmapped"]["auscult"]["attributes"].as_object() {
        for (name, attribute) in attributes {
            if let Some(value) = attribute["candidates"][0]["value"].as_str() {
                let verdict = attribute["verdict"].as_str().unwrap_or("unknown");
                values.insert(name.clone(), (value.to_owned(), verdict.to_owned()));
            }
        }
    }
    Ok(Believed {
        macs: every("mac"),
        addresses: every("ip"),
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICES: &str = "device\tkind\tmake\tmodel\tversion\tname\tserial\tmac\tipv4\tipv6\tsaid\n\
        a\tpump\tBD\tAlaris\t9.13\tpump-1\tA1\t00:00:00:00:00:01\t10.0.0.1\t\tname,model\n\
        b\tpump\tBD\tAlaris\t9.33\tpump-2\tA2\t00:00:00:00:00:02\t10.0.0.2\t\tname\n\
        c\tserver\tDell\tR740\t\tSRV3\tA3\t00:00:00:00:00:03\t10.0.0.3\t\t\n";

    const TRUTH: &str = "file\tattr\tvalue\tsrc_mac\tsrc_ip\tcount\tfirst_frame\n\
        a\thttp.user_agent\tBD Alaris\t00:00:00:00:00:01\t10.0.0.1\t1\t1\n\
        a\tdhcp.hostname\tpump-1\t00:00:00:00:00:01\t\t1\t1\n\
        a\tdhcp.hostname\tpump-2\t00:00:00:00:00:02\t\t1\t1\n";
    const FACTS: &str = r#"{"kind":"fact","mac":"00:00:00:00:00:01","ip":null,"attribute":"hostname","value":"pump-1"}
{"kind":"fact","mac":"00:00:00:00:00:09","ip":"10.0.0.9","subject":{"mac":"00:00:00:00:00:02","ip":null},"attribute":"hostname","value":"pump-2"}
{"kind":"binding","mac":"00:00:00:00:00:01","ip":"10.0.0.1","source":"arp"}"#;

    fn line(macs: &[&str], ip: &str, name: &str) -> String {
        let interfaces: Vec<Value> = macs
            .iter()
            .map(|mac| serde_json::json!({ "mac": mac }))
            .collect();
        serde_json::json!({
            "device": { "ip": ip, "network_interfaces": interfaces },
            "unmapped": { "auscult": { "attributes": { "hostname": {
                "candidates": [{ "value": name }], "verdict": "asserted"
            } } } }
        })
        .to_string()
    }

    #[test]
    fn merged_split_found_and_wrong_are_told_apart() {
        let inventory = [
            line(&["00:00:00:00:00:01"], "10.0.0.1", "pump-1.example"),
            line(&["00:00:00:00:00:01"], "10.0.0.9", "other"),
            line(
                &["00:00:00:00:00:02", "00:00:00:00:00:03"],
                "10.0.0.2",
                "pump-2",
            ),
            line(&["00:00:00:00:00:77"], "10.9.9.9", "stranger"),
        ];
        let mut scores = Scores::default();
        scores
            .add(&Site {
                devices: DEVICES,
                truth: TRUTH,
                facts: FACTS,
                inventory: &inventory.join("\n"),
            })
            .unwrap();
        assert_eq!((scores.devices, scores.found, scores.split), (3, 3, 1));
        assert_eq!((scores.records, scores.single), (4, 2));
        assert_eq!((scores.merged, scores.nobody), (1, 1));
        let names = scores.values[&("name", "asserted".to_owned())];
        assert_eq!(names, Tally { right: 1, wrong: 1 });
        assert_eq!((scores.stated["name"], scores.recalled["name"]), (2, 1));
        assert_eq!((scores.stated["model"], scores.recalled["model"]), (1, 0));
        // Both names were read; the model is in a request that the sensor does not read.
        assert_eq!((scores.read["name"], scores.published["name"]), (2, 1));
        assert_eq!(scores.read.get("model"), None);
        assert_eq!(scores.unread["http"]["model"], 1);
        let table = scores.table().unwrap();
        assert!(table.contains("| 1 of 4 | 25.0 % |"), "{table}");
        assert!(table.contains("| http |  | 1 |  |  |  |"), "{table}");
    }

    #[test]
    fn an_empty_inventory_is_no_pass() {
        let mut scores = Scores::default();
        scores
            .add(&Site {
                devices: DEVICES,
                truth: TRUTH,
                facts: FACTS,
                inventory: "",
            })
            .unwrap();
        assert!(scores.table().is_err());
    }
}
