//! Reading a topic in the process that holds the log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::shared::{Shared, State};
use crate::seam::{LogError, Reader, StartAt, Stored};
use crate::topics::Topic;

pub(crate) struct EmbeddedReader {
    shared: Arc<Shared>,
    topic: Topic,
    positions: BTreeMap<u32, u64>,
    /// Where each partition ended when this was opened.
    ends: BTreeMap<u32, u64>,
    ready: VecDeque<Stored>,
    turn: u32,
}

impl EmbeddedReader {
    pub(crate) fn open(
        shared: Arc<Shared>,
        topic: Topic,
        from: &StartAt,
    ) -> Result<Self, LogError> {
        let mut positions = BTreeMap::new();
        let mut ends = BTreeMap::new();
        {
            let state = shared.state();
            for partition in 0..shared.partitions(topic) {
                let extent = state.extent(topic, partition);
                let asked = match from {
                    StartAt::Beginning => extent.first,
                    StartAt::End => extent.next,
                    StartAt::Offsets(offsets) => {
                        let asked = offsets.get(&partition).copied();
                        asked.unwrap_or(extent.first).max(extent.first)
                    }
                };
                if asked > extent.next {
                    return Err(LogError::Fatal(format!(
                        "{} partition {partition} ends at {}, before the offset asked for: this is another log; read it from the \
                         beginning",
                        topic.name(),
                        extent.next
                    )));
                }
                positions.insert(partition, asked);
                ends.insert(partition, extent.next);
            }
        }
        Ok(Self {
            shared,
            topic,
            positions,
            ends,
            ready: VecDeque::new(),
            turn: 0,
        })
    }

    /// The next partition in turn that has something, with what to read of it.
    fn available(&self, state: &State) -> Option<(u32, u64, u64)> {
        let there = |(partition, from): (&u32, &u64)| {
            let extent = state.extent(self.topic, *partition);
            // What has expired meanwhile is skipped.
            let from = (*from).max(extent.first);
            (from < extent.next).then_some((*partition, from, extent.next))
        };
        let later = self.positions.range(self.turn..).find_map(there);
        later.or_else(|| self.positions.range(..self.turn).find_map(there))
    }

    /// What is ready, else the next page; empty when nothing came in time.
    pub(crate) fn page(&mut self, timeout: Duration) -> Result<VecDeque<Stored>, LogError> {
        if !self.ready.is_empty() {
            return Ok(std::mem::take(&mut self.ready));
        }
        let shared = Arc::clone(&self.shared);
        let deadline = std::time::Instant::now().checked_add(timeout);
        loop {
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(std::time::Instant::now())
            });
            let Some((partition, from, to)) = shared.wait(left, |state| self.available(state))?
            else {
                return Ok(VecDeque::new());
            };
            let (page, next) = shared.page(self.topic, partition, from, to)?;
            self.positions.insert(partition, next);
            self.turn = partition.saturating_add(1);
            // A stretch can be empty: everything in it was superseded.
            if !page.is_empty() {
                return Ok(page.into());
            }
        }
    }

    /// Whether everything that was there at open has been handed out, `pending` records aside.
    pub(crate) fn read_to_ends(&self) -> bool {
        self.positions
            .iter()
            .all(|(partition, at)| self.ends.get(partition).is_none_or(|end| at >= end))
    }
}

impl Reader for EmbeddedReader {
    fn next(&mut self, timeout: Duration) -> Result<Option<Stored>, LogError> {
        self.ready = self.page(timeout)?;
        Ok(self.ready.pop_front())
    }

    fn caught_up(&self) -> bool {
        let pending = self.ready.iter().any(|stored| {
            let end = self.ends.get(&stored.partition);
            end.is_some_and(|end| stored.offset < *end)
        });
        !pending && self.behind_is_empty()
    }
}

impl EmbeddedReader {
    /// As [`Self::read_to_ends`], where a stretch without records counts as read.
    fn behind_is_empty(&self) -> bool {
        if self.read_to_ends() {
            return true;
        }
        let state = self.shared.state();
        self.positions.iter().all(|(partition, at)| {
            let first = state.extent(self.topic, *partition).first;
            let end = self.ends.get(partition).copied().unwrap_or(0);
            (*at).max(first) >= end
        })
    }
}
