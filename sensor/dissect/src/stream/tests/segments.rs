use auscult_proto::Field;
use auscult_proto::observation::FactFlags;
use proptest::prelude::*;

use super::*;
use crate::stream::wire::FIRST_SEQ;
use crate::testing::Statement;

const MESSAGE: &[u8] = b"\x0bMSH|^~\\&|GATEWAY^0012210000000001^EUI-64|ICU|EMR|HOSP|20260101||ORU^R01|1|P|2.6\rSFT|Acme|4.2|Bridge|b77\rPID|1||4711\r\x1c\r";

/// Both messages name different senders, so that losing one shows.
fn two_messages() -> Vec<u8> {
    let mut stream = MESSAGE.to_vec();
    stream.extend(b"\x0bMSH|^~\\&|SECOND|WARD|EMR|HOSP|||ADT^A01|2|P|2.3\rPID|1\r\x1c\r");
    stream
}

/// Sends segments of the client's stream in the order given.
fn facts_of<'b>(
    segments: impl IntoIterator<Item = (usize, &'b [u8])>,
) -> (Vec<Statement>, Counters) {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(2575);
    wire.open(&mut streams, &mut sink);
    for (offset, bytes) in segments {
        wire.send(Role::Client, offset, bytes, &mut streams, &mut sink);
    }
    streams.finish(&mut sink);
    (sink.statements, streams.counters().clone())
}

fn values(statements: &[Statement]) -> Vec<&str> {
    statements.iter().map(|s| s.value.as_str()).collect()
}

#[test]
fn early_segments_wait_for_the_ones_before_them() {
    let stream = two_messages();
    let (whole, counters) = facts_of([(0, &stream[..])]);
    assert_eq!(
        values(&whole)[..2],
        ["GATEWAY^0012210000000001^EUI-64", "0012210000000001"]
    );
    assert_eq!(counters.segments_held, 0);
    let (a, rest) = stream.split_at(20);
    let (b, c) = rest.split_at(30);
    let (swapped, counters) = facts_of([(50, c), (20, b), (0, a)]);
    assert_eq!(swapped, whole);
    assert_eq!(counters.segments_held, 2);
    assert_eq!(counters.holes, 0);
}

#[test]
fn the_first_copy_of_repeated_bytes_wins() {
    let stream = two_messages();
    let (whole, _) = facts_of([(0, &stream[..])]);
    let lies = vec![b'X'; stream.len()];
    // Behind what was read, over what waits, and around it.
    let (seen, _) = facts_of([
        (0, &stream[..10]),
        (0, &lies[..10]),
        (40, &stream[40..60]),
        (40, &lies[40..60]),
        (10, &stream[10..40]),
        (55, &lies[55..60]),
        (60, &stream[60..]),
    ]);
    assert_eq!(seen, whole);
    let mut around = stream[10..].to_vec();
    around[30..50].copy_from_slice(&lies[..20]);
    let (seen, _) = facts_of([(0, &stream[..10]), (40, &stream[40..60]), (10, &around[..])]);
    assert_eq!(seen, whole);
}

#[test]
fn a_hole_that_nothing_fills_costs_its_message_and_no_other() {
    let stream = two_messages();
    let cut = MESSAGE.len();
    let mut segments = vec![(0, &stream[..15])];
    // The hole is in the first sender's name; the rest comes in many segments, so that waiting ends.
    segments.extend(
        stream
            .chunks(8)
            .enumerate()
            .skip(3)
            .map(|(n, s)| (n * 8, s)),
    );
    assert!(segments.len() > 10);
    let (facts, counters) = facts_of(segments);
    assert_eq!(
        values(&facts),
        ["SECOND", "WARD", "EMR", "HOSP", "ADT^A01", "2.3"]
    );
    assert_eq!(counters.holes, 1);
    let (facts, _) = facts_of([(0, &stream[..15]), (cut, &stream[cut..])]);
    assert_eq!(
        values(&facts)[0],
        "SECOND",
        "what waits is read when the flow ends"
    );
}

#[test]
fn bytes_the_capture_cut_off_are_a_hole() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(2575);
    wire.open(&mut streams, &mut sink);
    let stream = two_messages();
    let cut = MESSAGE.len();
    let mut first = wire.tcp(Role::Client, ACK, FIRST_SEQ.wrapping_add(1), &stream[..16]);
    if let Network::Ip(ip) = &mut first.network
        && let Transport::Tcp(segment) = &mut ip.transport
    {
        segment.missing = u32::try_from(cut - 16).unwrap();
    }
    streams.packet(&first, &mut sink);
    wire.send(Role::Client, cut, &stream[cut..], &mut streams, &mut sink);
    assert_eq!(sink.read_from(Field::Hl7Msh3), ["SECOND"]);
}

#[test]
fn a_stream_joined_in_the_middle_is_read_from_the_next_message_and_flagged() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(40_000);
    wire.send(
        Role::Client,
        0,
        b"|OBX|1|NM\r\x1c\r",
        &mut streams,
        &mut sink,
    );
    wire.send(Role::Client, 13, MESSAGE, &mut streams, &mut sink);
    let (from_start, _) = facts_of([(0, MESSAGE)]);
    assert_eq!(values(&sink.statements), values(&from_start));
    assert!(
        sink.statements
            .iter()
            .all(|s| s.flags.has(FactFlags::MIDSTREAM))
    );
    assert!(
        from_start
            .iter()
            .all(|s| !s.flags.has(FactFlags::MIDSTREAM))
    );
}

#[test]
fn a_stream_of_nothing_known_is_read_no_further() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(2575);
    wire.open(&mut streams, &mut sink);
    wire.send(Role::Client, 0, b"hello", &mut streams, &mut sink);
    wire.send(Role::Client, 5, MESSAGE, &mut streams, &mut sink);
    assert!(sink.statements.is_empty());
    assert_eq!(streams.inspector.len(), 0);

    let mut wire = Wire::to_port(40_001);
    for n in 0..16 {
        wire.send(Role::Client, n * 5, b"hello", &mut streams, &mut sink);
    }
    wire.send(Role::Client, 80, MESSAGE, &mut streams, &mut sink);
    assert!(
        sink.statements.is_empty(),
        "not even midstream, after so many attempts"
    );
}

#[test]
fn a_stray_segment_from_far_away_does_not_blind_the_reader() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(2575);
    wire.open(&mut streams, &mut sink);
    for far in 1..7 {
        wire.send(Role::Client, far << 27, b"stray", &mut streams, &mut sink);
    }
    let stream = two_messages();
    wire.send(
        Role::Client,
        0,
        &stream[..MESSAGE.len()],
        &mut streams,
        &mut sink,
    );
    wire.send(
        Role::Client,
        MESSAGE.len(),
        &stream[MESSAGE.len()..],
        &mut streams,
        &mut sink,
    );
    assert!(sink.read_from(Field::Hl7Msh3).contains(&"SECOND"));
}

#[test]
fn debug_forms_hold_no_payload() {
    let (mut streams, mut sink) = streams();
    let mut wire = Wire::to_port(2575);
    wire.open(&mut streams, &mut sink);
    wire.send(
        Role::Client,
        0,
        b"\x0bMSH|^~\\&|TOKEN",
        &mut streams,
        &mut sink,
    );
    wire.send(Role::Client, 40, b"TOKEN", &mut streams, &mut sink);
    let text = format!("{streams:?}");
    assert!(!text.contains("TOKEN"));
    let bytes: Vec<String> = b"TOKEN".iter().map(u8::to_string).collect();
    assert!(!text.contains(&bytes.join(", ")), "nor as numbers");
}

/// Segments of a stream in an order in which never more than four wait, with repetitions.
fn any_order(len: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
    let cuts = proptest::collection::vec(0..=len, 0..24);
    let choices = proptest::collection::vec((0..5_usize, any::<bool>(), 0..40_usize), 80);
    (cuts, choices).prop_map(move |(mut cuts, choices)| {
        cuts.extend([0, len]);
        cuts.sort_unstable();
        cuts.dedup();
        let mut unsent: Vec<(usize, usize)> = cuts.windows(2).map(|w| (w[0], w[1])).collect();
        let mut sent = Vec::new();
        let mut waiting = 0;
        for (choice, repeats, overlap) in choices {
            if unsent.is_empty() {
                break;
            }
            let choice = if waiting == 4 {
                0
            } else {
                choice.min(unsent.len() - 1)
            };
            let (from, to) = unsent.remove(choice);
            if choice == 0 {
                // What comes in its turn may reach into what follows.
                sent.push((from, (to + overlap).min(len)));
                let first = unsent.first().map_or(len, |(from, _)| *from);
                waiting = sent_beyond(&sent, first);
            } else {
                sent.push((from, to));
                waiting += 1;
            }
            if repeats {
                sent.push(sent[overlap % sent.len()]);
            }
        }
        let rest: Vec<_> = unsent.into_iter().collect();
        sent.extend(rest);
        sent
    })
}

/// An upper bound of the segments that wait at `next`.
fn sent_beyond(sent: &[(usize, usize)], next: usize) -> usize {
    let mut beyond: Vec<_> = sent.iter().filter(|(from, _)| *from > next).collect();
    beyond.sort_unstable();
    beyond.dedup();
    beyond.len()
}

proptest! {
    #[test]
    fn any_cut_order_and_repetition_within_bounds_says_the_same(order in any_order(two_messages().len())) {
        let stream = two_messages();
        let (whole, _) = facts_of([(0, &stream[..])]);
        let (pieces, counters) = facts_of(order.iter().map(|(from, to)| (*from, &stream[*from..*to])));
        prop_assert_eq!(counters.holes, 0);
        prop_assert_eq!(pieces, whole);
    }
}
