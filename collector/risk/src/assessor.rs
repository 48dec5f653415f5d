//! The state of one assessed site: both engines' results, and how an event changes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::assessment::{ASSESSMENT_FORMAT, Assessment, DeviceRisk, PairRisk, Summary, Tier};
use crate::campaign::{Field, Outward};
use crate::fault::Faults;
use crate::flat::Flat;
use crate::follow::PairName;
use crate::graph::{Graph, Place};
use crate::layers::{self, Gradient, Layers};
use crate::policy::Policy;
use crate::ranking::{Listed, Ranking};
use crate::routes::Explainer;
use crate::score::{self, Cut, Scales, Score};
use crate::site::Site;
use crate::worlds::Worlds;

mod brief;
pub use brief::{Brief, Explanation};

/// Assesses a site: a pure function, the same bits for the same input.
///
/// The weights are `policy` with the site's own overrides over it.
///
/// # Errors
/// Overrides that are not a policy.
pub fn assess(site: &Site, policy: &Policy) -> Result<Assessment, Faults> {
    Ok(Assessor::new(site, policy)?.assessment())
}

/// A site that is followed: the same result as [`assess`] after every event.
#[derive(Debug, Clone)]
pub struct Assessor {
    pub(crate) name: String,
    pub(crate) time: String,
    pub(crate) graph: Graph,
    pub(crate) flat: Flat,
    pub(crate) outward: Outward,
    pub(crate) layers: Layers,
    pub(crate) worlds: Worlds,
    pub(crate) ranking: Ranking,
    pub(crate) listed: Listed,
}

impl Assessor {
    /// Builds and assesses a site; calibrates it once unless the policy pins a scale.
    ///
    /// # Errors
    /// Overrides in the site that are not a policy.
    pub fn new(site: &Site, policy: &Policy) -> Result<Self, Faults> {
        let policy = match &site.document().policy {
            Some(overrides) => policy.with_overrides(overrides)?,
            None => policy.clone(),
        };
        let mut graph = Graph::of(site, &policy);
        let mut flat = Flat::of(&graph);
        if policy.calibration.scale.is_some() || site.document().controls.is_empty() {
            layers::calibrate(&mut graph, &mut flat);
        } else {
            // The scale is the site's without its controls: a control that refitted it could raise others.
            graph.scale = scale_without_controls(site, &policy);
            flat.spread(&graph);
        }
        let mut assessor = Self {
            name: site.document().site.clone(),
            time: site.document().time.clone(),
            outward: Outward::of(&graph, &flat),
            layers: layers::forward(&graph, &flat),
            graph,
            flat,
            worlds: Worlds::default(),
            ranking: Ranking::default(),
            listed: Listed::default(),
        };
        assessor.replay_all();
        assessor.ranking = Ranking::of(&assessor);
        assessor.relist(&[]);
        Ok(assessor)
    }

    pub(crate) fn replay_all(&mut self) {
        self.worlds = Worlds::play(&self.graph, &self.flat, &self.outward);
    }

    /// The calibrated scale of attempts, to be pinned.
    pub fn scale(&self) -> f64 {
        self.graph.scale
    }

    /// Expected loss per campaign, engine A.
    pub fn loss(&self) -> f64 {
        self.layers.loss
    }

    pub(crate) fn with_scales<T>(&self, run: impl FnOnce(&Scales<'_>) -> T) -> T {
        let field = Field::of(&self.graph, &self.flat, &self.outward, &self.worlds.capable);
        run(&Scales::of(&field, &self.layers, &self.worlds))
    }

    pub(crate) fn gradient(&self) -> Gradient {
        layers::backward(&self.graph, &self.flat, &self.layers)
    }

    /// The cut, with the last list's hysteresis.
    fn cut(&self) -> Cut {
        let known = self.listed.known(&[]);
        let before = |pair| known.has(&self.graph, pair);
        self.ranking.cut(&self.graph, &before)
    }

    /// Sets the list anew after some pairs lost their slots; gives the names of what came onto it and of what left it.
    pub(crate) fn relist(&mut self, lost: &[(u32, u32)]) -> [Vec<PairName>; 2] {
        let known = self.listed.known(lost);
        let before = |pair| known.has(&self.graph, pair);
        let cut = self.ranking.cut(&self.graph, &before);
        let (listed, changes) = Listed::of(&self.graph, &cut, &known);
        self.ranking.remember(&cut);
        self.listed = listed;
        changes
    }

    /// The whole result.
    pub fn assessment(&self) -> Assessment {
        let mut scores = self.with_scales(|scales| scales.pairs());
        for score in &mut scores {
            score.open = self.ranking.is_open(score.pair);
        }
        let cut = self.cut();
        scores.sort_by(|a, b| score::worse(&self.graph, a, b));
        let through = Through::of(self);
        let listed: BTreeSet<u32> = cut.listed.iter().copied().collect();
        let explainer = Explainer::of(self);
        let pairs = scores
            .iter()
            .enumerate()
            .map(|(at, score)| {
                let in_cut = listed.contains(&score.pair);
                let mut risk = self.pair_risk(score, at as u32 + 1, in_cut, &cut, &through);
                if in_cut {
                    risk.factors = explainer.factors(score);
                    risk.path = explainer.routes(score.pair, 3);
                }
                risk
            })
            .collect();
        Assessment {
            format: ASSESSMENT_FORMAT.to_owned(),
            site: self.name.clone(),
            time: self.time.clone(),
            pairs,
            devices: self.device_risks(&through.gradient),
            controls: Vec::new(),
            summary: self.summary(scores.len(), &cut),
        }
    }

    fn pair_risk(
        &self,
        score: &Score,
        rank: u32,
        in_cut: bool,
        cut: &Cut,
        through: &Through<'_>,
    ) -> PairRisk {
        let graph = &self.graph;
        let pair = &graph.pairs[score.pair as usize];
        let (device, weakness, service) = score::names(graph, pair);
        let through = through.pair(score.pair);
        let sides = score.halves.map(|half| half >= cut.bound);
        let tier = if in_cut {
            Tier::Top
        } else if score::accepted(graph, pair, through) {
            Tier::Accepted
        } else if score.open && sides[0] != sides[1] {
            Tier::Borderline
        } else if score.open && score.score > 0.0 && score.score >= cut.watch {
            Tier::Watch
        } else {
            Tier::Background
        };
        PairRisk {
            device: device.to_owned(),
            weakness: weakness.to_owned(),
            service: service.map(str::to_owned),
            rank,
            score: score.score,
            likelihood: score.likelihood,
            likelihood_layers: score.layers,
            likelihood_worlds: score.worlds,
            annual: -libm::expm1(-graph.policy.campaigns.per_year * score.likelihood),
            impact: graph.device(pair.device).impact.total,
            consequence: pair.consequence,
            exploitability: pair.s,
            through,
            tier,
            in_cut,
            factors: Vec::new(),
            path: Vec::new(),
        }
    }

    pub(crate) fn device_risks(&self, gradient: &Gradient) -> Vec<DeviceRisk> {
        let graph = &self.graph;
        let mut slots = graph.order.clone();
        slots.sort_by(|a, b| {
            gradient.springboard[*b as usize]
                .total_cmp(&gradient.springboard[*a as usize])
                .then_with(|| graph.device(*a).id.cmp(&graph.device(*b).id))
        });
        let rank: BTreeMap<u32, u32> = slots.iter().copied().zip(1..).collect();
        let mut devices: Vec<DeviceRisk> = self.with_scales(|scales| {
            graph
                .order
                .iter()
                .map(|slot| {
                    let device = graph.device(*slot);
                    let reach = scales.reach(*slot);
                    DeviceRisk {
                        device: device.id.to_string(),
                        likelihood: reach.likelihood,
                        likelihood_layers: reach.layers,
                        likelihood_worlds: reach.worlds,
                        impact: device.impact.total,
                        loss: reach.likelihood * device.stake,
                        springboard: gradient.springboard[*slot as usize],
                        springboard_rank: rank.get(slot).copied().unwrap_or_default(),
                        segment_share: gradient.unobserved[*slot as usize],
                        benefit: device.impact.benefit,
                    }
                })
                .collect()
        });
        devices.sort_by(|a, b| a.device.cmp(&b.device));
        devices
    }

    fn summary(&self, pairs: usize, cut: &Cut) -> Summary {
        let reached: usize = self.worlds.reached.iter().map(Vec::len).sum();
        Summary {
            policy: format!("{} {}", self.graph.policy.name, self.graph.policy.version),
            scale: self.graph.scale,
            worlds: self.worlds.count,
            devices: self.graph.order.len() as u32,
            pairs: pairs as u32,
            in_cut: cut.listed.len() as u32,
            covered: cut.covered,
            direct: Some(cut.direct),
            loss: self.layers.loss,
            campaign_size_layers: self.layers.size,
            campaign_size_worlds: reached as f64 / f64::from(self.worlds.count),
        }
    }
}

/// Expected loss through single pairs.
pub(crate) struct Through<'a> {
    assessor: &'a Assessor,
    pub gradient: Gradient,
}

impl<'a> Through<'a> {
    pub(crate) fn of(assessor: &'a Assessor) -> Self {
        Self {
            gradient: assessor.gradient(),
            assessor,
        }
    }

    /// t_q prod_{q'}(1 - t_q') dLoss/dx: what the loss would fall by without the pair, to first order.
    pub(crate) fn pair(&self, number: u32) -> f64 {
        let graph = &self.assessor.graph;
        match graph.pairs[number as usize].place {
            Place::Surface(slot) => {
                let by_x = self.gradient.by_x[self.assessor.flat.place[slot as usize] as usize];
                through_of(graph, number, by_x)
            }
            Place::Local | Place::Physical => 0.0,
        }
    }
}

/// t_q prod_{q'}(1 - t_q') dLoss/dx of a pair on a surface.
pub(crate) fn through_of(graph: &Graph, number: u32, by_x: f64) -> f64 {
    let pair = &graph.pairs[number as usize];
    let Place::Surface(slot) = pair.place else {
        return 0.0;
    };
    let others: f64 = graph.surfaces[slot as usize]
        .pairs
        .iter()
        .filter(|other| **other != number)
        .map(|other| 1.0 - graph.pairs[*other as usize].t)
        .product();
    pair.t * others * by_x
}

fn scale_without_controls(site: &Site, policy: &Policy) -> f64 {
    let mut document = site.document().clone();
    document.controls.clear();
    match Site::try_from(document) {
        Ok(bare) => {
            let mut graph = Graph::of(&bare, policy);
            let mut flat = Flat::of(&graph);
            layers::calibrate(&mut graph, &mut flat);
            graph.scale
        }
        Err(_) => unreachable!("a checked site without its controls is a checked site"),
    }
}

/// Single steps for measurements; they leave the result as it is.
impl Assessor {
    /// Flattens the graph anew; gives the number of surfaces.
    pub fn again_flat(&self) -> usize {
        let flat = Flat::of(&self.graph);
        std::hint::black_box(Outward::of(&self.graph, &flat));
        flat.surfaces.len()
    }

    /// Engine A forward.
    pub fn again_layers(&mut self) {
        self.layers = layers::forward(&self.graph, &self.flat);
    }

    /// Engine A backward; gives the springboards' sum.
    pub fn again_attribution(&self) -> f64 {
        self.gradient().springboard.iter().sum()
    }

    /// Engine B, all worlds.
    pub fn again_worlds(&mut self) {
        self.replay_all();
    }

    /// All scores and the cut; gives the covered share.
    pub fn again_scores(&self) -> f64 {
        Ranking::of(self).cut(&self.graph, &|_| false).covered
    }
}
