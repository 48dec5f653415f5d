//! What a follower asks for: the list that was told before counts, and a short answer is part of the whole one.

use std::collections::BTreeSet;

use super::*;
use crate::assessment::PairRisk;
use crate::follow::PairName;

fn assessor() -> Assessor {
    let site = Site::try_from(made_site::site(7, 800, 15)).unwrap();
    Assessor::new(&site, &Policy::published().unwrap()).unwrap()
}

fn name(pair: &PairRisk) -> PairName {
    (
        pair.device.clone(),
        pair.weakness.clone(),
        pair.service.clone(),
    )
}

fn listed(assessor: Assessor, told: &[PairName]) -> BTreeSet<PairName> {
    let told: BTreeSet<PairName> = told.iter().cloned().collect();
    let brief = assessor.with_list(&told).brief();
    brief.listed.iter().map(name).collect()
}

#[test]
fn what_was_told_before_stays_to_the_deeper_bound_and_no_deeper() {
    let pairs = assessor().assessment().pairs;
    let fresh: BTreeSet<PairName> = pairs.iter().filter(|it| it.in_cut).map(name).collect();
    let below: Vec<PairName> = pairs.iter().filter(|it| !it.in_cut).map(name).collect();
    assert!(fresh.len() >= 8, "{} pairs are listed", fresh.len());
    let first = below.first().unwrap();
    // A quarter deeper than the list is, and twice as deep.
    let deep = &below[fresh.len()];
    let unknown = ("nobody".to_owned(), "CVE-2026-1".to_owned(), None);

    assert_eq!(listed(assessor(), &[]), fresh);
    assert_eq!(
        listed(assessor(), &[deep.clone(), unknown]),
        fresh,
        "too deep to stay, and no pair at all"
    );
    let mut kept = fresh;
    kept.insert(first.clone());
    assert_eq!(listed(assessor(), std::slice::from_ref(first)), kept);
}

#[test]
fn the_brief_and_the_explanations_are_those_of_the_whole_assessment() {
    let assessor = assessor();
    let whole = assessor.assessment();
    let brief = assessor.brief();
    assert_eq!(brief.devices, whole.devices);
    assert_eq!(brief.summary, whole.summary);
    let in_cut: Vec<&PairRisk> = whole.pairs.iter().filter(|it| it.in_cut).collect();
    let names: Vec<PairName> = in_cut.iter().map(|it| name(it)).collect();
    assert_eq!(brief.listed.iter().map(name).collect::<Vec<_>>(), names);
    for (short, long) in brief.listed.iter().zip(&in_cut) {
        assert_eq!(short.score.to_bits(), long.score.to_bits());
        assert_eq!(short.through.to_bits(), long.through.to_bits());
    }
    let explained = assessor.explain(&names);
    for (short, long) in explained.iter().zip(&in_cut) {
        let short = short.as_ref().unwrap();
        assert_eq!(short.factors, long.factors);
        assert_eq!(short.routes, long.path);
        assert!(!short.routes.is_empty());
    }
    let nobody = ("nobody".to_owned(), "CVE-2026-1".to_owned(), None);
    assert_eq!(assessor.explain(&[nobody]), [None]);
}
