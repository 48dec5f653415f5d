//! Engine A: bounded-hop layers over the flat graph, and the gradient of the loss by one backward pass.
//!
//! r_i^0 = e_i; r_i^{t+1} = 1 - (1 - e_i) prod_p (1 - a_p^t x_p) for t = 0..L-1. An unrolled, acyclic computation: monotone in every
//! probability, no convergence question, the same bits for the same graph.

use crate::flat::{Flat, FlatSurface, STALE};
use crate::graph::Graph;

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

    /// The three factors of 1 - a_p: conversations, segment, links.
    fn misses(
        &self,
        flat: &Flat,
        surface: &FlatSurface,
        segment: usize,
        others: f64,
    ) -> (f64, f64, f64) {
        let edges = &flat.edges[surface.edges.0 as usize..surface.edges.1 as usize];
        let mut talk = 1.0;
        if surface.served {
            for edge in edges {
                talk *= self.serve[(edge & !STALE) as usize];
            }
        } else {
            for edge in edges {
                let stale = (edge >> 31) as usize * self.slots;
                talk *= self.keep[(edge & !STALE) as usize + stale];
            }
        }
        debug_assert!(segment < self.scan.len());
        let scan = if surface.scanned {
            1.0 - surface.unobserved * (1.0 - others)
        } else {
            1.0
        };
        let groups = &flat.groups[surface.groups.0 as usize..surface.groups.1 as usize];
        let mut cross = 1.0;
        for group in groups {
            cross *= 1.0 - surface.unobserved * (1.0 - self.group[*group as usize]);
        }
        (talk, scan, cross)
    }
}

/// The forward pass.
pub(crate) fn forward(graph: &Graph, flat: &Flat) -> Layers {
    let hops = usize::from(graph.policy.propagation.hops);
    let mut layers = Layers {
        reached: vec![flat.entry.clone()],
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
                let others = view.others_scan(flat, segment, slot, reached);
                let surfaces = flat.surfaces[first..last].iter();
                for (surface, a_p) in surfaces.zip(&mut attempted[first..last]) {
                    let (talk, scan, cross) = view.misses(flat, surface, segment, others);
                    let a = 1.0 - talk * scan * cross;
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

/// Derivatives of the loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Gradient {
    /// By surface: dLoss/dx.
    pub by_x: Vec<f64>,
    /// By device: dLoss/de.
    pub by_entry: Vec<f64>,
    /// By device: sum over layers of r times the part of the gradient that comes from later layers.
    pub springboard: Vec<f64>,
    /// By device: first-order share of the loss that arrives by segment and link contact.
    pub unobserved: Vec<f64>,
}

/// The backward pass over the same layers.
pub(crate) fn backward(graph: &Graph, flat: &Flat, layers: &Layers) -> Gradient {
    let hops = layers.attempted.len();
    let mut gradient = Gradient {
        by_x: vec![0.0; flat.surfaces.len()],
        by_entry: vec![0.0; flat.slots],
        springboard: vec![0.0; flat.slots],
        unobserved: vec![0.0; flat.slots],
    };
    let mut above = flat.stake.clone();
    for t in (0..hops).rev() {
        let view = View::of(graph, flat, &layers.reached[t]);
        let below = backward_layer(flat, layers, t, &view, &above, &mut gradient);
        for device in &flat.devices {
            let slot = device.slot as usize;
            gradient.springboard[slot] += layers.reached[t][slot] * below[slot];
        }
        above = below;
    }
    for device in &flat.devices {
        gradient.by_entry[device.slot as usize] += above[device.slot as usize];
    }
    gradient
}

/// Sums that the backward pass collects before they go to the devices of the layer below.
struct Sums {
    talk: Vec<f64>,
    serve: Vec<f64>,
    scan: Vec<f64>,
    own_scan: Vec<f64>,
    group: Vec<f64>,
}

fn backward_layer(
    flat: &Flat,
    layers: &Layers,
    t: usize,
    view: &View,
    above: &[f64],
    gradient: &mut Gradient,
) -> Vec<f64> {
    let mut sums = Sums {
        talk: vec![0.0; 2 * flat.slots],
        serve: vec![0.0; flat.slots],
        scan: vec![0.0; view.scan.len()],
        own_scan: vec![0.0; flat.slots],
        group: vec![0.0; view.group.len()],
    };
    let attempted = &layers.attempted[t];
    for device in &flat.devices {
        let slot = device.slot as usize;
        let (first, last) = (device.surfaces.0 as usize, device.surfaces.1 as usize);
        let g = above[slot];
        let mut stays = 1.0;
        for (surface, a) in flat.surfaces[first..last]
            .iter()
            .zip(&attempted[first..last])
        {
            stays *= 1.0 - a * surface.x;
        }
        gradient.by_entry[slot] += g * stays;
        if first == last || g == 0.0 {
            continue;
        }
        let others = view.others_scan(flat, device.segment as usize, slot, &layers.reached[t]);
        for number in first..last {
            let surface = &flat.surfaces[number];
            let rest = g
                * (1.0 - flat.entry[slot])
                * product_without(flat, attempted, first..last, number);
            gradient.by_x[number] += rest * attempted[number];
            let weight = rest * surface.x;
            if weight == 0.0 {
                continue;
            }
            gradient.unobserved[slot] += surface_sums(
                flat,
                view,
                surface,
                device.segment as usize,
                others,
                weight,
                &mut sums,
            );
        }
    }
    distribute(flat, layers, t, view, &sums)
}

fn product_without(
    flat: &Flat,
    attempted: &[f64],
    range: std::ops::Range<usize>,
    without: usize,
) -> f64 {
    range
        .filter(|number| *number != without)
        .map(|number| 1.0 - attempted[number] * flat.surfaces[number].x)
        .product()
}

/// Adds the derivatives of one a_p, times `weight`, to the sums; gives the part of the loss that unobserved contact carries.
fn surface_sums(
    flat: &Flat,
    view: &View,
    surface: &FlatSurface,
    segment: usize,
    others: f64,
    weight: f64,
    sums: &mut Sums,
) -> f64 {
    let (talk, scan, cross) = view.misses(flat, surface, segment, others);
    let edges = &flat.edges[surface.edges.0 as usize..surface.edges.1 as usize];
    let miss = weight * talk * scan * cross;
    if surface.served {
        for edge in edges {
            sums.serve[(edge & !STALE) as usize] += miss;
        }
    } else {
        for edge in edges {
            let stale = (edge >> 31) as usize * view.slots;
            sums.talk[(edge & !STALE) as usize + stale] += miss;
        }
    }
    if surface.scanned {
        // d(1-scan)/d(others) = -unobserved; what reaches the members is -d(others).
        let part = weight * talk * cross * surface.unobserved * others;
        sums.scan[segment] += part;
        sums.own_scan[surface.device as usize] += part;
    }
    let groups = &flat.groups[surface.groups.0 as usize..surface.groups.1 as usize];
    for group in groups {
        let own = 1.0 - surface.unobserved * (1.0 - view.group[*group as usize]);
        if own > 0.0 {
            sums.group[*group as usize] +=
                weight * talk * scan * (cross / own) * surface.unobserved;
        }
    }
    // What closing segment and link contact alone would take away.
    weight * talk * (1.0 - scan * cross)
}

/// Gives the sums to the devices that caused them: the gradient by r of the layer below.
fn distribute(flat: &Flat, layers: &Layers, t: usize, view: &View, sums: &Sums) -> Vec<f64> {
    let quiet: Vec<f64> = flat
        .leaving
        .iter()
        .enumerate()
        .map(|(segment, links)| {
            let silence = view.quiet[segment];
            let weigh = |(group, place): &(u32, u32)| {
                let contact = flat.links[*place as usize].contact;
                let own = 1.0 - contact * (1.0 - silence);
                let weight = sums.group[*group as usize];
                if weight == 0.0 || own <= 0.0 {
                    return 0.0;
                }
                weight * (view.group[*group as usize] / own) * contact * silence
            };
            links.iter().map(weigh).sum()
        })
        .collect();
    let reached = &layers.reached[t];
    let mut below = vec![0.0; flat.slots];
    for device in &flat.devices {
        let slot = device.slot as usize;
        let segment = device.segment as usize;
        let stale = view.slots + slot;
        let scan = flat.scan[segment] * flat.lateral[slot];
        let scan_miss = 1.0 - scan * view.act * reached[slot];
        let quiet_miss = 1.0 - flat.lateral[slot] * view.act * reached[slot];
        below[slot] = view.act
            * (sums.talk[slot] * flat.fresh[slot] / view.keep[slot]
                + sums.talk[stale] * flat.stale[slot] / view.keep[stale]
                + sums.serve[slot] * flat.serve / view.serve[slot]
                + (sums.scan[segment] - sums.own_scan[slot]).max(0.0) * scan / scan_miss
                + quiet[segment] * flat.lateral[slot] / quiet_miss);
    }
    below
}
