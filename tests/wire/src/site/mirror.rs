//! How a site's frames come to its sensor.

use std::net::Ipv4Addr;

use crate::address::Mac;
use crate::calendar::{MICROSECOND, Nanos};
use crate::tap::{Link, Tag};
use crate::tunnel::{Tunnel, TunnelEnds};

/// The mirror of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mirror {
    /// A SPAN port: frames with the tag of their VLAN.
    #[default]
    Tagged,
    /// The same behind a provider's or campus' tag (QinQ, IEEE 802.1ad).
    Stacked,
    /// A SPAN of both ports of every conversation: each frame comes twice.
    Doubled,
    /// A remote switch's ERSPAN session of type II.
    Erspan,
    /// One of type III.
    ErspanThree,
    /// A virtual switch: VXLAN around untagged frames, one network identifier a segment.
    Vxlan,
}

/// Outer tag of [`Mirror::Stacked`].
const OUTER: u16 = 900;
/// When the second copy comes.
const AGAIN: Nanos = 3_500;

const ENDS: TunnelEnds = TunnelEnds {
    from_mac: Mac([0x00, 0x1b, 0x54, 0x10, 0x00, 0x07]),
    to_mac: Mac([0x02, 0x42, 0xac, 0x11, 0x00, 0x02]),
    from: Ipv4Addr::new(172, 16, 0, 7),
    to: Ipv4Addr::new(172, 16, 0, 200),
};

impl Mirror {
    /// All of them, with their words on a command line.
    pub const ALL: [(&'static str, Self); 6] = [
        ("tagged", Self::Tagged),
        ("qinq", Self::Stacked),
        ("doubled", Self::Doubled),
        ("erspan", Self::Erspan),
        ("erspan3", Self::ErspanThree),
        ("vxlan", Self::Vxlan),
    ];

    /// How an exchange in a VLAN is seen that begins `since` the hour did.
    pub(super) fn link(self, vlan: u16, since: Nanos) -> Link {
        let tags = vec![Tag::c(vlan)];
        let tunnel = |tunnel: Tunnel| Some(tunnel.beginning((since / MICROSECOND) as u32));
        match self {
            Self::Tagged => Link {
                tags,
                ..Link::default()
            },
            Self::Stacked => Link {
                tags: [vec![Tag::s(OUTER)], tags].concat(),
                ..Link::default()
            },
            Self::Doubled => Link {
                tags,
                copies: vec![AGAIN],
                ..Link::default()
            },
            Self::Erspan => Link {
                tags,
                tunnel: tunnel(Tunnel::erspan(ENDS, 42, 1_031)),
                ..Link::default()
            },
            Self::ErspanThree => Link {
                tags,
                tunnel: tunnel(Tunnel::erspan_three(ENDS, 77, 5)),
                ..Link::default()
            },
            Self::Vxlan => Link {
                tunnel: Some(Tunnel::vxlan(ENDS, u32::from(vlan), 51_717)),
                ..Link::default()
            },
        }
    }
}
