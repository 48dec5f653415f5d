//! Who talks to whom, counted right.

use auscult_proto::Service;
use auscult_proto::observation::Body;

use super::*;
use crate::conversation::Conversation as Known;

const PUMP: &str = "00:1a:01:00:00:01 10.0.0.5";
const ARCHIVE: &str = "00:09:fb:00:00:02 10.0.0.20";

fn only(story: &Story) -> &Known {
    assert_eq!(story.inventory.conversation_count(), 1);
    story.inventory.conversations.values().next().unwrap()
}

/// A report of `bytes` counted since `since`.
fn report(story: &mut Story, since: Millis, bytes: u64) {
    let observation = Observation {
        first_seen: since,
        last_seen: story.now,
        count: 1,
        origin: origin(&[]),
        body: Body::Conversation(talk(PUMP, ARCHIVE, 104, bytes)),
    };
    story.send(vec![observation]);
}

#[test]
fn a_running_total_counts_once_however_often_it_is_told() {
    let mut story = Story::new();
    for bytes in [1_000, 1_500, 1_500, 9_000] {
        report(&mut story, START, bytes);
        story.wait(5 * MINUTE);
    }
    assert_eq!(only(&story).totals.bytes_to_server, 9_000);
}

#[test]
fn a_count_that_begins_anew_is_added() {
    let mut story = Story::new();
    report(&mut story, START, 9_000);
    let again = START + HOUR;
    story.wait(HOUR);
    report(&mut story, again, 500);
    story.wait(5 * MINUTE);
    report(&mut story, again, 700);
    assert_eq!(only(&story).totals.bytes_to_server, 9_700);
    assert_eq!(only(&story).first_seen, START);
}

#[test]
fn two_sensors_count_apart() {
    let mut story = Story::new();
    report(&mut story, START, 9_000);
    let mut header = story.header();
    header.sensor = "s2".parse().unwrap();
    header.first_seq = 1;
    let observation = Observation {
        first_seen: START,
        last_seen: START + 5 * MINUTE,
        count: 1,
        origin: origin(&[]),
        body: Body::Conversation(talk(PUMP, ARCHIVE, 104, 9_000)),
    };
    story.apply(Batch::new(site(), header, vec![observation]));
    assert_eq!(only(&story).totals.bytes_to_server, 18_000);
    assert_eq!(only(&story).cells.len(), 2);
}

#[test]
fn a_report_that_adds_little_within_one_step_writes_nothing_and_is_not_lost() {
    let mut story = Story::new();
    story.now = START - START % MINUTE;
    let since = story.now;
    report(&mut story, since, 1_000);
    let before = story.records.len();
    let state = only(&story).clone();
    story.wait(SECOND);
    report(&mut story, since, 1_400);
    assert_eq!(*only(&story), state);
    story.wait(SECOND);
    report(&mut story, since, 2_100);
    assert_eq!(
        only(&story).totals.bytes_to_server,
        2_100,
        "twice as much is worth a write"
    );
    assert_eq!(story.records.len(), before);
}

#[test]
fn a_service_that_answers_is_the_servers() {
    let mut story = Story::new();
    let mut said = talk(PUMP, ARCHIVE, 104, 1_000);
    story.observe(vec![Body::Conversation(said.clone())]);
    assert_eq!(
        story.device("10.0.0.20").services[0].service,
        Service::Unspecified
    );
    said.service = Service::Dicom;
    let events = story
        .wait(SECOND)
        .observe(vec![Body::Conversation(said.clone())]);
    assert_eq!(names(&events), ["changed"]);
    said.service = Service::Tls;
    story.wait(HOUR).observe(vec![Body::Conversation(said)]);
    let archive = story.device("10.0.0.20");
    assert_eq!(archive.services.len(), 1);
    assert_eq!(
        archive.services[0].service,
        Service::Dicom,
        "what is known to be in it stays"
    );
    assert!(story.device("10.0.0.5").services.is_empty());
}

#[test]
fn a_server_that_never_answered_offers_nothing() {
    let mut story = Story::new();
    story.arp("00:09:fb:00:00:02", "10.0.0.20");
    let mut said = talk(PUMP, ARCHIVE, 104, 1_000);
    said.packets_to_client = 0;
    said.bytes_to_client = 0;
    said.one_way = true;
    story.observe(vec![Body::Conversation(said)]);
    assert!(story.device("10.0.0.20").services.is_empty());
    assert_eq!(only(&story).server, Some(story.device("10.0.0.20").id));
}

#[test]
fn two_sensors_with_one_direction_each_see_both_together() {
    let mut story = Story::new();
    let mut there = talk(PUMP, ARCHIVE, 104, 1_000);
    there.one_way = true;
    let mut back = there.clone();
    there.packets_to_client = 0;
    back.packets_to_server = 0;
    story.observe(vec![Body::Conversation(there)]);
    assert!(only(&story).one_way);
    let mut header = story.header();
    header.sensor = "s2".parse().unwrap();
    header.first_seq = 1;
    let observation = Observation {
        first_seen: START,
        last_seen: START + 5 * MINUTE,
        count: 1,
        origin: origin(&[]),
        body: Body::Conversation(back),
    };
    story.apply(Batch::new(site(), header, vec![observation]));
    assert!(!only(&story).one_way);
}

#[test]
fn a_conversation_from_a_reused_address_is_another_one() {
    let mut story = Story::new();
    story.lease("00:1a:01:00:00:01", "10.7.0.4", 600);
    let since = story.now;
    let said = |story: &mut Story, bytes| {
        let observation = Observation {
            first_seen: since,
            last_seen: story.now,
            count: 1,
            origin: origin(&[]),
            body: Body::Conversation(talk("10.7.0.4", ARCHIVE, 104, bytes)),
        };
        story.send(vec![observation]);
    };
    said(&mut story, 1_000);
    let first = story.device("10.7.0.4").id;
    story.wait(HOUR).lease("00:1a:01:00:00:77", "10.7.0.4", 600);
    said(&mut story, 1_300);
    let second = story.device("10.7.0.4").id;
    let mut told: Vec<_> = story
        .inventory
        .conversations
        .values()
        .map(|known| (known.client, known.totals.bytes_to_server, known.superseded))
        .collect();
    told.sort_by_key(|(_, bytes, _)| std::cmp::Reverse(*bytes));
    assert_eq!(
        told,
        [(Some(first), 1_000, true), (Some(second), 300, false)]
    );
}

#[test]
fn the_bound_on_conversations_gives_up_unanswered_ones_first() {
    let policy = Policy {
        conversations: 3,
        ..Policy::default()
    };
    let mut story = Story::with(policy);
    story.observe(vec![Body::Conversation(talk(PUMP, ARCHIVE, 104, 1_000))]);
    for port in 1..=10 {
        let mut scan = talk(PUMP, ARCHIVE, port, 60);
        scan.one_way = true;
        scan.packets_to_server = 1;
        scan.packets_to_client = 0;
        story.wait(MINUTE).observe(vec![Body::Conversation(scan)]);
    }
    assert_eq!(story.inventory.conversation_count(), 3);
    assert_eq!(story.inventory.counters().conversations_evicted, 8);
    assert!(
        story
            .inventory
            .conversations
            .values()
            .any(|known| known.addresses.port == 104)
    );
}

#[test]
fn a_conversation_long_silent_is_forgotten() {
    let mut story = Story::new();
    report(&mut story, START, 1_000);
    story.wait(7 * DAY + HOUR).beat(PUMP);
    assert_eq!(story.inventory.conversation_count(), 0);
}
