//! From a captured frame to the innermost packet: one loop, no allocation, bounded depth.
//!
//! Every layer is a function that reads its header and says what follows. A tunnel whose content cannot be a packet is left
//! closed: then the carrying packet is the innermost one.

use auscult_proto::mac::Mac;

use crate::emit::is_interface;
use crate::packet::{Network, OriginTag};

mod dot11;
mod ip;
mod link;
mod plain;
mod tunnel;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use ip::protocol;
pub(crate) use plain::plain;
pub(crate) use tunnel::gre_payload;

/// Most tags, label stacks and tunnels opened in one frame.
pub const LAYERS: u8 = 8;
/// Most of them that may be tunnels (a packet within a packet).
pub const TUNNELS: u8 = 4;

/// Why no packet was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    LinkType,
    Short,
    Malformed,
    TooDeep,
    Encrypted,
    NoPacket,
}

/// What a frame holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    /// A whole packet (as far as captured).
    Packet(Network<'a>),
    /// A piece of one.
    Fragment(Fragment<'a>),
}

/// A piece of an IP datagram, captured whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment<'a> {
    /// The IP header's addresses, hop limit and upper-layer protocol.
    pub(crate) header: IpHeader,
    /// Identification.
    pub(crate) id: u32,
    /// Place in the datagram, bytes.
    pub(crate) offset: u32,
    /// Others follow.
    pub(crate) more: bool,
    /// The bytes.
    pub(crate) data: &'a [u8],
}

/// What is kept of an IP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IpHeader {
    pub(crate) src: std::net::IpAddr,
    pub(crate) dst: std::net::IpAddr,
    pub(crate) ttl: u8,
    pub(crate) protocol: u8,
}

/// What the bytes at hand are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Ethernet,
    Ethertype(u16),
    Llc,
    Mpls,
    Ppp,
    /// IPv4 or IPv6, as the first four bits say.
    Ip,
    Ipv4,
    Ipv6,
    Dot11,
}

/// What a layer found out.
enum Step<'a> {
    /// This follows.
    Next(Layer, &'a [u8]),
    /// The end.
    Reached(Content<'a>),
}

type Opened<'a> = Result<Step<'a>, Reason>;

/// What was learned on the way down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// Realm of the innermost addresses.
    pub(crate) origin: OriginTag,
    /// Innermost link-layer source; never a group or zero address.
    pub(crate) src_mac: Option<Mac>,
    /// Innermost link-layer destination.
    pub(crate) dst_mac: Option<Mac>,
    /// Bytes are missing that a header promises.
    pub(crate) truncated: bool,
    /// Tags beyond those kept.
    pub(crate) tags_skipped: u8,
    /// A tunnel was left closed because of the bounds.
    pub(crate) too_deep: bool,
    layers: u8,
    tunnels: u8,
}

/// Finds the innermost packet of a captured frame.
#[inline]
pub(crate) fn frame(
    link_type: i32,
    wire_len: u32,
    bytes: &[u8],
) -> (Way, Result<Content<'_>, Reason>) {
    let mut way = Way {
        origin: OriginTag::default(),
        src_mac: None,
        dst_mac: None,
        truncated: usize::try_from(wire_len).is_ok_and(|wire| wire > bytes.len()),
        tags_skipped: 0,
        too_deep: false,
        layers: 0,
        tunnels: 0,
    };
    let content = match way.begin(link_type, bytes) {
        Ok((layer, rest)) => way.descend(layer, rest),
        Err(reason) => Err(reason),
    };
    (way, content)
}

impl Way {
    /// Goes on with a datagram that was joined of fragments.
    pub(crate) fn resume(
        self,
        header: IpHeader,
        bytes: &[u8],
    ) -> (Self, Result<Content<'_>, Reason>) {
        // What was cut or passed over on the way here is counted; a joined datagram is whole.
        let mut way = Self {
            truncated: false,
            tags_skipped: 0,
            too_deep: false,
            ..self
        };
        let content = match way.upper(header, bytes, 0) {
            Ok(Step::Next(layer, rest)) => way.descend(layer, rest),
            Ok(Step::Reached(content)) => Ok(content),
            Err(reason) => Err(reason),
        };
        (way, content)
    }

    #[inline]
    fn descend<'a>(&mut self, layer: Layer, bytes: &'a [u8]) -> Result<Content<'a>, Reason> {
        let (mut layer, mut bytes) = (layer, bytes);
        loop {
            let step = match layer {
                Layer::Ethernet => self.ethernet(bytes),
                Layer::Ipv4 => self.ipv4(bytes),
                Layer::Ipv6 => self.ipv6(bytes),
                Layer::Ethertype(ethertype) => self.ethertype(ethertype, bytes),
                Layer::Llc => self.llc(bytes),
                Layer::Mpls => self.mpls(bytes),
                Layer::Ppp => link::ppp(bytes),
                Layer::Ip => ip::by_version(bytes),
                Layer::Dot11 => self.dot11(bytes),
            };
            match step? {
                Step::Next(next, rest) => (layer, bytes) = (next, rest),
                Step::Reached(content) => return Ok(content),
            }
        }
    }

    /// Accounts for a tag or label stack.
    fn enter(&mut self) -> Result<(), Reason> {
        self.layers = self.layers.saturating_add(1);
        if self.layers > LAYERS {
            return Err(Reason::TooDeep);
        }
        Ok(())
    }

    /// Accounts for a packet within a packet; `false` where it must stay closed.
    fn enter_tunnel(&mut self) -> bool {
        if self.tunnels >= TUNNELS || self.layers >= LAYERS {
            self.too_deep = true;
            return false;
        }
        self.tunnels = self.tunnels.saturating_add(1);
        self.layers = self.layers.saturating_add(1);
        self.src_mac = None;
        self.dst_mac = None;
        true
    }

    #[inline]
    fn addresses(&mut self, dst: [u8; 6], src: [u8; 6]) {
        self.dst_mac = Some(Mac(dst));
        self.src_mac = Some(Mac(src)).filter(|mac| is_interface(*mac));
    }
}
