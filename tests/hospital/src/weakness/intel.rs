//! Real vulnerability intelligence, where a folder with it is present.
//!
//! Reads the tables `medical_icsma_cves.csv` and `kev/kev_list_2026-08-22.csv` of an intelligence folder: signals of the reference
//! table are brought up to date, and flaws are drawn from the real medical advisories instead of being invented.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::FlawFacts;
use super::cvss::{AttackVector, Level, Vector};

/// Real flaws by id.
#[derive(Clone, Debug, Default)]
pub struct Intelligence {
    facts: BTreeMap<String, FlawFacts>,
}

/// Cells of one CSV line; quotes enclose commas and are doubled inside.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(other);
                }
            }
        }
    }
    cells
}

/// Rows of a CSV text, each as column name -> value.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines();
    let header = lines.next().map(cells).unwrap_or_default();
    lines
        .map(|line| header.iter().cloned().zip(cells(line)).collect())
        .collect()
}

fn medical(row: &BTreeMap<String, String>) -> Option<FlawFacts> {
    let cell = |name: &str| row.get(name).map_or("", String::as_str);
    let vector = cell("vectors")
        .split([' ', ';', '|'])
        .find_map(Vector::parse)?;
    let number = |name: &str| cell(name).parse::<f64>().unwrap_or(0.0);
    let easy = vector.attack == AttackVector::Network
        && !vector.complex
        && vector.privileges == Level::None
        && !vector.interaction;
    let kev = cell("kev") == "1";
    Some(FlawFacts {
        id: cell("cve").to_owned(),
        vector,
        epss: number("epss"),
        kev,
        ransomware: cell("ransomware") == "Known",
        poc: kev || number("poc_refs") + number("poc_github") > 0.0,
        automatable: match cell("ssvc_automatable") {
            "" => easy,
            given => given == "yes",
        },
        total: match cell("ssvc_ti") {
            "" => vector.confidentiality == Level::High && vector.integrity == Level::High,
            given => given == "total",
        },
    })
}

impl Intelligence {
    /// Reads the tables of a folder.
    ///
    /// # Errors
    /// When one of the two files cannot be read or holds no usable row.
    pub fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
        };
        let mut facts: BTreeMap<String, FlawFacts> = rows(&read("medical_icsma_cves.csv")?)
            .iter()
            .filter_map(medical)
            .map(|facts| (facts.id.clone(), facts))
            .collect();
        anyhow::ensure!(
            !facts.is_empty(),
            "{}: no row with a CVSS v3 vector",
            folder.join("medical_icsma_cves.csv").display()
        );
        for row in rows(&read("kev/kev_list_2026-08-22.csv")?) {
            let Some(id) = row.get("CVE") else { continue };
            let known = facts
                .get(id)
                .cloned()
                .or_else(|| super::reference(id).cloned());
            if let Some(mut known) = known {
                known.kev = true;
                known.poc = true;
                if let Some(epss) = row.get("EPSS").and_then(|cell| cell.parse().ok()) {
                    known.epss = epss;
                }
                facts.insert(id.clone(), known);
            }
        }
        Ok(Self { facts })
    }

    /// The facts of a flaw, if the folder knows it.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&FlawFacts> {
        self.facts.get(id)
    }

    /// All flaws, by id.
    #[must_use]
    pub fn all(&self) -> Vec<&FlawFacts> {
        self.facts.values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_and_kev_is_joined() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("kev")).unwrap();
        fs::write(
            folder.path().join("medical_icsma_cves.csv"),
            "cve,vectors,epss,kev,ransomware,ssvc_automatable,ssvc_ti,poc_refs,poc_github\n\
             CVE-2020-1,CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H,0.02,0,,,,1,0\n\
             CVE-2020-2,none,0.5,0,,,,0,0\n",
        )
        .unwrap();
        fs::write(
            folder.path().join("kev/kev_list_2026-08-22.csv"),
            "CVE,CVSS3,EPSS,Description\nCVE-2020-1,9.8,0.9,\"a, b\"\n",
        )
        .unwrap();
        let intel = Intelligence::read(folder.path()).unwrap();
        let facts = intel.get("CVE-2020-1").unwrap();
        assert!(facts.kev && facts.poc && facts.automatable && facts.total);
        assert!((facts.epss - 0.9).abs() < 1e-12);
        assert_eq!(intel.all().len(), 1, "a row without a vector is left out");
        assert!(Intelligence::read(Path::new("/nonexistent")).is_err());
    }
}
