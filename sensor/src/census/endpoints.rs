//! Who is there: first and last seen, frames and bytes sent, in a bounded table.
//!
//! An active endpoint is reported after an interval that doubles with every report, up to a bound. A heartbeat says what nothing else
//! says: an endpoint's first one is left out when the frame that showed it also stated something about
//! it that is reported, and an interface without an address has none while its addresses have theirs.

use auscult_dissect::OriginTag;
use auscult_proto::observation::{Endpoint, Heartbeat, Millis};

use super::key::{self, EndpointKey};
use super::table::{Index, Table};

/// The queue of endpoints that became active. The ones behind it wait two intervals, and four.
const ACTIVE: u8 = 0;
const LAST_QUEUE: u8 = 2;
/// Frames this soon after the last that was reported say nothing new: "last seen" moves in steps of it.
const NEWS: Millis = 60_000;

#[derive(Debug, Clone, Copy)]
struct Presence {
    first_seen: Millis,
    last_seen: Millis,
    reported: Millis,
    packets: u64,
    bytes: u64,
    reported_packets: u64,
    /// `last_seen` as reported.
    reported_seen: Millis,
}

impl Presence {
    /// Whether it was there so much longer than reported that it is worth saying.
    fn has_news(&self) -> bool {
        self.last_seen.saturating_sub(self.reported_seen) >= NEWS
            || self.last_seen < self.reported_seen
    }
}

/// A heartbeat to be sent.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) origin: OriginTag,
    pub(super) first_seen: Millis,
    pub(super) last_seen: Millis,
    pub(super) count: u64,
    pub(super) heartbeat: Heartbeat,
}

/// The bounded table of endpoints.
#[derive(Debug)]
pub(super) struct Endpoints {
    table: Table<EndpointKey, Presence>,
    seed: u64,
    interval: Millis,
    last_tag: OriginTag,
    last_realm: u128,
    /// Seen for the first time in the current frame, and not reported yet.
    fresh: Option<Index>,
    pub(super) evictions: u64,
}

impl Endpoints {
    pub(super) fn new(limit: usize, seed: u64, interval: Millis) -> Self {
        Self {
            table: Table::new(limit),
            seed,
            interval,
            last_tag: OriginTag::default(),
            last_realm: key::realm(&OriginTag::default()),
            fresh: None,
            evictions: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// Counts a frame.
    pub(super) fn seen(
        &mut self,
        tag: &OriginTag,
        sender: &Endpoint,
        bytes: u32,
        now: Millis,
        mut say: impl FnMut(Said),
    ) {
        self.settle(now, &mut say);
        if *tag != self.last_tag {
            self.last_tag = *tag;
            self.last_realm = key::realm(tag);
        }
        let key = EndpointKey::new(self.last_realm, sender);
        let fresh = Presence {
            first_seen: now,
            last_seen: now,
            reported: now,
            packets: 0,
            bytes: 0,
            reported_packets: 0,
            reported_seen: now,
        };
        let found = self.table.entry(key, key.hash(self.seed), || fresh);
        if let Some((key, mut presence)) = found.evicted {
            self.evictions += 1;
            if presence.has_news() {
                say(said(&key, &mut presence, now));
            }
        }
        let presence = self.table.value_mut(found.index);
        presence.packets += 1;
        presence.bytes = presence.bytes.saturating_add(u64::from(bytes));
        presence.last_seen = now;
        if found.new {
            self.fresh = Some(found.index);
        } else if self.table.queue_of(found.index).is_none() {
            self.report(found.index, now, ACTIVE, &mut say);
        }
    }

    /// Whether somebody is new and not reported yet.
    pub(super) fn has_fresh(&self) -> bool {
        self.fresh.is_some()
    }

    /// A statement by this sender is reported: where the sender is new, that says it all.
    pub(super) fn stated(&mut self, sender: &Endpoint, now: Millis) {
        if let Some(index) = self.fresh
            && self.table.key(index).endpoint() == *sender
        {
            self.fresh = None;
            self.reported(index, now, ACTIVE);
        }
    }

    /// The frame is over: reports who was new in it and said nothing.
    pub(super) fn settle(&mut self, now: Millis, mut say: impl FnMut(Said)) {
        if let Some(index) = self.fresh.take() {
            self.report(index, now, ACTIVE, &mut say);
        }
    }

    fn report(&mut self, index: Index, now: Millis, queue: u8, say: &mut impl FnMut(Said)) {
        let key = *self.table.key(index);
        say(said(&key, self.table.value_mut(index), now));
        let queue = queue.min(LAST_QUEUE);
        self.table.queue(index, queue);
        let said = self.table.value(index).last_seen;
        if let Some(interface) = key.interface()
            && let Some(index) = self.table.find(&interface, interface.hash(self.seed))
            && self.table.value(index).last_seen.saturating_sub(said) < NEWS
        {
            self.reported(index, now, queue);
        }
    }

    fn reported(&mut self, index: Index, now: Millis, queue: u8) {
        let presence = self.table.value_mut(index);
        presence.reported = now;
        presence.reported_packets = presence.packets;
        presence.reported_seen = presence.last_seen;
        self.table.queue(index, queue);
    }

    /// Reports what is due, at most `budget` entries of each queue; returns when to look again.
    pub(super) fn advance(
        &mut self,
        now: Millis,
        budget: usize,
        mut say: impl FnMut(Said),
    ) -> Millis {
        let mut next = Millis::MAX;
        for queue in ACTIVE..=LAST_QUEUE {
            next = next.min(self.advance_queue(queue, now, budget, &mut say));
        }
        next
    }

    fn advance_queue(
        &mut self,
        queue: u8,
        now: Millis,
        budget: usize,
        say: &mut impl FnMut(Said),
    ) -> Millis {
        let wait = self.interval.saturating_mul(1 << queue);
        for _ in 0..budget {
            let Some(index) = self.table.first(queue) else {
                return Millis::MAX;
            };
            let presence = self.table.value(index);
            let due = presence.reported.saturating_add(wait);
            if due > now && presence.reported <= now {
                return due;
            }
            if presence.has_news() {
                self.report(index, now, queue + 1, say);
            } else {
                self.table.unqueue(index);
            }
        }
        now
    }

    /// The last report of the endpoint at `place`, if it has anything new; `Err` past the end.
    pub(super) fn close(&mut self, place: usize, now: Millis) -> Result<Option<Said>, PastTheEnd> {
        let index = self.table.at(place).ok_or(PastTheEnd)?;
        let key = *self.table.key(index);
        let presence = self.table.value_mut(index);
        Ok(presence.has_news().then(|| said(&key, presence, now)))
    }
}

/// There is no entry at this place.
#[derive(Debug)]
pub(super) struct PastTheEnd;

fn said(key: &EndpointKey, presence: &mut Presence, now: Millis) -> Said {
    let count = presence.packets.saturating_sub(presence.reported_packets);
    presence.reported_packets = presence.packets;
    presence.reported = now;
    presence.reported_seen = presence.last_seen;
    Said {
        origin: key::tag(key.realm()),
        first_seen: presence.first_seen.min(presence.last_seen),
        last_seen: presence.last_seen,
        count: count.max(1),
        heartbeat: Heartbeat {
            endpoint: key.endpoint(),
            bytes_sent: presence.bytes,
            packets_sent: presence.packets,
        },
    }
}

#[cfg(test)]
pub(super) const ENTRY_BYTES: usize = Table::<EndpointKey, Presence>::entry_bytes();
