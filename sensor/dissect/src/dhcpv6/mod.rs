//! DHCPv6: what clients say of themselves, which addresses they were given, and who leases.
//!
//! With relays in between, the client is the reported subject; without, a server's answer is about the host it is sent to.

mod parse;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;

use auscult_proto::mac::Mac;
use auscult_proto::observation::{Endpoint, FactFlags, Subject};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, Field};

use crate::emit::{Emitter, Source, is_host, is_interface};
use crate::malformed::{Malformed, Parsed};
use crate::names::{Hex, Words, domain_name};
use crate::role;
use crate::sink::Sink;

use parse::{Kind, Message, code};

/// Most items of one list that are stated.
const ITEMS: usize = 8;

/// Whether a datagram may be DHCPv6: client, server and relay.
#[inline]
pub(crate) const fn is_port(port: u16) -> bool {
    matches!(port, 546 | 547)
}

/// Where a datagram was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) mac: Option<Mac>,
    pub(crate) ip: IpAddr,
}

/// Reads a message. `truncated`: the capture cut it.
pub(crate) fn dissect<S: Sink>(
    payload: &[u8],
    target: Target,
    truncated: bool,
    out: &mut Emitter<'_, S>,
) -> Parsed {
    let Some(message) = parse::parse(payload) else {
        return if truncated { Ok(()) } else { Err(Malformed) };
    };
    let is_broken = message.options.is_broken;
    if is_broken {
        out.doubt(if truncated {
            FactFlags::TRUNCATED
        } else {
            FactFlags::MALFORMED
        });
    }
    let client = client(&message, target, out.context().sender);
    if let Some(subject) = client.subject {
        out.about(subject);
        shared(&message, out);
        if matches!(message.kind, Kind::Client { .. }) {
            own(&message, is_broken, out);
        }
    }
    if let Some(mac) = client.mac {
        bindings(&message, mac, out);
    }
    if matches!(message.kind, Kind::Server { .. }) {
        server(&message, out);
    }
    if is_broken && !truncated {
        Err(Malformed)
    } else {
        Ok(())
    }
}

struct Client {
    subject: Option<Subject>,
    /// Its interface, as far as known.
    mac: Option<Mac>,
}

fn client(message: &Message<'_>, target: Target, sender: Endpoint) -> Client {
    let from_duid = message
        .options
        .first(code::CLIENT_ID)
        .and_then(parse::duid_mac);
    let known = |mac: Option<Mac>| mac.filter(|mac| is_interface(*mac));
    let endpoint = match (message.relayed, message.kind) {
        (None, Kind::Client { .. }) => {
            // Behind a router the frame's source is the router; on the link it is the client.
            let near = sender.mac.filter(|_| sender.ip.is_some_and(is_link_local));
            return Client {
                subject: Some(Subject::Sender),
                mac: known(near).or(known(from_duid)),
            };
        }
        (None, Kind::Server { .. }) => Endpoint {
            mac: known(target.mac).filter(|_| is_link_local(target.ip)),
            ip: Some(target.ip).filter(|ip| is_host(*ip)),
        },
        (Some(relayed), _) => Endpoint {
            mac: known(relayed.mac),
            ip: relayed.peer.map(IpAddr::V6).filter(|ip| is_host(*ip)),
        },
    };
    let is_known = endpoint.mac.is_some() || endpoint.ip.is_some();
    Client {
        subject: is_known.then_some(Subject::Endpoint(endpoint)),
        mac: endpoint.mac.or(known(from_duid)),
    }
}

const fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    }
}

const fn weak(attribute: Attribute, field: Field) -> Source {
    (attribute, field, ConfidenceClass::D5)
}

const fn plain(attribute: Attribute, field: Field) -> Source {
    (attribute, field, ConfidenceClass::D4)
}

/// What a server repeats of a client.
fn shared<S: Sink>(message: &Message<'_>, out: &mut Emitter<'_, S>) {
    if let Some(duid) = message.options.first(code::CLIENT_ID)
        && duid.len() > 2
    {
        out.value(plain(Attribute::Duid, Field::Dhcpv6Opt1Duid), Hex(duid));
    }
    // One octet of flags, then the name.
    if let Some(name) = message
        .options
        .first(code::FQDN)
        .and_then(|value| domain_name(value.get(1..)?))
    {
        out.text(weak(Attribute::Fqdn, Field::Dhcpv6Opt39Fqdn), &name);
    }
}

/// What only the client says.
fn own<S: Sink>(message: &Message<'_>, is_broken: bool, out: &mut Emitter<'_, S>) {
    if let Some(list) = message.options.first(code::OPTION_REQUEST)
        && list.len() >= 2
        && !is_broken
    {
        let source = weak(Attribute::ParameterList, Field::Dhcpv6Opt6Oro);
        out.value(source, Words(list));
    }
    for class in message.options.all(code::VENDOR_CLASS).take(ITEMS) {
        let Some((enterprise, rest)) = class.split_first_chunk::<4>() else {
            continue;
        };
        let source = plain(Attribute::Enterprise, Field::Dhcpv6Opt16Vendor);
        out.value(source, u32::from_be_bytes(*enterprise));
        for item in parse::items(rest).take(ITEMS) {
            out.text(weak(Attribute::VendorClass, Field::Dhcpv6Opt16Vendor), item);
        }
    }
    if let Some(classes) = message.options.first(code::USER_CLASS) {
        for item in parse::items(classes).take(ITEMS) {
            out.text(
                plain(Attribute::UserClass, Field::Dhcpv6Opt15UserClass),
                item,
            );
        }
    }
    if let Some(url) = message.options.first(code::MUD) {
        let source = (
            Attribute::MudUrl,
            Field::Dhcpv6Opt112Mud,
            ConfidenceClass::D2,
        );
        out.text(source, url);
    }
}

fn bindings<S: Sink>(message: &Message<'_>, mac: Mac, out: &mut Emitter<'_, S>) {
    let released = match message.kind {
        Kind::Server { binds: true } => false,
        Kind::Client { releases: true } => true,
        _ => return,
    };
    for (address, valid_s) in message.options.addresses().into_iter().take(ITEMS) {
        // A valid lifetime of zero takes the address away.
        let ended = released || valid_s == 0;
        out.binding(
            mac,
            IpAddr::V6(address),
            BindingSource::Dhcpv6Reply,
            if ended { 0 } else { valid_s },
            ended,
        );
    }
}

fn server<S: Sink>(message: &Message<'_>, out: &mut Emitter<'_, S>) {
    // Through a relay the frame is not the server's, and the server is known by nothing but its DUID.
    if message.relayed.is_some() {
        return;
    }
    let Some(duid) = message.options.first(code::SERVER_ID) else {
        return;
    };
    out.about(Subject::Sender);
    if duid.len() > 2 {
        out.value(plain(Attribute::Duid, Field::Dhcpv6Opt2Server), Hex(duid));
    }
    let source = (
        Attribute::Role,
        Field::Dhcpv6Opt2Server,
        ConfidenceClass::D2,
    );
    out.value(source, role::DHCP_SERVER);
}
