//! Fixed-size table keys, and the keyed hash of each.

use std::hash::Hasher;
use std::net::IpAddr;

use auscult_dissect::{ConversationKey, OriginTag};
use auscult_proto::mac::Mac;
use auscult_proto::observation::{Endpoint, Subject};

use super::hash::KeyedHash;

/// An address pair within its realm, without padding between what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndpointKey {
    realm: u128,
    address: u128,
    mac: u64,
    family: u8,
}

impl EndpointKey {
    pub(super) fn new(realm: u128, endpoint: &Endpoint) -> Self {
        let (family, address) = ip_parts(endpoint.ip);
        Self {
            realm,
            address,
            mac: endpoint.mac.map_or(0, Mac::to_bits),
            family,
        }
    }

    pub(super) fn hash(&self, seed: u64) -> u64 {
        let mut hash = KeyedHash::new(seed);
        hash.wide(self.realm);
        hash.wide(self.address);
        hash.word((self.mac << 8) | u64::from(self.family));
        hash.finish()
    }

    /// The interface alone, of an endpoint that also has an address.
    pub(super) fn interface(&self) -> Option<Self> {
        (self.mac != 0 && self.family != 0).then_some(Self {
            address: 0,
            family: 0,
            ..*self
        })
    }

    pub(super) fn realm(&self) -> u128 {
        self.realm
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint {
            mac: Mac::from_bits(self.mac),
            ip: match self.family {
                4 => u32::try_from(self.address)
                    .ok()
                    .map(|v4| IpAddr::V4(v4.into())),
                6 => Some(IpAddr::V6(self.address.into())),
                _ => None,
            },
        }
    }
}

fn ip_parts(ip: Option<IpAddr>) -> (u8, u128) {
    match ip {
        None => (0, 0),
        Some(IpAddr::V4(v4)) => (4, u128::from(v4.to_bits())),
        Some(IpAddr::V6(v6)) => (6, v6.to_bits()),
    }
}

/// The whole of an origin tag in one word: 48 bits of VLANs, 2 of their count, 33 of VNI, 17 of ERSPAN session.
pub(super) fn realm(tag: &OriginTag) -> u128 {
    let [a, b, c] = tag.vlans;
    let mut packed = (u128::from(a) << 32) | (u128::from(b) << 16) | u128::from(c);
    packed |= u128::from(tag.vlan_count.min(3)) << 48;
    packed |= tag.vni.map_or(0, |vni| (1 << 32) | u128::from(vni)) << 50;
    packed
        | (tag
            .erspan_session
            .map_or(0, |session| (1 << 16) | u128::from(session))
            << 83)
}

/// The origin tag a realm was packed from.
pub(super) fn tag(realm: u128) -> OriginTag {
    let bits = |from: u32, width: u32| (realm >> from) & ((1_u128 << width) - 1);
    let vlan = |from| u16::try_from(bits(from, 16)).unwrap_or(0);
    OriginTag {
        vlans: [vlan(32), vlan(16), vlan(0)],
        vlan_count: u8::try_from(bits(48, 2)).unwrap_or(0),
        vni: (bits(82, 1) == 1).then(|| u32::try_from(bits(50, 32)).unwrap_or(0)),
        erspan_session: (bits(99, 1) == 1).then(|| u16::try_from(bits(83, 16)).unwrap_or(0)),
    }
}

pub(super) fn conversation(seed: u64, realm: u128, key: &ConversationKey) -> u64 {
    let mut hash = KeyedHash::new(seed);
    hash.wide(realm);
    endpoint(&mut hash, &key.client);
    endpoint(&mut hash, &key.server);
    hash.word((u64::from(key.ip_protocol) << 16) | u64::from(key.port));
    hash.finish()
}

pub(super) fn endpoint(hash: &mut KeyedHash, endpoint: &Endpoint) {
    let (family, address) = ip_parts(endpoint.ip);
    hash.wide(address);
    hash.word((endpoint.mac.map_or(0, Mac::to_bits) << 8) | u64::from(family));
}

pub(super) fn subject(hash: &mut KeyedHash, subject: &Subject) {
    match subject {
        Subject::Sender => hash.word(0),
        Subject::Endpoint(about) => {
            hash.word(1);
            endpoint(hash, about);
        }
        Subject::Key(key) => {
            hash.word(2);
            hash.write(key.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_origin_survives_packing(
            vlans: [u16; 3], vlan_count in 0_u8..=3, vni: Option<u32>, erspan_session: Option<u16>,
        ) {
            let origin = OriginTag { vlans, vlan_count, vni, erspan_session };
            prop_assert_eq!(tag(realm(&origin)), origin);
        }

        #[test]
        fn an_endpoint_survives_packing(bits in 1_u64..(1 << 48), ip: Option<IpAddr>) {
            let endpoint = Endpoint { mac: Mac::from_bits(bits), ip };
            prop_assert_eq!(EndpointKey::new(5, &endpoint).endpoint(), endpoint);
        }
    }
}
