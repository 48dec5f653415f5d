//! The gradient of the loss by one backward pass over the same layers.

use super::{Layers, View, shut};
use crate::flat::{Flat, FlatSurface, STALE};
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

/// Sums that the backward pass collects before they go to the devices of the layer below.
struct Sums {
    talk: Vec<f64>,
    serve: Vec<f64>,
    scan: Vec<f64>,
    own_scan: Vec<f64>,
    /// By power of the target segment's ring, and each device's own part in its own segment's.
    site: Vec<f64>,
    own_site: Vec<f64>,
    /// By device: the derivative by its door.
    door: Vec<f64>,
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
        site: vec![0.0; flat.site.len()],
        own_site: vec![0.0; flat.slots],
        door: vec![0.0; flat.slots],
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
        if flat.door[slot] == 0.0 {
            gradient.by_entry[slot] += g * stays;
        }
        if first == last || g == 0.0 {
            continue;
        }
        let segment = device.segment as usize;
        let others = (
            view.others_scan(flat, segment, slot, &layers.reached[t]),
            view.others_site(flat, segment, slot, &layers.reached[t]),
        );
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
    for device in &flat.devices {
        let slot = device.slot as usize;
        if flat.door[slot] > 0.0 {
            gradient.by_entry[slot] += sums.door[slot];
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
    others: (f64, f64),
    weight: f64,
    sums: &mut Sums,
) -> f64 {
    let m = view.misses(flat, surface, others);
    let edges = &flat.edges[surface.edges.0 as usize..surface.edges.1 as usize];
    let miss = weight * m.all();
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
    let known = weight * m.talk * m.door;
    if surface.scanned {
        // d(1-scan)/d(others) = -unobserved; what reaches the members is -d(others).
        let part = known * m.cross * m.site * surface.unobserved * others.0;
        sums.scan[segment] += part;
        sums.own_scan[surface.device as usize] += part;
    }
    if surface.routed {
        let part = known * m.scan * m.cross * surface.unobserved * others.1;
        sums.site[usize::from(flat.power[segment])] += part;
        sums.own_site[surface.device as usize] += part;
        sums.door[surface.device as usize] += weight * m.talk * m.unobserved();
    }
    let groups = &flat.groups[surface.groups.0 as usize..surface.groups.1 as usize];
    for group in groups {
        let own = 1.0 - surface.unobserved * (1.0 - view.group[*group as usize]);
        if own > 0.0 {
            sums.group[*group as usize] +=
                known * m.scan * m.site * (m.cross / own) * surface.unobserved;
        }
    }
    // What closing contact that was not observed would take away.
    known * (1.0 - m.unobserved())
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
        let far: f64 = flat
            .site
            .iter()
            .enumerate()
            .map(|(power, contact)| {
                let own = if usize::from(flat.power[segment]) == power {
                    sums.own_site[slot]
                } else {
                    0.0
                };
                let contact = contact * flat.lateral[slot];
                (sums.site[power] - own).max(0.0) * contact
                    / (1.0 - contact * view.act * reached[slot])
            })
            .sum();
        let quiet_miss = 1.0 - flat.lateral[slot] * view.act * reached[slot];
        below[slot] = view.act
            * (sums.talk[slot] * flat.fresh[slot] / view.keep[slot]
                + sums.talk[stale] * flat.stale[slot] / view.keep[stale]
                + sums.serve[slot] * flat.serve / view.serve[slot]
                + (sums.scan[segment] - sums.own_scan[slot]).max(0.0) * scan / scan_miss
                + quiet[segment] * flat.lateral[slot] / quiet_miss
                + far);
    }
    below
}
