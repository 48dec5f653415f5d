//! The offline record of one file: everything said in it, with exact counts.
//!
//! The census forgets values and repeats statements, because its readers remember; here nobody does. Both follow the same rule of what
//! one statement is.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use auscult_dissect::{Context, ConversationKey, ConversationReport, Emission, OriginTag, Sink};
use auscult_proto::mac::Mac;
use auscult_proto::observation::{Endpoint, FactFlags, Millis, Subject};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, Service};

/// Most statements, and most conversations and endpoints each, kept of one file.
pub const ENTRIES: usize = 1_000_000;

/// How often and when something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// First frame, from 1.
    pub frame: u64,
    /// Frames.
    pub count: u64,
    /// Capture time of the first.
    pub first: Millis,
    /// Capture time of the last.
    pub last: Millis,
}

impl Seen {
    fn new(frame: u64, time_ns: i64) -> Self {
        let time = time_ns / 1_000_000;
        Self {
            frame,
            count: 1,
            first: time,
            last: time,
        }
    }

    fn again(&mut self, frame: u64, time_ns: i64, count: u64) {
        let time = time_ns / 1_000_000;
        self.frame = self.frame.min(frame);
        self.count = self.count.saturating_add(count);
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }
}

/// What makes two facts one, but for the sender's addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// Who it is about.
    pub subject: Subject,
    /// What.
    pub attribute: Attribute,
    /// Read from where.
    pub field: Field,
    /// The value.
    pub value: String,
}

/// A fact as it was stated.
#[derive(Debug, Clone)]
pub struct FactEntry {
    /// Realm.
    pub origin: OriginTag,
    /// Who said it.
    pub sender: Endpoint,
    /// What was said.
    pub statement: Statement,
    /// Weight of the source, as first said.
    pub class: ConfidenceClass,
    /// Doubts, as first said.
    pub flags: FactFlags,
    /// How often and when.
    pub seen: Seen,
}

/// What makes two bindings one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BindingKey {
    /// Realm.
    pub origin: OriginTag,
    /// The interface.
    pub mac: Mac,
    /// The address.
    pub ip: IpAddr,
    /// Who said so.
    pub source: BindingSource,
    /// It ended.
    pub released: bool,
}

/// Totals of a conversation.
#[derive(Debug, Clone, Copy)]
#[expect(
    missing_docs,
    reason = "named as in the wire schema, and documented there"
)]
pub struct ConversationEntry {
    pub key: ConversationKey,
    pub service: Service,
    pub evidence: DirectionEvidence,
    pub bytes_to_server: u64,
    pub bytes_to_client: u64,
    pub packets_to_server: u64,
    pub packets_to_client: u64,
    pub seen: Seen,
}

impl ConversationEntry {
    fn new(report: &ConversationReport) -> Self {
        let mut seen = Seen::new(report.first_frame, report.first_ns);
        seen.count = 0;
        Self {
            key: report.key,
            service: report.service,
            evidence: report.evidence,
            bytes_to_server: 0,
            bytes_to_client: 0,
            packets_to_server: 0,
            packets_to_client: 0,
            seen,
        }
    }

    /// No frame was seen in one of the two directions.
    #[must_use]
    pub fn one_way(&self) -> bool {
        self.packets_to_server == 0 || self.packets_to_client == 0
    }
}

/// A sender of frames.
#[derive(Debug, Clone, Copy)]
pub struct EndpointEntry {
    /// Realm.
    pub origin: OriginTag,
    /// Addresses.
    pub endpoint: Endpoint,
    /// Frames sent, and when.
    pub seen: Seen,
    /// Bytes sent.
    pub bytes: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    facts: Vec<FactEntry>,
    /// Realm, sender without its network address when it has another, statement: places in `facts`, one for each network address.
    fact_places: BTreeMap<(OriginTag, Endpoint, Statement), Vec<usize>>,
    bindings: BTreeMap<BindingKey, (u32, Seen)>,
    conversations: Vec<ConversationEntry>,
    conversation_places: HashMap<ConversationKey, usize>,
    endpoints: Vec<EndpointEntry>,
    endpoint_places: HashMap<(OriginTag, Endpoint), usize>,
    /// An LLDP, CDP or STP frame was seen.
    pub l2_control: bool,
    /// Statements, conversations and endpoints left out for want of room.
    pub left_out: u64,
}

impl Ledger {
    /// Facts in the order of first sight.
    #[must_use]
    pub fn facts(&self) -> &[FactEntry] {
        &self.facts
    }

    /// Bindings with lease in seconds, in the order of their addresses.
    pub fn bindings(&self) -> impl Iterator<Item = (&BindingKey, u32, &Seen)> {
        self.bindings
            .iter()
            .map(|(key, (lease_s, seen))| (key, *lease_s, seen))
    }

    /// Conversations in the order of first report.
    #[must_use]
    pub fn conversations(&self) -> &[ConversationEntry] {
        &self.conversations
    }

    /// Senders in the order of first sight.
    #[must_use]
    pub fn endpoints(&self) -> &[EndpointEntry] {
        &self.endpoints
    }

    fn fact(
        &mut self,
        context: &Context,
        statement: Statement,
        class: ConfidenceClass,
        flags: FactFlags,
    ) {
        let sender = context.sender;
        let who = Endpoint {
            mac: sender.mac,
            ip: sender.ip.filter(|_| sender.mac.is_none()),
        };
        let (frame, time_ns) = (context.meta.number, context.meta.time_ns);
        let places = self
            .fact_places
            .entry((context.origin, who, statement.clone()))
            .or_default();
        for place in places.iter() {
            let Some(fact) = self.facts.get_mut(*place) else {
                continue;
            };
            if fact.sender.ip == sender.ip || fact.sender.ip.is_none() || sender.ip.is_none() {
                fact.sender.ip = fact.sender.ip.or(sender.ip);
                fact.seen.again(frame, time_ns, 1);
                return;
            }
        }
        if self.facts.len() >= ENTRIES {
            self.left_out += 1;
            return;
        }
        places.push(self.facts.len());
        self.facts.push(FactEntry {
            origin: context.origin,
            sender,
            statement,
            class,
            flags,
            seen: Seen::new(frame, time_ns),
        });
    }

    fn binding(&mut self, context: &Context, key: BindingKey, lease_s: u32) {
        let (frame, time_ns) = (context.meta.number, context.meta.time_ns);
        let full = self.bindings.len() >= ENTRIES;
        match self.bindings.get_mut(&key) {
            Some((lease, seen)) => {
                *lease = lease_s;
                seen.again(frame, time_ns, 1);
            }
            None if full => self.left_out += 1,
            None => {
                self.bindings
                    .insert(key, (lease_s, Seen::new(frame, time_ns)));
            }
        }
    }
}

impl Sink for Ledger {
    fn emit(&mut self, context: &Context, emission: Emission<'_>) {
        match emission {
            Emission::Fact {
                subject,
                attribute,
                field,
                value,
                class,
                flags,
            } => {
                let statement = Statement {
                    subject,
                    attribute,
                    field,
                    value: value.to_owned(),
                };
                self.fact(context, statement, class, flags);
            }
            Emission::Binding {
                mac,
                ip,
                source,
                lease_s,
                released,
            } => {
                let key = BindingKey {
                    origin: context.origin,
                    mac,
                    ip,
                    source,
                    released,
                };
                self.binding(context, key, lease_s);
            }
        }
    }

    fn conversation(&mut self, report: &ConversationReport) {
        let known = self.conversation_places.get(&report.key).copied();
        if known.is_none() && self.conversations.len() >= ENTRIES {
            self.left_out += 1;
            return;
        }
        let place = known.unwrap_or_else(|| {
            self.conversation_places
                .insert(report.key, self.conversations.len());
            self.conversations.push(ConversationEntry::new(report));
            self.conversations.len() - 1
        });
        let Some(entry) = self.conversations.get_mut(place) else {
            return;
        };
        let packets = report
            .packets_to_server
            .saturating_add(report.packets_to_client);
        entry.seen.again(report.first_frame, report.first_ns, 0);
        entry.seen.again(entry.seen.frame, report.last_ns, packets);
        entry.bytes_to_server = entry.bytes_to_server.saturating_add(report.bytes_to_server);
        entry.bytes_to_client = entry.bytes_to_client.saturating_add(report.bytes_to_client);
        entry.packets_to_server = entry
            .packets_to_server
            .saturating_add(report.packets_to_server);
        entry.packets_to_client = entry
            .packets_to_client
            .saturating_add(report.packets_to_client);
        if entry.service == Service::Unspecified {
            entry.service = report.service;
        }
        if crate::census::is_stronger(report.evidence, entry.evidence) {
            entry.evidence = report.evidence;
        }
    }

    fn seen(&mut self, context: &Context) {
        let key = (context.origin, context.sender);
        let (frame, time_ns) = (context.meta.number, context.meta.time_ns);
        let known = self.endpoint_places.get(&key).copied();
        let bytes = u64::from(context.meta.wire_len);
        if let Some(entry) = known.and_then(|place| self.endpoints.get_mut(place)) {
            entry.seen.again(frame, time_ns, 1);
            entry.bytes = entry.bytes.saturating_add(bytes);
        } else if self.endpoints.len() >= ENTRIES {
            self.left_out += 1;
        } else {
            self.endpoint_places.insert(key, self.endpoints.len());
            self.endpoints.push(EndpointEntry {
                origin: context.origin,
                endpoint: context.sender,
                seen: Seen::new(frame, time_ns),
                bytes,
            });
        }
    }

    fn l2_control(&mut self, _context: &Context) {
        self.l2_control = true;
    }
}
