//! ARP for IPv4 over Ethernet (RFC 826), probes and announcements (RFC 5227).

use std::net::{IpAddr, Ipv4Addr};

use bytes::BufMut;

use crate::address::{Endpoint, Mac};
use crate::calendar::{MICROSECOND, SECOND};
use crate::recording::FrameId;
use crate::tap::{ARP, Tap};

/// Operation code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Who has the target address?
    Request,
    /// The sender has it.
    Reply,
}

/// One ARP packet.
#[derive(Debug, Clone, Copy)]
pub struct Packet {
    /// Request or reply.
    pub operation: Operation,
    /// Sender hardware address.
    pub sender: Mac,
    /// Sender protocol address; 0.0.0.0 in a probe.
    pub sender_ip: Ipv4Addr,
    /// Target hardware address; zero in a request.
    pub target: Mac,
    /// Target protocol address.
    pub target_ip: Ipv4Addr,
}

impl Packet {
    /// Writes the 28 octets.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_slice(&[0, 1, 8, 0, 6, 4, 0]);
        out.put_u8(match self.operation {
            Operation::Request => 1,
            Operation::Reply => 2,
        });
        out.put_slice(&self.sender.0);
        out.put_slice(&self.sender_ip.octets());
        out.put_slice(&self.target.0);
        out.put_slice(&self.target_ip.octets());
    }
}

fn send(tap: &mut Tap<'_>, packet: &Packet, to: Mac) -> FrameId {
    let id = tap.ethernet(tap.now, packet.sender, to, ARP, |out| packet.encode(out));
    if !packet.sender_ip.is_unspecified() {
        tap.states_below_ip(
            id,
            packet.sender,
            "arp.sender",
            format!("{} {}", packet.sender, packet.sender_ip),
        );
    }
    id
}

fn v4(endpoint: &Endpoint) -> Option<Ipv4Addr> {
    match endpoint.ip {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    }
}

/// `asker` asks for `owner`, who answers. Without IPv4 addresses nothing happens.
pub fn resolve(tap: &mut Tap<'_>, asker: &Endpoint, owner: &Endpoint) {
    let (Some(asker_ip), Some(owner_ip)) = (v4(asker), v4(owner)) else {
        return;
    };
    let request = Packet {
        operation: Operation::Request,
        sender: asker.mac,
        sender_ip: asker_ip,
        target: Mac([0; 6]),
        target_ip: owner_ip,
    };
    send(tap, &request, Mac::BROADCAST);
    tap.wait_about(200 * MICROSECOND);
    let reply = Packet {
        operation: Operation::Reply,
        sender: owner.mac,
        sender_ip: owner_ip,
        target: asker.mac,
        target_ip: asker_ip,
    };
    send(tap, &reply, asker.mac);
    tap.wait_about(100 * MICROSECOND);
}

/// An interface takes an address: three probes, two announcements (RFC 5227 §2.1.1, §2.3).
pub fn announce(tap: &mut Tap<'_>, owner: &Endpoint) {
    let Some(ip) = v4(owner) else { return };
    for round in 0..5 {
        let probe = round < 3;
        let packet = Packet {
            operation: Operation::Request,
            sender: owner.mac,
            sender_ip: if probe { Ipv4Addr::UNSPECIFIED } else { ip },
            target: Mac([0; 6]),
            target_ip: ip,
        };
        send(tap, &packet, Mac::BROADCAST);
        tap.wait_about(SECOND);
    }
}
