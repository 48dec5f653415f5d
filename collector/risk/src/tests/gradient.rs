//! The backward pass against the forward pass.

use super::*;
use crate::flat::Flat;
use crate::graph::Graph;

fn made(seed: u64) -> (Graph, Flat) {
    let site = Site::try_from(made_site::site(seed, 300, 6)).unwrap();
    let policy = Policy::published().unwrap();
    let assessor = Assessor::new(&site, &policy).unwrap();
    (assessor.graph, assessor.flat)
}

#[test]
fn differences_of_the_loss_agree_with_the_gradient() {
    for seed in 1..=3 {
        let (graph, mut flat) = made(seed);
        let forward = layers::forward(&graph, &flat);
        let gradient = layers::backward(&graph, &flat, &forward);
        let mut compared = 0;
        for number in (0..flat.surfaces.len()).step_by(7) {
            // Long enough a step that the units of the sums do not show in the difference.
            let (x, step) = (flat.surfaces[number].x, 3e-3);
            if !(step..1.0 - step).contains(&x) {
                continue;
            }
            flat.surfaces[number].x = x + step;
            let above = layers::forward(&graph, &flat).loss;
            flat.surfaces[number].x = x - step;
            let below = layers::forward(&graph, &flat).loss;
            flat.surfaces[number].x = x;
            let difference = (above - below) / (2.0 * step);
            let error = (difference - gradient.by_x[number]).abs();
            assert!(
                error <= 2e-5 * difference.abs() + 1e-6,
                "seed {seed} surface {number}: difference {difference}, gradient {}",
                gradient.by_x[number]
            );
            compared += 1;
        }
        assert!(compared > 10, "only {compared} surfaces had a slope");
    }
}

#[test]
fn the_loss_is_the_sum_over_entries_of_their_share() {
    // The loss is zero without entries and each layer is multilinear in e, so integrating the gradient along e gives the loss back.
    for seed in 1..=3 {
        let (graph, mut flat) = made(seed);
        let (entries, doors) = (flat.entry.clone(), flat.door.clone());
        let loss = layers::forward(&graph, &flat).loss;
        // Gauss-Legendre with 5 points on each of 16 parts of [0, 1].
        let points = [
            (0.046_910_077_030_668, 0.118_463_442_528_094_5),
            (0.230_765_344_947_158_45, 0.239_314_335_249_683_2),
            (0.5, 0.284_444_444_444_444_4),
            (0.769_234_655_052_841_5, 0.239_314_335_249_683_2),
            (0.953_089_922_969_332, 0.118_463_442_528_094_5),
        ];
        let mut sum = 0.0;
        let parts = 16;
        for part in 0..parts {
            for (at, weight) in points {
                let at = (f64::from(part) + at) / f64::from(parts);
                flat.entry = entries.iter().map(|e| e * at).collect();
                flat.door = doors.iter().map(|e| e * at).collect();
                let forward = layers::forward(&graph, &flat);
                let gradient = layers::backward(&graph, &flat, &forward);
                let slope: f64 = entries
                    .iter()
                    .zip(&doors)
                    .map(|(e, door)| e + door)
                    .zip(&gradient.by_entry)
                    .map(|(e, g)| e * g)
                    .sum();
                sum += weight / f64::from(parts) * slope;
            }
        }
        assert!(
            (sum - loss).abs() <= 1e-9 * loss,
            "seed {seed}: {sum} and {loss}"
        );
    }
}
