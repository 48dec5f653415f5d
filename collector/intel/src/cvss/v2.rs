//! CVSS 2.0, section 3.2.1: the base equation.

use super::{Score, Vector};

fn impact(value: Option<&str>) -> f64 {
    match value {
        Some("C") => 0.660,
        Some("P") => 0.275,
        _ => 0.0,
    }
}

/// The base score.
pub(super) fn base(vector: &Vector) -> Score {
    let of = |name| impact(vector.value(name));
    let impact = 10.41 * (1.0 - (1.0 - of("C")) * (1.0 - of("I")) * (1.0 - of("A")));
    let access = match vector.value("AV") {
        Some("N") => 1.0,
        Some("A") => 0.646,
        _ => 0.395,
    };
    let complexity = match vector.value("AC") {
        Some("L") => 0.71,
        Some("M") => 0.61,
        _ => 0.35,
    };
    let authentication = match vector.value("Au") {
        Some("N") => 0.704,
        Some("S") => 0.56,
        _ => 0.45,
    };
    let exploitability = 20.0 * access * complexity * authentication;
    let weight = if impact == 0.0 { 0.0 } else { 1.176 };
    Score::nearest((0.6 * impact + 0.4 * exploitability - 1.5) * weight)
}
