//! The fast way in: decodes a batch body in the form every sensor writes it, straight into the domain.
//!
//! Whatever is not in that form (fields out of order or twice, unknown fields, values out of range) gives `None`, and the general
//! decoder decides. So this one need not know any error, and cannot accept what the general one refuses; a property test holds the
//! two against each other.

use std::net::IpAddr;

use crate::ids::CapturePoint;
use crate::limits;
use crate::mac::Mac;
use crate::observation::{
    Binding, Body, Conversation, Endpoint, Fact, FactFlags, Health, Heartbeat, Loss, Observation,
    Origin, Subject,
};

/// Decodes an `ObservationList` of exactly `count` observations.
pub(crate) fn body(bytes: &[u8], count: u32) -> Option<Vec<Observation>> {
    let count = usize::try_from(count).ok()?;
    let mut observations = Vec::with_capacity(count.min(4096));
    let mut fields = Fields(bytes);
    let mut origins = Origins::default();
    while let Some((1, value)) = fields.next()? {
        observations.push(observation(value.bytes()?, &mut origins)?);
    }
    (fields.0.is_empty() && observations.len() == count).then_some(observations)
}

/// The last few origins: a batch has few, in any order.
#[derive(Default)]
struct Origins<'a> {
    known: [Option<(&'a [u8], Origin)>; 4],
    oldest: usize,
}

impl<'a> Origins<'a> {
    fn decode(&mut self, bytes: &'a [u8]) -> Option<Origin> {
        let known = self.known.iter().flatten();
        if let Some((_, origin)) = known.into_iter().find(|(known, _)| *known == bytes) {
            return Some(origin.clone());
        }
        let origin = origin(bytes)?;
        if let Some(slot) = self.known.get_mut(self.oldest) {
            *slot = Some((bytes, origin.clone()));
        }
        self.oldest = self.oldest.wrapping_add(1) & 3;
        Some(origin)
    }
}

fn observation<'a>(bytes: &'a [u8], origins: &mut Origins<'a>) -> Option<Observation> {
    let mut fields = Fields(bytes);
    let (mut first_seen, mut last_seen, mut count) = (0, 0, 0);
    let (mut origin, mut said) = (None, None);
    let mut last = 0;
    while let Some((number, value)) = fields.after(&mut last)? {
        match number {
            1 => first_seen = value.signed()?,
            2 => last_seen = value.signed()?,
            3 => count = value.varint()?,
            4 => origin = Some(origins.decode(value.bytes()?)?),
            // One of these; a second one would come after the first.
            _ if said.is_some() => return None,
            10 => said = Some(Body::Fact(fact(value.bytes()?)?)),
            11 => said = Some(Body::Conversation(conversation(value.bytes()?)?)),
            12 => said = Some(Body::Binding(binding(value.bytes()?)?)),
            13 => said = Some(Body::Health(Box::new(health(value.bytes()?)?))),
            14 => said = Some(Body::Loss(loss(value.bytes()?)?)),
            15 => said = Some(Body::Heartbeat(heartbeat(value.bytes()?)?)),
            _ => return None,
        }
    }
    let observation = Observation {
        first_seen,
        last_seen,
        count,
        origin: origin?,
        body: said?,
    };
    (first_seen >= 0 && last_seen >= first_seen && count > 0).then_some(observation)
}

fn origin(bytes: &[u8]) -> Option<Origin> {
    let mut fields = Fields(bytes);
    let (mut name, mut vlans, mut vni, mut session) = ("", Vec::new(), None, None);
    let mut last = 0;
    while let Some((number, value)) = fields.after(&mut last)? {
        match number {
            1 => name = value.text()?,
            2 => vlans = vlans_of(value.bytes()?, limits::VLANS)?,
            3 => vni = value.unsigned()?.checked_sub(1),
            4 => {
                session = match value.unsigned()?.checked_sub(1) {
                    Some(session) => Some(u16::try_from(session).ok()?),
                    None => None,
                }
            }
            _ => return None,
        }
    }
    Some(Origin {
        capture_point: name.parse::<CapturePoint>().ok()?,
        vlans,
        vni,
        erspan_session: session,
    })
}

/// A packed list of VLAN identifiers.
fn vlans_of(bytes: &[u8], most: usize) -> Option<Vec<u16>> {
    let mut vlans = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let vlan = u16::try_from(varint(&mut rest)?).ok()?;
        if vlan >= 4096 || vlans.len() >= most {
            return None;
        }
        vlans.push(vlan);
    }
    Some(vlans)
}

fn endpoint(bytes: &[u8]) -> Option<Endpoint> {
    let mut fields = Fields(bytes);
    let mut endpoint = Endpoint {
        mac: None,
        ip: None,
    };
    let mut last = 0;
    while let Some((number, value)) = fields.after(&mut last)? {
        match number {
            1 => endpoint.mac = Some(Mac::from_bits(value.fixed()?)?),
            2 => endpoint.ip = Some(ip(value.bytes()?)?),
            _ => return None,
        }
    }
    (endpoint.mac.is_some() || endpoint.ip.is_some()).then_some(endpoint)
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn fact(bytes: &[u8]) -> Option<Fact> {
    let mut fields = Fields(bytes);
    let (mut sender, mut subject, mut text, mut flags) = (None, Subject::Sender, "", 0);
    let (mut attribute, mut field, mut class) = (None, None, None);
    let mut last = 0;
    while let Some((number, value)) = fields.after(&mut last)? {
        match number {
            1 => sender = Some(endpoint(value.bytes()?)?),
            2 => subject = reported(value.bytes()?)?,
            3 => attribute = Some(value.enumeration()?),
            4 => field = Some(value.enumeration()?),
            5 => text = value.text()?,
            6 => class = Some(value.enumeration()?),
            7 => flags = value.unsigned()?,
            _ => return None,
        }
    }
    let sound =
        !text.is_empty() && text.len() <= limits::VALUE_BYTES && flags & !FactFlags::ALL.0 == 0;
    let fact = Fact {
        sender: sender?,
        subject,
        attribute: attribute?,
        field: field?,
        value: text.to_owned(),
        class: class?,
        flags: FactFlags(flags),
    };
    sound.then_some(fact)
}

fn reported(bytes: &[u8]) -> Option<Subject> {
    let mut fields = Fields(bytes);
    let subject = match fields.next()?? {
        (1, value) => Subject::Endpoint(endpoint(value.bytes()?)?),
        (2, value) => {
            let key = value.text()?;
            if key.is_empty() || key.len() > limits::KEY_BYTES {
                return None;
            }
            Subject::Key(key.to_owned())
        }
        _ => return None,
    };
    fields.0.is_empty().then_some(subject)
}

fn conversation(bytes: &[u8]) -> Option<Conversation> {
    let mut fields = Fields(bytes);
    let (mut client, mut server, mut ip_protocol, mut port) = (None, None, 0, 0);
    let (mut service, mut evidence) = (crate::Service::Unspecified, None);
    let (mut bytes_to_server, mut bytes_to_client) = (0, 0);
    let (mut packets_to_server, mut packets_to_client) = (0, 0);
    let (mut one_way, mut closed) = (false, false);
    let mut last = 0;
    while let Some((number, value)) = fields.after(&mut last)? {
        match number {
            1 => client = Some(endpoint(value.bytes()?)?),
            2 => server = Some(endpoint(value.bytes()?)?),
            3 => ip_protocol = u8::try_from(value.varint()?).ok()?,
            4 => port = u16::try_from(value.varint()?).ok()?,
            5 => service = value.enumeration()?,
            6 => bytes_to_server = value.varint()?,
            7 => bytes_to_client = value.varint()?,
            8 => packets_to_server = value.varint()?,
            9 => packets_to_client = value.varint()?,
            10 => evidence = Some(value.enumeration()?),
            11 => one_way = value.boolean()?,
            12 => closed = value.boolean()?,
            _ => return None,
        }
    }
    Some(Conversation {
        client: client?,
        server: server?,
        ip_protocol,
        port,
        service,
        bytes_to_server,
        bytes_to_client,
        packets_to_server,
        packets_to_client,
        evidence: evidence?,
        one_way,
        closed,
    })
}

fn binding(bytes: &[u8]) -> Option<Binding> {
    let mut fields = Fields(bytes);
    let (mut mac, mut address, mut source) = (None, None, None);
    let (mut lease_s, mut released) = (0, false);
    let mut last = 0;
    while let Some((number, value)) = fields.after(&mut last)? {
        match number {
            1 => mac = Some(Mac::from_bits(value.fixed()?)?),
            2 => address = Some(ip(value.bytes()?)?),
            3 => source = Some(value.enumeration()?),
            4 => lease_s = value.unsigned()?,
            5 => released = value.boolean()?,
            _ => return None,
        }
    }
    Some(Binding {
        mac: mac?,
        ip: address?,
        source: source?,
        lease_s,
        released,
    })
}

fn heartbeat(bytes: &[u8]) -> Option<Heartbeat> {
    let mut fields = Fields(bytes);
    let (mut of, mut bytes_sent, mut packets_sent) = (None, 0, 0);
    let mut last = 0;
    while let Some((number, value)) = fields.after(&mut last)? {
        match number {
            1 => of = Some(endpoint(value.bytes()?)?),
            2 => bytes_sent = value.varint()?,
            3 => packets_sent = value.varint()?,
            _ => return None,
        }
    }
    Some(Heartbeat {
        endpoint: of?,
        bytes_sent,
        packets_sent,
    })
}

fn loss(bytes: &[u8]) -> Option<Loss> {
    let mut fields = Fields(bytes);
    let (mut reason, mut first_seq, mut count) = (None, 0, 0);
    let mut last = 0;
    while let Some((number, value)) = fields.after(&mut last)? {
        match number {
            1 => reason = Some(value.enumeration()?),
            2 => first_seq = value.varint()?,
            3 => count = value.varint()?,
            _ => return None,
        }
    }
    Some(Loss {
        reason: reason?,
        first_seq,
        count,
    })
}

/// Health is rare: the general decoder is fast enough for it.
fn health(bytes: &[u8]) -> Option<Health> {
    let wire: crate::wire::Health = prost::Message::decode(bytes).ok()?;
    wire.try_into().ok()
}

/// A field's value as it stands on the wire.
#[derive(Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn varint(self) -> Option<u64> {
        match self {
            Self::Varint(value) => Some(value),
            _ => None,
        }
    }

    fn fixed(self) -> Option<u64> {
        match self {
            Self::Fixed(value) => Some(value),
            _ => None,
        }
    }

    /// Negative ones are out of range everywhere.
    fn signed(self) -> Option<i64> {
        i64::try_from(self.varint()?).ok()
    }

    fn unsigned(self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    fn boolean(self) -> Option<bool> {
        match self.varint()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Zero, "unspecified", is left out by whoever means it.
    fn enumeration<T: TryFrom<i32>>(self) -> Option<T> {
        let number = i32::try_from(self.varint()?).ok()?;
        if number == 0 {
            return None;
        }
        T::try_from(number).ok()
    }
}

/// The fields of a message, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The next field; `Some(None)` at the end.
    #[inline]
    #[expect(clippy::option_option, reason = "not readable, at its end, or a field")]
    fn next(&mut self) -> Option<Option<(u64, Value<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut self.0)?),
            1 => {
                let (fixed, rest) = self.0.split_first_chunk::<8>()?;
                self.0 = rest;
                Value::Fixed(u64::from_le_bytes(*fixed))
            }
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        Some(Some((tag >> 3, value)))
    }

    /// The next field, which must have a greater number than the one before.
    #[inline]
    #[expect(clippy::option_option, reason = "as `next`")]
    fn after(&mut self, last: &mut u64) -> Option<Option<(u64, Value<'a>)>> {
        let next = self.next()?;
        if let Some((number, _)) = next {
            if number <= *last {
                return None;
            }
            *last = number;
        }
        Some(next)
    }
}

/// A base-128 varint of at most 64 bits.
#[inline]
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let (first, mut after) = rest.split_first()?;
    let mut value = u64::from(first & 0x7f);
    let mut byte = *first;
    let mut shift = 7_u32;
    while byte & 0x80 != 0 {
        let (next, behind) = after.split_first()?;
        byte = *next;
        after = behind;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit only.
        if shift > 63 || (shift == 63 && bits > 1) {
            return None;
        }
        value |= bits.checked_shl(shift)?;
        shift = shift.checked_add(7)?;
    }
    *rest = after;
    Some(value)
}

#[cfg(test)]
mod tests;
