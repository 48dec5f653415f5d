//! The engine's side: the one member there can be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use super::commit::{Job, Refused};
use super::shared::{PAGE_BYTES, PAGE_RECORDS, Shared, State, closed, reopening};
use crate::record;
use crate::seam::{Begun, CommitError, EngineLog, LogError, Polled, Stored, Transaction};
use crate::topics::Topic;

pub(crate) struct EmbeddedEngine {
    shared: Arc<Shared>,
    epoch: u64,
    /// Per partition the next offset to hand out; empty until the assignment was told.
    positions: BTreeMap<u32, u64>,
    told: bool,
    /// Where the next poll begins, so that no partition starves another.
    turn: u32,
    /// The answer to the transaction that was handed over.
    handed: Option<Receiver<Result<(), CommitError>>>,
}

impl EmbeddedEngine {
    pub(crate) fn join(shared: Arc<Shared>, member: &str) -> Result<Self, LogError> {
        let epoch = shared.change(|state| {
            state.holder.epoch = state.holder.epoch.saturating_add(1);
            member.clone_into(&mut state.holder.member);
            state.holder.epoch
        });
        // What an older instance has under way is decided before this one asks for the committed offsets.
        barrier(&shared)?;
        Ok(Self {
            shared,
            epoch,
            positions: BTreeMap::new(),
            told: false,
            turn: 0,
            handed: None,
        })
    }

    fn committed(&self, state: &State) -> BTreeMap<u32, u64> {
        (0..self.shared.partitions(Topic::Observations))
            .map(|partition| {
                let first = state.extent(Topic::Observations, partition).first;
                let committed = state.committed.get(&partition).copied();
                (partition, committed.unwrap_or(first))
            })
            .collect()
    }

    /// The committed offsets are those on disk. After a write that failed they are not until the store is open again: that batch may be
    /// there or not, and reading state that is newer than the offsets would fold what lies between twice.
    fn decided(&self) -> Result<(), LogError> {
        if self.shared.tables().is_some() {
            return Ok(());
        }
        barrier(&self.shared)
    }

    fn fenced(&self, state: &State) -> Option<LogError> {
        (state.holder.epoch != self.epoch).then(|| {
            LogError::Fenced(format!(
                "engine `{}` has taken over: this older instance may read and write no more",
                state.holder.member
            ))
        })
    }

    /// What is there beyond the positions: (partition, from, to).
    fn available(&self, state: &State) -> Vec<(u32, u64, u64)> {
        self.positions
            .iter()
            .map(|(partition, from)| {
                let next = state.extent(Topic::Observations, *partition).next;
                (*partition, *from, next)
            })
            .filter(|(_, from, to)| from < to)
            .collect()
    }

    fn take(&mut self, mut available: Vec<(u32, u64, u64)>) -> Result<Vec<Stored>, LogError> {
        let turn = self.turn;
        let split = available.partition_point(|(partition, ..)| *partition < turn);
        available.rotate_left(split);
        let mut records = Vec::new();
        let mut bytes = 0_usize;
        for (partition, from, to) in available {
            if records.len() >= PAGE_RECORDS || bytes >= PAGE_BYTES {
                break;
            }
            let (page, next) = self.shared.page(Topic::Observations, partition, from, to)?;
            bytes = page
                .iter()
                .map(|stored| record::size(&stored.message))
                .fold(bytes, usize::saturating_add);
            records.extend(page);
            self.positions.insert(partition, next);
            self.turn = partition.saturating_add(1);
        }
        Ok(records)
    }
}

impl EngineLog for EmbeddedEngine {
    fn poll(&mut self, timeout: Duration) -> Result<Polled, LogError> {
        if !self.told {
            self.decided()?;
            let offsets = {
                let state = self.shared.state();
                if state.closed {
                    return Err(closed());
                }
                if let Some(error) = self.fenced(&state) {
                    return Err(error);
                }
                self.committed(&state)
            };
            self.positions.clone_from(&offsets);
            self.told = true;
            return Ok(Polled::Assigned(offsets));
        }
        let shared = Arc::clone(&self.shared);
        let available = shared.wait(timeout, |state| {
            if let Some(error) = self.fenced(state) {
                return Some(Err(error));
            }
            let available = self.available(state);
            (!available.is_empty()).then_some(Ok(available))
        })?;
        let Some(available) = available else {
            return Ok(Polled::Idle);
        };
        let records = self.take(available?)?;
        if records.is_empty() {
            return Ok(Polled::Idle);
        }
        Ok(Polled::Records(records))
    }

    fn end(&mut self, partition: u32) -> Result<Option<u64>, LogError> {
        Ok(Some(
            self.shared
                .state()
                .extent(Topic::Observations, partition)
                .next,
        ))
    }

    fn restore(&mut self, partition: u32, each: &mut dyn FnMut(Stored)) -> Result<(), LogError> {
        let extent = self.shared.state().extent(Topic::State, partition);
        let mut from = extent.first;
        while from < extent.next {
            let (page, next) = self
                .shared
                .page(Topic::State, partition, from, extent.next)?;
            page.into_iter().for_each(&mut *each);
            from = next;
        }
        Ok(())
    }

    fn commit(&mut self, transaction: Transaction) -> Result<(), CommitError> {
        let _begun = self.begin_commit(transaction)?;
        self.settled()
    }

    fn begin_commit(&mut self, transaction: Transaction) -> Result<Begun, CommitError> {
        self.settled()?;
        if transaction.records.is_empty() && transaction.consumed.is_empty() {
            return Ok(Begun::Committed);
        }
        let (reply, answer) = sync_channel(1);
        let job = Job::Commit {
            transaction,
            epoch: self.epoch,
            reply,
        };
        match self.shared.queue.push(job) {
            Ok(()) => {
                self.handed = Some(answer);
                Ok(Begun::Handed)
            }
            Err(Refused::Full | Refused::Closed) => Err(aborted()),
        }
    }

    fn settled(&mut self) -> Result<(), CommitError> {
        let answer = self.handed.take();
        answer.map_or(Ok(()), |answer| answer.recv().unwrap_or(Err(aborted())))
    }

    fn rewind(&mut self) -> Result<BTreeMap<u32, u64>, LogError> {
        self.decided()?;
        let offsets = {
            let state = self.shared.state();
            if let Some(error) = self.fenced(&state) {
                return Err(error);
            }
            self.committed(&state)
        };
        self.positions.clone_from(&offsets);
        self.told = true;
        Ok(offsets)
    }
}

/// Waits until everything that was handed over before is decided, and the store open.
fn barrier(shared: &Shared) -> Result<(), LogError> {
    let (reply, done) = sync_channel(1);
    let barrier = Job::Bury {
        tombstones: Vec::new(),
        reply,
    };
    if shared.queue.push(barrier).is_err() || done.recv().is_err() {
        return Err(closed());
    }
    if shared.tables().is_none() {
        return Err(reopening());
    }
    Ok(())
}

fn aborted() -> CommitError {
    CommitError::Aborted("the log was closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::{EmbeddedLog, EmbeddedOptions};

    #[test]
    fn offsets_are_told_only_by_a_store_that_is_open() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(dir.path(), EmbeddedOptions::default()).unwrap();
        let mut engine = EmbeddedEngine::join(Arc::clone(&log.shared), "engine-0").unwrap();
        // As after a write that failed, and the store does not open again.
        let (store, aside) = (dir.path().join("store"), dir.path().join("aside"));
        drop(log.shared.take_tables());
        std::fs::rename(&store, &aside).unwrap();
        std::fs::write(&store, "no store").unwrap();
        for _ in 0..3 {
            let polled = engine.poll(Duration::ZERO);
            assert!(matches!(polled, Err(LogError::Unavailable(_))));
            let rewound = engine.rewind();
            assert!(matches!(rewound, Err(LogError::Unavailable(_))));
            let joined = EmbeddedEngine::join(Arc::clone(&log.shared), "engine-1");
            assert!(matches!(joined, Err(LogError::Unavailable(_))));
            engine = EmbeddedEngine {
                epoch: log.shared.state().holder.epoch,
                ..engine
            };
            std::thread::sleep(Duration::from_millis(260));
        }
        std::fs::remove_file(&store).unwrap();
        std::fs::rename(&aside, &store).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        loop {
            match engine.poll(Duration::ZERO) {
                Ok(Polled::Assigned(offsets)) => {
                    assert_eq!(offsets.get(&0), Some(&0));
                    break;
                }
                Err(LogError::Unavailable(_)) if std::time::Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
