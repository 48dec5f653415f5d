//! Seeded randomness: the same seed gives the same hospital, campaign and stream on every machine.
//!
//! The generator is xoshiro256** (Blackman and Vigna, 2018), its state filled by SplitMix64 from a 64-bit seed. Streams are separated
//! by *label*: every part of the model draws from `Random::of(seed, &["part", …])`, so that a new draw in one part moves nothing in
//! another.

/// One stream of pseudo-random numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: [u64; 4],
}

/// One step of SplitMix64: a bijection of 64 bits that scatters neighbouring inputs.
#[must_use]
pub const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a of a text, for labels and stable keys.
#[must_use]
pub const fn text_key(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

impl Random {
    /// The stream of a numeric key.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        let (a, b, c) = (mix(seed), mix(seed ^ 1), mix(seed ^ 2));
        Self {
            state: [a, b, c, mix(a ^ b ^ c) | 1],
        }
    }

    /// The stream of a seed and a path of labels.
    #[must_use]
    pub fn of(seed: u64, labels: &[&str]) -> Self {
        Self::new(
            labels
                .iter()
                .fold(mix(seed), |key, label| mix(key ^ text_key(label))),
        )
    }

    /// The stream of a seed, a label and a number.
    #[must_use]
    pub const fn numbered(seed: u64, label: &str, number: u64) -> Self {
        Self::new(mix(mix(mix(seed) ^ text_key(label)) ^ number))
    }

    /// Sixty-four uniform bits.
    pub const fn bits(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.state;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= t;
        *s3 = s3.rotate_left(45);
        result
    }

    /// Uniform in [0, 1).
    pub const fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// True with probability `p` (values outside 0..=1 are certain).
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform in `0..n`; 0 when `n` is 0. The bias of the multiply-shift method is below 2^-32 for every `n` used here.
    pub const fn below(&mut self, n: usize) -> usize {
        (((self.bits() >> 32) * n as u64) >> 32) as usize
    }

    /// Uniform in `low..high` (half open); `low` when the range is empty.
    pub const fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low))
    }

    /// One element, or `None` of an empty slice.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// An index drawn in proportion to `weights`; `None` when they sum to nothing.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> Option<usize> {
        let total: f64 = weights.clone().sum();
        if total <= 0.0 {
            return None;
        }
        let mut left = self.unit() * total;
        let mut last = None;
        for (index, weight) in weights.enumerate() {
            if weight > 0.0 {
                last = Some(index);
                if left < weight {
                    return last;
                }
                left -= weight;
            }
        }
        last
    }

    /// Standard normal (Box and Muller, one of the pair).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Log-normal with the given median and shape.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Poisson by multiplication (Knuth); meant for means below about 30.
    pub fn poisson(&mut self, mean: f64) -> usize {
        let floor = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > floor {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        let mut random = Random::of(1, &["a", "b"]);
        let first: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        let mut again = Random::of(1, &["a", "b"]);
        assert_eq!(first, (0..3).map(|_| again.bits()).collect::<Vec<_>>());
        assert_ne!(first[0], Random::of(1, &["a", "c"]).bits());
        assert_ne!(first[0], Random::of(2, &["a", "b"]).bits());
    }

    #[test]
    fn draws_have_the_moments_they_claim() {
        let mut random = Random::new(7);
        let n = 40_000;
        let mean = |f: &mut dyn FnMut() -> f64| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || random.unit()) - 0.5).abs() < 0.01);
        assert!(mean(&mut || random.normal()).abs() < 0.02);
        assert!((mean(&mut || random.normal().powi(2)) - 1.0).abs() < 0.05);
        assert!((mean(&mut || random.poisson(3.0) as f64) - 3.0).abs() < 0.05);
        assert!((mean(&mut || random.below(10) as f64) - 4.5).abs() < 0.05);
        let weights = [0.0, 1.0, 3.0];
        let twos = (0..n)
            .filter(|_| random.weighted(weights.iter().copied()) == Some(2))
            .count();
        assert!((twos as f64 / f64::from(n) - 0.75).abs() < 0.02);
    }
}
