//! A keyed 64-bit hash for the census tables.
//!
//! The tables are indexed by what strangers put on the wire, so the hash takes a secret seed: without it, addresses that all fall
//! into one bucket (or two statements with one hash, of which the second would stay unsaid) could be prepared in advance.

use std::hash::Hasher;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Folded-multiply hash (the construction of wyhash) over 64-bit words.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyedHash {
    state: u64,
    key: u64,
}

impl KeyedHash {
    pub(super) fn new(seed: u64) -> Self {
        let key = fold(seed ^ 0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db) | 1;
        Self { state: seed, key }
    }

    pub(super) fn word(&mut self, word: u64) {
        self.state = fold(self.state ^ word, self.key ^ MULTIPLIER).wrapping_add(word);
    }

    pub(super) fn wide(&mut self, wide: u128) {
        let [low, high] = halves(wide);
        self.word(low);
        self.word(high);
    }
}

impl Hasher for KeyedHash {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        // The length takes part, so that a value and the same value padded with zeros differ.
        self.word(u64::from_le_bytes(last));
        self.word(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    fn write_u64(&mut self, word: u64) {
        self.word(word);
    }

    fn finish(&self) -> u64 {
        fold(self.state ^ MULTIPLIER, self.key)
    }
}

fn halves(wide: u128) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = wide.to_le_bytes();
    [
        u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        u64::from_le_bytes([i, j, k, l, m, n, o, p]),
    ]
}

fn fold(a: u64, b: u64) -> u64 {
    let [low, high] = halves(u128::from(a).wrapping_mul(u128::from(b)));
    low ^ high
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn hash(seed: u64, words: &[u64]) -> u64 {
        let mut hash = KeyedHash::new(seed);
        for word in words {
            hash.word(*word);
        }
        hash.finish()
    }

    #[test]
    fn neighbouring_inputs_spread_over_the_low_bits() {
        let buckets: HashSet<u64> = (0..4096).map(|i| hash(7, &[i, 0]) & 0xfff).collect();
        // A random function fills 1 - 1/e of its buckets, 2,589 of 4,096.
        assert!(buckets.len() > 2_400, "{}", buckets.len());
        let wide: HashSet<u64> = (0..100_000).map(|i| hash(7, &[i << 40, i])).collect();
        assert_eq!(wide.len(), 100_000);
    }

    #[test]
    fn the_seed_changes_every_hash() {
        assert!((0..1000).all(|i| hash(1, &[i]) != hash(2, &[i])));
    }

    #[test]
    fn bytes_of_different_length_differ() {
        let of = |bytes: &[u8]| {
            let mut hash = KeyedHash::new(3);
            hash.write(bytes);
            hash.finish()
        };
        assert_ne!(of(b"ab"), of(b"ab\0"));
        assert_ne!(of(b""), of(b"\0"));
        assert_ne!(of(b"12345678"), of(b"12345678\0"));
    }
}
