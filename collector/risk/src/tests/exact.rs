//! Engine B against the count of all outcomes.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// Exact probability that each device is reached in at most `hops` hops: all outcomes of the coins "device acts", "campaign has the
/// capability" and (where match is uncertain) "works on this instance" are played by plain set iteration.
fn enumerate(
    devices: &[(&str, bool, &[&str])],
    talks: &[(&str, &str)],
    epss: &[(&str, f64)],
    act: f64,
    hops: usize,
) -> BTreeMap<String, f64> {
    let clients: Vec<&str> = devices
        .iter()
        .map(|(id, ..)| *id)
        .filter(|id| talks.iter().any(|(client, _)| client == id))
        .collect();
    let coins: Vec<(&str, f64)> = epss
        .iter()
        .copied()
        .chain(clients.iter().map(|client| (*client, act)))
        .collect();
    assert!(coins.len() <= 24, "{} coins", coins.len());
    let entries: Vec<&str> = devices
        .iter()
        .filter(|(_, entry, _)| *entry)
        .map(|(id, ..)| *id)
        .collect();
    let mut share: BTreeMap<String, f64> = BTreeMap::new();
    for outcome in 0_u32..1 << coins.len() {
        let on = |name: &str| {
            coins
                .iter()
                .position(|(coin, _)| *coin == name)
                .is_none_or(|at| outcome >> at & 1 == 1)
        };
        let odds: f64 = coins
            .iter()
            .enumerate()
            .map(|(at, (_, p))| if outcome >> at & 1 == 1 { *p } else { 1.0 - p })
            .product();
        for entry in &entries {
            let mut reached: BTreeSet<&str> = BTreeSet::from([*entry]);
            for _ in 0..hops {
                let next: Vec<&str> = talks
                    .iter()
                    .filter(|(client, _)| reached.contains(client) && on(client))
                    .map(|(_, server)| *server)
                    .filter(|server| {
                        devices
                            .iter()
                            .any(|(id, _, weak)| id == server && weak.iter().any(|weak| on(weak)))
                    })
                    .collect();
                reached.extend(next);
            }
            for device in reached {
                *share.entry(device.to_owned()).or_default() += odds / entries.len() as f64;
            }
        }
    }
    share
}

type Case = (
    &'static str,
    Vec<(&'static str, bool, &'static [&'static str])>,
    Vec<(&'static str, &'static str)>,
    Vec<(&'static str, f64)>,
);

fn cases() -> Vec<Case> {
    vec![
        (
            "chain over one shared capability",
            vec![
                ("e", true, &[]),
                ("a", false, &["CVE-1"]),
                ("b", false, &["CVE-1"]),
            ],
            vec![("e", "a"), ("a", "b")],
            vec![("CVE-1", 0.6)],
        ),
        (
            "cycle does not support itself",
            vec![
                ("e", true, &[]),
                ("a", false, &["CVE-1"]),
                ("b", false, &["CVE-2"]),
                ("c", false, &["CVE-3"]),
            ],
            vec![("e", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("b", "a")],
            vec![("CVE-1", 0.3), ("CVE-2", 0.5), ("CVE-3", 0.7)],
        ),
        (
            "two entries, two ways, two flaws on one service",
            vec![
                ("e", true, &[]),
                ("f", true, &[]),
                ("a", false, &["CVE-1", "CVE-2"]),
                ("b", false, &["CVE-3"]),
                ("goal", false, &["CVE-2", "CVE-4"]),
            ],
            vec![
                ("e", "a"),
                ("f", "b"),
                ("a", "goal"),
                ("b", "goal"),
                ("b", "a"),
                ("a", "b"),
            ],
            vec![
                ("CVE-1", 0.2),
                ("CVE-2", 0.4),
                ("CVE-3", 0.6),
                ("CVE-4", 0.1),
            ],
        ),
        (
            "longer than the hops",
            vec![
                ("e", true, &[]),
                ("a", false, &["CVE-1"]),
                ("b", false, &["CVE-2"]),
                ("c", false, &["CVE-1"]),
                ("d", false, &["CVE-2"]),
                ("f", false, &["CVE-1"]),
                ("g", false, &["CVE-2"]),
            ],
            vec![
                ("e", "a"),
                ("a", "b"),
                ("b", "c"),
                ("c", "d"),
                ("d", "f"),
                ("f", "g"),
            ],
            vec![("CVE-1", 0.9), ("CVE-2", 0.8)],
        ),
    ]
}

#[test]
fn worlds_agree_with_the_count_of_all_outcomes() {
    for (name, devices, talks, epss) in cases() {
        let exact = enumerate(&devices, &talks, &epss, 0.99, 5);
        let site = small(&devices, &talks, &epss);
        let assessor = Assessor::new(&site, &plain_policy(&json!({}))).unwrap();
        for (id, ..) in &devices {
            let (share, truth) = (
                worlds_share(&assessor, id),
                exact.get(*id).copied().unwrap_or(0.0),
            );
            assert!(
                (share - truth).abs() <= error(&assessor, truth),
                "{name}: {id} is {share}, counted {truth}"
            );
        }
    }
}

#[test]
fn two_hops_over_one_capability_are_as_likely_as_one() {
    let (_, devices, talks, epss) = cases().remove(0);
    let site = small(&devices, &talks, &epss);
    let assessor = Assessor::new(&site, &plain_policy(&json!({}))).unwrap();
    let (one, two) = (worlds_share(&assessor, "a"), worlds_share(&assessor, "b"));
    // 0.99 twice: the devices must act.
    assert!((one - 0.6 * 0.99).abs() < error(&assessor, 0.6), "{one}");
    assert!(
        (two - 0.6 * 0.99 * 0.99).abs() < error(&assessor, 0.6),
        "{two}"
    );
    assert!(two > 0.5, "independent capabilities would give 0.36");
}

/// Poolsappasit, Dewri and Ray, "Dynamic Security Risk Management Using Bayesian Attack Graphs" (2012), the FTP server example: the
/// attacker is there with 0.7, takes FTP with 0.85 or SSH with 0.7, and reaches the goal from FTP with 0.65 or from SSH surely: 0.606025.
#[test]
fn the_published_ftp_example_comes_out() {
    let devices: Vec<(&str, bool, &[&str])> = vec![
        ("e", true, &[]),
        ("root", false, &["CVE-ROOT"]),
        ("ftp", false, &["CVE-FTP"]),
        ("ssh", false, &["CVE-SSH"]),
        ("overflow", false, &["CVE-OVERFLOW"]),
        ("goal", false, &["CVE-SURE"]),
    ];
    let talks = vec![
        ("e", "root"),
        ("root", "ftp"),
        ("root", "ssh"),
        ("ftp", "overflow"),
        ("overflow", "goal"),
        ("ssh", "goal"),
    ];
    let epss = vec![
        ("CVE-ROOT", 0.7),
        ("CVE-FTP", 0.85),
        ("CVE-SSH", 0.7),
        ("CVE-OVERFLOW", 0.65),
        ("CVE-SURE", 1.0),
    ];
    let exact = enumerate(&devices, &talks, &epss, 1.0, 5);
    for (id, published) in [
        ("root", 0.7),
        ("ftp", 0.595),
        ("ssh", 0.49),
        ("goal", 0.606_025),
    ] {
        assert!((exact[id] - published).abs() < 1e-12, "{id}: {}", exact[id]);
    }
    let site = small(&devices, &talks, &epss);
    let assessor = Assessor::new(&site, &plain_policy(&json!({}))).unwrap();
    let acted = enumerate(&devices, &talks, &epss, 0.99, 5);
    for (id, truth) in &acted {
        let share = worlds_share(&assessor, id);
        assert!(
            (share - truth).abs() <= error(&assessor, *truth),
            "{id} is {share}, counted {truth}"
        );
    }
}

#[test]
fn layers_are_exact_on_a_tree_of_different_flaws() {
    let devices: Vec<(&str, bool, &[&str])> = vec![
        ("e", true, &[]),
        ("a", false, &["CVE-1"]),
        ("b", false, &["CVE-2"]),
        ("c", false, &["CVE-3"]),
    ];
    let talks = vec![("e", "a"), ("a", "b"), ("a", "c")];
    let epss = vec![("CVE-1", 0.3), ("CVE-2", 0.5), ("CVE-3", 0.7)];
    let exact = enumerate(&devices, &talks, &epss, 0.99, 5);
    let assessor =
        Assessor::new(&small(&devices, &talks, &epss), &plain_policy(&json!({}))).unwrap();
    let last = &assessor.layers.reached[5];
    for (id, truth) in exact {
        let layered = last[assessor.graph.device_by_id[id.as_str()] as usize];
        assert!(
            (layered - truth).abs() < 1e-9,
            "{id}: {layered}, counted {truth}"
        );
    }
}
