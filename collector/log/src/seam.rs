//! The traits.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::topics::Topic;

/// A record to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where to.
    pub topic: Topic,
    /// Which partition; `None` lets the key decide (murmur2, as Kafka's own clients do).
    pub partition: Option<u32>,
    /// Never empty: compaction and order go by key.
    pub key: Bytes,
    /// `None` is a tombstone.
    pub value: Option<Bytes>,
    /// CloudEvents and other headers, in order.
    pub headers: Vec<(String, Bytes)>,
    /// Epoch milliseconds. Written: the record's own time, for information. Read: when the log accepted the record, which is what
    /// retention goes by.
    pub timestamp_ms: i64,
}

/// A record as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its partition.
    pub partition: u32,
    /// Its offset in the partition. Offsets grow; they need not be dense (transaction markers, compaction).
    pub offset: u64,
    /// The record; `message.partition` is always `Some`.
    pub message: Message,
}

/// What the engine wants to happen wholly or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Records, in order, to any topics and partitions.
    pub records: Vec<Message>,
    /// For each input partition of the observations topic: the offset of the next record to read.
    pub consumed: BTreeMap<u32, u64>,
}

/// Why the log could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Try again later; nothing was lost.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// Somebody else holds this log or this engine's identity.
    #[error("{0}")]
    Fenced(String),
    /// This user may not use the log's files.
    #[error("{0}")]
    NotPermitted(String),
    /// Retrying cannot help.
    #[error("{0}")]
    Fatal(String),
}

impl LogError {
    /// What the operating system refused to do with the log's files.
    pub(crate) fn of_file(doing: &str, error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            Self::NotPermitted(format!(
                "{doing}: {error}; run this as the user of the collector, or give that user the folder"
            ))
        } else {
            Self::Fatal(format!("{doing}: {error}"))
        }
    }
}

/// Why an append was not accepted. The record is not in the log, or not known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Not delivered (or not known to be delivered): send it again.
    #[error("not appended: {0}")]
    Retry(String),
    /// Retrying cannot help (record too large, not authorised).
    #[error("refused: {0}")]
    Fatal(String),
}

/// Why a transaction did not commit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The transaction was aborted, or its outcome is unknown: drop the state in memory, restore, and go on from the committed
    /// offset.
    #[error("aborted: {0}")]
    Aborted(String),
    /// A newer instance took over: this one must stop using its state and join again.
    #[error("fenced: {0}")]
    Fenced(String),
    /// Retrying cannot help.
    #[error("{0}")]
    Fatal(String),
}

/// Ingest's side: durable appends, outside of transactions.
pub trait Appender: Send + Sync {
    /// Appends one record. Resolves once the record is durable (Kafka: `acks=all` delivery report; embedded: fsync) with its
    /// offset. Records appended in order to one partition by one appender are stored in that order.
    fn append(&self, message: Message) -> BoxFuture<'static, Result<u64, AppendError>>;
}

/// What a poll brought.
#[derive(Debug)]
pub enum Polled {
    /// Nothing within the timeout.
    Idle,
    /// Records in partition order.
    Records(Vec<Stored>),
    /// These partitions of the observations topic are now this engine's, each with the offset the group committed last.
    Assigned(BTreeMap<u32, u64>),
    /// These partitions were taken away. Nothing of them may be committed any more; uncommitted work on them is to be dropped.
    Revoked(Vec<u32>),
}

/// How far a commit is that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Begun {
    /// Durable and visible.
    Committed,
    /// Under way: nothing after it is written before it.
    Handed,
}

/// One member of the engine group. Lives on one thread.
pub trait EngineLog: Send {
    /// Waits up to `timeout` for records or a change of assignment. Reading starts at the committed offsets.
    ///
    /// # Errors
    /// `LogError`; after `Unavailable`, polling again is right.
    fn poll(&mut self, timeout: Duration) -> Result<Polled, LogError>;

    /// Where a partition of the observations topic ends: the offset the next record will get, or more. `None`: not known.
    ///
    /// # Errors
    /// `LogError`.
    fn end(&mut self, partition: u32) -> Result<Option<u64>, LogError> {
        let _ = partition;
        Ok(None)
    }

    /// Reads the whole changelog (`Topic::State`) of one partition as committed now, in offset order.
    ///
    /// # Errors
    /// `LogError`.
    fn restore(&mut self, partition: u32, each: &mut dyn FnMut(Stored)) -> Result<(), LogError>;

    /// Commits records and offsets in one transaction. On `Ok`, both are durable and visible to `read_committed` readers.
    ///
    /// # Errors
    /// `CommitError` says what became of the transaction.
    fn commit(&mut self, transaction: Transaction) -> Result<(), CommitError>;

    /// Begins to commit, so that folding can go on while the disk works. After `Begun::Handed`, [`Self::settled`] says what became of
    /// the transaction and must be called before the next one, before [`Self::rewind`], and before anything relies on this one.
    ///
    /// # Errors
    /// `CommitError`, of this transaction.
    fn begin_commit(&mut self, transaction: Transaction) -> Result<Begun, CommitError> {
        self.commit(transaction).map(|()| Begun::Committed)
    }

    /// Waits for the transaction that was handed over; `Ok` as well when there is none.
    ///
    /// # Errors
    /// `CommitError` says what became of the transaction; what was folded after it was taken rests on it.
    fn settled(&mut self) -> Result<(), CommitError> {
        Ok(())
    }

    /// After an abort: reads again from the committed offsets, which it returns for the partitions still held.
    ///
    /// # Errors
    /// `LogError`.
    fn rewind(&mut self) -> Result<BTreeMap<u32, u64>, LogError>;
}

/// Where a reader starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartAt {
    /// The oldest record kept.
    Beginning,
    /// Only records to come.
    End,
    /// Per partition, an offset (the first record at or after it).
    Offsets(BTreeMap<u32, u64>),
}

/// A `read_committed` reader without a group, over all partitions of one topic.
pub trait Reader: Send {
    /// The next record, waiting up to `timeout` for one. `None`: nothing came.
    ///
    /// # Errors
    /// `LogError`.
    fn next(&mut self, timeout: Duration) -> Result<Option<Stored>, LogError>;

    /// Whether everything that was committed when the reader was opened has been read.
    fn caught_up(&self) -> bool;
}

/// A log: Kafka or embedded.
pub trait Log: Send + Sync {
    /// How many partitions a topic has.
    ///
    /// # Errors
    /// `LogError`; a missing topic is `Fatal` and says how to create it.
    fn partitions(&self, topic: Topic) -> Result<u32, LogError>;

    /// For ingest.
    ///
    /// # Errors
    /// `LogError`.
    fn appender(&self) -> Result<Box<dyn Appender>, LogError>;

    /// Joins the engine group. `member` is unique per running engine and stable over its restarts (the pod's name): a newer
    /// instance with the same name fences the older.
    ///
    /// # Errors
    /// `LogError`.
    fn engine(&self, member: &str) -> Result<Box<dyn EngineLog>, LogError>;

    /// Opens a reader.
    ///
    /// # Errors
    /// `LogError`.
    fn reader(&self, topic: Topic, from: StartAt) -> Result<Box<dyn Reader>, LogError>;
}
