//! Conversations: every kind's peers by role, resolved to devices.

use std::collections::{BTreeMap, BTreeSet};

use super::{by_kind, stream};
use crate::kind::{Choice, Peer};
use crate::kinds;
use crate::random::{Random, mix};
use crate::site::{Conversation, Evidence, Site};

/// Devices of a kind, all of them and by segment.
struct Servers {
    all: Vec<u32>,
    by_segment: BTreeMap<usize, Vec<u32>>,
}

pub(super) fn converse(site: &mut Site) {
    let servers: BTreeMap<usize, Servers> = by_kind(site)
        .into_iter()
        .map(|(kind, all)| {
            let mut by_segment: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
            for &device in &all {
                by_segment
                    .entry(site.devices[device as usize].segment)
                    .or_default()
                    .push(device);
            }
            (kind, Servers { all, by_segment })
        })
        .collect();
    let mut seen = BTreeSet::new();
    for client in 0..site.devices.len() {
        let mut random = stream(site, "talk", client);
        let kind = site.devices[client].kind;
        for peer in kind.peers.iter().copied().flatten() {
            if !random.chance(peer.share) {
                continue;
            }
            let Some(servers) = kinds::index(peer.kind).and_then(|kind| servers.get(&kind)) else {
                continue;
            };
            for server in choose(site, client, peer, servers, &mut random) {
                if server as usize == client {
                    continue;
                }
                if let Some(service) = serve(site, server, peer.service)
                    && seen.insert((client as u32, server, service))
                {
                    let conversation = record(client as u32, server, service, peer, &mut random);
                    site.conversations.push(conversation);
                }
            }
        }
    }
    site.conversations
        .sort_by_key(|c| (c.client, c.server, c.service));
}

fn choose(
    site: &Site,
    client: usize,
    peer: &Peer,
    servers: &Servers,
    random: &mut Random,
) -> Vec<u32> {
    let segment = site.devices[client].segment;
    let some = |from: &[u32], count: usize, random: &mut Random| -> Vec<u32> {
        (0..count)
            .filter_map(|_| random.pick(from).copied())
            .collect()
    };
    match peer.choice {
        Choice::Few(count) => {
            // The same choice for every client of a segment.
            let start = mix(site.seed ^ (segment as u64) << 8 ^ crate::random::text_key(peer.kind));
            let local = servers.by_segment.get(&segment).unwrap_or(&servers.all);
            (0..count.min(local.len()))
                .filter_map(|step| {
                    let at = (start as usize).wrapping_add(step) % local.len();
                    local.get(at).copied()
                })
                .collect()
        }
        Choice::Near(count) => {
            let local = servers.by_segment.get(&segment).unwrap_or(&servers.all);
            some(local, count, random)
        }
        Choice::Anywhere(count) => some(&servers.all, count, random),
        Choice::Share(share) => servers
            .all
            .iter()
            .copied()
            .filter(|_| random.chance(share))
            .collect(),
    }
}

/// The index of the service on the server; a service that is used answers.
fn serve(site: &mut Site, server: u32, service: &str) -> Option<u16> {
    let device = &mut site.devices[server as usize];
    let index = match device.services.iter().position(|s| s.id == service) {
        Some(index) => index,
        None => {
            let offered = device.kind.services.iter().find(|s| s.id == service)?;
            device.services.push(crate::site::Offered {
                id: offered.id,
                up: true,
                evidence: Evidence::Served,
            });
            device.services.len() - 1
        }
    };
    device.services[index].up = true;
    device.services[index].evidence = Evidence::Served;
    Some(index as u16)
}

fn record(
    client: u32,
    server: u32,
    service: u16,
    peer: &Peer,
    random: &mut Random,
) -> Conversation {
    let stale = random.chance(0.05);
    let days_seen = if stale {
        1
    } else if peer.clinical {
        random.between(12, 31) as u8
    } else {
        random.between(2, 31) as u8
    };
    let daily = random.log_normal(f64::from(peer.kilobytes) * 1_024.0, 0.8);
    Conversation {
        client,
        server,
        service,
        days_seen,
        days_since: if stale {
            random.between(20, 170) as u16
        } else {
            random.below(3) as u16
        },
        bytes: (daily * f64::from(days_seen)) as u64,
        clinical: peer.clinical,
    }
}
