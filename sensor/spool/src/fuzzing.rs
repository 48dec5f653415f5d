//! Bodies of fuzz targets, as plain functions, so that the ordinary tests replay the committed corpus.

use crate::bytes::size;
use crate::segment::{Record, Scan, encode, header, scan};

/// Takes arbitrary bytes for a segment file, and for the file that says whose the spool is.
///
/// # Panics
/// When the prefix property is broken: what a scan accepts must be accepted again, whole and clean, when it is all there is; it must be
/// a prefix; and it must encode to the very bytes it was read from.
#[expect(clippy::panic, reason = "a fuzz target fails by panicking")]
pub fn spool_recover(bytes: &[u8]) {
    if !crate::owner::reads_as_written(bytes) {
        panic!("an owner was read from what none is written as");
    }
    // Seeds are made with this incarnation and first sequence.
    let first = check(bytes, None);
    // Behind a good header more of the content is looked at as records.
    let mut headed = header(INCARNATION, 1).to_vec();
    headed.extend_from_slice(bytes);
    check(&headed, None);
    // The same bytes as bodies of good records, damaged at a place of their choosing.
    let mut made = header(INCARNATION, 1).to_vec();
    let mut next = 1;
    for body in bytes.chunks(97) {
        let choice = body.first().copied().unwrap_or_default();
        let record = Record {
            first_seq: next,
            count: u32::from(choice % 7).saturating_add(1),
            spooled_ms: i64::from(choice),
            body,
        };
        encode(&mut made, INCARNATION, &record);
        next = record.end();
    }
    let whole = check(&made, None);
    if whole.next_seq != next || whole.damage.is_some() {
        panic!("an intact segment was not accepted");
    }
    if let Some([low, high, bits]) = bytes.first_chunk::<3>().copied() {
        let at = usize::from(u16::from_le_bytes([low, high]));
        let at = at.checked_rem(made.len()).unwrap_or_default();
        if let Some(byte) = made.get_mut(at) {
            *byte ^= bits | 1;
        }
        let damaged = check(&made, None);
        if damaged.damage.is_none() || damaged.good_bytes > size(at) {
            panic!("damage was not noticed");
        }
        check(&made, Some(first.next_seq));
    }
}

const INCARNATION: u64 = 0x0123_4567_89ab_cdef;

#[expect(clippy::panic, reason = "a fuzz target fails by panicking")]
fn check(bytes: &[u8], until: Option<u64>) -> Scan {
    let found = scan(bytes, INCARNATION, 1, until);
    let good = usize::try_from(found.good_bytes).unwrap_or(usize::MAX);
    let Some(prefix) = bytes.get(..good) else {
        panic!("accepted more bytes than there are");
    };
    if good > 0 {
        let again = scan(prefix, INCARNATION, 1, until);
        if again.damage.is_some()
            || again.next_seq != found.next_seq
            || again.good_bytes != found.good_bytes
            || again.index != found.index
        {
            panic!("the accepted prefix is not accepted alone");
        }
    } else if found.next_seq != 1 {
        panic!("sequences without bytes");
    }
    if let Some(damage) = found.damage {
        if damage.at != found.good_bytes {
            panic!("damage is not where the prefix ends");
        }
        if damage.later_end.is_some_and(|end| end <= found.next_seq) {
            panic!("what lies behind the damage is not behind it");
        }
    }
    found
}
