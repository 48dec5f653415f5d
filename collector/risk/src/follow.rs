//! Following events: engine A anew, engine B in the worlds that can differ.
//!
//! A world's reach is the least fixpoint of its live edges. Taking away what no reached device uses, or adding what no reached device can
//! use, leaves it as it is; so only worlds that reach a changed device, or now can, are replayed.

use std::collections::BTreeSet;

use crate::assessor::Assessor;
use crate::campaign::{Field, Outward};
use crate::event::{Concern, Event};
use crate::fault::Faults;
use crate::layers;

mod affected;
use affected::{Moved, Named};

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

impl Assessor {
    /// Follows a batch of events as one step: all of it, or nothing when something in it is wrong.
    ///
    /// # Errors
    /// Every fault of the batch, with the place of its event.
    pub fn apply(&mut self, events: &[Event]) -> Result<Changes, Faults> {
        let replayed = self.advance(events)?;
        let now = self.list(&self.scores(false).1);
        let changes = Changes {
            entered: now.difference(&self.listed).cloned().collect(),
            left: self.listed.difference(&now).cloned().collect(),
            replayed,
        };
        self.listed = now;
        Ok(changes)
    }

    /// Follows a batch without renewing the to-do list; gives the number of replayed worlds.
    pub(crate) fn advance(&mut self, events: &[Event]) -> Result<u32, Faults> {
        self.graph.check(events)?;
        let capable = std::mem::take(&mut self.worlds.capable);
        let named = Named::of(&self.graph, events);
        let field = Field::of(&self.graph, &self.flat, &self.outward, &capable);
        let mut affected = named.worlds(&self.worlds, &field);
        for world in &affected {
            self.worlds.tally(&field, *world, -1);
        }

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
        let flat = self.flat.renewed(&self.graph, &concern.touched());
        let outward = Outward::of(&flat);
        let foreseen = concern.raised.iter().all(|slot| {
            named.raised.contains(slot)
                || self
                    .worlds
                    .visits
                    .get(*slot as usize)
                    .is_none_or(Vec::is_empty)
        });
        let replayed = if concern.weaknesses || !foreseen {
            self.flat = flat;
            self.outward = outward;
            self.replay_all();
            self.worlds.count
        } else {
            self.worlds.fit(&self.graph);
            let moved = Moved::between(&self.graph, &self.flat, &flat);
            let elected = self.worlds.elect(
                &self.graph,
                &concern.raised.iter().copied().collect::<Vec<u32>>(),
            );
            let between = Field::of(&self.graph, &self.flat, &self.outward, &capable);
            let field = Field::of(&self.graph, &flat, &outward, &capable);
            let mut late = moved.worlds(&self.worlds, &field);
            late.extend(elected);
            let after = Named {
                raised: BTreeSet::new(),
                arrived: concern
                    .raised
                    .iter()
                    .copied()
                    .filter(|slot| self.graph.devices[*slot as usize].is_some())
                    .collect(),
                edges: concern.edges.clone(),
            };
            late.extend(after.worlds(&self.worlds, &field));
            for world in late.difference(&affected) {
                self.worlds.tally(&between, *world, -1);
            }
            affected.extend(late);
            for world in &affected {
                self.worlds.replay(&field, *world);
                self.worlds.tally(&field, *world, 1);
            }
            for pair in moved.pairs(&self.graph, &self.worlds, &field, &concern) {
                self.worlds.pull(&field, pair);
            }
            self.worlds.capable = capable;
            self.flat = flat;
            self.outward = outward;
            affected.len() as u32
        };
        self.layers = layers::forward(&self.graph, &self.flat);
        Ok(replayed)
    }
}
