use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::packet::OriginTag;

fn key(number: u16) -> FlowKey {
    let ip = |n| IpAddr::V4(Ipv4Addr::new(10, 0, 0, n));
    FlowKey::of(&OriginTag::default(), 6, (ip(1), number), (ip(2), 80)).0
}

const QUEUES: [Queue; 4] = [Queue::Closing, Queue::Single, Queue::Udp, Queue::Tcp];

#[derive(Debug, Clone)]
enum Step {
    Insert(u16),
    Remove(u16),
    Touch(u16, usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let number = 0..96_u16;
    prop_oneof![
        3 => number.clone().prop_map(Step::Insert),
        2 => number.clone().prop_map(Step::Remove),
        2 => (number, 0..4_usize).prop_map(|(n, q)| Step::Touch(n, q)),
    ]
}

/// What the table should hold: per queue, the flows in the order they were touched.
#[derive(Default)]
struct Model {
    queues: [VecDeque<u16>; 4],
}

impl Model {
    fn queue_of(&self, number: u16) -> Option<usize> {
        self.queues.iter().position(|q| q.contains(&number))
    }

    fn remove(&mut self, number: u16) {
        for queue in &mut self.queues {
            queue.retain(|n| *n != number);
        }
    }

    fn len(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }
}

proptest! {
    #[test]
    fn the_table_holds_what_a_list_would_hold(
        steps in proptest::collection::vec(any_step(), 0..400), seed in any::<u64>(),
    ) {
        const LIMIT: usize = 64;
        let mut table = Table::new(LIMIT, KeyHash::new(seed));
        // A small index makes long runs of occupied cells, where removal is hard.
        table.index = vec![EMPTY; 64];
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Insert(number) if model.queue_of(number).is_none() => {
                    let inserted = table.insert(Flow::new(key(number)));
                    prop_assert_eq!(inserted.is_some(), model.len() < LIMIT);
                    if inserted.is_some() {
                        model.queues[1].push_back(number);
                    }
                }
                Step::Remove(number) => {
                    if let Some(at) = table.find(&key(number)) {
                        table.remove(at);
                    }
                    model.remove(number);
                }
                Step::Touch(number, queue) if model.queue_of(number).is_some() => {
                    let at = table.find(&key(number)).unwrap();
                    table.touch(at, QUEUES[queue], 0);
                    model.remove(number);
                    model.queues[queue].push_back(number);
                }
                Step::Insert(_) | Step::Touch(..) => {}
            }
            prop_assert_eq!(table.len(), model.len());
            for number in 0..96 {
                prop_assert_eq!(table.find(&key(number)).is_some(), model.queue_of(number).is_some());
            }
            for (queue, expected) in QUEUES.into_iter().zip(&model.queues) {
                let oldest = table.oldest(queue).map(|(_, flow)| flow.key);
                prop_assert_eq!(oldest, expected.front().map(|n| key(*n)));
            }
        }
        prop_assert!(table.flows.len() <= LIMIT);
    }
}
