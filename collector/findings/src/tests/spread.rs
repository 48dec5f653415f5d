//! A weakness over all sites.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::spread::{Estate, OpenFinding, SITES, millionths};

fn finding(site: &str, device: &str, weakness: &str, score: f64) -> OpenFinding {
    OpenFinding {
        site: site.to_owned(),
        device: device.to_owned(),
        name: None,
        weakness: weakness.to_owned(),
        title: None,
        score: millionths(score),
        known_exploited: false,
        opened: 1_000,
    }
}

#[test]
fn a_weakness_of_two_sites_is_one_statement_and_one_of_one_site_is_none() {
    let mut estate = Estate::default();
    for (uid, it) in [
        ("vf:a:CVE-1", finding("north", "a", "CVE-1", 0.25)),
        ("vf:b:CVE-1", finding("north", "b", "CVE-1", 0.25)),
        (
            "vf:c:CVE-1",
            OpenFinding {
                name: Some("ct".to_owned()),
                title: Some("a flaw".to_owned()),
                known_exploited: true,
                opened: 2_000,
                ..finding("south", "c", "CVE-1", 1.5)
            },
        ),
        ("vf:a:CVE-2", finding("north", "a", "CVE-2", 9.0)),
    ] {
        estate.take(uid, Some(it));
    }
    let spreads = estate.spreads(SITES);
    assert_eq!(spreads.len(), 1);
    let it = &spreads[0];
    assert_eq!((it.uid.as_str(), it.devices), ("spread:CVE-1", 3));
    assert_eq!((it.score, it.points, it.since), (2.0, 83, 1_000));
    assert_eq!(it.title.as_deref(), Some("a flaw"));
    assert!(it.known_exploited);
    let sites: Vec<_> = it
        .sites
        .iter()
        .map(|site| (site.site.as_str(), site.devices, site.score))
        .collect();
    assert_eq!(sites, [("south", 1, 1.5), ("north", 2, 0.5)]);
    assert_eq!(it.worst.finding, "vf:c:CVE-1");
    assert_eq!(it.worst.name.as_deref(), Some("ct"));
    // All of them, the largest loss first.
    let all: Vec<_> = estate
        .spreads(1)
        .into_iter()
        .map(|it| it.weakness)
        .collect();
    assert_eq!(all, ["CVE-2", "CVE-1"]);
    // The south mends its device: a matter of one site again.
    estate.take("vf:c:CVE-1", None);
    assert!(estate.spreads(SITES).is_empty());
    for uid in ["vf:a:CVE-1", "vf:b:CVE-1", "vf:a:CVE-2"] {
        estate.take(uid, None);
    }
    assert_eq!(estate, Estate::default());
}

/// Site, device, weakness, score in hundredths, KEV, open or not.
type Step = (u8, u8, u8, u32, bool, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(
        (
            0..3_u8,
            0..4_u8,
            0..3_u8,
            0..500_u32,
            any::<bool>(),
            any::<bool>(),
        ),
        0..60,
    )
}

proptest! {
    #[test]
    fn following_is_the_same_as_reading_what_is_open_in_any_order(steps in steps()) {
        let mut followed = Estate::default();
        let mut open = std::collections::BTreeMap::new();
        for (number, (site, device, weakness, score, kev, is_open)) in steps.into_iter().enumerate() {
            let uid = format!("vf:{site}-{device}:CVE-{weakness}");
            let it = is_open.then(|| OpenFinding {
                known_exploited: kev,
                opened: number as i64,
                ..finding(&format!("site-{site}"), &format!("{site}-{device}"), &format!("CVE-{weakness}"), f64::from(score) / 100.0)
            });
            followed.take(&uid, it.clone());
            match it {
                Some(it) => drop(open.insert(uid, it)),
                None => drop(open.remove(&uid)),
            }
            let mut anew = Estate::default();
            for (uid, it) in open.iter().rev() {
                anew.take(uid, Some(it.clone()));
            }
            prop_assert_eq!(&followed, &anew);
            prop_assert_eq!(followed.len(), open.len());
            for spread in followed.spreads(1) {
                // Counted by hand.
                let own: Vec<_> = open.values().filter(|it| it.weakness == spread.weakness).collect();
                let sites: std::collections::BTreeSet<&str> = own.iter().map(|it| it.site.as_str()).collect();
                prop_assert_eq!(spread.devices, own.len());
                prop_assert_eq!(spread.sites.len(), sites.len());
                let loss: u64 = own.iter().map(|it| it.score).sum();
                prop_assert_eq!(millionths(spread.score), loss);
                let most = own.iter().map(|it| it.score).max();
                prop_assert_eq!(Some(millionths(spread.worst.score)), most);
            }
        }
    }
}
