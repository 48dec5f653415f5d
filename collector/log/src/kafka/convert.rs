//! Between the seam's records and librdkafka's.

use bytes::Bytes;
use rdkafka::Message as _;
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};

use crate::seam::{Message, Stored};
use crate::topics::Topic;

/// Copies a record out of librdkafka's buffer. `None`: not a record that Kafka can have (negative offset).
pub(crate) fn stored(topic: Topic, message: &BorrowedMessage<'_>) -> Option<Stored> {
    let partition = u32::try_from(message.partition()).ok()?;
    let offset = u64::try_from(message.offset()).ok()?;
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers
            .iter()
            .map(|header| {
                let value = header.value.unwrap_or_default();
                (header.key.to_owned(), Bytes::copy_from_slice(value))
            })
            .collect()
    });
    Some(Stored {
        partition,
        offset,
        message: Message {
            topic,
            partition: Some(partition),
            key: Bytes::copy_from_slice(message.key().unwrap_or_default()),
            value: message.payload().map(Bytes::copy_from_slice),
            headers,
            timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
        },
    })
}

/// The headers as librdkafka takes them; none at all for none.
pub(crate) fn headers(message: &Message) -> Option<OwnedHeaders> {
    if message.headers.is_empty() {
        return None;
    }
    let mut headers = OwnedHeaders::new_with_capacity(message.headers.len());
    for (key, value) in &message.headers {
        headers = headers.insert(Header {
            key,
            value: Some(value.as_ref()),
        });
    }
    Some(headers)
}

/// librdkafka's signed partition number.
pub(crate) fn partition_number(partition: u32) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

/// librdkafka's signed offset.
pub(crate) fn offset_number(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}
