//! What people decided about findings: records of `auscult.int.decisions.v1`, and those that hold.

use std::collections::BTreeMap;

use auscult_proto::ids::SiteId;
use auscult_risk::document::{DecisionEntry, DecisionKind};
use serde::{Deserialize, Serialize};

/// The value of `format`.
const FORMAT: &str = "auscult.decision/1";
/// Decisions of all sites that are followed; more are refused.
const MOST: usize = 100_000;
/// Longest name of whoever decided, in bytes.
const NAME: usize = 200;

/// A decision as the topic has it; a tombstone takes it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    format: String,
    /// Whose device it is about.
    pub site: String,
    /// When it was made, epoch milliseconds.
    pub decided: i64,
    /// What was decided.
    pub decision: DecisionEntry,
}

impl DecisionRecord {
    /// A record of a decision.
    #[must_use]
    pub fn new(site: &SiteId, decided: i64, decision: DecisionEntry) -> Self {
        Self {
            format: FORMAT.to_owned(),
            site: site.to_string(),
            decided,
            decision,
        }
    }

    /// The key that compaction goes by: one decision a device and weakness, and one about all of a device.
    #[must_use]
    pub fn key(&self) -> String {
        let own = &self.decision;
        let weakness = own.weakness.as_deref().unwrap_or("*");
        format!("{}/{}/{weakness}", self.site, own.device)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(value: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(value).map_err(|error| error.to_string())?;
        if read.format != FORMAT {
            return Err(format!("format {:?}, not {FORMAT:?}", read.format));
        }
        read.site
            .parse::<SiteId>()
            .map_err(|error| error.to_string())?;
        if read.decision.last_day().is_none() {
            return Err(format!(
                "until {:?} is not a date YYYY-MM-DD",
                read.decision.until
            ));
        }
        if read.decision.by.as_ref().is_some_and(|by| by.len() > NAME) {
            return Err(format!("`by` is longer than {NAME} bytes"));
        }
        if read
            .decision
            .by
            .as_ref()
            .is_some_and(|by| by.trim().is_empty())
        {
            return Err("`by` names nobody".to_owned());
        }
        Ok(read)
    }
}

/// The decisions of all sites.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decisions {
    /// By site and key of the record.
    of: BTreeMap<String, BTreeMap<String, DecisionEntry>>,
    count: usize,
}

impl Decisions {
    /// Takes a decision under its key, or takes it back. Whether anything differs now; `None`: there are too many.
    pub(crate) fn take(&mut self, key: &str, record: Option<DecisionRecord>) -> Option<bool> {
        let site = key.split('/').next().unwrap_or(key);
        let Some(record) = record else {
            let gone = self.of.get_mut(site).and_then(|own| own.remove(key));
            if gone.is_some() {
                self.count = self.count.saturating_sub(1);
            }
            return Some(gone.is_some());
        };
        let own = self.of.entry(site.to_owned()).or_default();
        let before = own.get(key);
        if before == Some(&record.decision) {
            return Some(false);
        }
        if before.is_none() {
            if self.count >= MOST {
                return None;
            }
            self.count = self.count.saturating_add(1);
        }
        own.insert(key.to_owned(), record.decision);
        Some(true)
    }

    /// The decisions of a site, by the keys of their records.
    pub(crate) fn of(&self, site: &str) -> impl Iterator<Item = (&String, &DecisionEntry)> {
        self.of.get(site).into_iter().flatten()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.of.values().flat_map(BTreeMap::keys)
    }
}

/// A decision in words.
pub(crate) fn words(decision: &DecisionEntry) -> String {
    let what = match decision.kind {
        DecisionKind::Accepted => "accepted",
    };
    match &decision.by {
        Some(by) => format!("{what} until {} by {by}", decision.until),
        None => format!("{what} until {}", decision.until),
    }
}
