//! What is kept of the streams that are still read: beginnings, early segments and extractors, in a bounded number of slots.

use auscult_proto::observation::Endpoint;

use super::extract::{Extractor, PREFIX_BYTES};
use super::flow::NONE;
use super::hold::{Chunks, Waiting};
use super::key::Pair;
use super::names::Names;
use crate::packet::{FrameMeta, OriginTag};

/// Slots looked at for one that was not used lately.
const HAND_STEPS: usize = 64;

/// The frame being read, and who is who in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) meta: FrameMeta,
    pub(super) origin: OriginTag,
    pub(super) ends: Pair<Endpoint>,
}

/// What is kept of one direction.
pub(super) struct Partial {
    prefix: [u8; PREFIX_BYTES],
    prefix_len: u8,
    pub(super) waiting: Waiting,
}

impl Default for Partial {
    fn default() -> Self {
        Self {
            prefix: [0; PREFIX_BYTES],
            prefix_len: 0,
            waiting: Waiting::default(),
        }
    }
}

impl Partial {
    /// The beginning kept so far.
    pub(super) fn prefix(&self) -> &[u8] {
        self.prefix
            .get(..usize::from(self.prefix_len))
            .unwrap_or(&[])
    }

    /// Keeps as much of `bytes` as fits; what does not.
    pub(super) fn extend<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let free = self
            .prefix
            .get_mut(usize::from(self.prefix_len)..)
            .unwrap_or_default();
        let (kept, rest) = bytes.split_at_checked(free.len()).unwrap_or((bytes, &[]));
        for (to, from) in free.iter_mut().zip(kept) {
            *to = *from;
        }
        let kept = u8::try_from(kept.len()).unwrap_or(0);
        self.prefix_len = self.prefix_len.saturating_add(kept);
        rest
    }

    /// Forgets the beginning; a copy of it.
    pub(super) fn take_prefix(&mut self) -> ([u8; PREFIX_BYTES], usize) {
        let taken = (self.prefix, usize::from(self.prefix_len));
        self.prefix = [0; PREFIX_BYTES];
        self.prefix_len = 0;
        taken
    }
}

/// What is kept of one flow.
#[derive(Default)]
pub(super) struct Slot {
    /// Place of the flow in the table, or [`NONE`].
    owner: u32,
    /// Used since the hand passed.
    used: bool,
    pub(super) extractor: Option<Box<dyn Extractor>>,
    pub(super) ends: Pair<Partial>,
    /// The last frame that was kept back.
    pub(super) frame: Option<Frame>,
}

impl Slot {
    fn clear(&mut self, chunks: &mut Chunks) -> usize {
        let low = self.ends.low.waiting.clear(chunks);
        let high = self.ends.high.waiting.clear(chunks);
        *self = Self {
            owner: NONE,
            ..Self::default()
        };
        low.saturating_add(high)
    }
}

/// All streams that are still read.
pub(super) struct Inspector {
    slots: Vec<Slot>,
    vacant: Vec<u32>,
    /// Goes round the slots when one has to give way (second chance).
    hand: usize,
    limit: usize,
    pub(super) chunks: Chunks,
    pub(super) names: Names,
}

impl Inspector {
    /// At most `limit` streams, with at most `reorder_bytes` of early segments.
    pub(super) fn new(limit: usize, reorder_bytes: usize, names: Names) -> Self {
        Self {
            slots: Vec::new(),
            vacant: Vec::new(),
            hand: 0,
            limit: limit.clamp(1, 1 << 20),
            chunks: Chunks::new(reorder_bytes),
            names,
        }
    }

    /// Streams being read.
    pub(super) const fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.vacant.len())
    }

    /// The slot at a place, if it still belongs to the flow.
    #[inline]
    pub(super) fn slot(&mut self, at: u32, owner: u32) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(usize::try_from(at).ok()?)?;
        if slot.owner != owner {
            return None;
        }
        slot.used = true;
        Some(slot)
    }

    /// A slot together with the store of its early segments.
    pub(super) fn slot_and_chunks(
        &mut self,
        at: u32,
        owner: u32,
    ) -> Option<(&mut Slot, &mut Chunks)> {
        let slot = self.slots.get_mut(usize::try_from(at).ok()?)?;
        (slot.owner == owner).then_some((slot, &mut self.chunks))
    }

    /// A slot for a flow, and whether another flow lost it.
    pub(super) fn acquire(&mut self, owner: u32) -> (u32, bool) {
        let (at, evicted) = match self.vacant.pop() {
            Some(at) => (at, false),
            None if self.slots.len() < self.limit => {
                self.slots.push(Slot::default());
                let at = u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(NONE);
                (at, false)
            }
            None => (self.evict(), true),
        };
        if let Some(slot) = usize::try_from(at)
            .ok()
            .and_then(|at| self.slots.get_mut(at))
        {
            slot.owner = owner;
            slot.used = true;
        }
        (at, evicted)
    }

    fn evict(&mut self) -> u32 {
        for step in 0..=HAND_STEPS {
            let at = self.advance_hand();
            let Some(slot) = self.slots.get_mut(at) else {
                continue;
            };
            if slot.used && step < HAND_STEPS {
                slot.used = false;
                continue;
            }
            slot.clear(&mut self.chunks);
            return u32::try_from(at).unwrap_or(NONE);
        }
        NONE
    }

    fn advance_hand(&mut self) -> usize {
        let at = self.hand;
        self.hand = at.wrapping_add(1);
        if self.hand >= self.slots.len() {
            self.hand = 0;
        }
        at
    }

    /// Makes room for early segments by discarding those of other streams; how many segments were discarded.
    pub(super) fn reclaim(&mut self, spared: u32) -> usize {
        for _ in 0..HAND_STEPS {
            let at = self.advance_hand();
            if u32::try_from(at) == Ok(spared) {
                continue;
            }
            let Some(slot) = self.slots.get_mut(at) else {
                continue;
            };
            let low = slot.ends.low.waiting.clear(&mut self.chunks);
            let high = slot.ends.high.waiting.clear(&mut self.chunks);
            if low != 0 || high != 0 {
                return low.saturating_add(high);
            }
        }
        0
    }

    /// Gives a flow's slot back.
    pub(super) fn release(&mut self, at: u32, owner: u32) {
        let Some((slot, chunks)) = self.slot_and_chunks(at, owner) else {
            return;
        };
        slot.clear(chunks);
        self.vacant.push(at);
    }
}

impl std::fmt::Debug for Inspector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inspector")
            .field("streams", &self.len())
            .field("chunks", &self.chunks)
            .finish_non_exhaustive()
    }
}
