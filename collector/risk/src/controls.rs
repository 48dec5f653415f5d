//! Which measures take most loss away: chosen by gradient, confirmed by recomputation, never denying an observed conversation.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::assessor::{Assessor, through_of};
use crate::campaign::Outward;
use crate::document::{ControlEntry, ControlKind, EntryKind};
use crate::event::{Concern, Event};
use crate::flat::Flat;
use crate::graph::{Age, Device, Graph, Kind, Talk};
use crate::layers::{self, Gradient, Grid, Layers};

/// A measure worth taking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedControl {
    /// The measure, as it would be written into a site's `controls`.
    #[serde(flatten)]
    pub control: ControlEntry,
    /// Expected loss per campaign that it takes away on top of those before it, recomputed by engine A.
    pub gain: f64,
    /// Devices on which it changes something; 0 for a link between segments.
    pub devices: u32,
    /// Observed conversations that it could concern and keeps.
    pub keeps: Vec<KeptFlow>,
}

/// An observed conversation that a measure leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptFlow {
    /// Device that opened it.
    pub client: String,
    /// Device that served it.
    pub server: String,
    /// Service.
    pub service: String,
    /// A clinical protocol.
    pub clinical: bool,
}

/// A list of measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Expected loss per campaign as it is (engine A).
    pub loss_before: f64,
    /// With all measures.
    pub loss_after: f64,
    /// The measures, in the order they were chosen.
    pub controls: Vec<PlannedControl>,
}

/// Candidates whose gain is recomputed in each round, and of these at most so many of one kind and scope: gradients of different
/// kinds err differently.
const TRIALS: usize = 8;
const ALIKE: usize = 2;

impl Assessor {
    /// At most `budget` measures, each the best found after those before it; then each is tried against the best one left out.
    ///
    /// No guarantee is claimed: reach is not submodular in sets of measures. Gains are recomputed, not estimated.
    pub fn controls(&self, budget: usize) -> Plan {
        let mut trial = Trial {
            graph: self.graph.clone(),
            flat: self.flat.clone(),
            outward: self.outward.clone(),
        };
        let loss_before = trial.loss();
        let mut loss = loss_before;
        let mut chosen: Vec<(ControlEntry, f64)> = Vec::new();
        while chosen.len() < budget {
            let Some((control, after)) = trial.best(&BTreeSet::new()) else {
                break;
            };
            trial.put(&control);
            chosen.push((control, loss - after));
            loss = after;
        }
        // One swap pass: what came first may be worth less now than what never came.
        for place in &mut chosen {
            let (old, gain) = place.clone();
            trial.take(&old);
            let found = trial.best(&BTreeSet::from([old.clone()]));
            match found {
                Some((new, after)) if after < loss * (1.0 - 1e-9) => {
                    trial.put(&new);
                    *place = (new, gain + loss - after);
                    loss = after;
                }
                _ => trial.put(&old),
            }
        }
        Plan {
            loss_before,
            loss_after: loss,
            controls: chosen
                .into_iter()
                .map(|(control, gain)| PlannedControl {
                    keeps: kept(&self.graph, &control),
                    devices: concerned(&self.graph, &control).count() as u32,
                    control,
                    gain,
                })
                .collect(),
        }
    }
}

/// A graph on which measures are tried, with its arrays; engine A only.
struct Trial {
    graph: Graph,
    flat: Flat,
    outward: Outward,
}

impl Trial {
    fn loss(&self) -> f64 {
        self.forward().loss
    }

    /// On the fine grid: a measure's gain may be less than a step of the other.
    fn forward(&self) -> Layers {
        let grid = Grid::fine(&self.graph.policy.grid);
        layers::forward_on(&self.graph, &self.flat, grid)
    }

    fn put(&mut self, control: &ControlEntry) {
        self.follow(&Event::Control(control.clone()));
    }

    fn take(&mut self, control: &ControlEntry) {
        self.follow(&Event::ControlGone(control.clone()));
    }

    /// Carries out an event that makes no device come or go; the arrays follow it.
    fn follow(&mut self, event: &Event) {
        let mut concern = Concern::default();
        self.graph.follow(event, &mut concern);
        let stir = std::mem::take(&mut self.graph.stir);
        self.flat.renew(
            &self.graph,
            &mut self.outward,
            &concern.raised,
            &concern.touched(),
            &stir,
        );
        if self.flat.worn() {
            self.flat = Flat::of(&self.graph);
            self.outward = Outward::of(&self.graph, &self.flat);
        }
    }

    /// The candidate with the least recomputed loss among the most promising, and that loss.
    fn best(&mut self, without: &BTreeSet<ControlEntry>) -> Option<(ControlEntry, f64)> {
        let forward = self.forward();
        let gradient = layers::backward(&self.graph, &self.flat, &forward);
        let mut candidates = candidates(&self.graph, &self.flat, &gradient);
        candidates.retain(|(control, estimate)| *estimate > 0.0 && !without.contains(control));
        candidates.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.cmp(b)));
        let mut alike: BTreeMap<(ControlKind, [bool; 4]), usize> = BTreeMap::new();
        candidates.retain(|(control, _)| {
            let count = alike.entry((control.kind, scope(control))).or_default();
            *count += 1;
            *count <= ALIKE
        });
        candidates.truncate(TRIALS);
        let mut best: Option<(ControlEntry, f64)> = None;
        for (control, _) in candidates {
            self.put(&control);
            let loss = self.loss();
            self.take(&control);
            if loss < forward.loss && best.as_ref().is_none_or(|(_, least)| loss < *least) {
                best = Some((control, loss));
            }
        }
        best
    }
}

fn on_device(kind: ControlKind, device: &str) -> ControlEntry {
    ControlEntry {
        device: Some(device.to_owned()),
        ..ControlEntry::of(kind)
    }
}

/// Which scopes a measure names.
fn scope(control: &ControlEntry) -> [bool; 4] {
    [
        control.device.is_some(),
        control.product.is_some(),
        control.class.is_some(),
        control.segment.is_some(),
    ]
}

/// Every measure that denies no observed conversation, with its first-order gain: on single devices, on all devices of a product, a
/// class or a segment, and on links.
fn candidates(graph: &Graph, flat: &Flat, gradient: &Gradient) -> Vec<(ControlEntry, f64)> {
    let mut found = Vec::new();
    let mut wide: BTreeMap<ControlEntry, f64> = BTreeMap::new();
    for device in flat.in_order(graph) {
        let own = graph.device(device.slot);
        let slot = device.slot as usize;
        let product = crate::fleet::likeliest(&own.entry);
        for number in device.surfaces.0..device.surfaces.1 {
            let surface = &graph.surfaces[flat.surfaces[number as usize].slot as usize];
            let mut sum = 0.0;
            for pair in &surface.pairs {
                let through = through_of(graph, *pair, gradient.by_x[number as usize]);
                sum += through;
                let mut control = on_device(ControlKind::Patch, &own.id);
                let weakness = graph.pairs[*pair as usize].weakness;
                control.weakness = Some(graph.weaknesses[weakness as usize].id.to_string());
                let everywhere = ControlEntry {
                    device: None,
                    ..control.clone()
                };
                *wide.entry(everywhere).or_default() += through;
                found.push((control, through));
            }
            if let Some(product) = product {
                let update = ControlEntry {
                    vendor: product.vendor.clone(),
                    product: product.product.clone(),
                    ..ControlEntry::of(ControlKind::Patch)
                };
                *wide.entry(update).or_default() += sum;
            }
            if let Kind::Service(service) | Kind::AdjacentService(service) = surface.kind
                && !own.served.iter().any(|talk| talk.service == service)
            {
                let mut control = on_device(ControlKind::CloseService, &own.id);
                control.service = Some(graph.services[service as usize].0.to_string());
                if let Some(class) = crate::impact::class_of(&own.entry) {
                    let of_class = ControlEntry {
                        device: None,
                        class: Some(class.to_owned()),
                        ..control.clone()
                    };
                    *wide.entry(of_class).or_default() += sum;
                }
                found.push((control, sum));
            }
        }
        if own.lateral > 0.0 {
            let alone = on_device(ControlKind::Microsegment, &own.id);
            let segment = ControlEntry {
                device: None,
                segment: Some(graph.segments[own.segment as usize].id.to_string()),
                ..alone.clone()
            };
            *wide.entry(segment).or_default() += gradient.unobserved[slot];
            found.push((alone, gradient.unobserved[slot]));
        }
        // Remote access of a maker can be opened on demand; other ways in are somebody's work.
        if matches!(own.way_in, Some((EntryKind::VendorAccess, _))) {
            let gain = (flat.entry[slot] + flat.door[slot]) * gradient.by_entry[slot];
            found.push((on_device(ControlKind::RemoveEntry, &own.id), gain));
        }
    }
    found.extend(wide);
    found.extend(unused_links(graph, flat, gradient));
    found
}

/// Links that are believed open though no remembered conversation uses them.
fn unused_links(graph: &Graph, flat: &Flat, gradient: &Gradient) -> Vec<(ControlEntry, f64)> {
    let mut found = Vec::new();
    for link in graph
        .links
        .iter()
        .filter(|link| link.used == 0 && link.there())
    {
        if link.belief(&graph.policy) == 0.0 {
            continue;
        }
        let group = &graph.groups[link.group as usize];
        let links = flat.links[link.group as usize].len().max(1) as f64;
        // The unobserved share of its targets, split over the links that lead there.
        let share: f64 = group
            .ring
            .iter()
            .map(|(_, surface)| {
                gradient.unobserved[graph.surfaces[*surface as usize].device as usize]
            })
            .sum();
        let mut control = ControlEntry::of(ControlKind::CutLink);
        control.from = Some(graph.segments[link.from as usize].id.to_string());
        control.to = Some(graph.segments[group.segment as usize].id.to_string());
        control.service = Some(graph.services[group.service as usize].0.to_string());
        found.push((control, 0.5 * share / links));
    }
    found
}

/// Devices on which a measure changes something.
fn concerned<'a>(
    graph: &'a Graph,
    control: &'a ControlEntry,
) -> impl Iterator<Item = &'a Device> + 'a {
    let serves = |device: &Device| match &control.service {
        Some(service) if !device.offers(graph, service) => false,
        Some(service) if control.kind == ControlKind::CloseService => {
            graph.switches_off(device, control, service)
        }
        _ => true,
    };
    graph
        .device_by_id
        .values()
        .map(|slot| graph.device(*slot))
        .filter(move |device| device.active && control.bears_on(&device.entry) && serves(device))
}

/// Remembered conversations that a measure on devices or services could concern and leaves as they are.
fn kept(graph: &Graph, control: &ControlEntry) -> Vec<KeptFlow> {
    let (out, served) = match control.kind {
        ControlKind::Microsegment => (true, true),
        ControlKind::DenySources | ControlKind::CloseService => (false, true),
        _ => return Vec::new(),
    };
    let mut flows = BTreeSet::new();
    for slot in graph.device_by_id.values() {
        let device = graph.device(*slot);
        if !device.active || !control.bears_on(&device.entry) {
            continue;
        }
        let live = |talk: &&Talk| {
            let named = &*graph.services[talk.service as usize].0;
            graph.age(talk.days_since) != Age::Forgotten
                && control.service.as_deref().is_none_or(|own| own == named)
        };
        let flow = |client: &Device, server: &Device, talk: &Talk| KeptFlow {
            client: client.id.to_string(),
            server: server.id.to_string(),
            service: graph.services[talk.service as usize].0.to_string(),
            clinical: talk.clinical,
        };
        for talk in device.served.iter().filter(|_| served).filter(live) {
            flows.insert(flow(graph.device(talk.peer), device, talk));
        }
        for talk in device.out.iter().filter(|_| out).filter(live) {
            flows.insert(flow(device, graph.device(talk.peer), talk));
        }
    }
    flows.into_iter().collect()
}
