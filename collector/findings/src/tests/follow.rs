//! What happens, and what is told for it.

use super::*;

/// Every telling is of this kind of change, and none of another.
fn assert_caused(told: &[Telling], kind: ChangeKind) {
    assert!(!told.is_empty());
    for one in told {
        assert_eq!(one.cause.changes[0].kind, kind, "{:#?}", words(told));
    }
}

fn uids(told: &[Telling], activity: Activity) -> Vec<&str> {
    let mut uids: Vec<&str> = told
        .iter()
        .filter(|it| it.activity == activity)
        .map(|it| it.uid.as_str())
        .collect();
    uids.sort_unstable();
    uids
}

#[test]
fn the_first_assessment_tells_the_list_once() {
    let mut world = World::ward();
    let told = world.told();
    assert_caused(&told, ChangeKind::DeviceArrived);
    assert!(
        told.iter().all(|it| it.activity == Activity::Create),
        "{:#?}",
        words(&told)
    );
    assert!(
        told.iter().any(|it| matches!(it.said, Said::Pair(_))),
        "{:#?}",
        words(&told)
    );
    assert_eq!(words(&world.told()), Vec::<String>::new());
}

#[test]
fn a_kev_addition_is_told_with_its_date_and_nothing_else_is() {
    let mut world = World::ward();
    world.told();
    let listed = with_kev(with_epss(flaw("CVE-2026-1001"), 20_000, 0.004), START);
    world.states(listed);
    let told = world.told();
    assert_caused(&told, ChangeKind::KnownExploited);
    let own: Vec<&Telling> = told
        .iter()
        .filter(|it| it.uid.ends_with("CVE-2026-1001"))
        .collect();
    assert!(!own.is_empty(), "{:#?}", words(&told));
    for one in own {
        let change = &one.cause.changes[0];
        assert!(one.cause.direct);
        assert_eq!(change.vulnerability.as_deref(), Some("CVE-2026-1001"));
        assert_eq!(
            (change.before.as_deref(), change.after.as_deref()),
            (Some("no"), Some("yes"))
        );
        assert_eq!(change.dated, Some(START));
    }
    assert!(world.told().is_empty());
}

#[test]
fn an_epss_file_of_a_new_day_tells_what_it_moves_and_keeps_still_otherwise() {
    let mut world = World::ward();
    world.told();
    // All move a little: nothing to tell, though the site is assessed again.
    for id in ["CVE-2026-1001", "CVE-2026-1002"] {
        world.states(with_epss(flaw(id), 20_001, 0.0041));
    }
    assert_eq!(words(&world.told()), Vec::<String>::new());
    world.states(with_epss(flaw("CVE-2026-1002"), 20_002, 0.93));
    let told = world.told();
    assert_caused(&told, ChangeKind::Epss);
    let change = &told[0].cause.changes[0];
    assert_eq!(change.dated, Some(20_002 * 86_400_000));
    assert_eq!(change.after.as_deref(), Some("0.93"));
}

#[test]
fn a_firmware_update_closes_what_it_mends_and_names_both_versions() {
    let mut world = World::ward();
    world.states(with_kev(flaw("CVE-2026-1001"), START));
    world.told();
    world.see(vec![(device(3), Some(pump(3, "16.1")))]);
    let told = world.told();
    assert_caused(&told, ChangeKind::Firmware);
    let closed = uids(&told, Activity::Close);
    assert!(
        closed.contains(&format!("vf:{}:CVE-2026-1001", name(3)).as_str()),
        "{:#?}",
        words(&told)
    );
    for one in told.iter().filter(|it| it.subject.id == name(3)) {
        let change = &one.cause.changes[0];
        assert_eq!(
            (change.before.as_deref(), change.after.as_deref()),
            (Some("15.1"), Some("16.1"))
        );
    }
    let mended = told
        .iter()
        .find(|it| it.uid.starts_with("vf:") && it.subject.id == name(3))
        .unwrap();
    assert_eq!(mended.closing, Some(Closing::NotAffected));
}

#[test]
fn an_arrival_and_a_departure_are_told_as_such() {
    let mut world = World::ward();
    world.states(with_kev(flaw("CVE-2026-1001"), START));
    world.told();
    world.see(vec![(device(6), Some(pump(6, "15.0")))]);
    world.talks(vec![(6, Some(talk(1, 6, 9_000)))]);
    let told = world.told();
    assert_caused(&told, ChangeKind::DeviceArrived);
    let new = name(6);
    assert!(
        told.iter()
            .any(|it| it.subject.id == new && it.activity == Activity::Create)
    );
    let mut gone = pump(6, "15.0");
    gone.facts.active = false;
    world.see(vec![(device(6), Some(gone))]);
    let told = world.told();
    assert_caused(&told, ChangeKind::DeviceGone);
    let of_it: Vec<&Telling> = told.iter().filter(|it| it.subject.id == new).collect();
    assert!(!of_it.is_empty());
    for one in of_it {
        assert_eq!(
            (one.activity, one.closing),
            (Activity::Close, Some(Closing::DeviceGone))
        );
    }
    // Forgotten altogether: nothing is left to tell.
    world.see(vec![(device(6), None)]);
    world.talks(vec![(6, None)]);
    assert_eq!(words(&world.told()), Vec::<String>::new());
}

#[test]
fn a_conversation_that_opens_a_way_is_named_with_both_ends() {
    let mut world = World::new();
    world.states(with_kev(flaw("CVE-2026-1001"), START));
    world.see(
        [workstation(1), pump(3, "15.1")]
            .map(|it| (it.id, Some(it)))
            .into(),
    );
    world.told();
    world.talks(vec![(1, Some(talk(1, 3, 9_000)))]);
    world.told();
    world.talks(vec![(1, None)]);
    world.told();
    world.talks(vec![(1, Some(talk(1, 3, 9_000)))]);
    let before = world.findings.ledger().clone();
    for one in world.told() {
        let change = &one.cause.changes[0];
        assert_eq!(change.kind, ChangeKind::Conversation);
        assert_eq!(change.devices, [name(1), name(3)]);
        assert_eq!(change.after.as_deref(), Some("tcp/9000"));
    }
    // Whether or not it moved enough to be told, the ledger has the relation.
    let after = world.findings.ledger();
    assert_ne!(
        before.site.as_ref().unwrap().contacts,
        after.site.as_ref().unwrap().contacts
    );
}

#[test]
fn repetition_and_names_are_no_change() {
    let mut world = World::ward();
    world.told();
    let records = world.log.clone();
    let mut renamed = pump(3, "15.1");
    renamed.label.name = Some("another".to_owned());
    world.clock += 3_600_000;
    world.see(vec![
        (device(3), Some(renamed)),
        (device(4), Some(pump(4, "15.1"))),
    ]);
    world.talks(vec![(3, Some(talk(1, 3, 9_000)))]);
    assert!(
        world
            .findings
            .assess(&world.knowledge, &world.weights)
            .unwrap()
            .is_none()
    );
    assert_eq!(world.log, records);
}

#[test]
fn intelligence_that_concerns_no_device_is_not_looked_at() {
    let mut world = World::ward();
    world.told();
    world.states(with_epss(Vulnerability::new("CVE-2026-9"), 20_001, 0.5));
    assert!(!world.findings.concerns(&world.knowledge));
    world.states(with_kev(flaw("CVE-2026-1001"), START));
    assert!(world.findings.concerns(&world.knowledge));
}
