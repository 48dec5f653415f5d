//! The ranking scoreboard: how well an order of work finds the pairs that attackers really use.
//!
//! The candidates are all pairs that a scanner lists as (possibly) affected, services up or not. An order is judged by the share of the
//! realised loss that lies in its first two per cent, and by how much of the loss is left when these are fixed and the same campaigns
//! run again.

pub mod baselines;
pub mod board;
pub mod engine;
pub mod score;
pub mod ssvc;

use crate::attack::{self, Arena, Attacker, Defence, Pair, Tally};
use crate::site::{Match, Site};

/// Share of the candidates that an order's head holds: what a hospital can work on.
pub const HEAD: f64 = 0.02;

/// Campaigns of a judgement.
pub const CAMPAIGNS: u64 = 12_000;

/// A site with its campaigns, ready to judge orders.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its attackers.
    pub attacker: Attacker,
    /// Campaigns run for each judgement.
    pub campaigns: u64,
    /// Threads used.
    pub threads: usize,
    /// Pairs that a scanner lists.
    pub candidates: Vec<Pair>,
    /// What the campaigns cost with nothing fixed.
    pub truth: Tally,
    /// Realised loss of each candidate.
    pub loss: Vec<f64>,
    /// Realised loss through flaws that no scanner lists.
    pub unlisted: f64,
}

/// How an order did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Share of the realised loss through candidates that lies in the head.
    pub share: f64,
    /// Share of the whole loss that is left when the head is fixed.
    pub left: f64,
    /// Laid routes whose target pair is in the head, of all laid.
    pub planted: (usize, usize),
}

impl<'a> Bench<'a> {
    /// Runs the campaigns on the site as it is.
    #[must_use]
    pub fn new(site: &'a Site, attacker: Attacker, campaigns: u64, threads: usize) -> Self {
        let arena = Arena::new(site, &Defence::default());
        let truth = attack::run(site, &arena, &attacker, 0, campaigns, threads);
        let by_pair = truth.pair_loss();
        let mut candidates = Vec::new();
        let mut loss = Vec::new();
        let mut unlisted = 0.0;
        for (pair, realised) in arena.pairs.iter().zip(by_pair) {
            if is_candidate(site, *pair) {
                candidates.push(*pair);
                loss.push(realised);
            } else {
                unlisted += realised;
            }
        }
        Self {
            site,
            attacker,
            campaigns,
            threads,
            candidates,
            truth,
            loss,
            unlisted,
        }
    }

    /// Number of candidates in the head of an order.
    #[must_use]
    pub fn head(&self) -> usize {
        ((self.candidates.len() as f64) * HEAD).ceil() as usize
    }

    /// Loss of candidates in campaigns that do not judge, by attackers whose capability strays by `noise` from the public signals: an
    /// oracle that cannot see the future, and with a noise of 0 one that does not know hidden capability either.
    #[must_use]
    pub fn other_campaigns(&self, noise: f64) -> Vec<f64> {
        let arena = Arena::new(self.site, &Defence::default());
        let attacker = Attacker {
            noise,
            ..self.attacker
        };
        let tally = attack::run(
            self.site,
            &arena,
            &attacker,
            1 << 32,
            self.campaigns,
            self.threads,
        );
        let by_pair = tally.pair_loss();
        self.candidates
            .iter()
            .map(|pair| arena.index(*pair).map_or(0.0, |index| by_pair[index]))
            .collect()
    }

    /// Judges an order of the candidates (indices, first is most urgent).
    #[must_use]
    pub fn judge(&self, order: &[usize]) -> Judgement {
        let head: Vec<usize> = order.iter().copied().take(self.head()).collect();
        let total: f64 = self.loss.iter().sum();
        let found: f64 = head.iter().map(|&index| self.loss[index]).sum();
        let defence = Defence {
            patched: head
                .iter()
                .map(|&index| {
                    let pair = self.candidates[index];
                    (pair.device, pair.weakness)
                })
                .collect(),
            ..Defence::default()
        };
        let planted = self
            .site
            .planted
            .iter()
            .filter(|route| {
                route
                    .steps
                    .last()
                    .is_some_and(|step| defence.patched.contains(step))
            })
            .count();
        Judgement {
            share: if total > 0.0 { found / total } else { f64::NAN },
            left: self.left(&defence),
            planted: (planted, self.site.planted.len()),
        }
    }

    /// Share of the whole loss that is left after a defence.
    #[must_use]
    pub fn left(&self, defence: &Defence) -> f64 {
        let arena = Arena::new(self.site, defence);
        let after = attack::run(
            self.site,
            &arena,
            &self.attacker,
            0,
            self.campaigns,
            self.threads,
        );
        after.mean_loss() / self.truth.mean_loss()
    }

    /// Whether the campaigns cost anything at all: without loss there is nothing to judge by.
    #[must_use]
    pub fn has_loss(&self) -> bool {
        !self.candidates.is_empty() && self.loss.iter().sum::<f64>() > 0.0
    }
}

fn is_candidate(site: &Site, pair: Pair) -> bool {
    let weakness = &site.devices[pair.device as usize].weaknesses[pair.weakness];
    weakness
        .listed
        .is_some_and(|listed| !matches!(listed, Match::NotAffected | Match::Fixed))
}

#[cfg(test)]
mod tests;
