//! Engine A: bounded-hop layers over the flat graph, and the gradient of the loss by one backward pass.
//!
//! r_i^0 = e_i; r_i^{t+1} = 1 - (1 - e_i) prod_p (1 - a_p^t x_p) for t = 0..L-1. An unrolled, acyclic computation: monotone in every
//! probability, no convergence question, the same bits for the same graph.

use crate::flat::{Flat, FlatSurface, STALE};
use crate::graph::Graph;

mod gradient;
pub(crate) use gradient::{Gradient, backward};

/// Result of the forward pass; by device slot or by place in [`Flat::surfaces`].
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layers {
    /// r^0 ..= r^L.
    pub reached: Vec<Vec<f64>>,
    /// a^0 ..= a^{L-1}.
    pub attempted: Vec<Vec<f64>>,
    /// Sum of stake times r^L.
    pub loss: f64,
    /// Sum of r^L.
    pub size: f64,
}

/// What one layer sees of the layer before.
struct View {
    act: f64,
    slots: usize,
    /// 1 - b r, fresh then stale, and 1 - serve r.
    keep: Vec<f64>,
    serve: Vec<f64>,
    /// By segment: prod(1 - scan lateral y).
    scan: Vec<f64>,
    /// By segment: prod(1 - lateral y), the chance that nobody there attacks over links.
    quiet: Vec<f64>,
    /// By power of a segment's ring: prod over all devices (1 - site lateral y).
    site: Vec<f64>,
    /// By group: prod over links (1 - contact (1 - quiet)).
    group: Vec<f64>,
}

impl View {
    fn of(graph: &Graph, flat: &Flat, reached: &[f64]) -> Self {
        let act = graph.policy.propagation.act;
        let slots = flat.slots;
        let mut view = Self {
            act,
            slots,
            keep: vec![1.0; 2 * slots],
            serve: vec![1.0; slots],
            scan: vec![1.0; graph.segments.len()],
            quiet: vec![1.0; graph.segments.len()],
            site: vec![1.0; flat.site.len()],
            group: Vec::with_capacity(graph.groups.len()),
        };
        for device in &flat.devices {
            let slot = device.slot as usize;
            let used = act * reached[slot];
            if used == 0.0 {
                continue;
            }
            view.keep[slot] = 1.0 - flat.fresh[slot] * used;
            view.keep[slots + slot] = 1.0 - flat.stale[slot] * used;
            view.serve[slot] = 1.0 - flat.serve * used;
            let segment = device.segment as usize;
            let out = flat.lateral[slot] * used;
            view.scan[segment] *= 1.0 - flat.scan[segment] * out;
            view.quiet[segment] *= 1.0 - out;
            for (quiet, contact) in view.site.iter_mut().zip(&flat.site) {
                *quiet *= 1.0 - contact * out;
            }
        }
        for (start, end) in &flat.group_links {
            let links = &flat.links[*start as usize..*end as usize];
            view.group.push(
                links
                    .iter()
                    .map(|link| 1.0 - link.contact * (1.0 - view.quiet[link.from as usize]))
                    .product(),
            );
        }
        view
    }

    /// The chance that a member of the segment but `slot` leaves a given surface alone.
    fn others_scan(&self, flat: &Flat, segment: usize, slot: usize, reached: &[f64]) -> f64 {
        let own = 1.0 - flat.scan[segment] * flat.lateral[slot] * self.act * reached[slot];
        (self.scan[segment] / own).min(1.0)
    }

    /// The chance that nobody in the site but `slot` attempts a given surface of its segment from anywhere.
    fn others_site(&self, flat: &Flat, segment: usize, slot: usize, reached: &[f64]) -> f64 {
        let power = usize::from(flat.power[segment]);
        let own = 1.0 - flat.site[power] * flat.lateral[slot] * self.act * reached[slot];
        (self.site[power] / own).min(1.0)
    }

    /// The factors of 1 - a_p. `others` is what the segment and the site leave alone.
    fn misses(&self, flat: &Flat, surface: &FlatSurface, others: (f64, f64)) -> Misses {
        let edges = &flat.edges[surface.edges.0 as usize..surface.edges.1 as usize];
        let mut misses = Misses {
            talk: 1.0,
            scan: 1.0,
            cross: 1.0,
            site: 1.0,
            door: 1.0,
        };
        if surface.served {
            for edge in edges {
                misses.talk *= self.serve[(edge & !STALE) as usize];
            }
        } else {
            for edge in edges {
                let stale = (edge >> 31) as usize * self.slots;
                misses.talk *= self.keep[(edge & !STALE) as usize + stale];
            }
        }
        if surface.scanned {
            misses.scan = 1.0 - surface.unobserved * (1.0 - others.0);
        }
        let groups = &flat.groups[surface.groups.0 as usize..surface.groups.1 as usize];
        for group in groups {
            misses.cross *= 1.0 - surface.unobserved * (1.0 - self.group[*group as usize]);
        }
        if surface.routed {
            misses.site = 1.0 - surface.unobserved * (1.0 - others.1);
            misses.door = 1.0 - flat.door[surface.device as usize];
        }
        misses
    }
}

/// The factors of 1 - a_p: what conversations, the segment, links, the rest of the site and the outside leave alone.
struct Misses {
    talk: f64,
    scan: f64,
    cross: f64,
    site: f64,
    door: f64,
}

impl Misses {
    fn unobserved(&self) -> f64 {
        self.scan * self.cross * self.site
    }

    fn all(&self) -> f64 {
        self.talk * self.unobserved() * self.door
    }
}

/// r^0: footholds, and what attacks from outside take.
fn begin(flat: &Flat) -> Vec<f64> {
    let mut reached = flat.entry.clone();
    for device in &flat.devices {
        let slot = device.slot as usize;
        if flat.door[slot] > 0.0 {
            let range = device.surfaces.0 as usize..device.surfaces.1 as usize;
            reached[slot] = 1.0 - shut(flat, range, flat.door[slot], None);
        }
    }
    reached
}

/// The chance that attacks from outside with probability `door` take none of some surfaces but `without`.
fn shut(flat: &Flat, range: std::ops::Range<usize>, door: f64, without: Option<usize>) -> f64 {
    range
        .filter(|number| Some(*number) != without && flat.surfaces[*number].routed)
        .map(|number| 1.0 - door * flat.surfaces[number].x)
        .product()
}

/// The forward pass.
pub(crate) fn forward(graph: &Graph, flat: &Flat) -> Layers {
    let hops = usize::from(graph.policy.propagation.hops);
    let mut layers = Layers {
        reached: vec![begin(flat)],
        attempted: Vec::with_capacity(hops),
        loss: 0.0,
        size: 0.0,
    };
    for _ in 0..hops {
        let reached = &layers.reached[layers.reached.len() - 1];
        let view = View::of(graph, flat, reached);
        let mut next = vec![0.0; flat.slots];
        let mut attempted = vec![0.0; flat.surfaces.len()];
        for device in &flat.devices {
            let slot = device.slot as usize;
            let segment = device.segment as usize;
            let (first, last) = (device.surfaces.0 as usize, device.surfaces.1 as usize);
            let mut stays = 1.0 - flat.entry[slot];
            if first < last {
                let others = (
                    view.others_scan(flat, segment, slot, reached),
                    view.others_site(flat, segment, slot, reached),
                );
                let surfaces = flat.surfaces[first..last].iter();
                for (surface, a_p) in surfaces.zip(&mut attempted[first..last]) {
                    let a = 1.0 - view.misses(flat, surface, others).all();
                    *a_p = a;
                    stays *= 1.0 - a * surface.x;
                }
            }
            next[slot] = 1.0 - stays;
        }
        layers.reached.push(next);
        layers.attempted.push(attempted);
    }
    let last = &layers.reached[hops];
    for device in &flat.devices {
        layers.loss += flat.stake[device.slot as usize] * last[device.slot as usize];
        layers.size += last[device.slot as usize];
    }
    layers
}

/// Sets the scale of attempts so that a campaign reaches the policy's number of devices, by bisection on its logarithm.
pub(crate) fn calibrate(graph: &mut Graph, flat: &mut Flat) {
    let c = graph.policy.calibration.clone();
    if let Some(scale) = c.scale {
        graph.scale = scale;
        flat.spread(graph);
        return;
    }
    let target = (c.share_of_devices * flat.devices.len() as f64)
        .max(c.at_least)
        .min(flat.devices.len() as f64);
    let (mut low, mut high) = (libm::log2(c.least_scale), libm::log2(c.most_scale));
    for _ in 0..c.steps {
        let middle = f64::midpoint(low, high);
        graph.scale = libm::exp2(middle);
        flat.spread(graph);
        if forward(graph, flat).size < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    // Six significant digits: the pinned number can be written down and read back to the same bits.
    graph.scale = round6(libm::exp2(f64::midpoint(low, high)));
    flat.spread(graph);
}

fn round6(value: f64) -> f64 {
    let power = libm::exp10(5.0 - libm::floor(libm::log10(value.max(f64::MIN_POSITIVE))));
    libm::round(value * power) / power
}
