//! Wire form of DHCPv6 (RFC 8415).

use std::net::Ipv6Addr;

use auscult_proto::mac::Mac;

use crate::cursor::Cursor;

/// Most options read on one level.
const OPTIONS: usize = 64;
/// Most relays unwrapped.
const RELAYS: u8 = 8;

/// Option codes (IANA) of use.
pub(crate) mod code {
    pub(crate) const CLIENT_ID: u16 = 1;
    pub(crate) const SERVER_ID: u16 = 2;
    pub(crate) const ASSOCIATION: u16 = 3;
    pub(crate) const TEMPORARY_ASSOCIATION: u16 = 4;
    pub(crate) const ADDRESS: u16 = 5;
    pub(crate) const OPTION_REQUEST: u16 = 6;
    pub(crate) const RELAYED: u16 = 9;
    pub(crate) const USER_CLASS: u16 = 15;
    pub(crate) const VENDOR_CLASS: u16 = 16;
    pub(crate) const FQDN: u16 = 39;
    pub(crate) const CLIENT_LINK_ADDRESS: u16 = 79;
    pub(crate) const MUD: u16 = 112;
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A client; `releases` where it gives its addresses back.
    Client { releases: bool },
    /// A server; `binds` where it is the final word.
    Server { binds: bool },
}

/// What the relays on the way know about the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Relayed {
    /// The address the innermost relay got the message from.
    pub(crate) peer: Option<Ipv6Addr>,
    /// RFC 6939.
    pub(crate) mac: Option<Mac>,
}

/// The innermost message.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: Kind,
    /// Set where relays are between client and server.
    pub(crate) relayed: Option<Relayed>,
    pub(crate) options: Options<'a>,
}

/// The options of one level.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    found: Vec<(u16, &'a [u8])>,
    /// One passes the end, or there are too many.
    pub(crate) is_broken: bool,
}

impl<'a> Options<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let mut cursor = Cursor::new(bytes);
        let mut found = Vec::new();
        while !cursor.is_empty() {
            let value = match (cursor.u16(), cursor.u16()) {
                (Some(code), Some(length)) => {
                    cursor.take(usize::from(length)).map(|value| (code, value))
                }
                _ => None,
            };
            let (Some(option), true) = (value, found.len() < OPTIONS) else {
                return Self {
                    found,
                    is_broken: true,
                };
            };
            found.push(option);
        }
        Self {
            found,
            is_broken: false,
        }
    }

    /// The first of a code.
    pub(crate) fn first(&self, code: u16) -> Option<&'a [u8]> {
        self.all(code).next()
    }

    /// All of a code.
    pub(crate) fn all(&self, code: u16) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.found
            .iter()
            .filter(move |(found, _)| *found == code)
            .map(|(_, value)| *value)
    }

    /// Addresses of the associations, with their valid lifetime in seconds.
    pub(crate) fn addresses(&self) -> Vec<(Ipv6Addr, u32)> {
        let lasting = self
            .all(code::ASSOCIATION)
            .filter_map(|value| value.get(12..));
        let temporary = self
            .all(code::TEMPORARY_ASSOCIATION)
            .filter_map(|value| value.get(4..));
        lasting
            .chain(temporary)
            .flat_map(|inner| {
                Options::read(inner)
                    .all(code::ADDRESS)
                    .filter_map(address)
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

fn address(value: &[u8]) -> Option<(Ipv6Addr, u32)> {
    let mut cursor = Cursor::new(value);
    let address = Ipv6Addr::from(cursor.array::<16>()?);
    cursor.skip(4)?;
    Some((address, cursor.u32()?))
}

/// Reads a message and unwraps what relays put around it. `None` where it is cut short or is something else.
pub(crate) fn parse(payload: &[u8]) -> Option<Message<'_>> {
    let mut bytes = payload;
    let mut relayed: Option<Relayed> = None;
    for _ in 0..=RELAYS {
        let mut cursor = Cursor::new(bytes);
        let kind = match cursor.u8()? {
            1 | 3..=6 | 11 => Kind::Client { releases: false },
            8 | 9 => Kind::Client { releases: true },
            2 | 10 => Kind::Server { binds: false },
            7 => Kind::Server { binds: true },
            12 | 13 => {
                cursor.skip(17)?;
                let peer = Ipv6Addr::from(cursor.array::<16>()?);
                let options = Options::read(cursor.rest());
                bytes = options.first(code::RELAYED)?;
                let outer = relayed.unwrap_or_default();
                relayed = Some(Relayed {
                    peer: Some(peer),
                    mac: options
                        .first(code::CLIENT_LINK_ADDRESS)
                        .and_then(link_address)
                        .or(outer.mac),
                });
                continue;
            }
            _ => return None,
        };
        cursor.skip(3)?;
        return Some(Message {
            kind,
            relayed,
            options: Options::read(cursor.rest()),
        });
    }
    None
}

/// Hardware type 1, then the address.
fn link_address(value: &[u8]) -> Option<Mac> {
    match value {
        [0, 1, mac @ ..] => mac.try_into().ok().map(Mac),
        _ => None,
    }
}

/// The interface a DUID was made from (RFC 8415 section 11: types 1 with and 3 without a time). It need not be the one that speaks.
pub(crate) fn duid_mac(duid: &[u8]) -> Option<Mac> {
    match duid {
        [0, 1, 0, 1, _, _, _, _, mac @ ..] | [0, 3, 0, 1, mac @ ..] => mac.try_into().ok().map(Mac),
        _ => None,
    }
}

/// Items with a length of two octets before each.
pub(crate) fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut cursor = Cursor::new(value);
    std::iter::from_fn(move || {
        let length = usize::from(cursor.u16()?);
        cursor.take(length)
    })
}
