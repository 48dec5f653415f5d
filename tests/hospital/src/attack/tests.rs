use super::*;
use crate::build::{self, Blueprint};

fn north(size: usize) -> Site {
    build::site(&Blueprint {
        name: "north".to_owned(),
        size,
        seed: 1,
        intelligence: None,
    })
    .unwrap()
}

fn cost(site: &Site, attacker: &Attacker, defence: &Defence) -> Tally {
    run(site, &Arena::new(site, defence), attacker, 0, 1_500, 2)
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let site = north(800);
    let arena = Arena::new(&site, &Defence::default());
    let one = run(&site, &arena, &BASE, 0, 501, 1);
    for threads in [2, 3, 7] {
        assert_eq!(run(&site, &arena, &BASE, 0, 501, threads), one);
    }
    assert_eq!(one.campaigns(), 501);
    assert_ne!(run(&site, &arena, &BASE, 1 << 32, 501, 2), one);
}

#[test]
fn every_loss_has_an_owner() {
    let site = north(800);
    let tally = cost(&site, &BASE, &Defence::default());
    let devices: f64 = tally.device_loss().iter().sum();
    let pairs: f64 = tally.pair_loss().iter().sum();
    assert!((devices - tally.mean_loss()).abs() < 1e-9 * devices);
    assert!(
        pairs > 0.0 && pairs < devices,
        "people and credentials cost too"
    );
    assert!(tally.mean_size() > 1.0);
    // A flaw that is not there costs nothing, listed or not.
    let arena = Arena::new(&site, &Defence::default());
    for (pair, loss) in arena.pairs.iter().zip(tally.pair_loss()) {
        let weakness = site.devices[pair.device as usize].weaknesses[pair.weakness];
        assert!(weakness.present || loss == 0.0);
    }
}

#[test]
fn more_effort_costs_more_and_more_detection_less() {
    let site = north(1_200);
    let loss = |name| {
        let attacker = variant(name).unwrap().attacker;
        cost(&site, &attacker, &Defence::default()).mean_loss()
    };
    assert!(loss("poor") < loss("base"));
    assert!(loss("base") < loss("rich"));
    assert!(loss("watched") < loss("base"));
    assert!(loss("base") < loss("unwatched"));
}

#[test]
fn fixing_everything_leaves_people_and_credentials() {
    let site = north(800);
    let before = cost(&site, &BASE, &Defence::default());
    let defence = Defence {
        patched: Arena::new(&site, &Defence::default())
            .pairs
            .iter()
            .map(|pair| (pair.device, pair.weakness))
            .collect(),
        ..Defence::default()
    };
    let after = cost(&site, &BASE, &defence);
    assert!(after.mean_loss() < before.mean_loss());
    assert!(after.mean_loss() > 0.0);
    assert_eq!(after.flaw_share(), 0.0);
}

#[test]
fn every_kind_of_control_takes_loss_away() {
    let site = north(1_200);
    let before = cost(&site, &BASE, &Defence::default()).mean_loss();
    let numbers = 0..site.devices.len() as u32;
    let services = numbers.clone().flat_map(|device| {
        (0..site.devices[device as usize].services.len()).map(move |service| (device, service))
    });
    let entries = numbers.clone().filter(|&d| d % 2 == 0);
    let links =
        (0..site.segments.len()).flat_map(|a| (0..site.segments.len()).map(move |b| (a, b)));
    let defences = [
        (
            "closed",
            Defence {
                closed: services.clone().collect(),
                ..Defence::default()
            },
        ),
        (
            "denied",
            Defence {
                denied: services.collect(),
                ..Defence::default()
            },
        ),
        (
            "microsegmented",
            Defence {
                microsegmented: numbers.collect(),
                ..Defence::default()
            },
        ),
        (
            "cut",
            Defence {
                cut_links: links.collect(),
                ..Defence::default()
            },
        ),
    ];
    for (name, defence) in defences {
        let after = cost(&site, &BASE, &defence).mean_loss();
        assert!(after < before, "{name}: {before} -> {after}");
    }
    // Without half of its entry points a campaign comes by the others, never by a removed one.
    let defence = Defence {
        removed_entries: entries.collect(),
        ..Defence::default()
    };
    let arena = Arena::new(&site, &defence);
    assert!(arena.entries.iter().all(|(device, _)| device % 2 == 1));
}

#[test]
fn capability_follows_public_signals_with_noise() {
    let site = north(3_000);
    let quiet = capabilities(&site, 0.0);
    let loud = capabilities(&site, 0.8);
    assert_eq!(capabilities(&site, 0.8), loud);
    let epss: Vec<f64> = site.flaws.iter().map(|facts| facts.epss).collect();
    let rank = |values: &[f64]| crate::rank::score::spearman(&epss, values).unwrap();
    assert!(
        rank(&quiet) > rank(&loud) && rank(&loud) > 0.5,
        "{} {}",
        rank(&quiet),
        rank(&loud)
    );
    assert!(loud.iter().all(|p| (0.0..=0.97).contains(p)));
}

#[test]
fn laid_routes_are_walked() {
    let site = north(2_000);
    let rich = variant("rich").unwrap().attacker;
    let arena = Arena::new(&site, &Defence::default());
    let tally = run(&site, &arena, &rich, 0, 6_000, 2);
    let loss = tally.pair_loss();
    let walked = site
        .planted
        .iter()
        .filter_map(|route| route.steps.last())
        .filter_map(|&(device, weakness)| arena.index(Pair { device, weakness }))
        .filter(|&index| loss[index] > 0.0)
        .count();
    assert!(
        walked > 0,
        "no campaign walked any of {} laid routes",
        site.planted.len()
    );
}

#[test]
fn variants_have_names_of_their_own() {
    let names: std::collections::BTreeSet<&str> = VARIANTS.iter().map(|v| v.name).collect();
    assert_eq!(names.len(), VARIANTS.len());
    assert!(variant("base").is_some_and(|v| v.attacker == BASE));
    assert!(variant("nobody").is_none());
}
