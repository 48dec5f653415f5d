//! What one batch writes: records get offsets, superseded records and index entries go, extents and committed offsets move.
//!
//! A plan is a set of last words per key, so that a record and the one that supersedes it may meet in one batch.

use std::collections::BTreeMap;

use fjall::{Keyspace, PersistMode};

use super::codec::{self, Extent, Fields, Latest, index_key, record_key};
use super::options::EmbeddedOptions;
use super::shared::State;
use super::tables::{StoreError, Tables, committed_key, extent_key};
use crate::partition::partition_of;
use crate::seam::Message;
use crate::topics::Topic;

type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

pub(crate) struct Plan<'a> {
    tables: &'a Tables,
    partitions: &'a BTreeMap<Topic, u32>,
    now_ms: i64,
    extents: BTreeMap<(Topic, u32), Extent>,
    base: &'a BTreeMap<(Topic, u32), Extent>,
    committed: BTreeMap<u32, u64>,
    records: Writes,
    index: Writes,
    tombstones: Writes,
    /// Bytes of records, roughly what the disk must have room for.
    pub(crate) bytes: u64,
    /// Superseded records, by topic.
    pub(crate) compacted: BTreeMap<Topic, u64>,
    /// Records past their time, by topic.
    pub(crate) expired: BTreeMap<Topic, u64>,
}

/// What has changed once the plan is on disk.
pub(crate) struct Change {
    extents: BTreeMap<(Topic, u32), Extent>,
    committed: BTreeMap<u32, u64>,
}

impl Change {
    pub(crate) fn apply(self, state: &mut State) {
        state.extents.extend(self.extents);
        state.committed.extend(self.committed);
    }
}

impl<'a> Plan<'a> {
    pub(crate) fn new(
        tables: &'a Tables,
        partitions: &'a BTreeMap<Topic, u32>,
        base: &'a BTreeMap<(Topic, u32), Extent>,
        now_ms: i64,
    ) -> Self {
        Self {
            tables,
            partitions,
            now_ms,
            extents: BTreeMap::new(),
            base,
            committed: BTreeMap::new(),
            records: Writes::new(),
            index: Writes::new(),
            tombstones: Writes::new(),
            bytes: 0,
            compacted: BTreeMap::new(),
            expired: BTreeMap::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.committed.is_empty() && self.extents.is_empty()
    }

    fn extent(&mut self, topic: Topic, partition: u32) -> &mut Extent {
        let base = self.base;
        self.extents
            .entry((topic, partition))
            .or_insert_with(|| base.get(&(topic, partition)).copied().unwrap_or_default())
    }

    /// Adds a record (already checked) and returns its partition and offset.
    pub(crate) fn append(&mut self, message: &Message) -> Result<(u32, u64), StoreError> {
        let topic = message.topic;
        let count = self.partitions.get(&topic).copied().unwrap_or(1);
        let partition = message
            .partition
            .unwrap_or_else(|| partition_of(&message.key, count));
        let stored = codec::encode(message, self.now_ms);
        let bytes = u64::try_from(stored.len()).unwrap_or(u64::MAX);
        let extent = self.extent(topic, partition);
        let offset = extent.next;
        extent.next = extent.next.saturating_add(1);
        extent.records = extent.records.saturating_add(1);
        extent.bytes = extent.bytes.saturating_add(bytes);
        let key = record_key(topic, partition, offset);
        if EmbeddedOptions::supersedes(topic) {
            let latest = Latest {
                offset,
                bytes,
                tombstone: message.value.is_none(),
            };
            self.supersede(topic, partition, &message.key, latest)?;
            if latest.tombstone {
                let accepted = self.now_ms.to_be_bytes().to_vec();
                self.tombstones.insert(key.to_vec(), Some(accepted));
            }
        }
        self.records.insert(key.to_vec(), Some(stored));
        self.bytes = self.bytes.saturating_add(bytes);
        Ok((partition, offset))
    }

    /// Puts `latest` into the index and takes away what was there.
    fn supersede(
        &mut self,
        topic: Topic,
        partition: u32,
        key: &[u8],
        latest: Latest,
    ) -> Result<(), StoreError> {
        let at = index_key(topic, partition, key);
        if let Some(old) = self.latest(&at)? {
            self.remove(topic, partition, old);
            let compacted = self.compacted.entry(topic).or_default();
            *compacted = compacted.saturating_add(1);
        }
        self.index.insert(at, Some(latest.encode()));
        Ok(())
    }

    fn latest(&self, at: &[u8]) -> Result<Option<Latest>, StoreError> {
        if let Some(planned) = self.index.get(at) {
            return Ok(planned.as_deref().map(Latest::decode).transpose()?);
        }
        let stored = self.tables.index.get(at)?;
        Ok(stored.map(|stored| Latest::decode(&stored)).transpose()?)
    }

    fn remove(&mut self, topic: Topic, partition: u32, old: Latest) {
        let key = record_key(topic, partition, old.offset).to_vec();
        if old.tombstone {
            self.tombstones.insert(key.clone(), None);
        }
        self.records.insert(key, None);
        let extent = self.extent(topic, partition);
        extent.records = extent.records.saturating_sub(1);
        extent.bytes = extent.bytes.saturating_sub(old.bytes);
    }

    /// Moves the engine group.
    pub(crate) fn commit(&mut self, consumed: &BTreeMap<u32, u64>) {
        self.committed.extend(consumed);
    }

    /// Takes away the records of a partition before `first`, which are these many.
    pub(crate) fn expire(
        &mut self,
        topic: Topic,
        partition: u32,
        first: u64,
        records: &[(u64, u64)],
    ) {
        for (offset, bytes) in records {
            self.records
                .insert(record_key(topic, partition, *offset).to_vec(), None);
            let extent = self.extent(topic, partition);
            extent.records = extent.records.saturating_sub(1);
            extent.bytes = extent.bytes.saturating_sub(*bytes);
        }
        let extent = self.extent(topic, partition);
        extent.first = extent.first.max(first);
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        let expired = self.expired.entry(topic).or_default();
        *expired = expired.saturating_add(count);
    }

    /// Takes away a tombstone, unless its key has been written again since.
    pub(crate) fn bury(
        &mut self,
        topic: Topic,
        partition: u32,
        offset: u64,
    ) -> Result<(), StoreError> {
        let key = record_key(topic, partition, offset).to_vec();
        let planned = self.records.contains_key(&key);
        let stored = self.tables.records.get(&key)?;
        let Some(stored) = stored.filter(|_| !planned) else {
            self.tombstones.insert(key, None);
            return Ok(());
        };
        let stored = bytes::Bytes::copy_from_slice(&stored);
        let message = codec::decode(topic, partition, offset, &stored)?.message;
        let at = index_key(topic, partition, &message.key);
        match self.latest(&at)? {
            Some(latest) if latest.offset == offset => {
                self.remove(topic, partition, latest);
                self.index.insert(at, None);
                let expired = self.expired.entry(topic).or_default();
                *expired = expired.saturating_add(1);
            }
            _ => {
                self.tombstones.insert(key, None);
            }
        }
        Ok(())
    }

    /// Writes it all, wholly or not at all, and returns once it is on the disk.
    pub(crate) fn write(self) -> Result<Change, StoreError> {
        let mut batch = self
            .tables
            .db
            .batch()
            .durability(Some(PersistMode::SyncAll));
        let mut put = |table: &Keyspace, writes: Writes| {
            for (key, value) in writes {
                match value {
                    Some(value) => batch.insert(table, key, value),
                    None => batch.remove(table, key),
                }
            }
        };
        put(&self.tables.records, self.records);
        put(&self.tables.index, self.index);
        put(&self.tables.tombstones, self.tombstones);
        for ((topic, partition), extent) in &self.extents {
            let key = extent_key(*topic, *partition);
            batch.insert(&self.tables.meta, key, extent.encode());
        }
        for (partition, offset) in &self.committed {
            let key = committed_key(*partition);
            batch.insert(&self.tables.meta, key, offset.to_be_bytes());
        }
        batch.commit()?;
        Ok(Change {
            extents: self.extents,
            committed: self.committed,
        })
    }
}

/// When a tombstone was accepted.
pub(crate) fn buried_ms(stored: &[u8]) -> Option<i64> {
    Fields(stored).i64()
}
