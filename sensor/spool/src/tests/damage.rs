//! What rot, strangers and onlookers do to a spool.

use std::path::Path;

use auscult_proto::LossReason;

use super::{fill, firsts, on, segments, small};
use crate::disk::faulty::FaultyDisk;
use crate::{Options, Spool, fuzzing, inspect, retain, segment};

#[test]
fn damage_in_the_middle_is_put_aside_counted_once_and_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    fill(&mut spool, 12, 900);
    drop(spool);
    let paths = segments(dir.path());
    let mut bytes = std::fs::read(&paths[0]).unwrap();
    bytes[32 + 932 + 500] ^= 4;
    std::fs::write(&paths[0], &bytes).unwrap();
    for round in 0..3 {
        let (mut spool, recovery) = Spool::open(small(dir.path())).unwrap();
        assert_eq!(recovery.lost, if round == 0 { 6 } else { 0 });
        assert_eq!(recovery.damaged.len(), usize::from(round == 0));
        assert_eq!(firsts(&spool.read_from(1, 3000).unwrap()), [1, 9, 11]);
        assert_eq!(spool.status().quarantined, 1);
        assert_eq!(spool.next_seq(), 25);
    }
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    let losses = spool.losses();
    assert_eq!(losses[0].reason, LossReason::SegmentQuarantined);
    assert_eq!(
        (losses.len(), losses[0].first_seq, losses[0].count),
        (1, 3, 6)
    );
    assert!(dir.path().join("00000000000000000001-964.bad").is_file());
}

#[test]
fn damage_found_while_reading_is_put_aside_and_reading_goes_on() {
    let disk = FaultyDisk::new(1);
    let options = small("");
    let (mut spool, _) = on(&disk, &options);
    fill(&mut spool, 12, 900);
    disk.rot("00000000000000000009.segment", 40, 1);
    let read = firsts(&spool.read_from(1, 100_000).unwrap());
    assert_eq!(read, [1, 3, 5, 7, 17, 19, 21, 23]);
    assert_eq!(spool.status().lost.quarantined, 8);
    let losses = spool.losses();
    assert_eq!((losses[0].first_seq, losses[0].count), (9, 8));
    // The one that is being written as well: what comes next begins a new segment.
    disk.make_unreadable("00000000000000000017.segment");
    assert_eq!(spool.read_from(9, 100_000).unwrap(), []);
    fill(&mut spool, 1, 10);
    let read = firsts(&spool.read_from(9, 100_000).unwrap());
    assert_eq!(read, [25]);
    let (mut spool, recovery) = on(&disk, &options);
    assert_eq!(recovery.lost, 0);
    assert_eq!(spool.next_seq(), 27);
    assert_eq!(
        firsts(&spool.read_from(1, 100_000).unwrap()),
        [1, 3, 5, 7, 25]
    );
}

#[test]
fn a_second_owner_is_refused_with_the_process_that_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_spool, _) = Spool::open(small(dir.path())).unwrap();
    let refused = Spool::open(small(dir.path())).unwrap_err().to_string();
    let expected = format!("is in use by process {}", std::process::id());
    assert!(refused.contains(&expected), "{refused}");
}

#[test]
fn files_that_are_not_ours_are_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    fill(&mut spool, 1, 10);
    drop(spool);
    let mut other = segment::header(1, 900).to_vec();
    other.extend_from_slice(b"of another spool");
    let name = retain::segment_name(900);
    std::fs::write(dir.path().join(&name), &other).unwrap();
    std::fs::write(dir.path().join("notes.txt"), "hello").unwrap();
    let (mut spool, recovery) = Spool::open(small(dir.path())).unwrap();
    assert_eq!(recovery.foreign, [name.clone(), "notes.txt".to_owned()]);
    assert_eq!(spool.status().foreign, 2);
    assert_eq!(firsts(&spool.read_from(1, 100).unwrap()), [1]);
    assert_eq!(std::fs::read(dir.path().join(name)).unwrap(), other);
    assert_eq!(
        std::fs::read(dir.path().join("notes.txt")).unwrap(),
        b"hello"
    );
}

#[test]
fn a_lost_incarnation_file_is_made_again_from_the_segments() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    fill(&mut spool, 1, 10);
    let incarnation = spool.incarnation();
    drop(spool);
    std::fs::remove_file(dir.path().join("incarnation")).unwrap();
    let (mut spool, recovery) = Spool::open(small(dir.path())).unwrap();
    assert_eq!(
        (spool.incarnation(), recovery.created),
        (incarnation, false)
    );
    assert_eq!(firsts(&spool.read_from(1, 100).unwrap()), [1]);
    let (other, _) = on(&FaultyDisk::new(1), &small(""));
    assert_ne!(other.incarnation(), incarnation);
}

#[test]
fn evidence_is_kept_within_its_bound_and_goes_before_anything_else() {
    let disk = FaultyDisk::new(1);
    let options = Options {
        max_bytes: 64 * 1024 + 32 * 1024,
        ..small("")
    };
    let (mut spool, _) = on(&disk, &options);
    fill(&mut spool, 40, 1000);
    for name in disk.names().iter().filter(|n| n.ends_with(".segment")) {
        disk.rot(name, 40, 1);
    }
    assert_eq!(spool.read_from(1, 100_000).unwrap(), []);
    assert_eq!(spool.status().lost.quarantined, 80);
    let kept: u64 = spool.bad.iter().map(|bad| bad.allocated).sum();
    assert!(kept > 0 && kept <= options.bad_bytes(), "{kept}");
    while spool.status().lost.full == 0 {
        fill(&mut spool, 1, 1000);
    }
    assert_eq!(spool.status().quarantined, 0);
}

#[test]
fn inspection_beside_a_live_spool_changes_nothing_and_tells_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    fill(&mut spool, 12, 900);
    spool.release(9).unwrap();
    spool.append(b"unsynced", 1).unwrap();
    std::fs::write(dir.path().join("notes.txt"), "").unwrap();
    let report = inspect(dir.path()).unwrap();
    assert_eq!(report.incarnation, Some(spool.incarnation()));
    assert_eq!((report.acked, report.floor, report.waiting()), (9, 10, 15));
    assert_eq!(report.segments.len(), 2);
    assert!(
        report
            .segments
            .iter()
            .all(|s| s.fault.is_none() && !s.foreign)
    );
    assert_eq!(report.foreign, ["notes.txt"]);
    let text = report.to_string();
    assert!(
        text.contains("00000000000000000009.segment  9..17  4 batches"),
        "{text}"
    );
    assert!(text.contains("15 observations from sequence 10"), "{text}");
    spool.sync().unwrap();
    assert_eq!(inspect(dir.path()).unwrap().waiting(), 16);
    drop(spool);
    let path = segments(dir.path()).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let report = inspect(dir.path()).unwrap();
    assert!(report.segments[0].damaged, "{report}");
    assert!(
        report.to_string().contains("damaged at 32: checksum"),
        "{report}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert!(inspect(&dir.path().join("none")).is_err());
}

#[test]
fn committed_fuzz_seeds_replay() {
    let corpus =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/spool_recover");
    let mut seeds = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        fuzzing::spool_recover(&std::fs::read(entry.unwrap().path()).unwrap());
        seeds += 1;
    }
    assert!(seeds >= 5, "{seeds}");
    fuzzing::spool_recover(&[]);
}
