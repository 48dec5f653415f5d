//! Bodies of fuzz targets, as plain functions, so that the ordinary tests replay the committed corpus.

use bytes::Bytes;
use prost::Message;

use crate::convert::{Invalid, decode_body, encode_body};
use crate::{digest, limits, wire};

/// Takes arbitrary bytes for a batch body.
///
/// # Panics
/// When what is accepted does not survive a round trip, or is accepted under another count, or cannot be fingerprinted.
#[expect(clippy::panic, reason = "a fuzz target fails by panicking")]
pub fn wire_convert(bytes: &[u8]) {
    let body = Bytes::copy_from_slice(bytes);
    let listed = wire::ObservationList::decode(body.clone()).map(|list| list.observations.len());
    let count = listed
        .ok()
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(1);
    let other = decode_body(body.clone(), count.wrapping_add(1));
    if other.is_ok() {
        panic!("accepted under a count that it does not have");
    }
    let hashes = digest::hashes(1, &body);
    let Ok(observations) = decode_body(body, count) else {
        return;
    };
    if hashes.is_ok_and(|hashes| hashes.len() != observations.len()) {
        panic!("fingerprints and observations differ in number");
    }
    let encoded = Bytes::from(encode_body(&observations));
    match decode_body(encoded.clone(), count) {
        Ok(again) if again == observations => {}
        // Our own form may take a few bytes more than another's.
        Err(Invalid::TooLong(_)) if encoded.len() > limits::BATCH_BYTES => {}
        _ => panic!("what was accepted does not survive a round trip"),
    }
}
