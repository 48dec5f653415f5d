//! Following against computing anew, in every number that is kept; and the grid against a fine one.

use std::collections::BTreeMap;

use super::*;
use crate::document::{DeviceEntry, Document, SegmentEntry};
use crate::event::Event;
use crate::layers::{Grid, forward_on};
use made_site::Random;

/// Every kept number by name: of devices all layers and the visits, of pairs what engine B counted and the score.
fn state(assessor: &Assessor) -> BTreeMap<String, Vec<u64>> {
    let (graph, layers) = (&assessor.graph, &assessor.layers);
    let mut state = BTreeMap::new();
    state.insert(
        "loss and size".to_owned(),
        vec![layers.loss.to_bits(), layers.size.to_bits()],
    );
    for device in assessor.flat.in_order(graph) {
        let slot = device.slot as usize;
        let mut numbers: Vec<u64> = layers.reached.iter().map(|r| r[slot].to_bits()).collect();
        let visits = &assessor.worlds.visits[slot];
        numbers.extend(visits.iter().map(|visit| {
            u64::from(visit.world) << 16 | u64::from(visit.hop) << 1 | u64::from(visit.acts)
        }));
        let name = &graph.device(device.slot).id;
        state.insert(name.to_string(), numbers);
        for place in assessor.flat.places_of(device.slot) {
            let key = graph.surfaces[assessor.flat.surfaces[place].slot as usize].key;
            let met = layers.attempted.iter().map(|a| a[place].to_bits());
            state.insert(format!("{name} surface {key:x}"), met.collect());
        }
        for pair in assessor.flat.pairs_of(device.slot) {
            let name = crate::score::names(graph, &graph.pairs[pair.slot as usize]);
            let attempts = assessor.worlds.attempts[pair.slot as usize];
            let score = assessor.ranking.score(pair.slot);
            let numbers = [score.layers, score.worlds, score.score].map(f64::to_bits);
            let mut numbers = numbers.to_vec();
            numbers.extend(attempts.map(i64::cast_unsigned));
            numbers.push(u64::from(score.open));
            state.insert(format!("{name:?}"), numbers);
        }
    }
    state
}

fn coarse(scale: f64) -> Policy {
    let overrides = json!({
        "calibration": {"scale": scale}, "worlds": {"count": 256}, "cut": {"leave": 1.0},
        "grid": {"fine_devices": 0, "few_entries": 8},
    });
    let policy = Policy::published().unwrap();
    policy.with_overrides(&overrides).unwrap()
}

fn talk(random: &mut Random, document: &Document, client: &str) -> Option<Event> {
    let at = random.below(document.devices.len() as u64) as usize;
    let server = &document.devices[at];
    let mut talk = made_site::conversation(random, 0, 600);
    talk.client = client.to_owned();
    talk.server.clone_from(&server.id);
    talk.service.clone_from(&server.services[0].id);
    (server.id != client).then_some(Event::Conversation(talk))
}

fn any_batch(random: &mut Random, document: &Document, step: u64) -> Vec<Event> {
    let at = random.below(document.devices.len() as u64) as usize;
    let device = &document.devices[at];
    let fresh = |random: &mut Random, number| made_site::device(random, number, 3, 400);
    match step % 5 {
        0 => {
            let new: DeviceEntry = fresh(random, 10_000 + step);
            let id = new.id.clone();
            let mut batch = vec![Event::Device(Box::new(new))];
            batch.extend((0..6).filter_map(|_| talk(random, document, &id)));
            batch
        }
        1 => {
            // One goes and another one comes in the same step: it gets the slot.
            let new: DeviceEntry = fresh(random, 20_000 + step);
            let id = new.id.clone();
            let mut batch = vec![
                Event::DeviceGone(device.id.clone()),
                Event::Device(Box::new(new)),
            ];
            let own = |event: &Event| !matches!(event, Event::Conversation(talk) if talk.server == device.id);
            batch.extend(
                (0..4)
                    .filter_map(|_| talk(random, document, &id))
                    .filter(own),
            );
            batch
        }
        2 => {
            let number = random.below(600);
            let mut changed = fresh(random, number);
            changed.id.clone_from(&device.id);
            vec![Event::Device(Box::new(changed))]
        }
        3 => talk(random, document, &device.id).into_iter().collect(),
        _ => {
            let at = random.below(document.conversations.len() as u64) as usize;
            let talk = &document.conversations[at];
            vec![Event::ConversationGone {
                client: talk.client.clone(),
                server: talk.server.clone(),
                service: talk.service.clone(),
            }]
        }
    }
}

#[test]
fn what_is_followed_on_the_grid_has_the_bits_of_a_fresh_assessment() {
    let policy = coarse(1.5);
    let document = made_site::site(5, 600, 8);
    let mut assessor = Assessor::new(&Site::try_from(document).unwrap(), &policy).unwrap();
    let mut random = Random(5);
    let mut still = 0;
    for step in 0..120 {
        let document = assessor.document();
        let before = state(&assessor);
        let batch = any_batch(&mut random, &document, step);
        let changes = assessor.apply(&batch).unwrap();
        let fresh = Assessor::new(&Site::try_from(assessor.document()).unwrap(), &policy).unwrap();
        let (followed, anew) = (state(&assessor), state(&fresh));
        for (name, numbers) in &anew {
            assert_eq!(
                followed.get(name),
                Some(numbers),
                "step {step}: {name} after {batch:?}"
            );
        }
        assert_eq!(followed.len(), anew.len(), "step {step}");
        assert_eq!(assessor.listed.names(), fresh.listed.names(), "step {step}");
        for name in &changes.entered {
            assert!(
                fresh.listed.names().contains(name),
                "step {step}: {name:?} entered"
            );
        }
        for name in &changes.left {
            assert!(
                !fresh.listed.names().contains(name),
                "step {step}: {name:?} left"
            );
        }
        still += before
            .iter()
            .filter(|(name, old)| followed.get(*name) == Some(*old))
            .count();
    }
    // The grid is there for this: most of what a site is made of does not move with one event.
    let all = state(&assessor).len() * 120;
    assert!(still > all / 2, "only {still} of {all} numbers stayed");
}

#[test]
fn the_grid_is_as_near_as_the_readme_says() {
    for seed in 1..=3 {
        let site = Site::try_from(made_site::site(seed, 2_000, 12)).unwrap();
        let assessor = Assessor::new(&site, &Policy::published().unwrap()).unwrap();
        let (graph, flat) = (&assessor.graph, &assessor.flat);
        let exact = forward_on(graph, flat, Grid::fine(&graph.policy.grid));
        let grid = &assessor.layers;
        assert_ne!(exact.grid, grid.grid);
        let hops = exact.reached.len() - 1;
        let (mut worst, mut sum) = (0.0_f64, 0.0);
        for slot in &graph.order {
            let (r, on) = (
                exact.reached[hops][*slot as usize],
                grid.reached[hops][*slot as usize],
            );
            if r > 0.0 {
                let error = (on / r - 1.0).abs();
                worst = worst.max(error);
                sum += error;
            }
        }
        let mean = sum / graph.order.len() as f64;
        println!("seed {seed}: mean relative error {mean:.5}, worst {worst:.5}");
        assert!(
            mean < 0.02 && worst < 0.05,
            "seed {seed}: {mean} and {worst}"
        );
        assert!((grid.loss / exact.loss - 1.0).abs() < 0.03);
    }
}

#[test]
fn a_device_that_stays_where_it_was_stirs_no_world_that_does_not_reach_it() {
    let mut document = made_site::site(5, 600, 3);
    // Small segments, so that a device is often the only one that uses a link.
    for (number, device) in document.devices.iter_mut().enumerate() {
        device.segment = format!("v{}", number % 60);
    }
    let segment = |number| SegmentEntry {
        id: format!("v{number}"),
    };
    document.segments = (0..60).map(segment).collect();
    let policy = coarse(1.5);
    let mut assessor = Assessor::new(&Site::try_from(document.clone()).unwrap(), &policy).unwrap();
    let mut asked = 0;
    for entry in &document.devices {
        let slot = assessor.graph.device_by_id[entry.id.as_str()];
        let own = assessor.graph.device(slot);
        let alone = assessor.worlds.visits[slot as usize].is_empty();
        if !alone || own.out.is_empty() || asked == 40 {
            continue;
        }
        asked += 1;
        let again = Event::Device(Box::new(entry.clone()));
        let changes = assessor.apply(&[again]).unwrap();
        assert_eq!(changes.replayed, 0, "{}", entry.id);
    }
    assert!(asked > 5, "{asked} devices were asked about");
}
