use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000_000;

fn header(protocol: u8) -> IpHeader {
    IpHeader {
        src: [10, 0, 0, 1].into(),
        dst: [10, 0, 0, 2].into(),
        ttl: 64,
        protocol,
    }
}

fn piece(id: u32, offset: usize, more: bool, data: &[u8]) -> Fragment<'_> {
    Fragment {
        header: header(17),
        id,
        offset: u32::try_from(offset).unwrap(),
        more,
        data,
    }
}

struct Bench {
    defrag: Defrag,
    counters: Fragments,
}

impl Bench {
    fn new() -> Self {
        Self {
            defrag: Defrag::default(),
            counters: Fragments::default(),
        }
    }

    fn push(&mut self, now_ns: i64, fragment: &Fragment<'_>) -> Option<Joined> {
        let origin = OriginTag::default();
        self.defrag
            .push(now_ns, 100, origin, fragment, &mut self.counters)
    }

    fn assert_bounded(&self) {
        let held: usize = self.defrag.datagrams.iter().map(|d| d.data.len()).sum();
        assert_eq!(held, self.defrag.bytes);
        assert!(held <= TOTAL_BYTES && self.defrag.datagrams.len() <= DATAGRAMS);
    }
}

#[test]
fn fragments_join_in_any_order_and_count_their_frames() {
    let mut bench = Bench::new();
    assert!(bench.push(0, &piece(1, 16, false, b"tail")).is_none());
    assert!(bench.push(0, &piece(1, 8, true, b"middle..")).is_none());
    let joined = bench.push(0, &piece(1, 0, true, b"start...")).unwrap();
    assert_eq!(joined.data, b"start...middle..tail");
    assert_eq!(joined.wire_bytes, 300);
    assert_eq!(joined.header, header(17));
    assert_eq!(bench.counters.joined, 1);
    assert_eq!(bench.defrag.bytes, 0);
}

#[test]
fn datagrams_of_different_realms_never_mix() {
    let mut bench = Bench::new();
    let realm = OriginTag {
        vni: Some(1),
        ..OriginTag::default()
    };
    bench.push(0, &piece(1, 0, true, b"start..."));
    let other = piece(1, 8, false, b"x");
    assert!(
        bench
            .defrag
            .push(0, 100, realm, &other, &mut bench.counters)
            .is_none()
    );
    assert_eq!(bench.defrag.datagrams.len(), 2);
}

#[test]
fn the_first_copy_of_a_byte_wins() {
    let mut bench = Bench::new();
    bench.push(0, &piece(1, 8, true, b"BBBBBBBB"));
    bench.push(0, &piece(1, 0, true, b"aaaaaaaabbbbbbbbcccccccc"));
    let joined = bench.push(0, &piece(1, 24, false, b"d")).unwrap();
    assert_eq!(joined.data, b"aaaaaaaaBBBBBBBBccccccccd");
    assert_eq!(bench.counters.overlapping, 1);
}

#[test]
fn a_datagram_that_contradicts_itself_is_not_believed() {
    let mut bench = Bench::new();
    bench.push(0, &piece(1, 8, false, b"end"));
    assert!(bench.push(0, &piece(1, 16, true, b"beyond..")).is_none());
    assert!(bench.push(0, &piece(1, 8, false, b"another end")).is_none());
    assert!(bench.push(0, &piece(1, 0, true, b"uneven")).is_none());
    assert!(bench.push(0, &piece(1, 65_528, true, &[0; 16])).is_none());
    assert!(bench.push(0, &piece(1, 0, true, b"")).is_none());
    assert_eq!(bench.counters.refused, 5);
    let joined = bench.push(0, &piece(1, 0, true, b"start...")).unwrap();
    assert_eq!(joined.data, b"start...end");
}

#[test]
fn what_does_not_come_in_time_is_given_up() {
    let mut bench = Bench::new();
    bench.push(0, &piece(1, 0, true, b"start..."));
    assert!(
        bench
            .push(31 * SECOND, &piece(1, 8, false, b"end"))
            .is_none()
    );
    assert_eq!(bench.counters.expired, 1);
    bench.defrag.expire(100 * SECOND, &mut bench.counters);
    assert_eq!(bench.counters.expired, 2);
    bench.assert_bounded();
}

#[test]
fn a_flood_of_beginnings_pushes_out_the_oldest_and_stays_within_the_bounds() {
    let mut bench = Bench::new();
    for id in 0..1000 {
        bench.push(0, &piece(id, 0, true, b"start..."));
        bench.assert_bounded();
    }
    assert_eq!(bench.counters.evicted, 1000 - 64);
    let joined = bench.push(0, &piece(999, 8, false, b"end"));
    assert!(joined.is_some(), "the newest are kept");
    for id in 2000..2100 {
        bench.push(0, &piece(id, 64_000, true, &[0; 8]));
        bench.assert_bounded();
    }
}

proptest! {
    /// The model: a map from place to the first byte seen there.
    #[test]
    fn any_fragments_join_as_the_model_says(
        pieces in prop::collection::vec((0..12_usize, 1..5_usize, any::<u8>()), 1..40),
        tail in 1..9_usize,
    ) {
        let mut bench = Bench::new();
        let mut model: Vec<Option<u8>> = vec![None; 16 * 8 + tail];
        let total = model.len();
        let end = vec![0xee; tail];
        let mut outcome = None;
        let last = (16, 0, 0xee);
        for (place, (start, units, value)) in pieces.into_iter().chain([last]).enumerate() {
            let data = if units == 0 { end.clone() } else { vec![value; units * 8] };
            let fragment = piece(1, start * 8, units != 0, &data);
            for (at, byte) in data.iter().enumerate() {
                model[start * 8 + at].get_or_insert(*byte);
            }
            outcome = bench.push(i64::try_from(place).unwrap(), &fragment);
            bench.assert_bounded();
        }
        match outcome {
            Some(joined) => {
                prop_assert_eq!(joined.data.len(), total);
                let whole: Option<Vec<u8>> = model.into_iter().collect();
                prop_assert_eq!(Some(joined.data), whole);
            }
            None => prop_assert!(model.iter().any(Option::is_none)),
        }
    }
}
