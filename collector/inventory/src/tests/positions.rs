//! Every sequence once, and every gap counted.

use auscult_proto::LossReason;
use auscult_proto::observation::{Body, Loss};

use super::*;

const PUMP: &str = "00:1a:01:00:00:01";

fn observations(count: u64) -> Vec<Observation> {
    (0..count)
        .map(|n| Observation {
            first_seen: START,
            last_seen: START + n as i64 * 1_000,
            count: 1,
            origin: origin(&[]),
            body: beat(PUMP),
        })
        .collect()
}

fn batch(first_seq: u64, after_seq: u64, observations: Vec<Observation>) -> Batch {
    let header = BatchHeader {
        sensor: "s1".parse().unwrap(),
        incarnation: Incarnation(1),
        first_seq,
        after_seq,
        received: START,
    };
    Batch::new(site(), header, observations)
}

#[test]
fn of_a_resent_batch_only_the_new_tail_is_folded() {
    let all = observations(10);
    let mut once = Story::new();
    once.apply(batch(1, 0, all.clone()));
    let mut twice = Story::new();
    twice.apply(batch(1, 0, all[..6].to_vec()));
    twice.apply(batch(1, 0, all[..6].to_vec()));
    let changes = twice.apply(batch(4, 3, all[3..].to_vec()));
    assert_eq!((changes.counts.duplicates, changes.counts.folded), (3, 4));
    let (a, b) = (
        once.inventory.progress().next().unwrap(),
        twice.inventory.progress().next().unwrap(),
    );
    assert_eq!(
        (a.last_seq, a.folded, a.digest),
        (b.last_seq, b.folded, b.digest)
    );
    assert_eq!(b.duplicates, 9);
}

#[test]
fn the_digest_is_the_sum_of_what_was_folded() {
    let all = observations(5);
    let mut story = Story::new();
    story.apply(batch(1, 0, all.clone()));
    let expected = (1..)
        .zip(&all)
        .map(|(seq, observation)| auscult_proto::digest::of(seq, observation))
        .fold(0, u64::wrapping_add);
    assert_eq!(story.inventory.progress().next().unwrap().digest, expected);
}

#[test]
fn a_gap_is_counted_and_told_until_a_loss_explains_it() {
    let mut story = Story::new();
    story.apply(batch(1, 0, observations(3)));
    let changes = story.apply(batch(11, 0, observations(2)));
    assert_eq!(changes.counts.missing, 7);
    assert!(matches!(
        changes.events[0].kind,
        EventKind::BlindInterval {
            first_seq: 4,
            missing: 7,
            from: Some(_),
            ..
        }
    ));
    let loss = Observation {
        body: Body::Loss(Loss {
            reason: LossReason::SpoolFull,
            first_seq: 4,
            count: 7,
        }),
        ..observations(1).remove(0)
    };
    let changes = story.apply(batch(13, 12, vec![loss]));
    assert!(matches!(
        changes.events[0].kind,
        EventKind::SensorLoss { count: 7, .. }
    ));
    let progress = story.inventory.progress().next().unwrap();
    assert_eq!((progress.missing, progress.reported_lost), (0, 7));
}

#[test]
fn what_follows_a_failed_append_is_passed_over_until_it_comes_again() {
    let mut story = Story::new();
    story.apply(batch(1, 0, observations(3)));
    let changes = story.apply(batch(7, 6, observations(3)));
    assert_eq!(changes.counts.passed_over, 3);
    assert!(changes.events.is_empty());
    assert_eq!(story.inventory.progress().next().unwrap().last_seq, 3);
    story.apply(batch(4, 0, observations(3)));
    story.apply(batch(7, 6, observations(3)));
    let progress = story.inventory.progress().next().unwrap();
    assert_eq!(
        (progress.last_seq, progress.missing, progress.folded),
        (9, 0, 9)
    );
}

#[test]
fn a_new_incarnation_counts_from_one_again() {
    let mut story = Story::new();
    story.apply(batch(1, 0, observations(3)));
    let mut header = story.header();
    header.incarnation = Incarnation(2);
    header.first_seq = 1;
    story.apply(Batch::new(site(), header, observations(2)));
    let folded: Vec<u64> = story.inventory.progress().map(|p| p.folded).collect();
    assert_eq!(folded, [3, 2]);
}

#[test]
fn only_the_newest_incarnations_of_a_sensor_are_remembered() {
    let policy = Policy {
        incarnations: 3,
        ..Policy::default()
    };
    let mut story = Story::with(policy);
    for incarnation in 1..=5 {
        story.now = START + incarnation * HOUR;
        let mut header = story.header();
        header.incarnation = Incarnation(100 - incarnation as u64);
        header.first_seq = 1;
        let mut seen = observations(1);
        seen[0].last_seen = story.now;
        story.apply(Batch::new(site(), header, seen));
    }
    let kept: Vec<u64> = story
        .inventory
        .progress()
        .map(|p| p.incarnation.0)
        .collect();
    assert_eq!(kept, [95, 96, 97]);
    assert_eq!(story.inventory.counters().incarnations_dropped, 2);
}
