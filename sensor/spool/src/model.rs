//! The spool against a model of what it promises, on a disk that does everything a disk can do to it.

mod world;

use proptest::prelude::*;
use rustix::io::Errno;

use crate::Spool;
use crate::disk::faulty::{FaultyDisk, Loss, Mishap};
use world::{Op, World};

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        Just(Mishap::Crash),
        Just(Mishap::Short),
        Just(Mishap::Error(Errno::IO)),
        Just(Mishap::Error(Errno::NOSPC)),
    ]
}

fn op(with_rot: bool) -> impl Strategy<Value = Op> {
    let calm = prop_oneof![
        30 => (1..20_u32, 8..1400_usize).prop_map(|(count, size)| Op::Append { count, size }),
        20 => Just(Op::Sync),
        10 => (0..3000_usize).prop_map(|max| Op::Read { max }),
        5 => (0..=1000_u64).prop_map(|permille| Op::Release { permille }),
        6 => Just(Op::Report),
        4 => (-500..40_000_i64).prop_map(|ms| Op::Advance { ms }),
        5 => (0..8_u64, mishap()).prop_map(|(after, mishap)| Op::Mishap { after, mishap }),
        2 => any::<bool>().prop_map(Op::Full),
        2 => any::<bool>().prop_map(Op::Broken),
        1 => Just(Op::Kill),
        1 => Just(Op::Restart),
    ];
    let rot = prop_oneof![
        3 => (any::<usize>(), any::<usize>()).prop_map(|(file, offset)| Op::Rot { file, offset }),
        1 => any::<usize>().prop_map(|file| Op::Unreadable { file }),
    ];
    let share = if with_rot { 3 } else { 0 };
    (0..100_u32, calm, rot).prop_map(move |(draw, calm, rot)| if draw < share { rot } else { calm })
}

fn survival() -> impl Strategy<Value = Loss> {
    prop_oneof![
        Just(Loss::Nothing),
        Just(Loss::Everything),
        Just(Loss::Some)
    ]
}

fn play(ops: &[Op], survival: Loss, seed: u64) {
    let mut world = World::new(seed, survival);
    for op in ops {
        world.run(op);
    }
    world.finish();
}

/// `PROPTEST_CASES`, or as many as take a second or two.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn what_was_synced_is_there_once_or_counted_whatever_the_disk_does(
        ops in prop::collection::vec(op(false), 1..200),
        survival in survival(),
        seed in any::<u64>(),
    ) {
        play(&ops, survival, seed);
    }

    #[test]
    fn rot_is_counted_and_never_stops_the_spool(
        ops in prop::collection::vec(op(true), 1..200),
        survival in survival(),
        seed in any::<u64>(),
    ) {
        play(&ops, survival, seed);
    }
}

/// Segments filled, released, dropped for want of room, a loss reported, a restart: every kind of write the spool has.
fn script() -> Vec<Op> {
    let mut ops = Vec::new();
    for round in 0..40_u32 {
        for index in 0..3 {
            let size = 90 + usize::try_from(round * 37 % 300 + index * 50).unwrap();
            ops.push(Op::Append {
                count: 1 + index,
                size,
            });
        }
        ops.push(Op::Sync);
        match round {
            5 => ops.extend([Op::Read { max: 4000 }, Op::Release { permille: 700 }]),
            9 => ops.push(Op::Restart),
            20 => ops.push(Op::Report),
            23 => ops.extend([
                Op::Advance { ms: 1500 },
                Op::Read { max: 9999 },
                Op::Release { permille: 500 },
            ]),
            _ => {}
        }
    }
    ops
}

fn at_every_operation(mishap: Mishap, survivals: &[Loss], seeds: u64) {
    let script = script();
    let mut calm = World::new(1, Loss::Nothing);
    for op in &script {
        calm.run(op);
    }
    let operations = calm.disk.operations();
    assert!(operations > 100, "{operations}");
    assert!(
        calm.spool.unwrap().lost.full > 0,
        "the script never fills the spool"
    );
    for survival in survivals {
        for seed in 0..seeds {
            for at in 0..operations {
                let mut world = World::new(seed, *survival);
                // The first few operations belong to the opening.
                let after = at.saturating_sub(world.disk.operations());
                world.disk.plan(after, mishap);
                for op in &script {
                    world.run(op);
                }
                world.finish();
            }
        }
    }
}

#[test]
fn a_crash_at_any_operation_loses_nothing_that_was_synced() {
    at_every_operation(Mishap::Crash, &[Loss::Nothing, Loss::Everything], 1);
    at_every_operation(Mishap::Crash, &[Loss::Some], 4);
}

#[test]
fn an_error_at_any_operation_loses_nothing_that_was_synced() {
    at_every_operation(Mishap::Error(Errno::IO), &[Loss::Some], 3);
    at_every_operation(Mishap::Error(Errno::NOSPC), &[Loss::Nothing], 1);
    at_every_operation(Mishap::Short, &[Loss::Nothing], 1);
}

#[test]
fn a_crash_while_opening_for_the_first_time_leaves_a_spool_that_opens() {
    for survival in [Loss::Nothing, Loss::Everything, Loss::Some] {
        for at in 0..12 {
            let disk = FaultyDisk::new(at);
            disk.plan(at, Mishap::Crash);
            let options = World::new(0, survival).options();
            drop(Spool::open_on(Box::new(disk.clone()), options.clone()));
            disk.reboot(survival);
            let (mut spool, _) = Spool::open_on(Box::new(disk), options).unwrap();
            assert_eq!(spool.append(b"x", 1).unwrap().first_seq, 1);
            assert_eq!(spool.sync().unwrap(), 1);
        }
    }
}
