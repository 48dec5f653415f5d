//! Engine A: bounded-hop layers over the flat graph, and the gradient of the loss by one backward pass.
//!
//! r_i^0 = e_i; r_i^{t+1} = 1 - (1 - e_i) prod_p (1 - a_p^t x_p) for t = 0..L-1. An unrolled, acyclic computation on a grid: monotone in
//! every probability, no convergence question, the same bits for the same graph, and for one that was followed.

use crate::flat::Flat;
use crate::graph::Graph;

mod follow;
mod gradient;
mod grid;
mod hubs;
pub(crate) use follow::Moves;
pub(crate) use gradient::{Gradient, backward};
pub(crate) use grid::{Grid, up};
use hubs::Hubs;

/// Result of the forward pass; by device slot or by place in [`Flat::surfaces`].
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layers {
    pub grid: Grid,
    /// r^0 ..= r^L.
    pub reached: Vec<Vec<f64>>,
    /// a^0 ..= a^{L-1}.
    pub attempted: Vec<Vec<f64>>,
    /// What layers 0 ..= L-1 attempt.
    pub(super) hubs: Vec<Hubs>,
    /// Sum of stake times r^L.
    pub loss: f64,
    /// Sum of r^L.
    pub size: f64,
}

/// Units of the loss and the size: integers, so that they are the same for every order of slots.
const UNIT: f64 = (1_u64 << 38) as f64;

impl Layers {
    /// a of a surface in the last layer, on the grid: what scores are made of.
    pub(crate) fn met(&self, place: u32) -> f64 {
        let last = &self.attempted[self.attempted.len() - 1];
        self.grid.reach(last[place as usize])
    }

    fn sum_up(&mut self, flat: &Flat) {
        let last = &self.reached[self.reached.len() - 1];
        let (mut loss, mut size) = (0_i128, 0_i128);
        for (reached, stake) in last.iter().zip(&flat.stake) {
            loss += i128::from((stake * reached * UNIT) as i64);
            size += i128::from((reached * UNIT) as i64);
        }
        self.loss = loss as f64 / UNIT;
        self.size = size as f64 / UNIT;
    }
}

/// r^0 of a device: a foothold, or what attacks from outside take.
fn begin(flat: &Flat, grid: Grid, slot: u32) -> f64 {
    let number = slot as usize;
    let stays = if flat.door[number] > 0.0 {
        shut(flat, flat.places_of(slot), flat.door[number], None)
    } else {
        1.0 - flat.entry[number]
    };
    grid.reach(1.0 - stays)
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
    let grid = Grid::of(&graph.policy.grid, graph.order.len());
    forward_on(graph, flat, grid)
}

/// The forward pass on a given grid.
pub(crate) fn forward_on(graph: &Graph, flat: &Flat, grid: Grid) -> Layers {
    let hops = usize::from(graph.policy.propagation.hops);
    let mut first = vec![0.0; flat.slots];
    for slot in &graph.order {
        first[*slot as usize] = begin(flat, grid, *slot);
    }
    let mut layers = Layers {
        grid,
        reached: vec![first],
        attempted: Vec::with_capacity(hops),
        hubs: Vec::with_capacity(hops),
        ..Layers::default()
    };
    for t in 0..hops {
        let hubs = Hubs::of(graph, flat, grid, &layers.reached[t]);
        let mut next = vec![0.0; flat.slots];
        let mut attempted = vec![0.0; flat.surfaces.len()];
        for slot in &graph.order {
            let device = &flat.devices[*slot as usize];
            next[*slot as usize] = hubs.next(flat, grid, device, &mut attempted);
        }
        layers.reached.push(next);
        layers.attempted.push(attempted);
        layers.hubs.push(hubs);
    }
    layers.sum_up(flat);
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
    let devices = graph.order.len() as f64;
    let target = (c.share_of_devices * devices).max(c.at_least).min(devices);
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
