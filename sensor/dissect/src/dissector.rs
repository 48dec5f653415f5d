//! One frame in, statements out: peel, report who was seen, ask the protocols, feed the streams.

use std::net::IpAddr;

use auscult_proto::observation::Endpoint;

use crate::counters::{Counters, bump};
use crate::defrag::Defrag;
use crate::emit::{Emitter, is_host};
use crate::malformed::Parsed;
use crate::packet::{FrameMeta, IpPacket, Network, Packet, Transport};
use crate::peel::{self, Content, Fragment, Reason, Way, protocol};
use crate::sink::{Context, Sink};
use crate::stream::{self, Streams};
use crate::{arp, cdp, dhcpv4, dhcpv6, lldp, ndp};

/// Bounds of everything a dissector holds. Fragment bounds are fixed, see [`crate::defrag`].
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Flow table and TCP reassembly.
    pub streams: stream::Limits,
}

/// Turns the frames of one capture point into statements. Holds state between frames: fragments, flows, streams.
#[derive(Debug)]
pub struct Dissector {
    defrag: Defrag,
    streams: Streams,
    counters: Counters,
}

impl Dissector {
    /// Empty tables.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            defrag: Defrag::default(),
            streams: Streams::new(limits.streams),
            counters: Counters::default(),
        }
    }

    /// Reads one frame. Frames come in capture order; a clock that steps back is tolerated.
    #[inline]
    pub fn frame(&mut self, meta: FrameMeta, bytes: &[u8], sink: &mut impl Sink) {
        bump(&mut self.counters.frames);
        match peel::plain(meta, bytes) {
            Some(packet) => {
                let context = context_of(&packet);
                seen(&context, sink);
                self.packet(&packet, &context, sink);
            }
            None => self.layers(meta, bytes, sink),
        }
    }

    /// Reads a frame layer by layer.
    #[inline(never)]
    fn layers(&mut self, meta: FrameMeta, bytes: &[u8], sink: &mut impl Sink) {
        let (way, content) = peel::frame(meta.link_type, meta.wire_len, bytes);
        self.note(&way);
        match content {
            Ok(Content::Packet(network)) => {
                let packet = packet_of(meta, &way, network);
                let context = context_of(&packet);
                seen(&context, sink);
                self.packet(&packet, &context, sink);
            }
            Ok(Content::Fragment(fragment)) => {
                let context = context_at(meta, &way, Some(fragment.header.src));
                seen(&context, sink);
                self.fragment(meta, way, &fragment, sink);
            }
            Err(reason) => {
                self.undecoded(reason);
                seen(&context_at(meta, &way, None), sink);
            }
        }
    }

    /// Lets time pass: gives up old fragments, reports flows that fell silent. `now_ns` is capture time, epoch nanoseconds.
    pub fn tick(&mut self, now_ns: i64, sink: &mut impl Sink) {
        self.defrag.expire(now_ns, &mut self.counters.fragments);
        self.streams.tick(now_ns, sink);
    }

    /// The capture is over: reports everything still open.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.streams.finish(sink);
    }

    /// Totals since the dissector was made.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters.clone();
        counters.streams = self.streams.counters().clone();
        counters
            .values_dropped
            .add(&counters.streams.values_dropped);
        counters
    }

    fn note(&mut self, way: &Way) {
        if way.truncated {
            bump(&mut self.counters.truncated);
        }
        if way.too_deep {
            bump(&mut self.counters.too_deep);
        }
        if way.tags_skipped > 0 {
            self.counters.vlan_tags_skipped = self
                .counters
                .vlan_tags_skipped
                .saturating_add(u64::from(way.tags_skipped));
        }
    }

    #[cold]
    fn undecoded(&mut self, reason: Reason) {
        let undecoded = &mut self.counters.undecoded;
        bump(match reason {
            Reason::LinkType => &mut undecoded.link_type,
            Reason::Short => &mut undecoded.short,
            Reason::Malformed => &mut undecoded.malformed,
            Reason::TooDeep => &mut undecoded.too_deep,
            Reason::Encrypted => &mut undecoded.encrypted,
            Reason::NoPacket => &mut undecoded.no_packet,
        });
    }

    /// Joins a fragment, and reads the datagram it completes. Recursion is bounded: fragments within a joined datagram need a
    /// tunnel within it, and tunnels are bounded.
    #[cold]
    fn fragment(
        &mut self,
        meta: FrameMeta,
        way: Way,
        fragment: &Fragment<'_>,
        sink: &mut impl Sink,
    ) {
        let joined = self.defrag.push(
            meta.time_ns,
            meta.wire_len,
            way.origin,
            fragment,
            &mut self.counters.fragments,
        );
        let Some(joined) = joined else {
            return;
        };
        // The flow table then counts the bytes of all its frames.
        let meta = FrameMeta {
            wire_len: joined.wire_bytes,
            ..meta
        };
        let (way, content) = way.resume(joined.header, &joined.data);
        self.note(&way);
        match content {
            Ok(Content::Packet(network)) => {
                let packet = packet_of(meta, &way, network);
                self.packet(&packet, &context_of(&packet), sink);
            }
            Ok(Content::Fragment(inner)) => self.fragment(meta, way, &inner, sink),
            Err(reason) => self.undecoded(reason),
        }
    }

    #[inline]
    fn packet(&mut self, packet: &Packet<'_>, context: &Context, sink: &mut impl Sink) {
        if let Network::Ip(ip) = packet.network {
            self.datagram(&ip, packet, context, sink);
            self.streams.packet(packet, sink);
        } else {
            self.link_protocol(packet, context, sink);
        }
    }

    /// Protocols directly over a link layer.
    #[cold]
    fn link_protocol(&mut self, packet: &Packet<'_>, context: &Context, sink: &mut impl Sink) {
        let dropped = &mut self.counters.values_dropped;
        let malformed = &mut self.counters.malformed;
        match packet.network {
            Network::Ethertype {
                ethertype: arp::ETHERTYPE,
                payload,
            } => {
                let mut out = Emitter::new(context, sink, dropped);
                let cut_short = |parsed: Parsed| {
                    if packet.truncated { Ok(()) } else { parsed }
                };
                count(
                    cut_short(arp::dissect(payload, &mut out)),
                    &mut malformed.arp,
                );
            }
            Network::Ethertype {
                ethertype: lldp::ETHERTYPE,
                payload,
            } => {
                sink.l2_control(context);
                let mut out = Emitter::new(context, sink, dropped);
                let parsed = lldp::dissect(payload, packet.truncated, &mut out);
                count(parsed, &mut malformed.lldp);
            }
            Network::Llc {
                snap: Some((CISCO, protocol)),
                payload,
                ..
            } => {
                // CDP, and Cisco's other link-local protocols (VTP, DTP, UDLD, PVST+).
                sink.l2_control(context);
                if protocol == cdp::PROTOCOL {
                    let mut out = Emitter::new(context, sink, dropped);
                    let parsed = cdp::dissect(payload, packet.truncated, &mut out);
                    count(parsed, &mut malformed.cdp);
                }
            }
            Network::Llc {
                dsap: SPANNING_TREE,
                snap: None,
                ..
            } => sink.l2_control(context),
            Network::Ethertype { .. } | Network::Llc { .. } | Network::Ip(_) => {}
        }
    }

    /// Protocols of single datagrams.
    #[inline]
    fn datagram(
        &mut self,
        ip: &IpPacket<'_>,
        packet: &Packet<'_>,
        context: &Context,
        sink: &mut impl Sink,
    ) {
        match ip.transport {
            Transport::Udp {
                src_port,
                dst_port,
                payload,
            } => {
                let is_v4 = dhcpv4::is_port(src_port) || dhcpv4::is_port(dst_port);
                let is_v6 = dhcpv6::is_port(src_port) || dhcpv6::is_port(dst_port);
                if is_v4 || is_v6 {
                    self.lease(is_v6, ip.dst, payload, packet, context, sink);
                }
            }
            Transport::Other(payload) => self.other(ip, payload, packet, context, sink),
            Transport::Tcp(_) => {}
        }
    }

    #[cold]
    fn lease(
        &mut self,
        is_v6: bool,
        dst: IpAddr,
        payload: &[u8],
        packet: &Packet<'_>,
        context: &Context,
        sink: &mut impl Sink,
    ) {
        let mut out = Emitter::new(context, sink, &mut self.counters.values_dropped);
        let malformed = &mut self.counters.malformed;
        if is_v6 {
            let target = dhcpv6::Target {
                mac: packet.dst_mac,
                ip: dst,
            };
            let parsed = dhcpv6::dissect(payload, target, packet.truncated, &mut out);
            count(parsed, &mut malformed.dhcpv6);
        } else {
            let parsed = dhcpv4::dissect(payload, packet.truncated, &mut out);
            count(parsed, &mut malformed.dhcpv4);
        }
    }

    /// Neighbour discovery, and CDP that a tunnel's end sends into its tunnel.
    #[cold]
    fn other(
        &mut self,
        ip: &IpPacket<'_>,
        payload: &[u8],
        packet: &Packet<'_>,
        context: &Context,
        sink: &mut impl Sink,
    ) {
        let mut out = Emitter::new(context, sink, &mut self.counters.values_dropped);
        let malformed = &mut self.counters.malformed;
        match ip.protocol {
            protocol::ICMPV6 if ip.src.is_ipv6() => {
                let parsed = ndp::dissect(ip, payload, &mut out);
                if !packet.truncated {
                    count(parsed, &mut malformed.ndp);
                }
            }
            protocol::GRE => {
                if let Some((cdp::PROTOCOL, announcement)) = peel::gre_payload(payload) {
                    let parsed = cdp::dissect(announcement, packet.truncated, &mut out);
                    count(parsed, &mut malformed.cdp);
                }
            }
            _ => {}
        }
    }
}

/// SNAP OUI of Cisco.
const CISCO: [u8; 3] = [0x00, 0x00, 0x0c];
/// Service access point of the spanning tree protocols (IEEE 802.1D).
const SPANNING_TREE: u8 = 0x42;

fn count(parsed: Parsed, malformed: &mut u64) {
    if parsed.is_err() {
        bump(malformed);
    }
}

#[inline]
const fn packet_of<'a>(meta: FrameMeta, way: &Way, network: Network<'a>) -> Packet<'a> {
    Packet {
        meta,
        origin: way.origin,
        src_mac: way.src_mac,
        dst_mac: way.dst_mac,
        network,
        truncated: way.truncated,
    }
}

#[inline]
fn context_of(packet: &Packet<'_>) -> Context {
    let ip = match packet.network {
        Network::Ip(ip) => Some(ip.src).filter(|ip| is_host(*ip)),
        _ => None,
    };
    Context {
        meta: packet.meta,
        origin: packet.origin,
        sender: Endpoint {
            mac: packet.src_mac,
            ip,
        },
    }
}

fn context_at(meta: FrameMeta, way: &Way, ip: Option<IpAddr>) -> Context {
    Context {
        meta,
        origin: way.origin,
        sender: Endpoint {
            mac: way.src_mac,
            ip: ip.filter(|ip| is_host(*ip)),
        },
    }
}

#[inline]
fn seen(context: &Context, sink: &mut impl Sink) {
    if context.sender.mac.is_some() || context.sender.ip.is_some() {
        sink.seen(context);
    }
}

#[cfg(test)]
mod tests;
