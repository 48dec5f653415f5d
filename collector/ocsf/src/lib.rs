//! Public records: OCSF 1.8 events with CloudEvents headers. Pure.
//!
//! One [`Event`] of the inventory becomes one record of a public topic (and, where an entity ends, a tombstone). The value is plain
//! OCSF JSON that holds against the strict schemas of `schemas/`; what OCSF has no place for is in `unmapped.auscult`, described in
//! the README beside this crate. Everything, times and identifiers included, follows from the event: encoding twice gives the same
//! bytes.
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "tests build their own numbers"
    )
)]

mod device;
mod envelope;
mod extension;
mod finding;
mod lifecycle;
mod open;
mod sensor;
mod technique;
mod text;

#[cfg(test)]
mod tests;

use auscult_inventory::{Event, EventKind};

use envelope::{Code, Envelope};
pub use open::open_finding;

/// Version of OCSF that the events follow.
pub const OCSF_VERSION: &str = "1.8.0";

/// Where a public record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PublicTopic {
    /// The device as it is now, compacted by device.
    Inventory,
    /// New, changed, idle, returned, gone, merged, forgotten.
    Lifecycle,
    /// Sensors: figures, losses, blind intervals.
    Health,
    /// Findings that opened, moved or closed.
    Findings,
    /// The latest state of every open finding, compacted.
    FindingsOpen,
}

impl PublicTopic {
    /// The name, as events carry it in `metadata.log_name`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inventory => "auscult.public.inventory.v1",
            Self::Lifecycle => "auscult.public.lifecycle.v1",
            Self::Health => "auscult.public.health.v1",
            Self::Findings => "auscult.public.findings.v1",
            Self::FindingsOpen => "auscult.public.findings-open.v1",
        }
    }
}

/// What does not come with the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Name of this installation: `ce_source` is `/auscult/<cluster>`.
    pub cluster: String,
    /// Version of the product.
    pub version: String,
    /// The organisation the sites belong to, when there is more than one (`metadata.tenant_uid`).
    pub tenant: Option<String>,
}

/// One record of a public topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRecord {
    /// Where to.
    pub topic: PublicTopic,
    /// Device, sensor or finding.
    pub key: String,
    /// UTF-8 JSON; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// CloudEvents 1.0 in binary mode (Kafka protocol binding), in order.
    pub headers: Vec<(&'static str, String)>,
    /// Epoch milliseconds of the event.
    pub time: i64,
}

/// Encodes one event: one record, and a tombstone where an entity ends.
#[must_use]
pub fn encode(event: &Event, context: &Context) -> Vec<PublicRecord> {
    let records = records(event, context);
    debug_assert!(records.is_ok(), "{records:?}");
    // Serialising fails for maps with keys that are no text and for failing `Display`s: there are none of either here.
    records.unwrap_or_default()
}

/// Encodes one finding: its record, and its latest state for the open ones (a tombstone when it closes).
#[must_use]
pub fn encode_finding(telling: &auscult_findings::Telling, context: &Context) -> [PublicRecord; 2] {
    finding::records(telling, context)
}

fn records(event: &Event, context: &Context) -> Result<Vec<PublicRecord>, serde_json::Error> {
    let record = match &event.kind {
        EventKind::InventoryRecord(device) => device::record(event, context, device)?,
        EventKind::DeviceNew(device) => {
            lifecycle::record(event, context, Code::DeviceNew, device, None)?
        }
        EventKind::DeviceChanged { device, changes } => {
            lifecycle::record(event, context, Code::DeviceChanged, device, Some(changes))?
        }
        EventKind::DeviceIdle(device) => {
            lifecycle::record(event, context, Code::DeviceIdle, device, None)?
        }
        EventKind::DeviceReturned { device, .. } => {
            lifecycle::record(event, context, Code::DeviceReturned, device, None)?
        }
        EventKind::DeviceGone(device) => {
            lifecycle::record(event, context, Code::DeviceGone, device, None)?
        }
        EventKind::DeviceMerged { device, absorbed } => {
            let ended = Envelope::device(event, context, Code::DeviceMerged, absorbed.to_string());
            return Ok(vec![
                lifecycle::merged(&ended, device, *absorbed)?,
                ended.tombstone(),
            ]);
        }
        EventKind::DeviceForgotten { device } => {
            let ended = Envelope::device(event, context, Code::DeviceForgotten, device.to_string());
            return Ok(vec![
                lifecycle::forgotten(&ended, *device)?,
                ended.tombstone(),
            ]);
        }
        EventKind::BlindInterval {
            first_seq,
            missing,
            from,
            until,
        } => sensor::blind(event, context, (*first_seq, *missing), (*from, *until))?,
        EventKind::SensorLoss {
            reason,
            first_seq,
            count,
        } => sensor::loss(event, context, *reason, (*first_seq, *count))?,
        EventKind::SensorHealth(health) => sensor::health(event, context, health)?,
        // A kind this crate does not know yet is told to nobody.
        _ => return Ok(Vec::new()),
    };
    Ok(vec![record])
}
