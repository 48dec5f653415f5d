//! Multicast DNS and DNS-SD (RFC 6762, 6763): a service says that it is there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::Endpoint;
use crate::protocol::dns::{Data, IN, IN_FLUSH, Message, Record};
use crate::tap::Tap;

/// A service of one device.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    /// Service type, such as `_ipp._tcp.local`.
    pub kind: &'a str,
    /// Instance name before the type, such as `Laser 4`.
    pub instance: &'a str,
    /// Host, such as `laser4.local`.
    pub host: &'a str,
    /// Port.
    pub port: u16,
    /// TXT strings `key=value`.
    pub txt: &'a [&'a str],
}

fn group(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::new(224, 0, 0, 251).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb).into(),
    }
}

impl Service<'_> {
    /// Announces the service to everybody on the link (RFC 6762 §8.3).
    pub fn announce(&self, tap: &mut Tap<'_>, from: &Endpoint) {
        let full = format!("{}.{}", self.instance, self.kind);
        let record = |name, class, ttl, data| Record {
            name,
            class,
            ttl,
            data,
        };
        let address = match from.ip {
            IpAddr::V4(v4) => Data::A(v4),
            IpAddr::V6(v6) => Data::Aaaa(v6),
        };
        let message = Message {
            flags: 0x8400,
            answers: vec![
                record(self.kind, IN, 4500, Data::Ptr(&full)),
                record(&full, IN_FLUSH, 120, Data::Srv(self.port, self.host)),
                record(&full, IN_FLUSH, 4500, Data::Txt(self.txt)),
                record(self.host, IN_FLUSH, 120, address),
            ],
            ..Message::default()
        };
        let all = from.at(group(from.ip));
        let frame = tap.udp((from, 5353), (&all, 5353), &message.encode());
        for name in [self.kind, &full, self.host] {
            tap.states(frame, from, "mdns.resp_name", name);
        }
        tap.states(frame, from, "mdns.ptr", full.as_str());
        tap.states(frame, from, "mdns.srv_target", self.host);
        for text in self.txt {
            tap.states(frame, from, "mdns.txt", *text);
        }
        let attribute = match from.ip {
            IpAddr::V4(_) => "mdns.a",
            IpAddr::V6(_) => "mdns.aaaa",
        };
        tap.states(frame, from, attribute, from.ip.to_string());
    }
}

/// `from` asks who offers a service type.
pub fn browse(tap: &mut Tap<'_>, from: &Endpoint, kind: &str) {
    let message = Message {
        questions: vec![(kind, 12, IN)],
        ..Message::default()
    };
    let all = from.at(group(from.ip));
    let frame = tap.udp((from, 5353), (&all, 5353), &message.encode());
    tap.states(frame, from, "mdns.qname", kind);
}
