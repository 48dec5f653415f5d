//! Option values that are more than a text or a number.

use std::borrow::Cow;
use std::fmt;

use auscult_proto::mac::Mac;

use crate::cursor::Cursor;
use crate::emit::is_interface;
use crate::names::{Hex, domain_name, is_printable};

/// Option 61 (RFC 2132, RFC 4361).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientId<'a> {
    Mac(Mac),
    Text(&'a [u8]),
    Duid { whole: Hex<'a>, duid: Hex<'a> },
    Octets(Hex<'a>),
}

pub(super) fn client_id(option: &[u8]) -> Option<ClientId<'_>> {
    let (kind, rest) = option.split_first()?;
    if rest.iter().all(|octet| *octet == 0) {
        return None;
    }
    Some(match (kind, rest) {
        (1, [a, b, c, d, e, f]) => ClientId::Mac(Mac([*a, *b, *c, *d, *e, *f])),
        (0, text) if is_printable(text) => ClientId::Text(text),
        // RFC 4361: four octets of association, then the DUID.
        (255, [_, _, _, _, duid @ ..]) if duid.len() > 2 => ClientId::Duid {
            whole: Hex(option),
            duid: Hex(duid),
        },
        _ if is_printable(option) => ClientId::Text(option),
        _ => ClientId::Octets(Hex(option)),
    })
}

/// The name in option 81 (RFC 4702): flags, two octets of old results, then the name in one of two forms. Without the dot that
/// some write after a whole name.
pub(super) fn fqdn(option: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut cursor = Cursor::new(option);
    let [flags, _, _] = cursor.array()?;
    let rest = cursor.rest();
    let name = if flags & 0x04 != 0 {
        Cow::Owned(domain_name(rest)?)
    } else {
        Cow::Borrowed(rest.strip_suffix(b".").unwrap_or(rest))
    };
    (!name.is_empty()).then_some(name)
}

/// A machine identifier (option 97, RFC 4578): the first three groups are little endian on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uuid([u8; 16]);

impl Uuid {
    /// `None` for other kinds, and for the fillers of boards that have none.
    pub(super) fn of(option: &[u8]) -> Option<Self> {
        let (0, octets) = option.split_first()? else {
            return None;
        };
        let octets: [u8; 16] = octets.try_into().ok()?;
        let is_filler = octets.iter().all(|o| *o == 0) || octets.iter().all(|o| *o == 0xff);
        (!is_filler).then_some(Self(octets))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g, h, i, j, k, rest @ ..] = &self.0;
        write!(
            f,
            "{d:02x}{c:02x}{b:02x}{a:02x}-{g:02x}{e:02x}-{i:02x}{h:02x}-{j:02x}{k:02x}-{}",
            Hex(rest)
        )
    }
}

/// A circuit or remote identifier: free form, mostly a port's name, often one octet of kind and one of length before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attachment<'a> {
    Text(&'a [u8]),
    Mac(Mac),
    Octets(Hex<'a>),
}

pub(super) fn attachment(raw: &[u8]) -> Attachment<'_> {
    let mac = match raw {
        [0, 6, a, b, c, d, e, f] | [a, b, c, d, e, f] => Some(Mac([*a, *b, *c, *d, *e, *f])),
        _ => None,
    };
    match (raw, mac.filter(|mac| is_interface(*mac))) {
        (text, _) if is_printable(text) => Attachment::Text(text),
        ([_, length, text @ ..], _) if usize::from(*length) == text.len() && is_printable(text) => {
            Attachment::Text(text)
        }
        (_, Some(mac)) => Attachment::Mac(mac),
        _ => Attachment::Octets(Hex(raw)),
    }
}
