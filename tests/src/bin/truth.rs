//! The truth table: what `auscult-sensor replay --facts` finds in real captures, against what an independent dissector read in them.
//!
//! `cargo run -p auscult-tests --bin truth [-- --verbose]` prints, per attribute family, how many true values were found (recall) and
//! how many values were reported beyond the truth (extras; `--verbose` lists every miss and extra). An extra that is right, because
//! the truth's dissector read less, is printed with its reason. Exit code 1 when a family's recall is below 0.97 or an extra has no
//! reason.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Lowest recall of a family that passes.
const GATE: f64 = 0.97;

/// A family: its name, the truth attribute, our source fields, and how a true value and ours are made comparable.
struct Family {
    name: &'static str,
    truth: &'static str,
    fields: &'static [&'static str],
    shape: Shape,
}

/// How values of a family compare.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// The same text, white space at the ends aside.
    Text,
    /// The truth has one row per line of the value.
    Lines,
    /// The truth may hold only the first components of the value.
    Field,
}

const FAMILIES: &[Family] = &[
    Family {
        name: "DHCP hostname",
        truth: "dhcp.hostname",
        fields: &["dhcpv4_opt12"],
        shape: Shape::Text,
    },
    Family {
        name: "DHCP vendor class",
        truth: "dhcp.vendor_class",
        fields: &["dhcpv4_opt60"],
        shape: Shape::Text,
    },
    Family {
        name: "DHCP parameter list, in order",
        truth: "dhcp.opt55",
        fields: &["dhcpv4_opt55"],
        shape: Shape::Text,
    },
    Family {
        name: "LLDP system name",
        truth: "lldp.sysname",
        fields: &["lldp_system_name"],
        shape: Shape::Text,
    },
    Family {
        name: "LLDP system description",
        truth: "lldp.sysdesc",
        fields: &["lldp_system_description"],
        shape: Shape::Lines,
    },
    Family {
        name: "LLDP port description",
        truth: "lldp.port_desc",
        fields: &["lldp_port_description"],
        shape: Shape::Text,
    },
    Family {
        name: "LLDP-MED manufacturer",
        truth: "lldp.med_manufacturer",
        fields: &["lldpmed_manufacturer"],
        shape: Shape::Text,
    },
    Family {
        name: "CDP device id",
        truth: "cdp.deviceid",
        fields: &["cdp_device_id"],
        shape: Shape::Text,
    },
    Family {
        name: "CDP platform",
        truth: "cdp.platform",
        fields: &["cdp_platform"],
        shape: Shape::Text,
    },
    Family {
        name: "CDP version",
        truth: "cdp.version",
        fields: &["cdp_version"],
        shape: Shape::Lines,
    },
    Family {
        name: "DICOM calling AE title",
        truth: "dicom.calling",
        fields: &["dicom_calling_ae"],
        shape: Shape::Text,
    },
    Family {
        name: "DICOM called AE title",
        truth: "dicom.called",
        fields: &["dicom_called_ae"],
        shape: Shape::Text,
    },
    Family {
        name: "DICOM implementation version",
        truth: "dicom.impl_ver",
        fields: &["dicom_implementation_version"],
        shape: Shape::Text,
    },
    Family {
        name: "HL7 MSH-3",
        truth: "hl7.MSH-3",
        fields: &["hl7_msh3"],
        shape: Shape::Field,
    },
    Family {
        name: "HL7 MSH-4",
        truth: "hl7.MSH-4",
        fields: &["hl7_msh4"],
        shape: Shape::Field,
    },
];

/// What stands in a frame and is yet no fact about anybody: file, family, value, and why the sensor keeps it back. Not counted; reported
/// all the same, it would count as an extra.
const WITHHELD: &[[&str; 4]] = &[[
    "medical/gen--dicom_dcmtk_find_only_reject_bad_aet.pcap",
    "DICOM called AE title",
    "WRONG_AE",
    "the server rejected the association, so this is not its name",
]];

/// What our reading finds beyond the truth, and why it is right: file, family, value, reason. An extra that is not listed here fails the
/// table.
const EXPLAINED: &[[&str; 4]] = &[
    [
        "medical/gen--hl7_mixed_batch_and_garbage.pcap",
        "HL7 MSH-3",
        "A",
        "the stream holds a message MSH|^~\\&|A|B between two MLLP marks, which the truth does not list",
    ],
    [
        "medical/gen--hl7_mixed_batch_and_garbage.pcap",
        "HL7 MSH-4",
        "B",
        "the same message",
    ],
    [
        "medical/gen--hl7_mixed_batch_and_garbage.pcap",
        "HL7 MSH-3",
        "CERNER",
        "the message inside the FHS/BHS batch, which the truth does not list",
    ],
    [
        "medical/gen--hl7_mixed_batch_and_garbage.pcap",
        "HL7 MSH-4",
        "WESTCAMPUS",
        "the same message",
    ],
];

type Found = BTreeMap<&'static str, BTreeSet<(String, String)>>;

fn main() -> Result<ExitCode> {
    let verbose = std::env::args().any(|argument| argument == "--verbose");
    let Some(captures) = auscult_tests::captures::folder("the truth table") else {
        bail!("there is nothing to compare with");
    };
    let truth = read_truth(&captures)?;
    let found = replay_all(&captures)?;
    Ok(if print_table(&truth, &found, verbose) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Truth attribute -> (file, value).
fn read_truth(captures: &Path) -> Result<Found> {
    let text =
        std::fs::read_to_string(captures.join("truth/facts.tsv")).context("truth/facts.tsv")?;
    let mut truth = Found::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, attribute, value, ..] = columns.as_slice() else {
            continue;
        };
        if let Some(family) = FAMILIES.iter().find(|family| family.truth == *attribute) {
            let value = normal(&value.replace("\\r", "").replace("\\n", ""));
            let withheld = WITHHELD
                .iter()
                .any(|[of, name, what, _]| (*of, *name, *what) == (*file, family.name, &value));
            if !value.is_empty() && !withheld {
                truth
                    .entry(family.name)
                    .or_default()
                    .insert(((*file).to_owned(), value));
            }
        }
    }
    Ok(truth)
}

fn normal(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn replay_all(captures: &Path) -> Result<Found> {
    let sensor = auscult_tests::process::binaries()?.join("auscult-sensor");
    let manifest =
        std::fs::read_to_string(captures.join("manifest.csv")).context("manifest.csv")?;
    let mut found = Found::new();
    for file in manifest
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
    {
        let mut child = Command::new(&sensor)
            .args(["replay", "--facts"])
            .arg(captures.join(file))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| {
                format!(
                    "{} (build it: cargo build -p auscult-sensor)",
                    sensor.display()
                )
            })?;
        let output = child.stdout.take().context("the sensor's output")?;
        for line in BufReader::new(output).lines() {
            let fact: Value =
                serde_json::from_str(&line?).context("a line of --facts is not JSON")?;
            let (Some(field), Some(value)) = (fact["field"].as_str(), fact["value"].as_str())
            else {
                continue;
            };
            for family in FAMILIES
                .iter()
                .filter(|family| family.fields.contains(&field))
            {
                found
                    .entry(family.name)
                    .or_default()
                    .insert((file.to_owned(), value.to_owned()));
            }
        }
        child.wait()?;
    }
    Ok(found)
}

/// Without any white space: the truth has line breaks removed, where we keep a space.
fn bare(value: &str) -> String {
    value.split_whitespace().collect()
}

fn matches(shape: Shape, truth: &str, value: &str) -> bool {
    match shape {
        Shape::Text => normal(value) == truth,
        Shape::Lines => bare(value).contains(&bare(truth)),
        Shape::Field => {
            normal(value) == truth || value.split('^').next().map(normal).as_deref() == Some(truth)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this command is for")]
fn print_table(truth: &Found, found: &Found, verbose: bool) -> bool {
    let nothing = BTreeSet::new();
    for [file, family, value, why] in WITHHELD {
        println!("not counted: {family} {value} in {file}: {why}");
    }
    for [file, family, value, why] in EXPLAINED {
        println!("explained: {family} {value} in {file}: {why}");
    }
    let mut passed = true;
    println!(
        "{:32} {:>6} {:>6} {:>7} {:>10} {:>7}",
        "attribute family", "true", "found", "recall", "explained", "extras"
    );
    for family in FAMILIES {
        let (truth, found) = (
            truth.get(family.name).unwrap_or(&nothing),
            found.get(family.name).unwrap_or(&nothing),
        );
        let known = |(file, value): &(String, String)| {
            found
                .iter()
                .any(|(other, ours)| other == file && matches(family.shape, value, ours))
        };
        let expected = |(file, ours): &(String, String)| {
            truth
                .iter()
                .any(|(other, value)| other == file && matches(family.shape, value, ours))
        };
        let missed: Vec<_> = truth.iter().filter(|row| !known(row)).collect();
        let (explained, extras): (Vec<_>, Vec<_>) = found
            .iter()
            .filter(|row| !expected(row))
            .partition(|(file, value)| reason(file, family.name, value).is_some());
        let hit = truth.len().saturating_sub(missed.len());
        let recall = ratio(hit, truth.len());
        passed &= recall >= GATE && !truth.is_empty() && extras.is_empty();
        println!(
            "{:32} {:>6} {:>6} {:>7.3} {:>10} {:>7}",
            family.name,
            truth.len(),
            hit,
            recall,
            explained.len(),
            extras.len()
        );
        if verbose {
            for (file, value) in missed {
                println!("    missed  {file}: {value}");
            }
            for (file, value) in extras {
                println!("    extra   {file}: {value}");
            }
        }
    }
    passed
}

/// Why a value beyond the truth is right, if it is.
fn reason(file: &str, family: &str, value: &str) -> Option<&'static str> {
    EXPLAINED
        .iter()
        .find(|[of, name, what, _]| (*of, *name, *what) == (file, family, value))
        .map(|[.., why]| *why)
}

fn ratio(part: usize, whole: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 {
        0.0
    } else {
        float(part) / float(whole)
    }
}
