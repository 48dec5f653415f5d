//! Which partition a key belongs to: murmur2 with Kafka's seed, as the Java client and librdkafka's `murmur2_random` compute it, so
//! that any producer puts a site where the engine looks for it.

/// The partition of `key` among `partitions` (0 when there are none).
#[must_use]
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    // The mask is Kafka's `toPositive`: not an absolute value.
    (murmur2(key) & 0x7fff_ffff)
        .checked_rem(partitions)
        .unwrap_or(0)
}

/// MurmurHash2, 32 bits, seed `0x9747b28c` (Kafka `Utils.murmur2`).
#[must_use]
pub fn murmur2(key: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    // The length enters modulo 2^32, as in the 32-bit original.
    let length = u32::try_from(key.len() & 0xffff_ffff).unwrap_or(u32::MAX);
    let mut hash = SEED ^ length;
    let (words, tail) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (at, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vectors of Apache Kafka's UtilsTest.testMurmur2 and librdkafka's unittest_murmur2, as unsigned.
    #[test]
    fn murmur2_agrees_with_the_java_client_and_librdkafka() {
        let java: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (
                b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            (b"abc", 479_470_107),
        ];
        for (key, hash) in java {
            assert_eq!(murmur2(key), hash.cast_unsigned(), "{key:?}");
        }
        let librdkafka: [(&[u8], u32); 8] = [
            (b"kafka", 0xd067_cf64),
            (b"giberish123456789", 0x8f55_2b0c),
            (b"1234", 0x9fc9_7b14),
            (b"234", 0xe7c0_09ca),
            (b"34", 0x873930da),
            (b"4", 0x5a4b_5ca1),
            (b"PreAmbleWillBeRemoved,ThePrePartThatIs", 0x7842_4f1c),
            (b"", 0x106e_08d9),
        ];
        for (key, hash) in librdkafka {
            assert_eq!(murmur2(key), hash, "{key:?}");
        }
    }

    #[test]
    fn the_partition_is_the_positive_hash_modulo_the_count() {
        // "21" hashes to a negative number in Java: toPositive masks the sign bit.
        assert_eq!(
            partition_of(b"21", 24),
            ((-973_932_308_i32) & 0x7fff_ffff).cast_unsigned() % 24
        );
        assert_eq!(partition_of(b"x", 1), 0);
        assert_eq!(partition_of(b"x", 0), 0);
    }
}
