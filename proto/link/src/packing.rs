//! Bodies made shorter on their way: one DEFLATE stream (RFC 1951) over all bodies of a gRPC stream, flushed after each.
//!
//! Observations repeat what earlier ones said (capture point, addresses, attributes), and most batches hold only a few of them:
//! compressed one by one they would hardly shrink, as one stream they shrink to a third or less. Both ends keep 32 KiB of what went by
//! for each gRPC stream and begin anew with the next.
//!
//! What is learnt from lengths: somebody who can both put names on the monitored network and watch the encrypted link may find out
//! whether another device said the same. A name on that network is no secret there.

use auscult_proto::limits;
use auscult_proto::wire::Packing;
use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The lowest: the window across batches is what saves bytes.
const LEVEL: u32 = 1;
/// What a flush adds at most, and a little room.
const FLUSH_BYTES: usize = 64;

/// What a collector answers to a sensor that can pack with `offered`.
#[must_use]
pub(crate) fn agree(offered: &[i32]) -> Packing {
    if offered.contains(&i32::from(Packing::Deflate)) {
        Packing::Deflate
    } else {
        Packing::Unspecified
    }
}

/// Why a body cannot be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it says it has {0} bytes; the limit is {max}", max = limits::BATCH_BYTES)]
    TooLarge(u32),
    #[error("it is not DEFLATE")]
    Damaged,
    #[error("it has not the length it says")]
    Length,
}

/// The sensor's end.
#[derive(Debug)]
pub(crate) struct Packer(Option<Compress>);

impl Packer {
    pub(crate) fn new(packing: Packing) -> Self {
        Self((packing == Packing::Deflate).then(|| Compress::new(Compression::new(LEVEL), false)))
    }

    /// The body as it travels, and its own length where it is packed. `None`: the stream cannot go on.
    pub(crate) fn pack(&mut self, body: Bytes) -> Option<(Bytes, u32)> {
        let Some(stream) = &mut self.0 else {
            return Some((body, 0));
        };
        let length = u32::try_from(body.len()).ok()?;
        let mut packed = Vec::with_capacity(body.len().saturating_add(FLUSH_BYTES));
        let begin = stream.total_in();
        loop {
            let taken = usize::try_from(stream.total_in().checked_sub(begin)?).ok()?;
            let rest = body.get(taken..)?;
            let status = stream
                .compress_vec(rest, &mut packed, FlushCompress::Sync)
                .ok()?;
            let consumed = stream.total_in().checked_sub(begin)? == u64::from(length);
            // Room left over means that the flush is complete.
            if consumed && packed.len() < packed.capacity() {
                return Some((packed.into(), length));
            }
            if status == Status::StreamEnd {
                return None;
            }
            packed.reserve(FLUSH_BYTES);
        }
    }
}

/// The collector's end.
#[derive(Debug)]
pub(crate) struct Unpacker(Option<Decompress>);

impl Unpacker {
    pub(crate) fn new(packing: Packing) -> Self {
        Self((packing == Packing::Deflate).then(|| Decompress::new(false)))
    }

    /// The body as the spool has it. Never makes more than [`limits::BATCH_BYTES`], whatever comes.
    ///
    /// # Errors
    /// [`Fault`]; the stream cannot go on.
    pub(crate) fn unpack(&mut self, body: Bytes, unpacked_bytes: u32) -> Result<Bytes, Fault> {
        let Some(stream) = &mut self.0 else {
            return if unpacked_bytes == 0 {
                Ok(body)
            } else {
                Err(Fault::Length)
            };
        };
        let length = usize::try_from(unpacked_bytes)
            .ok()
            .filter(|length| *length <= limits::BATCH_BYTES)
            .ok_or(Fault::TooLarge(unpacked_bytes))?;
        // One byte more than it may fill: with no room the decoder would stop before the flush at the end.
        let mut unpacked = Vec::with_capacity(length.saturating_add(1));
        let begin = stream.total_in();
        loop {
            let taken = stream.total_in().saturating_sub(begin);
            let rest = usize::try_from(taken)
                .ok()
                .and_then(|taken| body.get(taken..))
                .ok_or(Fault::Damaged)?;
            let before = (rest.len(), unpacked.len());
            stream
                .decompress_vec(rest, &mut unpacked, FlushDecompress::Sync)
                .map_err(|_| Fault::Damaged)?;
            let taken = stream.total_in().saturating_sub(begin);
            // An ended stream, or more than fits, makes no progress.
            let left = body
                .len()
                .saturating_sub(usize::try_from(taken).unwrap_or(usize::MAX));
            if left == 0 || (left, unpacked.len()) == before {
                return if left == 0 && unpacked.len() == length {
                    Ok(unpacked.into())
                } else {
                    Err(Fault::Length)
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both() -> (Packer, Unpacker) {
        (
            Packer::new(Packing::Deflate),
            Unpacker::new(Packing::Deflate),
        )
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_as_it_was(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..20)) {
            let (mut packer, mut unpacker) = both();
            for body in bodies {
                let body = Bytes::from(body);
                let (packed, length) = packer.pack(body.clone()).unwrap();
                prop_assert_eq!(unpacker.unpack(packed, length).unwrap(), body);
            }
        }

        #[test]
        fn any_bytes_are_a_body_of_that_length_or_a_fault(chunks in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), 0_u32..2000), 1..8)) {
            let mut unpacker = Unpacker::new(Packing::Deflate);
            for (chunk, length) in chunks {
                match unpacker.unpack(chunk.into(), length) {
                    Ok(body) => prop_assert_eq!(body.len(), usize::try_from(length).unwrap()),
                    Err(_) => break,
                }
            }
        }
    }

    #[test]
    fn the_largest_body_that_does_not_shrink_fits() {
        let (mut packer, mut unpacker) = both();
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..limits::BATCH_BYTES)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .collect();
        let noise = Bytes::from(noise);
        let (packed, length) = packer.pack(noise.clone()).unwrap();
        assert_eq!(unpacker.unpack(packed, length).unwrap(), noise);
    }

    #[test]
    fn small_bodies_that_repeat_are_short() {
        let (mut packer, _) = both();
        let body = |number: u8| {
            let mut body =
                b"span core-1 10.10.0.21 08:00:19:10:20:01 -> 10.10.0.10 dicom ".to_vec();
            body.push(number);
            Bytes::from(body)
        };
        let first = packer.pack(body(0)).unwrap().0.len();
        let later = packer.pack(body(1)).unwrap().0.len();
        assert!(first > 50 && later < 30, "{first}, {later}");
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let (mut packer, mut unpacker) = both();
        let (packed, length) = packer
            .pack(Bytes::from(vec![0; limits::BATCH_BYTES]))
            .unwrap();
        assert!(packed.len() < 2_000);
        assert_eq!(unpacker.unpack(packed.clone(), 10), Err(Fault::Length));
        let too_large = length.saturating_add(1);
        assert_eq!(
            Unpacker::new(Packing::Deflate).unpack(packed, too_large),
            Err(Fault::TooLarge(too_large))
        );
    }

    #[test]
    fn without_an_agreement_bodies_travel_as_they_are() {
        assert_eq!(agree(&[]), Packing::Unspecified);
        assert_eq!(agree(&[7, 1]), Packing::Deflate);
        let body = Bytes::from_static(b"as it is");
        let packed = Packer::new(Packing::Unspecified)
            .pack(body.clone())
            .unwrap();
        assert_eq!(packed, (body.clone(), 0));
        let mut unpacker = Unpacker::new(Packing::Unspecified);
        assert_eq!(unpacker.unpack(body.clone(), 0).unwrap(), body);
        assert_eq!(unpacker.unpack(body, 8), Err(Fault::Length));
    }
}
