use super::*;
use crate::disk::Disk;
use crate::disk::faulty::FaultyDisk;

const FULL: LossReason = LossReason::SpoolFull;
const BAD: LossReason = LossReason::SegmentQuarantined;

fn entries(mark: &Mark) -> Vec<(LossReason, u64, u64)> {
    let entries = mark.losses();
    entries.map(|e| (e.reason, e.first_seq, e.count)).collect()
}

#[test]
fn what_is_stored_is_loaded_and_a_torn_slot_leaves_the_state_before() {
    let mut disk = FaultyDisk::new(1);
    let mut file = disk.create(MARK).unwrap();
    let mut mark = Mark::new(7);
    mark.establish(file.as_mut()).unwrap();
    for acked in 1..20 {
        mark.acked = acked;
        mark.count(FULL, acked * 10, 3);
        mark.store(file.as_mut()).unwrap();
        let loaded = Mark::load(file.as_ref(), Some(7)).unwrap();
        assert_eq!(loaded.as_ref(), Some(&mark));
    }
    assert_eq!(disk.content(MARK).len(), 4 * SLOT);
    assert_eq!(Mark::load(file.as_ref(), Some(8)).unwrap(), None);
    let newest = usize::try_from(mark.generation % SLOTS).unwrap() * SLOT;
    disk.rot(MARK, newest + 100, 1);
    let loaded = Mark::load(file.as_ref(), None).unwrap().unwrap();
    assert_eq!(loaded.acked, 18);
}

#[test]
fn neighbouring_losses_of_one_reason_are_one_and_none_is_counted_twice() {
    let mut mark = Mark::new(7);
    mark.count(FULL, 1, 10);
    mark.count(FULL, 11, 5);
    mark.count(BAD, 14, 10);
    mark.count(BAD, 3, 2);
    assert_eq!(entries(&mark), [(FULL, 1, 15), (BAD, 16, 8)]);
    mark.count(LossReason::SpoolUnwritable, 0, 4);
    mark.count(LossReason::SpoolUnwritable, 0, 6);
    assert_eq!(
        entries(&mark).last(),
        Some(&(LossReason::SpoolUnwritable, 0, 10))
    );
    assert_eq!(mark.uncounted(1, 30), [(24, 30)]);
    assert_eq!(mark.losses_end(), 24);
}

#[test]
fn a_report_is_handed_out_once_and_again_when_its_batch_is_lost() {
    let mut mark = Mark::new(7);
    mark.count(FULL, 1, 10);
    assert!(mark.has_due());
    assert_eq!(mark.hand_out(20).len(), 1);
    assert!(!mark.has_due());
    mark.count(FULL, 11, 3);
    assert!(!mark.has_due(), "one report at a time");
    // The segment with the report is dropped as well.
    mark.count(FULL, 14, 10);
    assert!(mark.has_due());
    assert_eq!(entries(&mark), [(FULL, 1, 10), (FULL, 11, 13)]);
    assert_eq!(mark.hand_out(30).len(), 2);
    mark.settle();
    assert_eq!(mark.losses().count(), 2);
    mark.acked = 30;
    mark.settle();
    assert_eq!(mark.losses().count(), 0);
}

#[test]
fn too_many_gaps_keep_their_number_and_give_up_their_place() {
    let mut mark = Mark::new(7);
    for gap in 0..1000 {
        mark.count(BAD, 1 + gap * 10, 2);
    }
    assert!(mark.losses().count() <= LOSSES);
    let total: u64 = mark.losses().map(|entry| entry.count).sum();
    assert_eq!(total, 2000);
    let loaded = decode(&encode(&mark)).unwrap();
    assert_eq!(entries(&loaded), entries(&mark));
}
