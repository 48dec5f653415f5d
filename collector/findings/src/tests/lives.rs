//! Lives of findings: restarts, reopenings, parts of a verdict.

use super::*;

#[test]
fn a_restart_repeats_nothing_and_goes_on_counting() {
    let mut world = World::ward();
    world.states(with_kev(flaw("CVE-2026-1001"), START));
    let first = world.told();
    let ledger = world.findings.ledger().clone();
    world.restart();
    assert_eq!(world.findings.ledger(), &ledger);
    assert_eq!(words(&world.told()), Vec::<String>::new());
    let kept = |world: &World| {
        let listed = world.findings.ledger().listed();
        let pair = (name(3), "CVE-2026-1001".to_owned());
        listed.iter().any(|it| (&it.0, &it.1) == (&pair.0, &pair.1))
    };
    assert!(kept(&world), "what is open keeps its place on the list");
    world.see(vec![(device(3), Some(pump(3, "16.1")))]);
    let told = world.told();
    assert!(!kept(&world), "what is closed does not");
    let uid = format!("vf:{}:CVE-2026-1001", name(3));
    let closed = told.iter().find(|it| it.uid == uid).unwrap();
    let opened = first.iter().find(|it| it.uid == uid).unwrap();
    assert_eq!(closed.life.revision, opened.life.revision + 1);
    assert_eq!(closed.life.opened, opened.life.opened);
    assert_eq!(closed.cause.changes[0].kind, ChangeKind::Firmware);
}

#[test]
fn what_changed_while_nobody_ran_is_told_with_its_cause() {
    let mut world = World::ward();
    world.told();
    world.knowledge.take(with_kev(
        with_epss(flaw("CVE-2026-1001"), 20_000, 0.004),
        START,
    ));
    world.knowledge.settle();
    world.restart();
    let told = world.told();
    assert!(!told.is_empty());
    for one in &told {
        assert_eq!(
            one.cause.changes[0].kind,
            ChangeKind::KnownExploited,
            "{:#?}",
            words(&told)
        );
    }
}

#[test]
fn a_finding_that_opens_again_while_the_clock_stands_still_is_another_event() {
    let mut world = World::ward();
    world.states(with_kev(flaw("CVE-2026-1001"), START));
    let uid = format!("vf:{}:CVE-2026-1001", name(3));
    let find = |told: &[Telling]| told.iter().find(|it| it.uid == uid).unwrap().life;
    let first = find(&world.told());
    world.see(vec![(device(3), Some(pump(3, "16.1")))]);
    let closed = find(&world.told());
    world.see(vec![(device(3), Some(pump(3, "15.1")))]);
    let again = find(&world.told());
    assert_eq!([first.revision, closed.revision, again.revision], [1, 2, 3]);
    assert!(first.open && !closed.open && again.open);
    assert_eq!(first.told, again.told);
}

#[test]
fn a_verdict_of_which_only_a_part_was_written_is_found_again_with_its_cause() {
    let mut whole = World::ward();
    whole.told();
    whole.states(with_kev(
        with_epss(flaw("CVE-2026-1001"), 20_000, 0.004),
        START,
    ));
    let all = whole
        .findings
        .assess(&whole.knowledge, &whole.weights)
        .unwrap()
        .unwrap();
    let records = all.tellings.len() + all.inputs.len();
    let end = {
        let mut world = World::ward();
        world.told();
        world.states(with_kev(
            with_epss(flaw("CVE-2026-1001"), 20_000, 0.004),
            START,
        ));
        world.told();
        world.log
    };
    for cut in 0..=records {
        let mut world = World::ward();
        world.told();
        world.states(with_kev(
            with_epss(flaw("CVE-2026-1001"), 20_000, 0.004),
            START,
        ));
        let verdict = world
            .findings
            .assess(&world.knowledge, &world.weights)
            .unwrap()
            .unwrap();
        let mut told: Vec<Telling> = Vec::new();
        let tellings = verdict
            .tellings
            .into_iter()
            .map(|(it, record)| (Some(it), record));
        let inputs = verdict.inputs.into_iter().map(|record| (None, record));
        for (telling, record) in tellings.chain(inputs).take(cut) {
            told.extend(telling);
            world.write(record);
        }
        world.restart();
        for one in world.told() {
            assert_eq!(one.cause.changes[0].kind, ChangeKind::KnownExploited);
            told.push(one);
        }
        let uids: Vec<&str> = told.iter().map(|it| it.uid.as_str()).collect();
        let expected: Vec<&str> = all.tellings.iter().map(|(it, _)| it.uid.as_str()).collect();
        assert_eq!(uids, expected, "cut after {cut} of {records}");
        assert_eq!(world.log, end, "cut after {cut} of {records}");
    }
}

#[test]
fn a_closed_finding_is_forgotten_after_thirty_days() {
    let mut world = World::ward();
    world.states(with_kev(flaw("CVE-2026-1001"), START));
    world.told();
    world.see(vec![(device(3), Some(pump(3, "16.1")))]);
    world.told();
    let pair = (name(3), "CVE-2026-1001".to_owned());
    assert!(!world.findings.ledger().pairs[&pair].life.open);
    world.clock += 31 * 86_400_000;
    world.see(vec![(device(7), Some(workstation(7)))]);
    world.told();
    assert!(!world.findings.ledger().pairs.contains_key(&pair));
    let ledger = world.findings.ledger().clone();
    world.restart();
    assert_eq!(world.findings.ledger(), &ledger);
}
