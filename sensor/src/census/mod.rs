//! The census: turns what the dissector says into observations worth sending.
//!
//! Pure: all time comes from frames (or from [`Census::tick`]), every table is bounded, the same frames give the same observations in
//! the same order. The shell drains them with [`Census::drain`] and says goodbye with [`Census::finish`].

mod conversations;
mod coverage;
mod endpoints;
mod hash;
mod key;
mod outbox;
mod statements;
mod table;

use std::hash::Hasher;
use std::net::IpAddr;

use auscult_dissect::{Context, ConversationReport, Emission, Sink};
use auscult_proto::ids::CapturePoint;
use auscult_proto::observation::{Binding, Body, Endpoint, Fact, Millis, Observation, Subject};
use auscult_proto::{BindingSource, limits};

use conversations::Conversations;
pub(crate) use conversations::is_stronger;
pub use coverage::Coverage;
use coverage::Vlans;
use endpoints::{Endpoints, PastTheEnd};
use outbox::Outbox;
use statements::{Cadence, Statements};

/// A clock that goes back further than this was set, or another capture began: follow it.
const SET_BACK: Millis = 60_000;
/// Reports of one call of `advance`: keeps a frame from waiting for a whole table.
const REPORTS_AT_ONCE: usize = 256;
/// Entries closed by one call of `finish`.
const CLOSED_AT_ONCE: usize = 1024;

/// Bounds and intervals of a census.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A fact that still holds is repeated after this many milliseconds.
    pub fact_heartbeat: Millis,
    /// A fact whose earlier value returns is repeated, but not sooner than this after its last report.
    pub change_interval: Millis,
    /// An active endpoint is reported after so many milliseconds, then after twice and then every four times as many.
    pub endpoint_interval: Millis,
    /// An active conversation is reported after so many milliseconds, then after twice and then every four times as many.
    pub conversation_interval: Millis,
    /// A VLAN without a frame for this many milliseconds is silent.
    pub silent_vlan_after: Millis,
    /// Most statements remembered.
    pub fact_limit: usize,
    /// Most endpoints remembered.
    pub endpoint_limit: usize,
    /// Most conversations remembered.
    pub conversation_limit: usize,
    /// Most observations waiting to be drained; more are counted as lost.
    pub pending_limit: usize,
}

impl Settings {
    /// The same with limits divided among several capture points.
    #[must_use]
    pub fn shared_by(self, points: usize) -> Self {
        let share = |limit: usize| (limit / points.max(1)).max(64);
        Self {
            fact_limit: share(self.fact_limit),
            endpoint_limit: share(self.endpoint_limit),
            conversation_limit: share(self.conversation_limit),
            ..self
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fact_heartbeat: 6 * 3_600_000,
            change_interval: 60_000,
            endpoint_interval: 300_000,
            conversation_interval: 900_000,
            silent_vlan_after: 1_800_000,
            fact_limit: 262_144,
            endpoint_limit: 65_536,
            conversation_limit: 131_072,
            pending_limit: 16_384,
        }
    }
}

/// What a census counted since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames with a sender.
    pub frames: u64,
    /// Facts and bindings heard, reported or not.
    pub statements: u64,
    /// Facts and bindings reported.
    pub facts_emitted: u64,
    /// All observations reported.
    pub observations: u64,
    /// Statements that the wire's limits do not allow; never sent.
    pub refused: u64,
    /// Observations lost because nobody drained them.
    pub lost: u64,
    /// Statements forgotten for want of room.
    pub fact_evictions: u64,
    /// Endpoints forgotten for want of room.
    pub endpoint_evictions: u64,
    /// Conversations closed for want of room.
    pub conversation_evictions: u64,
    /// Statements remembered now.
    pub facts: usize,
    /// Endpoints remembered now.
    pub endpoints: usize,
    /// Conversations remembered now.
    pub conversations: usize,
}

/// See the module.
#[derive(Debug)]
pub struct Census {
    settings: Settings,
    seed: u64,
    now: Millis,
    /// No table has anything to report before this time.
    quiet_until: Millis,
    statements: Statements,
    endpoints: Endpoints,
    conversations: Conversations,
    vlans: Vlans,
    l2_control: bool,
    outbox: Outbox,
    counters: Counters,
    closing: usize,
}

impl Census {
    /// An empty census of one capture point. `seed` keys the hashes of its tables: random for a live capture.
    #[must_use]
    pub fn new(settings: Settings, capture_point: CapturePoint, seed: u64) -> Self {
        Self {
            settings,
            seed,
            now: 0,
            quiet_until: Millis::MAX,
            statements: Statements::new(settings.fact_limit),
            endpoints: Endpoints::new(settings.endpoint_limit, seed, settings.endpoint_interval),
            conversations: Conversations::new(
                settings.conversation_limit,
                seed,
                settings.conversation_interval,
            ),
            vlans: Vlans::new(),
            l2_control: false,
            outbox: Outbox::new(capture_point, settings.pending_limit),
            counters: Counters::default(),
            closing: 0,
        }
    }

    /// Tells the time while no frames come, epoch milliseconds.
    pub fn tick(&mut self, now: Millis) {
        self.clock(now);
        self.advance();
    }

    /// Takes what is to be sent, in order.
    pub fn drain(&mut self) -> Vec<Observation> {
        let outbox = &mut self.outbox;
        self.endpoints
            .settle(self.now, |said| outbox.heartbeat(said));
        self.outbox.drain()
    }

    /// How much there is to drain.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.outbox.pending.len() + usize::from(self.endpoints.has_fresh())
    }

    /// Reports everything not yet reported, conversations as closed, a bounded part at a time: call and drain until it returns `true`.
    pub fn finish(&mut self) -> bool {
        let outbox = &mut self.outbox;
        self.endpoints
            .settle(self.now, |said| outbox.heartbeat(said));
        for _ in 0..CLOSED_AT_ONCE {
            let place = self.closing;
            self.closing += 1;
            let Some(behind) = place.checked_sub(self.endpoints.len()) else {
                if let Ok(Some(said)) = self.endpoints.close(place, self.now) {
                    outbox.heartbeat(said);
                }
                continue;
            };
            match self.conversations.close(behind, self.now) {
                Ok(Some(said)) => outbox.conversation(said),
                Ok(None) => {}
                Err(PastTheEnd) => {
                    self.closing = 0;
                    self.conversations.clear(self.settings.conversation_limit);
                    return true;
                }
            }
        }
        false
    }

    /// What this capture point can and cannot see.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let (judged, one_way) = self.conversations.judged();
        let since = self.now.saturating_sub(self.settings.silent_vlan_after);
        Coverage {
            tcp_conversations: judged,
            one_way_per_mille: coverage::per_mille(one_way, judged),
            l2_control: self.l2_control,
            vlans: self.vlans.count(),
            silent_vlans: self.vlans.silent(since),
        }
    }

    /// Totals since the beginning.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            observations: self.outbox.sent,
            lost: self.outbox.lost_total,
            refused: self.counters.refused + self.outbox.refused,
            fact_evictions: self.statements.evictions,
            endpoint_evictions: self.endpoints.evictions,
            conversation_evictions: self.conversations.evictions,
            facts: self.statements.len(),
            endpoints: self.endpoints.len(),
            conversations: self.conversations.len(),
            ..self.counters
        }
    }

    fn clock(&mut self, now: Millis) {
        let now = now.max(0);
        if now > self.now {
            self.now = now;
        } else if now.saturating_add(SET_BACK) < self.now {
            self.now = now;
            self.quiet_until = now;
        }
    }

    fn advance(&mut self) {
        if self.now < self.quiet_until {
            return;
        }
        let outbox = &mut self.outbox;
        let next = self
            .endpoints
            .advance(self.now, REPORTS_AT_ONCE, |said| outbox.heartbeat(said));
        let conversations = self
            .conversations
            .advance(self.now, REPORTS_AT_ONCE, |said| outbox.conversation(said));
        self.quiet_until = next.min(conversations);
    }

    fn look_again_in(&mut self, interval: Millis) {
        self.quiet_until = self.quiet_until.min(self.now.saturating_add(interval));
    }

    fn fact(&mut self, context: &Context, fact: Fact) {
        let Settings {
            fact_heartbeat,
            change_interval,
            ..
        } = self.settings;
        let single = statements::is_single(fact.attribute);
        let hashes = statements::hashes(
            self.seed,
            key::realm(&context.origin),
            &fact.sender,
            |hash| statements::fact_place(hash, &fact.subject, fact.attribute, fact.field),
            |hash| hash.write(fact.value.as_bytes()),
        );
        let cadence = Cadence {
            heartbeat: fact_heartbeat,
            on_return: single.then_some(change_interval),
        };
        if let Some(report) = self.statements.sighting(&hashes, cadence, self.now) {
            self.counters.facts_emitted += 1;
            if fact.subject == Subject::Sender {
                self.endpoints.stated(&fact.sender, self.now);
            }
            self.outbox
                .statement(&context.origin, report, self.now, Body::Fact(fact));
        }
    }

    fn binding(&mut self, context: &Context, binding: Binding) {
        // The place that a binding fills is its address: another interface, or a release, takes it.
        let place = Endpoint {
            mac: None,
            ip: Some(binding.ip),
        };
        let source = u64::try_from(i32::from(binding.source)).unwrap_or(0);
        let hashes = statements::hashes(
            self.seed,
            key::realm(&context.origin),
            &place,
            |hash| hash.word(1 << 63),
            |hash| {
                hash.word(
                    (binding.mac.to_bits() << 16) | (source << 1) | u64::from(binding.released),
                )
            },
        );
        let leased = matches!(
            binding.source,
            BindingSource::Dhcpv4Ack | BindingSource::Dhcpv6Reply
        );
        // A renewed lease must reach the collector before it believes that the lease ran out.
        let half_lease = match binding.lease_s {
            0 => Millis::MAX,
            lease => Millis::from(lease).saturating_mul(500),
        };
        let cadence = Cadence {
            heartbeat: self.settings.fact_heartbeat.min(half_lease),
            on_return: Some(if leased {
                0
            } else {
                self.settings.change_interval
            }),
        };
        if let Some(report) = self.statements.sighting(&hashes, cadence, self.now) {
            self.counters.facts_emitted += 1;
            if !binding.released && context.sender.mac == Some(binding.mac) {
                self.endpoints.stated(&context.sender, self.now);
            }
            self.outbox
                .statement(&context.origin, report, self.now, Body::Binding(binding));
        }
    }
}

impl Sink for Census {
    fn emit(&mut self, context: &Context, emission: Emission<'_>) {
        self.clock(context.meta.time_ns / 1_000_000);
        self.counters.statements += 1;
        match emission {
            Emission::Fact {
                subject,
                attribute,
                field,
                value,
                class,
                flags,
            } => {
                if !allowed(&context.sender, &subject, value) {
                    self.counters.refused += 1;
                    return;
                }
                let fact = Fact {
                    sender: stripped(&context.sender),
                    subject,
                    attribute,
                    field,
                    value: value.to_owned(),
                    class,
                    flags,
                };
                self.fact(context, fact);
            }
            Emission::Binding {
                mac,
                ip,
                source,
                lease_s,
                released,
            } => {
                if mac.is_zero() || mac.is_group() || ip.is_unspecified() {
                    self.counters.refused += 1;
                    return;
                }
                let binding = Binding {
                    mac,
                    ip,
                    source,
                    lease_s,
                    released,
                };
                self.binding(context, binding);
            }
        }
    }

    fn conversation(&mut self, report: &ConversationReport) {
        self.clock(report.last_ns / 1_000_000);
        if !is_somebody(&report.key.client) || !is_somebody(&report.key.server) {
            self.counters.refused += 1;
            return;
        }
        let outbox = &mut self.outbox;
        self.conversations
            .add(report, self.now, |said| outbox.conversation(said));
        self.look_again_in(conversations::SETTLE);
    }

    fn seen(&mut self, context: &Context) {
        self.clock(context.meta.time_ns / 1_000_000);
        self.advance();
        self.counters.frames += 1;
        self.vlans.seen(&context.origin, self.now);
        if !is_somebody(&context.sender) {
            self.counters.refused += 1;
            return;
        }
        let outbox = &mut self.outbox;
        self.endpoints.seen(
            &context.origin,
            &context.sender,
            context.meta.wire_len,
            self.now,
            |said| outbox.heartbeat(said),
        );
        self.look_again_in(self.settings.endpoint_interval);
    }

    fn l2_control(&mut self, _context: &Context) {
        self.l2_control = true;
    }
}

fn is_somebody(endpoint: &Endpoint) -> bool {
    endpoint.ip.is_some() || endpoint.mac.is_some_and(|mac| !mac.is_zero())
}

fn stripped(endpoint: &Endpoint) -> Endpoint {
    Endpoint {
        mac: endpoint.mac.filter(|mac| !mac.is_zero()),
        ip: endpoint.ip.filter(|ip: &IpAddr| !ip.is_unspecified()),
    }
}

/// What the collector would refuse must not be sent: one such statement would cost its whole batch.
fn allowed(sender: &Endpoint, subject: &Subject, value: &str) -> bool {
    let subject = match subject {
        Subject::Sender => true,
        Subject::Endpoint(endpoint) => is_somebody(endpoint),
        Subject::Key(key) => (1..=limits::KEY_BYTES).contains(&key.len()),
    };
    subject && is_somebody(&stripped(sender)) && (1..=limits::VALUE_BYTES).contains(&value.len())
}

#[cfg(test)]
mod tests;
