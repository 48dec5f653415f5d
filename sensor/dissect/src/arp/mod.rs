//! ARP (RFC 826): which interface holds an IPv4 address.

mod parse;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;

use auscult_proto::BindingSource;

use crate::emit::Emitter;
use crate::malformed::{Malformed, Parsed};
use crate::sink::Sink;

use parse::parse;

/// The ethertype.
pub(crate) const ETHERTYPE: u16 = 0x0806;

/// Reads an ARP packet and states the binding of its sender. Probes (RFC 5227) bind nothing yet.
pub(crate) fn dissect<S: Sink>(payload: &[u8], out: &mut Emitter<'_, S>) -> Parsed {
    let arp = parse(payload).ok_or(Malformed)?;
    if let Some(arp) = arp {
        let ip = IpAddr::V4(arp.sender_ip);
        out.binding(arp.sender_mac, ip, BindingSource::Arp, 0, false);
    }
    Ok(())
}
