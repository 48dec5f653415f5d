//! DNS messages (RFC 1035) and the lookups that devices make.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::BufMut;

use crate::address::Endpoint;
use crate::calendar::MILLISECOND;
use crate::tap::Tap;

/// A record's data.
#[derive(Debug, Clone)]
pub enum Data<'a> {
    /// Type 1.
    A(Ipv4Addr),
    /// Type 12.
    Ptr(&'a str),
    /// Type 16: strings of at most 255 octets.
    Txt(&'a [&'a str]),
    /// Type 28.
    Aaaa(Ipv6Addr),
    /// Type 33: port and target; priority and weight are zero.
    Srv(u16, &'a str),
}

impl Data<'_> {
    /// Its TYPE code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::A(_) => 1,
            Self::Ptr(_) => 12,
            Self::Txt(_) => 16,
            Self::Aaaa(_) => 28,
            Self::Srv(..) => 33,
        }
    }
}

/// A resource record.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// Owner. A label with a dot in it writes the dot as `\.`.
    pub name: &'a str,
    /// Class, with the cache-flush bit of mDNS where it applies.
    pub class: u16,
    /// Seconds to live.
    pub ttl: u32,
    /// Data.
    pub data: Data<'a>,
}

/// Class Internet.
pub const IN: u16 = 1;
/// Class Internet with the cache-flush bit (RFC 6762 §10.2).
pub const IN_FLUSH: u16 = 0x8001;

/// A message.
#[derive(Debug, Clone, Default)]
pub struct Message<'a> {
    /// Identifier; 0 in mDNS.
    pub id: u16,
    /// Flags and codes: 0x0100 query with recursion, 0x8180 its answer, 0x8400 an mDNS answer.
    pub flags: u16,
    /// Questions: name, type, class.
    pub questions: Vec<(&'a str, u16, u16)>,
    /// Answers.
    pub answers: Vec<Record<'a>>,
    /// Additional records.
    pub additional: Vec<Record<'a>>,
}

/// Writes a name without compression. Labels are cut at 63 octets.
pub fn write_name(name: &str, out: &mut Vec<u8>) {
    let mut label = Vec::with_capacity(63);
    let mut characters = name.bytes().peekable();
    let mut flush = |label: &mut Vec<u8>| {
        if !label.is_empty() {
            label.truncate(63);
            out.put_u8(label.len() as u8);
            out.put_slice(label);
            label.clear();
        }
    };
    while let Some(octet) = characters.next() {
        match (octet, characters.peek()) {
            (b'\\', Some(b'.')) => {
                label.push(b'.');
                characters.next();
            }
            (b'.', _) => flush(&mut label),
            _ => label.push(octet),
        }
    }
    flush(&mut label);
    out.put_u8(0);
}

fn write_record(record: &Record<'_>, out: &mut Vec<u8>) {
    write_name(record.name, out);
    out.put_u16(record.data.code());
    out.put_u16(record.class);
    out.put_u32(record.ttl);
    let length_at = out.len();
    out.put_u16(0);
    match &record.data {
        Data::A(address) => out.put_slice(&address.octets()),
        Data::Aaaa(address) => out.put_slice(&address.octets()),
        Data::Ptr(name) => write_name(name, out),
        Data::Txt(strings) => {
            for text in *strings {
                let text = &text.as_bytes()[..text.len().min(255)];
                out.put_u8(text.len() as u8);
                out.put_slice(text);
            }
        }
        Data::Srv(port, target) => {
            out.put_u32(0);
            out.put_u16(*port);
            write_name(target, out);
        }
    }
    let length = (out.len() - length_at - 2) as u16;
    out[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
}

impl Message<'_> {
    /// Writes the message, uncompressed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        for word in [
            self.id,
            self.flags,
            self.questions.len() as u16,
            self.answers.len() as u16,
            0,
            self.additional.len() as u16,
        ] {
            out.put_u16(word);
        }
        for (name, kind, class) in &self.questions {
            write_name(name, &mut out);
            out.put_u16(*kind);
            out.put_u16(*class);
        }
        for record in self.answers.iter().chain(&self.additional) {
            write_record(record, &mut out);
        }
        out
    }
}

/// `client` asks `server` for `name` and gets `address`.
pub fn lookup(
    tap: &mut Tap<'_>,
    client: &Endpoint,
    server: &Endpoint,
    name: &str,
    address: IpAddr,
) {
    let id = tap.random.next_u16();
    let port = tap.ephemeral_port(client);
    let data = match address {
        IpAddr::V4(v4) => Data::A(v4),
        IpAddr::V6(v6) => Data::Aaaa(v6),
    };
    let attribute = match address {
        IpAddr::V4(_) => "dns.a",
        IpAddr::V6(_) => "dns.aaaa",
    };
    let query = Message {
        id,
        flags: 0x0100,
        questions: vec![(name, data.code(), IN)],
        ..Message::default()
    };
    let frame = tap.udp((client, port), (server, 53), &query.encode());
    tap.states(frame, client, "dns.qname", name);
    tap.wait_about(MILLISECOND);
    let answer = Message {
        flags: 0x8180,
        answers: vec![Record {
            name,
            class: IN,
            ttl: 300,
            data,
        }],
        ..query
    };
    let frame = tap.udp((server, 53), (client, port), &answer.encode());
    tap.states(frame, server, "dns.qname", name);
    tap.states(frame, server, "dns.resp_name", name);
    tap.states(frame, server, attribute, address.to_string());
    tap.wait_about(MILLISECOND);
}
