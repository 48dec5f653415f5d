//! Packets of a connection between two invented hosts, without the bytes of their headers: for tests and fuzz bodies.

use std::net::{IpAddr, Ipv4Addr};

use auscult_proto::mac::Mac;

use super::arrival::{ACK, SYN};
use super::{Role, Streams};
use crate::packet::{FrameMeta, IpPacket, Network, OriginTag, Packet, TcpSegment, Transport};
use crate::sink::Sink;

/// What both hosts' first sequence numbers are.
pub(crate) const FIRST_SEQ: u32 = u32::MAX - 20;

/// A host and its port.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host {
    pub(crate) mac: Mac,
    pub(crate) ip: IpAddr,
    pub(crate) port: u16,
}

/// The wire between a client and a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire {
    pub(crate) client: Host,
    pub(crate) server: Host,
    /// Frames sent so far.
    pub(crate) frames: u64,
    pub(crate) now_ns: i64,
}

impl Wire {
    /// Host 1 calls host 2 at `port`.
    pub(crate) const fn to_port(port: u16) -> Self {
        Self {
            client: Host {
                mac: Mac([0, 0x1a, 0xfa, 0, 0, 1]),
                ip: IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)),
                port: 50_000,
            },
            server: Host {
                mac: Mac([0, 0x1a, 0xfa, 0, 0, 2]),
                ip: IpAddr::V4(Ipv4Addr::new(10, 1, 0, 2)),
                port,
            },
            frames: 0,
            now_ns: 1_700_000_000_000_000_000,
        }
    }

    /// The next frame: a segment of one of the two.
    pub(crate) const fn tcp<'p>(
        &mut self,
        from: Role,
        flags: u8,
        seq: u32,
        payload: &'p [u8],
    ) -> Packet<'p> {
        let (src, dst) = self.ends(from);
        let segment = TcpSegment {
            src_port: src.port,
            dst_port: dst.port,
            seq,
            ack: FIRST_SEQ.wrapping_add(1),
            flags,
            payload,
            missing: 0,
        };
        self.frame(from, 6, Transport::Tcp(segment))
    }

    /// The next frame: a datagram of one of the two.
    pub(crate) const fn udp<'p>(&mut self, from: Role, payload: &'p [u8]) -> Packet<'p> {
        let (src, dst) = self.ends(from);
        let transport = Transport::Udp {
            src_port: src.port,
            dst_port: dst.port,
            payload,
        };
        self.frame(from, 17, transport)
    }

    /// SYN and SYN-ACK.
    pub(crate) fn open(&mut self, streams: &mut Streams, sink: &mut impl Sink) {
        let syn = self.tcp(Role::Client, SYN, FIRST_SEQ, &[]);
        streams.packet(&syn, sink);
        let answer = self.tcp(Role::Server, SYN | ACK, FIRST_SEQ, &[]);
        streams.packet(&answer, sink);
    }

    /// Data at an offset of the sender's stream.
    pub(crate) fn send(
        &mut self,
        from: Role,
        offset: usize,
        bytes: &[u8],
        streams: &mut Streams,
        sink: &mut impl Sink,
    ) {
        let seq = FIRST_SEQ
            .wrapping_add(1)
            .wrapping_add(u32::try_from(offset).unwrap_or(0));
        let data = self.tcp(from, ACK, seq, bytes);
        streams.packet(&data, sink);
    }

    const fn ends(&self, from: Role) -> (Host, Host) {
        match from {
            Role::Client => (self.client, self.server),
            Role::Server => (self.server, self.client),
        }
    }

    const fn frame<'p>(
        &mut self,
        from: Role,
        protocol: u8,
        transport: Transport<'p>,
    ) -> Packet<'p> {
        let (src, dst) = self.ends(from);
        self.frames = self.frames.saturating_add(1);
        Packet {
            meta: FrameMeta {
                number: self.frames,
                time_ns: self.now_ns,
                link_type: 1,
                wire_len: 100,
            },
            origin: OriginTag {
                vlans: [0; 3],
                vlan_count: 0,
                vni: None,
                erspan_session: None,
            },
            src_mac: Some(src.mac),
            dst_mac: Some(dst.mac),
            network: Network::Ip(IpPacket {
                src: src.ip,
                dst: dst.ip,
                ttl: 64,
                protocol,
                transport,
            }),
            truncated: false,
        }
    }
}
