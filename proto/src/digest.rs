//! Fingerprint of what was folded: an order-independent sum over (sequence, encoded observation).
//!
//! Both ends of an audit compute it: whoever holds the encoded observations of a sensor, and the collector's state. Equal sums over
//! equal counts mean that the same observations were folded, each once.

use bytes::{Buf, Bytes};
use prost::Message;

use crate::convert::Invalid;
use crate::observation::Observation;
use crate::wire;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Hash of one observation as encoded: FNV-1a 64 over the sequence (8 bytes, little endian) and the encoded `wire::Observation`,
/// then the 64-bit finaliser of MurmurHash3.
#[must_use]
pub fn hash(seq: u64, encoded: &[u8]) -> u64 {
    let fnv = seq
        .to_le_bytes()
        .iter()
        .chain(encoded)
        .fold(FNV_OFFSET, |state, byte| {
            (state ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
        });
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

/// Hash of an observation that is not at hand in encoded form.
#[must_use]
pub fn of(seq: u64, observation: &Observation) -> u64 {
    hash(seq, &wire::Observation::from(observation).encode_to_vec())
}

/// Hashes of the observations of a batch body (`ObservationList`) whose first has sequence `first_seq`.
///
/// # Errors
/// The body is not an `ObservationList`.
pub fn hashes(first_seq: u64, body: &Bytes) -> Result<Vec<u64>, Invalid> {
    const UNDECODABLE: Invalid = Invalid::Undecodable("ObservationList");
    // Field 1, length-delimited: the only field of the message.
    const TAG: u8 = 0x0a;
    let mut rest = body.as_ref();
    let mut seq = first_seq;
    // Few are shorter.
    let mut hashes = Vec::with_capacity(body.len() / 64);
    while rest.has_remaining() {
        if rest.get_u8() != TAG {
            return Err(UNDECODABLE);
        }
        let length = prost::encoding::decode_varint(&mut rest).map_err(|_| UNDECODABLE)?;
        let length = usize::try_from(length).map_err(|_| UNDECODABLE)?;
        let (encoded, after) = rest.split_at_checked(length).ok_or(UNDECODABLE)?;
        hashes.push(hash(seq, encoded));
        seq = seq.wrapping_add(1);
        rest = after;
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::encode_body;
    use crate::mac::Mac;
    use crate::observation::{Body, Endpoint, Heartbeat, Origin};

    #[test]
    fn the_hash_is_the_documented_one() {
        // FNV-1a and the finaliser computed independently (python).
        assert_eq!(hash(0, b""), VECTOR_0);
        assert_eq!(hash(1, b"auscult"), VECTOR_1);
        assert_eq!(hash(u64::MAX, &[0, 255, 10]), VECTOR_2);
    }

    const VECTOR_0: u64 = 0x7bd3_144f_29c0_cc9e;
    const VECTOR_1: u64 = 0x95c0_3c85_efb4_a17b;
    const VECTOR_2: u64 = 0xb3de_c920_05fa_e4ec;

    #[test]
    fn a_body_hashes_as_its_observations_do() {
        let observations: Vec<Observation> = (1..200u8)
            .map(|last| Observation {
                first_seen: 5,
                last_seen: 1_700_000_000_000,
                count: u64::from(last),
                origin: Origin {
                    capture_point: "span0".parse().unwrap(),
                    vlans: vec![7],
                    vni: None,
                    erspan_session: None,
                },
                body: Body::Heartbeat(Heartbeat {
                    endpoint: Endpoint {
                        mac: Some(Mac([0, 1, 2, 3, 4, last])),
                        ip: None,
                    },
                    bytes_sent: 1,
                    packets_sent: 1,
                }),
            })
            .collect();
        let body = Bytes::from(encode_body(&observations));
        let each: Vec<u64> = (41..)
            .zip(&observations)
            .map(|(seq, observation)| of(seq, observation))
            .collect();
        assert_eq!(hashes(41, &body), Ok(each));
        assert_ne!(hashes(42, &body).unwrap(), hashes(41, &body).unwrap());
    }

    #[test]
    fn a_body_that_is_cut_or_something_else_is_refused() {
        for bad in [&[0x0a][..], &[0x0a, 5, 1], &[0x12, 0], &[0x0a, 0xff, 0xff]] {
            assert!(hashes(1, &Bytes::copy_from_slice(bad)).is_err(), "{bad:?}");
        }
        assert_eq!(hashes(1, &Bytes::new()), Ok(Vec::new()));
    }
}
