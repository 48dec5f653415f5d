//! Observations records that cannot be folded. Nothing here trusts a record: what does not hold is named, and goes to quarantine.

use auscult_log::{Message, Stored, Topic};
use auscult_proto::convert::Invalid;
use auscult_proto::ids::{SensorId, SiteId};
use auscult_proto::{limits, wire};
use bytes::Bytes;
use prost::Message as _;

/// Why a record cannot be folded. The kinds are few and fixed: they are metric labels and quarantine headers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Poison {
    /// The record has no value.
    #[error("a record without a value")]
    Empty,
    /// The value is not a `LoggedBatch`.
    #[error("not decodable as LoggedBatch")]
    Undecodable,
    /// The envelope names no valid site or sensor.
    #[error("no valid {0} name in the envelope")]
    Name(&'static str),
    /// The record lies under another key than its site.
    #[error("the record's key is not its site")]
    Key,
    /// The sequence range is empty, too long, or does not exist.
    #[error("a sequence range that cannot be")]
    Sequence,
    /// The body.
    #[error(transparent)]
    Body(#[from] Invalid),
    /// Folding it failed in the program itself.
    #[error("a fault of this program while folding it")]
    Bug,
}

impl Poison {
    /// A fixed word for labels and headers.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Undecodable => "undecodable",
            Self::Name(_) => "name",
            Self::Key => "key",
            Self::Sequence => "sequence",
            Self::Body(Invalid::Undecodable(_)) => "body_undecodable",
            Self::Body(Invalid::CountDiffers { .. }) => "body_count",
            Self::Body(_) => "body_invalid",
            Self::Bug => "bug",
        }
    }

    /// The record as it was, with the reason in its headers.
    #[must_use]
    pub fn record(&self, stored: &Stored) -> Message {
        let text = |value: String| Bytes::from(value.into_bytes());
        let key = if stored.message.key.is_empty() {
            Bytes::from_static(b"unkeyed")
        } else {
            stored.message.key.clone()
        };
        let topic = stored.message.topic.name().to_owned();
        Message {
            topic: Topic::Quarantine,
            partition: None,
            key,
            value: Some(stored.message.value.clone().unwrap_or_default()),
            headers: vec![
                ("reason".to_owned(), text(self.kind().to_owned())),
                ("fault".to_owned(), text(self.to_string())),
                ("topic".to_owned(), text(topic)),
                ("partition".to_owned(), text(stored.partition.to_string())),
                ("offset".to_owned(), text(stored.offset.to_string())),
            ],
            timestamp_ms: stored.message.timestamp_ms,
        }
    }
}

/// An observations record whose envelope holds; the body is not looked at yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The site, which is also the record's key.
    pub site: SiteId,
    /// The sensor.
    pub sensor: SensorId,
    /// Everything.
    pub logged: wire::LoggedBatch,
}

impl Envelope {
    /// Decodes and checks the envelope of an observations record.
    ///
    /// # Errors
    /// The first fault found.
    pub fn decode(stored: &Stored) -> Result<Self, Poison> {
        let value = stored.message.value.clone().ok_or(Poison::Empty)?;
        let logged = wire::LoggedBatch::decode(value).map_err(|_| Poison::Undecodable)?;
        let site: SiteId = logged.site.parse().map_err(|_| Poison::Name("site"))?;
        let sensor = logged.sensor.parse().map_err(|_| Poison::Name("sensor"))?;
        if stored.message.key != site.as_str().as_bytes() {
            return Err(Poison::Key);
        }
        let counted = (1..=limits::BATCH_OBSERVATIONS).contains(&logged.count);
        let end = logged.first_seq.checked_add(u64::from(logged.count));
        if !counted || logged.first_seq == 0 || end.is_none() {
            return Err(Poison::Sequence);
        }
        Ok(Self {
            site,
            sensor,
            logged,
        })
    }
}
