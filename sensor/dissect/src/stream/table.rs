//! The flow table: a bounded slab of flows, an open-addressing index over it, and the queues in which flows age.

use super::flow::{Flow, NONE, Queue};
use super::key::{FlowKey, KeyHash, Pair};

#[cfg(test)]
mod tests;

/// Smallest index; doubled whenever half of it is in use.
const SMALLEST_INDEX: usize = 1024;

/// An unused cell of the index. A used one is the hash (high half) and the place in the slab plus one (low half).
const EMPTY: u64 = 0;

/// First and last flow of a queue; the first was touched longest ago.
#[derive(Clone, Copy)]
struct Ends {
    first: u32,
    last: u32,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            first: NONE,
            last: NONE,
        }
    }
}

#[derive(Default)]
struct Queues {
    closing: Ends,
    single: Ends,
    protocol: Pair<Ends>,
}

/// All flows.
pub(super) struct Table {
    hash: KeyHash,
    index: Vec<u64>,
    flows: Vec<Flow>,
    /// First unused entry of `flows`.
    unused: u32,
    used: usize,
    limit: usize,
    queues: Queues,
}

impl Table {
    /// An empty table of at most `limit` flows (1 to 16 million).
    pub(super) fn new(limit: usize, hash: KeyHash) -> Self {
        Self {
            hash,
            index: Vec::new(),
            flows: Vec::new(),
            unused: NONE,
            used: 0,
            limit: limit.clamp(1, 1 << 24),
            queues: Queues::default(),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.used
    }

    pub(super) const fn is_full(&self) -> bool {
        self.used >= self.limit
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.flows
            .capacity()
            .saturating_mul(size_of::<Flow>())
            .saturating_add(self.index.capacity().saturating_mul(size_of::<u64>()))
    }

    #[inline]
    pub(super) fn flow(&self, at: u32) -> Option<&Flow> {
        self.flows.get(usize::try_from(at).ok()?)
    }

    #[inline]
    pub(super) fn flow_mut(&mut self, at: u32) -> Option<&mut Flow> {
        self.flows.get_mut(usize::try_from(at).ok()?)
    }

    /// Where a flow is.
    #[inline]
    pub(super) fn find(&self, key: &FlowKey) -> Option<u32> {
        let hash = self.hash.of(key);
        let mut cell = self.home(hash);
        loop {
            let found = *self.index.get(cell)?;
            if found == EMPTY {
                return None;
            }
            if high(found) == hash {
                let at = place(found);
                if self.flow(at).is_some_and(|flow| flow.key == *key) {
                    return Some(at);
                }
            }
            cell = self.following(cell);
        }
    }

    /// Adds a flow that is not in the table, at the end of its queue. The caller made room; a full table yields `None`.
    pub(super) fn insert(&mut self, mut flow: Flow) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        if self.used.saturating_mul(2) >= self.index.len() {
            self.grow();
        }
        let hash = self.hash.of(&flow.key);
        let queue = flow.queue;
        let touched = flow.touched;
        let at = match self
            .flow(self.unused)
            .map(|unused| (unused.after, unused.listed))
        {
            Some((next_unused, listed)) => {
                let at = self.unused;
                self.unused = next_unused;
                flow.listed = listed;
                *self.flow_mut(at)? = flow;
                at
            }
            None => {
                let at = u32::try_from(self.flows.len()).ok()?;
                self.flows.push(flow);
                at
            }
        };
        self.used = self.used.saturating_add(1);
        self.enter(hash, at);
        self.append(at, queue, touched);
        Some(at)
    }

    /// Takes a flow out.
    pub(super) fn remove(&mut self, at: u32) {
        let Some(flow) = self.flow(at).filter(|flow| flow.live) else {
            return;
        };
        let hash = self.hash.of(&flow.key);
        self.unlink(at);
        self.leave(hash, at);
        let unused = self.unused;
        if let Some(flow) = self.flow_mut(at) {
            flow.live = false;
            flow.after = unused;
        }
        self.unused = at;
        self.used = self.used.saturating_sub(1);
    }

    /// Moves a flow to the end of a queue.
    pub(super) fn touch(&mut self, at: u32, queue: Queue, now: u32) {
        self.unlink(at);
        self.append(at, queue, now);
    }

    /// The flow of a queue that was touched longest ago.
    #[inline]
    pub(super) fn oldest(&self, queue: Queue) -> Option<(u32, &Flow)> {
        let at = self.ends(queue).first;
        self.flow(at).map(|flow| (at, flow))
    }

    const fn ends(&self, queue: Queue) -> &Ends {
        match queue {
            Queue::Closing => &self.queues.closing,
            Queue::Single => &self.queues.single,
            Queue::Udp => &self.queues.protocol.low,
            Queue::Tcp => &self.queues.protocol.high,
        }
    }

    const fn ends_mut(&mut self, queue: Queue) -> &mut Ends {
        match queue {
            Queue::Closing => &mut self.queues.closing,
            Queue::Single => &mut self.queues.single,
            Queue::Udp => &mut self.queues.protocol.low,
            Queue::Tcp => &mut self.queues.protocol.high,
        }
    }

    fn append(&mut self, at: u32, queue: Queue, now: u32) {
        let last = self.ends(queue).last;
        if let Some(flow) = self.flow_mut(at) {
            flow.queue = queue;
            flow.touched = now;
            flow.before = last;
            flow.after = NONE;
        }
        match self.flow_mut(last) {
            Some(flow) => flow.after = at,
            None => self.ends_mut(queue).first = at,
        }
        self.ends_mut(queue).last = at;
    }

    fn unlink(&mut self, at: u32) {
        let Some((queue, before, after)) = self
            .flow(at)
            .map(|flow| (flow.queue, flow.before, flow.after))
        else {
            return;
        };
        match self.flow_mut(before) {
            Some(flow) => flow.after = after,
            None => self.ends_mut(queue).first = after,
        }
        match self.flow_mut(after) {
            Some(flow) => flow.before = before,
            None => self.ends_mut(queue).last = before,
        }
    }

    fn mask(&self) -> usize {
        self.index.len().saturating_sub(1)
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        usize::try_from(hash).unwrap_or(0) & self.mask()
    }

    #[inline]
    fn following(&self, cell: usize) -> usize {
        cell.wrapping_add(1) & self.mask()
    }

    fn enter(&mut self, hash: u32, at: u32) {
        let mut cell = self.home(hash);
        while self.index.get(cell).is_some_and(|found| *found != EMPTY) {
            cell = self.following(cell);
        }
        if let Some(free) = self.index.get_mut(cell) {
            *free = u64::from(hash) << 32 | u64::from(at.wrapping_add(1));
        }
    }

    /// Empties the flow's cell and moves those behind it up, so that no search stops too early.
    fn leave(&mut self, hash: u32, at: u32) {
        let mut hole = self.home(hash);
        while self
            .index
            .get(hole)
            .is_some_and(|found| *found != EMPTY && place(*found) != at)
        {
            hole = self.following(hole);
        }
        let mut cell = self.following(hole);
        while let Some(found) = self
            .index
            .get(cell)
            .copied()
            .filter(|found| *found != EMPTY)
        {
            let from_home = cell.wrapping_sub(self.home(high(found))) & self.mask();
            let from_hole = cell.wrapping_sub(hole) & self.mask();
            if from_home >= from_hole {
                if let Some(to) = self.index.get_mut(hole) {
                    *to = found;
                }
                hole = cell;
            }
            cell = self.following(cell);
        }
        if let Some(last) = self.index.get_mut(hole) {
            *last = EMPTY;
        }
    }

    fn grow(&mut self) {
        let cells = self.index.len().saturating_mul(2).max(SMALLEST_INDEX);
        let old = std::mem::replace(&mut self.index, vec![EMPTY; cells]);
        for found in old.into_iter().filter(|found| *found != EMPTY) {
            self.enter(high(found), place(found));
        }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("flows", &self.used)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[inline]
fn high(cell: u64) -> u32 {
    u32::try_from(cell >> 32).unwrap_or(0)
}

#[inline]
fn place(cell: u64) -> u32 {
    u32::try_from(cell & 0xffff_ffff)
        .unwrap_or(0)
        .wrapping_sub(1)
}
