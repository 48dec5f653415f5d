//! The domain form of an observation: what the sensor's census produces and the inventory folds.

use std::net::IpAddr;

use crate::ids::CapturePoint;
use crate::mac::Mac;
use crate::wire::{
    Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, HealthState, LossReason,
    Service,
};

/// Epoch milliseconds.
pub type Millis = i64;

/// One statement as sent, with how often and when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// When the statement was first seen (capture time).
    pub first_seen: Millis,
    /// When it was last seen (capture time); never before `first_seen`.
    pub last_seen: Millis,
    /// Frames it was read from since it was last reported; at least 1.
    pub count: u64,
    /// Where the frames came in.
    pub origin: Origin,
    /// What was stated.
    pub body: Body,
}

/// The statement itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// An attribute of a device.
    Fact(Fact),
    /// Who talks to whom.
    Conversation(Conversation),
    /// Which interface holds an address.
    Binding(Binding),
    /// A known device still speaks.
    Heartbeat(Heartbeat),
    /// Figures about the sensor itself.
    Health(Box<Health>),
    /// A counted, named loss.
    Loss(Loss),
}

/// The address realm a frame came from: addresses of two different origins are not comparable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Where the sensor listens.
    pub capture_point: CapturePoint,
    /// 802.1Q/ad identifiers, outermost first; at most `limits::VLANS`.
    pub vlans: Vec<u16>,
    /// VXLAN or GENEVE network identifier.
    pub vni: Option<u32>,
    /// ERSPAN session.
    pub erspan_session: Option<u16>,
}

/// The addresses of one side; at least one is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Link-layer address, when seen.
    pub mac: Option<Mac>,
    /// Network address, when seen.
    pub ip: Option<IpAddr>,
}

/// Who a fact is about, when not about its sender.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The sender speaks of itself.
    Sender,
    /// Another endpoint.
    Endpoint(Endpoint),
    /// Another party known only by a name.
    Key(String),
}

/// One allow-listed statement about one subject (identification method, the `Fact` record).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// Who sent the frame.
    pub sender: Endpoint,
    /// Who it is about.
    pub subject: Subject,
    /// What is stated.
    pub attribute: Attribute,
    /// The wire field it was read from.
    pub field: Field,
    /// The value: sanitised UTF-8, 1 to `limits::VALUE_BYTES` bytes.
    pub value: String,
    /// How much the source weighs.
    pub class: ConfidenceClass,
    /// What to hold against it.
    pub flags: FactFlags,
}

/// Doubts about a fact, as a bit set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactFlags(pub u32);

impl FactFlags {
    /// The message broke its own format.
    pub const MALFORMED: Self = Self(1);
    /// The value was cut (by the capture, or by its limit).
    pub const TRUNCATED: Self = Self(2);
    /// Said by somebody else than the subject.
    pub const HEARSAY: Self = Self(4);
    /// A value that many devices share by default.
    pub const DEFAULT_VALUE: Self = Self(8);
    /// The stream was joined after its start.
    pub const MIDSTREAM: Self = Self(16);
    /// Control or undecodable characters were replaced.
    pub const SANITISED: Self = Self(32);
    /// All known bits.
    pub const ALL: Self = Self(63);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Who talks to whom, in which role. Totals are cumulative since `Observation::first_seen` in this sensor incarnation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The side that asks.
    pub client: Endpoint,
    /// The side that serves.
    pub server: Endpoint,
    /// IP protocol number (6 TCP, 17 UDP).
    pub ip_protocol: u8,
    /// Server port; 0 where the protocol has none.
    pub port: u16,
    /// What was recognised in the bytes.
    pub service: Service,
    /// Bytes of frames towards the server.
    pub bytes_to_server: u64,
    /// Bytes of frames towards the client.
    pub bytes_to_client: u64,
    /// Frames towards the server.
    pub packets_to_server: u64,
    /// Frames towards the client.
    pub packets_to_client: u64,
    /// Why we believe which side is the client.
    pub evidence: DirectionEvidence,
    /// Only one direction was seen.
    pub one_way: bool,
    /// No further report will come for this conversation.
    pub closed: bool,
}

/// An interface holds an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binding {
    /// The interface.
    pub mac: Mac,
    /// The address.
    pub ip: IpAddr,
    /// What said so.
    pub source: BindingSource,
    /// Lease in seconds; 0 when unknown.
    pub lease_s: u32,
    /// The binding ended.
    pub released: bool,
}

/// A known endpoint still speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// Who.
    pub endpoint: Endpoint,
    /// Bytes it sent since the sensor started.
    pub bytes_sent: u64,
    /// Frames it sent since the sensor started.
    pub packets_sent: u64,
}

/// Figures about the sensor and its coverage. Totals since the process started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is documented in observation.proto")]
pub struct Health {
    pub version: String,
    pub state: HealthState,
    pub packets: u64,
    pub bytes: u64,
    pub dropped_by_kernel: u64,
    pub dropped_by_interface: u64,
    pub frames_undecoded: u64,
    pub facts_emitted: u64,
    pub values_dropped: u64,
    pub table_evictions: u64,
    pub spool_bytes: u64,
    pub spool_limit_bytes: u64,
    pub oldest_unsent_ms: u64,
    pub clock_offset_ms: i64,
    pub rss_bytes: u64,
    pub one_way_per_mille: u32,
    pub no_l2_control: bool,
    pub silent_vlans: Vec<u16>,
    pub cert_not_after: Millis,
}

/// Sequences that will never arrive, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// Why.
    pub reason: LossReason,
    /// The first lost sequence; 0 when the loss happened before a sequence was given.
    pub first_seq: u64,
    /// How many observations.
    pub count: u64,
}
