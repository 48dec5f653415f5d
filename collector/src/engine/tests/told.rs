//! What is told beside the fold, under the same faults: nothing told twice, nothing lost.

use std::collections::{BTreeMap, VecDeque};

use auscult_proto::ids::SiteId;

use super::*;
use crate::engine::beside::{Handover, Told};

/// The epoch of a site's ledger, and the sequence and the digest that it was told last.
type Ledger = (u64, Option<(u64, u64)>);

/// Tells the digest of a site whenever it differs from what was told last.
struct ToyBeside {
    dice: Dice,
    ledgers: BTreeMap<(u32, SiteId), Ledger>,
    told: VecDeque<Told>,
}

impl ToyBeside {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            ledgers: BTreeMap::new(),
            told: VecDeque::new(),
        }
    }
}

impl Beside<Toy> for ToyBeside {
    fn wants(&mut self, _: bool) -> bool {
        self.dice.below(3) > 0
    }

    fn hand(&mut self, handover: Handover<Toy>) {
        let place = (handover.partition, handover.site.clone());
        if let Some(ledger) = handover.ledger {
            self.ledgers.insert(place.clone(), (handover.epoch, ledger));
        }
        let (epoch, ledger) = self.ledgers.get_mut(&place).unwrap();
        assert_eq!(*epoch, handover.epoch, "a handover without its ledger");
        if ledger.is_some_and(|(_, digest)| digest == handover.delta) {
            return;
        }
        let times = ledger.map_or(0, |(times, _)| times) + 1;
        *ledger = Some((times, handover.delta));
        let site = handover.site.as_str();
        let value = [times.to_be_bytes(), handover.delta.to_be_bytes()].concat();
        self.told.push_back(Told {
            partition: handover.partition,
            epoch: handover.epoch,
            time: 0,
            public: vec![Message {
                topic: Topic::Findings,
                partition: None,
                key: Bytes::from(site.to_owned()),
                value: Some(Bytes::from(value.clone())),
                headers: Vec::new(),
                timestamp_ms: 0,
            }],
            state: vec![(
                Bytes::from(format!("{site}/told")),
                Some(Bytes::from(value)),
            )],
            findings: 1,
        });
    }

    fn busy(&self) -> bool {
        !self.told.is_empty()
    }

    fn told(&mut self) -> Option<Told> {
        (self.dice.below(2) > 0).then(|| self.told.pop_front())?
    }

    fn forget(&mut self, epoch: u64) {
        self.ledgers.retain(|_, (of, _)| *of >= epoch);
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

#[test]
fn under_any_faults_the_last_state_of_every_site_is_told_once_and_nothing_twice() {
    let mut told = 0;
    for seed in 1..40 {
        let traffic = traffic(seed, 60);
        let log = FakeLog::new(seed, PARTITIONS, &traffic);
        let mut dice = Dice(seed);
        let pace = Pace {
            observations: dice.below(40) + 1,
            delay: Duration::from_millis(dice.below(3)),
            backoff: Duration::ZERO,
            ..Pace::default()
        };
        let beside = Box::new(ToyBeside::new(seed));
        log.core().until_told = true;
        run_beside(&log, pace, Some(beside)).unwrap();
        let (core, straight) = (log.core(), straight(&traffic));
        let straight = straight.core();
        assert_eq!(core.committed, straight.committed);
        let state = compacted(&core.state);
        let (ledgers, rest): (BTreeMap<_, _>, BTreeMap<_, _>) = state
            .into_iter()
            .partition(|((_, key), _)| key.ends_with(b"/told"));
        assert_eq!(rest, compacted(&straight.state));
        // Readers see every telling once, in order, each different from the one before.
        let lanes = by_key(&core.public);
        for ((topic, site), records) in &lanes {
            if *topic != Topic::Findings {
                continue;
            }
            let mut before = None;
            for (times, record) in (1..).zip(records) {
                let value = record.value.clone().unwrap();
                assert_eq!(number(&value[..8]), times, "{site:?}");
                assert_ne!(before, Some(number(&value[8..])), "{site:?}");
                before = Some(number(&value[8..]));
                told += 1;
            }
            // The ledger says what was told last, and that is the state in the end.
            let site = std::str::from_utf8(site).unwrap();
            let of = |kind: &str| {
                let key = Bytes::from(format!("{site}/{kind}"));
                move |((_, known), _): &(&(u32, Bytes), &Bytes)| *known == key
            };
            let ledger = ledgers.iter().find(of("told")).unwrap().1;
            let digest = rest.iter().find(of("digest")).unwrap().1;
            assert_eq!(Some(number(&ledger[8..])), before);
            assert_eq!(ledger[8..], digest[..]);
        }
        let sites = rest.keys().filter(|(_, key)| key.ends_with(b"/digest"));
        assert_eq!(sites.count(), ledgers.len(), "every site is told of");
    }
    assert!(told > 150, "only {told} tellings");
}
