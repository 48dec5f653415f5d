//! Identity of a flow, packed so that it hashes and compares in a few machine words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use auscult_proto::mac::Mac;

use crate::packet::OriginTag;

/// One end of a flow: the one whose address and port compare lower, or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The lower (address, port).
    Low,
    /// The higher.
    High,
}

impl Side {
    /// The other end.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// One value for each end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pair<T> {
    /// Of the lower end.
    pub(crate) low: T,
    /// Of the higher end.
    pub(crate) high: T,
}

impl<T> Pair<T> {
    pub(crate) const fn of(&self, side: Side) -> &T {
        match side {
            Side::Low => &self.low,
            Side::High => &self.high,
        }
    }

    pub(crate) const fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }
}

/// Address realm, protocol, addresses and ports of a flow, the same for both directions.
///
/// Words: low address (2), high address (2), VLANs and marks, tunnel identifiers and protocol, ports.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlowKey([u64; 7]);

impl PartialEq for FlowKey {
    /// Without branches: keys with equal hashes are nearly always equal.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let words = self.0.iter().zip(&other.0);
        words.fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
    }
}

impl Eq for FlowKey {}

const HAS_VNI: u64 = 1 << 56;
const HAS_ERSPAN: u64 = 1 << 57;
const IS_V6: u64 = 1 << 58;

impl FlowKey {
    /// The key of a packet's flow, and which end sent the packet.
    #[inline]
    pub(super) fn of(
        origin: &OriginTag,
        protocol: u8,
        src: (IpAddr, u16),
        dst: (IpAddr, u16),
    ) -> (Self, Side) {
        let (src_port, dst_port) = (u64::from(src.1), u64::from(dst.1));
        let (is_low, src_words, dst_words, is_v6) = match (src.0, dst.0) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let (from, to) = (u64::from(from.to_bits()), u64::from(to.to_bits()));
                let is_low = (from << 16 | src_port) <= (to << 16 | dst_port);
                (is_low, (0, from), (0, to), false)
            }
            (from, to) => {
                let (from, to) = (v6_bits(from), v6_bits(to));
                let is_low = (from, src_port) <= (to, dst_port);
                (is_low, halves(from), halves(to), true)
            }
        };
        // Selected word by word: the direction of the next packet cannot be predicted.
        let select = |if_low: u64, if_high: u64| if is_low { if_low } else { if_high };
        let low = (
            select(src_words.0, dst_words.0),
            select(src_words.1, dst_words.1),
        );
        let high = (
            select(dst_words.0, src_words.0),
            select(dst_words.1, src_words.1),
        );
        let ports = select(src_port << 16 | dst_port, dst_port << 16 | src_port);
        let side = if is_low { Side::Low } else { Side::High };
        let [outer, middle, inner] = origin.vlans.map(u64::from);
        let marks = outer
            | middle << 16
            | inner << 32
            | u64::from(origin.vlan_count) << 48
            | origin.vni.map_or(0, |_| HAS_VNI)
            | origin.erspan_session.map_or(0, |_| HAS_ERSPAN)
            | if is_v6 { IS_V6 } else { 0 };
        let tunnel = u64::from(origin.vni.unwrap_or(0))
            | u64::from(origin.erspan_session.unwrap_or(0)) << 32
            | u64::from(protocol) << 48;
        let key = Self([low.0, low.1, high.0, high.1, marks, tunnel, ports]);
        (key, side)
    }

    /// The key of this IPv4 flow for one interface alone: for an end whose address is 0.0.0.0, which many share.
    pub(super) fn apart(self, side: Side, mac: Mac) -> Self {
        let Self([low_a, low_b, high_a, high_b, marks, tunnel, ports]) = self;
        // IPv4 addresses leave the first word of each end empty.
        let (low_a, high_a) = match side {
            Side::Low => (mac.to_bits(), high_a),
            Side::High => (low_a, mac.to_bits()),
        };
        Self([low_a, low_b, high_a, high_b, marks, tunnel, ports])
    }

    /// The realm of the addresses.
    pub(super) fn origin(&self) -> OriginTag {
        let [_, _, _, _, marks, tunnel, _] = self.0;
        OriginTag {
            vlans: [low16(marks), low16(marks >> 16), low16(marks >> 32)],
            vlan_count: low8(marks >> 48),
            vni: (marks & HAS_VNI != 0).then_some(low32(tunnel)),
            erspan_session: (marks & HAS_ERSPAN != 0).then_some(low16(tunnel >> 32)),
        }
    }

    /// IP protocol number.
    pub(super) fn protocol(&self) -> u8 {
        let [_, _, _, _, _, tunnel, _] = self.0;
        low8(tunnel >> 48)
    }

    /// Address of one end.
    pub(super) fn ip(&self, side: Side) -> IpAddr {
        let [low_a, low_b, high_a, high_b, marks, _, _] = self.0;
        let (a, b) = match side {
            Side::Low => (low_a, low_b),
            Side::High => (high_a, high_b),
        };
        if marks & IS_V6 == 0 {
            IpAddr::V4(Ipv4Addr::from_bits(low32(b)))
        } else {
            IpAddr::V6(Ipv6Addr::from_bits(u128::from(a) << 64 | u128::from(b)))
        }
    }

    /// Port of one end.
    pub(super) fn port(&self, side: Side) -> u16 {
        let [_, _, _, _, _, _, ports] = self.0;
        match side {
            Side::Low => low16(ports >> 16),
            Side::High => low16(ports),
        }
    }
}

/// Hashes keys so that who does not know the seed cannot choose flows that collide.
#[derive(Clone)]
pub(super) struct KeyHash {
    secret: [u64; 8],
}

impl KeyHash {
    /// Spreads the seed over the words that are mixed in (SplitMix64).
    pub(super) fn new(seed: u64) -> Self {
        let mut state = seed;
        let secret = [(); 8].map(|()| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ mixed >> 31
        });
        Self { secret }
    }

    /// 32 bits of which all are used, the low ones as the place in the index.
    #[inline]
    pub(super) fn of(&self, key: &FlowKey) -> u32 {
        let [a, b, c, d, e, f, g] = key.0;
        let [k0, k1, k2, k3, k4, k5, k6, k7] = self.secret;
        let low = multiply_fold(a ^ k0, b ^ k1);
        let high = multiply_fold(c ^ k2, d ^ k3);
        let rest = multiply_fold(e ^ k4, f ^ g.rotate_left(16) ^ k5);
        let all = multiply_fold(low ^ high.rotate_left(32) ^ k6, rest ^ k7);
        low32(all ^ all >> 32)
    }

    /// The same for a short text.
    pub(super) fn of_bytes(&self, bytes: &[u8]) -> u32 {
        let [k0, k1, k2, ..] = self.secret;
        let mut all = k0 ^ u64::try_from(bytes.len()).unwrap_or(0);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            all = multiply_fold(all ^ k1, u64::from_le_bytes(word) ^ k2);
        }
        low32(all ^ all >> 32)
    }
}

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// Both halves of the 128-bit product, exclusive-ored.
#[inline]
fn multiply_fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    let (high, low) = halves(product);
    high ^ low
}

/// The packets of one flow have addresses of one family; a mixed pair, which no IP packet has, is taken as IPv6.
fn v6_bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

#[inline]
fn halves(wide: u128) -> (u64, u64) {
    // Both are in range by construction; the compiler drops the checks.
    (
        u64::try_from(wide >> 64).unwrap_or(0),
        u64::try_from(wide & u128::from(u64::MAX)).unwrap_or(0),
    )
}

#[inline]
fn low32(word: u64) -> u32 {
    u32::try_from(word & 0xffff_ffff).unwrap_or(0)
}

#[inline]
fn low16(word: u64) -> u16 {
    u16::try_from(word & 0xffff).unwrap_or(0)
}

#[inline]
fn low8(word: u64) -> u8 {
    u8::try_from(word & 0xff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_ip() -> impl Strategy<Value = (IpAddr, IpAddr)> {
        prop_oneof![
            any::<(u32, u32)>().prop_map(|(a, b)| (
                IpAddr::V4(Ipv4Addr::from_bits(a)),
                IpAddr::V4(Ipv4Addr::from_bits(b))
            )),
            any::<(u128, u128)>().prop_map(|(a, b)| (
                IpAddr::V6(Ipv6Addr::from_bits(a)),
                IpAddr::V6(Ipv6Addr::from_bits(b))
            )),
        ]
    }

    fn any_origin() -> impl Strategy<Value = OriginTag> {
        any::<([u16; 3], u8, Option<u32>, Option<u16>)>().prop_map(
            |(vlans, vlan_count, vni, erspan_session)| OriginTag {
                vlans,
                vlan_count,
                vni,
                erspan_session,
            },
        )
    }

    proptest! {
        #[test]
        fn a_key_gives_back_what_it_was_made_of_and_is_the_same_in_both_directions(
            (src, dst) in any_ip(), ports in any::<(u16, u16)>(), protocol in any::<u8>(), origin in any_origin(),
        ) {
            let (key, side) = FlowKey::of(&origin, protocol, (src, ports.0), (dst, ports.1));
            prop_assert_eq!(key.origin(), origin);
            prop_assert_eq!(key.protocol(), protocol);
            prop_assert_eq!((key.ip(side), key.port(side)), (src, ports.0));
            prop_assert_eq!((key.ip(side.other()), key.port(side.other())), (dst, ports.1));
            let (back, other) = FlowKey::of(&origin, protocol, (dst, ports.1), (src, ports.0));
            prop_assert_eq!(back, key);
            if (src, ports.0) != (dst, ports.1) {
                prop_assert_eq!(other, side.other());
            }
        }
    }

    #[test]
    fn two_interfaces_without_an_address_are_two_flows_with_the_same_addresses() {
        let nobody = (Ipv4Addr::UNSPECIFIED.into(), 68);
        let (key, side) = FlowKey::of(
            &OriginTag::default(),
            17,
            nobody,
            (Ipv4Addr::BROADCAST.into(), 67),
        );
        let (one, other) = (
            key.apart(side, Mac([2, 0, 0, 0, 0, 1])),
            key.apart(side, Mac([2, 0, 0, 0, 0, 2])),
        );
        assert_ne!(one, other);
        assert_eq!((one.ip(side), one.port(side)), nobody);
        assert_eq!(one.ip(side.other()), IpAddr::V4(Ipv4Addr::BROADCAST));
    }

    #[test]
    fn an_ipv4_address_and_its_mapped_form_are_different_flows() {
        let origin = OriginTag::default();
        let four = Ipv4Addr::new(10, 0, 0, 1);
        let (a, _) = FlowKey::of(&origin, 6, (four.into(), 1), (four.into(), 2));
        let six = four.to_ipv6_mapped();
        let (b, _) = FlowKey::of(&origin, 6, (six.into(), 1), (six.into(), 2));
        assert_ne!(a, b);
    }

    #[test]
    fn neighbouring_flows_spread_and_another_seed_spreads_them_otherwise() {
        let origin = OriginTag::default();
        let server = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 443);
        let keys: Vec<FlowKey> = (0..20_000_u32)
            .map(|n| {
                let client = IpAddr::V4(Ipv4Addr::from_bits(0x0a01_0000 + n / 7));
                let port = u16::try_from(1024 + n % 7).unwrap();
                FlowKey::of(&origin, 6, (client, port), server).0
            })
            .collect();
        let fullest = |seed| {
            let hash = KeyHash::new(seed);
            let mut buckets = vec![0_u32; 1 << 15];
            for key in &keys {
                buckets[usize::try_from(hash.of(key)).unwrap() & 0x7fff] += 1;
            }
            *buckets.iter().max().unwrap()
        };
        assert!(fullest(1) <= 10, "{}", fullest(1));
        assert!(fullest(2) <= 10, "{}", fullest(2));
        assert_ne!(KeyHash::new(1).of(&keys[0]), KeyHash::new(2).of(&keys[0]));
    }
}
