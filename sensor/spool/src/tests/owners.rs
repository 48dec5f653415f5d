//! Whose a spool is, through everything that happens to it.

use super::*;
use crate::owner::OWNER;

fn of(dir: &Path, name: &str) -> Options {
    Options {
        owner: Some(owner(name)),
        ..small(dir)
    }
}

#[test]
fn a_spool_is_refused_to_another_sensor_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(of(dir.path(), "main/span-1")).unwrap();
    fill(&mut spool, 3, 50);
    drop(spool);
    for other in ["other/o1", "main/o1", "other/span-1"] {
        let refused = Spool::open(of(dir.path(), other)).unwrap_err();
        assert!(matches!(refused, SpoolError::Owner { .. }), "{refused}");
        let said = refused.to_string();
        for word in ["main/span-1", other, "[spool] dir", "remove this folder"] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
    // Also when all is released: the collector knows these sequences as the first sensor's.
    let (mut spool, _) = Spool::open(of(dir.path(), "main/span-1")).unwrap();
    assert_eq!(spool.read_from(1, 1000).unwrap().len(), 3);
    spool.release(6).unwrap();
    drop(spool);
    assert!(Spool::open(of(dir.path(), "other/o1")).is_err());
    let report = inspect(dir.path()).unwrap();
    assert_eq!(report.owner, Some(owner("main/span-1")));
    assert!(report.to_string().contains("main/span-1"), "{report}");
    assert_eq!(owner_of(dir.path()).unwrap(), report.owner);
    assert_eq!(owner_of(&dir.path().join("nothing")).unwrap(), None);
}

#[test]
fn a_spool_from_before_and_one_begun_without_a_certificate_take_the_first_that_comes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    fill(&mut spool, 1, 50);
    assert_eq!(spool.owner(), None);
    spool.claim(&owner("main/span-1")).unwrap();
    spool.claim(&owner("main/span-1")).unwrap();
    assert!(spool.claim(&owner("other/o1")).is_err());
    drop(spool);
    assert!(Spool::open(of(dir.path(), "other/o1")).is_err());
    // Nobody to compare with: the link asks once there is.
    let (mut spool, _) = Spool::open(small(dir.path())).unwrap();
    assert!(spool.claim(&owner("other/o1")).is_err());
    drop(spool);
    std::fs::remove_file(dir.path().join(OWNER)).unwrap();
    let (spool, recovery) = Spool::open(of(dir.path(), "other/o1")).unwrap();
    assert_eq!(recovery.observations, 2);
    assert_eq!(spool.owner(), Some(&owner("other/o1")));
}

#[test]
fn a_full_disk_keeps_no_spool_from_before_from_its_sensor() {
    let disk = FaultyDisk::new(1);
    let (mut spool, _) = on(&disk, &small(""));
    fill(&mut spool, 2, 500);
    drop(spool);
    disk.set_capacity(Some(disk.allocated()));
    let (mut spool, _) = on(&disk, &of(Path::new(""), "main/span-1"));
    assert!(spool.claim(&owner("main/span-1")).is_ok());
    assert!(spool.claim(&owner("other/o1")).is_err(), "in this process");
    assert_eq!(spool.read_from(1, 10_000).unwrap().len(), 2);
    disk.set_capacity(None);
    spool.claim(&owner("main/span-1")).unwrap();
    drop(spool);
    let refused = Spool::open_on(Box::new(disk.clone()), of(Path::new(""), "other/o1"));
    assert!(refused.is_err());
}

#[test]
fn once_a_batch_is_accepted_its_owner_survives_a_crash_at_any_operation() {
    for loss in [PowerLoss::Nothing, PowerLoss::Everything, PowerLoss::Some] {
        for at in 0..30 {
            let disk = FaultyDisk::new(at);
            disk.plan(at, Mishap::Crash);
            let options = of(Path::new(""), "main/span-1");
            let opened = Spool::open_on(Box::new(disk.clone()), options.clone());
            let accepted = opened
                .is_ok_and(|(mut spool, _)| spool.append(b"x", 1).is_ok() && spool.sync().is_ok());
            disk.heal();
            disk.reboot(loss);
            let other = Spool::open_on(Box::new(disk.clone()), of(Path::new(""), "other/o1"));
            if accepted {
                let refused = matches!(other, Err(SpoolError::Owner { .. }));
                assert!(refused, "crash at {at}, {loss:?}");
            }
        }
    }
}

#[test]
fn a_damaged_record_is_taken_for_none() {
    let disk = FaultyDisk::new(1);
    let options = of(Path::new(""), "main/span-1");
    drop(on(&disk, &options));
    for offset in 0..disk.content(OWNER).len() {
        disk.rot(OWNER, offset, 0x10);
        let (spool, _) = on(&disk, &options);
        assert_eq!(spool.owner(), options.owner.as_ref());
        drop(spool);
        assert!(Spool::open_on(Box::new(disk.clone()), of(Path::new(""), "other/o1")).is_err());
    }
}
