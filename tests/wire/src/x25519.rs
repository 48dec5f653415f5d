//! X25519 (RFC 7748) with a chosen private key.
//!
//! ring makes its own ephemeral keys from the system's randomness, so a handshake with it differs every time. This one takes the key from
//! the seed. It is plain and not constant-time, which a generator of captures does not need.

/// A field element modulo 2^255 - 19 in five limbs of 51 bits.
#[derive(Clone, Copy)]
struct Element([u64; 5]);

const MASK: u64 = (1 << 51) - 1;

impl Element {
    const ONE: Self = Self([1, 0, 0, 0, 0]);
    const ZERO: Self = Self([0; 5]);

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut words = [0_u64; 4];
        for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*chunk);
        }
        let [a, b, c, d] = words;
        Self([
            a & MASK,
            (a >> 51 | b << 13) & MASK,
            (b >> 38 | c << 26) & MASK,
            (c >> 25 | d << 39) & MASK,
            d >> 12 & MASK, // RFC 7748 §5: the top bit is ignored
        ])
    }

    fn to_bytes(self) -> [u8; 32] {
        // Twice carried, then the modulus is subtracted if the value is not below it.
        let mut limbs = self.carried().carried().0;
        let mut quotient = (limbs[0] + 19) >> 51;
        for limb in &limbs[1..] {
            quotient = (limb + quotient) >> 51;
        }
        limbs[0] += 19 * quotient;
        for index in 0..4 {
            limbs[index + 1] += limbs[index] >> 51;
            limbs[index] &= MASK;
        }
        limbs[4] &= MASK;
        let [a, b, c, d, e] = limbs;
        let words = [
            a | b << 51,
            b >> 13 | c << 38,
            c >> 26 | d << 25,
            d >> 39 | e << 12,
        ];
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *chunk = word.to_le_bytes();
        }
        bytes
    }

    fn carried(self) -> Self {
        let mut limbs = self.0;
        for index in 0..4 {
            limbs[index + 1] += limbs[index] >> 51;
            limbs[index] &= MASK;
        }
        limbs[0] += 19 * (limbs[4] >> 51);
        limbs[4] &= MASK;
        Self(limbs)
    }

    fn plus(self, other: Self) -> Self {
        let mut limbs = self.0;
        for (limb, other) in limbs.iter_mut().zip(other.0) {
            *limb += other;
        }
        Self(limbs).carried()
    }

    fn minus(self, other: Self) -> Self {
        // Four times the modulus is added so that no limb goes below zero.
        const FOUR_P: [u64; 5] = [(MASK - 18) * 4, MASK * 4, MASK * 4, MASK * 4, MASK * 4];
        let mut limbs = self.0;
        for index in 0..5 {
            limbs[index] = limbs[index] + FOUR_P[index] - other.0[index];
        }
        Self(limbs).carried()
    }

    fn times(self, other: Self) -> Self {
        let mut sums = [0_u128; 5];
        for (i, a) in self.0.iter().enumerate() {
            for (j, b) in other.0.iter().enumerate() {
                let product = u128::from(*a) * u128::from(*b);
                if i + j < 5 {
                    sums[i + j] += product;
                } else {
                    sums[i + j - 5] += product * 19;
                }
            }
        }
        let mut limbs = [0_u64; 5];
        let mut carry = 0_u128;
        for (limb, sum) in limbs.iter_mut().zip(sums) {
            let total = sum + carry;
            *limb = (total as u64) & MASK;
            carry = total >> 51;
        }
        limbs[0] += (carry as u64) * 19;
        Self(limbs).carried()
    }

    fn squared(self, times: u32) -> Self {
        (0..times).fold(self, |value, _| value.times(value))
    }

    /// The inverse, as the power p - 2.
    fn inverted(self) -> Self {
        let two = self.squared(1);
        let nine = two.squared(2).times(self);
        let eleven = nine.times(two);
        let five = eleven.squared(1).times(nine);
        let ten = five.squared(5).times(five);
        let twenty = ten.squared(10).times(ten);
        let forty = twenty.squared(20).times(twenty);
        let fifty = forty.squared(10).times(ten);
        let hundred = fifty.squared(50).times(fifty);
        let two_hundred = hundred.squared(100).times(hundred);
        let most = two_hundred.squared(50).times(fifty);
        most.squared(5).times(eleven)
    }
}

/// The base point.
const BASE: [u8; 32] = {
    let mut base = [0; 32];
    base[0] = 9;
    base
};

/// Multiplies the point with coordinate `u` by the (clamped) scalar: the ladder of RFC 7748 §5.
#[must_use]
pub fn multiply(scalar: [u8; 32], u: &[u8; 32]) -> [u8; 32] {
    let mut k = scalar;
    k[0] &= 248;
    k[31] = (k[31] & 127) | 64;
    let x1 = Element::from_bytes(u);
    let (mut x2, mut z2) = (Element::ONE, Element::ZERO);
    let (mut x3, mut z3) = (x1, Element::ONE);
    let mut swapped = false;
    for bit in (0..255).rev() {
        let one = k[bit / 8] >> (bit % 8) & 1 == 1;
        if swapped != one {
            std::mem::swap(&mut x2, &mut x3);
            std::mem::swap(&mut z2, &mut z3);
        }
        swapped = one;
        let a = x2.plus(z2);
        let aa = a.squared(1);
        let b = x2.minus(z2);
        let bb = b.squared(1);
        let e = aa.minus(bb);
        let c = x3.plus(z3);
        let d = x3.minus(z3);
        let da = d.times(a);
        let cb = c.times(b);
        x3 = da.plus(cb).squared(1);
        z3 = x1.times(da.minus(cb).squared(1));
        x2 = aa.times(bb);
        z2 = e.times(aa.plus(Element([121_665, 0, 0, 0, 0]).times(e)));
    }
    if swapped {
        std::mem::swap(&mut x2, &mut x3);
        std::mem::swap(&mut z2, &mut z3);
    }
    x2.times(z2.inverted()).to_bytes()
}

/// The public key of a private key.
#[must_use]
pub fn public_key(private: [u8; 32]) -> [u8; 32] {
    multiply(private, &BASE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = text
                .get(index * 2..index * 2 + 2)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                .expect("hexadecimal");
        }
        bytes
    }

    #[test]
    fn the_vectors_of_rfc_7748_come_out() {
        let out = multiply(
            hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
            &hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
        );
        assert_eq!(
            out,
            hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
        );
        let out = multiply(
            hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
            &hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
        );
        assert_eq!(
            out,
            hex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957")
        );
        let alice = hex("77076d0a7318a57d3c16c17251b26645a20c6c8d9a8ccb4a5e0a4e5e2b8a7d2a");
        let bob = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        assert_eq!(
            public_key(bob),
            hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        );
        assert_eq!(
            multiply(alice, &public_key(bob)),
            multiply(bob, &public_key(alice))
        );
    }

    #[test]
    fn a_thousand_iterations_agree_with_rfc_7748() {
        let (mut k, mut u) = (BASE, BASE);
        for _ in 0..1_000 {
            let next = multiply(k, &u);
            u = k;
            k = next;
        }
        assert_eq!(
            k,
            hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")
        );
    }
}
