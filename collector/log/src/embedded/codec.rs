//! Bytes on disk and on the socket.

use bytes::{Bytes, BytesMut};

use crate::seam::{Message, Stored};
use crate::topics::Topic;

/// Version of everything in the folder.
pub(crate) const FORMAT: u8 = 1;

const TOMBSTONE: u8 = 1;

/// Something on disk is not what this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored {0} is damaged or of another version")]
pub(crate) struct Damaged(pub(crate) &'static str);

/// A topic's number on disk. Never reused.
pub(crate) fn code(topic: Topic) -> u8 {
    match topic {
        Topic::Observations => 1,
        Topic::State => 2,
        Topic::Fleet => 3,
        Topic::Intel => 4,
        Topic::Decisions => 5,
        Topic::Quarantine => 6,
        Topic::Inventory => 7,
        Topic::Findings => 8,
        Topic::FindingsOpen => 9,
        Topic::Lifecycle => 10,
        Topic::Health => 11,
        Topic::Audit => 12,
    }
}

pub(crate) fn topic(number: u8) -> Option<Topic> {
    Topic::ALL.into_iter().find(|topic| code(*topic) == number)
}

/// Takes fields off the front of bytes that may be anything.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    // Records are bounded far below 4 GiB before they get here.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// `topic partition offset`, big-endian: a partition's records lie together and in order.
pub(crate) fn record_key(topic: Topic, partition: u32, offset: u64) -> [u8; 13] {
    let mut key = [0; 13];
    key[0] = code(topic);
    key[1..5].copy_from_slice(&partition.to_be_bytes());
    key[5..].copy_from_slice(&offset.to_be_bytes());
    key
}

pub(crate) fn parse_record_key(key: &[u8]) -> Option<(Topic, u32, u64)> {
    let mut fields = Fields(key);
    let topic = topic(fields.u8()?)?;
    let partition = fields.u32()?;
    let offset = fields.u64()?;
    fields.0.is_empty().then_some((topic, partition, offset))
}

/// `topic partition key`: the index of compacted topics.
pub(crate) fn index_key(topic: Topic, partition: u32, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len().saturating_add(5));
    out.push(code(topic));
    out.extend_from_slice(&partition.to_be_bytes());
    out.extend_from_slice(key);
    out
}

/// The bytes of a record: version, time, flags, key, headers, value.
pub(crate) fn encode(message: &Message, accepted_ms: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(crate::record::size(message).saturating_add(64));
    out.push(FORMAT);
    out.extend_from_slice(&accepted_ms.to_be_bytes());
    out.push(if message.value.is_none() {
        TOMBSTONE
    } else {
        0
    });
    put_bytes(&mut out, &message.key);
    let headers = u32::try_from(message.headers.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&headers.to_be_bytes());
    for (name, value) in &message.headers {
        put_bytes(&mut out, name.as_bytes());
        put_bytes(&mut out, value);
    }
    if let Some(value) = &message.value {
        out.extend_from_slice(value);
    }
    out
}

/// When a record was accepted, without decoding the rest.
pub(crate) fn accepted_ms(stored: &[u8]) -> Result<i64, Damaged> {
    let mut fields = Fields(stored);
    if fields.u8() != Some(FORMAT) {
        return Err(Damaged("record"));
    }
    fields.i64().ok_or(Damaged("record"))
}

/// A record from its bytes, which it shares.
pub(crate) fn decode(
    topic: Topic,
    partition: u32,
    offset: u64,
    stored: &Bytes,
) -> Result<Stored, Damaged> {
    parse(topic, partition, stored)
        .map(|message| Stored {
            partition,
            offset,
            message,
        })
        .ok_or(Damaged("record"))
}

fn parse(topic: Topic, partition: u32, stored: &Bytes) -> Option<Message> {
    let mut fields = Fields(stored);
    if fields.u8()? != FORMAT {
        return None;
    }
    let timestamp_ms = fields.i64()?;
    let flags = fields.u8()?;
    let key = stored.slice_ref(fields.bytes()?);
    let count = usize::try_from(fields.u32()?).ok()?;
    let mut headers = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        let name = std::str::from_utf8(fields.bytes()?).ok()?.to_owned();
        headers.push((name, stored.slice_ref(fields.bytes()?)));
    }
    let value = (flags & TOMBSTONE == 0).then(|| stored.slice_ref(fields.0));
    Some(Message {
        topic,
        partition: Some(partition),
        key,
        value,
        headers,
        timestamp_ms,
    })
}

/// How far a partition goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Nothing before this offset is kept.
    pub(crate) first: u64,
    /// The offset the next record gets.
    pub(crate) next: u64,
    /// Records kept.
    pub(crate) records: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

impl Extent {
    pub(crate) fn encode(self) -> Vec<u8> {
        [self.first, self.next, self.records, self.bytes]
            .into_iter()
            .flat_map(u64::to_be_bytes)
            .collect()
    }

    pub(crate) fn decode(stored: &[u8]) -> Result<Self, Damaged> {
        let mut fields = Fields(stored);
        let mut take = || fields.u64().ok_or(Damaged("extent"));
        Ok(Self {
            first: take()?,
            next: take()?,
            records: take()?,
            bytes: take()?,
        })
    }
}

/// Where the latest record of a key lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Latest {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) tombstone: bool,
}

impl Latest {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(17);
        out.extend_from_slice(&self.offset.to_be_bytes());
        out.extend_from_slice(&self.bytes.to_be_bytes());
        out.push(u8::from(self.tombstone));
        out
    }

    pub(crate) fn decode(stored: &[u8]) -> Result<Self, Damaged> {
        let mut fields = Fields(stored);
        let parse = |fields: &mut Fields<'_>| {
            Some(Self {
                offset: fields.u64()?,
                bytes: fields.u64()?,
                tombstone: fields.u8()? != 0,
            })
        };
        parse(&mut fields).ok_or(Damaged("index entry"))
    }
}

/// A growing frame for the socket: `length body`.
pub(crate) fn frame(body: &[u8]) -> BytesMut {
    let mut out = BytesMut::with_capacity(body.len().saturating_add(4));
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_survives_encoding(
            key in prop::collection::vec(any::<u8>(), 1..40),
            value in prop::option::of(prop::collection::vec(any::<u8>(), 0..400)),
            headers in prop::collection::vec(("[a-z_]{0,12}", prop::collection::vec(any::<u8>(), 0..20)), 0..5),
            timestamp_ms in any::<i64>(),
            offset in any::<u64>(),
        ) {
            let message = Message {
                topic: Topic::Lifecycle,
                partition: Some(3),
                key: key.into(),
                value: value.map(Bytes::from),
                headers: headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
                timestamp_ms,
            };
            let bytes = Bytes::from(encode(&message, timestamp_ms));
            prop_assert_eq!(accepted_ms(&bytes), Ok(timestamp_ms));
            let stored = decode(Topic::Lifecycle, 3, offset, &bytes);
            prop_assert_eq!(stored, Ok(Stored { partition: 3, offset, message }));
        }

        #[test]
        fn damaged_bytes_are_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let bytes = Bytes::from(bytes);
            drop(decode(Topic::State, 0, 0, &bytes));
            drop(accepted_ms(&bytes).map_err(|damaged| damaged.to_string()));
            drop(Extent::decode(&bytes).map_err(|damaged| damaged.to_string()));
            drop(Latest::decode(&bytes).map_err(|damaged| damaged.to_string()));
            std::hint::black_box(parse_record_key(&bytes));
        }
    }

    #[test]
    fn record_keys_sort_by_topic_partition_and_offset() {
        let mut keys = [
            record_key(Topic::State, 0, 0),
            record_key(Topic::Observations, 300, 2),
            record_key(Topic::Observations, 2, u64::MAX),
            record_key(Topic::Observations, 2, 256),
            record_key(Topic::Observations, 2, 3),
        ];
        keys.sort_unstable();
        let parsed: Vec<_> = keys
            .iter()
            .map(|key| parse_record_key(key).unwrap())
            .collect();
        assert_eq!(
            parsed,
            [
                (Topic::Observations, 2, 3),
                (Topic::Observations, 2, 256),
                (Topic::Observations, 2, u64::MAX),
                (Topic::Observations, 300, 2),
                (Topic::State, 0, 0),
            ]
        );
    }

    #[test]
    fn topic_numbers_are_distinct_and_go_both_ways() {
        for kind in Topic::ALL {
            assert_eq!(topic(code(kind)), Some(kind));
        }
        assert_eq!(topic(0), None);
    }
}
