//! Time passes by what was observed, and by nothing else.

use auscult_proto::Attribute;

use super::*;
use crate::Status;

const PUMP: &str = "00:1a:01:00:00:01";
const MONITOR: &str = "00:09:fb:00:00:02";

#[test]
fn a_silent_device_falls_idle_is_gone_and_is_forgotten() {
    let mut story = Story::new();
    assert_eq!(names(&story.beat(PUMP)), ["new"]);
    let pump = story.device(PUMP).id;
    assert_eq!(names(&story.wait(DAY - 1).beat(MONITOR)), ["new"]);
    assert_eq!(names(&story.wait(1).beat(MONITOR)), ["idle"]);
    for _ in 0..6 {
        assert!(names(&story.wait(DAY - HOUR).beat(MONITOR)).is_empty());
    }
    assert_eq!(names(&story.wait(6 * HOUR).beat(MONITOR)), ["gone"]);
    assert_eq!(story.device(PUMP).status, Status::Gone);
    for _ in 0..83 {
        story.wait(DAY - MINUTE).beat(MONITOR);
    }
    assert_eq!(names(&story.wait(4 * HOUR).beat(MONITOR)), ["forgotten"]);
    assert!(story.devices(PUMP).is_empty());
    assert!(
        !story
            .records
            .keys()
            .any(|key| key.as_str().contains(&pump.to_string()))
    );
}

#[test]
fn a_device_that_speaks_again_is_back() {
    let mut story = Story::new();
    story.beat(PUMP);
    let events = story.wait(3 * DAY).beat(PUMP);
    assert_eq!(names(&events), ["idle", "returned"]);
    let events = story.wait(8 * DAY).beat(PUMP);
    assert_eq!(names(&events), ["idle", "gone", "returned"]);
    assert_eq!(story.device(PUMP).status, Status::Active);
}

#[test]
fn a_device_that_is_gone_holds_no_address() {
    let mut story = Story::new();
    story.arp(PUMP, "10.0.0.5");
    story.wait(8 * DAY).beat("10.0.0.5");
    assert!(story.device("10.0.0.5").macs.is_empty());
    assert!(story.device(PUMP).bindings[0].until.is_some());
}

#[test]
fn every_event_of_a_device_has_a_later_revision() {
    let mut story = Story::new();
    story.beat(PUMP);
    for day in 1..=12 {
        story.wait(day * DAY).beat(PUMP);
    }
    let mut last = BTreeMap::new();
    for event in &story.events {
        if let EventKind::InventoryRecord(device) = &event.kind {
            let before = last.insert(device.id, device.revision);
            assert!(before < Some(device.revision));
            assert_eq!(event.revision, device.revision);
        }
    }
    assert!(last.len() == 1);
}

#[test]
fn a_sensor_with_a_clock_in_the_future_cannot_age_the_site() {
    let mut story = Story::new();
    story.beat(PUMP);
    let mut observation = Observation {
        first_seen: START,
        last_seen: START + 30 * DAY,
        count: 1,
        origin: origin(&[]),
        body: beat(MONITOR),
    };
    story.send(vec![observation.clone()]);
    assert_eq!(story.inventory.clock(), START + HOUR);
    assert_eq!(story.inventory.counters().times_ahead, 1);
    assert_eq!(story.device(PUMP).status, Status::Active);
    assert_eq!(story.device(MONITOR).last_seen, START + HOUR);
    observation.last_seen = START + 30 * MINUTE;
    story.send(vec![observation]);
    assert_eq!(
        story.inventory.clock(),
        START + HOUR,
        "time does not go back"
    );
}

#[test]
fn heartbeats_within_one_step_write_nothing_but_the_position() {
    let mut story = Story::new();
    story.now = START - START % MINUTE;
    story.beat(&format!("{PUMP} 10.0.0.5"));
    let before = story.records.clone();
    for _ in 0..5 {
        let events = story.wait(SECOND).beat(&format!("{PUMP} 10.0.0.5"));
        assert!(events.is_empty());
    }
    let changed: Vec<&str> = story
        .records
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(*value))
        .map(|(key, _)| key.as_str())
        .collect();
    assert_eq!(changed, ["main/sensor/s1/0000000000000007", "main/site"]);
}

#[test]
fn a_device_that_only_lives_is_published_again_every_hour() {
    let mut story = Story::new();
    story.beat(PUMP);
    let mut published = 0;
    for _ in 0..16 {
        let events = story.wait(15 * MINUTE).beat(PUMP);
        published += events.len();
    }
    assert_eq!(published, 4);
}

#[test]
fn the_bound_on_devices_gives_way_to_new_ones_only_where_old_ones_are_gone() {
    let policy = Policy {
        devices: 2,
        ..Policy::default()
    };
    let mut story = Story::with(policy);
    story.beat(PUMP);
    story.beat(MONITOR);
    story.says("00:50:b6:00:00:09", Attribute::Hostname, "late");
    assert_eq!(story.inventory.counters().devices_refused, 1);
    assert_eq!(story.inventory.counters().facts_unattributed, 1);
    story.wait(7 * DAY + HOUR).beat(MONITOR);
    let events = story.beat("00:50:b6:00:00:09");
    assert_eq!(names(&events), ["forgotten", "new"]);
    assert_eq!(story.inventory.counters().devices_evicted, 1);
    assert!(story.devices(PUMP).is_empty());
}
