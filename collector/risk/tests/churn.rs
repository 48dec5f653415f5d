//! A followed site equals the same site assessed anew, bit for bit, whatever happened to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use auscult_risk::document::*;
use auscult_risk::{Assessor, Event, Policy, Site};

mod made_site;
use made_site::Random;

/// The published policy, small and pinned, without hysteresis: that remembers history on purpose. `fine`: on the grid of small sites;
/// otherwise on that of large ones, where changes die out.
fn policy(scale: f64, fine: bool) -> Policy {
    let overrides = serde_json::json!({
        "calibration": {"scale": scale}, "worlds": {"count": 96}, "cut": {"leave": 1.0},
        "grid": {"fine_devices": if fine { 1_024 } else { 0 }, "few_entries": if fine { 64 } else { 2 }},
    });
    Policy::published()
        .unwrap()
        .with_overrides(&overrides)
        .unwrap()
}

fn small_site(seed: u64, devices: u64) -> Document {
    let mut site = made_site::site(seed, devices, 4);
    site.segments = (0..5)
        .map(|number| SegmentEntry {
            id: format!("v{number}"),
        })
        .collect();
    for (number, device) in site.devices.iter_mut().enumerate() {
        device.segment = format!("v{}", number % 5);
    }
    site
}

fn any_control(random: &mut Random, device: &DeviceEntry) -> ControlEntry {
    let mut control = ControlEntry {
        device: Some(device.id.clone()),
        verified: random.below(2) == 0,
        ..ControlEntry::of(ControlKind::Microsegment)
    };
    if random.below(3) == 0 {
        // A wider scope.
        control.device = None;
        let identity = &device.identities[0];
        match random.below(3) {
            0 => control.product.clone_from(&identity.product),
            1 => control.class.clone_from(&device.clinical.class),
            _ => control.segment = Some(device.segment.clone()),
        }
        if control.product.is_some() && random.below(3) == 0 {
            control.kind = ControlKind::Patch;
            return control;
        }
    }
    match random.below(6) {
        0 => {
            control.kind = ControlKind::Patch;
            control.weakness = Some(format!("CVE-2026-{}", random.below(400)));
            if random.below(4) == 0 {
                control.device = None;
            }
        }
        1 => {
            control.kind = ControlKind::CloseService;
            control.service = Some(device.services[0].id.clone());
        }
        2 => {
            control.kind = ControlKind::DenySources;
            control.service = Some(device.services[0].id.clone());
        }
        3 if control.device.is_some() => control.kind = ControlKind::RemoveEntry,
        4 => {
            control = ControlEntry {
                service: Some("tcp/445".to_owned()),
                from: Some(format!("v{}", random.below(5))),
                to: Some(format!("v{}", random.below(5))),
                ..ControlEntry::of(ControlKind::CutLink)
            };
        }
        _ => {}
    }
    control
}

fn any_talk(random: &mut Random, client: &DeviceEntry, server: &DeviceEntry) -> ConversationEntry {
    ConversationEntry {
        client: client.id.clone(),
        server: server.id.clone(),
        service: server.services[0].id.clone(),
        days_seen: 3,
        days_since: [0, 0, 40, 200][random.below(4) as usize],
        bytes: 0,
        clinical: false,
    }
}

fn arrival(random: &mut Random, site: &Document, next: &mut u64) -> Vec<Event> {
    *next += 1;
    let mut new = made_site::device(random, *next, 5, 400);
    new.segment = format!("v{}", random.below(5));
    let mut events = vec![Event::Device(Box::new(new.clone()))];
    for at in 0..random.below(5) {
        let peer = &site.devices[at as usize % site.devices.len()];
        events.push(Event::Conversation(any_talk(random, &new, peer)));
    }
    events
}

fn changed(random: &mut Random, device: &DeviceEntry) -> Event {
    let mut changed = device.clone();
    let number: u64 = random.below(10_000);
    let fresh = made_site::device(random, number, 5, 400);
    changed.weaknesses = fresh.weaknesses;
    changed.entry = fresh.entry;
    changed.segment = format!("v{}", random.below(5));
    if random.below(8) == 0 {
        changed.state = DeviceState::Staged;
    } else {
        changed.state = DeviceState::Active;
    }
    Event::Device(Box::new(changed))
}

fn any_link(random: &mut Random) -> Vec<Event> {
    let evidence = [
        LinkEvidence::Rule,
        LinkEvidence::Refuted,
        LinkEvidence::Seen,
    ];
    let (from, to) = (random.below(5), random.below(5));
    let link = LinkEntry {
        from: format!("v{from}"),
        to: format!("v{to}"),
        service: "tcp/445".to_owned(),
        evidence: evidence[random.below(3) as usize],
        days_since: 0,
    };
    if from == to {
        Vec::new()
    } else if random.below(3) == 0 {
        vec![Event::LinkGone {
            from: link.from,
            to: link.to,
            service: link.service,
        }]
    } else {
        vec![Event::Link(link)]
    }
}

fn any_intelligence(random: &mut Random) -> Event {
    Event::Weakness {
        id: format!("CVE-2026-{}", random.below(400)),
        known: Box::new(Vulnerability {
            cvss: vec!["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()],
            kev: random.below(2) == 0,
            epss: Some(random.unit()),
            ..Vulnerability::default()
        }),
    }
}

fn any_event(random: &mut Random, site: &Document, next: &mut u64) -> Vec<Event> {
    let device = &site.devices[random.below(site.devices.len() as u64) as usize];
    let other = &site.devices[random.below(site.devices.len() as u64) as usize];
    match random.below(20) {
        0..=2 => arrival(random, site, next),
        3..=5 if site.devices.len() > 40 => vec![Event::DeviceGone(device.id.clone())],
        6..=7 => vec![changed(random, device)],
        8..=12 if device.id != other.id => {
            vec![Event::Conversation(any_talk(random, device, other))]
        }
        13..=15 if !site.conversations.is_empty() => {
            let at = random.below(site.conversations.len() as u64) as usize;
            let talk = &site.conversations[at];
            vec![Event::ConversationGone {
                client: talk.client.clone(),
                server: talk.server.clone(),
                service: talk.service.clone(),
            }]
        }
        16 => {
            let control = any_control(random, device);
            vec![if site.controls.len() < 8 {
                Event::Control(control)
            } else {
                Event::ControlGone(site.controls[random.below(8) as usize].clone())
            }]
        }
        17 => any_link(random),
        18 if random.below(10) == 0 => vec![any_intelligence(random)],
        _ => Vec::new(),
    }
}

fn churn(seed: u64, events: u32, check_every: u32) {
    let document = small_site(seed, 60);
    let scale = 3.0;
    let policy = policy(scale, seed.is_multiple_of(2));
    let mut assessor = Assessor::new(&Site::try_from(document).unwrap(), &policy).unwrap();
    let mut random = Random(seed);
    let mut next = 1_000;
    let mut replayed = 0;
    for step in 0..events {
        let batch = any_event(&mut random, &assessor.document(), &mut next);
        replayed += u64::from(assessor.apply(&batch).unwrap().replayed);
        if step % check_every == 0 {
            let anew =
                Assessor::new(&Site::try_from(assessor.document()).unwrap(), &policy).unwrap();
            let (followed, anew) = (assessor.assessment(), anew.assessment());
            for (a, b) in followed.pairs.iter().zip(&anew.pairs) {
                assert_eq!(a, b, "seed {seed} step {step} after {batch:?}");
            }
            for (a, b) in followed.devices.iter().zip(&anew.devices) {
                assert_eq!(a, b, "seed {seed} step {step} after {batch:?}");
            }
            assert_eq!(followed.summary, anew.summary);
            assert_eq!(followed, anew, "seed {seed} step {step} after {batch:?}");
        }
    }
    assert!(replayed > 0, "nothing was ever replayed");
    assert!(
        replayed < u64::from(events) * 96 / 2,
        "most worlds were replayed: {replayed}"
    );
}

#[test]
fn ten_thousand_events_leave_the_bits_of_a_fresh_assessment() {
    // Ten sites of a thousand events; every fifth state is compared in full, so an error has five events to show itself.
    for seed in 1..=10 {
        churn(seed, 1_000, 5);
    }
}

#[test]
fn every_single_event_leaves_the_bits_of_a_fresh_assessment() {
    churn(77, 300, 1);
}
