//! A partition's changelog on its way into memory, and what becomes of it.

use std::collections::BTreeMap;

use auscult_inventory::site_of_key;
use auscult_log::Stored;
use auscult_proto::ids::SiteId;
use bytes::Bytes;

use super::site::SiteState;

/// The changelog of a partition cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("state record {offset} of partition {partition}: {fault}")]
pub struct Unreadable {
    /// The partition.
    pub partition: u32,
    /// The record's offset; 0 when the fault lies in the records of a site together.
    pub offset: u64,
    /// What is wrong with it.
    pub fault: String,
}

/// What was read of it: the latest record of every key, by site.
#[derive(Debug, Default)]
pub struct Changelog {
    pub(super) sites: BTreeMap<SiteId, BTreeMap<Bytes, Bytes>>,
    pub(super) unreadable: Option<Unreadable>,
    records: u64,
}

impl Changelog {
    /// Takes the next record, in offset order. A record that names no site makes the whole changelog unreadable.
    pub fn push(&mut self, stored: Stored) {
        self.records = self.records.saturating_add(1);
        let Some(site) = site_of_key(&stored.message.key) else {
            self.unreadable.get_or_insert(Unreadable {
                partition: stored.partition,
                offset: stored.offset,
                fault: "its key does not begin with a site name".to_owned(),
            });
            return;
        };
        let records = self.sites.entry(site).or_default();
        match stored.message.value {
            Some(value) => {
                records.insert(stored.message.key, value);
            }
            None => {
                records.remove(&stored.message.key);
            }
        }
    }

    /// Records read so far, replaced and removed ones included.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The sites that it has records of.
    pub fn sites(&self) -> impl Iterator<Item = &SiteId> {
        self.sites.keys()
    }

    /// Takes one site out, restored as the engine restores it: its state, and what has been told of it. `None`: there are no records of it.
    ///
    /// # Errors
    /// Which record is not readable, and why.
    pub fn take_site<S: SiteState>(
        &mut self,
        site: &SiteId,
        settings: &S::Settings,
    ) -> Result<Option<(S, S::Ledger)>, String> {
        if let Some(unreadable) = &self.unreadable {
            return Err(unreadable.to_string());
        }
        let Some(records) = self.sites.remove(site) else {
            return Ok(None);
        };
        let (state, ledger) = restored::<S>(site, settings, records, true)?;
        Ok(ledger.map(|ledger| (state, ledger)))
    }
}

/// One site from its records; its ledger only where it is asked for.
pub(super) fn restored<S: SiteState>(
    site: &SiteId,
    settings: &S::Settings,
    records: BTreeMap<Bytes, Bytes>,
    with_ledger: bool,
) -> Result<(S, Option<S::Ledger>), String> {
    let (told, records): (Vec<_>, Vec<_>) = records
        .into_iter()
        .partition(|(key, _)| S::is_ledger_key(key));
    let ledger = with_ledger.then(|| S::ledger(told)).transpose()?;
    let state = S::restore(site, settings, records)?;
    Ok((state, ledger))
}
