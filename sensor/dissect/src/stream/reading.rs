//! Reading one flow: segments into order, first bytes to the probes, the rest to the extractor.

use auscult_proto::observation::Endpoint;

use super::Counters;
use super::direction::Role;
use super::extract::{PREFIX_BYTES, Speaker, Verdict};
use super::flow::{End, Flow, NONE};
use super::hold::Room;
use super::inspect::{Frame, Inspector, Slot};
use super::key::Side;
use super::probe::{self, Found, Protocol};
use crate::counters::bump;
use crate::sink::{Context, Sink};

/// Segment starts of a flow joined midstream at which a protocol is looked for.
const MIDSTREAM_ATTEMPTS: u8 = 16;

/// Data so far behind what was expected is no retransmission: the stream was lost track of.
const LARGEST_WINDOW: u32 = 1 << 22;

/// The data of one TCP segment.
#[derive(Clone, Copy)]
pub(super) struct Data<'p> {
    /// Sequence number of the first byte.
    pub(super) seq: u32,
    pub(super) bytes: &'p [u8],
    /// Bytes that follow on the wire and were not captured.
    pub(super) missing: u32,
}

/// One flow while a frame of it is read.
pub(super) struct Reading<'r> {
    pub(super) inspector: &'r mut Inspector,
    pub(super) counters: &'r mut Counters,
    pub(super) flow: &'r mut Flow,
    /// Place of the flow in the table.
    pub(super) at: u32,
    pub(super) frame: &'r Frame,
    pub(super) sink: &'r mut dyn Sink,
    /// The end that was shown to serve.
    pub(super) server: Option<Side>,
}

impl Reading<'_> {
    /// Reads the data of one segment of a watched side.
    pub(super) fn segment(&mut self, side: Side, data: Data<'_>) {
        let end = self.end(side);
        if !end.started {
            end.started = true;
            end.midstream = true;
            end.next = data.seq;
        }
        let mut data = data;
        // Each round but the last fills a hole or gives it up, and at most four segments wait.
        for _ in 0..8 {
            let next = self.end(side).next;
            let ahead = data.seq.wrapping_sub(next);
            let behind = next.wrapping_sub(data.seq);
            if ahead == 0 {
                return self.deliver(side, data);
            }
            if behind <= LARGEST_WINDOW {
                let Some(rest) = trim(data, behind) else {
                    return;
                };
                data = rest;
            } else if behind < 1 << 31 || self.is_searching_midstream(side) {
                self.skip_to(side, data.seq);
            } else if let Some(rest) = self.hold(side, data) {
                data = rest;
                self.give_up_hole(side, data.seq);
            } else {
                return;
            }
            if !self.end(side).watched {
                return;
            }
        }
    }

    /// Reads what waits behind holes that nothing will fill any more.
    pub(super) fn finish(&mut self) {
        for side in [Side::Low, Side::High] {
            for _ in 0..8 {
                let Some(first) = self.first_waiting(side) else {
                    break;
                };
                self.skip_to(side, first);
                self.drain(side);
            }
        }
    }

    const fn end(&mut self, side: Side) -> &mut End {
        self.flow.ends.of_mut(side)
    }

    /// The flow's slot; a flow that lost its slot to another is not read on.
    fn slot(&mut self) -> Option<&mut Slot> {
        if self.flow.slot == NONE {
            return None;
        }
        let found = self.inspector.slot(self.flow.slot, self.at);
        if found.is_none() {
            self.flow.slot = NONE;
            self.flow.ends.low.watched = false;
            self.flow.ends.high.watched = false;
        }
        found
    }

    fn acquire(&mut self) -> Option<&mut Slot> {
        if self.flow.slot == NONE {
            let (slot, evicted) = self.inspector.acquire(self.at);
            self.flow.slot = slot;
            if evicted {
                bump(&mut self.counters.evictions);
            }
        }
        self.slot()
    }

    fn is_searching_midstream(&mut self, side: Side) -> bool {
        self.end(side).midstream
            && self.slot().is_none_or(|slot| {
                slot.extractor.is_none() && slot.ends.of(side).prefix().is_empty()
            })
    }

    fn first_waiting(&mut self, side: Side) -> Option<u32> {
        let slot = self.slot()?;
        slot.ends.of(side).waiting.first().map(|held| held.seq)
    }

    /// How far the nearest waiting segment is.
    fn distance_to_waiting(&mut self, side: Side) -> u32 {
        let next = self.end(side).next;
        self.first_waiting(side)
            .map_or(u32::MAX, |first| first.wrapping_sub(next))
    }

    /// Reads data that continues the stream, and what waited for it.
    fn deliver(&mut self, side: Side, mut data: Data<'_>) {
        while !data.bytes.is_empty() && self.end(side).watched {
            let distance = self.distance_to_waiting(side);
            let until_waiting = usize::try_from(distance).unwrap_or(usize::MAX);
            let now = data.bytes.get(..until_waiting).unwrap_or(data.bytes);
            let len = u32::try_from(now.len()).unwrap_or(0);
            let end = self.end(side);
            end.next = end.next.wrapping_add(len);
            self.feed(side, now);
            self.drain(side);
            let advanced = self.end(side).next.wrapping_sub(data.seq);
            match trim(data, advanced) {
                Some(rest) => data = rest,
                None => return,
            }
        }
        while data.missing != 0 && self.end(side).watched {
            let step = data.missing.min(self.distance_to_waiting(side));
            let to = data.seq.wrapping_add(step);
            self.skip_to(side, to);
            self.drain(side);
            let advanced = self.end(side).next.wrapping_sub(data.seq);
            match trim(data, advanced) {
                Some(rest) => data = rest,
                None => return,
            }
        }
    }

    /// Reads waiting segments that now continue the stream.
    fn drain(&mut self, side: Side) {
        while self.end(side).watched {
            let next = self.end(side).next;
            let (slot, owner) = (self.flow.slot, self.at);
            let Some((slot, chunks)) = self.inspector.slot_and_chunks(slot, owner) else {
                return;
            };
            let waiting = &mut slot.ends.of_mut(side).waiting;
            let Some(first) = waiting
                .first()
                .filter(|held| next.wrapping_sub(held.seq) < 1 << 31)
            else {
                return;
            };
            waiting.pop();
            let known = next.wrapping_sub(first.seq);
            if known >= first.len {
                chunks.release(first.chunk);
                continue;
            }
            self.end(side).next = first.seq.wrapping_add(first.len);
            let mut known = usize::try_from(known).unwrap_or(usize::MAX);
            let mut at = first.chunk;
            while let Some((chunk, next_chunk)) = self.inspector.chunks.take(at) {
                let bytes = chunk.bytes();
                self.feed(side, bytes.get(known..).unwrap_or(&[]));
                known = known.saturating_sub(bytes.len());
                self.inspector.chunks.discard(chunk);
                at = next_chunk;
            }
        }
    }

    /// Keeps the parts of early data that are not kept yet; what could not be kept, from where it starts.
    fn hold<'p>(&mut self, side: Side, mut data: Data<'p>) -> Option<Data<'p>> {
        let frame = *self.frame;
        self.acquire()?.frame = Some(frame);
        while !data.bytes.is_empty() {
            let next = self.end(side).next;
            let (slot, owner) = (self.flow.slot, self.at);
            let (slot, chunks) = self.inspector.slot_and_chunks(slot, owner)?;
            let waiting = &mut slot.ends.of_mut(side).waiting;
            let done = match waiting.room(next, data.seq) {
                Room::Taken(len) => len,
                Room::Free(len) => {
                    let until = usize::try_from(len).unwrap_or(usize::MAX);
                    let piece = data.bytes.get(..until).unwrap_or(data.bytes);
                    if !waiting.keep(next, data.seq, piece, chunks) {
                        self.reclaim();
                        return Some(data);
                    }
                    bump(&mut self.counters.segments_held);
                    u32::try_from(piece.len()).unwrap_or(u32::MAX)
                }
            };
            data = trim(data, done)?;
        }
        // Bytes that were not captured are a hole like any other.
        None
    }

    /// Where no chunk is free, other streams give up theirs: the next early segment finds room.
    #[cold]
    fn reclaim(&mut self) {
        if self.inspector.chunks.is_full() {
            let discarded = self.inspector.reclaim(self.flow.slot);
            let discarded = u64::try_from(discarded).unwrap_or(0);
            self.counters.evictions = self.counters.evictions.saturating_add(discarded);
        }
    }

    /// Passes over the nearest hole: to the first waiting segment, or to `seq` where that is nearer.
    fn give_up_hole(&mut self, side: Side, seq: u32) {
        let next = self.end(side).next;
        let distance = self.distance_to_waiting(side).min(seq.wrapping_sub(next));
        self.skip_to(side, next.wrapping_add(distance));
        self.drain(side);
    }

    /// Goes on at `seq`; what is between is lost.
    fn skip_to(&mut self, side: Side, seq: u32) {
        let end = self.end(side);
        if !end.watched {
            return;
        }
        end.next = seq;
        let Some(slot) = self.slot() else {
            self.end(side).midstream = true;
            return;
        };
        let Some(extractor) = &mut slot.extractor else {
            slot.ends.of_mut(side).take_prefix();
            self.end(side).midstream = true;
            return;
        };
        let verdict = extractor.gap(side);
        bump(&mut self.counters.holes);
        self.heed(side, verdict);
    }

    /// The next bytes of a side.
    fn feed(&mut self, side: Side, bytes: &[u8]) {
        if bytes.is_empty() || !self.end(side).watched {
            return;
        }
        let is_recognised = self.slot().is_some_and(|slot| slot.extractor.is_some());
        if is_recognised {
            self.push(side, bytes);
        } else if self.end(side).watched {
            self.search(side, bytes);
        }
    }

    fn search(&mut self, side: Side, bytes: &[u8]) {
        let midstream = self.end(side).midstream;
        let begun = self
            .slot()
            .is_some_and(|slot| !slot.ends.of(side).prefix().is_empty());
        if !begun {
            let head = bytes.get(..PREFIX_BYTES).unwrap_or(bytes);
            match probe::find(head, midstream) {
                Found::Certain(protocol, role) => self.recognise(side, protocol, role, &[], bytes),
                Found::Unsure if head.len() < PREFIX_BYTES => {
                    if let Some(slot) = self.acquire() {
                        slot.ends.of_mut(side).extend(bytes);
                    }
                }
                Found::Unsure | Found::Nothing => self.reject(side),
            }
            return;
        }
        let Some(slot) = self.slot() else {
            return;
        };
        let partial = slot.ends.of_mut(side);
        let rest = partial.extend(bytes);
        let is_full = partial.prefix().len() == PREFIX_BYTES;
        match probe::find(partial.prefix(), midstream) {
            Found::Unsure if !is_full => {}
            Found::Certain(protocol, role) => {
                let (prefix, len) = partial.take_prefix();
                self.recognise(side, protocol, role, prefix.get(..len).unwrap_or(&[]), rest);
            }
            Found::Unsure | Found::Nothing => {
                partial.take_prefix();
                self.reject(side);
                if midstream && self.end(side).watched {
                    self.search(side, bytes);
                }
            }
        }
    }

    /// No protocol begins like this.
    fn reject(&mut self, side: Side) {
        if self.end(side).midstream {
            self.flow.attempts = self.flow.attempts.saturating_add(1);
            if self.flow.attempts < MIDSTREAM_ATTEMPTS {
                return;
            }
        }
        self.heed(side, Verdict::Done);
    }

    fn recognise(
        &mut self,
        side: Side,
        protocol: &'static Protocol,
        role: Option<Role>,
        prefix: &[u8],
        bytes: &[u8],
    ) {
        self.flow.service = protocol.service;
        self.learn(side, role);
        bump(&mut self.counters.streams);
        let Some(extractor) = protocol.extractor else {
            return self.heed(side, Verdict::Done);
        };
        let Some(slot) = self.acquire() else {
            return;
        };
        slot.extractor = Some(extractor());
        let (other, len) = slot.ends.of_mut(side.other()).take_prefix();
        self.push(side, prefix);
        self.push(side, bytes);
        self.push(side.other(), other.get(..len).unwrap_or(&[]));
    }

    const fn learn(&mut self, side: Side, role: Option<Role>) {
        match role {
            Some(Role::Server) => self.server = Some(side),
            Some(Role::Client) => self.server = Some(side.other()),
            None => {}
        }
    }

    fn push(&mut self, side: Side, bytes: &[u8]) {
        if bytes.is_empty() || !self.end(side).watched {
            return;
        }
        let midstream = self.end(side).midstream;
        let Some(mut extractor) = self.slot().and_then(|slot| slot.extractor.take()) else {
            return;
        };
        let context = Context {
            meta: self.frame.meta,
            origin: self.frame.origin,
            sender: *self.frame.ends.of(side),
        };
        let listener: Endpoint = *self.frame.ends.of(side.other());
        let mut speaker = Speaker {
            context: &context,
            listener,
            midstream,
            role: None,
            sink: &mut *self.sink,
            dropped: &mut self.counters.values_dropped,
            names: &mut self.inspector.names,
        };
        let verdict = extractor.push(side, bytes, &mut speaker);
        let role = speaker.role;
        self.learn(side, role);
        if let Some(slot) = self.slot() {
            slot.extractor = Some(extractor);
        }
        self.heed(side, verdict);
    }

    fn heed(&mut self, side: Side, verdict: Verdict) {
        match verdict {
            Verdict::Continue => return,
            Verdict::SideDone => self.end(side).watched = false,
            Verdict::Done => {
                self.flow.ends.low.watched = false;
                self.flow.ends.high.watched = false;
            }
        }
        let (slot, owner) = (self.flow.slot, self.at);
        if !self.flow.is_watched() {
            self.inspector.release(slot, owner);
            self.flow.slot = NONE;
        } else if let Some((slot, chunks)) = self.inspector.slot_and_chunks(slot, owner) {
            slot.ends.of_mut(side).waiting.clear(chunks);
        }
    }
}

/// What is left of data after its first `count` bytes.
fn trim(data: Data<'_>, count: u32) -> Option<Data<'_>> {
    let len = u32::try_from(data.bytes.len()).unwrap_or(u32::MAX);
    let known = usize::try_from(count).unwrap_or(usize::MAX);
    let bytes = data.bytes.get(known..).unwrap_or(&[]);
    let missing = data.missing.saturating_sub(count.saturating_sub(len));
    (!bytes.is_empty() || missing != 0).then(|| Data {
        seq: data.seq.wrapping_add(count),
        bytes,
        missing,
    })
}
