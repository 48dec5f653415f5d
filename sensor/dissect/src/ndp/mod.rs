//! IPv6 neighbour discovery (RFC 4861): which interface holds an address, and who routes.

mod parse;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;

use auscult_proto::{Attribute, BindingSource, ConfidenceClass, Field};

use crate::emit::Emitter;
use crate::malformed::{Malformed, Parsed};
use crate::packet::IpPacket;
use crate::role;
use crate::sink::Sink;

use parse::{Message, parse};

/// Hop limit that no router lets through: the message was sent on this link.
const ON_LINK: u8 = 255;

/// Reads an ICMPv6 message; everything but neighbour discovery is not for us.
pub(crate) fn dissect<S: Sink>(
    ip: &IpPacket<'_>,
    payload: &[u8],
    out: &mut Emitter<'_, S>,
) -> Parsed {
    if ip.ttl != ON_LINK {
        return Ok(());
    }
    let Some(found) = parse(payload).ok_or(Malformed)? else {
        return Ok(());
    };
    let (address, mac) = match found.message {
        Message::Solicitation => (ip.src, found.link_address),
        Message::RouterAdvertisement => {
            out.value(
                (
                    Attribute::Role,
                    Field::NdpRouterAdvertisement,
                    ConfidenceClass::D2,
                ),
                role::ROUTER,
            );
            (ip.src, found.link_address)
        }
        Message::Advertisement { target, router } => {
            if router {
                out.value(
                    (
                        Attribute::Role,
                        Field::NdpAdvertisementRouterFlag,
                        ConfidenceClass::D2,
                    ),
                    role::ROUTER,
                );
            }
            let target = IpAddr::V6(target);
            // Without the option a host still speaks for the address it sends from.
            let own = out.context().sender.mac.filter(|_| target == ip.src);
            (target, found.link_address.or(own))
        }
    };
    if let Some(mac) = mac {
        out.binding(mac, address, BindingSource::Ndp, 0, false);
    }
    if found.is_whole {
        Ok(())
    } else {
        Err(Malformed)
    }
}
