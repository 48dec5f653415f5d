//! Wire form of ARP for IPv4 over a 48-bit link layer.

use std::net::Ipv4Addr;

use auscult_proto::mac::Mac;

use crate::cursor::Cursor;

/// The sender's half of a packet; the target's half is only what the sender believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arp {
    pub(crate) sender_mac: Mac,
    pub(crate) sender_ip: Ipv4Addr,
}

/// `None` where the packet is cut short; `Some(None)` for other kinds of addresses or operations.
#[expect(
    clippy::option_option,
    reason = "malformed and not for us are different outcomes"
)]
pub(crate) fn parse(payload: &[u8]) -> Option<Option<Arp>> {
    let mut cursor = Cursor::new(payload);
    let hardware = cursor.u16()?;
    let network = cursor.u16()?;
    let sizes = cursor.array::<2>()?;
    let operation = cursor.u16()?;
    // Ethernet and IEEE 802; request, reply.
    if !matches!(hardware, 1 | 6) || network != 0x0800 || !matches!(operation, 1 | 2) {
        return Some(None);
    }
    if sizes != [6, 4] {
        return None;
    }
    let sender_mac = Mac(cursor.array()?);
    let sender_ip = Ipv4Addr::from(cursor.array::<4>()?);
    Some(Some(Arp {
        sender_mac,
        sender_ip,
    }))
}
