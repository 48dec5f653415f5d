//! People accept what is on the list; it leaves, and comes back with its cause.

use auscult_risk::document::{DecisionEntry, DecisionKind};

use super::*;

const FLAW: &str = "CVE-2026-1001";
const DAY: i64 = 86_400_000;
/// A week after the ward's clock begins.
const UNTIL: &str = "2026-09-28";

impl World {
    pub(crate) fn accepts(&mut self, n: u8, change: impl FnOnce(&mut DecisionEntry)) {
        let mut decision = DecisionEntry {
            kind: DecisionKind::Accepted,
            device: name(n),
            weakness: Some(FLAW.to_owned()),
            until: UNTIL.to_owned(),
            by: Some("a clinician".to_owned()),
            through: None,
            kev: false,
        };
        change(&mut decision);
        let record = DecisionRecord::new(self.findings.site(), self.clock, decision);
        let value = serde_json::to_vec(&record).unwrap();
        let read = DecisionRecord::read(&value).unwrap();
        assert_eq!(read, record);
        assert!(self.knowledge.decide(&record.key(), Some(read)));
        self.knowledge.settle();
    }

    pub(crate) fn withdraws(&mut self, n: u8) {
        let key = format!("main/{}/{FLAW}", name(n));
        assert!(self.knowledge.decide(&key, None));
        self.knowledge.settle();
    }

    /// What goes through the flaw on a device now.
    fn through(&self, n: u8) -> f64 {
        let ledger = self.findings.ledger().clone();
        let mut anew = SiteFindings::new("main".parse().unwrap(), ledger);
        anew.apply(self.delta());
        let standing = anew.standing(&self.knowledge, &self.weights).unwrap();
        let pairs = standing.assessor.assessment().pairs;
        let own = pairs
            .iter()
            .filter(|pair| pair.device == name(n) && pair.weakness == FLAW);
        own.map(|pair| pair.through).fold(0.0, f64::max)
    }

    /// A ward that has been told of, with the flaw of pump 3 on the list.
    fn listed() -> Self {
        let mut world = Self::ward();
        world.states(with_epss(flaw(FLAW), 20_000, 0.3));
        let told = world.told();
        assert!(told.iter().any(|it| it.uid == uid()), "{:#?}", words(&told));
        world
    }
}

fn uid() -> String {
    format!("vf:{}:{FLAW}", name(3))
}

/// The telling about the flaw of pump 3.
fn own(told: &[Telling]) -> &Telling {
    let mut own = told.iter().filter(|it| it.uid == uid());
    let one = own.next().unwrap_or_else(|| panic!("{:#?}", words(told)));
    assert!(own.next().is_none());
    one
}

fn assert_back(told: &[Telling], kind: ChangeKind) {
    let own = own(told);
    assert_eq!(own.activity, Activity::Create, "{:#?}", words(told));
    assert_eq!(own.cause.changes[0].kind, kind, "{:#?}", words(told));
    assert!(own.cause.direct);
}

#[test]
fn what_is_accepted_leaves_the_list_and_what_is_withdrawn_comes_back() {
    let mut world = World::listed();
    world.accepts(3, |_| {});
    assert!(world.findings.concerns(&world.knowledge));
    let told = world.told();
    let closed = own(&told);
    assert_eq!(closed.activity, Activity::Close);
    assert_eq!(closed.closing, Some(Closing::Accepted));
    let change = &closed.cause.changes[0];
    assert_eq!(change.kind, ChangeKind::Decision);
    let said = format!("accepted until {UNTIL} by a clinician");
    assert_eq!(change.after.as_deref(), Some(said.as_str()));
    // Told once, over a restart too.
    assert_eq!(words(&world.told()), Vec::<String>::new());
    world.restart();
    assert_eq!(words(&world.told()), Vec::<String>::new());
    world.withdraws(3);
    let told = world.told();
    assert_back(&told, ChangeKind::Decision);
    assert_eq!(
        own(&told).cause.changes[0].before.as_deref(),
        Some(said.as_str())
    );
    assert_eq!(own(&told).life.revision, 3);
}

#[test]
fn kev_brings_back_what_was_accepted_before_it_was_listed() {
    for known_then in [false, true] {
        let mut world = World::listed();
        world.accepts(3, |it| it.kev = known_then);
        world.told();
        world.states(with_kev(with_epss(flaw(FLAW), 20_000, 0.3), START));
        let told = world.told();
        if known_then {
            assert!(
                !told.iter().any(|it| it.uid == uid()),
                "{:#?}",
                words(&told)
            );
        } else {
            assert_back(&told, ChangeKind::KnownExploited);
        }
    }
}

#[test]
fn the_day_that_passes_brings_it_back() {
    let mut world = World::listed();
    world.accepts(3, |_| {});
    world.told();
    // To the end of its last day it holds.
    let last: i64 = "2026-09-28".parse::<Day>().unwrap().0;
    world.clock = last * DAY + DAY - 1;
    world.see(Vec::new());
    assert_eq!(words(&world.told()), Vec::<String>::new());
    world.clock += 1;
    world.see(Vec::new());
    let told = world.told();
    assert_back(&told, ChangeKind::Time);
    assert_eq!(words(&world.told()), Vec::<String>::new());
}

/// Days from 1970-01-01, by the risk engine's own reading.
struct Day(i64);

impl std::str::FromStr for Day {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let decision = DecisionEntry {
            kind: DecisionKind::Accepted,
            device: String::new(),
            weakness: None,
            until: text.to_owned(),
            by: None,
            through: None,
            kev: false,
        };
        decision.last_day().map(Self).ok_or(())
    }
}

#[test]
fn odds_that_rise_by_half_bring_it_back_and_smaller_ones_do_not() {
    let mut world = World::listed();
    let through = world.through(3);
    assert!(through > 0.0);
    world.accepts(3, |it| it.through = Some(through));
    assert_eq!(own(&world.told()).closing, Some(Closing::Accepted));
    world.states(with_epss(flaw(FLAW), 20_001, 0.32));
    let told = world.told();
    assert!(
        !told.iter().any(|it| it.uid == uid()),
        "{:#?}",
        words(&told)
    );
    world.states(with_epss(flaw(FLAW), 20_002, 0.95));
    assert!(world.through(3) > 1.5 * through);
    assert_back(&world.told(), ChangeKind::Epss);
}

#[test]
fn a_decision_about_a_device_that_left_waits_for_it() {
    let mut world = World::listed();
    world.accepts(3, |_| {});
    world.told();
    world.see(vec![(device(3), None)]);
    let told = world.told();
    let kinds: Vec<ChangeKind> = told
        .iter()
        .flat_map(|it| it.cause.changes.iter().map(|change| change.kind))
        .collect();
    assert!(!kinds.contains(&ChangeKind::Decision), "{kinds:?}");
    world.see(vec![(device(3), Some(pump(3, "15.1")))]);
    world.talks(vec![(3, Some(talk(1, 3, 9_000)))]);
    let told = world.told();
    assert!(
        !told.iter().any(|it| it.uid == uid()),
        "{:#?}",
        words(&told)
    );
    assert_eq!(world.findings.ledger().decisions.len(), 1);
}

#[test]
fn what_is_no_decision_is_refused_with_its_reason() {
    let mut world = World::listed();
    world.accepts(3, |_| {});
    let good = world.knowledge.decisions("main").next().unwrap().1.clone();
    let bad = [
        (
            DecisionEntry {
                until: "soon".to_owned(),
                ..good.clone()
            },
            "is not a date",
        ),
        (
            DecisionEntry {
                by: Some(" ".to_owned()),
                ..good
            },
            "names nobody",
        ),
    ];
    for (bad, reason) in bad {
        let record = DecisionRecord::new(world.findings.site(), START, bad);
        let value = serde_json::to_vec(&record).unwrap();
        let fault = DecisionRecord::read(&value).unwrap_err();
        assert!(fault.contains(reason), "{fault}");
    }
    assert!(DecisionRecord::read(b"{}").is_err());
    assert!(DecisionRecord::read(br#"{"format":"auscult.decision/9"}"#).is_err());
}
