//! Invented flaws, to fill products up to the number that scanners list.
//!
//! Signals follow what was measured on the vulnerabilities of CISA's medical advisories (433 rows, 428 CVEs to October 2024; EPSS of
//! 2026-08-16), each attack vector for itself: N/A/P/L = 227/90/59/57, and the EPSS of network flaws lies well above that of the others.
//! A device has 6.2 known ones on average.

use super::FlawFacts;
use super::cvss::{AttackVector, Level, Vector};
use crate::random::Random;

/// Quantiles that the EPSS is measured at; the logarithm is linear between them.
const AT: [f64; 8] = [0.0, 0.05, 0.25, 0.50, 0.75, 0.90, 0.95, 1.0];

/// EPSS at these quantiles by attack vector: 226 network, 90 adjacent, 55 local and 59 physical flaws.
const fn epss_of(attack: AttackVector) -> [f64; 8] {
    match attack {
        AttackVector::Network => [0.0025, 0.0047, 0.0106, 0.0168, 0.0608, 0.4973, 0.9331, 1.0],
        AttackVector::Adjacent => [
            0.0014, 0.0022, 0.0039, 0.0065, 0.0089, 0.0368, 0.0831, 0.8418,
        ],
        AttackVector::Local => [
            0.0015, 0.0017, 0.0023, 0.0031, 0.0045, 0.0063, 0.1312, 0.9993,
        ],
        AttackVector::Physical => [
            0.0011, 0.0016, 0.0027, 0.0033, 0.0039, 0.0047, 0.0092, 0.0100,
        ],
    }
}

/// EPSS of an attack vector at a quantile in 0..=1.
#[must_use]
pub fn epss_quantile(attack: AttackVector, at: f64) -> f64 {
    let values = epss_of(attack);
    let above = AT.iter().position(|q| *q > at).unwrap_or(7).max(1);
    let part = ((at - AT[above - 1]) / (AT[above] - AT[above - 1])).clamp(0.0, 1.0);
    let (low, high) = (values[above - 1].ln(), values[above].ln());
    (low + part * (high - low)).exp().min(0.999_99)
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
    // AC:H, PR:N, PR:L and UI:R by attack vector, C, I and A of all 433.
    let (complex, none, low, interaction) = match attack {
        AttackVector::Network => (0.26, 0.87, 0.10, 0.12),
        AttackVector::Adjacent => (0.42, 0.78, 0.16, 0.20),
        AttackVector::Local => (0.18, 0.42, 0.44, 0.26),
        AttackVector::Physical => (0.25, 0.80, 0.19, 0.14),
    };
    let mut vector = Vector {
        attack,
        complex: random.chance(complex),
        privileges: level(random, none, low),
        interaction: random.chance(interaction),
        changed: random.chance(0.14),
        confidentiality: level(random, 0.15, 0.28),
        integrity: level(random, 0.30, 0.22),
        availability: level(random, 0.36, 0.17),
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
    let epss = epss_quantile(vector.attack, random.unit());
    // KEV 13 of 25 above 0.5 and none of 405 below; public exploits 25 of 25, 16 of 22, 27 of 64, 27 of 88 and 31 of 231.
    let kev = epss > 0.5 && random.chance(0.52);
    let poc = random.chance(match epss {
        e if e > 0.5 => 1.0,
        e if e > 0.1 => 0.73,
        e if e > 0.02 => 0.42,
        e if e > 0.01 => 0.31,
        _ => 0.13,
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
        assert!((0.25..0.34).contains(&poc), "127 of 428 measured: {poc}");
        let high = share(&|f| f.epss > 0.125);
        assert!((0.08..0.12).contains(&high), "a tenth measured: {high}");
        let middle = share(&|f| f.epss > 0.0088);
        assert!((0.46..0.54).contains(&middle), "a half measured: {middle}");
        let network = AttackVector::Network;
        assert!((epss_quantile(network, 0.5) - 0.0168).abs() < 1e-9);
        assert!((0..=100).all(|n| epss_quantile(network, f64::from(n) / 100.0) < 1.0));
    }
}
