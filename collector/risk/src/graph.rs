//! The attack graph of one site: index-based tables that follow events device by device.
//!
//! Slots are reused, so nothing may depend on their numbers: every sum and product runs in the order of the devices' keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cvss::Base;
use crate::document::{
    ControlEntry, DecisionEntry, DeviceEntry, EntryKind, LinkEvidence, Match, ServiceEvidence,
    Vulnerability,
};
use crate::fleet::{Fleet, Product};
use crate::impact::Impact;
use crate::policy::Policy;

/// Slot that means "none".
pub(crate) const NONE: u32 = u32::MAX;

/// A weakness as the world knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weakness {
    pub id: Arc<str>,
    pub key: u64,
    pub known: Vulnerability,
    pub base: Base,
    /// Technical impact is total (SSVC where given, else CVSS).
    pub total: bool,
    pub alpha: f64,
}

/// How a surface is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Through this service.
    Service(u32),
    /// Through any service: the advisory names none.
    Any,
    /// Through this service, from the same segment only.
    AdjacentService(u32),
    /// From the same segment only.
    Adjacent,
    /// By what the servers it talks to send it.
    Client,
}

/// One way into a device: the pairs that share the same reach.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Surface {
    pub device: u32,
    pub kind: Kind,
    pub key: u64,
    pub pairs: Vec<u32>,
    /// Groups whose links lead here, in key order.
    pub groups: Vec<u32>,
    /// Probability that an attempt takes the device over: 1 - prod(1 - t_q).
    pub x: f64,
    /// Share of the unobserved attempts (segment, link) that still arrive.
    pub unobserved: f64,
}

/// Where a pair is attacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a surface (slot).
    Surface(u32),
    /// By somebody already on the device.
    Local,
    /// By hand, on a device with a physical entry.
    Physical,
}

/// A weakness of a device in this environment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    pub device: u32,
    pub weakness: u32,
    pub service: Option<u32>,
    pub place: Place,
    pub matched: Match,
    pub key: u64,
    /// The factors of `s`.
    pub m: f64,
    pub o: f64,
    pub k: f64,
    pub c: f64,
    /// Exploitability alpha m o k (1-c).
    pub s: f64,
    /// Probability that it gives a foothold: s times grip.
    pub t: f64,
    /// Share of the device's impact it opens.
    pub consequence: f64,
    /// Bound of the coin "works on this instance, given the capability": t / alpha.
    pub bound: u64,
}

/// One side of a conversation as kept at a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Talk {
    pub peer: u32,
    pub service: u32,
    pub days_since: u32,
    pub days_seen: u32,
    pub bytes: u64,
    pub clinical: bool,
}

/// How old a conversation is to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    Stale,
    Forgotten,
}

/// A device and its lists, each sorted by keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Device {
    pub id: Arc<str>,
    pub key: u64,
    pub entry: DeviceEntry,
    pub segment: u32,
    pub active: bool,
    pub services: Vec<(u32, ServiceEvidence)>,
    pub surfaces: Vec<u32>,
    pub local: Vec<u32>,
    pub physical: Vec<u32>,
    /// Conversations it opened.
    pub out: Vec<Talk>,
    /// Conversations it served.
    pub served: Vec<Talk>,
    pub impact: Impact,
    /// Impact times the share open to one who has it: the loss of the engines.
    pub stake: f64,
    /// Weight as an entry, before and after controls.
    pub way_in: Option<(EntryKind, f64)>,
    pub way_open: f64,
    /// Share of its own unobserved attempts that still leave it.
    pub lateral: f64,
}

/// A segment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Segment {
    pub id: Arc<str>,
    pub key: u64,
    /// Active devices in key order.
    pub members: Vec<u32>,
    /// Surfaces that a scan of the segment finds, by the key of their device: a scan meets devices.
    pub ring: Vec<(u64, u32)>,
    /// Links that start here, by key.
    pub links: Vec<(u64, u32)>,
}

/// One service in one segment, as links lead to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub segment: u32,
    pub service: u32,
    pub key: u64,
    /// Active devices that offer it.
    pub offers: u32,
    /// Surfaces that contact over a link finds, by the key of their device.
    pub ring: Vec<(u64, u32)>,
    /// Links that lead here, by key.
    pub links: Vec<(u64, u32)>,
}

/// From a segment to a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    pub from: u32,
    pub group: u32,
    pub key: u64,
    /// As stated in the input.
    pub stated: Option<(LinkEvidence, u32)>,
    /// Live conversations that use it.
    pub used: u32,
    /// Share that controls leave open.
    pub left: f64,
}

impl Link {
    /// Whether the link takes part at all.
    pub(crate) fn there(&self) -> bool {
        self.used > 0 || self.stated.is_some()
    }

    /// Belief that it is open.
    pub(crate) fn belief(&self, policy: &Policy) -> f64 {
        let l = &policy.link;
        let seen = |days: u32| {
            if days > policy.propagation.forget_after_days {
                l.unknown
            } else {
                l.seen
            }
        };
        let belief = match self.stated {
            None => l.seen,
            Some((LinkEvidence::Seen, days)) if self.used == 0 => seen(days),
            Some((LinkEvidence::Seen, _)) => l.seen,
            Some((LinkEvidence::Rule, _)) => l.rule,
            Some((LinkEvidence::Unknown, _)) if self.used > 0 => l.seen,
            Some((LinkEvidence::Unknown, _)) => l.unknown,
            Some((LinkEvidence::Refuted, _)) => l.refuted,
        };
        belief * self.left
    }
}

/// What changes of a graph left to be worked off in the arrays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stir {
    /// Groups whose links or offers changed.
    pub groups: BTreeSet<u32>,
    /// Segments whose links changed.
    pub segments: BTreeSet<u32>,
    /// Links that came, went or are believed otherwise.
    pub links: BTreeSet<u32>,
}

/// All tables of a site.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub policy: Policy,
    pub day: i64,
    /// Calibrated scale of attempts.
    pub scale: f64,
    pub weaknesses: Vec<Weakness>,
    pub weakness_by_id: BTreeMap<Arc<str>, u32>,
    pub services: Vec<(Arc<str>, u64)>,
    pub service_by_id: BTreeMap<Arc<str>, u32>,
    pub segments: Vec<Segment>,
    pub segment_by_id: BTreeMap<Arc<str>, u32>,
    pub devices: Vec<Option<Device>>,
    pub free_devices: Vec<u32>,
    pub device_by_id: BTreeMap<Arc<str>, u32>,
    /// Active devices in key order.
    pub order: Vec<u32>,
    pub surfaces: Vec<Surface>,
    pub free_surfaces: Vec<u32>,
    pub pairs: Vec<Pair>,
    pub free_pairs: Vec<u32>,
    pub groups: Vec<Group>,
    pub group_by_name: BTreeMap<(u32, u32), u32>,
    pub links: Vec<Link>,
    pub link_by_name: BTreeMap<(u32, u32), u32>,
    /// By the device they name, "" for the others.
    pub controls: BTreeMap<String, BTreeSet<ControlEntry>>,
    /// Devices by product.
    pub fleets: BTreeMap<Product, Fleet>,
    pub decisions: Vec<DecisionEntry>,
    pub stir: Stir,
}

impl Graph {
    /// The device in a slot that is known to be taken.
    pub(crate) fn device(&self, slot: u32) -> &Device {
        match &self.devices[slot as usize] {
            Some(device) => device,
            None => unreachable!("slot {slot} is taken"),
        }
    }

    pub(crate) fn device_mut(&mut self, slot: u32) -> &mut Device {
        match &mut self.devices[slot as usize] {
            Some(device) => device,
            None => unreachable!("slot {slot} is taken"),
        }
    }

    pub(crate) fn age(&self, days_since: u32) -> Age {
        let p = &self.policy.propagation;
        if days_since > p.forget_after_days {
            Age::Forgotten
        } else if days_since > p.stale_after_days {
            Age::Stale
        } else {
            Age::Fresh
        }
    }

    /// Conversations that count for a device's fan-out.
    pub(crate) fn fan_out(&self, device: &Device) -> u32 {
        device
            .out
            .iter()
            .filter(|talk| self.age(talk.days_since) != Age::Forgotten)
            .count() as u32
    }

    /// The order key of a device.
    pub(crate) fn device_rank(&self, slot: u32) -> (u64, &str) {
        let device = self.device(slot);
        (device.key, &device.id)
    }
}

/// Least power of two not below `count` (1 for 0).
pub(crate) fn ring_size(count: u32) -> u32 {
    count.max(1).next_power_of_two()
}
