//! The graph as plain arrays in key order: what both engines run on. Built anew after every change, in one linear pass.

use crate::coin;
use crate::graph::{Age, Graph, Kind, ring_size};

/// Marks an edge of a stale conversation.
pub(crate) const STALE: u32 = 1 << 31;

/// A surface in key order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlatSurface {
    pub slot: u32,
    pub device: u32,
    /// Edges: range of [`Flat::edges`].
    pub edges: (u32, u32),
    /// Groups: range of [`Flat::groups`].
    pub groups: (u32, u32),
    pub x: f64,
    pub unobserved: f64,
    /// A scan of the segment finds it.
    pub scanned: bool,
    /// Reached by what servers send: edges lead from servers.
    pub served: bool,
}

/// A device in key order with its surfaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlatDevice {
    pub slot: u32,
    pub segment: u32,
    pub surfaces: (u32, u32),
}

/// A link that leads into a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlatLink {
    pub from: u32,
    /// Probability that one using device attempts one given surface of the group over this link.
    pub contact: f64,
}

/// The arrays; those by device or segment or group are indexed by slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flat {
    pub slots: usize,
    pub devices: Vec<FlatDevice>,
    pub surfaces: Vec<FlatSurface>,
    pub edges: Vec<u32>,
    pub groups: Vec<u32>,
    pub links: Vec<FlatLink>,
    /// By group: range of `links`.
    pub group_links: Vec<(u32, u32)>,
    /// By segment: its links as group and place in `links`, in key order.
    pub leaving: Vec<Vec<(u32, u32)>>,
    /// By device: probability that a used device attempts one of its conversations, fresh and stale.
    pub fresh: Vec<f64>,
    pub stale: Vec<f64>,
    /// Probability that served content is taken.
    pub serve: f64,
    /// By segment: probability that one using device attempts one given surface of its segment.
    pub scan: Vec<f64>,
    pub lateral: Vec<f64>,
    /// By device: probability that a campaign begins there.
    pub entry: Vec<f64>,
    pub stake: Vec<f64>,
}

/// Probability of at least one hit in `attempts` spread evenly over `choices`.
pub(crate) fn hit(attempts: f64, choices: f64) -> f64 {
    -libm::expm1(-attempts / choices)
}

impl Flat {
    /// All arrays of a graph.
    pub(crate) fn of(graph: &Graph) -> Self {
        let slots = graph.devices.len();
        let mut flat = Self {
            slots,
            stake: vec![0.0; slots],
            lateral: vec![1.0; slots],
            entry: vec![0.0; slots],
            ..Self::default()
        };
        let mut weight = 0.0;
        for slot in &graph.order {
            flat.add_device(graph, *slot);
            weight += graph.device(*slot).way_in.map_or(0.0, |(_, weight)| weight);
        }
        if weight > 0.0 {
            for slot in &graph.order {
                let device = graph.device(*slot);
                flat.entry[*slot as usize] = device
                    .way_in
                    .map_or(0.0, |(_, own)| own / weight * device.way_open);
            }
        }
        flat.spread(graph);
        flat
    }

    /// Sets everything that depends on the scale of attempts.
    pub(crate) fn spread(&mut self, graph: &Graph) {
        let p = &graph.policy.propagation;
        let attempts = graph.scale * p.conversation_attempts;
        let steps: Vec<(f64, f64)> = (0..33)
            .map(|power| {
                let choices = libm::exp2(f64::from(power));
                (
                    hit(attempts, choices),
                    hit(attempts * p.stale_factor, choices),
                )
            })
            .collect();
        self.fresh = vec![0.0; self.slots];
        self.stale = vec![0.0; self.slots];
        for slot in &graph.order {
            let power = ring_size(graph.fan_out(graph.device(*slot))).trailing_zeros();
            (self.fresh[*slot as usize], self.stale[*slot as usize]) = steps[power as usize];
        }
        self.serve = hit(graph.scale * p.served_content, 1.0);
        self.scan = graph
            .segments
            .iter()
            .map(|segment| {
                hit(
                    graph.scale * p.segment_attempts,
                    f64::from(ring_size(segment.members.len() as u32)),
                )
            })
            .collect();
        self.links.clear();
        self.group_links.clear();
        let mut places = vec![0; graph.links.len()];
        let contacts: Vec<f64> = (0..65)
            .map(|power| hit(graph.scale * p.link_attempts, libm::exp2(f64::from(power))))
            .collect();
        for group in &graph.groups {
            let start = self.links.len() as u32;
            for (_, link) in &group.links {
                places[*link as usize] = self.links.len() as u32;
                let link = &graph.links[*link as usize];
                let choices = ring_size(graph.segments[link.from as usize].links.len() as u32);
                let power = choices.trailing_zeros() + ring_size(group.offers).trailing_zeros();
                let contact = contacts[power as usize] * link.belief(&graph.policy);
                self.links.push(FlatLink {
                    from: link.from,
                    contact,
                });
            }
            self.group_links.push((start, self.links.len() as u32));
        }
        self.leaving = graph
            .segments
            .iter()
            .map(|segment| {
                let links = segment.links.iter();
                links
                    .map(|(_, link)| (graph.links[*link as usize].group, places[*link as usize]))
                    .collect()
            })
            .collect();
    }

    fn add_device(&mut self, graph: &Graph, slot: u32) {
        let device = graph.device(slot);
        self.stake[slot as usize] = device.stake;
        self.lateral[slot as usize] = device.lateral;
        let first = self.surfaces.len() as u32;
        for number in &device.surfaces {
            let surface = &graph.surfaces[*number as usize];
            let start = self.edges.len() as u32;
            self.add_edges(graph, slot, surface.kind);
            let edges = (start, self.edges.len() as u32);
            let start = self.groups.len() as u32;
            self.groups.extend(&surface.groups);
            self.surfaces.push(FlatSurface {
                slot: *number,
                device: slot,
                edges,
                groups: (start, self.groups.len() as u32),
                x: surface.x,
                unobserved: surface.unobserved,
                scanned: surface.kind != Kind::Client,
                served: surface.kind == Kind::Client,
            });
        }
        self.devices.push(FlatDevice {
            slot,
            segment: device.segment,
            surfaces: (first, self.surfaces.len() as u32),
        });
    }

    fn add_edges(&mut self, graph: &Graph, slot: u32, kind: Kind) {
        let device = graph.device(slot);
        let (talks, near, service) = match kind {
            Kind::Client => (&device.out, false, None),
            Kind::Any => (&device.served, false, None),
            Kind::Service(own) => (&device.served, false, Some(own)),
            Kind::Adjacent => (&device.served, true, None),
            Kind::AdjacentService(own) => (&device.served, true, Some(own)),
        };
        for talk in talks {
            if service.is_some_and(|service| service != talk.service) {
                continue;
            }
            let peer = graph.device(talk.peer);
            if !peer.active || (near && peer.segment != device.segment) {
                continue;
            }
            match graph.age(talk.days_since) {
                Age::Fresh => self.edges.push(talk.peer),
                Age::Stale => self.edges.push(talk.peer | STALE),
                Age::Forgotten => {}
            }
        }
    }
}

/// Key of the coin "this device uses this conversation against this surface".
pub(crate) fn edge_key(from: u64, surface: u64) -> u64 {
    coin::join(from, surface)
}
