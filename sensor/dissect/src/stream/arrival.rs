//! A packet on its way to its flow: what it is, and what its flags and first bytes mean to the flow.

use std::net::{IpAddr, Ipv4Addr};

use auscult_proto::DirectionEvidence;
use auscult_proto::observation::Endpoint;

use super::datagram;
use super::direction::Role;
use super::flow::{Flow, Queue};
use super::inspect::Frame;
use super::key::{FlowKey, Pair, Side};
use crate::packet::{IpPacket, Network, Packet, TcpSegment, Transport};

pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const ACK: u8 = 0x10;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Seconds of silence after which a flow is closed.
pub(super) const TCP_IDLE_S: u32 = 300;
pub(super) const UDP_IDLE_S: u32 = 60;
const SINGLE_IDLE_S: u32 = 60;
/// Seconds a TCP flow is kept after its end, for the last acknowledgements.
pub(super) const LINGER_S: u32 = 5;

/// A SYN this far from what was expected opens another connection between the same ports.
const SYN_REPEATED_WITHIN: u32 = 1 << 16;

/// What a packet is to the flow table.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'p> {
    pub(super) packet: &'p Packet<'p>,
    pub(super) ip: &'p IpPacket<'p>,
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    pub(super) key: FlowKey,
    pub(super) sender: Side,
    pub(super) body: Body<'p>,
}

#[derive(Clone, Copy)]
pub(super) enum Body<'p> {
    Tcp(&'p TcpSegment<'p>),
    Udp(&'p [u8]),
}

impl<'p> Arrival<'p> {
    /// `None` for what is neither TCP nor UDP.
    #[inline]
    pub(super) fn of(packet: &'p Packet<'p>) -> Option<Self> {
        let Network::Ip(ip) = &packet.network else {
            return None;
        };
        let (protocol, src_port, dst_port, body) = match &ip.transport {
            Transport::Tcp(segment) => {
                (TCP, segment.src_port, segment.dst_port, Body::Tcp(segment))
            }
            Transport::Udp {
                src_port,
                dst_port,
                payload,
            } => (UDP, *src_port, *dst_port, Body::Udp(payload)),
            Transport::Other(_) => return None,
        };
        let (key, sender) = FlowKey::of(
            &packet.origin,
            protocol,
            (ip.src, src_port),
            (ip.dst, dst_port),
        );
        // Who has no address yet (a DHCP client) is told apart from the others by its interface.
        let key = match packet.src_mac {
            Some(mac) if ip.src == IpAddr::V4(Ipv4Addr::UNSPECIFIED) => key.apart(sender, mac),
            _ => key,
        };
        Some(Self {
            packet,
            ip,
            src_port,
            dst_port,
            key,
            sender,
            body,
        })
    }
}

/// Notes the flags that open and end a connection; the end that serves, where a handshake shows it.
pub(super) fn mark(
    flow: &mut Flow,
    sender: Side,
    segment: &TcpSegment<'_>,
) -> Option<(Side, DirectionEvidence)> {
    let end = flow.ends.of_mut(sender);
    if segment.flags & (SYN | FIN | RST) != SYN {
        end.finished |= segment.flags & FIN != 0;
        flow.reset |= segment.flags & RST != 0;
        return None;
    }
    if !end.started {
        end.started = true;
        end.next = segment.seq.wrapping_add(1);
    }
    if segment.flags & ACK == 0 {
        return Some((sender.other(), DirectionEvidence::Handshake));
    }
    let client = flow.ends.of_mut(sender.other());
    if !client.started {
        client.started = true;
        client.next = segment.ack;
    }
    Some((sender, DirectionEvidence::Handshake))
}

pub(super) fn recognise(
    flow: &mut Flow,
    arrival: &Arrival<'_>,
    payload: &[u8],
) -> Option<(Side, DirectionEvidence)> {
    let found = datagram::recognise(arrival.src_port, arrival.dst_port, payload);
    flow.attempts = flow.attempts.saturating_add(1);
    if found.is_some() || flow.attempts >= datagram::ATTEMPTS {
        flow.ends.low.watched = false;
        flow.ends.high.watched = false;
    }
    let (service, role) = found?;
    flow.service = service;
    let server = match role? {
        Role::Server => arrival.sender,
        Role::Client => arrival.sender.other(),
    };
    Some((server, DirectionEvidence::Protocol))
}

#[inline]
pub(super) const fn is_idle(flow: &Flow, now: u32) -> bool {
    let limit = match flow.queue {
        Queue::Closing => LINGER_S,
        Queue::Single => SINGLE_IDLE_S,
        Queue::Udp => UDP_IDLE_S,
        Queue::Tcp => TCP_IDLE_S,
    };
    now.saturating_sub(flow.touched) > limit
}

/// A SYN that cannot belong to the connection the table knows: the ports are used again.
#[inline]
pub(super) fn begins_anew(flow: &Flow, arrival: &Arrival<'_>) -> bool {
    let Body::Tcp(segment) = arrival.body else {
        return false;
    };
    if segment.flags & (SYN | ACK | RST | FIN) != SYN {
        return false;
    }
    let end = flow.ends.of(arrival.sender);
    let behind = end.next.wrapping_sub(segment.seq.wrapping_add(1));
    flow.is_over()
        || (end.started && behind > SYN_REPEATED_WITHIN)
        || (!end.started && end.has_sent)
}

pub(super) fn frame_of(arrival: &Arrival<'_>) -> Frame {
    let src = Endpoint {
        mac: arrival.packet.src_mac,
        ip: Some(arrival.ip.src),
    };
    let dst = Endpoint {
        mac: arrival.packet.dst_mac,
        ip: Some(arrival.ip.dst),
    };
    let (low, high) = match arrival.sender {
        Side::Low => (src, dst),
        Side::High => (dst, src),
    };
    Frame {
        meta: arrival.packet.meta,
        origin: arrival.packet.origin,
        ends: Pair { low, high },
    }
}
