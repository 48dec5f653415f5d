//! Coins of engine B: the same key falls the same way in the same world, whatever else is in the site.

/// Resolution of a coin: 53 bits, so that probability 1 always falls and 0 never does.
const BITS: u32 = 53;

/// A 64-bit mix with full avalanche (the finaliser of SplitMix64, Steele, Lea and Flood 2014).
pub(crate) const fn mix(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Key of a name: FNV-1a, mixed. `kind` keeps names of different things apart.
pub(crate) fn key(kind: u64, name: &str) -> u64 {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64 ^ kind, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    mix(hash)
}

/// Key of an ordered pair of keys.
pub(crate) const fn join(a: u64, b: u64) -> u64 {
    mix(a ^ b.rotate_left(31).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The salt of a world.
pub(crate) fn world(number: u32) -> u64 {
    mix(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
}

/// A probability as a bound for [`falls`].
pub(crate) fn bound(probability: f64) -> u64 {
    (probability.clamp(0.0, 1.0) * (1_u64 << BITS) as f64) as u64
}

/// Whether the coin `key` falls in the world with `salt`: true with the probability that `bound` stands for.
pub(crate) const fn falls(key: u64, salt: u64, bound: u64) -> bool {
    mix(key ^ salt) >> (64 - BITS) < bound
}

/// A uniform number in (0, 1) for `key` in the world with `salt`.
pub(crate) fn uniform(key: u64, salt: u64) -> f64 {
    ((mix(key ^ salt) >> (64 - BITS)) as f64 + 0.5) / (1_u64 << BITS) as f64
}

/// Kinds of keys.
pub(crate) mod kind {
    pub(crate) const DEVICE: u64 = 1;
    pub(crate) const SERVICE: u64 = 2;
    pub(crate) const WEAKNESS: u64 = 3;
    pub(crate) const SEGMENT: u64 = 4;
    pub(crate) const ACT: u64 = 5;
    pub(crate) const ENTRY: u64 = 6;
    pub(crate) const SCAN: u64 = 7;
    pub(crate) const CROSS: u64 = 8;
    pub(crate) const ROAM: u64 = 9;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_keep_their_odds_and_extremes() {
        for (probability, expected) in [(0.0, 0), (1.0, 100_000)] {
            let count = (0..100_000)
                .filter(|n| falls(key(1, "a"), world(*n), bound(probability)))
                .count();
            assert_eq!(count, expected);
        }
        let count = (0..100_000)
            .filter(|n| falls(key(1, "a"), world(*n), bound(0.1)))
            .count() as f64;
        // Five standard deviations of a binomial.
        assert!(
            (count - 10_000.0).abs() < 5.0 * (9_000.0_f64).sqrt(),
            "{count}"
        );
    }
}
