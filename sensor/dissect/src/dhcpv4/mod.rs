//! DHCPv4 and BOOTP: what clients say of themselves, which address they were given, and who leases and routes.
//!
//! A message is about its client, whoever sent the frame: with a relay or a router in between, the client is the reported subject.

mod parse;
#[cfg(test)]
pub(crate) mod tests;
mod value;

use std::net::{IpAddr, Ipv4Addr};

use auscult_proto::observation::{Endpoint, FactFlags, Subject};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, Field};

use crate::emit::{Emitter, Source, is_host, is_interface};
use crate::malformed::{Malformed, Parsed};
use crate::names::{Octets, Words};
use crate::role;
use crate::sink::Sink;

use parse::{Ending, Kind, Message, code};

/// Most routers of option 3 that are named.
const ROUTERS: usize = 8;

/// Whether a datagram may be DHCPv4: server, client, and the PXE service.
#[inline]
pub(crate) const fn is_port(port: u16) -> bool {
    matches!(port, 67 | 68 | 4011)
}

/// Reads a message. `truncated`: the capture cut it.
pub(crate) fn dissect<S: Sink>(
    payload: &[u8],
    truncated: bool,
    out: &mut Emitter<'_, S>,
) -> Parsed {
    let Some(message) = parse::parse(payload) else {
        return if truncated { Ok(()) } else { Err(Malformed) };
    };
    let is_broken = message.is_odd || message.ending == Ending::Broken;
    if is_broken {
        out.doubt(if truncated {
            FactFlags::TRUNCATED
        } else {
            FactFlags::MALFORMED
        });
    }
    if let Some(client) = Client::of(&message, out.context().sender) {
        client.point(out);
        names(&message, out);
        if let Some(ip) = server_address(&message) {
            out.value(plain(Attribute::LeaseServer, Field::Dhcpv4Opt54), ip);
        }
        if message.is_request {
            identity(&message, out);
            if !is_broken {
                fingerprint(&message, out);
            }
        }
        location(&message, out);
        bindings(&message, out);
    }
    if !message.is_request {
        server(&message, out);
    }
    if is_broken && !truncated {
        Err(Malformed)
    } else {
        Ok(())
    }
}

/// Who the client of a message is, as seen from the frame.
enum Client {
    /// It sent the frame.
    Sender,
    /// It wrote the message, a router forwarded the frame.
    Behind(Endpoint),
    /// A relay or a server speaks about it.
    Reported(Endpoint),
}

impl Client {
    /// `None` where the message does not say.
    fn of(message: &Message<'_>, sender: Endpoint) -> Option<Self> {
        let mac = message.client_mac.filter(|mac| is_interface(*mac));
        // The interface alone is the steadier name: the address changes in the course of an exchange.
        let ip = IpAddr::V4(message.client_ip);
        let itself = Endpoint {
            mac,
            ip: Some(ip).filter(|ip| mac.is_none() && is_host(*ip)),
        };
        if message.is_request && message.relay_ip.is_unspecified() {
            return Some(if mac.is_none() || sender.mac == mac {
                Self::Sender
            } else {
                Self::Behind(itself)
            });
        }
        (itself.mac.is_some() || itself.ip.is_some()).then_some(Self::Reported(itself))
    }

    fn point<S: Sink>(self, out: &mut Emitter<'_, S>) {
        match self {
            Self::Sender => out.about(Subject::Sender),
            Self::Behind(endpoint) => out.about_sender_behind(endpoint),
            Self::Reported(endpoint) => out.about(Subject::Endpoint(endpoint)),
        }
    }
}

const fn weak(attribute: Attribute, field: Field) -> Source {
    (attribute, field, ConfidenceClass::D5)
}

const fn plain(attribute: Attribute, field: Field) -> Source {
    (attribute, field, ConfidenceClass::D4)
}

/// Names and classes, which servers repeat.
fn names<S: Sink>(message: &Message<'_>, out: &mut Emitter<'_, S>) {
    if let Some(name) = message.option(code::HOST_NAME) {
        out.text(weak(Attribute::Hostname, Field::Dhcpv4Opt12), &name);
    }
    if let Some(class) = message.option(code::VENDOR_CLASS) {
        out.text(weak(Attribute::VendorClass, Field::Dhcpv4Opt60), &class);
    }
    if let Some(option) = message.option(code::FQDN)
        && let Some(name) = value::fqdn(&option)
    {
        out.text(weak(Attribute::Fqdn, Field::Dhcpv4Opt81), &name);
    }
}

/// What only the client itself says.
fn identity<S: Sink>(message: &Message<'_>, out: &mut Emitter<'_, S>) {
    if let Some(id) = message.option(code::CLIENT_ID) {
        let source = plain(Attribute::ClientId, Field::Dhcpv4Opt61);
        match value::client_id(&id) {
            Some(value::ClientId::Text(text)) => out.text(source, text),
            Some(value::ClientId::Mac(mac)) => out.value(source, mac),
            Some(value::ClientId::Octets(octets)) => out.value(source, octets),
            Some(value::ClientId::Duid { whole, duid }) => {
                out.value(source, whole);
                out.value(plain(Attribute::Duid, Field::Dhcpv4Opt61), duid);
            }
            None => {}
        }
    }
    if let Some(class) = message.option(code::USER_CLASS) {
        let source = plain(Attribute::UserClass, Field::Dhcpv4Opt77);
        out.text(source, &parse::user_class(&class));
    }
    if let Some(types) = message.option(code::ARCHITECTURE)
        && types.len() >= 2
    {
        let source = plain(Attribute::Architecture, Field::Dhcpv4Opt93);
        out.value(source, Words(&types));
    }
    if let Some(option) = message.option(code::UUID)
        && let Some(uuid) = value::Uuid::of(&option)
    {
        out.value(plain(Attribute::Uuid, Field::Dhcpv4Opt97), uuid);
    }
    if let Some(option) = message.option(code::VENDOR_IDENTIFYING) {
        for enterprise in parse::enterprises(&option) {
            let source = plain(Attribute::Enterprise, Field::Dhcpv4Opt125);
            out.value(source, enterprise);
        }
    }
    if let Some(url) = message.option(code::MUD) {
        let source = (Attribute::MudUrl, Field::Dhcpv4Opt161, ConfidenceClass::D2);
        out.text(source, &url);
    }
}

/// The two lists that tell implementations apart. A broken list would tell them apart wrongly.
fn fingerprint<S: Sink>(message: &Message<'_>, out: &mut Emitter<'_, S>) {
    if let Some(list) = message.option(code::PARAMETER_LIST)
        && !list.is_empty()
    {
        let source = weak(Attribute::ParameterList, Field::Dhcpv4Opt55);
        out.value(source, Octets(&list));
    }
    let order = message.order();
    if !order.is_empty() {
        let source = weak(Attribute::OptionOrder, Field::Dhcpv4Order);
        out.value(source, Octets(&order));
    }
}

/// Where the client is attached, as its relay adds (RFC 3046).
fn location<S: Sink>(message: &Message<'_>, out: &mut Emitter<'_, S>) {
    let Some(option) = message.option(code::RELAY) else {
        return;
    };
    // A switch on the way adds the option without becoming a relay: it is never the client's own word.
    out.hearsay();
    for (suboption, raw) in parse::suboptions(&option) {
        let field = match suboption {
            1 => Field::Dhcpv4Opt82Circuit,
            2 => Field::Dhcpv4Opt82Remote,
            _ => continue,
        };
        let source = (Attribute::SwitchPort, field, ConfidenceClass::D2);
        match value::attachment(raw) {
            value::Attachment::Text(text) => out.text(source, text),
            value::Attachment::Mac(mac) => out.value(source, mac),
            value::Attachment::Octets(octets) => out.value(source, octets),
        }
    }
}

/// What a message says about who holds an address.
fn bindings<S: Sink>(message: &Message<'_>, out: &mut Emitter<'_, S>) {
    let Some(mac) = message.client_mac else {
        return;
    };
    let (ip, lease_s, released) = match (message.is_request, message.kind) {
        (false, Kind::Ack | Kind::Bootp) => {
            // The answer to an INFORM gives nothing and confirms what the client has.
            let ip = if message.given_ip.is_unspecified() {
                message.client_ip
            } else {
                message.given_ip
            };
            (ip, message.number(code::LEASE_TIME).unwrap_or(0), false)
        }
        (true, Kind::Release) => (message.client_ip, 0, true),
        (true, Kind::Decline) => match message.address(code::REQUESTED_ADDRESS) {
            Some(ip) => (ip, 0, true),
            None => return,
        },
        _ => return,
    };
    out.binding(
        mac,
        IpAddr::V4(ip),
        BindingSource::Dhcpv4Ack,
        lease_s,
        released,
    );
}

fn host(ip: Ipv4Addr) -> Option<IpAddr> {
    Some(IpAddr::V4(ip)).filter(|ip| is_host(*ip))
}

/// The server that leases to the client, as either of them names it.
fn server_address(message: &Message<'_>) -> Option<IpAddr> {
    message.address(code::SERVER).and_then(host)
}

/// What an answer says about the servers of the network.
fn server<S: Sink>(message: &Message<'_>, out: &mut Emitter<'_, S>) {
    let sender = out.context().sender;
    if let Some(ip) = server_address(message) {
        // Through a relay the frame is the relay's, and so is the address it sends from.
        out.about(if sender.ip == Some(ip) {
            Subject::Sender
        } else {
            Subject::Endpoint(Endpoint {
                mac: None,
                ip: Some(ip),
            })
        });
        let source = (Attribute::Role, Field::Dhcpv4Opt54, ConfidenceClass::D2);
        out.value(source, role::DHCP_SERVER);
    }
    let routers = message.option(code::ROUTER).unwrap_or_default();
    let (addresses, _) = routers.as_chunks::<4>();
    for ip in addresses
        .iter()
        .take(ROUTERS)
        .filter_map(|ip| host(Ipv4Addr::from(*ip)))
    {
        out.about(Subject::Endpoint(Endpoint {
            mac: None,
            ip: Some(ip),
        }));
        let source = (Attribute::Role, Field::Dhcpv4Opt3, ConfidenceClass::D2);
        out.value(source, role::ROUTER);
    }
}
