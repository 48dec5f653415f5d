//! The scores of all pairs, kept up pair by pair, and what the cut needs of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::assessor::{Assessor, Through};
use crate::document::DecisionKind;
use crate::flat::FlatPair;
use crate::follow::{PairName, Step};
use crate::graph::{Graph, NONE};
use crate::impact::HumanImpact;
use crate::score::{self, Common, Cut, Score};

/// Units of a score in the total: integers, so that a changed score leaves the bits of adding up anew.
const UNIT: f64 = (1_u64 << 38) as f64;

/// Scores by pair slot.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ranking {
    /// Of slots without a pair the pair is [`NONE`].
    scores: Vec<Score>,
    /// The score where the pair may be on the list, else 0.
    open: Vec<f64>,
    /// Sum of `open`.
    total: i128,
    count: usize,
    /// Pairs that are listed whatever their place: likely on a device of very high impact.
    sure: BTreeSet<u32>,
    /// Pairs that a decision concerns.
    decided: BTreeSet<u32>,
    by_weakness: Vec<Vec<u32>>,
    common: Common,
    /// The least score that the last cut looked at.
    watch: f64,
}

impl Ranking {
    /// All scores of an assessor.
    pub(crate) fn of(assessor: &Assessor) -> Self {
        let mut ranking = Self::default();
        let common = assessor.with_scales(|scales| {
            let flat = &assessor.flat;
            ranking.fit(&assessor.graph);
            for device in flat.in_order(&assessor.graph) {
                for pair in flat.pairs_of(device.slot) {
                    let score = scales.pair(device.slot, pair);
                    ranking.put(&assessor.graph, pair, score);
                }
            }
            scales.common.clone()
        });
        ranking.common = common;
        ranking.decide(assessor);
        ranking
    }

    fn fit(&mut self, graph: &Graph) {
        self.scores.resize(graph.pairs.len(), Score::NONE);
        self.open.resize(graph.pairs.len(), 0.0);
        self.by_weakness.resize(graph.weaknesses.len(), Vec::new());
    }

    /// Puts in or replaces a pair's score.
    fn put(&mut self, graph: &Graph, pair: &FlatPair, score: Score) {
        let slot = pair.slot as usize;
        if self.scores[slot].pair == NONE {
            self.count += 1;
            self.by_weakness[pair.weakness as usize].push(pair.slot);
        }
        self.scores[slot] = score;
        self.weigh(graph, pair.slot);
    }

    fn take(&mut self, slot: u32, weakness: u32) {
        self.count -= 1;
        let pairs = &mut self.by_weakness[weakness as usize];
        if let Some(at) = pairs.iter().position(|own| *own == slot) {
            pairs.swap_remove(at);
        }
        self.total -= units(self.open[slot as usize]);
        self.open[slot as usize] = 0.0;
        self.scores[slot as usize] = Score::NONE;
        self.sure.remove(&slot);
        self.decided.remove(&slot);
    }

    /// Counts a pair's score for the cut.
    fn weigh(&mut self, graph: &Graph, slot: u32) {
        let score = &self.scores[slot as usize];
        let open = if score.open {
            score.score.max(0.0)
        } else {
            0.0
        };
        self.total += units(open) - units(self.open[slot as usize]);
        self.open[slot as usize] = open;
        let sure = score.open
            && score.likelihood > graph.policy.cut.very_high_probability
            && graph.device(graph.pairs[slot as usize].device).impact.human
                == HumanImpact::VeryHigh;
        if sure {
            self.sure.insert(slot);
        } else {
            self.sure.remove(&slot);
        }
    }

    /// Takes the pairs of decisions off the list, and puts those on it again whose decision does not hold any more.
    fn decide(&mut self, assessor: &Assessor) {
        let graph = &assessor.graph;
        let mut concerned: BTreeMap<u32, FlatPair> = BTreeMap::new();
        let before = std::mem::take(&mut self.decided);
        let devices: BTreeSet<u32> = graph
            .decisions
            .iter()
            .filter(|decision| decision.kind == DecisionKind::Accepted)
            .filter_map(|decision| graph.device_by_id.get(decision.device.as_str()).copied())
            .chain(before.iter().map(|pair| graph.pairs[*pair as usize].device))
            .collect();
        for device in devices {
            let pairs = assessor.flat.pairs_of(device).iter();
            concerned.extend(pairs.map(|pair| (pair.slot, *pair)));
        }
        if concerned.is_empty() {
            return;
        }
        let grown = graph
            .decisions
            .iter()
            .any(|decision| decision.through.is_some());
        let through = grown.then(|| Through::of(assessor));
        for (slot, pair) in concerned {
            let by = through.as_ref().map_or(0.0, |through| through.pair(slot));
            let accepted = score::accepted(graph, &graph.pairs[slot as usize], by);
            self.scores[slot as usize].open = pair.open && !accepted;
            if accepted {
                self.decided.insert(slot);
            }
            self.weigh(graph, slot);
        }
    }

    /// Follows a step of the engines.
    pub(crate) fn follow(&mut self, assessor: &Assessor, step: &Step) {
        self.fit(&assessor.graph);
        for (slot, weakness) in &step.shift.lost {
            self.take(*slot, *weakness);
        }
        let common = assessor.with_scales(|scales| {
            let mut stale = Stale {
                assessor,
                marked: vec![false; assessor.graph.pairs.len()],
                list: Vec::new(),
            };
            match (&step.moves, &step.turns) {
                (Some(moves), Some(turns)) => {
                    stale.after(moves, turns, &step.shift);
                    stale.after_common(&self.common, &scales.common, &self.by_weakness);
                }
                _ => {
                    let graph = &assessor.graph;
                    graph.order.iter().for_each(|slot| stale.device(*slot));
                }
            }
            for (device, pair) in stale.list {
                self.put(&assessor.graph, &pair, scales.pair(device, &pair));
            }
            scales.common.clone()
        });
        self.common = common;
        self.decide(assessor);
    }

    /// Sets the cut: the smallest prefix that covers the policy's share of direct loss, at most its share of pairs, and every pair whose
    /// likelihood on a very-high-impact device is above the policy's bound. A pair of `before` stays to `leave` times the depth.
    pub(crate) fn cut(&self, graph: &Graph, before: &dyn Fn(u32) -> bool) -> Cut {
        let policy = &graph.policy.cut;
        let most = libm::ceil(policy.share * self.count as f64) as usize;
        let deepest = (most as f64 * policy.leave) as usize;
        let keep = deepest
            .max(libm::ceil(policy.watch_share * self.count as f64) as usize)
            .saturating_add(1);
        let mut head = self.above(self.watch * 0.9);
        if head.len() < keep {
            head = self.above(f64::MIN_POSITIVE);
        }
        let worse = |a: &(f64, u32), b: &(f64, u32)| {
            let scores = |pair: u32| &self.scores[pair as usize];
            score::worse(graph, scores(a.1), scores(b.1))
        };
        let keep = keep.min(head.len());
        if keep < head.len() {
            head.select_nth_unstable_by(keep, worse);
            head.truncate(keep);
        }
        let watch = if keep == 0 {
            0.0
        } else {
            head.iter()
                .map(|(score, _)| *score)
                .fold(f64::INFINITY, f64::min)
        };
        // Only what may be listed must be in order.
        let front = deepest.max(most).min(head.len());
        if front < head.len() {
            head.select_nth_unstable_by(front, worse);
            head.truncate(front);
        }
        head.sort_unstable_by(worse);
        let total = self.total as f64 / UNIT;
        let mut depth = 0;
        let mut sum = 0.0;
        while depth < most.min(head.len()) && sum < policy.covered * total {
            sum += head[depth].0;
            depth += 1;
        }
        let stay = ((depth as f64 * policy.leave) as usize).min(head.len());
        let mut listed: Vec<(f64, u32)> = head[..depth].to_vec();
        let stays = head.get(depth..stay).unwrap_or_default();
        listed.extend(stays.iter().filter(|(_, pair)| before(*pair)));
        let there: BTreeSet<u32> = listed.iter().map(|(_, pair)| *pair).collect();
        let sure = self.sure.iter().filter(|pair| !there.contains(pair));
        listed.extend(sure.map(|pair| (self.open[*pair as usize], *pair)));
        listed.sort_unstable_by(worse);
        let covered: i128 = listed.iter().map(|(score, _)| units(*score)).sum();
        let bound = |place: usize| match place {
            0 => f64::INFINITY,
            place => head[place - 1].0,
        };
        Cut {
            bound: bound(depth),
            watch,
            covered: if total > 0.0 {
                covered as f64 / UNIT / total
            } else {
                0.0
            },
            direct: total,
            listed: listed.into_iter().map(|(_, pair)| pair).collect(),
        }
    }

    /// Remembers how deep a cut had to look.
    pub(crate) fn remember(&mut self, cut: &Cut) {
        self.watch = cut.watch;
    }

    /// A pair's score, without that of even and of odd worlds.
    pub(crate) fn score(&self, pair: u32) -> &Score {
        &self.scores[pair as usize]
    }

    /// How many pairs have a score.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Pairs that have a score, by slot.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = u32> {
        let there = self.scores.iter().filter(|score| score.pair != NONE);
        there.map(|score| score.pair)
    }

    /// Whether a pair may be on the list.
    pub(crate) fn is_open(&self, pair: u32) -> bool {
        self.scores
            .get(pair as usize)
            .is_some_and(|score| score.open)
    }

    /// Open pairs with at least a score.
    fn above(&self, least: f64) -> Vec<(f64, u32)> {
        let least = least.max(f64::MIN_POSITIVE);
        self.open
            .iter()
            .zip(0..)
            .filter(|(score, _)| **score >= least)
            .map(|(score, pair)| (*score, pair))
            .collect()
    }
}

fn units(score: f64) -> i128 {
    i128::from((score * UNIT) as i64)
}

/// Pairs whose scores may have moved.
struct Stale<'a> {
    assessor: &'a Assessor,
    marked: Vec<bool>,
    list: Vec<(u32, FlatPair)>,
}

impl Stale<'_> {
    fn pair(&mut self, device: u32, pair: &FlatPair) {
        if !std::mem::replace(&mut self.marked[pair.slot as usize], true) {
            self.list.push((device, *pair));
        }
    }

    fn device(&mut self, slot: u32) {
        self.those(slot, |_| true);
    }

    /// The pairs of a device that a condition picks.
    fn those(&mut self, slot: u32, which: impl Fn(&FlatPair) -> bool) {
        let assessor = self.assessor;
        for pair in assessor
            .flat
            .pairs_of(slot)
            .iter()
            .filter(|pair| which(pair))
        {
            self.pair(slot, pair);
        }
    }

    fn slot(&mut self, pair: u32) {
        let graph = &self.assessor.graph;
        let device = graph.pairs[pair as usize].device;
        // A pair that is gone since leaves its slot behind.
        if graph.devices[device as usize].is_some() {
            self.those(device, |own| own.slot == pair);
        }
    }

    fn after(
        &mut self,
        moves: &crate::layers::Moves,
        turns: &crate::worlds::Turns,
        shift: &crate::flat::Shift,
    ) {
        let assessor = self.assessor;
        let (graph, flat) = (&assessor.graph, &assessor.flat);
        let whole = shift.laid.iter().chain(&shift.begun);
        whole.for_each(|slot| self.device(*slot));
        for segment in shift.scans.iter().chain(&shift.resized) {
            let members = &graph.segments[*segment as usize].members;
            members.iter().for_each(|slot| self.device(*slot));
        }
        for place in &moves.met {
            let device = flat.surfaces[*place as usize].device;
            self.those(device, |pair| pair.place == *place);
        }
        // How likely a device is taken stands in its local pairs alone.
        for slot in moves.reached.iter().chain(&turns.devices) {
            self.those(*slot, |pair| pair.place == crate::flat::LOCAL);
        }
        for pair in &turns.pairs {
            self.slot(*pair);
        }
        let mut worlds: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (segment, world) in &turns.crowds {
            worlds.entry(*segment).or_default().push(*world);
        }
        let capable = &assessor.worlds.capable;
        for (segment, worlds) in worlds {
            let able = capable.in_any(&worlds);
            for slot in &graph.segments[segment as usize].members {
                self.those(*slot, |pair| {
                    pair.place < crate::flat::PHYSICAL
                        && able[pair.weakness as usize]
                        && flat.surfaces[pair.place as usize].scanned
                });
            }
        }
    }

    /// What is common to many scores.
    fn after_common(&mut self, before: &Common, now: &Common, by_weakness: &[Vec<u32>]) {
        let assessor = self.assessor;
        for (group, crossing) in now.crossings.iter().enumerate() {
            let old = before.crossings.get(group).copied().unwrap_or(0.0);
            if old.to_bits() == crossing.to_bits() {
                continue;
            }
            for (_, surface) in &assessor.graph.groups[group].ring {
                let place = assessor.flat.place[*surface as usize];
                let device = assessor.flat.surfaces[place as usize].device;
                self.those(device, |pair| pair.place == place);
            }
        }
        for (weakness, spread) in now.spread.iter().enumerate() {
            if before.spread.get(weakness) != Some(spread) {
                by_weakness[weakness]
                    .iter()
                    .for_each(|pair| self.slot(*pair));
            }
        }
    }
}

/// The list as it was, by names: pairs change their slots when their device is derived anew.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Listed {
    names: BTreeMap<u32, Arc<PairName>>,
}

impl Listed {
    /// The list that was told before, by name; names that are no pair (any more) are left out.
    pub(crate) fn told(graph: &Graph, ranking: &Ranking, told: &BTreeSet<PairName>) -> Self {
        let names = ranking
            .pairs()
            .map(|slot| (slot, name_of(graph, slot)))
            .filter(|(_, name)| told.contains(name))
            .map(|(slot, name)| (slot, Arc::new(name)))
            .collect();
        Self { names }
    }

    /// The list of a cut, and what came and what left against what was `known`, by name.
    pub(crate) fn of(graph: &Graph, cut: &Cut, known: &Known<'_>) -> (Self, [Vec<PairName>; 2]) {
        let mut entered = Vec::new();
        let mut names = BTreeMap::new();
        let mut displaced = known.displaced.clone();
        for slot in &cut.listed {
            let name = match known.names.get(slot) {
                Some(name) if known.stays(*slot) => name.clone(),
                _ => {
                    let name = name_of(graph, *slot);
                    if !displaced.remove(&name) {
                        entered.push(name.clone());
                    }
                    Arc::new(name)
                }
            };
            names.insert(*slot, name);
        }
        let gone = known
            .names
            .iter()
            .filter(|(slot, _)| known.stays(**slot) && !names.contains_key(slot));
        let mut left: Vec<PairName> = gone.map(|(_, name)| PairName::clone(name)).collect();
        left.extend(displaced);
        entered.sort_unstable();
        left.sort_unstable();
        (Self { names }, [entered, left])
    }

    #[cfg(test)]
    pub(crate) fn names(&self) -> BTreeSet<PairName> {
        self.names
            .values()
            .map(|name| PairName::clone(name))
            .collect()
    }

    /// What is known of the list after some pairs lost their slots.
    pub(crate) fn known(&self, lost: &[(u32, u32)]) -> Known<'_> {
        let gone = lost
            .iter()
            .filter_map(|(slot, _)| self.names.get_key_value(slot));
        let mut known = Known {
            names: &self.names,
            lost: BTreeSet::new(),
            displaced: BTreeSet::new(),
        };
        for (slot, name) in gone {
            known.lost.insert(*slot);
            known.displaced.insert(PairName::clone(name));
        }
        known
    }
}

/// What is known of the last list now.
#[derive(Debug, Clone)]
pub(crate) struct Known<'a> {
    names: &'a BTreeMap<u32, Arc<PairName>>,
    /// Slots that do not hold the pair of the list any more.
    lost: BTreeSet<u32>,
    /// Names of those pairs.
    displaced: BTreeSet<PairName>,
}

impl Known<'_> {
    /// Whether a pair was on the list.
    pub(crate) fn has(&self, graph: &Graph, pair: u32) -> bool {
        self.stays(pair)
            || (!self.displaced.is_empty() && self.displaced.contains(&name_of(graph, pair)))
    }

    fn stays(&self, slot: u32) -> bool {
        self.names.contains_key(&slot) && !self.lost.contains(&slot)
    }
}

fn name_of(graph: &Graph, pair: u32) -> PairName {
    let (device, weakness, service) = score::names(graph, &graph.pairs[pair as usize]);
    (
        device.to_owned(),
        weakness.to_owned(),
        service.map(str::to_owned),
    )
}
