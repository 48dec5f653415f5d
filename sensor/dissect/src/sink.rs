//! The only way out of this crate: closed types with bounded, sanitised values.

use std::net::IpAddr;

use auscult_proto::mac::Mac;
use auscult_proto::observation::{Endpoint, FactFlags, Subject};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, Service};

use crate::packet::{FrameMeta, OriginTag};

/// The frame and sender an emission belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The frame in which the statement ended.
    pub meta: FrameMeta,
    /// Realm of the addresses.
    pub origin: OriginTag,
    /// Who sent it.
    pub sender: Endpoint,
}

/// A statement from the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Emission<'a> {
    /// An attribute. `value` is already sanitised and within `auscult_proto::limits::VALUE_BYTES`.
    Fact {
        /// Who it is about.
        subject: Subject,
        /// What.
        attribute: Attribute,
        /// Read from where.
        field: Field,
        /// Sanitised value, never empty.
        value: &'a str,
        /// Weight of the source.
        class: ConfidenceClass,
        /// Doubts.
        flags: FactFlags,
    },
    /// An address to interface statement.
    Binding {
        /// The interface.
        mac: Mac,
        /// The address.
        ip: IpAddr,
        /// Who said so.
        source: BindingSource,
        /// Lease in seconds; 0 when unknown.
        lease_s: u32,
        /// The binding ended.
        released: bool,
    },
}

/// Identity of a conversation within an address realm: many flows (client ports) are one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationKey {
    /// Realm of both addresses.
    pub origin: OriginTag,
    /// The side that asks.
    pub client: Endpoint,
    /// The side that serves.
    pub server: Endpoint,
    /// IP protocol number.
    pub ip_protocol: u8,
    /// Server port.
    pub port: u16,
}

/// What a flow added to its conversation since its last report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationReport {
    /// The conversation.
    pub key: ConversationKey,
    /// First frame of the flow.
    pub first_frame: u64,
    /// Time of the first frame in this report, epoch nanoseconds.
    pub first_ns: i64,
    /// Time of the last frame in this report, epoch nanoseconds.
    pub last_ns: i64,
    /// What was recognised.
    pub service: Service,
    /// Why `client` is believed to be the client.
    pub evidence: DirectionEvidence,
    /// Wire bytes towards the server since the last report of this flow.
    pub bytes_to_server: u64,
    /// Wire bytes towards the client since the last report of this flow.
    pub bytes_to_client: u64,
    /// Frames towards the server since the last report of this flow.
    pub packets_to_server: u64,
    /// Frames towards the client since the last report of this flow.
    pub packets_to_client: u64,
    /// The flow ended or was evicted.
    pub closed: bool,
}

/// Receives what the dissector finds. Calls come in frame order.
pub trait Sink {
    /// A statement.
    fn emit(&mut self, context: &Context, emission: Emission<'_>);
    /// A flow's share of a conversation.
    fn conversation(&mut self, report: &ConversationReport);
    /// Every frame with a source address, once, before its other emissions: for first and last seen per endpoint, per-VLAN
    /// counts and so on. Called for each frame, so it must be cheap.
    fn seen(&mut self, context: &Context);
    /// An LLDP, CDP or STP frame was seen (coverage: link-local multicast is mirrored).
    fn l2_control(&mut self, context: &Context);
}
