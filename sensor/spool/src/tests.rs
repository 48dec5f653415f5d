mod damage;
mod owners;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use auscult_proto::LossReason;
use rustix::io::Errno;

use super::*;
use crate::disk::faulty::{FaultyDisk, Loss as PowerLoss, Mishap};

fn small(dir: impl AsRef<Path>) -> Options {
    Options {
        segment_bytes: 4096,
        max_bytes: 4 * 4096 + 32 * 1024,
        pending_bytes: 64 * 1024,
        ..Options::new(dir.as_ref())
    }
}

fn on(disk: &FaultyDisk, options: &Options) -> (Spool, Recovery) {
    Spool::open_on(Box::new(disk.clone()), options.clone()).unwrap()
}

/// Appends and syncs batches of two observations each.
fn fill(spool: &mut Spool, batches: usize, size: usize) {
    for _ in 0..batches {
        spool.append(&vec![7; size], 2).unwrap();
        spool.sync().unwrap();
    }
}

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "segment"));
    paths.sort();
    paths
}

fn firsts(batches: &[SpooledBatch]) -> Vec<u64> {
    batches.iter().map(|batch| batch.first_seq).collect()
}

/// `site/sensor`.
pub(crate) fn owner(name: &str) -> Owner {
    let (site, sensor) = name.split_once('/').unwrap();
    Owner {
        site: site.parse().unwrap(),
        sensor: sensor.parse().unwrap(),
    }
}

#[test]
fn nothing_is_readable_before_it_is_synced() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, recovery) = Spool::open(small(dir.path())).unwrap();
    assert!(recovery.created);
    assert_eq!(spool.append(b"one", 3).unwrap().first_seq, 1);
    assert_eq!(spool.append(b"two", 1).unwrap().first_seq, 4);
    assert_eq!(spool.read_from(1, 1000).unwrap(), []);
    assert_eq!(spool.sync().unwrap(), 4);
    let read = spool.read_from(1, 1000).unwrap();
    assert_eq!(firsts(&read), [1, 4]);
    assert_eq!((&read[0].body[..], read[0].count), (&b"one"[..], 3));
    assert_eq!(spool.next_seq(), 5);
}

#[test]
fn restart_keeps_records_after_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    fill(&mut spool, 3, 50);
    let incarnation = spool.incarnation();
    drop(spool);
    let last = segments(dir.path()).pop().unwrap();
    let mut bytes = std::fs::read(&last).unwrap();
    let whole = bytes.len();
    let half_a_record = bytes[32..70].to_vec();
    bytes.extend_from_slice(&half_a_record);
    std::fs::write(&last, &bytes).unwrap();
    let (mut spool, recovery) = Spool::open(small(dir.path())).unwrap();
    assert_eq!(recovery.truncated_bytes, 38);
    assert_eq!((recovery.lost, recovery.observations), (0, 6));
    assert_eq!(spool.incarnation(), incarnation);
    assert_eq!(spool.next_seq(), 7);
    assert_eq!(std::fs::metadata(&last).unwrap().len(), whole as u64);
    fill(&mut spool, 1, 50);
    assert_eq!(firsts(&spool.read_from(1, 1000).unwrap()), [1, 3, 5, 7]);
}

#[test]
fn a_full_spool_drops_the_oldest_segment_whole_and_counts_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    fill(&mut spool, 40, 1000);
    let status = spool.status();
    assert!(status.bytes <= status.limit, "{status:?}");
    let first = spool.read_from(1, 10).unwrap()[0].first_seq;
    assert!(first > 1);
    assert_eq!(status.lost.full, first - 1);
    let losses = spool.losses();
    assert_eq!(losses.len(), 1);
    assert_eq!(losses[0].reason, LossReason::SpoolFull);
    assert_eq!((losses[0].first_seq, losses[0].count), (1, first - 1));
    let on_disk = std::fs::read_dir(dir.path()).unwrap();
    let on_disk: u64 = on_disk
        .map(|e| std::os::unix::fs::MetadataExt::blocks(&e.unwrap().metadata().unwrap()) * 512)
        .sum();
    assert!(on_disk <= status.limit, "{on_disk}");
}

#[test]
fn released_segments_go_and_the_mark_survives() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    fill(&mut spool, 20, 500);
    let before = segments(dir.path()).len();
    spool.release(30).unwrap();
    assert!(segments(dir.path()).len() < before);
    assert!(matches!(
        spool.release(41),
        Err(SpoolError::Beyond {
            through: 41,
            durable: 40
        })
    ));
    drop(spool);
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    assert_eq!(spool.acked(), 30);
    assert_eq!(spool.read_from(1, 10).unwrap()[0].first_seq, 31);
    spool.release(40).unwrap();
    assert_eq!(spool.read_from(1, 10).unwrap(), []);
    assert_eq!(spool.status().oldest_ms, None);
    fill(&mut spool, 1, 10);
    assert_eq!(firsts(&spool.read_from(1, 10).unwrap()), [41]);
}

#[test]
fn a_full_disk_parks_refuses_whole_batches_and_recovers_by_itself() {
    let disk = FaultyDisk::new(1);
    let clock = Arc::new(AtomicI64::new(0));
    let read = Arc::clone(&clock);
    let options = Options {
        clock: Clock::new(move || read.load(Ordering::Relaxed)),
        ..small("")
    };
    let (mut spool, _) = on(&disk, &options);
    fill(&mut spool, 2, 500);
    disk.set_capacity(Some(disk.allocated()));
    spool.append(&[1; 500], 5).unwrap();
    assert!(matches!(spool.sync(), Err(SpoolError::Io { .. })));
    assert!(matches!(spool.sync(), Err(SpoolError::Parked { .. })));
    for _ in 0..3 {
        let refused = spool.append(&[2; 500], 7);
        assert!(
            matches!(refused, Err(AppendError::Parked { count: 7, .. })),
            "{refused:?}"
        );
    }
    assert_eq!(
        spool.losses(),
        [],
        "nothing can be reported while nothing can be written"
    );
    let parked = spool.status().parked.unwrap();
    assert!(parked.reason.contains("No space left"), "{parked:?}");
    disk.set_capacity(None);
    clock.store(parked.retry_ms, Ordering::Relaxed);
    assert_eq!(spool.append(&[3; 500], 1).unwrap().first_seq, 10);
    assert_eq!(spool.sync().unwrap(), 10);
    assert_eq!(spool.status().parked, None);
    let losses = spool.losses();
    assert_eq!(losses.len(), 1);
    assert_eq!(losses[0].reason, LossReason::SpoolUnwritable);
    assert_eq!((losses[0].first_seq, losses[0].count), (0, 21));
    assert_eq!(firsts(&spool.read_from(1, 10_000).unwrap()), [1, 3, 5, 10]);
}

#[test]
fn waits_double_up_to_their_limit_and_a_clock_that_goes_back_does_not_prolong_them() {
    let disk = FaultyDisk::new(1);
    let clock = Arc::new(AtomicI64::new(1_000_000));
    let read = Arc::clone(&clock);
    let options = Options {
        clock: Clock::new(move || read.load(Ordering::Relaxed)),
        retry_max_ms: 1000,
        ..small("")
    };
    let (mut spool, _) = on(&disk, &options);
    spool.append(b"x", 1).unwrap();
    disk.set_broken(true);
    let mut waits = Vec::new();
    for _ in 0..5 {
        assert!(spool.sync().is_err());
        let parked = spool.status().parked.unwrap();
        waits.push(parked.retry_ms - clock.load(Ordering::Relaxed));
        clock.store(parked.retry_ms, Ordering::Relaxed);
    }
    assert_eq!(waits, [250, 500, 1000, 1000, 1000]);
    disk.set_broken(false);
    clock.store(5, Ordering::Relaxed);
    assert_eq!(spool.sync().unwrap(), 1);
}

#[test]
fn a_failed_sync_is_written_again_to_a_new_segment() {
    let disk = FaultyDisk::new(1);
    let options = Options {
        clock: Clock::new(|| 0),
        retry_min_ms: 0,
        ..small("")
    };
    let (mut spool, _) = on(&disk, &options);
    fill(&mut spool, 1, 100);
    spool.append(&[9; 100], 2).unwrap();
    disk.plan(1, Mishap::Error(Errno::IO));
    assert!(spool.sync().is_err());
    assert_eq!(firsts(&spool.read_from(1, 1000).unwrap()), [1]);
    assert_eq!(spool.sync().unwrap(), 4);
    let names = disk.names();
    assert!(
        names.contains(&"00000000000000000003.segment".to_owned()),
        "{names:?}"
    );
    drop(spool);
    disk.reboot(PowerLoss::Everything);
    let (mut spool, recovery) = on(&disk, &options);
    assert_eq!(recovery.lost, 0);
    assert_eq!(firsts(&spool.read_from(1, 1000).unwrap()), [1, 3]);
}

#[test]
fn a_refused_report_is_handed_out_again() {
    let disk = FaultyDisk::new(1);
    let options = small("");
    let (mut spool, _) = on(&disk, &options);
    fill(&mut spool, 40, 1000);
    let losses = spool.losses();
    assert!(!losses.is_empty());
    assert_eq!(spool.losses(), [], "handed out once");
    disk.set_broken(true);
    spool.append(&[0; 60_000], 1).unwrap_err();
    spool.append(&[0; 3000], 1).unwrap();
    spool.sync().unwrap_err();
    spool.append(b"more", 1).unwrap_err();
    drop(spool);
    disk.set_broken(false);
    disk.reboot(PowerLoss::Everything);
    let (mut spool, _) = on(&disk, &options);
    let again = spool.losses();
    assert!(again.contains(&losses[0]), "{losses:?} {again:?}");
    spool.append(b"report", 1).unwrap();
    spool.sync().unwrap();
    drop(spool);
    let (mut spool, _) = on(&disk, &options);
    assert_eq!(spool.losses(), []);
}

#[test]
fn a_lower_limit_takes_effect_at_the_next_start() {
    let disk = FaultyDisk::new(1);
    let options = Options {
        max_bytes: 200_000,
        ..small("")
    };
    let (mut spool, _) = on(&disk, &options);
    fill(&mut spool, 100, 1000);
    drop(spool);
    let (mut spool, _) = on(&disk, &small(""));
    assert!(spool.status().bytes <= small("").max_bytes);
    assert!(spool.status().lost.full > 0);
}

#[test]
fn the_age_of_the_oldest_batch_is_exact() {
    let disk = FaultyDisk::new(1);
    let clock = Arc::new(AtomicI64::new(0));
    let read = Arc::clone(&clock);
    let options = Options {
        clock: Clock::new(move || read.fetch_add(10, Ordering::Relaxed)),
        ..small("")
    };
    let (mut spool, _) = on(&disk, &options);
    let mut spooled = Vec::new();
    for _ in 0..30 {
        spooled.push(clock.load(Ordering::Relaxed));
        spool.append(&[1; 300], 2).unwrap();
    }
    assert_eq!(spool.status().oldest_ms, Some(spooled[0]));
    spool.sync().unwrap();
    for batch in 0..29_u64 {
        spool.release(batch * 2 + 1).unwrap();
        let index = usize::try_from(batch).unwrap();
        assert_eq!(spool.status().oldest_ms, Some(spooled[index]));
    }
}

#[test]
fn reads_keep_to_their_limit_and_always_give_one() {
    let disk = FaultyDisk::new(1);
    let (mut spool, _) = on(&disk, &small(""));
    fill(&mut spool, 10, 1000);
    assert_eq!(firsts(&spool.read_from(1, 0).unwrap()), [1]);
    assert_eq!(firsts(&spool.read_from(1, 2999).unwrap()), [1, 3]);
    assert_eq!(firsts(&spool.read_from(1, 3000).unwrap()), [1, 3, 5]);
    assert_eq!(
        firsts(&spool.read_from(6, 1000).unwrap()),
        [5],
        "the batch that holds 6"
    );
    assert_eq!(firsts(&spool.read_from(21, 1000).unwrap()), [0_u64; 0]);
}

#[test]
fn batches_beyond_the_limits_are_refused_and_not_counted() {
    let (mut spool, _) = on(&FaultyDisk::new(1), &small(""));
    for (size, count) in [(0, 1), (4033, 1), (10, 0), (10, 1025)] {
        let refused = spool.append(&vec![0; size], count);
        assert!(
            matches!(refused, Err(AppendError::Limit { .. })),
            "{size} {count}"
        );
    }
    spool.append(&[0; 4032], 1024).unwrap();
    spool.sync().unwrap();
    assert_eq!(spool.status().lost, LostTotals::default());
    assert_eq!(spool.read_from(1, 0).unwrap()[0].body.len(), 4032);
}

#[test]
fn more_than_memory_allows_is_synced_by_itself() {
    let disk = FaultyDisk::new(1);
    let (mut spool, _) = on(
        &disk,
        &Options {
            pending_bytes: 3000,
            ..small("")
        },
    );
    for _ in 0..5 {
        spool.append(&[0; 1000], 1).unwrap();
    }
    assert!(spool.durable() >= 2);
    assert!(spool.status().pending_bytes <= 3000);
}

#[test]
fn options_that_contradict_each_other_are_named() {
    for (segment_bytes, max_bytes) in [(10, 1 << 30), (1 << 30, 1 << 40), (4096, 4 * 4096)] {
        let options = Options {
            segment_bytes,
            max_bytes,
            ..small("")
        };
        let refused = Spool::open_on(Box::new(FaultyDisk::new(1)), options).unwrap_err();
        assert!(matches!(refused, SpoolError::Options(_)), "{refused}");
    }
}
