//! Which statements are worth repeating.
//!
//! A statement is (realm, sender, subject, attribute, field, value). It is reported at first sight, when it returns after its place
//! was taken by another value, and every heartbeat interval. Only a keyed 64-bit hash of it is kept.

use std::hash::Hasher;

use auscult_proto::Attribute;
use auscult_proto::observation::{Endpoint, Millis, Subject};

use super::hash::KeyedHash;
use super::key;
use super::table::{Index, Table};

/// What a report says about the sightings behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) first_seen: Millis,
    /// Sightings since the last report, this one included.
    pub(super) count: u64,
}

/// When a statement is repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cadence {
    /// A statement that still holds is repeated after this time.
    pub(super) heartbeat: Millis,
    /// A statement that returns is repeated, but not sooner than this after its last report. `None`: several values hold at once.
    pub(super) on_return: Option<Millis>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    first_seen: Millis,
    reported: Millis,
    /// Sightings since the last report.
    count: u32,
    /// For a statement: which address the sender had (0 = none). For a place: which value was reported last.
    tag: u32,
}

/// Hashes of one sighting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashes {
    /// Without the sender's network address, when it has a link-layer one.
    by_sender: u64,
    /// With it.
    by_address: u64,
    /// The network address alone.
    address_tag: u32,
    /// The same without the value: the place that a value fills.
    place: u64,
}

/// Hashes a statement; `what` feeds what is stated but for the value.
pub(super) fn hashes(
    seed: u64,
    realm: u128,
    sender: &Endpoint,
    what: impl FnOnce(&mut KeyedHash),
    value: impl FnOnce(&mut KeyedHash),
) -> Hashes {
    let mut hash = KeyedHash::new(seed);
    hash.wide(realm);
    let identity = Endpoint {
        mac: sender.mac,
        ip: sender.ip.filter(|_| sender.mac.is_none()),
    };
    key::endpoint(&mut hash, &identity);
    what(&mut hash);
    let mut place = hash;
    place.word(u64::MAX);
    value(&mut hash);
    let mut address = KeyedHash::new(seed);
    key::endpoint(
        &mut address,
        &Endpoint {
            mac: None,
            ip: sender.ip,
        },
    );
    let address = if sender.ip.is_some() && sender.mac.is_some() {
        address.finish() | 1
    } else {
        0
    };
    let mut by_address = hash;
    by_address.word(address);
    Hashes {
        by_sender: hash.finish(),
        by_address: by_address.finish(),
        address_tag: tag(address),
        place: place.finish(),
    }
}

/// Hashes what a fact states, but for its value.
pub(super) fn fact_place(
    hash: &mut KeyedHash,
    subject: &Subject,
    attribute: Attribute,
    field: auscult_proto::Field,
) {
    key::subject(hash, subject);
    let number = |value: i32| u64::try_from(value).unwrap_or(0);
    hash.word((number(attribute.into()) << 32) | number(field.into()));
}

/// The bounded memory of what was said.
#[derive(Debug)]
pub(super) struct Statements {
    entries: Table<u64, Entry>,
    pub(super) evictions: u64,
}

impl Statements {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            entries: Table::new(limit),
            evictions: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Counts a sighting; says whether it is to be reported.
    pub(super) fn sighting(
        &mut self,
        hashes: &Hashes,
        cadence: Cadence,
        now: Millis,
    ) -> Option<Report> {
        let (index, new) = self.locate(hashes, now);
        let value_tag = tag(hashes.by_sender);
        let returns = cadence
            .on_return
            .is_some_and(|wait| self.returns(hashes.place, value_tag, index, wait, now));
        let entry = self.entries.value_mut(index);
        entry.count = entry.count.saturating_add(1);
        // A report from the future means that the clock was set back: waiting it out could silence the statement for years.
        let due = elapsed(entry.reported, now) >= cadence.heartbeat;
        if !(new || due || returns) {
            return None;
        }
        entry.reported = now;
        let report = Report {
            first_seen: entry.first_seen.min(now),
            count: u64::from(std::mem::take(&mut entry.count)),
        };
        if cadence.on_return.is_some() {
            self.take_place(hashes.place, value_tag, now);
        }
        Some(report)
    }

    /// The entry of this statement: with and without the sender's network address is one, two addresses are two.
    fn locate(&mut self, hashes: &Hashes, now: Millis) -> (Index, bool) {
        let fresh = Entry {
            first_seen: now,
            reported: now,
            count: 0,
            tag: hashes.address_tag,
        };
        let found = self
            .entries
            .entry(hashes.by_sender, hashes.by_sender, || fresh);
        self.evictions += u64::from(found.evicted.is_some());
        let entry = self.entries.value_mut(found.index);
        if hashes.address_tag == 0 || entry.tag == hashes.address_tag {
            return (found.index, found.new);
        }
        if entry.tag == 0 {
            entry.tag = hashes.address_tag;
            return (found.index, found.new);
        }
        let other = self
            .entries
            .entry(hashes.by_address, hashes.by_address, || fresh);
        self.evictions += u64::from(other.evicted.is_some());
        (other.index, other.new)
    }

    fn returns(&self, place: u64, value: u32, index: Index, wait: Millis, now: Millis) -> bool {
        let taken = self
            .entries
            .find(&place, place)
            .is_some_and(|at| self.entries.value(at).tag != value);
        taken && elapsed(self.entries.value(index).reported, now) >= wait
    }

    fn take_place(&mut self, place: u64, value: u32, now: Millis) {
        let found = self.entries.entry(place, place, || Entry {
            first_seen: now,
            reported: now,
            count: 0,
            tag: value,
        });
        self.evictions += u64::from(found.evicted.is_some());
        self.entries.value_mut(found.index).tag = value;
    }
}

/// Time since `then`; for ever when `then` lies in the future.
fn elapsed(then: Millis, now: Millis) -> Millis {
    if then > now {
        Millis::MAX
    } else {
        now.saturating_sub(then)
    }
}

fn tag(hash: u64) -> u32 {
    let [.., a, b, c, d] = hash.to_le_bytes();
    let tag = u32::from_le_bytes([a, b, c, d]);
    if hash == 0 { 0 } else { tag.max(1) }
}

/// Whether a sender has one value of this attribute at a time, so that an earlier value that returns is a change.
pub(super) fn is_single(attribute: Attribute) -> bool {
    !matches!(
        attribute,
        Attribute::AeTitle
            | Attribute::Application
            | Attribute::Facility
            | Attribute::SopClass
            | Attribute::ImplementationUid
            | Attribute::ImplementationVersion
            | Attribute::MessageType
            | Attribute::ProtocolVersion
            | Attribute::Profile
            | Attribute::ManagementAddress
            | Attribute::LeaseServer
            | Attribute::Enterprise
            | Attribute::Eui64
            | Attribute::Role
    )
}

#[cfg(test)]
pub(super) const ENTRY_BYTES: usize = Table::<u64, Entry>::entry_bytes();
