//! Who talks to whom, in which role.

use std::net::IpAddr;

use auscult_proto::ids::{Incarnation, SensorId};
use auscult_proto::mac::Mac;
use auscult_proto::observation::{self, Endpoint, Millis};
use auscult_proto::{DirectionEvidence, Service};

use crate::id::{ConversationId, DeviceId};
use crate::policy::Policy;
use crate::realm::RealmId;

/// Most sensors whose running totals are kept per conversation.
const CELLS: usize = 8;

/// The addresses of a conversation as seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Addresses {
    pub(crate) port: u16,
    pub(crate) ip_protocol: u8,
    pub(crate) client: (Option<Mac>, Option<IpAddr>),
    pub(crate) server: (Option<Mac>, Option<IpAddr>),
    pub(crate) realm: RealmId,
}

impl Addresses {
    pub(crate) fn of(realm: RealmId, conversation: &observation::Conversation) -> Self {
        let pair = |endpoint: &Endpoint| (endpoint.mac, endpoint.ip);
        Self {
            port: conversation.port,
            ip_protocol: conversation.ip_protocol,
            client: pair(&conversation.client),
            server: pair(&conversation.server),
            realm,
        }
    }
}

/// Volume in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) bytes_to_server: u64,
    pub(crate) bytes_to_client: u64,
    pub(crate) packets_to_server: u64,
    pub(crate) packets_to_client: u64,
}

impl Totals {
    pub(crate) fn of(report: &observation::Conversation) -> Self {
        Self {
            bytes_to_server: report.bytes_to_server,
            bytes_to_client: report.bytes_to_client,
            packets_to_server: report.packets_to_server,
            packets_to_client: report.packets_to_client,
        }
    }

    fn zip(self, other: Self, op: fn(u64, u64) -> u64) -> Self {
        Self {
            bytes_to_server: op(self.bytes_to_server, other.bytes_to_server),
            bytes_to_client: op(self.bytes_to_client, other.bytes_to_client),
            packets_to_server: op(self.packets_to_server, other.packets_to_server),
            packets_to_client: op(self.packets_to_client, other.packets_to_client),
        }
    }

    fn bytes(self) -> u64 {
        self.bytes_to_server.saturating_add(self.bytes_to_client)
    }
}

/// How far one sensor's running totals are contained in the conversation's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) sensor: SensorId,
    pub(crate) incarnation: Incarnation,
    /// When the sensor began to count.
    pub(crate) epoch: Millis,
    pub(crate) totals: Totals,
}

/// A conversation between two parties for as long as its addresses are theirs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    pub(crate) addresses: Addresses,
    /// `None`: not a device of the site, or not known to be.
    pub(crate) client: Option<DeviceId>,
    pub(crate) server: Option<DeviceId>,
    pub(crate) service: Service,
    pub(crate) evidence: DirectionEvidence,
    pub(crate) one_way: bool,
    pub(crate) closed: bool,
    /// Another one goes on with the same addresses.
    pub(crate) superseded: bool,
    pub(crate) first_seen: Millis,
    pub(crate) last_seen: Millis,
    pub(crate) totals: Totals,
    pub(crate) cells: Vec<Cell>,
}

/// One report and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report<'a> {
    pub(crate) sensor: &'a SensorId,
    pub(crate) incarnation: Incarnation,
    pub(crate) first_seen: Millis,
    pub(crate) last_seen: Millis,
    pub(crate) said: &'a observation::Conversation,
}

impl Conversation {
    /// Whether a report says nothing that is worth a write: a later one, being cumulative, will contain it.
    pub(crate) fn knows(&self, report: &Report<'_>, policy: &Policy) -> bool {
        let said = report.said;
        if self.closed != said.closed
            || (self.one_way && !said.one_way)
            || rank(said.service) > rank(self.service)
            || strength(said.evidence) > strength(self.evidence)
            || bucket(report.last_seen, policy) > bucket(self.last_seen, policy)
        {
            return false;
        }
        let Some(cell) = self.cell(report) else {
            return false;
        };
        let growth = Totals::of(said).zip(cell.totals, u64::saturating_sub);
        cell.epoch == report.first_seen && growth.bytes() < self.totals.bytes()
    }

    fn cell(&self, report: &Report<'_>) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.incarnation == report.incarnation && cell.sensor == *report.sensor)
    }

    /// Whether the report goes on with a count that is known, so that its beginning says nothing new.
    pub(crate) fn counts(&self, report: &Report<'_>) -> bool {
        self.cell(report)
            .is_some_and(|cell| cell.epoch == report.first_seen)
    }

    /// What the report adds to the totals.
    pub(crate) fn growth(&self, report: &Report<'_>) -> Totals {
        let totals = Totals::of(report.said);
        match self.cell(report) {
            Some(cell) if cell.epoch == report.first_seen => {
                totals.zip(cell.totals, u64::saturating_sub)
            }
            _ => totals,
        }
    }

    /// Takes in a report. Returns how many sensors' running totals were forgotten for want of room.
    pub(crate) fn take_in(&mut self, report: &Report<'_>) -> u64 {
        let said = report.said;
        self.totals = self.totals.zip(self.growth(report), u64::saturating_add);
        if rank(said.service) > rank(self.service) {
            self.service = said.service;
        }
        if strength(said.evidence) > strength(self.evidence) {
            self.evidence = said.evidence;
        }
        // Two sensors may each see one direction.
        let both = self.totals.packets_to_server > 0 && self.totals.packets_to_client > 0;
        self.one_way &= said.one_way && !both;
        self.closed = said.closed;
        if !self.counts(report) {
            self.first_seen = self.first_seen.min(report.first_seen);
        }
        self.last_seen = self.last_seen.max(report.last_seen);
        self.count(report)
    }

    fn count(&mut self, report: &Report<'_>) -> u64 {
        // A sensor's earlier incarnation says nothing any more.
        self.cells.retain(|cell| cell.sensor != *report.sensor);
        self.cells.push(Cell {
            sensor: report.sensor.clone(),
            incarnation: report.incarnation,
            epoch: report.first_seen,
            totals: Totals::of(report.said),
        });
        if self.cells.len() > CELLS {
            self.cells.remove(0);
            1
        } else {
            0
        }
    }

    /// Place in the order of eviction: what nobody answered goes first, then what was silent longest.
    pub(crate) fn age(&self) -> (bool, Millis, ConversationId) {
        (!self.one_way, self.last_seen, self.id)
    }
}

fn bucket(at: Millis, policy: &Policy) -> Millis {
    at.checked_div(policy.last_seen_bucket).unwrap_or(at)
}

/// Later times are worth a write once they are in a later bucket.
pub(crate) fn later(at: Millis, than: Millis, policy: &Policy) -> bool {
    bucket(at, policy) > bucket(than, policy)
}

/// A recognised service replaces a less specific one, never the other way round: a stream is first TCP, then TLS, then what is known
/// to be in it.
pub(crate) fn rank(service: Service) -> u8 {
    match service {
        Service::Unspecified => 0,
        Service::Tls | Service::Http | Service::Ssh | Service::Dns => 1,
        Service::Dicom | Service::Hl7 | Service::Dhcpv4 | Service::Dhcpv6 => 2,
    }
}

pub(crate) fn strength(evidence: DirectionEvidence) -> u8 {
    match evidence {
        DirectionEvidence::Unspecified => 0,
        DirectionEvidence::FirstPacket => 1,
        DirectionEvidence::Port => 2,
        DirectionEvidence::Protocol => 3,
        DirectionEvidence::Handshake => 4,
    }
}
