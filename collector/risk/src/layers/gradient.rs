//! The gradient of the loss by one backward pass over the same layers. Rounding counts as nothing: steps have no slope.

use super::hubs::Hubs;
use super::{Layers, shut};
use crate::flat::{Flat, FlatDevice, STALE};
use crate::graph::Graph;

/// Derivatives of the loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Gradient {
    /// By surface: dLoss/dx.
    pub by_x: Vec<f64>,
    /// By device: dLoss/de, of an exposed device dLoss/d(door).
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
    let leaving = leaving(graph, flat);
    for t in (0..hops).rev() {
        let below = backward_layer(graph, flat, layers, t, &leaving, &above, &mut gradient);
        for device in flat.in_order(graph) {
            let slot = device.slot as usize;
            gradient.springboard[slot] += layers.reached[t][slot] * below[slot];
        }
        above = below;
    }
    for device in flat.in_order(graph) {
        let slot = device.slot as usize;
        let range = device.surfaces.0 as usize..device.surfaces.1 as usize;
        let door = flat.door[slot];
        if door == 0.0 {
            gradient.by_entry[slot] += above[slot];
            continue;
        }
        for number in range.clone().filter(|number| flat.surfaces[*number].routed) {
            let rest = above[slot] * shut(flat, range.clone(), door, Some(number));
            gradient.by_x[number] += rest * door;
            gradient.by_entry[slot] += rest * flat.surfaces[number].x;
        }
    }
    gradient
}

/// By segment: its links as group and contact, in key order.
fn leaving(graph: &Graph, flat: &Flat) -> Vec<Vec<(u32, f64)>> {
    let of = |(_, link): &(u64, u32)| {
        let group = graph.links[*link as usize].group;
        (group, flat.contact[*link as usize])
    };
    graph
        .segments
        .iter()
        .map(|segment| segment.links.iter().map(of).collect())
        .collect()
}

/// Sums that the backward pass collects before they go to the devices of the layer below.
struct Sums {
    talk: Vec<f64>,
    serve: Vec<f64>,
    scan: Vec<f64>,
    own_scan: Vec<f64>,
    /// By the site's sum, and each device's own part.
    site: f64,
    own_site: Vec<f64>,
    /// By device: the derivative by its door.
    door: Vec<f64>,
    group: Vec<f64>,
}

fn backward_layer(
    graph: &Graph,
    flat: &Flat,
    layers: &Layers,
    t: usize,
    leaving: &[Vec<(u32, f64)>],
    above: &[f64],
    gradient: &mut Gradient,
) -> Vec<f64> {
    let hubs = &layers.hubs[t];
    let mut sums = Sums {
        talk: vec![0.0; 2 * flat.slots],
        serve: vec![0.0; flat.slots],
        scan: vec![0.0; hubs.scan.len()],
        own_scan: vec![0.0; flat.slots],
        site: 0.0,
        own_site: vec![0.0; flat.slots],
        door: vec![0.0; flat.slots],
        group: vec![0.0; hubs.group.len()],
    };
    let attempted = &layers.attempted[t];
    for device in flat.in_order(graph) {
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
        if flat.door[slot] == 0.0 {
            gradient.by_entry[slot] += g * stays;
        }
        if first == last || g == 0.0 {
            continue;
        }
        let others = hubs.others(flat, layers.grid, device);
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
            gradient.unobserved[slot] +=
                surface_sums(flat, hubs, device, number, others, weight, &mut sums);
        }
    }
    for device in flat.in_order(graph) {
        let slot = device.slot as usize;
        if flat.door[slot] > 0.0 {
            gradient.by_entry[slot] += sums.door[slot];
        }
    }
    distribute(graph, flat, layers, t, leaving, &sums)
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
    hubs: &Hubs,
    device: &FlatDevice,
    place: usize,
    others: (f64, f64),
    weight: f64,
    sums: &mut Sums,
) -> f64 {
    let surface = &flat.surfaces[place];
    let (slot, segment) = (device.slot as usize, device.segment as usize);
    let m = hubs.misses(flat, place, others);
    let edges = &flat.edges[surface.edges.0 as usize..surface.edges.1 as usize];
    let miss = weight * m.all();
    if surface.served {
        for edge in edges {
            sums.serve[(edge & !STALE) as usize] += miss;
        }
    } else {
        for edge in edges {
            let stale = (edge >> 31) as usize * flat.slots;
            sums.talk[(edge & !STALE) as usize + stale] += miss;
        }
    }
    let known = weight * m.talk * m.door;
    if surface.scanned {
        // d(1-scan)/d(others) = -unobserved; what reaches the members is -d(others).
        let part = known * m.cross * m.site * surface.unobserved * (1.0 - others.0);
        sums.scan[segment] += part;
        sums.own_scan[slot] += part;
    }
    if surface.routed {
        // The site's sum is one for all rings: smaller odds are a share of it.
        let part = known * m.scan * m.cross * surface.unobserved * (1.0 - others.1);
        let part = part * flat.nearness(segment);
        sums.site += part;
        sums.own_site[slot] += part;
        sums.door[slot] += weight * m.talk * m.unobserved();
    }
    let groups = &flat.groups[surface.groups.0 as usize..surface.groups.1 as usize];
    for group in groups {
        let own = 1.0 - surface.unobserved * hubs.group[*group as usize];
        if own > 0.0 {
            sums.group[*group as usize] +=
                known * m.scan * m.site * (m.cross / own) * surface.unobserved;
        }
    }
    // What closing contact that was not observed would take away.
    known * (1.0 - m.unobserved())
}

/// Gives the sums to the devices that caused them: the gradient by r of the layer below.
fn distribute(
    graph: &Graph,
    flat: &Flat,
    layers: &Layers,
    t: usize,
    leaving: &[Vec<(u32, f64)>],
    sums: &Sums,
) -> Vec<f64> {
    let hubs = &layers.hubs[t];
    let act = graph.policy.propagation.act;
    let quiet: Vec<f64> = leaving
        .iter()
        .zip(&hubs.noise)
        .map(|(links, noise)| {
            let weigh = |(group, contact): &(u32, f64)| {
                let own = 1.0 - contact * noise;
                let weight = sums.group[*group as usize];
                if weight == 0.0 || own <= 0.0 {
                    return 0.0;
                }
                let rest = (1.0 - hubs.group[*group as usize]) / own;
                weight * rest * contact * (1.0 - noise)
            };
            links.iter().map(weigh).sum()
        })
        .collect();
    let reached = &layers.reached[t];
    let mut below = vec![0.0; flat.slots];
    for device in flat.in_order(graph) {
        let slot = device.slot as usize;
        let segment = device.segment as usize;
        let used = act * reached[slot];
        let (fresh, stale) = (flat.fresh[slot], flat.stale[slot]);
        let scan = flat.scan[segment] * flat.lateral[slot];
        let far = flat.far * flat.lateral[slot];
        let slope = |odds: f64| odds / (1.0 - odds * used);
        below[slot] = act
            * (sums.talk[slot] * slope(fresh)
                + sums.talk[flat.slots + slot] * slope(stale)
                + sums.serve[slot] * slope(flat.serve)
                + (sums.scan[segment] - sums.own_scan[slot]).max(0.0) * slope(scan)
                + quiet[segment] * slope(flat.lateral[slot])
                + (sums.site - sums.own_site[slot]).max(0.0) * slope(far));
    }
    below
}
