//! DHCPv4 (RFC 2131, options RFC 2132, 3046, 4702): discover, offer, request, acknowledgement; renewal; release.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use bytes::BufMut;

use crate::address::{Endpoint, Mac};
use crate::calendar::MILLISECOND;
use crate::recording::FrameId;
use crate::tap::Tap;

/// What a client says of itself. Options are written in the order 53, 61, 50, 12, 81, 60, 55; absent ones are left out.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Option 12.
    pub host_name: Option<&'a str>,
    /// Option 60.
    pub vendor_class: Option<&'a str>,
    /// Option 55, in the client's order; empty: not written.
    pub parameter_list: &'a [u8],
    /// Option 61 as hardware type 1 and MAC.
    pub client_identifier: bool,
    /// Option 81 (ASCII form).
    pub fqdn: Option<&'a str>,
}

/// What the server gives.
#[derive(Debug, Clone, Copy)]
pub struct Lease<'a> {
    /// The address.
    pub address: Ipv4Addr,
    /// Option 1.
    pub mask: Ipv4Addr,
    /// Option 3.
    pub router: Ipv4Addr,
    /// Option 6.
    pub dns: Ipv4Addr,
    /// Option 15.
    pub domain: &'a str,
    /// Option 51 in seconds.
    pub seconds: u32,
}

/// Message types of option 53.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Discover = 1,
    Offer = 2,
    Request = 3,
    Ack = 5,
    Release = 7,
}

/// The BOOTP part that both directions share.
struct Header {
    transaction: u32,
    client: Mac,
    ciaddr: Ipv4Addr,
    yiaddr: Ipv4Addr,
    server: Ipv4Addr,
    reply: bool,
}

impl Header {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_slice(&[if self.reply { 2 } else { 1 }, 1, 6, 0]);
        out.put_u32(self.transaction);
        out.put_u32(0); // seconds and flags
        out.put_slice(&self.ciaddr.octets());
        out.put_slice(&self.yiaddr.octets());
        out.put_slice(&self.server.octets());
        out.put_u32(0); // giaddr
        out.put_slice(&self.client.0);
        out.put_bytes(0, 10 + 64 + 128);
        out.put_u32(0x6382_5363);
    }
}

/// The options of one message, and their numbers in order.
struct Options {
    bytes: Vec<u8>,
    order: String,
    kind: Type,
}

impl Options {
    fn new(kind: Type) -> Self {
        let mut options = Self {
            bytes: Vec::with_capacity(128),
            order: format!("type{}:", kind as u8),
            kind,
        };
        options.option(53, &[kind as u8]);
        options
    }

    fn option(&mut self, number: u8, value: &[u8]) {
        let value = &value[..value.len().min(255)];
        self.bytes.put_slice(&[number, value.len() as u8]);
        self.bytes.put_slice(value);
        let written = write!(self.order, "{number},");
        debug_assert!(written.is_ok(), "a String takes every write");
    }
}

/// A client and a server that know each other's addresses. The server answers from its endpoint; the lease tells the rest.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The client's interface (its IP address is ignored).
    pub client: Endpoint,
    /// What it says of itself.
    pub profile: Client<'a>,
    /// The server.
    pub server: Endpoint,
    /// What it gives.
    pub lease: Lease<'a>,
}

impl Exchange<'_> {
    /// The four messages of a first lease, broadcast. Afterwards the client holds the address.
    pub fn acquire(&self, tap: &mut Tap<'_>) {
        let transaction = tap.random.next_u32();
        self.ask(tap, transaction, Type::Discover);
        tap.wait_about(20 * MILLISECOND);
        self.grant(tap, transaction, Type::Offer);
        tap.wait_about(2 * MILLISECOND);
        self.ask(tap, transaction, Type::Request);
        tap.wait_about(5 * MILLISECOND);
        self.grant(tap, transaction, Type::Ack);
        tap.wait_about(MILLISECOND);
    }

    /// Request and acknowledgement of a renewal, unicast.
    pub fn renew(&self, tap: &mut Tap<'_>) {
        let transaction = tap.random.next_u32();
        self.renewal(tap, transaction, Type::Request);
        tap.wait_about(5 * MILLISECOND);
        let client = self.client.at(self.lease.address);
        self.answer(tap, transaction, Type::Ack, &client, self.lease.address);
        tap.wait_about(MILLISECOND);
    }

    /// The client gives the address back.
    pub fn release(&self, tap: &mut Tap<'_>) {
        let transaction = tap.random.next_u32();
        self.renewal(tap, transaction, Type::Release);
    }

    fn server_ip(&self) -> Ipv4Addr {
        match self.server.ip {
            std::net::IpAddr::V4(v4) => v4,
            std::net::IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        }
    }

    fn header(&self, transaction: u32) -> Header {
        Header {
            transaction,
            client: self.client.mac,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            server: Ipv4Addr::UNSPECIFIED,
            reply: false,
        }
    }

    fn client_options(&self, kind: Type) -> Options {
        let mut options = Options::new(kind);
        let profile = &self.profile;
        if profile.client_identifier {
            let mut value = [1; 7];
            value[1..].copy_from_slice(&self.client.mac.0);
            options.option(61, &value);
        }
        if kind == Type::Release {
            options.option(54, &self.server_ip().octets());
            return options;
        }
        if kind == Type::Request {
            options.option(50, &self.lease.address.octets());
            options.option(54, &self.server_ip().octets());
        }
        if let Some(name) = profile.host_name {
            options.option(12, name.as_bytes());
        }
        if let Some(name) = profile.fqdn {
            options.option(81, &[&[0, 0, 0], name.as_bytes()].concat());
        }
        if let Some(class) = profile.vendor_class {
            options.option(60, class.as_bytes());
        }
        if !profile.parameter_list.is_empty() {
            options.option(55, profile.parameter_list);
        }
        options
    }

    fn ask(&self, tap: &mut Tap<'_>, transaction: u32, kind: Type) {
        let nobody = self.client.at(Ipv4Addr::UNSPECIFIED);
        let everybody = self.server.at(Ipv4Addr::BROADCAST);
        let mut options = self.client_options(kind);
        let id = send(
            tap,
            &nobody,
            &everybody,
            &self.header(transaction),
            &mut options,
        );
        self.state_client(tap, id, &nobody, &options);
    }

    /// A renewing client writes its address into the header and neither option 50 nor 54 (RFC 2131 §4.3.2).
    fn renewal(&self, tap: &mut Tap<'_>, transaction: u32, kind: Type) {
        let client = self.client.at(self.lease.address);
        let header = Header {
            ciaddr: self.lease.address,
            ..self.header(transaction)
        };
        let mut options = if kind == Type::Release {
            self.client_options(kind)
        } else {
            let mut options = self.client_options(Type::Discover);
            options.kind = kind;
            options.bytes[2] = kind as u8;
            options
                .order
                .replace_range(..5, &format!("type{}", kind as u8));
            options
        };
        let id = send(tap, &client, &self.server, &header, &mut options);
        self.state_client(tap, id, &client, &options);
    }

    fn grant(&self, tap: &mut Tap<'_>, transaction: u32, kind: Type) {
        let everybody = self.client.at(Ipv4Addr::BROADCAST);
        self.answer(tap, transaction, kind, &everybody, Ipv4Addr::UNSPECIFIED);
    }

    fn answer(
        &self,
        tap: &mut Tap<'_>,
        transaction: u32,
        kind: Type,
        to: &Endpoint,
        ciaddr: Ipv4Addr,
    ) {
        let lease = &self.lease;
        let header = Header {
            ciaddr,
            yiaddr: lease.address,
            server: self.server_ip(),
            reply: true,
            ..self.header(transaction)
        };
        let mut options = Options::new(kind);
        options.option(54, &self.server_ip().octets());
        options.option(51, &lease.seconds.to_be_bytes());
        options.option(1, &lease.mask.octets());
        options.option(3, &lease.router.octets());
        options.option(6, &lease.dns.octets());
        options.option(15, lease.domain.as_bytes());
        let id = send(tap, &self.server, to, &header, &mut options);
        let server = &self.server;
        state_message(tap, id, server, &options, self.client.mac);
        tap.states(id, server, "dhcp.yiaddr", lease.address.to_string());
        tap.states(id, server, "dhcp.server_id", self.server_ip().to_string());
        tap.states(id, server, "dhcp.domain", lease.domain);
    }

    fn state_client(&self, tap: &mut Tap<'_>, id: FrameId, from: &Endpoint, options: &Options) {
        state_message(tap, id, from, options, self.client.mac);
        tap.states(id, from, "dhcp.yiaddr", "0.0.0.0");
        if matches!(options.kind, Type::Request | Type::Release) && from.ip.is_unspecified()
            || options.kind == Type::Release
        {
            tap.states(id, from, "dhcp.server_id", self.server_ip().to_string());
        }
        if options.kind == Type::Release {
            return;
        }
        if options.kind == Type::Request && from.ip.is_unspecified() {
            tap.states(
                id,
                from,
                "dhcp.requested_ip",
                self.lease.address.to_string(),
            );
        }
        let profile = &self.profile;
        if let Some(name) = profile.host_name {
            tap.states(id, from, "dhcp.hostname", name);
        }
        if let Some(class) = profile.vendor_class {
            tap.states(id, from, "dhcp.vendor_class", class);
        }
        if let Some(name) = profile.fqdn {
            tap.states(id, from, "dhcp.fqdn", name);
        }
        if !profile.parameter_list.is_empty() {
            let list: Vec<String> = profile.parameter_list.iter().map(u8::to_string).collect();
            tap.states(id, from, "dhcp.opt55", list.join(","));
        }
    }
}

fn state_message(tap: &mut Tap<'_>, id: FrameId, from: &Endpoint, options: &Options, client: Mac) {
    tap.states(id, from, "dhcp.msgtype", (options.kind as u8).to_string());
    tap.states(id, from, "dhcp.chaddr", client.to_string());
    tap.states(id, from, "dhcp.options_order", options.order.as_str());
}

fn send(
    tap: &mut Tap<'_>,
    from: &Endpoint,
    to: &Endpoint,
    header: &Header,
    options: &mut Options,
) -> FrameId {
    // tshark counts the end mark among the options, hence the 0 in its order; 255 is the mark itself.
    options.order.push('0');
    let mut message = Vec::with_capacity(400);
    header.encode(&mut message);
    message.put_slice(&options.bytes);
    message.put_u8(255);
    while message.len() < 300 {
        message.put_u8(0); // RFC 1542 §2.1: BOOTP relays expect 300 octets
    }
    let (port, to_port) = if header.reply { (67, 68) } else { (68, 67) };
    tap.udp((from, port), (to, to_port), &message)
}
