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
mod json;
mod lifecycle;
mod open;
mod sensor;
mod shared;
mod technique;
mod text;

#[cfg(test)]
mod tests;

use auscult_inventory::{Event, EventKind, FieldChange};

use envelope::{Code, Envelope};
use shared::Shared;

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
    encode_all(std::slice::from_ref(event), context)
}

/// Encodes the events of one batch: the records of each as [`encode`] makes them, in order. A device that several of them tell of in
/// the same state is encoded once.
#[must_use]
pub fn encode_all(events: &[Event], context: &Context) -> Vec<PublicRecord> {
    let mut shared = Shared::default();
    let mut all = Vec::with_capacity(events.len());
    for event in events {
        let records = records(event, context, &mut shared);
        debug_assert!(records.is_ok(), "{records:?}");
        // Serialising fails for maps with keys that are no text and for failing `Display`s: there are none of either here.
        all.extend(records.into_iter().flatten());
    }
    all
}

/// Encodes one finding: its record, and its latest state for the open ones (a tombstone when it closes).
#[must_use]
pub fn encode_finding(telling: &auscult_findings::Telling, context: &Context) -> [PublicRecord; 2] {
    finding::records(telling, context)
}

fn records(
    event: &Event,
    context: &Context,
    shared: &mut Shared,
) -> Result<Vec<PublicRecord>, serde_json::Error> {
    let lifecycle = |code, device, changes: &[FieldChange], shared: &mut Shared| {
        lifecycle::record(event, context, code, device, changes, shared)
    };
    let record = match &event.kind {
        EventKind::InventoryRecord(device) => device::record(event, context, device, shared)?,
        EventKind::DeviceNew(device) => lifecycle(Code::DeviceNew, device, &[], shared)?,
        EventKind::DeviceChanged { device, changes } => {
            lifecycle(Code::DeviceChanged, device, changes, shared)?
        }
        EventKind::DeviceIdle(device) => lifecycle(Code::DeviceIdle, device, &[], shared)?,
        EventKind::DeviceReturned { device, .. } => {
            lifecycle(Code::DeviceReturned, device, &[], shared)?
        }
        EventKind::DeviceGone(device) => lifecycle(Code::DeviceGone, device, &[], shared)?,
        EventKind::DeviceMerged { device, absorbed } => {
            let ended = Envelope::device(event, context, Code::DeviceMerged, absorbed.to_string());
            return Ok(vec![
                lifecycle::merged(&ended, device, *absorbed, shared)?,
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
