use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use auscult_log::{Message, Stored, Topic, Transaction};
use auscult_process::{Readiness, shutdown};
use auscult_proto::mac::Mac;
use bytes::Bytes;
use proptest::prelude::*;

use super::beside::Beside;
use super::fake::{BOMB, Dice, FakeLog, Toy, counts, heartbeat, record};
use super::fold::{Changelog, Fold, Folded};
use super::run::{EngineFault, Member, Pace};
use super::vitals::Vitals;

mod told;

const PARTITIONS: u32 = 3;

fn stored(partition: u32, offset: u64, message: Message) -> Stored {
    Stored {
        partition,
        offset,
        message: Message {
            partition: Some(partition),
            ..message
        },
    }
}

/// Several sites in several partitions, with resends, gaps, poison of every kind, and bombs.
fn traffic(seed: u64, records: u64) -> Vec<(u32, Message)> {
    let mut dice = Dice(seed.wrapping_mul(77) + 3);
    let mut next = BTreeMap::new();
    let mut traffic = Vec::new();
    for _ in 0..records {
        let site = dice.below(5);
        let sensor = dice.below(2);
        let partition = u32::try_from(site).unwrap() % PARTITIONS;
        let seq: &mut u64 = next.entry((site, sensor)).or_insert(1);
        let length = dice.below(4) + 1;
        let mac = if dice.below(30) == 0 {
            BOMB
        } else {
            Mac([2, 0, 0, 0, 0, 1])
        };
        let observations: Vec<_> = (0..length).map(|i| heartbeat(mac, *seq + i)).collect();
        let name = format!("site{site}");
        let mut message = record(&name, &format!("s{sensor}"), *seq, &observations);
        match dice.below(12) {
            0 => *seq = seq.saturating_sub(2).max(1),
            1 => *seq += length + 5,
            2 => message.value = Some(Bytes::from_static(b"\xff\xff\xff")),
            3 => message.key = Bytes::from(format!("elsewhere{partition}")),
            4 => message.value = None,
            _ => *seq += length,
        }
        traffic.push((partition, message));
    }
    traffic
}

/// Public records by topic and partitioning key, which is all the order Kafka gives.
fn by_key(public: &[Message]) -> BTreeMap<(Topic, Bytes), Vec<Message>> {
    let mut lanes: BTreeMap<_, Vec<Message>> = BTreeMap::new();
    for message in public {
        let lane = lanes
            .entry((message.topic, message.key.clone()))
            .or_default();
        lane.push(message.clone());
    }
    lanes
}

fn compacted(state: &BTreeMap<u32, Vec<Stored>>) -> BTreeMap<(u32, Bytes), Bytes> {
    let mut latest = BTreeMap::new();
    for record in state.values().flatten() {
        let key = (record.partition, record.message.key.clone());
        match record.message.value.clone() {
            Some(value) => drop(latest.insert(key, value)),
            None => drop(latest.remove(&key)),
        }
    }
    latest
}

fn run(log: &FakeLog, pace: Pace) -> Result<(), EngineFault> {
    run_beside(log, pace, None)
}

fn run_beside(
    log: &FakeLog,
    pace: Pace,
    beside: Option<Box<dyn Beside<Toy>>>,
) -> Result<(), EngineFault> {
    let (shutdown, trigger) = shutdown::token();
    log.stop_when_complete(trigger.clone());
    let member = Member::<Toy> {
        name: "engine-0".to_owned(),
        beside,
        settings: (),
        pace,
        latch: Readiness::new().register("engine"),
        vitals: Arc::new(Vitals::default()),
        shutdown,
    };
    let ended = member.run(log);
    drop(trigger);
    ended
}

/// A transaction a record, no faults: what everything else must equal.
fn straight(traffic: &[(u32, Message)]) -> FakeLog {
    let log = FakeLog::new(0, PARTITIONS, traffic);
    let pace = Pace {
        observations: 1,
        ..Pace::default()
    };
    run(&log, pace).unwrap();
    log
}

fn assert_same(log: &FakeLog, straight: &FakeLog) {
    let (one, other) = (log.core(), straight.core());
    assert_eq!(one.committed, other.committed);
    let (ours, theirs) = (by_key(&one.public), by_key(&other.public));
    assert!(ours.keys().eq(theirs.keys()));
    for (lane, records) in &ours {
        assert_eq!(records, &theirs[lane], "{lane:?}");
    }
    assert_eq!(compacted(&one.state), compacted(&other.state));
}

#[test]
fn any_faults_and_any_transaction_size_give_what_a_straight_run_gives() {
    let mut faults = 0;
    for seed in 1..60 {
        let traffic = traffic(seed, 60);
        let log = FakeLog::new(seed, PARTITIONS, &traffic);
        let mut dice = Dice(seed);
        let pace = Pace {
            observations: dice.below(40) + 1,
            records: usize::try_from(dice.below(40) + 1).unwrap(),
            delay: Duration::from_millis(dice.below(3)),
            backoff: Duration::ZERO,
            ..Pace::default()
        };
        run(&log, pace).unwrap();
        faults += log.core().faults;
        assert_same(&log, &straight(&traffic));
    }
    assert!(faults > 500, "only {faults} faults");
}

#[test]
fn who_cannot_restore_leaves_the_group_and_comes_back() {
    let traffic = traffic(3, 40);
    let log = FakeLog::new(0, PARTITIONS, &traffic);
    log.core().undecided_before = 3;
    let pace = Pace {
        backoff: Duration::ZERO,
        ..Pace::default()
    };
    run(&log, pace).unwrap();
    assert_eq!(log.core().generation, 3, "left twice");
    assert_same(&log, &straight(&traffic));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The core alone: cut into transactions anywhere, aborted and restored anywhere.
    #[test]
    fn cuts_aborts_and_restores_leave_no_trace(
        seed in any::<u32>(),
        steps in proptest::collection::vec(0_u8..6, 0..200),
    ) {
        let traffic: Vec<_> = traffic(u64::from(seed), 40)
            .into_iter()
            .filter(|(partition, _)| *partition == 0)
            .collect();
        let records: Vec<Stored> = (0..)
            .zip(traffic.iter())
            .map(|(offset, (_, message))| stored(0, offset, message.clone()))
            .collect();
        let mut steps = steps.into_iter();
        let mut committed = Transaction::default();
        let mut state: Vec<Stored> = Vec::new();
        let mut next = 0;
        let mut fold = Fold::<Toy>::new(());
        restore(&mut fold, &state, next);
        let mut at = 0;
        loop {
            let step = if at < records.len() { steps.next().unwrap_or(1) } else { 0 };
            match step {
                0 => {
                    let (transaction, _) = fold.take();
                    next = transaction.consumed.get(&0).copied().unwrap_or(next);
                    committed.consumed.extend(transaction.consumed);
                    for message in transaction.records {
                        if message.topic == Topic::State {
                            let offset = state.len() as u64;
                            state.push(stored(0, offset, message));
                        } else {
                            committed.records.push(message);
                        }
                    }
                    fold.committed();
                    if at == records.len() {
                        break;
                    }
                }
                5 => {
                    fold.abort();
                    if !fold.resume(0, next) {
                        restore(&mut fold, &state, next);
                    }
                    at = usize::try_from(next).unwrap();
                }
                _ => {
                    if fold.fold(&records[at]) == Folded::Failed {
                        prop_assert_eq!(fold.abort(), vec![0]);
                        restore(&mut fold, &state, next);
                        at = usize::try_from(next).unwrap();
                    } else {
                        at += 1;
                    }
                }
            }
        }
        let straight = straight(&traffic);
        let straight = straight.core();
        prop_assert_eq!(by_key(&committed.records), by_key(&straight.public));
        prop_assert_eq!(
            compacted(&BTreeMap::from([(0, state)])),
            compacted(&straight.state)
        );
    }
}

fn restore(fold: &mut Fold<Toy>, state: &[Stored], committed: u64) {
    let mut changelog = Changelog::default();
    state
        .iter()
        .cloned()
        .for_each(|stored| changelog.push(stored));
    fold.restore(0, committed, changelog).unwrap();
}

#[test]
fn poison_goes_to_quarantine_with_its_reason_and_the_stream_goes_on() {
    let good = record("main", "s", 1, &[heartbeat(Mac([2; 6]), 1)]);
    let mut undecodable = good.clone();
    undecodable.value = Some(Bytes::from_static(b"\xff"));
    let mut elsewhere = good.clone();
    elsewhere.key = Bytes::from_static(b"other");
    let mut empty = good.clone();
    empty.value = None;
    let nameless = record("Not a name", "s", 1, &[heartbeat(Mac([2; 6]), 1)]);
    let zero = record("main", "s", 0, &[heartbeat(Mac([2; 6]), 1)]);
    let bomb = record("main", "s", 2, &[heartbeat(BOMB, 1)]);
    let last = record("main", "s", 3, &[heartbeat(Mac([2; 6]), 3)]);
    let traffic: Vec<_> = [
        undecodable,
        good,
        elsewhere,
        empty,
        nameless,
        zero,
        bomb,
        last,
    ]
    .into_iter()
    .map(|message| (0, message))
    .collect();
    let log = FakeLog::new(0, 1, &traffic);
    run(&log, Pace::default()).unwrap();
    let core = log.core();
    let quarantined: Vec<_> = core
        .public
        .iter()
        .filter(|message| message.topic == Topic::Quarantine)
        .map(|message| {
            let header = |name: &str| {
                let found = message.headers.iter().find(|(header, _)| header == name);
                String::from_utf8(found.unwrap().1.to_vec()).unwrap()
            };
            (header("reason"), header("offset"), message.key.clone())
        })
        .collect();
    let expected = [
        ("undecodable", "0", "main"),
        ("key", "2", "other"),
        ("empty", "3", "main"),
        ("name", "4", "Not a name"),
        ("sequence", "5", "main"),
        ("bug", "6", "main"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(reason, offset, key)| ((*reason).into(), (*offset).into(), Bytes::from(*key)))
        .collect();
    assert_eq!(quarantined, expected);
    let folded = core.public.len() - quarantined.len();
    assert_eq!(folded, 2, "the good ones around the poison");
    assert_eq!(core.committed[&0], 8);
}

#[test]
fn a_transaction_counts_what_it_did() {
    let mut fold = Fold::<Toy>::new(());
    restore(&mut fold, &[], 0);
    let beat = |seq| heartbeat(Mac([2; 6]), seq);
    let batches = [
        record("main", "s", 1, &[beat(1), beat(2)]),
        record("main", "s", 2, &[beat(2), beat(3)]),
        record("main", "s", 9, &[beat(9)]),
    ];
    for (offset, batch) in (0..).zip(batches) {
        assert_eq!(fold.fold(&stored(0, offset, batch)), Folded::Applied);
    }
    assert_eq!(fold.uncommitted().observations, 5);
    let (transaction, tally) = fold.take();
    assert_eq!(tally.counts, counts(4, 1, 5));
    assert_eq!(tally.batches, 3);
    assert_eq!((tally.state_records, tally.state_coalesced), (2, 4));
    assert_eq!(tally.public_records, 4);
    assert_eq!(tally.blind.len(), 1);
    assert_eq!(tally.blind[0].missing, 5);
    assert_eq!(transaction.records.len(), 6);
    assert_eq!(transaction.consumed, BTreeMap::from([(0, 3)]));
}

#[test]
fn a_committed_offset_beyond_the_end_of_the_topic_stops_the_engine_with_what_to_do() {
    let log = FakeLog::new(
        0,
        1,
        &traffic(1, 5)
            .into_iter()
            .map(|(_, m)| (0, m))
            .collect::<Vec<_>>(),
    );
    log.core().committed.insert(0, 3);
    log.core().shortened = true;
    let fault = run(&log, Pace::default()).unwrap_err().to_string();
    assert!(fault.contains("ends at offset 0"), "{fault}");
    assert!(fault.contains("reset the group's offset"), "{fault}");
}

#[test]
fn unreadable_state_stops_the_engine_and_names_the_record() {
    for (key, value, says) in [
        ("main/digest", "short", "site main: not eight bytes"),
        ("No site", "12345678", "state record 0 of partition 0"),
    ] {
        let log = FakeLog::new(0, 1, &[]);
        let message = Message {
            topic: Topic::State,
            partition: Some(0),
            key: Bytes::from(key),
            value: Some(Bytes::from(value)),
            headers: Vec::new(),
            timestamp_ms: 0,
        };
        log.core().state.insert(0, vec![stored(0, 0, message)]);
        let fault = run(&log, Pace::default()).unwrap_err().to_string();
        assert!(fault.contains(says), "{fault}");
        assert!(fault.contains("empty the state topic"), "{fault}");
    }
}

#[test]
fn a_member_replaced_by_a_newer_one_commits_nothing_more() {
    let traffic = traffic(9, 40);
    let log = FakeLog::new(0, PARTITIONS, &traffic);
    let zombie_log = log.clone();
    let mut zombie = auscult_log::Log::engine(&zombie_log, "engine-0").unwrap();
    assert!(matches!(
        zombie.poll(Duration::ZERO),
        Ok(auscult_log::Polled::Assigned(_))
    ));
    run(&log, Pace::default()).unwrap();
    let before = log.core().public.len();
    assert!(zombie.commit(Transaction::default()).is_err());
    assert_eq!(log.core().public.len(), before);
    assert_same(&log, &straight(&traffic));
}
