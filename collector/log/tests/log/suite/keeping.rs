//! Compaction and retention.

use super::*;

/// Repeats `look` until it is content, with a record of another key in between: a broker cleans only what is no longer written to.
fn until(log: &dyn Log, topic: Topic, mut content: impl FnMut(&[Stored]) -> bool) {
    let appender = log.appender().unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = read_all(log, topic);
        let (ticks, rest): (Vec<Stored>, Vec<Stored>) = found
            .into_iter()
            .partition(|stored| stored.message.key.starts_with(b"tick"));
        if content(&rest) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{:?} and {} ticks",
            values(&rest),
            ticks.len()
        );
        append(&*appender, vec![message(topic, 0, "tick", Some("x"))]);
        std::thread::sleep(Duration::from_millis(200));
    }
}

pub(crate) fn compaction_keeps_the_latest_of_each_key<M: Maker>() {
    let subject = M::make("compaction", Keep::default());
    let log = subject.log();
    let appender = log.appender().unwrap();
    for round in 0..5 {
        let messages = (0..20)
            .map(|n| {
                message(
                    Topic::Inventory,
                    0,
                    &format!("d{n:02}"),
                    Some(&format!("{round}")),
                )
            })
            .collect();
        append(&*appender, messages);
    }
    append(&*appender, vec![message(Topic::Inventory, 0, "d07", None)]);
    until(&*log, Topic::Inventory, |found| found.len() == 20);
    until(&*log, Topic::Inventory, |found| {
        let latest: BTreeMap<_, _> = found
            .iter()
            .map(|stored| (stored.message.key.clone(), value(stored)))
            .collect();
        assert_eq!(latest.len(), 20);
        for (key, text) in &latest {
            let wanted = if key == "d07" { "<tombstone>" } else { "4" };
            assert_eq!(text, wanted, "{key:?}");
        }
        true
    });
    // Nothing of a topic kept for a time is compacted.
    let twice = vec![
        message(Topic::Health, 0, "s", Some("1")),
        message(Topic::Health, 0, "s", Some("2")),
    ];
    append(&*appender, twice);
    assert_eq!(values(&read_all(&*log, Topic::Health)), ["1", "2"]);
}

pub(crate) fn old_tombstones_go<M: Maker>() {
    let keep = Keep {
        tombstones: Some(Duration::from_millis(700)),
        ..Keep::default()
    };
    let subject = M::make("tombstones", keep);
    let log = subject.log();
    let appender = log.appender().unwrap();
    let written = vec![
        message(Topic::Fleet, 0, "gone", Some("1")),
        message(Topic::Fleet, 0, "back", Some("1")),
        message(Topic::Fleet, 0, "gone", None),
        message(Topic::Fleet, 0, "back", None),
        message(Topic::Fleet, 0, "back", Some("2")),
    ];
    append(&*appender, written);
    let first = read_all(&*log, Topic::Fleet);
    assert!(
        first.iter().any(|stored| stored.message.value.is_none()),
        "kept for a time"
    );
    until(&*log, Topic::Fleet, |found| values(found) == ["2"]);
    append(
        &*appender,
        vec![message(Topic::Fleet, 0, "gone", Some("3"))],
    );
    until(&*log, Topic::Fleet, |found| values(found) == ["2", "3"]);
}

pub(crate) fn retention_by_age<M: Maker>() {
    let keep = Keep {
        retention: Some(Duration::from_millis(1500)),
        ..Keep::default()
    };
    let subject = M::make("age", keep);
    let log = subject.log();
    let appender = log.appender().unwrap();
    let old: Vec<Message> = (0..10)
        .map(|n| message(Topic::Findings, 0, &format!("f{n}"), Some("old")))
        .collect();
    let next = append(&*appender, old).last().unwrap() + 1;
    let compacted = vec![message(Topic::FindingsOpen, 0, "f", Some("open"))];
    append(&*appender, compacted);
    assert_eq!(read_all(&*log, Topic::Findings).len(), 10);
    until(&*log, Topic::Findings, <[Stored]>::is_empty);
    // Offsets go on from where they were, and what is not kept for a time stays.
    let offset = append(
        &*appender,
        vec![message(Topic::Findings, 0, "f", Some("new"))],
    )[0];
    assert!(offset >= next);
    assert_eq!(values(&read_all(&*log, Topic::FindingsOpen)), ["open"]);
}

pub(crate) fn retention_by_bytes<M: Maker>() {
    const EACH: usize = 10_000;
    let keep = Keep {
        topic_bytes: Some(300_000),
        ..Keep::default()
    };
    let subject = M::make("bytes", keep);
    let log = subject.log();
    let appender = log.appender().unwrap();
    // Does not compress, or a broker would count less.
    let mut noise = 1_u64;
    let mut count = 0_u32;
    let mut write = |count: &mut u32| {
        let body: Vec<u8> = (0..EACH)
            .map(|_| {
                noise = noise
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                noise.to_be_bytes()[0]
            })
            .collect();
        let mut message = message(Topic::Quarantine, 0, &format!("{count:06}"), None);
        message.value = Some(body.into());
        *count += 1;
        append(&*appender, vec![message]);
    };
    for _ in 0..60 {
        write(&mut count);
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = read_all(&*log, Topic::Quarantine);
        // The newest are there without a hole, and not much more than the bound.
        let last = format!("{:06}", count - 1);
        let keys: Vec<String> = found
            .iter()
            .map(|stored| String::from_utf8(stored.message.key.to_vec()).unwrap())
            .collect();
        assert_eq!(keys.last(), Some(&last));
        let from = count - u32::try_from(keys.len()).unwrap();
        let wanted: Vec<String> = (from..count).map(|n| format!("{n:06}")).collect();
        assert_eq!(keys, wanted);
        if found.len() * EACH <= 450_000 {
            break;
        }
        assert!(Instant::now() < deadline, "{} kept", found.len());
        std::thread::sleep(Duration::from_millis(100));
        write(&mut count);
    }
}
