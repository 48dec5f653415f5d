//! Orders that hospitals and their tools use today, as scores per candidate (higher is more urgent).

use super::Bench;
use super::ssvc::{self, Exposure};
use crate::kind::{Clinical, EntryKind};
use crate::random::mix;
use crate::site::{Device, Weakness};
use crate::weakness::FlawFacts;
use crate::weakness::cvss::AttackVector;

/// A baseline: its name and its score of one pair.
#[derive(Clone, Copy, Debug)]
pub struct Baseline {
    /// As in the table.
    pub name: &'static str,
    /// Higher is more urgent.
    pub score: fn(&Device, &Weakness, &FlawFacts) -> f64,
}

/// All baselines in the order of the table.
pub const ALL: &[Baseline] = &[
    Baseline {
        name: "CVSS base",
        score: |_, _, facts| facts.vector.base_score(),
    },
    Baseline {
        name: "EPSS",
        score: |_, _, facts| facts.epss,
    },
    Baseline {
        name: "KEV then EPSS",
        score: |_, _, facts| f64::from(u8::from(facts.kev)) + facts.epss,
    },
    Baseline {
        name: "CVSS x EPSS",
        score: |_, _, facts| facts.vector.base_score() * facts.epss,
    },
    Baseline {
        name: "CVSS x EPSS x impact",
        score: |device, _, facts| facts.vector.base_score() * facts.epss * impact(device),
    },
    Baseline {
        name: "SSVC deployer, then EPSS",
        score: |device, weakness, facts| {
            f64::from(ssvc::deployer(
                facts.exploitation(),
                exposure(device, weakness, facts),
                facts.automatable,
                Clinical::human_impact(device.clinical.safety, device.clinical.mission),
            )) + 0.99 * facts.epss
        },
    },
    Baseline {
        name: "BOD 26-04, then EPSS",
        score: |device, _, facts| {
            f64::from(ssvc::bod_26_04(
                facts.kev,
                exposed(device),
                facts.automatable,
                facts.total,
            )) + 0.99 * facts.epss
        },
    },
];

/// The usual weights of the four steps of human impact, times use.
fn impact(device: &Device) -> f64 {
    let steps = Clinical::human_impact(device.clinical.safety, device.clinical.mission);
    4_f64.powi(i32::from(steps)) * device.clinical.in_use
}

fn exposed(device: &Device) -> bool {
    device
        .entry
        .is_some_and(|entry| entry.kind == EntryKind::Internet)
}

fn exposure(device: &Device, weakness: &Weakness, facts: &FlawFacts) -> Exposure {
    let local = matches!(
        facts.vector.attack,
        AttackVector::Local | AttackVector::Physical
    );
    if local || weakness.service.is_none() {
        Exposure::Small
    } else if exposed(device) {
        Exposure::Open
    } else {
        Exposure::Controlled
    }
}

/// Candidates by a score, highest first; equal ones in an order that a hash of the pair decides, so that ties help nobody.
#[must_use]
pub fn order(bench: &Bench<'_>, score: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut keyed: Vec<(f64, u64, usize)> = bench
        .candidates
        .iter()
        .enumerate()
        .map(|(index, pair)| {
            let tie = mix(mix(u64::from(pair.device)) ^ pair.weakness as u64);
            (score(index), tie, index)
        })
        .collect();
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    keyed.into_iter().map(|(_, _, index)| index).collect()
}

/// The order of a baseline.
#[must_use]
pub fn baseline_order(bench: &Bench<'_>, baseline: &Baseline) -> Vec<usize> {
    order(bench, |index| {
        let pair = bench.candidates[index];
        let device = &bench.site.devices[pair.device as usize];
        let weakness = &device.weaknesses[pair.weakness];
        (baseline.score)(device, weakness, &bench.site.flaws[weakness.flaw])
    })
}
