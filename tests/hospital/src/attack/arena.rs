//! The truth of a site, laid out for speed.

use super::Defence;
use crate::kind::EntryKind;
use crate::site::Site;
use crate::weakness::cvss::{AttackVector, Level};

/// A flaw on a device: the unit that is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Device.
    pub device: u32,
    /// Index into the device's weaknesses.
    pub weakness: usize,
}

/// A present, unfixed flaw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    /// Index into [`Arena::pairs`].
    pub(super) pair: u32,
    pub(super) flaw: u32,
    /// Index of the service; `u16::MAX` for a local or physical flaw.
    pub(super) service: u16,
    pub(super) attack: AttackVector,
    /// Probability that the exploit works on this target, given a capability.
    pub(super) works: f64,
    pub(super) needs_user: bool,
    pub(super) total: bool,
    pub(super) denies_only: bool,
    pub(super) automatable: bool,
}

pub(super) struct Target {
    pub(super) loss: f64,
    pub(super) segment: u32,
    /// Only known peers get in.
    pub(super) guarded: bool,
    /// Services that only known peers reach, as bits by index.
    pub(super) denied: u64,
    /// Services that answer, as bits by index.
    pub(super) up: u64,
    /// Services that take remote administration with credentials, as bits by index.
    pub(super) admin: u64,
    pub(super) holes: Vec<Hole>,
    /// (server, service index)
    pub(super) peers: Vec<(u32, u16)>,
    pub(super) entry: Option<EntryKind>,
}

/// Everything a campaign needs.
pub struct Arena {
    pub(super) targets: Vec<Target>,
    pub(super) members: Vec<Vec<u32>>,
    pub(super) isolated: Vec<bool>,
    pub(super) open: Vec<Vec<usize>>,
    pub(super) pinholes: Vec<Vec<(u32, u16)>>,
    /// Entry devices with the running sum of their true weights.
    pub(super) entries: Vec<(u32, f64)>,
    /// All pairs, listed or not, in order of device and weakness.
    pub pairs: Vec<Pair>,
}

impl std::fmt::Debug for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arena")
            .field("targets", &self.targets.len())
            .field("pairs", &self.pairs.len())
            .finish_non_exhaustive()
    }
}

/// Services by which somebody with credentials takes a machine over.
const ADMIN: &[&str] = &[
    "tcp/445", "tcp/3389", "tcp/22", "tcp/135", "tcp/23", "tcp/5900",
];

/// Segments a route may not use any more, applied to what the network lets through.
fn open_after(site: &Site, defence: &Defence) -> Vec<Vec<usize>> {
    site.reach
        .open
        .iter()
        .enumerate()
        .map(|(from, to)| {
            to.iter()
                .copied()
                .filter(|&to| !defence.cut_links.contains(&(from, to)))
                .collect()
        })
        .collect()
}

impl Arena {
    /// Lays a site out, with the hospital's changes applied.
    #[must_use]
    pub fn new(site: &Site, defence: &Defence) -> Self {
        let mut pairs = Vec::new();
        let mut targets: Vec<Target> = (0..site.devices.len() as u32)
            .map(|number| target(site, defence, number, &mut pairs))
            .collect();
        for conversation in &site.conversations {
            let server = &targets[conversation.server as usize];
            if server.up & (1 << conversation.service) != 0 {
                targets[conversation.client as usize]
                    .peers
                    .push((conversation.server, conversation.service));
            }
        }
        let mut members = vec![Vec::new(); site.segments.len()];
        for (number, target) in targets.iter().enumerate() {
            members[target.segment as usize].push(number as u32);
        }
        let mut sum = 0.0;
        let entries = (0..site.devices.len() as u32)
            .filter_map(|number| {
                let entry = site.devices[number as usize].entry?;
                let gone = defence.removed_entries.contains(&number);
                (!gone).then(|| {
                    sum += entry.true_weight;
                    (number, sum)
                })
            })
            .collect();
        let pinholes = site
            .reach
            .pinholes
            .iter()
            .enumerate()
            .map(|(from, holes)| {
                let cut = |server: u32| {
                    let to = site.devices[server as usize].segment;
                    defence.cut_links.contains(&(from, to))
                };
                holes.iter().copied().filter(|&(d, _)| !cut(d)).collect()
            })
            .collect();
        Self {
            targets,
            members,
            isolated: site.reach.isolated.clone(),
            open: open_after(site, defence),
            pinholes,
            entries,
            pairs,
        }
    }

    /// Index of a pair.
    #[must_use]
    pub fn index(&self, pair: Pair) -> Option<usize> {
        self.pairs.binary_search(&pair).ok()
    }
}

fn bits(set: impl Iterator<Item = usize>) -> u64 {
    set.filter(|&index| index < 64)
        .fold(0, |bits, index| bits | 1 << index)
}

fn target(site: &Site, defence: &Defence, number: u32, pairs: &mut Vec<Pair>) -> Target {
    let device = &site.devices[number as usize];
    let services = device.services.iter().enumerate();
    let up = bits(
        services
            .clone()
            .filter(|(index, service)| service.up && !defence.closed.contains(&(number, *index)))
            .map(|(index, _)| index),
    );
    let admin = bits(
        services
            .filter(|(_, service)| ADMIN.contains(&service.id))
            .map(|(index, _)| index),
    );
    let mut holes = Vec::new();
    for (index, weakness) in device.weaknesses.iter().enumerate() {
        pairs.push(Pair {
            device: number,
            weakness: index,
        });
        if !weakness.present || defence.patched.contains(&(number, index)) {
            continue;
        }
        let facts = &site.flaws[weakness.flaw];
        let privileges = match facts.vector.privileges {
            Level::None => 1.0,
            Level::Low => 0.35,
            Level::High => 0.12,
        };
        let complexity = if facts.vector.complex { 0.5 } else { 1.0 };
        holes.push(Hole {
            pair: (pairs.len() - 1) as u32,
            flaw: weakness.flaw as u32,
            service: weakness.service.map_or(u16::MAX, |service| service as u16),
            attack: facts.vector.attack,
            works: 0.9 * privileges * complexity,
            needs_user: facts.vector.interaction,
            total: facts.total,
            denies_only: facts.vector.denies_only(),
            automatable: facts.automatable,
        });
    }
    Target {
        loss: device.truth.loss,
        segment: device.segment as u32,
        guarded: device.truth.guarded || defence.microsegmented.contains(&number),
        denied: bits(
            defence
                .denied
                .range((number, 0)..=(number, usize::MAX))
                .map(|&(_, service)| service),
        ),
        up,
        admin,
        holes,
        peers: Vec::new(),
        entry: device.entry.map(|entry| entry.kind),
    }
}
