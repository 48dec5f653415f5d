//! Following events: both engines, the scores and the list, each only where the event reaches.
//!
//! A world's reach is the least fixpoint of its live edges. Taking away what no reached device uses, or adding what no reached device can
//! use, leaves it as it is; so only worlds that reach a changed device, or now can, are replayed.

use std::collections::{BTreeMap, BTreeSet};

use crate::assessor::Assessor;
use crate::campaign::{Field, Outward};
use crate::event::{Concern, Event};
use crate::fault::Faults;
use crate::flat::{Flat, Shift};
use crate::layers::{self, Grid, Moves};
use crate::worlds::{Crowds, Turns};

mod affected;
use affected::Named;

/// Device, weakness and service of a pair.
pub type PairName = (String, String, Option<String>);

/// What a batch of events did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Pairs that came onto the to-do list.
    pub entered: Vec<PairName>,
    /// Pairs that left it.
    pub left: Vec<PairName>,
    /// Worlds of engine B that were replayed.
    pub replayed: u32,
}

/// What a batch moved, for the scores; `None` where everything may have moved.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub shift: Shift,
    pub moves: Option<Moves>,
    pub turns: Option<Turns>,
    pub replayed: u32,
}

impl Assessor {
    /// Follows a batch of events as one step: all of it, or nothing when something in it is wrong.
    ///
    /// # Errors
    /// Every fault of the batch, with the place of its event.
    pub fn apply(&mut self, events: &[Event]) -> Result<Changes, Faults> {
        let step = self.advance(events)?;
        let mut ranking = std::mem::take(&mut self.ranking);
        ranking.follow(self, &step);
        self.ranking = ranking;
        let [entered, left] = self.relist(&step.shift.lost);
        Ok(Changes {
            entered,
            left,
            replayed: step.replayed,
        })
    }

    /// Follows a batch without renewing the scores.
    pub(crate) fn advance(&mut self, events: &[Event]) -> Result<Step, Faults> {
        self.graph.check(events)?;
        let capable = std::mem::take(&mut self.worlds.capable);
        let named = Named::of(&self.graph, events);
        let field = Field::of(&self.graph, &self.flat, &self.outward, &capable);
        // Worlds that may change, with their crowds as they are now.
        let mut affected: BTreeMap<u32, Crowds> = named
            .worlds(&self.worlds, &field)
            .into_iter()
            .map(|world| (world, self.worlds.crowds(&field, world)))
            .collect();

        let mut concern = Concern::default();
        for event in events {
            self.graph.follow(event, &mut concern);
            if let Event::Time(time) = event {
                self.time.clone_from(time);
            }
        }
        let devices = events
            .iter()
            .filter(|event| matches!(event, Event::Device(_) | Event::DeviceGone(_)))
            .count();
        self.graph.settle(devices, &mut concern);
        let stir = std::mem::take(&mut self.graph.stir);
        let touched = concern.touched();
        let shift = self.flat.renew(
            &self.graph,
            &mut self.outward,
            &concern.raised,
            &touched,
            &stir,
        );
        let foreseen = concern.raised.iter().all(|slot| {
            named.raised.contains(slot)
                || self
                    .worlds
                    .visits
                    .get(*slot as usize)
                    .is_none_or(Vec::is_empty)
        });
        let mut step = Step::default();
        if concern.weaknesses || !foreseen {
            self.replay_all();
            step.replayed = self.worlds.count;
        } else {
            self.worlds.fit(&self.graph);
            let raised: Vec<u32> = concern.raised.iter().copied().collect();
            let elected = self.worlds.elect(&self.graph, &self.flat.runners, &raised);
            let field = Field::of(&self.graph, &self.flat, &self.outward, &capable);
            let mut late = shift.worlds(&self.worlds, &field);
            late.extend(elected);
            let after = Named {
                raised: BTreeSet::new(),
                arrived: raised
                    .into_iter()
                    .filter(|slot| self.graph.devices[*slot as usize].is_some())
                    .collect(),
                edges: concern.edges.clone(),
            };
            late.extend(after.worlds(&self.worlds, &field));
            for world in late {
                // No device of theirs was derived anew, so their crowds are still what was counted.
                affected
                    .entry(world)
                    .or_insert_with(|| self.worlds.crowds(&field, world));
            }
            let mut turns = Turns::default();
            for (world, crowds) in &affected {
                self.worlds.exchange(&field, *world, crowds, &mut turns);
            }
            let mut crowds = BTreeMap::new();
            for pair in shift.pairs(&self.graph, &field, &concern) {
                if self.worlds.pull(&field, pair, &mut crowds) {
                    turns.pairs.push(pair);
                }
            }
            self.worlds.capable = capable;
            step.turns = Some(turns);
            step.replayed = affected.len() as u32;
        }
        step.moves = self.follow_layers(&shift);
        step.shift = shift;
        Ok(step)
    }

    /// Brings engine A up to the graph; gives what moved, or nothing when everything may have.
    fn follow_layers(&mut self, shift: &Shift) -> Option<Moves> {
        if self.flat.worn() {
            self.flat = Flat::of(&self.graph);
            self.outward = Outward::of(&self.graph, &self.flat);
            self.layers = layers::forward(&self.graph, &self.flat);
            return None;
        }
        let grid = Grid::of(&self.graph.policy.grid, self.graph.order.len());
        if shift.everywhere || grid != self.layers.grid {
            self.layers = layers::forward(&self.graph, &self.flat);
            return None;
        }
        Some(
            self.layers
                .follow(&self.graph, &self.flat, &self.outward, shift),
        )
    }
}
