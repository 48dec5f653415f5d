//! What an embedded log is opened with.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::topics::{Cleanup, Topic};

/// Bounds and times of an embedded log.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// Partition counts other than [`Topic::spec`]'s. They count when the log is created; later they are what they were.
    pub partitions: BTreeMap<Topic, u32>,
    /// Most bytes kept of a topic that is kept for a time; the oldest records go first. Observations that the engine has not read
    /// yet never go: beyond twice this, new ones are refused, and the sensors keep them.
    pub topic_bytes: u64,
    /// Bytes left free on the disk; below, nothing more is accepted. Room for the store's own rewriting.
    pub reserve_bytes: u64,
    /// How often expired records and tombstones are removed.
    pub sweep: Duration,
    /// Retention other than the topic's own.
    pub retention: BTreeMap<Topic, Duration>,
    /// How long a tombstone stays readable, other than the topic's own.
    pub tombstones: Option<Duration>,
    /// Bounds of what waits to be written.
    pub queue_records: usize,
    /// The same in bytes.
    pub queue_bytes: usize,
    /// Bytes of recent writes kept in memory.
    pub memory_bytes: u64,
    /// Bytes of read cache.
    pub cache_bytes: u64,
    /// Lets other processes read through a socket in the folder.
    pub socket: bool,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            partitions: BTreeMap::new(),
            topic_bytes: 2 * 1024 * 1024 * 1024,
            reserve_bytes: 256 * 1024 * 1024,
            sweep: Duration::from_secs(5),
            retention: BTreeMap::new(),
            tombstones: None,
            queue_records: 100_000,
            queue_bytes: 64 * 1024 * 1024,
            // Less, and the store writes out and merges what the engine is just replacing, several times a second.
            memory_bytes: 128 * 1024 * 1024,
            cache_bytes: 32 * 1024 * 1024,
            socket: true,
        }
    }
}

impl EmbeddedOptions {
    pub(crate) fn partitions(&self, topic: Topic) -> u32 {
        self.partitions
            .get(&topic)
            .copied()
            .unwrap_or_else(|| topic.spec().partitions)
            .clamp(1, 1024)
    }

    /// How long a record is kept; `None`: until a newer one of its key.
    pub(crate) fn retention(&self, topic: Topic) -> Option<Duration> {
        match topic.spec().cleanup {
            Cleanup::Delete { retention } => {
                Some(self.retention.get(&topic).copied().unwrap_or(retention))
            }
            Cleanup::Compact { .. } => None,
        }
    }

    /// How long a tombstone stays readable.
    pub(crate) fn tombstones(&self, topic: Topic) -> Duration {
        match topic.spec().cleanup {
            Cleanup::Compact { tombstones, .. } => self.tombstones.unwrap_or(tombstones),
            Cleanup::Delete { .. } => Duration::MAX,
        }
    }

    /// Whether a record replaces the one before it of the same key. Topics with a history keep all.
    pub(crate) fn supersedes(topic: Topic) -> bool {
        matches!(topic.spec().cleanup, Cleanup::Compact { min_lag, .. } if min_lag.is_zero())
    }
}
