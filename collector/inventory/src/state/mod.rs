//! The changelog: what is in memory between two batches, as records.

mod read;
mod wire;
mod write;

use std::collections::BTreeMap;

use auscult_proto::ids::SiteId;
use bytes::Bytes;

use crate::inventory::SiteInventory;
use crate::key::StateKey;
use crate::policy::Policy;
use crate::work::Work;

pub(crate) use write::encode;

const SITE: &str = "site";
const REALM: &str = "realm";
const SENSOR: &str = "sensor";
pub(crate) const DEVICE: &str = "device";
pub(crate) const CONVERSATION: &str = "conversation";

/// Why changelog records are not an inventory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A record of another site, or of a kind this version does not know.
    #[error(
        "changelog record {0:?} is of another site or of a kind this version does not know: run the version that wrote it, or a newer one"
    )]
    UnknownKey(String),
    /// A record that is not what its key says.
    #[error("changelog record {key:?} is damaged: {reason}")]
    Damaged {
        /// Its key.
        key: String,
        /// What is wrong.
        reason: &'static str,
    },
}

impl SiteInventory {
    /// From the site's changelog records, the latest value of each key, in any order. Equal to the inventory that wrote them.
    ///
    /// # Errors
    /// `RestoreError` names the record.
    pub fn restore<K: AsRef<[u8]>>(
        site: SiteId,
        policy: Policy,
        records: impl IntoIterator<Item = (K, Bytes)>,
    ) -> Result<Self, RestoreError> {
        let mut reader = read::Reader::new(Self::new(site, policy));
        for (key, value) in records {
            reader.read(key.as_ref(), value)?;
        }
        reader.finish()
    }

    /// All changelog records, ordered by key.
    #[must_use]
    pub fn records(&self) -> Vec<(StateKey, Bytes)> {
        let work = Work {
            site: true,
            realms: self.realms.ids().collect(),
            positions: self.positions.keys().cloned().collect(),
            devices: self.devices.keys().copied().collect(),
            conversations: self.conversations.keys().copied().collect(),
            due: BTreeMap::new(),
            ..Work::default()
        };
        encode(self, &work)
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}
