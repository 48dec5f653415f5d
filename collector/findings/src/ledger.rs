//! What has been told, and from which inputs: the part of the changelog that makes telling repeatable. One record each, JSON.

use std::collections::BTreeMap;

use auscult_inventory::kind_of_key;
use auscult_risk::document::{DecisionEntry, Match};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::band::Band;
use crate::knowledge::KnownFacts;

/// A record for the changelog: `None` deletes.
pub type LedgerRecord = (Bytes, Option<Bytes>);

const SITE: &str = "told-site";
const DEVICE: &str = "told-device";
const KNOWN: &str = "told-known";
const PAIR: &str = "told-pair";
const RISK: &str = "told-risk";
const DECISION: &str = "told-decision";

/// Version of what the records mean.
const FORMAT: u32 = 1;

/// Whether a changelog key is one of the ledger's and not of the inventory.
#[must_use]
pub fn is_ledger_key(key: &[u8]) -> bool {
    kind_of_key(key).is_some_and(|(kind, _)| kind.starts_with("told-"))
}

/// The site as it was assessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRecord {
    format: u32,
    /// The site's clock, epoch milliseconds.
    pub clock: i64,
    /// The scale of attempts that is held, as the bits of a binary64: text would not bring back the last one.
    pub scale_bits: u64,
    /// Active devices when it was set.
    pub scaled_at: u32,
    /// Name and version of the weights, and a hash of them.
    pub policy: String,
    /// How many client-server relations there were.
    pub contacts: u64,
    /// Their hashes, combined.
    pub contacts_hash: u64,
}

impl SiteRecord {
    pub(crate) fn new(clock: i64, scale: f64, scaled_at: u32, policy: String) -> Self {
        Self {
            format: FORMAT,
            clock,
            scale_bits: scale.to_bits(),
            scaled_at,
            policy,
            contacts: 0,
            contacts_hash: 0,
        }
    }
}

/// A device on the network as it was assessed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceInput {
    /// Hash of all of it.
    pub print: u64,
    /// Its segment.
    pub segment: String,
    /// Its class.
    pub class: String,
    /// Way in from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_in: Option<String>,
    /// Maker and product of the likeliest hypothesis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it offers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Hash of its weaknesses.
    pub weaknesses: u64,
}

/// Where a finding is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Grows with every telling, over all its lives.
    pub revision: u64,
    /// It is open.
    pub open: bool,
    /// When it was opened last, by the site's clock.
    pub opened: i64,
    /// When it was last told of.
    pub told: i64,
    /// Its band as told.
    pub band: Band,
    /// Its points as told.
    pub points: u32,
}

/// A weakness in its environment as it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldPair {
    /// Where it is in its life.
    #[serde(flatten)]
    pub life: Life,
    /// Services it is listed for; `None` stands for none named.
    pub services: Vec<Option<String>>,
    /// The surest match among them.
    #[serde(rename = "match")]
    pub matched: Match,
    /// The device's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What was known.
    #[serde(default)]
    pub known: KnownFacts,
}

/// A device's risk as it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRisk {
    /// Where it is in its life.
    #[serde(flatten)]
    pub life: Life,
}

/// A record that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {fault}")]
pub struct LedgerFault {
    /// Its key.
    pub key: String,
    /// What is wrong.
    pub fault: String,
}

/// All that has been told of one site.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    /// The last assessment.
    pub site: Option<SiteRecord>,
    /// Inputs, by device.
    pub devices: BTreeMap<String, DeviceInput>,
    /// Inputs, by vulnerability that some device has.
    pub known: BTreeMap<String, KnownFacts>,
    /// By device and vulnerability.
    pub pairs: BTreeMap<(String, String), ToldPair>,
    /// By device.
    pub risks: BTreeMap<String, ToldRisk>,
    /// Inputs: decisions that held, by device and vulnerability (`*`: all of the device).
    pub decisions: BTreeMap<String, DecisionEntry>,
}

impl Ledger {
    /// Reads a site's ledger: the latest record of every key.
    ///
    /// # Errors
    /// Which record does not read.
    pub fn restore(records: impl IntoIterator<Item = (Bytes, Bytes)>) -> Result<Self, LedgerFault> {
        let mut ledger = Self::default();
        for (key, value) in records {
            let fault = |fault: String| LedgerFault {
                key: String::from_utf8_lossy(&key).into_owned(),
                fault,
            };
            let (kind, id) = kind_of_key(&key).ok_or_else(|| fault("no site".to_owned()))?;
            let id = id.to_owned();
            match kind {
                SITE => {
                    let site: SiteRecord = read(&value).map_err(fault)?;
                    if site.format != FORMAT {
                        return Err(fault(format!("format {}, not {FORMAT}", site.format)));
                    }
                    ledger.site = Some(site);
                }
                DEVICE => drop(ledger.devices.insert(id, read(&value).map_err(fault)?)),
                KNOWN => drop(ledger.known.insert(id, read(&value).map_err(fault)?)),
                DECISION => drop(ledger.decisions.insert(id, read(&value).map_err(fault)?)),
                RISK => drop(ledger.risks.insert(id, read(&value).map_err(fault)?)),
                PAIR => {
                    let (device, weakness) = id
                        .split_once('/')
                        .ok_or_else(|| fault("no weakness in the key".to_owned()))?;
                    let name = (device.to_owned(), weakness.to_owned());
                    ledger.pairs.insert(name, read(&value).map_err(fault)?);
                }
                other => return Err(fault(format!("kind {other:?} is not known"))),
            }
        }
        Ok(ledger)
    }

    /// The record of the site.
    pub(crate) fn site_record(site: &str, record: &SiteRecord) -> LedgerRecord {
        written(format!("{site}/{SITE}"), Some(record))
    }

    /// The record of a device's inputs; `None` deletes.
    pub(crate) fn device_record(
        site: &str,
        device: &str,
        record: Option<&DeviceInput>,
    ) -> LedgerRecord {
        written(format!("{site}/{DEVICE}/{device}"), record)
    }

    /// The record of a vulnerability's inputs; `None` deletes.
    pub(crate) fn known_record(
        site: &str,
        vulnerability: &str,
        record: Option<&KnownFacts>,
    ) -> LedgerRecord {
        written(format!("{site}/{KNOWN}/{vulnerability}"), record)
    }

    /// The record of a decision that held; `None` deletes.
    pub(crate) fn decision_record(
        site: &str,
        about: &str,
        record: Option<&DecisionEntry>,
    ) -> LedgerRecord {
        written(format!("{site}/{DECISION}/{about}"), record)
    }

    /// The record of a told pair; `None` deletes.
    pub(crate) fn pair_record(
        site: &str,
        (device, weakness): &(String, String),
        record: Option<&ToldPair>,
    ) -> LedgerRecord {
        written(format!("{site}/{PAIR}/{device}/{weakness}"), record)
    }

    /// The record of a told risk; `None` deletes.
    pub(crate) fn risk_record(site: &str, device: &str, record: Option<&ToldRisk>) -> LedgerRecord {
        written(format!("{site}/{RISK}/{device}"), record)
    }
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Result<T, String> {
    serde_json::from_slice(value).map_err(|error| error.to_string())
}

fn written<T: Serialize>(key: String, record: Option<&T>) -> LedgerRecord {
    let value = record.map(|record| {
        let written = serde_json::to_vec(record);
        debug_assert!(written.is_ok(), "{written:?}");
        // Serialising fails for maps with keys that are no text: there are none here.
        Bytes::from(written.unwrap_or_default())
    });
    (Bytes::from(key.into_bytes()), value)
}

impl Ledger {
    /// The pairs on the list, by the names that assessments give them.
    pub(crate) fn listed(&self) -> std::collections::BTreeSet<auscult_risk::PairName> {
        let open = self.pairs.iter().filter(|(_, told)| told.life.open);
        open.flat_map(|((device, weakness), told)| {
            told.services
                .iter()
                .map(|service| (device.clone(), weakness.clone(), service.clone()))
        })
        .collect()
    }
}
