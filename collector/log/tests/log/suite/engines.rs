//! Engines.

use super::*;

fn inputs(log: &dyn Log, partition: u32, count: u32) {
    let messages = (0..count)
        .map(|n| {
            message(
                Topic::Observations,
                partition,
                "site",
                Some(&format!("{n}")),
            )
        })
        .collect();
    append(&*log.appender().unwrap(), messages);
}

pub(crate) fn an_engine_goes_on_where_it_committed<M: Maker>() {
    let mut subject = M::make("goes-on", Keep::default());
    {
        let log = subject.log();
        inputs(&*log, 1, 10);
        let mut engine = log.engine("engine").unwrap();
        assert_eq!(assigned(&mut *engine, ALL)[&1], 0);
        let found = poll_records(&mut *engine, 10);
        assert!(restored(&mut *engine, 1).is_empty());
        // One batch in two transactions; the second moves another partition too.
        for (part, next) in [(&found[..4], 0), (&found[4..7], 0)] {
            let consumed = part.last().unwrap().offset + 1;
            engine
                .commit(Transaction {
                    records: vec![
                        message(Topic::State, 1, "site/a", Some(&format!("{consumed}"))),
                        message(Topic::State, 1, &format!("site/{consumed}"), Some("x")),
                        message(Topic::Lifecycle, 0, "d", Some(&format!("{consumed}"))),
                    ],
                    consumed: BTreeMap::from([(1, consumed), (2, next)]),
                })
                .unwrap();
        }
    }
    subject.reopen();
    let log = subject.log();
    let mut engine = log.engine("engine").unwrap();
    assert_eq!(assigned(&mut *engine, ALL)[&1], 7);
    let state = restored(&mut *engine, 1);
    let wanted = [("site/4", "x"), ("site/7", "x"), ("site/a", "7")];
    assert!(
        state
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .eq(wanted),
        "{state:?}"
    );
    assert!(restored(&mut *engine, 0).is_empty());
    assert_eq!(values(&poll_records(&mut *engine, 3)), ["7", "8", "9"]);
    assert_eq!(values(&read_all(&*log, Topic::Lifecycle)), ["4", "7"]);
    // A transaction on state alone, after everything.
    let removal = message(Topic::State, 1, "site/4", None);
    engine
        .commit(Transaction {
            records: vec![removal],
            consumed: BTreeMap::new(),
        })
        .unwrap();
    assert!(!restored(&mut *engine, 1).contains_key("site/4"));
}

pub(crate) fn a_transaction_handed_over_is_told_of_once_and_comes_before_the_next<M: Maker>() {
    let mut subject = M::make("handed-over", Keep::default());
    {
        let log = subject.log();
        inputs(&*log, 1, 4);
        let mut engine = log.engine("engine").unwrap();
        assigned(&mut *engine, ALL);
        poll_records(&mut *engine, 4);
        let of = |consumed: u64, partition: u32| Transaction {
            records: vec![
                message(
                    Topic::State,
                    partition,
                    "site/a",
                    Some(&format!("{consumed}")),
                ),
                message(Topic::Lifecycle, 0, "d", Some(&format!("{consumed}"))),
            ],
            consumed: BTreeMap::from([(1, consumed)]),
        };
        engine.settled().unwrap();
        for consumed in 1..=2 {
            let _begun = engine.begin_commit(of(consumed, 1)).unwrap();
            engine.settled().unwrap();
            engine.settled().unwrap();
        }
        assert_eq!(engine.rewind().unwrap()[&1], 2);
        // One that no log takes is refused here or there, and leaves nothing.
        let refused = engine
            .begin_commit(of(3, 99))
            .and_then(|_begun| engine.settled());
        assert!(matches!(refused, Err(CommitError::Fatal(_))), "{refused:?}");
        engine.settled().unwrap();
        assert_eq!(engine.rewind().unwrap()[&1], 2);
        // Nobody waits for this one.
        let _begun = engine.begin_commit(of(4, 1)).unwrap();
    }
    subject.reopen();
    let log = subject.log();
    let mut engine = log.engine("engine").unwrap();
    assert_eq!(assigned(&mut *engine, ALL)[&1], 4);
    assert_eq!(values(&read_all(&*log, Topic::Lifecycle)), ["1", "2", "4"]);
}

pub(crate) fn a_refused_transaction_leaves_nothing<M: Maker>() {
    let subject = M::make("refused-transaction", Keep::default());
    let log = subject.log();
    inputs(&*log, 0, 3);
    let mut engine = log.engine("engine").unwrap();
    assigned(&mut *engine, ALL);
    let found = poll_records(&mut *engine, 3);
    let mut large = message(Topic::Lifecycle, 0, "d", None);
    large.value = Some(vec![7; MAX_RECORD_BYTES].into());
    let refused = engine.commit(Transaction {
        records: vec![
            message(Topic::State, 0, "site/a", Some("half")),
            message(Topic::Lifecycle, 1, "d", Some("half")),
            large,
        ],
        consumed: BTreeMap::from([(0, found[1].offset + 1)]),
    });
    assert!(matches!(refused, Err(CommitError::Fatal(_))), "{refused:?}");
    assert_eq!(engine.rewind().unwrap()[&0], 0);
    assert_eq!(values(&poll_records(&mut *engine, 3)), ["0", "1", "2"]);
    assert!(restored(&mut *engine, 0).is_empty());
    // What follows is whole, and the half is not in it.
    engine
        .commit(Transaction {
            records: vec![message(Topic::Lifecycle, 1, "d", Some("whole"))],
            consumed: BTreeMap::from([(0, found[2].offset + 1)]),
        })
        .unwrap();
    assert_eq!(values(&read_all(&*log, Topic::Lifecycle)), ["whole"]);
    assert!(read_all(&*log, Topic::State).is_empty());
}

pub(crate) fn an_aborted_batch_is_read_again<M: Maker>() {
    let subject = M::make("rewind", Keep::default());
    let log = subject.log();
    inputs(&*log, 3, 6);
    let mut engine = log.engine("engine").unwrap();
    assigned(&mut *engine, ALL);
    let found = poll_records(&mut *engine, 6);
    let commit = |engine: &mut dyn EngineLog, n: usize| {
        let consumed = BTreeMap::from([(3, found[n].offset + 1)]);
        engine.commit(Transaction {
            records: Vec::new(),
            consumed,
        })
    };
    commit(&mut *engine, 1).unwrap();
    assert_eq!(engine.rewind().unwrap()[&3], found[2].offset);
    assert_eq!(values(&poll_records(&mut *engine, 4)), ["2", "3", "4", "5"]);
    commit(&mut *engine, 5).unwrap();
    engine.rewind().unwrap();
    assert!(matches!(
        engine.poll(Duration::from_millis(200)),
        Ok(Polled::Idle)
    ));
}

pub(crate) fn an_older_engine_is_fenced<M: Maker>() {
    let subject = M::make("fenced", Keep::default());
    let log = subject.log();
    inputs(&*log, 0, 4);
    let mut old = log.engine("engine").unwrap();
    assigned(&mut *old, ALL);
    let found = poll_records(&mut *old, 4);
    let write = |text: &str, n: usize| Transaction {
        records: vec![message(Topic::Lifecycle, 0, "d", Some(text))],
        consumed: BTreeMap::from([(0, found[n].offset + 1)]),
    };
    old.commit(write("old", 0)).unwrap();
    let mut new = log.engine("engine").unwrap();
    let refused = old.commit(write("zombie", 3));
    let Err(CommitError::Fenced(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(!text.is_empty());
    drop(old);
    assert_eq!(assigned(&mut *new, ALL)[&0], found[1].offset);
    assert_eq!(values(&poll_records(&mut *new, 3)), ["1", "2", "3"]);
    new.commit(write("new", 3)).unwrap();
    assert_eq!(values(&read_all(&*log, Topic::Lifecycle)), ["old", "new"]);
}
