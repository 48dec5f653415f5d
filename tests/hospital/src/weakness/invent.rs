//! Invented flaws, to fill products up to the number that scanners list.
//!
//! Signals follow what was measured on 428 vulnerabilities of medical advisories: EPSS 25/50/75/90/95 % = 0.0039/0.0088/0.021/0.125/
//! 0.64, attack vector N/A/P/L = 227/90/59/57, KEV 20 of 694, public exploit 127 of 428; a device has 6.2 known ones on average.

use super::FlawFacts;
use super::cvss::{AttackVector, Level, Vector};
use crate::random::Random;

/// EPSS quantiles (probability, value) between which the logarithm is linear.
const EPSS: [(f64, f64); 8] = [
    (0.0, 0.0011),
    (0.05, 0.0020),
    (0.25, 0.0039),
    (0.50, 0.0088),
    (0.75, 0.021),
    (0.90, 0.125),
    (0.95, 0.64),
    (1.0, 0.97),
];

/// EPSS at a quantile in 0..=1.
#[must_use]
pub fn epss_quantile(at: f64) -> f64 {
    let above = EPSS.iter().position(|(q, _)| *q > at).unwrap_or(7).max(1);
    let ((q0, v0), (q1, v1)) = (EPSS[above - 1], EPSS[above]);
    let part = ((at - q0) / (q1 - q0)).clamp(0.0, 1.0);
    (v0.ln() + part * (v1.ln() - v0.ln())).exp()
}

fn level(random: &mut Random, none: f64, low: f64) -> Level {
    let u = random.unit();
    if u < none {
        Level::None
    } else if u < none + low {
        Level::Low
    } else {
        Level::High
    }
}

fn vector(random: &mut Random) -> Vector {
    let attack = match random.weighted([227.0, 90.0, 59.0, 57.0].into_iter()) {
        Some(0) => AttackVector::Network,
        Some(1) => AttackVector::Adjacent,
        Some(2) => AttackVector::Physical,
        _ => AttackVector::Local,
    };
    let mut vector = Vector {
        attack,
        complex: random.chance(0.22),
        privileges: level(random, 0.66, 0.26),
        interaction: random.chance(0.16),
        changed: random.chance(0.12),
        confidentiality: level(random, 0.18, 0.24),
        integrity: level(random, 0.25, 0.25),
        availability: level(random, 0.27, 0.2),
    };
    if vector.confidentiality == Level::None
        && vector.integrity == Level::None
        && vector.availability == Level::None
    {
        vector.availability = Level::High;
    }
    vector
}

/// One invented flaw with the given number.
#[must_use]
pub fn invent(random: &mut Random, number: usize) -> FlawFacts {
    let vector = vector(random);
    // Physical and local flaws sit in the lower part of the distribution, as they do in the measured set.
    let quantile = match vector.attack {
        AttackVector::Network => random.unit(),
        AttackVector::Adjacent => random.unit() * 0.85,
        AttackVector::Local | AttackVector::Physical => random.unit() * 0.6,
    };
    let epss = epss_quantile(quantile);
    let kev = random.chance(match epss {
        e if e > 0.5 => 0.4,
        e if e > 0.1 => 0.08,
        _ => 0.002,
    });
    let poc = kev
        || random.chance(match epss {
            e if e > 0.1 => 0.8,
            e if e > 0.02 => 0.4,
            _ => 0.2,
        });
    let network = vector.attack == AttackVector::Network;
    let easy =
        network && !vector.complex && vector.privileges == Level::None && !vector.interaction;
    FlawFacts {
        id: format!("HOSPITAL-{number:05}"),
        vector,
        epss,
        kev,
        ransomware: kev && random.chance(0.25),
        poc,
        automatable: easy && random.chance(0.7),
        total: vector.confidentiality == Level::High
            && vector.integrity == Level::High
            && !vector.denies_only(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_follow_the_measured_distributions() {
        let mut random = Random::new(3);
        let flaws: Vec<FlawFacts> = (0..20_000).map(|n| invent(&mut random, n)).collect();
        let share = |test: &dyn Fn(&FlawFacts) -> bool| {
            flaws.iter().filter(|f| test(f)).count() as f64 / flaws.len() as f64
        };
        let network = share(&|f| f.vector.attack == AttackVector::Network);
        assert!((network - 227.0 / 433.0).abs() < 0.02, "{network}");
        let kev = share(&|f| f.kev);
        assert!((0.01..0.04).contains(&kev), "20 of 694 measured: {kev}");
        let poc = share(&|f| f.poc);
        assert!((0.22..0.36).contains(&poc), "127 of 428 measured: {poc}");
        assert!((epss_quantile(0.5) - 0.0088).abs() < 1e-9);
        let high = share(&|f| f.epss > 0.125);
        assert!((0.04..0.11).contains(&high), "{high}");
    }
}
