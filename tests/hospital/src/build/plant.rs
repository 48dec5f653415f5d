//! Routes laid on purpose: from an entry point over one stepping stone into a device that sustains life.
//!
//! Each hop is a conversation that a sensor sees, to a service that answers, with a weakness that is present, listed and strong. The
//! target lets nobody in but its known peers, so the stone is the way. An order of work that misses such a target is blind to paths.

use super::stream;
use crate::kind::{EntryKind, Safety};
use crate::random::Random;
use crate::site::{Conversation, Evidence, Match, Offered, Planted, Site, Weakness};
use crate::weakness::FlawFacts;
use crate::weakness::cvss::{AttackVector, Level, Vector};

/// Kinds that make plausible stones between the office and the bedside.
const STONES: &[&str] = &[
    "serial_server",
    "device_gateway",
    "central_station",
    "biomed_server",
    "building_supervisor",
];

fn strong(number: usize, random: &mut Random) -> FlawFacts {
    FlawFacts {
        id: format!("HOSPITAL-ROUTE-{number:03}"),
        vector: Vector {
            attack: AttackVector::Network,
            complex: false,
            privileges: Level::None,
            interaction: false,
            changed: false,
            confidentiality: Level::High,
            integrity: Level::High,
            availability: Level::High,
        },
        epss: 0.04 + 0.26 * random.unit(),
        kev: false,
        ransomware: false,
        poc: true,
        automatable: true,
        total: true,
    }
}

pub(super) fn plant(site: &mut Site) {
    let mut random = stream(site, "plant", 0);
    // Ways in that few devices offer and many campaigns use, and the laptops that are plugged into everything.
    let entries: Vec<u32> = numbers(site, |device| {
        device.kind.name == "biomed_laptop" && device.entry.is_some()
            || device.entry.is_some_and(|entry| {
                matches!(entry.kind, EntryKind::VendorAccess | EntryKind::Internet)
            })
    });
    let stones: Vec<u32> = numbers(site, |device| {
        STONES.contains(&device.kind.name) && device.entry.is_none()
    });
    let targets: Vec<u32> = numbers(site, |device| {
        device.clinical.safety == Safety::Catastrophic
            && !STONES.contains(&device.kind.name)
            && device.entry.is_none()
            && device.services.iter().any(usable)
    });
    let wanted = (site.devices.len() / 1_000).clamp(4, 12);
    let mut used = std::collections::BTreeSet::new();
    for number in 0..wanted {
        let (Some(entry), Some(stone), Some(target)) = (
            random.pick(&entries).copied(),
            fresh(&stones, &mut used, &mut random),
            fresh(&targets, &mut used, &mut random),
        ) else {
            return;
        };
        let steps = vec![
            step(site, entry, stone, 2 * number, &mut random),
            step(site, stone, target, 2 * number + 1, &mut random),
        ];
        site.devices[target as usize].truth.guarded = true;
        site.planted.push(Planted {
            entry,
            steps: steps.into_iter().flatten().collect(),
        });
    }
    site.planted.retain(|route| route.steps.len() == 2);
    site.conversations
        .sort_by_key(|c| (c.client, c.server, c.service));
    site.conversations
        .dedup_by_key(|c| (c.client, c.server, c.service));
}

/// A service that somebody knows of and a conversation can use.
fn usable(service: &Offered) -> bool {
    service.id.starts_with("tcp/") && service.evidence != Evidence::Unseen
}

fn numbers(site: &Site, test: impl Fn(&crate::site::Device) -> bool) -> Vec<u32> {
    (0..site.devices.len() as u32)
        .filter(|&number| test(&site.devices[number as usize]))
        .collect()
}

fn fresh(
    from: &[u32],
    used: &mut std::collections::BTreeSet<u32>,
    random: &mut Random,
) -> Option<u32> {
    (0..64)
        .filter_map(|_| random.pick(from).copied())
        .find(|&device| used.insert(device))
}

/// Lays one hop: conversation, answering service, strong weakness. Returns the device and the index of its weakness.
fn step(
    site: &mut Site,
    from: u32,
    to: u32,
    number: usize,
    random: &mut Random,
) -> Option<(u32, usize)> {
    let device = &mut site.devices[to as usize];
    let service = device.services.iter().position(usable)?;
    device.services[service].up = true;
    device.services[service].evidence = Evidence::Served;
    site.flaws.push(strong(number, random));
    device.weaknesses.push(Weakness {
        flaw: site.flaws.len() - 1,
        service: Some(service),
        listed: Some(Match::Affected),
        present: true,
    });
    let weakness = device.weaknesses.len() - 1;
    site.conversations.push(Conversation {
        client: from,
        server: to,
        service: service as u16,
        days_seen: random.between(10, 31) as u8,
        days_since: 0,
        bytes: 2_000_000,
        clinical: true,
    });
    Some((to, weakness))
}
