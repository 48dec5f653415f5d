//! What must hold for every site: monotone, the same for every order, and no control ever raises anything.

use proptest::prelude::*;

use super::*;
use crate::document::{ControlEntry, ControlKind, Document};
use crate::event::Event;

fn policy() -> Policy {
    let overrides =
        json!({"calibration": {"scale": 2.0}, "worlds": {"count": 128}, "cut": {"leave": 1.0}});
    Policy::published()
        .unwrap()
        .with_overrides(&overrides)
        .unwrap()
}

fn assess(document: Document) -> Assessor {
    Assessor::new(&Site::try_from(document).unwrap(), &policy()).unwrap()
}

/// Probabilities by device: layers, and worlds reached.
fn reach(assessor: &Assessor) -> Vec<(String, f64, usize)> {
    let last = &assessor.layers.reached[assessor.layers.reached.len() - 1];
    assessor
        .graph
        .device_by_id
        .iter()
        .map(|(id, slot)| {
            (
                id.to_string(),
                last[*slot as usize],
                assessor.worlds.visits[*slot as usize].len(),
            )
        })
        .collect()
}

fn control(kind: ControlKind, document: &Document, pick: usize) -> ControlEntry {
    let device = &document.devices[pick % document.devices.len()];
    let weakness = document
        .devices
        .iter()
        .skip(pick % 30)
        .flat_map(|device| device.weaknesses.iter().flatten())
        .next();
    let near = kind != ControlKind::CutLink;
    ControlEntry {
        device: near.then(|| device.id.clone()),
        weakness: weakness.map(|weakness| weakness.id.clone()),
        service: Some(device.services[0].id.clone()),
        from: (!near).then(|| "v0".to_owned()),
        to: (!near).then(|| "v1".to_owned()),
        verified: pick.is_multiple_of(2),
        ..ControlEntry::of(kind)
    }
}

fn kinds() -> impl Strategy<Value = ControlKind> {
    prop::sample::select(vec![
        ControlKind::Patch,
        ControlKind::VirtualPatch,
        ControlKind::CloseService,
        ControlKind::DenySources,
        ControlKind::Microsegment,
        ControlKind::CutLink,
        ControlKind::RemoveEntry,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_control_never_raises_anything(seed in 1_u64..1_000, kind in kinds(), pick in 0_usize..1_000) {
        let mut document = made_site::site(seed, 250, 4);
        let before = assess(document.clone());
        document.controls.push(control(kind, &document, pick));
        let after = assess(document);
        for ((id, layers, worlds), (_, layers_after, worlds_after)) in reach(&before).into_iter().zip(reach(&after)) {
            prop_assert!(layers_after <= layers + 1e-12, "{id}: {layers} to {layers_after}");
            prop_assert!(worlds_after <= worlds, "{id}: {worlds} to {worlds_after} worlds");
        }
        prop_assert!(after.loss() <= before.loss() + 1e-9);
    }

    #[test]
    fn a_new_weakness_never_lowers_a_reach(seed in 1_u64..1_000, pick in 0_usize..1_000, id in 0_u64..400) {
        let mut document = made_site::site(seed, 250, 4);
        let before = assess(document.clone());
        let at = pick % document.devices.len();
        let device = &mut document.devices[at];
        let service = device.services[0].id.clone();
        let new = crate::document::WeaknessEntry { id: format!("CVE-2026-{id}"), service: Some(service), matched: crate::document::Match::Affected };
        let weaknesses = device.weaknesses.get_or_insert_default();
        if weaknesses.iter().all(|own| own.id != new.id) {
            weaknesses.push(new);
        }
        let after = assess(document);
        for ((id, layers, worlds), (_, layers_after, worlds_after)) in reach(&before).into_iter().zip(reach(&after)) {
            prop_assert!(layers_after >= layers - 1e-12, "{id}: {layers} to {layers_after}");
            prop_assert!(worlds_after >= worlds, "{id}: {worlds} to {worlds_after} worlds");
        }
    }

    #[test]
    fn the_order_of_lists_and_events_does_not_matter(seed in 1_u64..1_000, turn in 1_usize..240) {
        let document = made_site::site(seed, 250, 4);
        let mut turned = document.clone();
        turned.devices.rotate_left(turn);
        turned.conversations.reverse();
        for device in &mut turned.devices {
            device.weaknesses.iter_mut().for_each(|weaknesses| weaknesses.reverse());
        }
        let (one, other) = (assess(document.clone()), assess(turned));
        prop_assert_eq!(one.assessment(), other.assessment());

        // The same conversations one by one, in two orders.
        let mut bare = document.clone();
        let late: Vec<Event> = bare.conversations.split_off(turn * 2).into_iter().take(6).map(Event::Conversation).collect();
        let (mut there, mut back) = (assess(bare.clone()), assess(bare));
        for event in &late {
            there.apply(std::slice::from_ref(event)).unwrap();
        }
        for event in late.iter().rev() {
            back.apply(std::slice::from_ref(event)).unwrap();
        }
        prop_assert_eq!(there.assessment(), back.assessment());
    }
}
