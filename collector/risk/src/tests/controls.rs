//! Measures on one device and on a whole product, class or segment: what is promised is what happens, and nothing observed is denied.

use std::collections::BTreeSet;

use super::made_site;
use crate::document::{ControlEntry, ControlKind, Document};
use crate::{Assessor, Event, Plan, Policy, Site};

fn assessor(document: Document) -> Assessor {
    let policy = Policy::published().unwrap();
    Assessor::new(&Site::try_from(document).unwrap(), &policy).unwrap()
}

fn planned() -> (Document, Assessor, Plan) {
    let document = made_site::site(7, 250, 4);
    let assessor = assessor(document.clone());
    let plan = assessor.controls(6);
    (document, assessor, plan)
}

#[test]
fn a_plan_takes_away_what_it_says() {
    let (_, assessor, plan) = planned();
    assert_eq!(plan, assessor.controls(6), "the same site, another plan");
    assert_eq!(plan.controls.len(), 6);
    let wide = |control: &ControlEntry| control.device.is_none();
    assert!(
        plan.controls
            .iter()
            .any(|planned| wide(&planned.control) && planned.devices > 1)
    );
    let gains: f64 = plan.controls.iter().map(|planned| planned.gain).sum();
    assert!((plan.loss_before - plan.loss_after - gains).abs() < 1e-9 * plan.loss_before);
    let events: Vec<Event> = plan
        .controls
        .iter()
        .map(|planned| Event::Control(planned.control.clone()))
        .collect();
    let after = assessor.what_if(&events).unwrap();
    assert!((after.loss_after - plan.loss_after).abs() < 1e-9 * plan.loss_before);
    assert!(
        plan.loss_after < 0.8 * plan.loss_before,
        "{} of {}",
        plan.loss_after,
        plan.loss_before
    );
}

#[test]
fn a_service_of_a_class_stays_where_it_is_used() {
    let document = made_site::site(3, 250, 4);
    let talk = document.conversations[0].clone();
    let server = document
        .devices
        .iter()
        .find(|device| device.id == talk.server);
    let control = ControlEntry {
        class: server.unwrap().clinical.class.clone(),
        service: Some(talk.service.clone()),
        ..ControlEntry::of(ControlKind::CloseService)
    };
    assert!(control.class.is_some());
    let mut closed = document.clone();
    closed.controls.push(control);
    let used: BTreeSet<&str> = document
        .conversations
        .iter()
        .filter(|own| own.service == talk.service)
        .map(|own| own.server.as_str())
        .collect();
    let (before, after) = (
        assessor(document.clone()).assessment(),
        assessor(closed).assessment(),
    );
    let mut shut = 0;
    for pair in &before.pairs {
        let same = |own: &&crate::PairRisk| {
            (&own.device, &own.weakness, &own.service)
                == (&pair.device, &pair.weakness, &pair.service)
        };
        let now = after.pairs.iter().find(same).unwrap();
        let concerned = pair.service.as_deref() == Some(&*talk.service)
            && document.devices.iter().any(|device| {
                device.id == pair.device && device.clinical.class == server.unwrap().clinical.class
            });
        if concerned && !used.contains(pair.device.as_str()) {
            assert!(now.exploitability == 0.0, "{pair:?}");
            shut += usize::from(pair.exploitability > 0.0);
        } else {
            assert!(
                now.exploitability.to_bits() == pair.exploitability.to_bits(),
                "{pair:?}"
            );
        }
    }
    assert!(shut > 0, "nothing was there to close");
}

#[test]
fn an_update_of_a_product_fixes_its_devices_and_no_others() {
    let document = made_site::site(5, 250, 4);
    let product = document.devices[0].identities[0].product.clone();
    let mut updated = document.clone();
    updated.controls.push(ControlEntry {
        product: product.clone(),
        ..ControlEntry::of(ControlKind::Patch)
    });
    let after = assessor(updated).assessment();
    let of_product: BTreeSet<&str> = document
        .devices
        .iter()
        .filter(|device| crate::fleet::likeliest(device).is_some_and(|own| own.product == product))
        .map(|device| device.id.as_str())
        .collect();
    assert!(of_product.len() > 1);
    for pair in &after.pairs {
        let fixed = of_product.contains(pair.device.as_str());
        assert!(!fixed || pair.exploitability == 0.0, "{pair:?}");
    }
    let others = after
        .pairs
        .iter()
        .filter(|pair| !of_product.contains(pair.device.as_str()));
    assert!(others.map(|pair| pair.exploitability).sum::<f64>() > 0.0);
}

#[test]
fn a_measure_without_a_scope_or_with_two_is_a_fault() {
    let mut document = made_site::site(1, 60, 2);
    let of = ControlEntry::of;
    document.controls = vec![
        of(ControlKind::Microsegment),
        ControlEntry {
            vendor: Some("BD".to_owned()),
            class: Some("pump".to_owned()),
            ..of(ControlKind::Microsegment)
        },
        ControlEntry {
            device: Some(document.devices[0].id.clone()),
            class: Some("pump".to_owned()),
            ..of(ControlKind::Microsegment)
        },
        ControlEntry {
            segment: Some("nowhere".to_owned()),
            ..of(ControlKind::Microsegment)
        },
        ControlEntry {
            class: Some("pump".to_owned()),
            ..of(ControlKind::RemoveEntry)
        },
        of(ControlKind::Patch),
    ];
    let faults = Site::try_from(document).unwrap_err().to_string();
    for at in 0..6 {
        assert!(
            faults.contains(&format!("$.controls[{at}]")),
            "{at} is not in {faults}"
        );
    }
}
