//! How long to wait before the next attempt.

/// Exponential with equal jitter, bounded; the randomness comes from the seed only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backoff {
    min_ms: u64,
    max_ms: u64,
    attempts: u32,
    random: u64,
}

impl Backoff {
    /// From `min_ms` doubling up to `max_ms`.
    #[must_use]
    pub(crate) fn new(min_ms: u64, max_ms: u64, seed: u64) -> Self {
        Self {
            min_ms: min_ms.max(1),
            max_ms: max_ms.max(min_ms).max(1),
            attempts: 0,
            random: seed,
        }
    }

    /// The next wait: between half and the whole of the current step.
    pub(crate) fn next(&mut self) -> u64 {
        let step = 1_u64
            .checked_shl(self.attempts.min(32))
            .unwrap_or(u64::MAX)
            .saturating_mul(self.min_ms)
            .min(self.max_ms);
        self.attempts = self.attempts.saturating_add(1);
        let half = step.div_euclid(2);
        half.saturating_add(self.jitter(step.saturating_sub(half)))
    }

    /// The failure needs somebody to act: wait as after several attempts.
    pub(crate) fn be_patient(&mut self) {
        self.attempts = self.attempts.max(4);
    }

    /// The last attempt was a success.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// 0 to `bound` inclusive (splitmix64).
    pub(crate) fn jitter(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        z.checked_rem(bound.saturating_add(1)).unwrap_or(z)
    }
}
