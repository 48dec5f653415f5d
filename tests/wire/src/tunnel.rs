//! Encapsulations that carry mirrored frames to a sensor: ERSPAN types II and III, and VXLAN.

use std::net::Ipv4Addr;

use bytes::BufMut;

use crate::address::Mac;
use crate::checksum::Sum;
use crate::tap::{IPV4, Tag, UDP};

/// The two ends of a tunnel.
#[derive(Debug, Clone, Copy)]
pub struct TunnelEnds {
    /// Address of the frame's sender on the sensor's cable (the last router).
    pub from_mac: Mac,
    /// Address of the sensor's interface.
    pub to_mac: Mac,
    /// The switch or host that mirrors.
    pub from: Ipv4Addr,
    /// The sensor.
    pub to: Ipv4Addr,
}

/// A tunnel with its counters.
#[derive(Debug, Clone)]
pub struct Tunnel {
    /// Its ends.
    pub ends: TunnelEnds,
    /// What is written around each frame.
    pub kind: TunnelKind,
    identification: u16,
}

/// The encapsulation.
#[derive(Debug, Clone)]
pub enum TunnelKind {
    /// GRE with sequence number and the 8-byte header (draft-foschiano-erspan-03 §4.2).
    Erspan {
        /// Session, 10 bits.
        session: u16,
        /// Port index of the platform, 20 bits.
        index: u32,
        /// Next GRE sequence number.
        sequence: u32,
    },
    /// The same with the 12-byte header of type III (draft-foschiano-erspan-03 §4.3), which carries the time of mirroring.
    ErspanThree {
        /// Session, 10 bits.
        session: u16,
        /// Hardware identifier of the mirroring engine, 6 bits.
        hardware: u8,
        /// Next GRE sequence number.
        sequence: u32,
    },
    /// RFC 7348.
    Vxlan {
        /// Network identifier, 24 bits.
        vni: u32,
        /// UDP source port (a hash of the inner flow in reality).
        source_port: u16,
    },
}

impl Tunnel {
    /// An ERSPAN session.
    #[must_use]
    pub fn erspan(ends: TunnelEnds, session: u16, index: u32) -> Self {
        Self {
            ends,
            kind: TunnelKind::Erspan {
                session,
                index,
                sequence: 0,
            },
            identification: 0,
        }
    }

    /// An ERSPAN session of type III.
    #[must_use]
    pub fn erspan_three(ends: TunnelEnds, session: u16, hardware: u8) -> Self {
        Self {
            ends,
            kind: TunnelKind::ErspanThree {
                session,
                hardware,
                sequence: 0,
            },
            identification: 0,
        }
    }

    /// A VXLAN segment.
    #[must_use]
    pub fn vxlan(ends: TunnelEnds, vni: u32, source_port: u16) -> Self {
        Self {
            ends,
            kind: TunnelKind::Vxlan { vni, source_port },
            identification: 0,
        }
    }

    /// The same tunnel with its counter at `sequence`: of several exchanges through one tunnel, the later one goes on where time is.
    #[must_use]
    pub fn beginning(mut self, at: u32) -> Self {
        match &mut self.kind {
            TunnelKind::Erspan { sequence, .. } | TunnelKind::ErspanThree { sequence, .. } => {
                *sequence = at;
            }
            TunnelKind::Vxlan { .. } => {}
        }
        self
    }

    /// Writes the outer headers, lengths still zero.
    pub(crate) fn open(&mut self, tag: Option<&Tag>, out: &mut Vec<u8>) -> Outer {
        let protocol = match self.kind {
            TunnelKind::Erspan { .. } | TunnelKind::ErspanThree { .. } => 47,
            TunnelKind::Vxlan { .. } => UDP,
        };
        self.identification = self.identification.wrapping_add(1);
        out.put_slice(&self.ends.to_mac.0);
        out.put_slice(&self.ends.from_mac.0);
        out.put_u16(IPV4);
        out.put_slice(&[0x45, 0, 0, 0]);
        out.put_u16(self.identification);
        out.put_slice(&[0x40, 0, 254, protocol, 0, 0]);
        out.put_slice(&self.ends.from.octets());
        out.put_slice(&self.ends.to.octets());
        match &mut self.kind {
            TunnelKind::Erspan {
                session,
                index,
                sequence,
            } => {
                out.put_slice(&[0x10, 0x00, 0x88, 0xbe]);
                out.put_u32(*sequence);
                *sequence = sequence.wrapping_add(1);
                let vlan = tag.map_or(0, |tag| tag.vlan & 0x0fff);
                out.put_u16(0x1000 | vlan);
                // "En" 3: the frame keeps its own tag.
                let encapsulation = if tag.is_some() { 3_u16 << 11 } else { 0 };
                out.put_u16(encapsulation | (*session & 0x03ff));
                out.put_u32(*index & 0x000f_ffff);
                Outer { udp: false }
            }
            TunnelKind::ErspanThree {
                session,
                hardware,
                sequence,
            } => {
                out.put_slice(&[0x10, 0x00, 0x22, 0xeb]);
                out.put_u32(*sequence);
                let vlan = tag.map_or(0, |tag| tag.vlan & 0x0fff);
                out.put_u16(0x2000 | vlan);
                out.put_u16(*session & 0x03ff);
                // Of some engine's clock, in units of 100 us, which nobody else knows the start of.
                out.put_u32(sequence.wrapping_mul(97));
                *sequence = sequence.wrapping_add(1);
                // No security group; an Ethernet frame; granularity 100 us; no subheader.
                out.put_u16(0);
                out.put_u16(0x8000 | (u16::from(*hardware & 0x3f) << 4));
                Outer { udp: false }
            }
            TunnelKind::Vxlan { vni, source_port } => {
                out.put_u16(*source_port);
                out.put_u16(4789);
                out.put_u32(0); // length later; RFC 7348 §5: checksum zero
                out.put_u32(0x0800_0000);
                out.put_u32(*vni << 8);
                Outer { udp: true }
            }
        }
    }
}

/// Outer headers that wait for the length of what they carry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outer {
    udp: bool,
}

impl Outer {
    /// Fills in lengths and the IPv4 checksum; the outer frame starts at `start`.
    pub(crate) fn close(self, start: usize, out: &mut [u8]) {
        let packet = &mut out[start + 14..];
        let length = packet.len() as u16;
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        let checksum = Sum::default().with(&packet[..20]).finish();
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        if self.udp {
            packet[24..26].copy_from_slice(&(length - 20).to_be_bytes());
        }
    }
}
