//! What the parts of an open log share: the tables, how far each partition goes, and the bell that rings when that changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::codec::{self, Extent, record_key};
use super::commit::Queue;
use super::options::EmbeddedOptions;
use super::tables::{Contents, StoreError, Tables};
use crate::seam::{LogError, Stored};
use crate::topics::Topic;

/// Bounds of what is taken off the disk at once.
pub(crate) const PAGE_RECORDS: usize = 512;
pub(crate) const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// The newest engine instance.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holder {
    pub(crate) epoch: u64,
    pub(crate) member: String,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) extents: BTreeMap<(Topic, u32), Extent>,
    pub(crate) committed: BTreeMap<u32, u64>,
    pub(crate) holder: Holder,
    pub(crate) closed: bool,
}

impl State {
    pub(crate) fn extent(&self, topic: Topic, partition: u32) -> Extent {
        self.extents
            .get(&(topic, partition))
            .copied()
            .unwrap_or_default()
    }
}

/// Tells the threads of a log to end.
#[derive(Default)]
pub(crate) struct Closing {
    closing: Mutex<bool>,
    told: Condvar,
}

impl Closing {
    pub(crate) fn tell(&self) {
        *self.closing.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    /// Waits this long, or until told. `true`: told.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        let told = self
            .told
            .wait_timeout_while(closing, time, |closing| !*closing);
        *told.unwrap_or_else(PoisonError::into_inner).0
    }
}

pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    pub(crate) options: EmbeddedOptions,
    pub(crate) identity: u64,
    pub(crate) partitions: BTreeMap<Topic, u32>,
    /// `None` while the store is being opened anew, and after closing.
    tables: RwLock<Option<Tables>>,
    state: Mutex<State>,
    changed: Condvar,
    pub(crate) queue: Queue,
    pub(crate) closing: Closing,
}

impl Shared {
    pub(crate) fn new(
        dir: PathBuf,
        options: EmbeddedOptions,
        tables: Tables,
        contents: Contents,
    ) -> Self {
        let queue = Queue::new(options.queue_records, options.queue_bytes);
        Self {
            dir,
            options,
            identity: contents.identity,
            partitions: contents.partitions,
            tables: RwLock::new(Some(tables)),
            state: Mutex::new(State {
                extents: contents.extents,
                committed: contents.committed,
                holder: Holder::default(),
                closed: false,
            }),
            changed: Condvar::new(),
            queue,
            closing: Closing::default(),
        }
    }

    pub(crate) fn partitions(&self, topic: Topic) -> u32 {
        self.partitions.get(&topic).copied().unwrap_or(0)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes whoever waits for that.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let answer = change(&mut self.state());
        self.changed.notify_all();
        answer
    }

    /// Waits until `done` says something, or the time is over, or the log is closed.
    pub(crate) fn wait<T>(
        &self,
        timeout: Duration,
        mut done: impl FnMut(&State) -> Option<T>,
    ) -> Result<Option<T>, LogError> {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.state();
        loop {
            if state.closed {
                return Err(closed());
            }
            if let Some(answer) = done(&state) {
                return Ok(Some(answer));
            }
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return Ok(None);
            }
            // A day at a time: a longer wait overflows some platforms' clocks.
            let step = left.min(Duration::from_secs(24 * 60 * 60));
            state = self
                .changed
                .wait_timeout(state, step)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    pub(crate) fn tables(&self) -> RwLockReadGuard<'_, Option<Tables>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the tables away from everybody. Returns once nobody reads any more.
    pub(crate) fn take_tables(&self) -> Option<Tables> {
        self.tables
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Gives everybody tables again, and what is in them: nobody sees the one without the other.
    pub(crate) fn put_tables(&self, tables: Tables, contents: Contents) {
        let mut place = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        self.change(|state| {
            state.extents = contents.extents;
            state.committed = contents.committed;
        });
        *place = Some(tables);
    }

    /// Records of one partition from `from` to before `to`, at most a page, and the offset to go on from.
    pub(crate) fn page(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        to: u64,
    ) -> Result<(Vec<Stored>, u64), LogError> {
        if from >= to {
            return Ok((Vec::new(), from));
        }
        let tables = self.tables();
        let tables = tables.as_ref().ok_or_else(reopening)?;
        read_page(tables, topic, partition, from, to).map_err(|error| match error {
            StoreError::Damaged(_) => LogError::Fatal(format!(
                "{} partition {partition} at offset {from} and after: {error}",
                topic.name()
            )),
            StoreError::Store(_) => LogError::Unavailable(error.to_string()),
        })
    }
}

fn read_page(
    tables: &Tables,
    topic: Topic,
    partition: u32,
    from: u64,
    to: u64,
) -> Result<(Vec<Stored>, u64), StoreError> {
    let range = record_key(topic, partition, from)..record_key(topic, partition, to);
    let mut page = Vec::new();
    let mut bytes = 0_usize;
    for entry in tables.records.range(range) {
        let (key, value) = entry.into_inner()?;
        let (_, _, offset) = codec::parse_record_key(&key).ok_or(codec::Damaged("record key"))?;
        bytes = bytes.saturating_add(value.len());
        let value = Bytes::copy_from_slice(&value);
        page.push(codec::decode(topic, partition, offset, &value)?);
        if page.len() >= PAGE_RECORDS || bytes >= PAGE_BYTES {
            return Ok((page, offset.saturating_add(1)));
        }
    }
    Ok((page, to))
}

pub(crate) fn closed() -> LogError {
    LogError::Unavailable("the log was closed".to_owned())
}

pub(crate) fn reopening() -> LogError {
    LogError::Unavailable("the store is being opened anew after a failed write".to_owned())
}

/// Epoch milliseconds.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
