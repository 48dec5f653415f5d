//! The only source of chance: xoshiro256** seeded by splitmix64, so that a seed means the same bytes on every machine and version.

/// A seeded stream of numbers (xoshiro256**, Blackman and Vigna 2018, "Scrambled linear pseudorandom number generators").
///
/// It is written out here because the streams of public crates may change between versions, and then every capture would.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream of a seed; the state is filled by splitmix64, as the authors of xoshiro ask.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut x = seed;
        let state = [(); 4].map(|()| {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        });
        Self { state }
    }

    /// A stream of its own for one purpose: what one device draws does not move what the next one draws.
    #[must_use]
    pub fn fork(&self, purpose: &str) -> Self {
        let label = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        Self::new(self.state[0] ^ self.state[3].rotate_left(17) ^ label)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
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

    /// The next 32 bits (the better, upper half).
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// The next 16 bits.
    pub fn next_u16(&mut self) -> u16 {
        (self.next_u64() >> 48) as u16
    }

    /// A number below `bound` (multiply and shift: the bias is below 2^-32 for the small bounds used here). 0 when `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number below `bound`, for times.
    pub fn below_u64(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True in `per_million` of a million draws.
    pub fn chance(&mut self, per_million: u32) -> bool {
        per_million > 0 && self.below(1_000_000) < per_million
    }

    /// Fills `target` with bytes.
    pub fn fill(&mut self, target: &mut [u8]) {
        for chunk in target.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }

    /// An array of bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_is_the_published_one() {
        // The reference C code (prng.di.unimi.it) with the state 1, 2, 3, 4.
        let mut random = Random {
            state: [1, 2, 3, 4],
        };
        let drawn = [(); 4].map(|()| random.next_u64());
        assert_eq!(
            drawn,
            [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240],
            "xoshiro256** from the reference state"
        );
    }

    #[test]
    fn forks_are_independent_of_what_the_parent_draws_later() {
        let parent = Random::new(7);
        let mut a = parent.fork("a");
        let mut again = parent.fork("a");
        let mut b = parent.fork("b");
        assert_eq!(a.next_u64(), again.next_u64());
        assert_ne!(a.next_u64(), b.next_u64());
    }
}
