//! Neighbour discovery (RFC 4861): solicitation and advertisement of neighbours, duplicate address detection, router advertisements.

use std::net::{IpAddr, Ipv6Addr};

use bytes::BufMut;

use crate::address::{Endpoint, Mac};
use crate::calendar::{MICROSECOND, SECOND};
use crate::checksum::Sum;
use crate::recording::FrameId;
use crate::tap::{ICMPV6, IpHeader, Tap};

/// All nodes on the link.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// A router advertisement.
#[derive(Debug, Clone, Copy)]
pub struct RouterAdvertisement {
    /// Lifetime of the router in seconds.
    pub lifetime: u16,
    /// Whether addresses come by DHCPv6.
    pub managed: bool,
    /// The prefix on the link and its length.
    pub prefix: (Ipv6Addr, u8),
}

fn v6(endpoint: &Endpoint) -> Option<Ipv6Addr> {
    match endpoint.ip {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => Some(v6),
    }
}

/// The solicited-node group of an address (RFC 4291 §2.7.1).
fn solicited(target: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = target.octets();
    Ipv6Addr::new(
        0xff02,
        0,
        0,
        0,
        0,
        1,
        0xff00 | u16::from(a),
        u16::from_be_bytes([b, c]),
    )
}

fn send(tap: &mut Tap<'_>, from: &Endpoint, to: &Endpoint, body: &mut [u8]) -> FrameId {
    let checksum = Sum::pseudo(from.ip, to.ip, ICMPV6, body.len())
        .with(body)
        .finish();
    body[2..4].copy_from_slice(&checksum.to_be_bytes());
    let header = IpHeader::new(ICMPV6, 255, 0);
    tap.ip(tap.now, from, to, header, |out| out.put_slice(body))
}

fn option(kind: u8, mac: Mac, out: &mut Vec<u8>) {
    out.put_slice(&[kind, 1]);
    out.put_slice(&mac.0);
}

fn solicitation(tap: &mut Tap<'_>, asker: &Endpoint, target: Ipv6Addr) {
    let mut body = vec![135, 0, 0, 0, 0, 0, 0, 0];
    body.put_slice(&target.octets());
    if !asker.ip.is_unspecified() {
        option(1, asker.mac, &mut body);
    }
    let group = asker.at(solicited(target));
    let id = send(tap, asker, &group, &mut body);
    if !asker.ip.is_unspecified() {
        tap.states(id, asker, "ndp.source_lladdr", asker.mac.to_string());
    }
}

/// `asker` asks for `owner`, who answers. Without IPv6 addresses nothing happens.
pub fn resolve(tap: &mut Tap<'_>, asker: &Endpoint, owner: &Endpoint) {
    let (Some(_), Some(target)) = (v6(asker), v6(owner)) else {
        return;
    };
    solicitation(tap, asker, target);
    tap.wait_about(200 * MICROSECOND);
    let mut body = vec![136, 0, 0, 0, 0x60, 0, 0, 0];
    body.put_slice(&target.octets());
    option(2, owner.mac, &mut body);
    let id = send(tap, owner, asker, &mut body);
    tap.states(id, owner, "ndp.target_lladdr", owner.mac.to_string());
    tap.wait_about(100 * MICROSECOND);
}

/// An interface tries whether anybody has its new address (RFC 4862 §5.4).
pub fn detect_duplicate(tap: &mut Tap<'_>, owner: &Endpoint) {
    let Some(target) = v6(owner) else { return };
    let nameless = owner.at(Ipv6Addr::UNSPECIFIED);
    solicitation(tap, &nameless, target);
    tap.wait_about(SECOND);
}

/// `router` advertises itself to all nodes.
pub fn advertise_router(tap: &mut Tap<'_>, router: &Endpoint, what: &RouterAdvertisement) {
    let mut body = vec![134, 0, 0, 0, 64, if what.managed { 0xc0 } else { 0 }];
    body.put_u16(what.lifetime);
    body.put_u64(0);
    option(1, router.mac, &mut body);
    let (prefix, length) = what.prefix;
    body.put_slice(&[3, 4, length, 0xc0]);
    body.put_u32(2_592_000);
    body.put_u32(604_800);
    body.put_u32(0);
    body.put_slice(&prefix.octets());
    let group = router.at(ALL_NODES);
    let id = send(tap, router, &group, &mut body);
    tap.states(id, router, "ndp.source_lladdr", router.mac.to_string());
    tap.states(id, router, "ndp.prefix", format!("{prefix}/{length}"));
}
