//! Devices: how many of which kind, where, with which addresses.

use std::collections::BTreeSet;

use super::{context, identity, layout, stream};
use crate::address::{Address, Mac, unique_local};
use crate::kind::{EntryKind, Group, Kind, Place};
use crate::kinds;
use crate::random::{Random, mix};
use crate::site::{Device, EntryPoint, Evidence, Offered, Site, Truth, Visible};
use crate::weakness::os;

/// Share of devices that stand in an access network that is not theirs.
const STRAY: f64 = 0.05;

/// How many devices of each kind (index in [`kinds::ALL`]) a site of `size` has; sums to `size`.
#[must_use]
pub fn device_mix(size: usize) -> Vec<usize> {
    let floor: usize = kinds::ALL.iter().map(|kind| kind.count.at_least).sum();
    let weights: f64 = kinds::ALL.iter().map(|kind| kind.count.per_thousand).sum();
    let spare = size.saturating_sub(floor) as f64;
    let shares: Vec<f64> = kinds::ALL
        .iter()
        .map(|kind| spare * kind.count.per_thousand / weights)
        .collect();
    let mut counts: Vec<usize> = kinds::ALL
        .iter()
        .zip(&shares)
        .map(|(kind, share)| kind.count.at_least + share.floor() as usize)
        .collect();
    // Largest remainders first; ties by name.
    let mut order: Vec<usize> = (0..counts.len()).collect();
    let remainder = |index: usize| shares[index] - shares[index].floor();
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b)));
    let missing = size.saturating_sub(counts.iter().sum());
    for &index in order.iter().cycle().take(missing) {
        counts[index] += 1;
    }
    counts
}

/// Whether the hospital itself patches devices of a kind.
pub(super) fn is_managed(kind: &Kind) -> bool {
    kind.life.updates >= 3.0
}

pub(super) fn place(site: &mut Site, size: usize) {
    let by_place: Vec<Vec<usize>> = Place::ALL
        .iter()
        .map(|&place| {
            (0..site.segments.len())
                .filter(|&segment| site.segments[segment].place == place)
                .collect()
        })
        .collect();
    let access: Vec<usize> = (0..site.segments.len())
        .filter(|&segment| matches!(site.segments[segment].place, Place::Ward | Place::Office))
        .collect();
    let mut kinds_of: Vec<usize> = device_mix(size)
        .iter()
        .enumerate()
        .flat_map(|(kind, &count)| std::iter::repeat_n(kind, count))
        .collect();
    stream(site, "order", 0).shuffle(&mut kinds_of);
    for (number, kind) in kinds_of.into_iter().enumerate() {
        let kind = kinds::ALL[kind];
        let mut random = stream(site, "device", number);
        let segment = segment(kind, &by_place, &access, &mut random);
        site.devices
            .push(make(site, kind, number, segment, &mut random));
    }
    weigh_entries(site);
    address(site);
}

fn segment(kind: &Kind, by_place: &[Vec<usize>], access: &[usize], random: &mut Random) -> usize {
    let movable = !matches!(kind.group, Group::Infrastructure | Group::ClinicalIt);
    if movable && random.chance(STRAY) {
        return random.pick(access).copied().unwrap_or(0);
    }
    let place = random
        .weighted(kind.places.iter().map(|(_, weight)| *weight))
        .map_or(Place::Ward, |index| kind.places[index].0);
    let index = Place::ALL.iter().position(|&p| p == place).unwrap_or(0);
    random.pick(&by_place[index]).copied().unwrap_or(0)
}

fn make(
    site: &Site,
    kind: &'static Kind,
    number: usize,
    segment: usize,
    random: &mut Random,
) -> Device {
    let chosen = random
        .weighted(kind.models.iter().map(|model| model.share))
        .unwrap_or(0);
    let model = &kind.models[chosen];
    let context = context::context(kind, random);
    let managed = is_managed(kind);
    // Newer versions are commoner where the hospital may patch, and rarest where a maker must.
    let last = model.versions.len() - 1;
    let draws = match kind.group {
        _ if managed => 4,
        Group::Medical => 1,
        _ => 2,
    };
    let version = (0..draws)
        .map(|_| random.between(0, last + 1))
        .max()
        .unwrap_or(last);
    let (median, sigma) = os::patch_age(model.os, managed);
    let entry = kind.entries.iter().find_map(|entry| {
        random.chance(entry.share).then_some(EntryPoint {
            kind: entry.kind,
            weight: entry.weight,
            true_weight: entry.weight,
        })
    });
    Device {
        kind,
        model,
        identity: identity::name(kind, number, random),
        segment,
        ward: site.segments[segment].ward,
        address: Address {
            mac: Mac([0; 6]),
            burnt_in: Mac([0; 6]),
            ipv4: std::net::Ipv4Addr::UNSPECIFIED,
            ipv6: None,
            dhcp: false,
        },
        services: services(kind, model.flaws, random),
        clinical: context,
        entry,
        weaknesses: Vec::new(),
        visible: visible(kind, chosen, version, random),
        truth: Truth {
            version,
            patch_age: random.log_normal(median, sigma),
            guarded: random.chance(0.25),
            loss: context::loss(&context, random),
            age: random.unit() / kind.life.leaves.clamp(0.05, 1.0),
            loaner: random.chance(kind.life.loaned),
        },
    }
}

fn services(kind: &Kind, flaws: &[crate::kind::Flaw], random: &mut Random) -> Vec<Offered> {
    kind.services
        .iter()
        .filter_map(|service| {
            let up = random.chance(service.up);
            let needed = flaws.iter().any(|flaw| flaw.service == service.id);
            let listed = up || needed || random.chance(0.4);
            // What nobody has used yet is known from banners and documents only, and documents also name what is switched off.
            let evidence = match (up, random.unit()) {
                (true, u) if u < 0.4 => Evidence::Banner,
                (false, u) if u < 0.25 => Evidence::Refused,
                _ => Evidence::Declared,
            };
            listed.then_some(Offered {
                id: service.id,
                up,
                evidence,
            })
        })
        .collect()
}

fn visible(kind: &Kind, chosen: usize, version: usize, random: &mut Random) -> Visible {
    let confidence: f64 = match random.unit() {
        u if u < 0.55 => 0.95,
        u if u < 0.8 => 0.75,
        _ => 0.45,
    };
    let rival = (kind.models.len() > 1 && confidence < 0.9).then(|| {
        let other = random.between(0, kind.models.len() - 1);
        let other = other + usize::from(other >= chosen);
        (other, ((1.0 - confidence) * 0.7 * 100.0).round() / 100.0)
    });
    let read = match random.unit() {
        u if u < 0.45 => Some(version),
        // A banner from before the last update.
        u if u < 0.57 => Some(version.saturating_sub(1)),
        _ => None,
    };
    Visible {
        confidence,
        rival,
        version: read,
    }
}

/// How campaigns come in, by kind of way (breach reports: people first, then exposed services, then third parties).
const fn class_share(kind: EntryKind) -> f64 {
    match kind {
        EntryKind::MailWeb => 0.42,
        EntryKind::Internet => 0.26,
        EntryKind::VendorAccess => 0.20,
        EntryKind::Wireless => 0.03,
        EntryKind::Physical => 0.06,
        EntryKind::Supplier => 0.03,
    }
}

/// Divides each class's share among its entry points; the stated weight is rounded to what a hospital can know, the true one is not.
fn weigh_entries(site: &mut Site) {
    let mut totals = [0.0_f64; 6];
    for entry in site.devices.iter().filter_map(|device| device.entry) {
        totals[entry.kind as usize] += entry.weight;
    }
    let mut random = stream(site, "entries", 0);
    for entry in site.devices.iter_mut().filter_map(|d| d.entry.as_mut()) {
        // Some people are sent more mail, some gateways are used daily: that much a hospital knows.
        let share = class_share(entry.kind) * entry.weight / totals[entry.kind as usize]
            * random.log_normal(1.0, 0.8);
        entry.true_weight = share * random.log_normal(1.0, 0.5);
        entry.weight = share * random.log_normal(1.0, 0.3);
    }
}

fn address(site: &mut Site) {
    let mut needed = vec![0_usize; site.segments.len()];
    for device in &site.devices {
        needed[device.segment] += 1;
    }
    layout::number(site, &needed);
    let mut next = vec![10_u32; site.segments.len()];
    let mut taken = BTreeSet::new();
    for number in 0..site.devices.len() {
        let mut random = stream(site, "address", number);
        let (kind, oui) = (site.devices[number].kind, site.devices[number].model.oui);
        let how = kind.addressing;
        let burnt_in = loop {
            let mac = Mac::of(oui, random.bits() as u32 & 0x00ff_ffff);
            if taken.insert(mac) {
                break mac;
            }
        };
        let mac = if random.chance(how.random_mac) {
            Mac::random(random.bits())
        } else if random.chance(how.docked) {
            // Realtek, as in most docking stations and cradles.
            Mac::of([0x00, 0xe0, 0x4c], random.bits() as u32 & 0x00ff_ffff)
        } else {
            burnt_in
        };
        let index = site.devices[number].segment;
        let segment = &site.segments[index];
        let host = next[index];
        next[index] += 1;
        let ipv6 = random
            .chance(how.ipv6)
            .then(|| unique_local(mix(site.seed), segment.vlan, mac));
        let address = Address {
            mac,
            burnt_in,
            ipv4: segment.subnet.host(host),
            ipv6,
            dhcp: random.chance(how.dhcp),
        };
        site.devices[number].address = address;
    }
}
