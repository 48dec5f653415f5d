//! What the world is told. Everything a public record needs is in the event.

use std::net::IpAddr;
use std::sync::Arc;

use auscult_proto::ids::{Incarnation, SensorId, SiteId};
use auscult_proto::mac::Mac;
use auscult_proto::observation::{FactFlags, Health, Millis, Origin};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, Field, LossReason, Service};
use bytes::Bytes;

use crate::id::{DeviceId, Identifier};
use crate::key::StateKey;

/// What folding one batch did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Changelog records, each key at most once; `None` deletes.
    pub state: Vec<(StateKey, Option<Bytes>)>,
    /// In the order in which they happened.
    pub events: Vec<Event>,
    /// What became of the observations of the batch.
    pub counts: Counts,
}

/// What became of the observations of one batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Folded for the first time.
    pub folded: u64,
    /// Folded before.
    pub duplicates: u64,
    /// Sequences that never arrived, as far as this batch tells.
    pub missing: u64,
    /// Sequences the sensor reports lost.
    pub reported_lost: u64,
    /// Of a batch after a failed append; they come again.
    pub passed_over: u64,
}

/// Something the public topics say.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Where.
    pub site: SiteId,
    /// When, by the records' own time.
    pub time: Millis,
    /// Grows with every event of the same entity: the device's revision, or the sensor's sequence.
    pub revision: u64,
    /// What brought it about.
    pub cause: Cause,
    /// What happened.
    pub kind: EventKind,
}

/// The batch whose folding caused an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Its sensor.
    pub sensor: SensorId,
    /// The life of the sensor's spool.
    pub incarnation: Incarnation,
    /// Sequence of its first observation.
    pub first_seq: u64,
    /// When ingest received it.
    pub received: Millis,
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// Seen for the first time.
    DeviceNew(Arc<DeviceSnapshot>),
    /// Something about it that matters to readers is different.
    DeviceChanged {
        /// As it is now.
        device: Arc<DeviceSnapshot>,
        /// What differs, in order of name.
        changes: Vec<FieldChange>,
    },
    /// Silent for `Policy::idle_after`.
    DeviceIdle(Arc<DeviceSnapshot>),
    /// Speaks again after it was idle or gone.
    DeviceReturned {
        /// As it is now.
        device: Arc<DeviceSnapshot>,
        /// What it was before.
        was: Status,
    },
    /// Silent for `Policy::gone_after`.
    DeviceGone(Arc<DeviceSnapshot>),
    /// Two devices turned out to be one; the older identity goes on.
    DeviceMerged {
        /// The one that goes on.
        device: Arc<DeviceSnapshot>,
        /// The one that ends.
        absorbed: DeviceId,
    },
    /// No longer kept, after it was gone for long: its public record ends.
    DeviceForgotten {
        /// Which.
        device: DeviceId,
    },
    /// The device as it is now, for the inventory topic.
    InventoryRecord(Arc<DeviceSnapshot>),
    /// Sequences of a sensor never arrived.
    BlindInterval {
        /// First missing sequence.
        first_seq: u64,
        /// How many.
        missing: u64,
        /// Last observation before, by the sensor's time; `None` when there was none.
        from: Option<Millis>,
        /// First observation after.
        until: Millis,
    },
    /// A sensor says what it lost, and why.
    SensorLoss {
        /// Why.
        reason: LossReason,
        /// First lost sequence; 0 when none was given yet.
        first_seq: u64,
        /// How many observations.
        count: u64,
    },
    /// A sensor's figures about itself.
    SensorHealth(Box<Health>),
}

/// One difference of a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldChange {
    /// Name of the field: an attribute's name (`fw_version`), `address`, `interface`, `service`, `gateway`.
    pub field: String,
    /// Value before; `None` when there was none.
    pub before: Option<String>,
    /// Value after; `None` when there is none any more.
    pub after: Option<String>,
}

/// What kind of identity a device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceClass {
    /// A universally administered interface address.
    Physical,
    /// A locally administered address of a known hypervisor or container range.
    Virtual,
    /// The virtual address of a router redundancy group (VRRP, HSRP, GLBP).
    RouterGroup,
    /// A locally administered, probably randomised address: short-lived.
    Ephemeral,
    /// Known by a network address only, behind a router.
    Routed,
    /// Known only from what others say about it.
    Reported,
}

/// Where in its life a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Seen recently.
    Active,
    /// Silent for `Policy::idle_after`.
    Idle,
    /// Silent for `Policy::gone_after`.
    Gone,
}

/// Probability in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(pub u32);

impl Confidence {
    /// Certain.
    pub const ONE: Self = Self(1_000_000);

    /// Thousandths, rounded: the precision that is published.
    #[must_use]
    pub fn per_mille(self) -> u32 {
        self.0.saturating_add(500) / 1_000
    }
}

/// How far the best value of an attribute may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// At least 0.80.
    Asserted,
    /// At least 0.50.
    Likely,
    /// Less.
    Unknown,
}

/// A device as it is after a batch.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the types say it")]
pub struct DeviceSnapshot {
    pub id: DeviceId,
    pub revision: u64,
    pub class: DeviceClass,
    pub status: Status,
    pub first_seen: Millis,
    pub last_seen: Millis,
    /// Forwards other devices' packets.
    pub gateway: bool,
    /// Sends other devices' statements.
    pub forwarder: bool,
    /// Ordered.
    pub macs: Vec<Mac>,
    /// Ordered.
    pub identifiers: Vec<Identifier>,
    /// Ordered by address, then realm.
    pub interfaces: Vec<InterfaceSnapshot>,
    /// Open ones first, then ended ones, newest first.
    pub bindings: Vec<BindingSnapshot>,
    /// Ordered by attribute.
    pub attributes: Vec<AttributeSnapshot>,
    /// Ordered by protocol and port.
    pub services: Vec<ServiceSnapshot>,
    /// Most probable first.
    pub roles: Vec<RoleHint>,
    /// Sensors that contributed evidence, ordered.
    pub sensors: Vec<SensorId>,
    /// Devices that turned out to be this one.
    pub merged_from: Vec<DeviceId>,
}

/// One interface in one address realm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types say it")]
pub struct InterfaceSnapshot {
    /// `None`: behind a router.
    pub mac: Option<Mac>,
    pub realm: Arc<Origin>,
    pub first_seen: Millis,
    pub last_seen: Millis,
}

/// An address held for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types say it")]
pub struct BindingSnapshot {
    pub ip: IpAddr,
    /// `None`: behind a router.
    pub mac: Option<Mac>,
    pub realm: Arc<Origin>,
    /// `None`: only seen in traffic.
    pub source: Option<BindingSource>,
    pub since: Millis,
    pub last_seen: Millis,
    /// `None`: still held.
    pub until: Option<Millis>,
    /// Seconds; 0 when unknown.
    pub lease_s: u32,
    /// Another interface states the same address at the same time.
    pub contested: bool,
}

/// All that is believed of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeSnapshot {
    /// Which.
    pub attribute: Attribute,
    /// Whether several values hold at once, so that no best one is chosen.
    pub many: bool,
    /// How far the first candidate may be relied on.
    pub verdict: Verdict,
    /// A rival is close, or strong sources disagree.
    pub contested: bool,
    /// The best first; only those of at least 0.1.
    pub candidates: Vec<CandidateSnapshot>,
}

/// One value and why it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types say it")]
pub struct CandidateSnapshot {
    pub value: Arc<str>,
    pub confidence: Confidence,
    pub first_seen: Millis,
    pub last_seen: Millis,
    /// The strongest first.
    pub sources: Vec<SourceSnapshot>,
}

/// One source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types say it")]
pub struct SourceSnapshot {
    pub field: Field,
    pub sensor: SensorId,
    pub class: ConfidenceClass,
    pub flags: FactFlags,
    pub first_seen: Millis,
    pub last_seen: Millis,
    pub count: u64,
}

/// A service the device was seen offering.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types say it")]
pub struct ServiceSnapshot {
    pub ip_protocol: u8,
    pub port: u16,
    pub service: Service,
    pub first_seen: Millis,
    pub last_seen: Millis,
}

/// What a device seems to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleHint {
    /// `router`, `switch`, `dicom archive`, ...
    pub role: &'static str,
    /// How sure.
    pub confidence: Confidence,
}
