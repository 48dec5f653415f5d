//! What the spool promises, kept beside it and compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use auscult_proto::LossReason;

use crate::disk::faulty::{FaultyDisk, Loss, Mishap};
use crate::mark::Report;
use crate::tests::owner;
use crate::{AppendError, Clock, Options, Spool};

const SEGMENT: u64 = 2048;
pub(crate) const LIMIT: u64 = 4 * SEGMENT + 32 * 1024;
const REPORT: &[u8] = b"LOSS";

/// One thing that happens to a spool.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Append { count: u32, size: usize },
    Sync,
    Read { max: usize },
    Release { permille: u64 },
    Report,
    Advance { ms: i64 },
    Mishap { after: u64, mishap: Mishap },
    Full(bool),
    Broken(bool),
    Kill,
    Restart,
    Rot { file: usize, offset: usize },
    Unreadable { file: usize },
}

type Batch = (u32, Vec<u8>);
/// Reason, first sequence, count.
type Lost = (LossReason, u64, u64);

pub(super) struct World {
    pub(super) disk: FaultyDisk,
    clock: Arc<AtomicI64>,
    survival: Loss,
    pub(super) spool: Option<Spool>,
    /// What was last appended under each sequence.
    assigned: BTreeMap<u64, Batch>,
    /// Appended in this life of the process and not accepted yet.
    unsynced: Vec<u64>,
    /// What sync said is durable.
    accepted: BTreeMap<u64, Batch>,
    /// What was ever read, and so may have been sent.
    sent: BTreeMap<u64, Batch>,
    /// Losses by the sequence of the batch that reports them, once that is durable.
    reported: BTreeMap<u64, Vec<Lost>>,
    released: u64,
    refused: u64,
    serial: u64,
    crashed: bool,
    rotten: bool,
}

impl World {
    pub(super) fn new(seed: u64, survival: Loss) -> Self {
        let mut world = Self {
            disk: FaultyDisk::new(seed),
            clock: Arc::new(AtomicI64::new(1_000_000)),
            survival,
            spool: None,
            assigned: BTreeMap::new(),
            unsynced: Vec::new(),
            accepted: BTreeMap::new(),
            sent: BTreeMap::new(),
            reported: BTreeMap::new(),
            released: 0,
            refused: 0,
            serial: 0,
            crashed: false,
            rotten: false,
        };
        world.open();
        world
    }

    pub(super) fn options(&self) -> Options {
        let clock = Arc::clone(&self.clock);
        Options {
            max_bytes: LIMIT,
            segment_bytes: SEGMENT,
            pending_bytes: 4096,
            clock: Clock::new(move || clock.load(Ordering::Relaxed)),
            owner: Some(owner("main/span-1")),
            ..Options::new("unused")
        }
    }

    /// Opens, through whatever mishaps are still planned.
    fn open(&mut self) {
        self.unsynced.clear();
        for _ in 0..20 {
            match Spool::open_on(Box::new(self.disk.clone()), self.options()) {
                Ok((spool, _)) => {
                    assert_eq!(spool.owner(), self.options().owner.as_ref());
                    self.spool = Some(spool);
                    self.verify();
                    return;
                }
                Err(error) if self.disk.is_dead() => {
                    drop(error);
                    self.crashed = true;
                    self.disk.reboot(self.survival);
                }
                Err(_) => {
                    self.disk.set_broken(false);
                    self.disk.set_capacity(None);
                }
            }
        }
        panic!("the spool does not open");
    }

    pub(super) fn run(&mut self, op: &Op) {
        self.step(op);
        if self.disk.is_dead() {
            self.crashed = true;
            self.spool = None;
            self.disk.reboot(self.survival);
            self.open();
        }
        let allocated = self.disk.allocated();
        assert!(allocated <= LIMIT, "{allocated} bytes on disk");
    }

    fn step(&mut self, op: &Op) {
        let Some(spool) = &mut self.spool else {
            return;
        };
        match *op {
            Op::Append { count, size } => {
                self.serial += 1;
                let body = self.serial.to_be_bytes().into_iter().cycle();
                let body: Vec<u8> = body.take(size.max(8)).collect();
                self.append(count, body);
            }
            Op::Sync => self.sync(),
            Op::Read { max } => self.read(max),
            Op::Release { permille } => {
                let readable = spool.durable().saturating_sub(spool.acked());
                let through = spool.acked() + readable * permille / 1000;
                // Only what was read can be acknowledged.
                let sent = self.sent.last_key_value();
                let last_sent = sent.map_or(0, |(first, (count, _))| first + u64::from(*count) - 1);
                let through = through.min(last_sent);
                drop(spool.release(through));
                self.released = self.released.max(through);
            }
            Op::Report => self.report(),
            Op::Advance { ms } => {
                self.clock.fetch_add(ms, Ordering::Relaxed);
            }
            Op::Mishap { after, mishap } => self.disk.plan(after, mishap),
            Op::Full(full) => {
                let capacity = full.then(|| self.disk.allocated());
                self.disk.set_capacity(capacity);
            }
            Op::Broken(broken) => self.disk.set_broken(broken),
            Op::Kill => {
                self.disk.plan(0, Mishap::Crash);
                self.spool = None;
                self.crashed = true;
                self.disk.reboot(self.survival);
                self.open();
            }
            Op::Restart => {
                self.spool = None;
                // What was not synced is gone with the process.
                self.crashed = true;
                if self.disk.is_dead() {
                    self.disk.reboot(self.survival);
                }
                self.open();
            }
            Op::Rot { file, offset } => {
                // What was never read and not noted yet either could be taken for a torn write.
                if spool.read_from(1, usize::MAX).is_err() {
                    return;
                }
                if let Some(name) = self.segment(file) {
                    let length = self.disk.content(&name).len();
                    self.disk.rot(&name, offset % length.max(1), 0x10);
                    self.rotten = true;
                }
            }
            Op::Unreadable { file } => {
                if spool.read_from(1, usize::MAX).is_err() {
                    return;
                }
                if let Some(name) = self.segment(file) {
                    self.disk.make_unreadable(&name);
                    self.rotten = true;
                }
            }
        }
    }

    fn segment(&self, index: usize) -> Option<String> {
        let names = self.disk.names();
        let segments: Vec<_> = names.iter().filter(|n| n.ends_with(".segment")).collect();
        let index = index.checked_rem(segments.len())?;
        Some(segments[index].clone())
    }

    fn append(&mut self, count: u32, body: Vec<u8>) -> bool {
        let spool = self.spool.as_mut().unwrap();
        match spool.append(&body, count) {
            Ok(appended) => {
                // What was assigned from here on before a crash does not exist any more.
                self.assigned.split_off(&appended.first_seq);
                self.assigned.insert(appended.first_seq, (count, body));
                self.unsynced.push(appended.first_seq);
                true
            }
            Err(AppendError::Parked { count, .. }) => {
                self.refused += u64::from(count);
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn sync(&mut self) {
        let spool = self.spool.as_mut().unwrap();
        if let Ok(durable) = spool.sync() {
            assert_eq!(durable, spool.durable());
            assert_eq!(durable + 1, spool.next_seq());
            for first in self.unsynced.drain(..) {
                let batch = self.assigned[&first].clone();
                note_report(&mut self.reported, first, &batch);
                self.accepted.insert(first, batch);
            }
        }
    }

    fn report(&mut self) {
        let losses = self.spool.as_mut().unwrap().losses();
        if losses.is_empty() {
            return;
        }
        let mut body = REPORT.to_vec();
        for loss in losses {
            body.extend(i32::from(loss.reason).to_be_bytes());
            body.extend(loss.first_seq.to_be_bytes());
            body.extend(loss.count.to_be_bytes());
        }
        self.append(1, body);
    }

    /// Reads once and checks what came against what was appended and sent.
    fn read(&mut self, max: usize) {
        let spool = self.spool.as_mut().unwrap();
        let from = spool.acked() + 1;
        let Ok(batches) = spool.read_from(from, max) else {
            return;
        };
        let mut room = max;
        for (index, batch) in batches.iter().enumerate() {
            assert!(index == 0 || batch.body.len() <= room);
            room = room.saturating_sub(batch.body.len());
            self.receive(batch.first_seq, batch.count, &batch.body);
        }
    }

    fn receive(&mut self, first: u64, count: u32, body: &[u8]) {
        let batch = (count, body.to_vec());
        assert_eq!(self.assigned.get(&first), Some(&batch), "sequence {first}");
        if let Some(before) = self.sent.get(&first) {
            assert_eq!(before, &batch, "sequence {first} was used twice");
        }
        note_report(&mut self.reported, first, &batch);
        self.sent.insert(first, batch);
    }

    /// Everything that the spool promises, at once.
    fn verify(&mut self) {
        let spool = self.spool.as_mut().unwrap();
        let mut present = BTreeMap::new();
        let mut from = 1;
        loop {
            let Ok(batches) = spool.read_from(from, 700) else {
                return; // Died in the middle of a quarantine.
            };
            let Some(last) = batches.last() else { break };
            let next = last.first_seq + u64::from(last.count);
            assert!(next > from);
            for batch in batches {
                let end = batch.first_seq + u64::from(batch.count);
                assert!(end > from && (batch.first_seq >= from || from == 1));
                from = end;
                present.insert(batch.first_seq, (batch.count, batch.body.to_vec()));
            }
        }
        assert!(spool.next_seq() >= from);
        for (first, (count, body)) in &present {
            self.receive(*first, *count, body);
        }
        let spool = self.spool.as_mut().unwrap();
        let released = spool.acked().max(self.released);
        let noted = spool.mark.losses();
        let noted: Vec<_> = noted
            .map(|e| ((e.reason, e.first_seq, e.count), e.report))
            .collect();
        let told = self.told(&noted);
        self.verify_losses(&told, &present);
        let is_lost = |seq: u64| told.iter().any(|loss| covers(loss, seq));
        for (first, batch) in &self.accepted {
            let last = first + u64::from(batch.0) - 1;
            if last > released && present.get(first) != Some(batch) {
                let all_lost = (*first.max(&(released + 1))..=last).all(is_lost);
                assert!(all_lost, "sequence {first} to {last} is gone");
            }
        }
    }

    /// The losses that a reader is told of, or will be: from reports that are not themselves lost, and from the mark.
    fn told(&self, noted: &[(Lost, Report)]) -> Vec<Lost> {
        let everything = noted.iter().map(|(loss, _)| loss);
        let everything: Vec<&Lost> = everything.chain(self.reported.values().flatten()).collect();
        let arrives = |seq: &u64| {
            let is_lost = everything.iter().any(|loss| covers(loss, *seq));
            self.reported.contains_key(seq) && !is_lost
        };
        let reports = self.reported.iter().filter(|(seq, _)| arrives(seq));
        let mut told: Vec<Lost> = reports.flat_map(|(_, losses)| losses.clone()).collect();
        told.extend(noted.iter().filter_map(|(loss, report)| match report {
            Report::In(seq) if arrives(seq) => None,
            _ => Some(*loss),
        }));
        told
    }

    fn verify_losses(&self, told: &[Lost], present: &BTreeMap<u64, Batch>) {
        let mut placed: Vec<&Lost> = told.iter().filter(|loss| loss.1 > 0).collect();
        placed.sort_by_key(|(_, first, _)| *first);
        for pair in placed.windows(2) {
            let is_apart = pair[0].1 + pair[0].2 <= pair[1].1;
            assert!(is_apart, "counted twice: {pair:?}");
        }
        for (reason, first, count) in placed {
            let is_there = present.range(*first..first + count).next();
            assert!(
                is_there.is_none(),
                "counted as lost and still there: {first}"
            );
            if *reason == LossReason::SegmentQuarantined && !self.rotten {
                let accepted = self.accepted.range(*first..first + count).next();
                assert!(accepted.is_none(), "a crash alone lost {first}+{count}");
            }
        }
        let refused = told.iter().filter(|loss| loss.1 == 0);
        let refused: u64 = refused.map(|loss| loss.2).sum();
        assert!(refused <= self.refused);
        if !self.crashed && !self.rotten {
            assert_eq!(refused, self.refused);
        }
    }

    /// The disk is well again: everything must come to a good end without help.
    pub(super) fn finish(&mut self) {
        self.disk.heal();
        for _ in 0..4 {
            self.run(&Op::Advance { ms: 60_000 });
            self.run(&Op::Sync);
            self.run(&Op::Report);
            self.run(&Op::Sync);
        }
        let spool = self.spool.as_mut().unwrap();
        assert_eq!(spool.status().parked, None);
        assert_eq!(spool.durable() + 1, spool.next_seq());
        self.verify();
    }
}

fn covers((_, first, count): &Lost, seq: u64) -> bool {
    *first > 0 && (*first..first + count).contains(&seq)
}

fn note_report(reported: &mut BTreeMap<u64, Vec<Lost>>, seq: u64, (_, body): &Batch) {
    let Some(entries) = body.strip_prefix(REPORT) else {
        return;
    };
    let entries = entries.chunks(20).map(|entry| {
        let reason = i32::from_be_bytes(entry[..4].try_into().unwrap());
        let first = u64::from_be_bytes(entry[4..12].try_into().unwrap());
        let count = u64::from_be_bytes(entry[12..].try_into().unwrap());
        (LossReason::try_from(reason).unwrap(), first, count)
    });
    reported.insert(seq, entries.collect());
}
