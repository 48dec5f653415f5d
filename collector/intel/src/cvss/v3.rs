//! CVSS 3.0 and 3.1, section 7 (8 in 3.0): base, temporal and environmental equations.

use super::{Score, Vector, Version};

fn attack_vector(value: &str) -> f64 {
    match value {
        "N" => 0.85,
        "A" => 0.62,
        "L" => 0.55,
        _ => 0.2,
    }
}

fn privileges(value: &str, changed: bool) -> f64 {
    match (value, changed) {
        ("N", _) => 0.85,
        ("L", false) => 0.62,
        ("L", true) => 0.68,
        (_, false) => 0.27,
        (_, true) => 0.5,
    }
}

fn impact(value: &str) -> f64 {
    match value {
        "H" => 0.56,
        "L" => 0.22,
        _ => 0.0,
    }
}

fn requirement(value: Option<&str>) -> f64 {
    match value {
        Some("H") => 1.5,
        Some("L") => 0.5,
        _ => 1.0,
    }
}

/// The product of the three temporal metrics.
fn temporal_factor(vector: &Vector) -> f64 {
    let exploit = match vector.value("E") {
        Some("F") => 0.97,
        Some("P") => 0.94,
        Some("U") => 0.91,
        _ => 1.0,
    };
    let remediation = match vector.value("RL") {
        Some("W") => 0.97,
        Some("T") => 0.96,
        Some("O") => 0.95,
        _ => 1.0,
    };
    let confidence = match vector.value("RC") {
        Some("R") => 0.96,
        Some("U") => 0.92,
        _ => 1.0,
    };
    exploit * remediation * confidence
}

/// The smallest number of tenths not below the value. The factors have at most two decimals, so what differs from a whole tenth by
/// less than the tolerance is the error of binary arithmetic; 3.1 (appendix A) has 5 decimals for it, 3.0 leaves it open.
fn roundup(value: f64, version: Version) -> Score {
    let tolerance = if version == Version::V31 { 5e-5 } else { 1e-9 };
    let tenths = value * 10.0;
    let found = (0..=100_u8).find(|tenth| f64::from(*tenth) + tolerance > tenths);
    Score(found.unwrap_or(100))
}

/// The thirteenth or fifteenth power as the equations have it, multiplied out in a fixed order.
fn power(base: f64, exponent: u8) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

/// `name` with its modified counterpart when `modified`, alone otherwise.
fn exploitability(vector: &Vector, modified: bool, changed: bool) -> f64 {
    let of = |base: &'static str, other: &'static str| {
        vector.effective(base, if modified { other } else { base })
    };
    let complexity = if of("AC", "MAC") == "L" { 0.77 } else { 0.44 };
    let interaction = if of("UI", "MUI") == "N" { 0.85 } else { 0.62 };
    8.22 * attack_vector(of("AV", "MAV"))
        * complexity
        * privileges(of("PR", "MPR"), changed)
        * interaction
}

/// The sum of impact and exploitability under the scope, at most 10.
fn combine(impact: f64, exploitability: f64, changed: bool) -> f64 {
    let sum = impact + exploitability;
    if changed {
        (1.08 * sum).min(10.0)
    } else {
        sum.min(10.0)
    }
}

/// The base score.
pub(super) fn base(vector: &Vector) -> Score {
    let of = |name| impact(vector.value(name).unwrap_or(""));
    let changed = vector.value("S") == Some("C");
    let iss = 1.0 - (1.0 - of("C")) * (1.0 - of("I")) * (1.0 - of("A"));
    let impact = if changed {
        7.52 * (iss - 0.029) - 3.25 * power(iss - 0.02, 15)
    } else {
        6.42 * iss
    };
    if impact <= 0.0 {
        return Score(0);
    }
    let sum = combine(impact, exploitability(vector, false, changed), changed);
    roundup(sum, vector.version())
}

/// The temporal score.
pub(super) fn temporal(vector: &Vector) -> Score {
    let base = f64::from(base(vector).tenths()) / 10.0;
    roundup(base * temporal_factor(vector), vector.version())
}

/// The environmental score.
pub(super) fn environmental(vector: &Vector) -> Score {
    let of = |base, modified, required| {
        impact(vector.effective(base, modified)) * requirement(vector.value(required))
    };
    let changed = vector.effective("S", "MS") == "C";
    let left =
        (1.0 - of("C", "MC", "CR")) * (1.0 - of("I", "MI", "IR")) * (1.0 - of("A", "MA", "AR"));
    let miss = (1.0 - left).min(0.915);
    let impact = match (changed, vector.version()) {
        (false, _) => 6.42 * miss,
        (true, Version::V31) => 7.52 * (miss - 0.029) - 3.25 * power(miss * 0.9731 - 0.02, 13),
        (true, _) => 7.52 * (miss - 0.029) - 3.25 * power(miss - 0.02, 15),
    };
    if impact <= 0.0 {
        return Score(0);
    }
    let sum = combine(impact, exploitability(vector, true, changed), changed);
    let inner = f64::from(roundup(sum, vector.version()).tenths()) / 10.0;
    roundup(inner * temporal_factor(vector), vector.version())
}
