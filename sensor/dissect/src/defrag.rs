//! Joins IP fragments within hard bounds. Where fragments overlap, the bytes that came first stay.

use std::net::IpAddr;

use crate::counters::{Fragments, bump};
use crate::packet::OriginTag;
use crate::peel::{Fragment, IpHeader};

/// Incomplete datagrams held.
pub const DATAGRAMS: usize = 64;
/// Largest datagram, bytes.
pub const DATAGRAM_BYTES: usize = 64 * 1024;
/// Bytes held for all datagrams.
pub const TOTAL_BYTES: usize = 1024 * 1024;
/// How long the rest of a datagram is awaited, nanoseconds of capture time.
pub const TIMEOUT_NS: i64 = 30_000_000_000;
/// Most separate stretches of one datagram.
const STRETCHES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    origin: OriginTag,
    src: IpAddr,
    dst: IpAddr,
    id: u32,
    /// IPv4 tells datagrams apart by protocol too; in IPv6 only the first fragment states it.
    protocol: Option<u8>,
}

#[derive(Debug)]
struct Datagram {
    key: Key,
    started_ns: i64,
    /// Upper-layer protocol, once the first fragment told.
    protocol: Option<u8>,
    /// Length, once the last fragment told.
    total: Option<usize>,
    data: Vec<u8>,
    /// Stretches of `data` that hold bytes: start and end, in order, never touching.
    held: Vec<(usize, usize)>,
    /// Wire bytes of its frames so far.
    wire_bytes: u32,
}

/// A datagram all of whose fragments came.
#[derive(Debug)]
pub(crate) struct Joined {
    /// Its header, with the protocol of the first fragment.
    pub(crate) header: IpHeader,
    /// What follows the IP header.
    pub(crate) data: Vec<u8>,
    /// Wire bytes of all its frames.
    pub(crate) wire_bytes: u32,
}

/// The table of incomplete datagrams, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Defrag {
    datagrams: Vec<Datagram>,
    bytes: usize,
}

impl Defrag {
    /// Adds a fragment; yields its datagram when that is complete.
    pub(crate) fn push(
        &mut self,
        now_ns: i64,
        wire_len: u32,
        origin: OriginTag,
        fragment: &Fragment<'_>,
        counters: &mut Fragments,
    ) -> Option<Joined> {
        bump(&mut counters.received);
        self.expire(now_ns, counters);
        let key = Key {
            origin,
            src: fragment.header.src,
            dst: fragment.header.dst,
            id: fragment.id,
            protocol: fragment
                .header
                .src
                .is_ipv4()
                .then_some(fragment.header.protocol),
        };
        let Some((start, end)) = place(fragment) else {
            bump(&mut counters.refused);
            return None;
        };
        let place = self.datagrams.iter().position(|d| d.key == key);
        let mut datagram = match place {
            Some(index) => self.datagrams.remove(index),
            None => Datagram {
                key,
                started_ns: now_ns,
                protocol: None,
                total: None,
                data: Vec::new(),
                held: Vec::new(),
                wire_bytes: 0,
            },
        };
        self.bytes = self.bytes.saturating_sub(datagram.data.len());
        datagram.wire_bytes = datagram.wire_bytes.saturating_add(wire_len);
        if start == 0 {
            datagram.protocol.get_or_insert(fragment.header.protocol);
        }
        match datagram.add(start, end, fragment) {
            Added::Fresh => {}
            Added::Overlapping => bump(&mut counters.overlapping),
            Added::Refused => bump(&mut counters.refused),
        }
        if let Some(protocol) = datagram.complete() {
            bump(&mut counters.joined);
            return Some(Joined {
                header: IpHeader {
                    protocol,
                    ..fragment.header
                },
                data: datagram.data,
                wire_bytes: datagram.wire_bytes,
            });
        }
        self.keep(datagram, place, counters);
        None
    }

    /// Puts a datagram (back) into its place, pushing out the oldest where a bound is reached.
    fn keep(&mut self, datagram: Datagram, place: Option<usize>, counters: &mut Fragments) {
        let needed = datagram.data.len();
        let mut place = place.unwrap_or(self.datagrams.len());
        while !self.datagrams.is_empty()
            && (self.datagrams.len() >= DATAGRAMS
                || self.bytes.saturating_add(needed) > TOTAL_BYTES)
        {
            let oldest = self.datagrams.remove(0);
            self.bytes = self.bytes.saturating_sub(oldest.data.len());
            place = place.saturating_sub(1);
            bump(&mut counters.evicted);
        }
        self.bytes = self.bytes.saturating_add(needed);
        self.datagrams
            .insert(place.min(self.datagrams.len()), datagram);
    }

    /// Gives up what has been awaited too long.
    pub(crate) fn expire(&mut self, now_ns: i64, counters: &mut Fragments) {
        let mut freed = 0_usize;
        self.datagrams.retain(|datagram| {
            let late = now_ns.saturating_sub(datagram.started_ns) > TIMEOUT_NS;
            if late {
                freed = freed.saturating_add(datagram.data.len());
                bump(&mut counters.expired);
            }
            !late
        });
        self.bytes = self.bytes.saturating_sub(freed);
    }
}

/// Start and end of a fragment within its datagram; `None` where no sender would put it.
fn place(fragment: &Fragment<'_>) -> Option<(usize, usize)> {
    let start = usize::try_from(fragment.offset).ok()?;
    let end = start.checked_add(fragment.data.len())?;
    // All but the last fragment are multiples of eight (RFC 791, RFC 8200).
    let whole = !fragment.more || fragment.data.len().is_multiple_of(8);
    (end <= DATAGRAM_BYTES && whole && start < end).then_some((start, end))
}

enum Added {
    Fresh,
    Overlapping,
    Refused,
}

impl Datagram {
    fn add(&mut self, start: usize, end: usize, fragment: &Fragment<'_>) -> Added {
        let last_end = self.held.last().map_or(0, |(_, end)| *end);
        let contradicts = match self.total {
            Some(total) => end > total || (!fragment.more && end != total),
            None => !fragment.more && last_end > end,
        };
        if contradicts {
            return Added::Refused;
        }
        if !fragment.more {
            self.total = Some(end);
        }
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        let mut overlaps = false;
        let mut at = start;
        // Copies only what lies between the stretches already held.
        for (held_start, held_end) in self.held.iter().copied().chain([(end, end)]) {
            if held_end <= at || at >= end {
                continue;
            }
            let gap_end = held_start.clamp(at, end);
            copy(&mut self.data, at..gap_end, fragment.data, start);
            overlaps |= held_start < end;
            at = held_end;
        }
        if at < end {
            copy(&mut self.data, at..end, fragment.data, start);
        }
        if !self.hold(start, end) {
            return Added::Refused;
        }
        if overlaps {
            Added::Overlapping
        } else {
            Added::Fresh
        }
    }

    /// Notes a stretch, merged with those it touches; `false` where there are too many.
    fn hold(&mut self, start: usize, end: usize) -> bool {
        let (mut start, mut end) = (start, end);
        self.held.retain(|(held_start, held_end)| {
            let apart = *held_end < start || *held_start > end;
            if !apart {
                start = start.min(*held_start);
                end = end.max(*held_end);
            }
            apart
        });
        if self.held.len() >= STRETCHES {
            return false;
        }
        let place = self.held.partition_point(|(held, _)| *held < start);
        self.held.insert(place, (start, end));
        true
    }

    /// The protocol, when nothing is missing.
    fn complete(&self) -> Option<u8> {
        let total = self.total?;
        (self.held.as_slice() == [(0, total)])
            .then_some(self.protocol)
            .flatten()
    }
}

/// Copies to `range` of a datagram what a fragment that begins at `start` has for it.
fn copy(data: &mut [u8], range: std::ops::Range<usize>, fragment: &[u8], start: usize) {
    let from = range.start.saturating_sub(start);
    let length = range.len();
    let source = fragment.get(from..).and_then(|source| source.get(..length));
    if let (Some(target), Some(source)) = (data.get_mut(range), source) {
        target.copy_from_slice(source);
    }
}

#[cfg(test)]
mod tests;
