//! Random histories, against the model.

use super::*;

type Keyed = (Bytes, Option<Bytes>);

/// What a log says about itself, as far as it is promised.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    /// Per topic and partition the records in order; of compacted topics the latest per key.
    records: BTreeMap<(Topic, u32), Vec<Keyed>>,
    committed: BTreeMap<u32, u64>,
    unread: BTreeMap<u32, Vec<String>>,
}

fn account(log: &dyn Log, engine: &mut dyn EngineLog) -> Account {
    let mut records = BTreeMap::new();
    for topic in [
        Topic::Observations,
        Topic::State,
        Topic::Lifecycle,
        Topic::Inventory,
    ] {
        for stored in read_all(log, topic) {
            let list: &mut Vec<Keyed> = records.entry((topic, stored.partition)).or_default();
            if topic.compacted() {
                list.retain(|(key, _)| *key != stored.message.key);
            }
            list.push((stored.message.key, stored.message.value));
        }
    }
    let committed = engine.rewind().unwrap();
    let mut unread: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let inputs: usize = records
        .iter()
        .filter(|((topic, _), _)| *topic == Topic::Observations)
        .map(|(_, list)| list.len())
        .sum();
    let read: u64 = committed.values().sum();
    let left = inputs - usize::try_from(read).unwrap();
    for stored in poll_records(engine, left) {
        unread
            .entry(stored.partition)
            .or_default()
            .push(value(&stored));
    }
    Account {
        records,
        committed,
        unread,
    }
}

/// A small generator: the same seed, the same history.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(sides)).unwrap()
    }
}

pub(crate) fn seed() -> u64 {
    std::env::var("AUSCULT_SEED").map_or(20_260_729, |text| text.parse().unwrap())
}

fn history(subject: &mut dyn Subject, seed: u64) -> Account {
    let mut dice = Dice(seed);
    let mut log = subject.log();
    let mut appender = log.appender().unwrap();
    let mut engine = log.engine("engine").unwrap();
    let mut next = assigned(&mut *engine, ALL);
    let mut appended: BTreeMap<u32, u64> = BTreeMap::new();
    for step in 0..120 {
        match dice.roll(12) {
            0..=4 => {
                let partition = dice.roll(4);
                let count = dice.roll(5) + 1;
                let messages = (0..count)
                    .map(|n| {
                        message(
                            Topic::Observations,
                            partition,
                            "s",
                            Some(&format!("{step}/{n}")),
                        )
                    })
                    .collect();
                append(&*appender, messages);
                *appended.entry(partition).or_default() += u64::from(count);
            }
            5..=9 => {
                let spoilt = dice.roll(4) == 0;
                let mut records: Vec<Message> = (0..dice.roll(8))
                    .map(|_| {
                        let topic = [Topic::State, Topic::Lifecycle, Topic::Inventory]
                            [usize::try_from(dice.roll(3)).unwrap()];
                        let partition = dice.roll(partitions(topic));
                        let key = format!("k{}", dice.roll(6));
                        let text = format!("{step}");
                        let value = (dice.roll(5) > 0).then_some(text.as_str());
                        message(topic, partition, &key, value)
                    })
                    .collect();
                let partition = dice.roll(4);
                let at = next[&partition];
                let most = appended.get(&partition).copied().unwrap_or(0) - at;
                let more = u64::from(dice.roll(4)).min(most);
                engine.settled().unwrap();
                let mut consumed = BTreeMap::new();
                if more > 0 {
                    consumed.insert(partition, at + more);
                }
                if spoilt {
                    records.push(message(Topic::Audit, 99, "k", None));
                    let refused = engine.commit(Transaction { records, consumed });
                    assert!(matches!(refused, Err(CommitError::Fatal(_))), "{refused:?}");
                    engine.rewind().unwrap();
                } else {
                    let transaction = Transaction { records, consumed };
                    if dice.roll(2) == 0 {
                        engine.commit(transaction).unwrap();
                    } else {
                        // What is under way when the log is closed or the next one comes is written all the same.
                        let _begun = engine.begin_commit(transaction).unwrap();
                    }
                    *next.get_mut(&partition).unwrap() += more;
                }
            }
            10 if step % 3 == 0 => {
                drop((engine, appender, log));
                subject.reopen();
                log = subject.log();
                appender = log.appender().unwrap();
                engine = log.engine("engine").unwrap();
                assert_eq!(assigned(&mut *engine, ALL), next);
            }
            _ => {
                engine.settled().unwrap();
                assert_eq!(engine.rewind().unwrap(), next);
            }
        }
    }
    engine.settled().unwrap();
    account(&*log, &mut *engine)
}

pub(crate) fn a_random_history_ends_as_in_the_model<M: Maker>() {
    let seed = seed();
    let mut model = crate::model::Models::make("history", Keep::default());
    let mut subject = M::make("history", Keep::default());
    assert_eq!(
        history(&mut *subject, seed),
        history(&mut *model, seed),
        "AUSCULT_SEED={seed}"
    );
}
