//! Wire form of the neighbour discovery messages.

use std::net::Ipv6Addr;

use auscult_proto::mac::Mac;

use crate::cursor::Cursor;

/// The kinds that tell something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// Router or neighbour solicitation.
    Solicitation,
    /// Router advertisement.
    RouterAdvertisement,
    /// Neighbour advertisement.
    Advertisement {
        /// The address it is about.
        target: Ipv6Addr,
        /// The sender says it is a router.
        router: bool,
    },
}

/// A message and the link-layer address it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Discovery {
    pub(crate) message: Message,
    /// Of the source; in a neighbour advertisement, of the target.
    pub(crate) link_address: Option<Mac>,
    /// All options were in order.
    pub(crate) is_whole: bool,
}

const SOURCE: u8 = 1;
const TARGET: u8 = 2;

/// `None` where the message is cut short; `Some(None)` for other ICMPv6 messages.
#[expect(
    clippy::option_option,
    reason = "malformed and not for us are different outcomes"
)]
pub(crate) fn parse(payload: &[u8]) -> Option<Option<Discovery>> {
    let mut cursor = Cursor::new(payload);
    let kind = cursor.u8()?;
    if !(133..=136).contains(&kind) {
        return Some(None);
    }
    let code = cursor.u8()?;
    if code != 0 {
        return None;
    }
    cursor.skip(2)?;
    let (message, wanted) = match kind {
        133 => {
            cursor.skip(4)?;
            (Message::Solicitation, SOURCE)
        }
        134 => {
            cursor.skip(12)?;
            (Message::RouterAdvertisement, SOURCE)
        }
        135 => {
            cursor.skip(20)?;
            (Message::Solicitation, SOURCE)
        }
        _ => {
            let [flags, _, _, _] = cursor.array()?;
            let target = Ipv6Addr::from(cursor.array::<16>()?);
            let router = flags & 0x80 != 0;
            (Message::Advertisement { target, router }, TARGET)
        }
    };
    let mut found = Discovery {
        message,
        link_address: None,
        is_whole: true,
    };
    while !cursor.is_empty() {
        let Some((option, data)) = next_option(&mut cursor) else {
            found.is_whole = false;
            break;
        };
        if option == wanted
            && let Some((mac, _)) = data.split_first_chunk::<6>()
        {
            found.link_address = Some(Mac(*mac));
        }
    }
    Some(Some(found))
}

/// Type and value; lengths are in units of eight and include the two octets before the value.
fn next_option<'a>(cursor: &mut Cursor<'a>) -> Option<(u8, &'a [u8])> {
    let [kind, units] = cursor.array()?;
    let length = usize::from(units).checked_mul(8)?.checked_sub(2)?;
    Some((kind, cursor.take(length)?))
}
