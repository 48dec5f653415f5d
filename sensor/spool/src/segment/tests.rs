use super::*;

const INCARNATION: u64 = 0x0123_4567_89ab_cdef;

fn record(first_seq: u64, count: u32, body: &[u8]) -> Record<'_> {
    Record {
        first_seq,
        count,
        spooled_ms: 1_700_000_000_123,
        body,
    }
}

fn segment(bodies: &[&[u8]]) -> Vec<u8> {
    let mut bytes = header(INCARNATION, 1).to_vec();
    for (body, first_seq) in bodies.iter().zip((1..).step_by(2)) {
        encode(&mut bytes, INCARNATION, &record(first_seq, 2, body));
    }
    bytes
}

/// A spool written by an earlier version must stay readable: these bytes are not to change.
#[test]
fn the_format_is_the_one_that_earlier_versions_wrote() {
    let expected = "41555343534547 01 efcdab8967452301 0100000000000000 00000000 71e0450c \
        a5fe5ec7 05000000 0100000000000000 7b68e5cf8b010000 02000000 0169f2f0 68656c6c6f";
    let expected: String = expected.split_whitespace().collect();
    let bytes = segment(&[b"hello"]);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected);
}

#[test]
fn an_intact_segment_is_read_whole() {
    let bytes = segment(&[b"a", b"bc", b"def"]);
    let scan = scan(&bytes, INCARNATION, 1, None);
    assert_eq!(scan.damage, None);
    assert_eq!((scan.next_seq, scan.batches), (7, 3));
    assert_eq!(scan.good_bytes, bytes.len() as u64);
}

#[test]
fn every_cut_leaves_the_records_before_it() {
    let bytes = segment(&[b"a", b"bc", b"def"]);
    let ends = [32, 65, 99, 134];
    for cut in 32..bytes.len() {
        let scan = scan(&bytes[..cut], INCARNATION, 1, None);
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        assert_eq!(scan.batches, whole as u64, "cut at {cut}");
        assert_eq!(scan.good_bytes, ends[whole] as u64);
        assert_eq!(scan.damage.is_some(), !ends.contains(&cut));
        assert_eq!(scan.damage.and_then(|damage| damage.later_end), None);
    }
}

#[test]
fn every_flipped_bit_is_noticed_and_what_lies_behind_is_found() {
    let bytes = segment(&[b"a", b"bc", b"def"]);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let scan = scan(&damaged, INCARNATION, 1, None);
            let damage = scan.damage.unwrap();
            assert!(damage.at <= at as u64, "byte {at} bit {bit}");
            let expected = if at < 99 { Some(7) } else { None };
            assert_eq!(damage.later_end, expected, "byte {at} bit {bit}");
        }
    }
}

#[test]
fn records_of_another_incarnation_or_from_a_body_are_not_ours() {
    let mut inner = Vec::new();
    encode(&mut inner, INCARNATION ^ 1, &record(3, 1, b"smuggled"));
    let mut bytes = segment(&[b"a"]);
    let good = bytes.len() as u64;
    bytes.extend_from_slice(&inner);
    let scan = scan(&bytes, INCARNATION, 1, None);
    assert_eq!(scan.good_bytes, good);
    let damage = scan.damage.unwrap();
    assert_eq!((damage.fault, damage.later_end), (Fault::Checksum, None));
}

#[test]
fn what_was_written_again_elsewhere_is_left_out() {
    let bytes = segment(&[b"a", b"bc", b"def"]);
    let scan = scan(&bytes, INCARNATION, 1, Some(3));
    assert_eq!((scan.next_seq, scan.good_bytes, scan.damage), (3, 65, None));
}

#[test]
fn hostile_content_does_not_take_for_ever() {
    let mut bytes = header(INCARNATION, 1).to_vec();
    // Each of these looks like the beginning of a large record.
    let mut bait = Vec::new();
    encode(&mut bait, INCARNATION ^ 1, &record(1, 1, &[0; 8]));
    bait[4..8].copy_from_slice(&250_000_u32.to_le_bytes());
    while bytes.len() < 4 << 20 {
        bytes.extend_from_slice(&bait);
    }
    let started = std::time::Instant::now();
    assert_eq!(scan(&bytes, INCARNATION, 1, None).batches, 0);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn the_index_is_sparse_and_leads_to_or_before_every_sequence() {
    let body = [0; 1000];
    let mut index = Index::default();
    let mut offset = 32;
    for first_seq in 1..=1000 {
        let record = record(first_seq, 1, &body);
        index.note(&record, offset);
        offset += record.len() as u64;
    }
    assert!(index.0.len() < 20, "{}", index.0.len());
    for seq in 1..=1000 {
        let entry = index.at_or_before(seq).unwrap();
        assert!(entry.first_seq <= seq && seq - entry.first_seq <= 64);
    }
    assert_eq!(index.at_or_before(0), None);
    index.cut(200_000);
    assert!(index.at_or_before(1000).unwrap().offset < 200_000);
}
