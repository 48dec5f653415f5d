//! Any history: following it, with the graph given up and restarts anywhere, tells what assessing anew at the same points tells.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Pump(u8, u8),
    Gone(u8),
    Forgotten(u8),
    Office(u8),
    Talk(u8, u8),
    Silence(u8, u8),
    Kev(bool),
    Epss(u8),
    Accept(u8, bool),
    Withdraw(u8),
    Clock,
    Days(u8),
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        (3..9_u8, 14..17_u8).prop_map(|(n, version)| Step::Pump(n, version)),
        (3..9_u8).prop_map(Step::Gone),
        (3..9_u8).prop_map(Step::Forgotten),
        (1..3_u8).prop_map(Step::Office),
        (1..3_u8, 3..9_u8).prop_map(|(a, b)| Step::Talk(a, b)),
        (1..3_u8, 3..9_u8).prop_map(|(a, b)| Step::Silence(a, b)),
        any::<bool>().prop_map(Step::Kev),
        (0..100_u8).prop_map(Step::Epss),
        (3..9_u8, any::<bool>()).prop_map(|(n, kev)| Step::Accept(n, kev)),
        (3..9_u8).prop_map(Step::Withdraw),
        Just(Step::Clock),
        (1..5_u8).prop_map(Step::Days),
    ]
}

impl World {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Pump(n, version) => {
                self.see(vec![(device(n), Some(pump(n, &format!("{version}.0"))))]);
            }
            Step::Gone(n) => {
                let mut gone = pump(n, "15.0");
                gone.facts.active = false;
                self.see(vec![(device(n), Some(gone))]);
            }
            Step::Forgotten(n) => self.see(vec![(device(n), None)]),
            Step::Office(n) => self.see(vec![(device(n), Some(workstation(n)))]),
            Step::Talk(a, b) => self.talks(vec![(a * 16 + b, Some(talk(a, b, 9_000)))]),
            Step::Silence(a, b) => self.talks(vec![(a * 16 + b, None)]),
            Step::Kev(listed) => {
                let known = with_epss(flaw("CVE-2026-1001"), 20_000, 0.004);
                let known = if listed {
                    with_kev(known, START)
                } else {
                    known
                };
                self.states(known);
            }
            Step::Epss(percent) => {
                let share = f64::from(percent) / 100.0;
                self.states(with_epss(flaw("CVE-2026-1002"), 20_001, share));
            }
            Step::Accept(n, kev) => self.accepts(n, |decision| decision.kev = kev),
            Step::Withdraw(n) => self.withdraws(n),
            Step::Days(days) => {
                self.clock += i64::from(days) * 86_400_000;
                self.see(Vec::new());
            }
            Step::Clock => {
                self.clock += 60_000;
                self.see(Vec::new());
            }
        }
    }
}

/// What is told has the numbers and the standards of the whole site described, assessed and measured.
fn assert_standards(world: &World, told: &[Telling]) {
    let mut anew = SiteFindings::new("main".parse().unwrap(), world.findings.ledger().clone());
    anew.apply(world.delta());
    let standing = anew.standing(&world.knowledge, &world.weights).unwrap();
    let assessment = standing.assessor.assessment();
    let written = standards::beside(standing.site.document(), &standing.policy, &assessment);
    for telling in told {
        let Said::Pair(pair) = &telling.said else {
            continue;
        };
        let Some(risk) = &pair.risk else {
            assert_eq!(pair.standards, None);
            continue;
        };
        let same = written
            .pairs
            .iter()
            .find(|it| {
                (&it.risk.device, &it.risk.weakness, &it.risk.service)
                    == (&risk.device, &risk.weakness, &risk.service)
            })
            .unwrap();
        assert!(same.risk.in_cut);
        assert_eq!(
            (same.risk.score, same.risk.likelihood),
            (risk.score, risk.likelihood)
        );
        // The list counts without what is accepted, the whole assessment with it.
        if world.findings.ledger().decisions.is_empty() {
            assert_eq!(same.risk.rank, risk.rank);
        }
        assert_eq!(pair.standards.as_ref(), Some(&same.standards));
        assert!(!same.standards.environmental.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_followed_graph_a_rebuilt_one_and_a_restarted_site_tell_the_same(
        steps in vec(vec(steps(), 1..4), 1..12),
    ) {
        let mut followed = World::ward();
        let mut rebuilt = World::ward();
        let mut restarted = World::ward();
        for batch in &steps {
            for world in [&mut followed, &mut rebuilt, &mut restarted] {
                for step in batch {
                    world.step(step);
                }
            }
            rebuilt.findings.shrink();
            restarted.restart();
            let told = followed.told();
            let again = rebuilt.told();
            // The numbers are the same to the last bit, and so are the causes.
            prop_assert_eq!(&told, &again);
            let after = restarted.told();
            prop_assert_eq!(told.len(), after.len());
            for (one, other) in told.iter().zip(&after) {
                // A restart does not know which conversations differ; all else is the same.
                prop_assert_eq!(&one.uid, &other.uid);
                prop_assert_eq!((one.activity, one.life), (other.activity, other.life));
                prop_assert_eq!(&one.said, &other.said);
            }
            assert_standards(&followed, &told);
            prop_assert_eq!(&followed.log, &rebuilt.log);
            prop_assert_eq!(&followed.log, &restarted.log);
            // What is in the log is what is in memory, and it reads.
            let ledger = Ledger::restore(followed.log.clone()).unwrap();
            prop_assert_eq!(&ledger, followed.findings.ledger());
            // Lives: an open finding was opened before it was told of, and never runs backwards.
            for told in ledger.pairs.values() {
                prop_assert!(told.life.opened <= told.life.told && told.life.revision > 0);
            }
        }
    }
}
