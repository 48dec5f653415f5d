//! Who talks to whom: cumulative totals in a bounded table.
//!
//! A conversation is reported a second after it began, when it has turned out what it is, then after an interval that doubles with every
//! report as long as it stays active, and at once when the statement itself changes.

use auscult_dissect::{ConversationKey, ConversationReport};
use auscult_proto::observation::{Conversation, Millis};
use auscult_proto::{DirectionEvidence, Service};

use super::endpoints::PastTheEnd;
use super::key;
use super::table::{Index, Table};

/// TCP conversations with fewer frames say nothing about one-way visibility: an unanswered SYN is no fault of the mirror port.
const JUDGED_FRAMES: u64 = 4;
const TCP: u8 = 6;
/// How long a new conversation may take to show both directions and its protocol before it is reported.
pub(super) const SETTLE: Millis = 1000;
/// The queue of new conversations. The ones behind it wait one interval, two, four.
const NEW: u8 = 0;
const LAST_QUEUE: u8 = 3;

/// Totals of one conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    pub(super) first_seen: Millis,
    pub(super) last_seen: Millis,
    reported: Millis,
    reported_frames: u64,
    bytes_to_server: u64,
    bytes_to_client: u64,
    packets_to_server: u64,
    packets_to_client: u64,
    service: Service,
    evidence: DirectionEvidence,
    one_way_said: bool,
    judged: Judged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    NotYet,
    OneWay,
    TwoWay,
}

impl Totals {
    fn new(report: &ConversationReport, first_seen: Millis) -> Self {
        Self {
            first_seen,
            last_seen: first_seen,
            reported: first_seen,
            reported_frames: 0,
            bytes_to_server: 0,
            bytes_to_client: 0,
            packets_to_server: 0,
            packets_to_client: 0,
            service: report.service,
            evidence: report.evidence,
            one_way_said: false,
            judged: Judged::NotYet,
        }
    }

    fn frames(&self) -> u64 {
        self.packets_to_server
            .saturating_add(self.packets_to_client)
    }

    fn one_way(&self) -> bool {
        self.packets_to_server == 0 || self.packets_to_client == 0
    }

    /// Adds a report; says whether the statement itself (not only its totals) changed.
    fn add(&mut self, report: &ConversationReport, last_seen: Millis) -> bool {
        let add = |total: &mut u64, more: u64| *total = total.saturating_add(more);
        add(&mut self.bytes_to_server, report.bytes_to_server);
        add(&mut self.bytes_to_client, report.bytes_to_client);
        add(&mut self.packets_to_server, report.packets_to_server);
        add(&mut self.packets_to_client, report.packets_to_client);
        self.last_seen = self.last_seen.max(last_seen);
        let mut changed = self.one_way_said && !self.one_way();
        if self.service == Service::Unspecified && report.service != Service::Unspecified {
            self.service = report.service;
            changed = true;
        }
        // Evidence is numbered from the strongest to the weakest.
        if is_stronger(report.evidence, self.evidence) {
            self.evidence = report.evidence;
            changed = true;
        }
        changed
    }

    fn dirty(&self) -> bool {
        self.frames() > self.reported_frames
    }
}

/// Whether `new` says better than `old` which side is the client.
pub(crate) fn is_stronger(new: DirectionEvidence, old: DirectionEvidence) -> bool {
    let rank = |evidence: DirectionEvidence| match i32::from(evidence) {
        0 => i32::MAX,
        rank => rank,
    };
    rank(new) < rank(old)
}

/// A conversation observation to be sent.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) key: ConversationKey,
    pub(super) first_seen: Millis,
    pub(super) last_seen: Millis,
    pub(super) count: u64,
    pub(super) conversation: Conversation,
}

/// The bounded table of conversations.
#[derive(Debug)]
pub(super) struct Conversations {
    table: Table<ConversationKey, Totals>,
    seed: u64,
    interval: Millis,
    pub(super) evictions: u64,
    one_way: u64,
    judged: u64,
}

impl Conversations {
    pub(super) fn new(limit: usize, seed: u64, interval: Millis) -> Self {
        Self {
            table: Table::new(limit),
            seed,
            interval,
            evictions: 0,
            one_way: 0,
            judged: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// Conversations over TCP that are long enough to be judged, and those of them of which one direction was never seen.
    pub(super) fn judged(&self) -> (u64, u64) {
        (self.judged, self.one_way)
    }

    /// Adds what a flow did. Up to two observations: the one who had to leave, and this one.
    pub(super) fn add(
        &mut self,
        report: &ConversationReport,
        now: Millis,
        mut say: impl FnMut(Said),
    ) {
        let first = (report.first_ns / 1_000_000).max(0);
        let last = (report.last_ns / 1_000_000).max(first);
        let hash = key::conversation(self.seed, key::realm(&report.key.origin), &report.key);
        let found = self
            .table
            .entry(report.key, hash, || Totals::new(report, first));
        if let Some((key, mut totals)) = found.evicted {
            self.evictions += 1;
            say(said(key, &mut totals, now, true));
        }
        let totals = self.table.value_mut(found.index);
        let changed = totals.add(report, last);
        self.judge(found.index);
        match (found.new, self.table.queue_of(found.index)) {
            (true, _) => {
                self.table.value_mut(found.index).reported = now;
                self.table.queue(found.index, NEW);
            }
            (false, None) => self.report(found.index, now, NEW + 1, &mut say),
            (false, Some(queue)) if changed && queue > NEW => {
                self.report(found.index, now, queue, &mut say);
            }
            _ => {}
        }
    }

    fn judge(&mut self, index: Index) {
        if self.table.key(index).ip_protocol != TCP {
            return;
        }
        let totals = self.table.value_mut(index);
        match (totals.judged, totals.one_way()) {
            (Judged::NotYet, one_way) if totals.frames() >= JUDGED_FRAMES => {
                totals.judged = if one_way {
                    Judged::OneWay
                } else {
                    Judged::TwoWay
                };
                self.judged += 1;
                self.one_way += u64::from(one_way);
            }
            (Judged::OneWay, false) => {
                totals.judged = Judged::TwoWay;
                self.one_way -= 1;
            }
            _ => {}
        }
    }

    fn report(&mut self, index: Index, now: Millis, queue: u8, say: &mut impl FnMut(Said)) {
        let key = *self.table.key(index);
        say(said(key, self.table.value_mut(index), now, false));
        self.table.queue(index, queue.min(LAST_QUEUE));
    }

    /// Reports what is due, at most `budget` entries of each queue; returns when to look again.
    pub(super) fn advance(
        &mut self,
        now: Millis,
        budget: usize,
        mut say: impl FnMut(Said),
    ) -> Millis {
        let mut next = Millis::MAX;
        for queue in NEW..=LAST_QUEUE {
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
        let wait = match queue {
            NEW => SETTLE,
            doubled => self.interval.saturating_mul(1 << (doubled - 1)),
        };
        for _ in 0..budget {
            let Some(index) = self.table.first(queue) else {
                return Millis::MAX;
            };
            let totals = self.table.value(index);
            let due = totals.reported.saturating_add(wait);
            if due > now && totals.reported <= now {
                return due;
            }
            if queue == NEW || totals.dirty() {
                self.report(index, now, queue + 1, say);
            } else {
                self.table.unqueue(index);
            }
        }
        now
    }

    /// The last report of the conversation at `place`, if it has anything new; `Err` past the end.
    pub(super) fn close(&mut self, place: usize, now: Millis) -> Result<Option<Said>, PastTheEnd> {
        let index = self.table.at(place).ok_or(PastTheEnd)?;
        let key = *self.table.key(index);
        let news = self.table.value(index).dirty() || self.table.queue_of(index) == Some(NEW);
        let totals = self.table.value_mut(index);
        Ok(news.then(|| said(key, totals, now, true)))
    }

    pub(super) fn clear(&mut self, limit: usize) {
        self.table = Table::new(limit);
    }
}

fn said(key: ConversationKey, totals: &mut Totals, now: Millis, closed: bool) -> Said {
    let frames = totals.frames();
    let count = frames.saturating_sub(totals.reported_frames).max(1);
    totals.reported_frames = frames;
    totals.reported = now;
    totals.one_way_said = totals.one_way();
    Said {
        key,
        first_seen: totals.first_seen,
        last_seen: totals.last_seen.max(totals.first_seen),
        count,
        conversation: Conversation {
            client: key.client,
            server: key.server,
            ip_protocol: key.ip_protocol,
            port: key.port,
            service: totals.service,
            bytes_to_server: totals.bytes_to_server,
            bytes_to_client: totals.bytes_to_client,
            packets_to_server: totals.packets_to_server,
            packets_to_client: totals.packets_to_client,
            evidence: totals.evidence,
            one_way: totals.one_way(),
            closed,
        },
    }
}

#[cfg(test)]
pub(super) const ENTRY_BYTES: usize = Table::<ConversationKey, Totals>::entry_bytes();
