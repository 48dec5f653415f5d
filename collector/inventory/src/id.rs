//! Identifiers of entities: derived from content, so that a replay gives the same ones.

use std::fmt;

use auscult_proto::ids::SiteId;
use auscult_proto::mac::Mac;
use uuid::Uuid;

/// Namespace of every identifier auscult derives: UUIDv5 of the URL namespace and this project's URN.
const NAMESPACE: Uuid = Uuid::from_u128(0x5f0c_6a4d_31c2_5e0b_9d37_0c6f_6d6c_a1e5);

macro_rules! entity_id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Uuid);

        impl $type {
            /// The 16 bytes of the UUID.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// From the 16 bytes of the UUID.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $type {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

entity_id!(
    /// A device: UUIDv5 of the site's namespace and the strongest identifier at creation.
    DeviceId
);
entity_id!(
    /// A conversation: UUIDv5 of the site's namespace, its addresses and its beginning.
    ConversationId
);

/// Makes the identifiers of one site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names(Uuid);

impl Names {
    pub(crate) fn new(site: &SiteId) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, site.as_str().as_bytes()))
    }

    pub(crate) fn device(self, identifier: &str) -> DeviceId {
        DeviceId(Uuid::new_v5(&self.0, identifier.as_bytes()))
    }

    pub(crate) fn conversation(self, text: &str) -> ConversationId {
        ConversationId(Uuid::new_v5(&self.0, text.as_bytes()))
    }
}

/// What tells one device from another, besides its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Identifier {
    /// An EUI-64 the device (or somebody about it) states.
    Eui64([u8; 8]),
    /// The interface address inside a DHCP unique identifier (RFC 8415 DUID-LLT and DUID-LL).
    DuidMac(Mac),
}
