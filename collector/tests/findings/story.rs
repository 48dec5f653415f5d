//! The stories.

use std::collections::BTreeSet;
use std::sync::Arc;

use auscult_log::{Log, Message, Topic};
use bytes::Bytes;
use serde_json::json;

use crate::stage::{Engine, Finding, Stage};
use crate::ward::{DAY, START, Sensor, flaw, record, with_epss, with_kev};

pub(crate) const FIRST: &str = "CVE-2026-1001";
pub(crate) const SECOND: &str = "CVE-2026-1002";

/// Every record names this kind of change, and all of it is sound.
fn assert_caused(told: &[Finding], kind: &str) {
    assert!(!told.is_empty(), "nothing told for {kind}");
    let words: Vec<String> = told.iter().map(Finding::words).collect();
    let mut uids = BTreeSet::new();
    for one in told {
        assert_eq!(one.cause()["kind"], kind, "{words:#?}");
        assert_eq!(one.get("/finding_info/uid"), one.key.as_str());
        assert_eq!(one.get("/metadata/uid"), one.headers["ce_id"].as_str());
        assert!(
            uids.insert(one.headers["ce_id"].clone()),
            "told twice: {words:#?}"
        );
    }
}

fn of<'a>(told: &'a [Finding], end: &'a str) -> impl Iterator<Item = &'a Finding> {
    told.iter().filter(move |one| one.key.ends_with(end))
}

/// Two workstations, of which one maintains three pumps.
pub(crate) fn ward(sensor: &mut Sensor) -> Message {
    for n in [1, 2] {
        sensor.browses(n);
    }
    for n in 3..=5 {
        sensor.pump(n, "15.1");
        sensor.maintains(1, n);
    }
    sensor.batch()
}

/// Everything of the ward goes on, but for one device.
fn goes_on(sensor: &mut Sensor, without: u8) -> Message {
    for n in [1, 2] {
        sensor.browses(n);
    }
    for n in (3..=6).filter(|n| *n != without) {
        sensor.alive(n);
        sensor.maintains(1, n);
    }
    sensor.batch()
}

/// The flaw that KEV lists is told with the date, the way to it and its technique.
fn assert_listed(told: &[Finding]) {
    let own: Vec<&Finding> = of(told, FIRST).collect();
    assert!(!own.is_empty());
    for one in own {
        let cause = json!({"kind": "known_exploited", "vulnerability": FIRST, "before": "no", "after": "yes", "dated": START + DAY});
        assert_eq!(one.cause(), &cause);
        assert_eq!(one.get("/vulnerabilities/0/is_exploit_available"), true);
        assert!(one.get("/finding_info/attack_graph/edges/0").is_object());
        let technique = one.get("/finding_info/attacks/0/technique/uid");
        assert!(technique == "T1210" || technique == "T1190", "{technique}");
    }
}

pub(crate) fn five_events(log: Arc<dyn Log>) {
    let mut stage = Stage::new(log);
    let mut sensor = Sensor::new();
    let low = 4_000_000;
    stage.append([FIRST, SECOND].map(|id| record(with_epss(flaw(id), START, low))));
    let engine = Engine::start(&stage.log);
    stage.append([ward(&mut sensor)]);
    let told = stage.told(1);
    assert_caused(&told, "device_arrived");
    assert!(told.iter().all(|one| one.activity() == "Create"));
    let open: BTreeSet<String> = stage.held.keys().cloned().collect();
    assert_eq!(open, told.iter().map(|one| one.key.clone()).collect());

    // 1. KEV lists a flaw.
    let listed = with_kev(with_epss(flaw(FIRST), START, low), START + DAY);
    stage.append([record(listed.clone())]);
    let told = stage.told(1);
    assert_caused(&told, "known_exploited");
    assert_listed(&told);

    // 2. EPSS of a new day: all move, one much.
    stage.append([
        record(with_kev(
            with_epss(flaw(FIRST), START + DAY, low + 100),
            START + DAY,
        )),
        record(with_epss(flaw(SECOND), START + DAY, 930_000_000)),
    ]);
    let told = stage.told(1);
    assert_caused(&told, "epss");
    for one in of(&told, SECOND) {
        assert_eq!(one.cause()["vulnerability"], SECOND);
        assert_eq!(one.cause()["before"], "0.004");
        assert_eq!(one.cause()["after"], "0.93");
        assert_eq!(one.cause()["dated"], START + DAY);
    }
    assert!(of(&told, SECOND).next().is_some());

    // 3. A pump's firmware is mended.
    sensor.now += 3_600_000;
    sensor.version(3, "16.1");
    stage.append([sensor.batch()]);
    let told = stage.told(1);
    assert_caused(&told, "firmware");
    assert_eq!(told[0].cause()["before"], "15.1");
    assert_eq!(told[0].cause()["after"], "16.1");
    let mended: Vec<&Finding> = of(&told, FIRST)
        .filter(|one| one.activity() == "Close")
        .collect();
    assert_eq!(mended.len(), 1);
    assert_eq!(mended[0].get("/status_detail"), "not affected");
    assert!(!stage.held.contains_key(&mended[0].key));

    // 4. A pump arrives.
    sensor.pump(6, "15.0");
    sensor.maintains(1, 6);
    stage.append([sensor.batch()]);
    let told = stage.told(1);
    assert_caused(&told, "device_arrived");
    let new: Vec<&Finding> = told
        .iter()
        .filter(|one| one.activity() == "Create" && one.key.starts_with("vf:"))
        .collect();
    assert!(!new.is_empty());
    let arrived = new[0].get("/resources/0/uid").clone();

    // 5. It leaves: days later the others are still there.
    for _ in 0..3 {
        sensor.now += 3 * DAY;
        let others = goes_on(&mut sensor, 6);
        stage.append([others]);
    }
    let told = stage.told(1);
    assert_caused(&told, "device_gone");
    let gone: Vec<&Finding> = told
        .iter()
        .filter(|one| one.get("/resources/0/uid") == &arrived)
        .collect();
    assert!(!gone.is_empty());
    for one in gone {
        assert_eq!(one.activity(), "Close");
        assert_eq!(one.get("/status_detail"), "device gone");
        assert!(!stage.held.contains_key(&one.key));
    }
    engine.stop();
}

/// A collector started again repeats nothing, tells what changed meanwhile with its cause, and is not stopped by what it cannot read.
pub(crate) fn restarts(log: Arc<dyn Log>) {
    let mut stage = Stage::new(log);
    let mut sensor = Sensor::new();
    stage.append([FIRST, SECOND].map(|id| record(with_epss(flaw(id), START, 4_000_000))));
    stage.append([Message {
        value: Some(Bytes::from_static(b"{\"format\":\"auscult.intel/9\"}")),
        key: Bytes::from_static(b"CVE-2026-3"),
        ..record(flaw("CVE-2026-3"))
    }]);
    stage.append([ward(&mut sensor)]);
    let engine = Engine::start(&stage.log);
    let first = stage.told(1);
    engine.stop();
    for _ in 0..3 {
        let engine = Engine::start(&stage.log);
        let told = stage.told(0);
        let words: Vec<String> = told.iter().map(Finding::words).collect();
        assert!(told.is_empty(), "{words:#?}");
        engine.stop();
    }
    // Nobody runs, and KEV lists a flaw.
    let listed = with_kev(with_epss(flaw(FIRST), START, 4_000_000), START + DAY);
    stage.append([record(listed)]);
    let engine = Engine::start(&stage.log);
    let told = stage.told(1);
    assert_caused(&told, "known_exploited");
    // Lives go on counting over restarts.
    for one in &told {
        let before = first.iter().filter(|it| it.key == one.key).count();
        let sequence = one.get("/metadata/sequence").as_u64().unwrap();
        assert_eq!(
            sequence,
            u64::try_from(before).unwrap() + 1,
            "{}",
            one.words()
        );
    }
    engine.stop();
    let readable = stage.log.partitions(Topic::Findings).unwrap();
    assert_eq!(readable, crate::PARTITIONS);
}
