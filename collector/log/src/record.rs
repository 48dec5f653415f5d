//! What every log asks of a record before it takes it.

use bytes::Bytes;

use crate::seam::Message;

/// Largest record: key, value and headers together. Below Kafka's default `message.max.bytes` with its overhead, so that a record
/// that one log takes, the other takes too.
pub const MAX_RECORD_BYTES: usize = 1_000_000;

/// Longest key. Keys are names and ids; the embedded log's index holds each one.
pub const MAX_KEY_BYTES: usize = 16_384;

/// The bytes of a record that count against [`MAX_RECORD_BYTES`].
#[must_use]
pub fn size(message: &Message) -> usize {
    let headers: usize = message
        .headers
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()))
        .fold(0, usize::saturating_add);
    message
        .key
        .len()
        .saturating_add(message.value.as_ref().map_or(0, Bytes::len))
        .saturating_add(headers)
}

/// Why no log takes this record, if so.
///
/// # Errors
/// A text that names the fault and the topic, never the content.
pub fn check(message: &Message, partitions: u32) -> Result<(), String> {
    let topic = message.topic.name();
    if message.key.is_empty() {
        return Err(format!("a record for {topic} has an empty key"));
    }
    if message.key.len() > MAX_KEY_BYTES {
        return Err(format!(
            "a record for {topic} has a key of {} bytes, at most {MAX_KEY_BYTES} are taken",
            message.key.len()
        ));
    }
    let bytes = size(message);
    if bytes > MAX_RECORD_BYTES {
        return Err(format!(
            "a record for {topic} has {bytes} bytes, at most {MAX_RECORD_BYTES} are taken"
        ));
    }
    match message.partition {
        Some(partition) if partition >= partitions => Err(format!(
            "a record is for partition {partition} of {topic}, which has {partitions}"
        )),
        _ => Ok(()),
    }
}
