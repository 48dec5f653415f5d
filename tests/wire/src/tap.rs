//! Where the frames are seen: VLANs, tunnels, copies; and the layers from Ethernet to UDP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::BufMut;

use crate::address::{Endpoint, Mac};
use crate::calendar::{MICROSECOND, Nanos};
use crate::canary::{Canary, Form};
use crate::checksum::Sum;
use crate::random::Random;
use crate::recording::{FrameId, Recording};
use crate::tunnel::Tunnel;

/// `EtherType` of IPv4.
pub const IPV4: u16 = 0x0800;
/// `EtherType` of ARP.
pub const ARP: u16 = 0x0806;
/// `EtherType` of IPv6.
pub const IPV6: u16 = 0x86dd;
/// IP protocol number of TCP.
pub const TCP: u8 = 6;
/// IP protocol number of UDP.
pub const UDP: u8 = 17;
/// IP protocol number of `ICMPv6`.
pub const ICMPV6: u8 = 58;
/// Largest IP packet on Ethernet.
const MTU: usize = 1_500;

/// An 802.1Q or 802.1ad tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// 0x8100 (C-tag) or 0x88a8 (S-tag).
    pub tpid: u16,
    /// VLAN identifier, 1 to 4094.
    pub vlan: u16,
    /// Priority code point, 0 to 7.
    pub priority: u8,
}

impl Tag {
    /// A customer tag (802.1Q).
    #[must_use]
    pub fn c(vlan: u16) -> Self {
        Self {
            tpid: 0x8100,
            vlan,
            priority: 0,
        }
    }

    /// A service tag (802.1ad).
    #[must_use]
    pub fn s(vlan: u16) -> Self {
        Self {
            tpid: 0x88a8,
            vlan,
            priority: 0,
        }
    }
}

/// How the mirror port sees a segment.
#[derive(Debug, Clone, Default)]
pub struct Link {
    /// Tags of every frame, outermost first.
    pub tags: Vec<Tag>,
    /// What carries the mirrored frames to the sensor, when it is not the cable itself.
    pub tunnel: Option<Tunnel>,
    /// Delays after which the same frame is seen again: one entry for a session mirrored at both of its ports.
    pub copies: Vec<Nanos>,
}

/// One device's or one conversation's view of a recording: a clock, a stream of chance and a link.
#[derive(Debug)]
pub struct Tap<'r> {
    /// Where the frames go.
    pub recording: &'r mut Recording,
    /// How they are seen.
    pub link: Link,
    /// Chance of this exchange alone.
    pub random: Random,
    /// Time of the next frame.
    pub now: Nanos,
}

impl<'r> Tap<'r> {
    /// A tap on a link, starting at `now`.
    pub fn new(recording: &'r mut Recording, link: Link, random: Random, now: Nanos) -> Self {
        Self {
            recording,
            link,
            random,
            now,
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, nanos: Nanos) {
        self.now += nanos;
    }

    /// Lets time pass: at least half of `nanos`, at most one and a half times.
    pub fn wait_about(&mut self, nanos: Nanos) {
        let half = nanos / 2;
        let draw = u64::from(self.random.next_u32());
        self.now += half + ((nanos * (draw >> 12)) >> 20);
    }

    /// The next client port of an address, one after the other as most stacks draw them, from 49,152 (RFC 6335 §6): two sessions of the
    /// same ends never have the same ports at a time.
    pub fn ephemeral_port(&mut self, client: &Endpoint) -> u16 {
        self.recording.next_port(client.ip)
    }

    /// Writes one Ethernet II frame with the tags and the tunnel of the link, padded to 60 octets as a switch sends it.
    pub fn ethernet(
        &mut self,
        at: Nanos,
        from: Mac,
        to: Mac,
        ethertype: u16,
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> FrameId {
        let Link {
            tags,
            tunnel,
            copies,
        } = &mut self.link;
        self.recording.append(at, copies, |out| {
            let outer = tunnel
                .as_mut()
                .map(|tunnel| (out.len(), tunnel.open(tags.first(), out)));
            let start = out.len();
            out.put_slice(&to.0);
            out.put_slice(&from.0);
            for tag in &*tags {
                out.put_u16(tag.tpid);
                out.put_u16(u16::from(tag.priority) << 13 | (tag.vlan & 0x0fff));
            }
            out.put_u16(ethertype);
            payload(out);
            let shortest = start + 60;
            if out.len() < shortest {
                out.resize(shortest, 0);
            }
            if let Some((outer, header)) = outer {
                header.close(outer, out);
            }
        })
    }

    /// Writes one 802.3 frame with an LLC/SNAP header (CDP): `organization` and `protocol` as in RFC 1042.
    pub fn snap(
        &mut self,
        from: Mac,
        to: Mac,
        organization: [u8; 3],
        protocol: u16,
        payload: &[u8],
    ) -> FrameId {
        let length = (8 + payload.len()) as u16;
        self.ethernet(self.now, from, to, length, |out| {
            out.put_slice(&[0xaa, 0xaa, 0x03]);
            out.put_slice(&organization);
            out.put_u16(protocol);
            out.put_slice(payload);
        })
    }

    /// Writes one IP packet; `payload` is complete with its checksum. It must fit the MTU.
    pub fn ip(
        &mut self,
        at: Nanos,
        from: &Endpoint,
        to: &Endpoint,
        header: IpHeader,
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> FrameId {
        let ethertype = if from.ip.is_ipv4() { IPV4 } else { IPV6 };
        let (from, to) = (*from, *to);
        self.ethernet(at, from.mac, to.destination(), ethertype, |out| {
            let start = out.len();
            header.write(&from, &to, out);
            payload(out);
            header.finish(start, out);
        })
    }

    /// Sends one UDP datagram from `from`:`port` to `to`:`to_port`, in fragments where it is longer than the MTU. The frame returned is
    /// the first. `payload` is at most 65,507 octets long. Time advances by a few microseconds.
    pub fn udp(
        &mut self,
        (from, port): (&Endpoint, u16),
        (to, to_port): (&Endpoint, u16),
        payload: &[u8],
    ) -> FrameId {
        let length = payload.len() + 8;
        let mut head = [0; 8];
        head[..2].copy_from_slice(&port.to_be_bytes());
        head[2..4].copy_from_slice(&to_port.to_be_bytes());
        head[4..6].copy_from_slice(&(length as u16).to_be_bytes());
        let checksum = match Sum::pseudo(from.ip, to.ip, UDP, length)
            .with(&head)
            .with(payload)
            .finish()
        {
            0 => 0xffff, // RFC 768: zero would mean "none"
            checksum => checksum,
        };
        head[6..].copy_from_slice(&checksum.to_be_bytes());
        let mut header = IpHeader::new(UDP, from.stack.ttl, from.hops);
        header.identification = self.random.next_u32();
        if to.ip.is_multicast() {
            // Link-local names ask for 255 (RFC 6762 §11), other discovery stays on the link.
            header.ttl = if to_port == 5_353 { 255 } else { 1 };
        }
        let room = MTU - if from.ip.is_ipv4() { 20 } else { 40 };
        let id = if length <= room {
            self.ip(self.now, from, to, header, |out| {
                out.put_slice(&head);
                out.put_slice(payload);
            })
        } else {
            self.fragments(from, to, header, &[&head[..], payload].concat(), room - 8)
        };
        self.wait(5 * MICROSECOND);
        id
    }

    fn fragments(
        &mut self,
        from: &Endpoint,
        to: &Endpoint,
        header: IpHeader,
        packet: &[u8],
        room: usize,
    ) -> FrameId {
        let step = room & !7;
        let mut first = None;
        for (index, part) in packet.chunks(step).enumerate() {
            let offset = index * step;
            let fragment = IpHeader {
                fragment: Some((offset as u16, offset + part.len() < packet.len())),
                ..header
            };
            let id = self.ip(self.now, from, to, fragment, |out| out.put_slice(part));
            first.get_or_insert(id);
            self.wait(12 * MICROSECOND);
        }
        first.unwrap_or_else(|| self.ip(self.now, from, to, header, |_| ()))
    }

    /// States that `from` says `attribute` = `value` in `frame`.
    pub fn states(
        &mut self,
        frame: FrameId,
        from: &Endpoint,
        attribute: &'static str,
        value: impl Into<String>,
    ) {
        self.recording
            .state(frame, from.mac, Some(from.ip), attribute, value.into());
    }

    /// States a fact in a frame without an IP packet.
    pub fn states_below_ip(
        &mut self,
        frame: FrameId,
        from: Mac,
        attribute: &'static str,
        value: impl Into<String>,
    ) {
        self.recording
            .state(frame, from, None, attribute, value.into());
    }

    /// Remembers where canaries were put.
    pub fn puts(&mut self, place: &'static str, form: Form, canaries: &[&Canary]) {
        for canary in canaries {
            self.recording.canaries.put(canary, place, form);
        }
    }
}

/// The header of an IPv4 or IPv6 packet, as far as it is not an address.
#[derive(Debug, Clone, Copy)]
pub struct IpHeader {
    /// IP protocol or next header.
    pub protocol: u8,
    /// TTL or hop limit on this link.
    pub ttl: u8,
    /// Identification (its lower half over IPv4).
    pub identification: u32,
    /// IPv4: may not be fragmented.
    pub dont_fragment: bool,
    /// Offset in octets and whether more follow, for one fragment of a packet.
    pub fragment: Option<(u16, bool)>,
}

impl IpHeader {
    /// A header of a whole packet after `hops` routers.
    #[must_use]
    pub fn new(protocol: u8, ttl: u8, hops: u8) -> Self {
        Self {
            protocol,
            ttl: ttl.saturating_sub(hops).max(1),
            identification: 0,
            dont_fragment: false,
            fragment: None,
        }
    }

    fn write(&self, from: &Endpoint, to: &Endpoint, out: &mut Vec<u8>) {
        match (from.ip, to.ip) {
            (IpAddr::V4(from), IpAddr::V4(to)) => self.write_v4(from, to, out),
            (from, to) => self.write_v6(v6(from), v6(to), out),
        }
    }

    fn write_v4(&self, from: Ipv4Addr, to: Ipv4Addr, out: &mut Vec<u8>) {
        let (offset, more) = self.fragment.unwrap_or((0, false));
        out.put_slice(&[0x45, 0, 0, 0]);
        out.put_u16(self.identification as u16);
        let dont = self.dont_fragment && self.fragment.is_none();
        out.put_u16(u16::from(dont) << 14 | u16::from(more) << 13 | (offset / 8));
        out.put_slice(&[self.ttl, self.protocol, 0, 0]);
        out.put_slice(&from.octets());
        out.put_slice(&to.octets());
    }

    fn write_v6(&self, from: Ipv6Addr, to: Ipv6Addr, out: &mut Vec<u8>) {
        out.put_u32(0x6000_0000);
        let next = if self.fragment.is_some() {
            44
        } else {
            self.protocol
        };
        out.put_slice(&[0, 0, next, self.ttl]);
        out.put_slice(&from.octets());
        out.put_slice(&to.octets());
        if let Some((offset, more)) = self.fragment {
            out.put_slice(&[self.protocol, 0]);
            out.put_u16(offset | u16::from(more));
            out.put_u32(self.identification);
        }
    }

    /// Fills in length and checksum once the packet is complete.
    fn finish(&self, start: usize, out: &mut [u8]) {
        let packet = &mut out[start..];
        let length = packet.len() as u16;
        if packet[0] >> 4 == 4 {
            packet[2..4].copy_from_slice(&length.to_be_bytes());
            let checksum = Sum::default().with(&packet[..20]).finish();
            packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        } else {
            packet[4..6].copy_from_slice(&(length - 40).to_be_bytes());
        }
    }
}

fn v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}
