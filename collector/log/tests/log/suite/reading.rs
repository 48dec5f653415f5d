//! Appending and reading.

use super::*;

pub(crate) fn a_record_is_read_as_it_was_written<M: Maker>() {
    let subject = M::make("as-written", Keep::default());
    let log = subject.log();
    let mut with_headers = message(Topic::Lifecycle, 1, "device-1", Some("{}"));
    with_headers.headers = vec![
        ("ce_type".to_owned(), Bytes::from_static(b"new")),
        ("empty".to_owned(), Bytes::new()),
        ("ce_type".to_owned(), Bytes::from_static(&[0, 255, 7])),
    ];
    let mut binary = message(Topic::Lifecycle, 1, "x", None);
    binary.key = Bytes::from_static(&[0, 255, 10, 13]);
    binary.value = Some(Bytes::from((0..=255).collect::<Vec<u8>>()));
    let written = vec![
        with_headers,
        binary,
        message(Topic::Lifecycle, 1, "empty", Some("")),
        message(Topic::Lifecycle, 1, "gone", None),
    ];
    let offsets = append(&*log.appender().unwrap(), written.clone());
    let found = read(
        &mut *log.reader(Topic::Lifecycle, StartAt::Beginning).unwrap(),
        4,
    );
    for ((written, offset), stored) in written.iter().zip(offsets).zip(&found) {
        assert_eq!(stored.offset, offset);
        assert_eq!(stored.partition, 1);
        assert_eq!(stored.message.partition, Some(1));
        assert_eq!(stored.message.key, written.key);
        assert_eq!(stored.message.value, written.value);
        assert_eq!(stored.message.headers, written.headers);
    }
}

pub(crate) fn order_within_a_partition_is_the_order_of_appending<M: Maker>() {
    const EACH: usize = 300;
    let subject = M::make("order", Keep::default());
    let log = subject.log();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let log = &log;
            scope.spawn(move || {
                let messages = (0..EACH)
                    .map(|n| {
                        let partition = u32::try_from(n % 2).unwrap();
                        let text = format!("{n:04}");
                        message(
                            Topic::Observations,
                            partition,
                            &format!("w{writer}"),
                            Some(&text),
                        )
                    })
                    .collect();
                append(&*log.appender().unwrap(), messages);
            });
        }
    });
    let found = read(
        &mut *log.reader(Topic::Observations, StartAt::Beginning).unwrap(),
        4 * EACH,
    );
    let mut last: BTreeMap<(u32, Bytes), String> = BTreeMap::new();
    let mut offsets: BTreeMap<u32, u64> = BTreeMap::new();
    for stored in &found {
        let text = value(stored);
        let before = last.insert((stored.partition, stored.message.key.clone()), text.clone());
        assert!(before.is_none_or(|before| before < text), "out of order");
        let before = offsets.insert(stored.partition, stored.offset);
        assert!(
            before.is_none_or(|before| before < stored.offset),
            "offsets do not grow"
        );
    }
    assert_eq!(last.len(), 8);
}

pub(crate) fn reading_starts_at_any_offset<M: Maker>() {
    let subject = M::make("any-offset", Keep::default());
    let log = subject.log();
    let messages = (0..20)
        .map(|n| message(Topic::Quarantine, 0, "k", Some(&format!("{n:02}"))))
        .collect();
    let offsets = append(&*log.appender().unwrap(), messages);
    for (n, offset) in offsets.iter().enumerate() {
        let from = StartAt::Offsets(BTreeMap::from([(0, *offset)]));
        let found = read(&mut *log.reader(Topic::Quarantine, from).unwrap(), 20 - n);
        let wanted: Vec<String> = (n..20).map(|n| format!("{n:02}")).collect();
        assert_eq!(values(&found), wanted, "from {offset}");
    }
}

pub(crate) fn a_reader_at_the_end_sees_only_what_comes<M: Maker>() {
    let subject = M::make("end", Keep::default());
    let log = subject.log();
    let appender = log.appender().unwrap();
    append(
        &*appender,
        vec![message(Topic::Health, 0, "s", Some("before"))],
    );
    // A broker's own markers aside, "before" is committed: it must not be seen.
    let mut reader = log.reader(Topic::Health, StartAt::End).unwrap();
    assert!(reader.caught_up());
    assert!(reader.next(Duration::from_millis(100)).unwrap().is_none());
    append(
        &*appender,
        vec![message(Topic::Health, 0, "s", Some("after"))],
    );
    assert_eq!(values(&read(&mut *reader, 1)), ["after"]);
}

pub(crate) fn waiting_ends_when_a_record_comes<M: Maker>() {
    let subject = M::make("waiting", Keep::default());
    let log = subject.log();
    let appender = log.appender().unwrap();
    // Once through everything, so that no connection has to be made while the clock runs.
    append(
        &*appender,
        vec![message(Topic::Observations, 0, "s", Some("warm"))],
    );
    let mut engine = log.engine("waiting").unwrap();
    assigned(&mut *engine, ALL);
    poll_records(&mut *engine, 1);
    let mut reader = log.reader(Topic::Observations, StartAt::End).unwrap();
    assert!(reader.next(Duration::from_millis(50)).unwrap().is_none());
    let (reader_took, engine_took) = std::thread::scope(|scope| {
        let started = Instant::now();
        let read = scope.spawn(move || {
            let found = reader.next(PATIENCE).unwrap();
            assert_eq!(found.map(|stored| value(&stored)).as_deref(), Some("news"));
            started.elapsed()
        });
        let polled = scope.spawn(move || {
            while !matches!(engine.poll(PATIENCE).unwrap(), Polled::Records(_)) {}
            started.elapsed()
        });
        std::thread::sleep(Duration::from_millis(300));
        append(
            &*appender,
            vec![message(Topic::Observations, 2, "s", Some("news"))],
        );
        (read.join().unwrap(), polled.join().unwrap())
    });
    for took in [reader_took, engine_took] {
        assert!(took >= Duration::from_millis(250), "did not wait: {took:?}");
        assert!(took < Duration::from_millis(2300), "woke late: {took:?}");
    }
}

pub(crate) fn the_key_decides_the_partition<M: Maker>() {
    let subject = M::make("partition", Keep::default());
    let log = subject.log();
    let messages = (0..40)
        .map(|n| {
            let mut message = message(Topic::Observations, 0, &format!("site-{n}"), Some("x"));
            message.partition = None;
            message
        })
        .collect();
    append(&*log.appender().unwrap(), messages);
    let found = read(
        &mut *log.reader(Topic::Observations, StartAt::Beginning).unwrap(),
        40,
    );
    for stored in &found {
        assert_eq!(stored.partition, partition_of(&stored.message.key, 4));
    }
    let used: BTreeSet<u32> = found.iter().map(|stored| stored.partition).collect();
    assert_eq!(used.len(), 4);
}

pub(crate) fn a_reader_knows_when_it_has_caught_up<M: Maker>() {
    let subject = M::make("caught-up", Keep::default());
    let log = subject.log();
    assert!(read_all(&*log, Topic::Fleet).is_empty());
    let appender = log.appender().unwrap();
    let mut messages: Vec<Message> = (0..50)
        .map(|n| message(Topic::Lifecycle, n % 2, &format!("d{n}"), Some("x")))
        .collect();
    append(&*appender, messages.split_off(25));
    append(&*appender, messages);
    let mut reader = log.reader(Topic::Lifecycle, StartAt::Beginning).unwrap();
    assert!(!reader.caught_up());
    read(&mut *reader, 49);
    assert!(!reader.caught_up());
    read(&mut *reader, 1);
    assert!(reader.caught_up());
    append(
        &*appender,
        vec![message(Topic::Lifecycle, 0, "later", Some("x"))],
    );
    assert!(reader.caught_up());
    read(&mut *reader, 1);
    assert!(reader.caught_up());
}

pub(crate) fn what_no_log_takes_is_refused<M: Maker>() {
    let subject = M::make("refused", Keep::default());
    let log = subject.log();
    let appender = log.appender().unwrap();
    let no_key = message(Topic::Audit, 0, "", Some("x"));
    let no_partition = message(Topic::Audit, 1, "k", Some("x"));
    let mut large = message(Topic::Audit, 0, "k", None);
    large.value = Some(vec![7; MAX_RECORD_BYTES].into());
    let mut long_key = message(Topic::Audit, 0, "k", None);
    long_key.key = vec![7; MAX_KEY_BYTES + 1].into();
    for message in [no_key, no_partition, large, long_key] {
        let outcome = block_on(appender.append(message));
        assert!(matches!(outcome, Err(AppendError::Fatal(_))), "{outcome:?}");
    }
    // The largest that is taken.
    let mut largest = message(Topic::Audit, 0, "k", None);
    let noise = (0..MAX_RECORD_BYTES - 1).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]);
    largest.value = Some(noise.collect::<Vec<u8>>().into());
    append(&*appender, vec![largest.clone()]);
    let found = read(
        &mut *log.reader(Topic::Audit, StartAt::Beginning).unwrap(),
        1,
    );
    assert_eq!(found[0].message.value, largest.value);
}
