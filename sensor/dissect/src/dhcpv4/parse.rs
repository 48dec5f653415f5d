//! Wire form of BOOTP (RFC 951) and DHCP (RFC 2131), with options in wire order, overloaded (option 52) and split (RFC 3396).

use std::borrow::Cow;
use std::net::Ipv4Addr;

use auscult_proto::mac::Mac;

use crate::cursor::Cursor;

/// Most options read in one message.
const OPTIONS: usize = 128;

/// Option codes (IANA) of use.
pub(crate) mod code {
    pub(crate) const PAD: u8 = 0;
    pub(crate) const ROUTER: u8 = 3;
    pub(crate) const HOST_NAME: u8 = 12;
    pub(crate) const REQUESTED_ADDRESS: u8 = 50;
    pub(crate) const LEASE_TIME: u8 = 51;
    pub(crate) const OVERLOAD: u8 = 52;
    pub(crate) const MESSAGE_TYPE: u8 = 53;
    pub(crate) const SERVER: u8 = 54;
    pub(crate) const PARAMETER_LIST: u8 = 55;
    pub(crate) const VENDOR_CLASS: u8 = 60;
    pub(crate) const CLIENT_ID: u8 = 61;
    pub(crate) const USER_CLASS: u8 = 77;
    pub(crate) const FQDN: u8 = 81;
    pub(crate) const RELAY: u8 = 82;
    pub(crate) const ARCHITECTURE: u8 = 93;
    pub(crate) const UUID: u8 = 97;
    pub(crate) const VENDOR_IDENTIFYING: u8 = 125;
    pub(crate) const MUD: u8 = 161;
    pub(crate) const END: u8 = 255;
}

/// DHCP message types of use (option 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No option 53: BOOTP.
    Bootp,
    Decline,
    Ack,
    Release,
    Other,
}

/// How the option list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an end marker in every part, or no options at all.
    Whole,
    /// An option passes the end, or the end marker is missing.
    Broken,
}

/// A message.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    /// From a client (or for one, by a relay), not from a server.
    pub(crate) is_request: bool,
    pub(crate) kind: Kind,
    /// The client's interface; `None` on other media.
    pub(crate) client_mac: Option<Mac>,
    /// What the client says it holds.
    pub(crate) client_ip: Ipv4Addr,
    /// What the server gives.
    pub(crate) given_ip: Ipv4Addr,
    /// The relay; zero without one.
    pub(crate) relay_ip: Ipv4Addr,
    /// A fixed field contradicts itself.
    pub(crate) is_odd: bool,
    pub(crate) ending: Ending,
    options: Vec<(u8, &'a [u8])>,
}

const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];

/// Reads a message; `None` where the fixed part is cut short or is something else.
pub(crate) fn parse(payload: &[u8]) -> Option<Message<'_>> {
    let mut cursor = Cursor::new(payload);
    let [op, hardware, address_len, _hops] = cursor.array()?;
    if !matches!(op, 1 | 2) {
        return None;
    }
    cursor.skip(8)?;
    let client_ip = Ipv4Addr::from(cursor.array::<4>()?);
    let given_ip = Ipv4Addr::from(cursor.array::<4>()?);
    cursor.skip(4)?;
    let relay_ip = Ipv4Addr::from(cursor.array::<4>()?);
    let hardware_address = cursor.array::<16>()?;
    let [a, b, c, d, e, f, ..] = hardware_address;
    // Ethernet and IEEE 802. Some say a length above six and mean six.
    let is_mac = matches!(hardware, 1 | 6) && address_len >= 6;
    let server_name = cursor.take(64)?;
    let file = cursor.take(128)?;
    let mut message = Message {
        is_request: op == 1,
        kind: Kind::Bootp,
        client_mac: is_mac.then_some(Mac([a, b, c, d, e, f])),
        client_ip,
        given_ip,
        relay_ip,
        is_odd: address_len > 16 || (is_mac && address_len != 6),
        ending: Ending::Whole,
        options: Vec::new(),
    };
    if cursor.array() == Some(COOKIE) {
        message.read_options(cursor.rest(), file, server_name);
    }
    Some(message)
}

impl<'a> Message<'a> {
    fn read_options(&mut self, area: &'a [u8], file: &'a [u8], server_name: &'a [u8]) {
        self.options.reserve(24);
        self.read_area(area);
        let overload = match self.first(code::OVERLOAD) {
            Some([bits]) => *bits,
            _ => 0,
        };
        // RFC 2131 section 4.1: the file field first.
        if overload & 1 != 0 {
            self.read_area(file);
        }
        if overload & 2 != 0 {
            self.read_area(server_name);
        }
        self.kind = match self.first(code::MESSAGE_TYPE) {
            Some([4]) => Kind::Decline,
            Some([5]) => Kind::Ack,
            Some([7]) => Kind::Release,
            Some(_) => Kind::Other,
            None => Kind::Bootp,
        };
    }

    fn read_area(&mut self, area: &'a [u8]) {
        let mut cursor = Cursor::new(area);
        loop {
            match cursor.u8() {
                Some(code::PAD) => {}
                Some(code::END) => return,
                Some(option) => {
                    let length = cursor.u8().map(usize::from);
                    let value = length.and_then(|length| cursor.take(length));
                    match value {
                        Some(value) if self.options.len() < OPTIONS => {
                            self.options.push((option, value));
                        }
                        _ => break,
                    }
                }
                None => break,
            }
        }
        self.ending = Ending::Broken;
    }

    fn first(&self, option: u8) -> Option<&'a [u8]> {
        self.options
            .iter()
            .find(|(found, _)| *found == option)
            .map(|(_, value)| *value)
    }

    /// An option's value; what was split over several is joined.
    pub(crate) fn option(&self, option: u8) -> Option<Cow<'a, [u8]>> {
        let mut pieces = self
            .options
            .iter()
            .filter(|(found, _)| *found == option)
            .map(|(_, value)| *value);
        let first = pieces.next()?;
        Some(match pieces.next() {
            None => Cow::Borrowed(first),
            Some(second) => {
                let mut joined = [first, second].concat();
                pieces.for_each(|piece| joined.extend_from_slice(piece));
                Cow::Owned(joined)
            }
        })
    }

    /// An option's value as an address.
    pub(crate) fn address(&self, option: u8) -> Option<Ipv4Addr> {
        self.first(option)?
            .first_chunk::<4>()
            .map(|octets| Ipv4Addr::from(*octets))
    }

    /// An option's value as a number.
    pub(crate) fn number(&self, option: u8) -> Option<u32> {
        self.first(option)?
            .first_chunk::<4>()
            .map(|octets| u32::from_be_bytes(*octets))
    }

    /// The codes of all options as they came.
    pub(crate) fn order(&self) -> Vec<u8> {
        self.options.iter().map(|(option, _)| *option).collect()
    }
}

/// Sub-options of option 82 (RFC 3046), and the items of other lists of one-octet codes and lengths.
pub(crate) fn suboptions(value: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut cursor = Cursor::new(value);
    std::iter::from_fn(move || {
        let [code, length] = cursor.array()?;
        Some((code, cursor.take(usize::from(length))?))
    })
}

/// Enterprise numbers of vendor-identifying options (RFC 3925).
pub(crate) fn enterprises(value: &[u8]) -> impl Iterator<Item = u32> {
    let mut cursor = Cursor::new(value);
    std::iter::from_fn(move || {
        let enterprise = cursor.u32()?;
        let length = usize::from(cursor.u8()?);
        cursor.skip(length)?;
        Some(enterprise)
    })
}

/// A user class: a list of counted items (RFC 3004), or what most clients send, a plain text.
pub(crate) fn user_class(value: &[u8]) -> Cow<'_, [u8]> {
    let mut cursor = Cursor::new(value);
    let mut joined = Vec::new();
    while let Some(length) = cursor.u8() {
        match cursor.take(usize::from(length)) {
            Some(item) if !item.is_empty() => {
                if !joined.is_empty() {
                    joined.push(b',');
                }
                joined.extend_from_slice(item);
            }
            _ => return Cow::Borrowed(value),
        }
    }
    Cow::Owned(joined)
}
