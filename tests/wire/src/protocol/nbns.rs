//! NetBIOS name service over UDP (RFC 1001 §14, RFC 1002 §4.2): a Windows host registers and looks for names.

use std::net::{IpAddr, Ipv4Addr};

use bytes::BufMut;

use crate::address::Endpoint;
use crate::calendar::MILLISECOND;
use crate::tap::Tap;

/// A name of up to 15 characters with its suffix (0x00 workstation, 0x20 file server, 0x1c domain controllers).
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// Upper-case by convention.
    pub text: &'a str,
    /// Sixteenth octet.
    pub suffix: u8,
    /// Group name rather than unique.
    pub group: bool,
}

impl Name<'_> {
    /// First-level encoding: sixteen octets as 32 letters (RFC 1001 §14.1).
    fn encode(&self, out: &mut Vec<u8>) {
        let mut octets = [b' '; 16];
        for (slot, octet) in octets.iter_mut().zip(self.text.bytes().take(15)) {
            *slot = octet;
        }
        octets[15] = self.suffix;
        out.put_u8(32);
        for octet in octets {
            out.put_u8(b'A' + (octet >> 4));
            out.put_u8(b'A' + (octet & 15));
        }
        out.put_u8(0);
    }

    /// `NAME<20>`, as tshark prints it.
    #[must_use]
    pub fn printed(&self) -> String {
        format!("{}<{:02x}>", self.text, self.suffix)
    }
}

fn header(id: u16, flags: u16, counts: [u16; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(80);
    out.put_u16(id);
    out.put_u16(flags);
    for count in counts {
        out.put_u16(count);
    }
    out
}

/// Broadcasts the registration of a name; nobody objects, so it is said three times.
pub fn register(tap: &mut Tap<'_>, from: &Endpoint, broadcast: Ipv4Addr, name: &Name<'_>) {
    let IpAddr::V4(address) = from.ip else { return };
    let id = tap.random.next_u16();
    for _ in 0..3 {
        // Opcode 5 (registration), recursion desired, broadcast.
        let mut out = header(id, 0x2910, [1, 0, 0, 1]);
        name.encode(&mut out);
        out.put_u16(0x20);
        out.put_u16(1);
        out.put_u16(0xc00c);
        out.put_u16(0x20);
        out.put_u16(1);
        out.put_u32(300_000);
        out.put_u16(6);
        out.put_u16(if name.group { 0x8000 } else { 0 });
        out.put_slice(&address.octets());
        let all = Endpoint {
            mac: crate::address::Mac::BROADCAST,
            ..from.at(broadcast)
        };
        let frame = tap.udp((from, 137), (&all, 137), &out);
        tap.states(frame, from, "nbns.name", name.printed());
        tap.states(frame, from, "nbns.addr", address.to_string());
        tap.wait_about(250 * MILLISECOND);
    }
}

/// `from` broadcasts a question for a name, whose owner answers.
pub fn query(
    tap: &mut Tap<'_>,
    from: &Endpoint,
    broadcast: Ipv4Addr,
    name: &Name<'_>,
    owner: &Endpoint,
) {
    let IpAddr::V4(address) = owner.ip else {
        return;
    };
    let id = tap.random.next_u16();
    let mut out = header(id, 0x0110, [1, 0, 0, 0]);
    name.encode(&mut out);
    out.put_u16(0x20);
    out.put_u16(1);
    let all = Endpoint {
        mac: crate::address::Mac::BROADCAST,
        ..from.at(broadcast)
    };
    let frame = tap.udp((from, 137), (&all, 137), &out);
    tap.states(frame, from, "nbns.name", name.printed());
    tap.wait_about(MILLISECOND);
    let mut out = header(id, 0x8500, [0, 1, 0, 0]);
    name.encode(&mut out);
    out.put_u16(0x20);
    out.put_u16(1);
    out.put_u32(300_000);
    out.put_u16(6);
    out.put_u16(if name.group { 0x8000 } else { 0 });
    out.put_slice(&address.octets());
    let frame = tap.udp((owner, 137), (from, 137), &out);
    tap.states(frame, owner, "nbns.name", name.printed());
    tap.states(frame, owner, "nbns.addr", address.to_string());
}
