//! A log in memory with seeded faults, and a site whose output tells on any repeated, lost or reordered observation.

#![expect(
    clippy::unwrap_in_result,
    reason = "a test's log that fails should fail the test"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use auscult_log::{
    Appender, Begun, CommitError, EngineLog, Log, LogError, Message, Polled, Reader, StartAt,
    Stored, Topic, Transaction,
};
use auscult_process::Trigger;
use auscult_proto::convert::Invalid;
use auscult_proto::ids::SiteId;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{Body, Endpoint, Heartbeat, Observation, Origin};
use auscult_proto::{convert, wire};
use bytes::Bytes;
use prost::Message as _;

use super::poison::Envelope;
use super::site::{Counts, Output, SiteState, StateRecord};

/// Key: last sequence. Every folded observation is published with the digest of everything folded before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Toy {
    site: String,
    digest: u64,
    sensors: BTreeMap<String, u64>,
}

/// MAC that makes the toy panic.
pub(super) const BOMB: Mac = Mac([2, 0, 0, 0, 0xb0, 0xb0]);

impl SiteState for Toy {
    type Settings = ();
    type Batch = (wire::LoggedBatch, Vec<Observation>);
    type Entity = u64;
    /// The digest.
    type Delta = u64;
    /// How often and what was told last.
    type Ledger = Option<(u64, u64)>;

    fn entity(key: &[u8]) -> Option<u64> {
        key.ends_with(b"/digest").then_some(0)
    }

    fn delta(&self, _: Option<Vec<u64>>) -> u64 {
        self.digest
    }

    fn is_ledger_key(key: &[u8]) -> bool {
        key.ends_with(b"/told")
    }

    fn ledger(records: Vec<(Bytes, Bytes)>) -> Result<Self::Ledger, String> {
        let Some((_, value)) = records.first() else {
            return Ok(None);
        };
        let (times, digest) = value.split_at_checked(8).ok_or("too short")?;
        let number = |bytes: &[u8]| <[u8; 8]>::try_from(bytes).map(u64::from_be_bytes);
        let read = number(times).and_then(|times| Ok((times, number(digest)?)));
        read.map(Some).map_err(|_| "not sixteen bytes".to_owned())
    }

    fn decode(logged: wire::LoggedBatch) -> Result<Self::Batch, Invalid> {
        let observations = convert::decode_body(logged.body.clone(), logged.count)?;
        Ok((logged, observations))
    }

    fn new(site: &SiteId, _: &()) -> Self {
        Self {
            site: site.to_string(),
            ..Self::default()
        }
    }

    fn restore(site: &SiteId, settings: &(), records: Vec<(Bytes, Bytes)>) -> Result<Self, String> {
        let mut toy = Self::new(site, settings);
        for (key, value) in records {
            let key = String::from_utf8(key.to_vec()).map_err(|e| e.to_string())?;
            let value = <[u8; 8]>::try_from(value.as_ref()).map_err(|_| "not eight bytes")?;
            let value = u64::from_be_bytes(value);
            match key.rsplit_once('/') {
                Some((_, "digest")) => toy.digest = value,
                _ => drop(toy.sensors.insert(key, value)),
            }
        }
        Ok(toy)
    }

    fn set_aside(&mut self, batch: &Envelope, _: &()) -> Output {
        let key = format!("{}/sensor/{}", self.site, batch.sensor);
        let last = self.sensors.entry(key.clone()).or_default();
        let end = batch.logged.first_seq + u64::from(batch.logged.count) - 1;
        let mut output = Output::default();
        output.counts.observations = u64::from(batch.logged.count);
        output.counts.missing = end.saturating_sub(*last);
        *last = end.max(*last);
        let last = *last;
        output.state = self.state(key, last);
        output
    }

    fn apply(&mut self, (batch, observations): Self::Batch, _: &()) -> Output {
        let key = format!("{}/sensor/{}", self.site, batch.sensor);
        let last = self.sensors.entry(key.clone()).or_default();
        let mut output = Output::default();
        for (seq, observation) in (batch.first_seq..).zip(&observations) {
            output.counts.observations += 1;
            let Body::Heartbeat(heartbeat) = &observation.body else {
                panic!("only heartbeats here");
            };
            if seq <= *last {
                output.counts.duplicates += 1;
                continue;
            }
            output.counts.missing += seq - *last - 1;
            *last = seq;
            // Changes first, so that a panic leaves half-changed memory behind.
            self.digest = self
                .digest
                .wrapping_mul(31)
                .wrapping_add(seq.wrapping_mul(1_000) ^ heartbeat.bytes_sent);
            assert_ne!(heartbeat.endpoint.mac, Some(BOMB), "bomb");
            output.counts.folded += 1;
            output.public.push(Message {
                topic: Topic::Lifecycle,
                partition: None,
                key: Bytes::from(key.clone()),
                value: Some(Bytes::from(format!("{seq} {:x}", self.digest))),
                headers: Vec::new(),
                timestamp_ms: observation.last_seen,
            });
        }
        let last = *last;
        output.state = self.state(key, last);
        output
    }
}

impl Toy {
    fn state(&self, key: String, last: u64) -> Vec<StateRecord> {
        let bytes = |value: u64| Some(Bytes::copy_from_slice(&value.to_be_bytes()));
        vec![
            (Bytes::from(key), bytes(last)),
            (
                Bytes::from(format!("{}/digest", self.site)),
                bytes(self.digest),
            ),
        ]
    }
}

pub(super) fn counts(folded: u64, duplicates: u64, missing: u64) -> Counts {
    Counts {
        observations: folded + duplicates,
        folded,
        duplicates,
        missing,
        ..Counts::default()
    }
}

pub(super) fn heartbeat(mac: Mac, bytes_sent: u64) -> Observation {
    Observation {
        first_seen: 1_000,
        last_seen: 1_000,
        count: 1,
        origin: Origin {
            capture_point: "span0".parse().unwrap(),
            vlans: Vec::new(),
            vni: None,
            erspan_session: None,
        },
        body: Body::Heartbeat(Heartbeat {
            endpoint: Endpoint {
                mac: Some(mac),
                ip: None,
            },
            bytes_sent,
            packets_sent: 1,
        }),
    }
}

/// An observations record.
pub(super) fn record(
    site: &str,
    sensor: &str,
    first_seq: u64,
    observations: &[Observation],
) -> Message {
    let batch = wire::LoggedBatch {
        site: site.to_owned(),
        sensor: sensor.to_owned(),
        incarnation: 7,
        first_seq,
        after_seq: first_seq.saturating_sub(1),
        count: u32::try_from(observations.len()).unwrap(),
        received_ms: 2_000,
        body: convert::encode_body(observations).into(),
    };
    Message {
        topic: Topic::Observations,
        partition: None,
        key: Bytes::from(site.to_owned()),
        value: Some(batch.encode_to_vec().into()),
        headers: Vec::new(),
        timestamp_ms: 2_000,
    }
}

/// xorshift64*: the faults of a seed are the same everywhere.
#[derive(Debug, Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }
}

#[derive(Debug, Default)]
pub(super) struct Core {
    pub(super) observations: BTreeMap<u32, Vec<Stored>>,
    pub(super) state: BTreeMap<u32, Vec<Stored>>,
    /// Public and quarantine records as committed.
    pub(super) public: Vec<Message>,
    pub(super) committed: BTreeMap<u32, u64>,
    pub(super) faults: u64,
    pub(super) transactions: u64,
    /// How often the group was joined.
    pub(super) generation: u64,
    /// State cannot be read before the group is joined that often.
    pub(super) undecided_before: u64,
    done: Option<Trigger>,
    /// What `end` says beyond the truth.
    pub(super) shortened: bool,
    /// Complete only when the last state of every site has been told.
    pub(super) until_told: bool,
}

impl Core {
    fn complete(&self) -> bool {
        let folded = self
            .observations
            .iter()
            .all(|(partition, records)| self.committed[partition] == records.len() as u64);
        folded && (!self.until_told || self.told())
    }

    fn told(&self) -> bool {
        self.state.values().all(|records| {
            let latest: BTreeMap<&[u8], &Bytes> = records
                .iter()
                .filter_map(|it| Some((it.message.key.as_ref(), it.message.value.as_ref()?)))
                .collect();
            latest
                .iter()
                .filter(|(key, _)| key.ends_with(b"/digest"))
                .all(|(key, digest)| {
                    let told = [&key[..key.len() - 6], b"told"].concat();
                    latest
                        .get(&told[..])
                        .is_some_and(|it| it[8..] == digest[..])
                })
        })
    }

    fn apply(&mut self, transaction: Transaction) {
        self.transactions += 1;
        for message in transaction.records {
            if message.topic == Topic::State {
                let partition = message.partition.unwrap();
                let log = self.state.entry(partition).or_default();
                log.push(Stored {
                    partition,
                    offset: log.len() as u64,
                    message,
                });
            } else {
                self.public.push(message);
            }
        }
        self.committed.extend(transaction.consumed);
    }
}

/// The log; clones share it.
#[derive(Debug, Clone)]
pub(super) struct FakeLog {
    core: Arc<Mutex<Core>>,
    dice: Arc<Mutex<Dice>>,
    faulty: bool,
}

impl FakeLog {
    /// `seed` 0: no faults.
    pub(super) fn new(seed: u64, partitions: u32, records: &[(u32, Message)]) -> Self {
        let mut core = Core::default();
        for partition in 0..partitions {
            core.observations.insert(partition, Vec::new());
            core.committed.insert(partition, 0);
        }
        for (partition, message) in records {
            let log = core.observations.get_mut(partition).unwrap();
            log.push(Stored {
                partition: *partition,
                offset: log.len() as u64,
                message: Message {
                    partition: Some(*partition),
                    ..message.clone()
                },
            });
        }
        Self {
            core: Arc::new(Mutex::new(core)),
            dice: Arc::new(Mutex::new(Dice(seed.wrapping_mul(0x9E37_79B9) + 1))),
            faulty: seed != 0,
        }
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap()
    }

    /// Fires the trigger once everything is committed.
    pub(super) fn stop_when_complete(&self, trigger: Trigger) {
        self.core().done = Some(trigger);
    }

    fn fault(&self, sides: u64) -> bool {
        let hit = self.faulty && self.dice.lock().unwrap().one_in(sides);
        self.core().faults += u64::from(hit);
        hit
    }
}

impl Log for FakeLog {
    fn partitions(&self, _: Topic) -> Result<u32, LogError> {
        Ok(u32::try_from(self.core().observations.len()).unwrap())
    }

    fn appender(&self) -> Result<Box<dyn Appender>, LogError> {
        Err(LogError::Fatal("not here".to_owned()))
    }

    fn engine(&self, _: &str) -> Result<Box<dyn EngineLog>, LogError> {
        if self.fault(4) {
            return Err(LogError::Unavailable("joining failed".to_owned()));
        }
        let mut core = self.core();
        core.generation += 1;
        Ok(Box::new(FakeEngine {
            log: self.clone(),
            generation: core.generation,
            reading: BTreeMap::new(),
            events: VecDeque::from([Polled::Assigned(core.committed.clone())]),
            handed: None,
            asked_in_vain: 0,
        }))
    }

    fn reader(&self, _: Topic, _: StartAt) -> Result<Box<dyn Reader>, LogError> {
        Err(LogError::Fatal("not here".to_owned()))
    }
}

struct FakeEngine {
    log: FakeLog,
    generation: u64,
    reading: BTreeMap<u32, u64>,
    events: VecDeque<Polled>,
    handed: Option<Result<(), CommitError>>,
    /// For state that stays undecided.
    asked_in_vain: u32,
}

impl FakeEngine {
    fn rebalance(&mut self) -> Polled {
        let held: Vec<u32> = self.reading.keys().copied().collect();
        let cooperative = self.log.dice.lock().unwrap().one_in(2);
        let keep = usize::from(cooperative && held.len() > 1);
        let gone: Vec<u32> = held.into_iter().skip(keep).collect();
        for partition in &gone {
            self.reading.remove(partition);
        }
        let core = self.log.core();
        let back = gone
            .iter()
            .map(|partition| (*partition, core.committed[partition]))
            .collect();
        self.events.push_back(Polled::Assigned(back));
        Polled::Revoked(gone)
    }
}

impl EngineLog for FakeEngine {
    fn poll(&mut self, _: Duration) -> Result<Polled, LogError> {
        if self.log.core().generation != self.generation {
            return Err(LogError::Fenced("a newer instance joined".to_owned()));
        }
        if self.log.fault(20) {
            return Err(LogError::Unavailable("poll failed".to_owned()));
        }
        if let Some(event) = self.events.pop_front() {
            if let Polled::Assigned(assigned) = &event {
                self.reading.extend(assigned);
            }
            return Ok(event);
        }
        if self.log.fault(15) {
            return Ok(self.rebalance());
        }
        let mut core = self.log.core();
        let mut brought = Vec::new();
        for (partition, next) in &mut self.reading {
            let most = if self.log.faulty {
                self.log.dice.lock().unwrap().below(6)
            } else {
                3
            };
            let from = usize::try_from(*next).unwrap();
            let records = core.observations[partition].iter().skip(from);
            let before = brought.len();
            brought.extend(records.take(usize::try_from(most).unwrap()).cloned());
            *next += (brought.len() - before) as u64;
        }
        if brought.is_empty() {
            if core.complete()
                && let Some(done) = core.done.take()
            {
                done.fire();
            }
            return Ok(Polled::Idle);
        }
        Ok(Polled::Records(brought))
    }

    fn end(&mut self, partition: u32) -> Result<Option<u64>, LogError> {
        let core = self.log.core();
        let end = core.observations[&partition].len() as u64;
        Ok(Some(if core.shortened { 0 } else { end }))
    }

    fn restore(&mut self, partition: u32, each: &mut dyn FnMut(Stored)) -> Result<(), LogError> {
        if self.generation < self.log.core().undecided_before {
            self.asked_in_vain += 1;
            assert!(
                self.asked_in_vain < 20,
                "a member that cannot restore holds up the group"
            );
            return Err(LogError::Unavailable("undecided".to_owned()));
        }
        let records = self.log.core().state.get(&partition).cloned();
        let records = records.unwrap_or_default();
        let torn = self.log.fault(6);
        let take = if torn {
            records.len() / 2
        } else {
            records.len()
        };
        records.into_iter().take(take).for_each(each);
        if torn {
            return Err(LogError::Unavailable("restore failed".to_owned()));
        }
        Ok(())
    }

    fn commit(&mut self, transaction: Transaction) -> Result<(), CommitError> {
        if self.log.core().generation != self.generation {
            return Err(CommitError::Fenced("a newer instance joined".to_owned()));
        }
        if self.log.fault(8) {
            return Err(CommitError::Aborted("before".to_owned()));
        }
        if self.log.fault(25) {
            self.log.core().generation += 1;
            return Err(CommitError::Fenced("taken over".to_owned()));
        }
        let ours = transaction
            .consumed
            .keys()
            .all(|partition| self.reading.contains_key(partition));
        assert!(ours, "committed a partition that is not held");
        self.log.core().apply(transaction);
        if self.log.fault(8) {
            return Err(CommitError::Aborted("outcome unknown".to_owned()));
        }
        Ok(())
    }

    fn begin_commit(&mut self, transaction: Transaction) -> Result<Begun, CommitError> {
        assert!(self.handed.is_none(), "two transactions under way");
        if self.log.dice.lock().unwrap().one_in(3) {
            return self.commit(transaction).map(|()| Begun::Committed);
        }
        self.handed = Some(self.commit(transaction));
        Ok(Begun::Handed)
    }

    fn settled(&mut self) -> Result<(), CommitError> {
        self.handed.take().unwrap_or(Ok(()))
    }

    fn rewind(&mut self) -> Result<BTreeMap<u32, u64>, LogError> {
        assert!(
            self.handed.is_none(),
            "rewound over a transaction under way"
        );
        if self.log.fault(4) {
            return Err(LogError::Unavailable("rewind failed".to_owned()));
        }
        let core = self.log.core();
        for (partition, next) in &mut self.reading {
            *next = core.committed[partition];
        }
        Ok(self.reading.clone())
    }
}
