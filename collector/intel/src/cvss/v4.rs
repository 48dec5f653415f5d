//! CVSS 4.0, section 8: macrovectors and the interpolation inside them, in whole numbers.
//!
//! A macrovector's score stands for its most severe vectors. A vector inside it scores lower by the mean, over the equivalence
//! classes in which a less severe macrovector exists, of that step's size times the share of the way already gone. Distances and
//! depths are whole steps and scores are tenths, so the mean is a fraction that is rounded once, half up, without binary error.

use super::macrovector::tenths;
use super::{Score, Vector};

/// Distances from the most severe vectors of one class, metric by metric.
type Metrics<const N: usize> = [(&'static str, &'static str); N];

const EQ1: Metrics<3> = [("AV", "MAV"), ("PR", "MPR"), ("UI", "MUI")];
const EQ2: Metrics<2> = [("AC", "MAC"), ("AT", "MAT")];
const EQ36: Metrics<6> = [
    ("VC", "MVC"),
    ("VI", "MVI"),
    ("VA", "MVA"),
    ("CR", "CR"),
    ("IR", "IR"),
    ("AR", "AR"),
];
const EQ4: Metrics<3> = [("SC", "MSC"), ("SI", "MSI"), ("SA", "MSA")];

/// Steps of a value below the metric's most severe one.
fn step(metric: &str, value: &str) -> u8 {
    match (metric, value) {
        ("AV", "A") | ("PR", "L") | ("UI", "P") | ("AC", "H") | ("AT", "P") => 1,
        ("AV", "L") | ("PR", "H") | ("UI", "A") => 2,
        ("AV", "P") => 3,
        ("VC" | "VI" | "VA", "L") | ("CR" | "IR" | "AR", "M") => 1,
        ("VC" | "VI" | "VA", "N") | ("CR" | "IR" | "AR", "L") => 2,
        ("SC" | "SI" | "SA", "H") => 1,
        ("SC" | "SI" | "SA", "L") => 2,
        ("SC" | "SI" | "SA", "N") => 3,
        _ => 0,
    }
}

fn effective(vector: &Vector, base: &'static str, modified: &'static str) -> &'static str {
    match base {
        "CR" | "IR" | "AR" => vector.value(base).unwrap_or("H"),
        _ => vector.effective(base, modified),
    }
}

fn steps<const N: usize>(vector: &Vector, metrics: Metrics<N>) -> [u8; N] {
    metrics.map(|(base, modified)| step(base, effective(vector, base, modified)))
}

/// Steps below the first of the most severe vectors that is nowhere less severe than this one.
fn distance<const N: usize>(own: [u8; N], most_severe: &[[u8; N]]) -> u64 {
    let gap = |top: &[u8; N]| -> Option<u64> {
        own.iter().zip(top).try_fold(0_u64, |sum, (own, top)| {
            Some(sum.saturating_add(u64::from(own.checked_sub(*top)?)))
        })
    };
    most_severe.iter().find_map(gap).unwrap_or(0)
}

/// The six digits of the macrovector (tables 24 to 29).
fn digits(vector: &Vector) -> [u8; 6] {
    let [av, pr, ui] = steps(vector, EQ1);
    let [ac, at] = steps(vector, EQ2);
    let [vc, vi, va, cr, ir, ar] = steps(vector, EQ36);
    let own = steps(vector, EQ4);
    let eq1 = match (av, pr, ui) {
        (0, 0, 0) => 0,
        (3, _, _) => 2,
        (0, _, _) | (_, 0, _) | (_, _, 0) => 1,
        _ => 2,
    };
    let eq2 = u8::from(ac != 0 || at != 0);
    let eq3 = match (vc, vi, va) {
        (0, 0, _) => 0,
        (0, _, _) | (_, 0, _) | (_, _, 0) => 1,
        _ => 2,
    };
    let [sc, si, sa] = own;
    let eq4 = match (sc, si, sa) {
        (_, 0, _) | (_, _, 0) => 0,
        (1, _, _) | (_, 1, _) | (_, _, 1) => 1,
        _ => 2,
    };
    let eq5 = match vector.value("E") {
        Some("P") => 1,
        Some("U") => 2,
        _ => 0,
    };
    let most = (vc, cr) == (0, 0) || (vi, ir) == (0, 0) || (va, ar) == (0, 0);
    [eq1, eq2, eq3, eq4, eq5, u8::from(!most)]
}

/// One class: how far the vector has gone in it, how far it can go, and the score of the macrovector that follows.
struct Walk {
    gone: u64,
    depth: u64,
    next: Option<u8>,
}

/// The most severe vectors of each class as steps of its metrics (table 30 onwards of the specification; the calculator's data).
fn walks(vector: &Vector, [eq1, eq2, eq3, eq4, eq5, eq6]: [u8; 6]) -> [Walk; 5] {
    let (top1, depth1): (&[[u8; 3]], _) = match eq1 {
        0 => (&[[0, 0, 0]], 1),
        1 => (&[[1, 0, 0], [0, 1, 0], [0, 0, 1]], 4),
        _ => (&[[3, 0, 0], [1, 1, 1]], 5),
    };
    let (top2, depth2): (&[[u8; 2]], _) = match eq2 {
        0 => (&[[0, 0]], 1),
        _ => (&[[1, 0], [0, 1]], 2),
    };
    let (top36, depth36): (&[[u8; 6]], _) = match (eq3, eq6) {
        (0, 0) => (&[[0, 0, 0, 0, 0, 0]], 7),
        (0, _) => (&[[0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]], 6),
        (1, 0) => (&[[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]], 8),
        (1, _) => (
            &[
                [1, 0, 1, 0, 1, 0],
                [1, 0, 0, 0, 1, 1],
                [0, 1, 0, 1, 0, 1],
                [0, 1, 1, 1, 0, 0],
                [1, 1, 0, 0, 0, 1],
            ],
            8,
        ),
        _ => (&[[1, 1, 1, 0, 0, 0]], 10),
    };
    let (top4, depth4): ([u8; 3], _) = match eq4 {
        0 => ([1, 0, 0], 6),
        1 => ([1, 1, 1], 5),
        _ => ([2, 2, 2], 4),
    };
    let up = |digit: u8| digit.saturating_add(1);
    // EQ3 and EQ6 are one class: where both can get worse, the step to the more severe of the two counts.
    let next36 = match (eq3, eq6) {
        (0, 0) => tenths([eq1, eq2, 0, eq4, eq5, 1]).max(tenths([eq1, eq2, 1, eq4, eq5, 0])),
        (1, 0) => tenths([eq1, eq2, 1, eq4, eq5, 1]),
        _ => tenths([eq1, eq2, up(eq3), eq4, eq5, eq6]),
    };
    let walk = |gone, depth, next| Walk { gone, depth, next };
    [
        walk(
            distance(steps(vector, EQ1), top1),
            depth1,
            tenths([up(eq1), eq2, eq3, eq4, eq5, eq6]),
        ),
        walk(
            distance(steps(vector, EQ2), top2),
            depth2,
            tenths([eq1, up(eq2), eq3, eq4, eq5, eq6]),
        ),
        walk(distance(steps(vector, EQ36), top36), depth36, next36),
        walk(
            distance(steps(vector, EQ4), &[top4]),
            depth4,
            tenths([eq1, eq2, eq3, up(eq4), eq5, eq6]),
        ),
        walk(0, 1, tenths([eq1, eq2, eq3, eq4, up(eq5), eq6])),
    ]
}

/// Every depth divides it.
const COMMON: u64 = 840;

/// The score of all metrics of the vector.
pub(super) fn score(vector: &Vector) -> Score {
    let affected = ["VC", "VI", "VA", "SC", "SI", "SA"];
    let modified = ["MVC", "MVI", "MVA", "MSC", "MSI", "MSA"];
    let mut impacts = affected.into_iter().zip(modified);
    if impacts.all(|(base, modified)| effective(vector, base, modified) == "N") {
        return Score(0);
    }
    let digits = digits(vector);
    let Some(top) = tenths(digits) else {
        return Score(0);
    };
    let (mut classes, mut sum) = (0_u64, 0_u64);
    for walk in walks(vector, digits) {
        let Some(next) = walk.next else { continue };
        classes = classes.saturating_add(1);
        let step = u64::from(top.saturating_sub(next));
        let share = COMMON.checked_div(walk.depth).unwrap_or(0);
        sum = sum.saturating_add(step.saturating_mul(walk.gone).saturating_mul(share));
    }
    let unit = COMMON.saturating_mul(classes.max(1));
    let exact = u64::from(top).saturating_mul(unit).saturating_sub(sum);
    let rounded = exact
        .saturating_mul(2)
        .saturating_add(unit)
        .checked_div(unit.saturating_mul(2));
    Score::from_tenths(rounded.and_then(|r| u8::try_from(r).ok()).unwrap_or(100))
}
