//! The store under the log: which tables there are, and how they are opened.

use std::collections::BTreeMap;
use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::codec::{self, Damaged, Extent, FORMAT, Fields};
use super::options::EmbeddedOptions;
use crate::seam::LogError;
use crate::topics::Topic;

const FOLDER: &str = "store";
const FORMAT_KEY: &[u8] = b"format";
const IDENTITY_KEY: &[u8] = b"identity";

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("{0}")]
    Store(#[from] fjall::Error),
    #[error("{0}")]
    Damaged(#[from] Damaged),
}

impl StoreError {
    /// Whether the disk had no room.
    pub(crate) fn no_room(&self) -> bool {
        let io = match self {
            Self::Store(fjall::Error::Io(error)) => error,
            Self::Store(fjall::Error::Storage(fjall::LsmError::Io(error))) => error,
            _ => return false,
        };
        io.kind() == std::io::ErrorKind::StorageFull
    }
}

/// What the folder holds besides records.
#[derive(Debug, Clone)]
pub(crate) struct Contents {
    /// Tells this log from every other.
    pub(crate) identity: u64,
    pub(crate) partitions: BTreeMap<Topic, u32>,
    pub(crate) extents: BTreeMap<(Topic, u32), Extent>,
    /// The engine group's next offset per partition of the observations.
    pub(crate) committed: BTreeMap<u32, u64>,
}

#[derive(Clone)]
pub(crate) struct Tables {
    pub(crate) db: Database,
    /// topic, partition, offset: record.
    pub(crate) records: Keyspace,
    /// topic, partition, key: latest record. Compacted topics only.
    pub(crate) index: Keyspace,
    /// topic, partition, offset: when a tombstone was accepted.
    pub(crate) tombstones: Keyspace,
    /// Format, identity, partition counts, extents, committed offsets.
    pub(crate) meta: Keyspace,
}

impl Tables {
    pub(crate) fn open(dir: &Path, options: &EmbeddedOptions) -> Result<Self, StoreError> {
        // The store refuses a smaller bound than two of its journals.
        let journals = options
            .memory_bytes
            .saturating_mul(4)
            .max(128 * 1024 * 1024);
        let db = Database::builder(dir.join(FOLDER))
            .cache_size(options.cache_bytes)
            .max_journaling_size(journals)
            .max_cached_files(Some(128))
            .worker_threads(1)
            .manual_journal_persist(true)
            .open()?;
        let memory = options.memory_bytes;
        let sized = |bytes: u64| {
            move || KeyspaceCreateOptions::default().max_memtable_size(bytes.max(1024 * 1024))
        };
        Ok(Self {
            records: db.keyspace("records", sized(memory / 2))?,
            index: db.keyspace("index", sized(memory / 4))?,
            tombstones: db.keyspace("tombstones", sized(memory / 16))?,
            meta: db.keyspace("meta", sized(memory / 16))?,
            db,
        })
    }

    /// Reads what the folder holds; writes it first when the folder is new.
    pub(crate) fn contents(&self, options: &EmbeddedOptions) -> Result<Contents, LogError> {
        self.load(options)
            .map_err(|error| LogError::Fatal(format!("the log cannot be read: {error}")))?
            .ok_or_else(|| {
                LogError::Fatal(
                    "the log was written by another version of auscult-collector: use that version, or copy its log to Kafka with it"
                        .to_owned(),
                )
            })
    }

    fn load(&self, options: &EmbeddedOptions) -> Result<Option<Contents>, StoreError> {
        match self.meta.get(FORMAT_KEY)? {
            None => self.create(options)?,
            Some(version) if *version == [FORMAT] => {}
            Some(_) => return Ok(None),
        }
        let identity = self
            .meta
            .get(IDENTITY_KEY)?
            .and_then(|stored| Fields(&stored).u64())
            .ok_or(Damaged("identity"))?;
        let mut contents = Contents {
            identity,
            partitions: BTreeMap::new(),
            extents: BTreeMap::new(),
            committed: BTreeMap::new(),
        };
        for topic in Topic::ALL {
            let count = self
                .meta
                .get(count_key(topic))?
                .and_then(|stored| Fields(&stored).u32())
                .ok_or(Damaged("partition count"))?;
            contents.partitions.insert(topic, count);
            for partition in 0..count {
                let extent = match self.meta.get(extent_key(topic, partition))? {
                    Some(stored) => Extent::decode(&stored)?,
                    None => Extent::default(),
                };
                contents.extents.insert((topic, partition), extent);
            }
        }
        let partitions = contents.partitions.get(&Topic::Observations);
        for partition in 0..partitions.copied().unwrap_or(0) {
            if let Some(stored) = self.meta.get(committed_key(partition))? {
                let offset = Fields(&stored).u64().ok_or(Damaged("committed offset"))?;
                contents.committed.insert(partition, offset);
            }
        }
        Ok(Some(contents))
    }

    fn create(&self, options: &EmbeddedOptions) -> Result<(), StoreError> {
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&self.meta, FORMAT_KEY, [FORMAT]);
        batch.insert(&self.meta, IDENTITY_KEY, new_identity().to_be_bytes());
        for topic in Topic::ALL {
            let count = options.partitions(topic);
            batch.insert(&self.meta, count_key(topic), count.to_be_bytes());
        }
        Ok(batch.commit()?)
    }
}

fn count_key(topic: Topic) -> Vec<u8> {
    vec![b'p', codec::code(topic)]
}

pub(crate) fn extent_key(topic: Topic, partition: u32) -> Vec<u8> {
    let mut key = vec![b'x', codec::code(topic)];
    key.extend_from_slice(&partition.to_be_bytes());
    key
}

pub(crate) fn committed_key(partition: u32) -> Vec<u8> {
    let mut key = vec![b'c'];
    key.extend_from_slice(&partition.to_be_bytes());
    key
}

/// Sixty-four bits that no other log has: the seed that the standard library gives each hash map.
fn new_identity() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}
