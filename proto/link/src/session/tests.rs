use std::collections::{BTreeSet, VecDeque};

use auscult_proto::limits;
use proptest::prelude::*;

use super::state::{CloseReason, Command, Event, OutgoingBatch, Session, Timing, Violation};

const WINDOW: u64 = 512 * 1024;

fn batch(first_seq: u64, count: u32, bytes: usize) -> OutgoingBatch {
    OutgoingBatch {
        first_seq,
        count,
        body: vec![0; bytes].into(),
    }
}

/// A collector, a spool and the network between, without time of their own.
struct World {
    session: Session,
    now: u64,
    spool: VecDeque<OutgoingBatch>,
    next_seq: u64,
    released: u64,
    link: Option<Link>,
    /// A read under way, with what was durable when it was asked for.
    reading: Option<(u64, Vec<OutgoingBatch>)>,
    /// Sequences the collector made durable, over all streams.
    log: BTreeSet<u64>,
    duplicates: u64,
    /// Highest sequence whose acknowledgement reached the sensor.
    told: u64,
    dropped: BTreeSet<u64>,
}

/// One stream as the collector sees it.
struct Link {
    next: u64,
    wire: VecDeque<OutgoingBatch>,
    admitted: VecDeque<OutgoingBatch>,
    sent_bytes: u64,
    acked_bytes: u64,
    finished: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Append { count: u32, bytes: usize },
    Overflow,
    Pass(u64),
    Disk,
    Receive,
    Acknowledge,
    Cut,
    Refuse,
    Goodbye,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1_u32..20, 0..limits::BATCH_BYTES).prop_map(|(count, bytes)| Step::Append { count, bytes }),
        1 => Just(Step::Overflow),
        4 => (1_u64..5_000).prop_map(Step::Pass),
        6 => Just(Step::Disk),
        6 => Just(Step::Receive),
        4 => Just(Step::Acknowledge),
        1 => Just(Step::Cut),
        1 => Just(Step::Refuse),
        1 => Just(Step::Goodbye),
    ];
    prop::collection::vec(step, 1..120)
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            session: Session::new(1, Timing::default(), seed),
            now: 0,
            spool: VecDeque::new(),
            next_seq: 1,
            released: 0,
            link: None,
            reading: None,
            log: BTreeSet::new(),
            duplicates: 0,
            told: 0,
            dropped: BTreeSet::new(),
        }
    }

    fn tell(&mut self, event: Event) {
        self.session.handle(self.now, event).unwrap();
        self.obey();
    }

    fn obey(&mut self) {
        while let Some(command) = self.session.poll(self.now) {
            match command {
                Command::Open { next_seq } => {
                    assert!(self.link.is_none(), "one stream at a time");
                    assert_eq!(
                        next_seq,
                        self.told + 1,
                        "begins at the first unacknowledged"
                    );
                    self.link = Some(Link {
                        next: next_seq,
                        wire: VecDeque::new(),
                        admitted: VecDeque::new(),
                        sent_bytes: 0,
                        acked_bytes: 0,
                        finished: false,
                    });
                    let opened = Event::Opened {
                        window_bytes: WINDOW,
                    };
                    self.session.handle(self.now, opened).unwrap();
                }
                Command::Read { from, max_bytes } => self.read(from, max_bytes),
                Command::Send(batch) => self.send(batch),
                Command::Release { through_seq } => {
                    assert!(
                        through_seq <= self.told,
                        "released what was not acknowledged"
                    );
                    assert!(through_seq > self.released, "released twice");
                    self.released = through_seq;
                    self.spool.retain(|batch| batch.last_seq() > through_seq);
                }
                Command::Finish => self.link.as_mut().unwrap().finished = true,
                Command::Close(_) => self.end(false),
            }
        }
    }

    fn read(&mut self, from: u64, max_bytes: u64) {
        let mut bytes = 0;
        let batches = self
            .spool
            .iter()
            .filter(|batch| batch.last_seq() >= from)
            .take_while(|batch| {
                let first = bytes == 0;
                bytes += batch.body.len() as u64;
                first || bytes <= max_bytes
            })
            .cloned()
            .collect();
        let before = self.reading.replace((from, batches));
        assert!(before.is_none(), "one read at a time");
    }

    fn disk(&mut self) {
        if let Some((from, batches)) = self.reading.take() {
            self.tell(Event::Read { from, batches });
        }
    }

    fn send(&mut self, batch: OutgoingBatch) {
        let link = self.link.as_mut().unwrap();
        assert!(!link.finished, "sent after saying that nothing more comes");
        assert!(batch.first_seq >= link.next, "sequences only grow");
        assert!(batch.last_seq() > self.told, "resent what was acknowledged");
        link.next = batch.last_seq() + 1;
        link.sent_bytes += batch.body.len() as u64;
        assert!(
            link.sent_bytes - link.acked_bytes <= WINDOW,
            "more than the window in flight"
        );
        assert_eq!(link.sent_bytes - link.acked_bytes, {
            let queued: usize = link
                .wire
                .iter()
                .chain(&link.admitted)
                .map(|b| b.body.len())
                .sum();
            queued as u64 + batch.body.len() as u64
        });
        link.wire.push_back(batch);
    }

    fn end(&mut self, needs_somebody: bool) {
        if self.link.take().is_some() {
            self.reading = None;
            self.session
                .handle(self.now, Event::Ended { needs_somebody })
                .unwrap();
        }
        self.obey();
    }

    fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.obey();
    }

    /// The collector makes the next batch durable.
    fn receive(&mut self) -> bool {
        let Some(batch) = self.link.as_mut().and_then(|link| link.wire.pop_front()) else {
            return false;
        };
        for seq in batch.first_seq..=batch.last_seq() {
            self.duplicates += u64::from(!self.log.insert(seq));
        }
        self.link.as_mut().unwrap().admitted.push_back(batch);
        true
    }

    fn acknowledge(&mut self) {
        let Some(link) = self.link.as_mut() else {
            return;
        };
        let Some(last) = link.admitted.back() else {
            return;
        };
        let through_seq = last.last_seq();
        let bytes: usize = link.admitted.drain(..).map(|batch| batch.body.len()).sum();
        link.acked_bytes += bytes as u64;
        self.told = self.told.max(through_seq);
        self.tell(Event::Acked { through_seq });
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Append { count, bytes } => {
                let last = self.next_seq + u64::from(count) - 1;
                self.spool.push_back(batch(self.next_seq, count, bytes));
                self.next_seq = last + 1;
                self.tell(Event::Durable);
            }
            Step::Overflow => {
                if let Some(batch) = self.spool.pop_front() {
                    self.dropped.extend(batch.first_seq..=batch.last_seq());
                }
            }
            Step::Pass(ms) => self.pass(ms),
            Step::Disk => self.disk(),
            Step::Receive => drop(self.receive()),
            Step::Acknowledge => self.acknowledge(),
            Step::Cut => self.end(false),
            Step::Refuse => self.end(true),
            Step::Goodbye => {
                if self.link.is_some() {
                    self.tell(Event::Goodbye {
                        reconnect_after_ms: 200,
                    });
                }
            }
        }
    }

    /// From now on nothing goes wrong.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            self.disk();
            while self.receive() {}
            self.acknowledge();
            if self.link.as_ref().is_some_and(|link| link.finished) {
                self.end(false);
            }
            if self.spool.is_empty() {
                return;
            }
            self.pass(100);
        }
        panic!("not delivered: {} batches left", self.spool.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn everything_durable_is_delivered_after_any_disconnects(steps in steps(), seed: u64) {
        let mut world = World::new(seed);
        world.obey();
        for step in steps {
            world.step(step);
        }
        world.settle();
        let all: BTreeSet<u64> = (1..world.next_seq).collect();
        let lost: BTreeSet<u64> = all.difference(&world.log).copied().collect();
        prop_assert!(lost.is_subset(&world.dropped), "lost {lost:?}");
        prop_assert!(world.log.iter().all(|seq| *seq < world.next_seq));
    }

    #[test]
    fn without_disconnects_nothing_is_sent_twice(sizes in prop::collection::vec((1_u32..20, 0..limits::BATCH_BYTES), 1..60), seed: u64) {
        let mut world = World::new(seed);
        world.obey();
        for (count, bytes) in sizes {
            world.step(Step::Append { count, bytes });
            if seed % 3 == 0 { world.step(Step::Disk); world.step(Step::Receive); }
        }
        world.settle();
        prop_assert_eq!(world.duplicates, 0);
        prop_assert_eq!(world.log.len() as u64, world.next_seq - 1);
    }
}

fn streaming(window_bytes: u64) -> Session {
    let mut session = Session::new(1, Timing::default(), 7);
    assert_eq!(session.poll(0), Some(Command::Open { next_seq: 1 }));
    session.handle(0, Event::Opened { window_bytes }).unwrap();
    session
}

fn with_one_batch_sent() -> Session {
    let mut session = streaming(WINDOW);
    assert!(matches!(
        session.poll(0),
        Some(Command::Read { from: 1, .. })
    ));
    let batches = vec![batch(1, 10, 100)];
    session.handle(0, Event::Read { from: 1, batches }).unwrap();
    assert!(matches!(session.poll(0), Some(Command::Send(_))));
    session
}

#[test]
fn an_acknowledgement_beyond_what_was_sent_is_a_violation() {
    let mut session = with_one_batch_sent();
    assert_eq!(
        session.handle(1, Event::Acked { through_seq: 11 }),
        Err(Violation::AckBeyondSent {
            through_seq: 11,
            sent: 10
        })
    );
    assert_eq!(session.acked(), 0);
}

#[test]
fn an_acknowledgement_inside_a_batch_releases_nothing() {
    let mut session = with_one_batch_sent();
    session.handle(1, Event::Acked { through_seq: 9 }).unwrap();
    assert!(!matches!(session.poll(1), Some(Command::Release { .. })));
    assert_eq!(session.acked(), 0);
}

#[test]
fn a_window_smaller_than_a_batch_is_a_violation() {
    let mut session = Session::new(1, Timing::default(), 7);
    session.poll(0);
    let offered = Event::Opened { window_bytes: 1024 };
    assert_eq!(
        session.handle(0, offered),
        Err(Violation::WindowTooSmall(1024))
    );
}

#[test]
fn a_stream_without_acknowledgements_is_given_up() {
    let mut session = with_one_batch_sent();
    while session.poll(59_999).is_some() {}
    assert_eq!(session.deadline(), Some(60_000));
    assert_eq!(
        session.poll(60_000),
        Some(Command::Close(CloseReason::AckTimeout))
    );
}

#[test]
fn waits_grow_to_the_limit_and_differ_between_seeds() {
    let waits = |seed| {
        let mut session = Session::new(1, Timing::default(), seed);
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..12 {
            assert!(matches!(session.poll(now), Some(Command::Open { .. })));
            let ended = Event::Ended {
                needs_somebody: false,
            };
            session.handle(now, ended).unwrap();
            let until = session.waiting_until().unwrap();
            waits.push(until - now);
            now = until;
        }
        waits
    };
    let first = waits(1);
    for (attempt, wait) in first.iter().enumerate() {
        let step = (500_u64 << attempt).min(60_000);
        assert!((step / 2..=step).contains(wait), "{attempt}: {wait}");
    }
    assert_ne!(first, waits(2));
}

#[test]
fn goodbyes_without_progress_are_not_answered_in_a_tight_loop() {
    let mut session = Session::new(1, Timing::default(), 3);
    let mut now = 0;
    for _ in 0..6 {
        assert!(matches!(session.poll(now), Some(Command::Open { .. })));
        let opened = Event::Opened {
            window_bytes: WINDOW,
        };
        session.handle(now, opened).unwrap();
        let goodbye = Event::Goodbye {
            reconnect_after_ms: 0,
        };
        session.handle(now, goodbye).unwrap();
        while session.poll(now).is_some() {}
        let ended = Event::Ended {
            needs_somebody: false,
        };
        session.handle(now, ended).unwrap();
        now = session.waiting_until().unwrap();
    }
    assert!(now > 5_000, "six dials within {now} ms");
}

#[test]
fn a_stop_waits_for_acknowledgements_and_opens_nothing_more() {
    let mut session = with_one_batch_sent();
    session.handle(5, Event::Stop).unwrap();
    assert_eq!(session.poll(5), Some(Command::Finish));
    assert!(!session.is_stopped());
    session.handle(6, Event::Acked { through_seq: 10 }).unwrap();
    assert_eq!(session.poll(6), Some(Command::Release { through_seq: 10 }));
    let ended = Event::Ended {
        needs_somebody: false,
    };
    session.handle(7, ended).unwrap();
    assert!(session.is_stopped());
    assert_eq!(session.poll(1_000_000), None);
}
