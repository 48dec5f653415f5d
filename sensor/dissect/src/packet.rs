//! A frame as captured, and the innermost packet found in it.

use std::net::IpAddr;

use auscult_proto::mac::Mac;

/// What the capture says about a frame, besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameMeta {
    /// 1 for the first frame of a capture.
    pub number: u64,
    /// Capture time, epoch nanoseconds.
    pub time_ns: i64,
    /// libpcap link-layer type (`DLT_*` as libpcap reports it for the handle).
    pub link_type: i32,
    /// Bytes on the wire; at least the bytes captured.
    pub wire_len: u32,
}

/// Where in a trunk or tunnel a packet was found: part of its address realm. Small, `Copy` and hashable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginTag {
    /// 802.1Q/ad identifiers, outermost first; only the first `vlan_count` count.
    pub vlans: [u16; 3],
    /// How many of `vlans` are set.
    pub vlan_count: u8,
    /// VXLAN or GENEVE network identifier.
    pub vni: Option<u32>,
    /// ERSPAN session.
    pub erspan_session: Option<u16>,
}

impl OriginTag {
    /// The identifiers that are set.
    #[must_use]
    pub fn vlans(&self) -> &[u16] {
        self.vlans
            .get(..usize::from(self.vlan_count))
            .unwrap_or(&self.vlans)
    }
}

/// The innermost packet of a frame after all encapsulations were peeled and IP fragments joined.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// The frame it came in; of a joined datagram the last one, with the wire length of all of them.
    pub meta: FrameMeta,
    /// Realm of its addresses.
    pub origin: OriginTag,
    /// Innermost link-layer source; `None` where the innermost layer has no MAC (raw IP, tunnels of IP).
    pub src_mac: Option<Mac>,
    /// Innermost link-layer destination.
    pub dst_mac: Option<Mac>,
    /// What it carries.
    pub network: Network<'a>,
    /// The capture cut the frame short.
    pub truncated: bool,
}

/// The network layer of a packet.
#[derive(Debug, Clone, Copy)]
pub enum Network<'a> {
    /// IPv4 or IPv6.
    Ip(IpPacket<'a>),
    /// Ethernet II with another ethertype (ARP, LLDP, ...).
    Ethertype {
        /// The ethertype.
        ethertype: u16,
        /// What follows it.
        payload: &'a [u8],
    },
    /// IEEE 802.2 LLC (STP), or SNAP with its OUI and protocol id (CDP).
    Llc {
        /// Destination service access point.
        dsap: u8,
        /// SNAP OUI and protocol id, when the SAPs are AA AA.
        snap: Option<([u8; 3], u16)>,
        /// What follows the LLC (and SNAP) header.
        payload: &'a [u8],
    },
}

/// An IP packet with its transport header located.
#[derive(Debug, Clone, Copy)]
pub struct IpPacket<'a> {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Upper-layer protocol number after all IPv6 extension headers.
    pub protocol: u8,
    /// The transport layer.
    pub transport: Transport<'a>,
}

/// The transport layer of an IP packet.
#[derive(Debug, Clone, Copy)]
pub enum Transport<'a> {
    /// TCP.
    Tcp(TcpSegment<'a>),
    /// UDP.
    Udp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
        /// Datagram payload, as far as captured.
        payload: &'a [u8],
    },
    /// Anything else (ICMPv6 and so on), or a later fragment that could not be joined: the bytes after the IP header.
    Other(&'a [u8]),
}

/// One TCP segment.
#[derive(Debug, Clone, Copy)]
pub struct TcpSegment<'a> {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// The eight flag bits (CWR ECE URG ACK PSH RST SYN FIN).
    pub flags: u8,
    /// Payload as far as captured.
    pub payload: &'a [u8],
    /// Payload bytes that were on the wire but not captured.
    pub missing: u32,
}
