//! One site's whole graph.

use std::collections::BTreeMap;
use std::fmt;

use auscult_proto::ids::{Incarnation, SensorId, SiteId};
use auscult_proto::observation::{Body, Loss, Millis, Observation, Origin};

use crate::batch::{Batch, BatchHeader};
use crate::conversation::{Conversation, Report};
use crate::device::Device;
use crate::event::{Cause, Changes, DeviceSnapshot, EventKind};
use crate::id::{ConversationId, DeviceId, Names};
use crate::index::Index;
use crate::policy::Policy;
use crate::position::Position;
use crate::realm::{RealmId, Realms};
use crate::table::Table;
use crate::work::{Happening, Work};

/// What was not kept or not believed, and why. All of these only grow, and survive restarts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Devices not made because the site has as many as it may.
    pub devices_refused: u64,
    /// Gone devices forgotten early to make room.
    pub devices_evicted: u64,
    /// Conversations forgotten early to make room.
    pub conversations_evicted: u64,
    /// Observations from address realms beyond the bound.
    pub realms_refused: u64,
    /// Values pushed out by stronger ones.
    pub values_dropped: u64,
    /// Sources pushed out by stronger ones.
    pub sources_dropped: u64,
    /// Interfaces, identifiers, services and open addresses beyond a device's bounds.
    pub details_dropped: u64,
    /// Running totals of a sensor pushed out of a conversation.
    pub totals_dropped: u64,
    /// Facts about nobody that could be told.
    pub facts_unattributed: u64,
    /// Statements by network address while two interfaces contest it.
    pub facts_contested: u64,
    /// Names of devices with randomised addresses, which are not kept.
    pub names_suppressed: u64,
    /// Observations with times further ahead of ingest than allowed.
    pub times_ahead: u64,
    /// Observations of batches that came after a failed append, and come again.
    pub passed_over: u64,
    /// Accounts of old incarnations given up.
    pub incarnations_dropped: u64,
}

/// How far one incarnation of a sensor was folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented in state.proto")]
pub struct SensorProgress<'a> {
    pub sensor: &'a SensorId,
    pub incarnation: Incarnation,
    pub last_seq: u64,
    pub folded: u64,
    pub duplicates: u64,
    pub missing: u64,
    pub reported_lost: u64,
    pub digest: u64,
    pub last_seen: Millis,
}

/// First and last sight of something, as far as they are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) first: Millis,
    pub(crate) last: Millis,
}

/// One site's devices, conversations and how far each sensor was folded.
#[derive(Clone, PartialEq)]
pub struct SiteInventory {
    pub(crate) site: SiteId,
    pub(crate) names: Names,
    pub(crate) policy: Policy,
    /// The largest observed time.
    pub(crate) clock: Millis,
    pub(crate) counters: Counters,
    pub(crate) positions: BTreeMap<(SensorId, Incarnation), Position>,
    pub(crate) realms: Realms,
    pub(crate) devices: Table<DeviceId, Box<Device>>,
    pub(crate) conversations: Table<ConversationId, Box<Conversation>>,
    pub(crate) index: Index,
    pub(crate) work: Work,
}

/// Sizes only: addresses and names of a hospital do not belong into logs.
impl fmt::Debug for SiteInventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteInventory")
            .field("site", &self.site)
            .field("clock", &self.clock)
            .field("devices", &self.devices.len())
            .field("conversations", &self.conversations.len())
            .finish_non_exhaustive()
    }
}

impl SiteInventory {
    /// An empty site.
    #[must_use]
    pub fn new(site: SiteId, policy: Policy) -> Self {
        Self {
            names: Names::new(&site),
            site,
            policy,
            clock: 0,
            counters: Counters::default(),
            positions: BTreeMap::new(),
            realms: Realms::default(),
            devices: Table::default(),
            conversations: Table::default(),
            index: Index::default(),
            work: Work::default(),
        }
    }

    /// Which site.
    #[must_use]
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// The largest time observed so far: the site's only clock.
    #[must_use]
    pub fn clock(&self) -> Millis {
        self.clock
    }

    /// All devices as they are now, ordered by identifier.
    pub fn devices(&self) -> impl Iterator<Item = DeviceSnapshot> + '_ {
        self.devices.values().map(|device| self.snapshot(device))
    }

    /// How many devices there are.
    #[must_use]
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// How many conversations there are.
    #[must_use]
    pub fn conversation_count(&self) -> usize {
        self.conversations.len()
    }

    /// How far each incarnation of each sensor was folded, ordered by sensor and incarnation.
    pub fn progress(&self) -> impl Iterator<Item = SensorProgress<'_>> {
        self.positions
            .iter()
            .map(|((sensor, incarnation), position)| SensorProgress {
                sensor,
                incarnation: *incarnation,
                last_seq: position.last_seq,
                folded: position.folded,
                duplicates: position.duplicates,
                missing: position.missing,
                reported_lost: position.reported_lost,
                digest: position.digest,
                last_seen: position.last_seen,
            })
    }

    /// What was not kept or not believed.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Folds one logged batch of this site. Sequences folded before are passed over and counted.
    pub fn apply(&mut self, batch: Batch) -> Changes {
        let (header, observations, hashes) = batch.into_parts();
        let key = (header.sensor.clone(), header.incarnation);
        let count = u64::try_from(observations.len()).unwrap_or(u64::MAX);
        if count == 0 {
            return Changes::default();
        }
        let cause = Cause {
            sensor: header.sensor.clone(),
            incarnation: header.incarnation,
            first_seq: header.first_seq,
            received: header.received,
        };
        let mut position = self.positions.remove(&key).unwrap_or_default();
        if position.is_behind(header.after_seq) {
            position.passed_over = position.passed_over.saturating_add(count);
            self.counters.passed_over = self.counters.passed_over.saturating_add(count);
            self.work.counts.passed_over = count;
            self.work.site = true;
        } else {
            self.fold(&header, &mut position, &observations, &hashes);
        }
        self.positions.insert(key.clone(), position);
        self.work.positions.insert(key);
        self.bound_incarnations(&header.sensor);
        self.finish(&cause)
    }

    /// Notes a batch of `count` observations that could not be read and went to quarantine: its sequences count as missing, and
    /// later batches need not wait for them.
    pub fn set_aside(&mut self, header: &BatchHeader, count: u32) -> Changes {
        let Some(last_seq) = header
            .first_seq
            .checked_add(u64::from(count))
            .and_then(|next| next.checked_sub(1))
        else {
            return Changes::default();
        };
        let key = (header.sensor.clone(), header.incarnation);
        let mut position = self.positions.remove(&key).unwrap_or_default();
        let ahead = !position.is_behind(header.after_seq);
        if let Some(gap) = ahead
            .then(|| position.open_gap(last_seq.saturating_add(1)))
            .flatten()
        {
            position.last_seq = last_seq;
            self.work.counts.missing = gap.count;
            let until = header.received;
            let blind = EventKind::BlindInterval {
                first_seq: gap.first_seq,
                missing: gap.count,
                from: (position.folded > 0).then_some(position.last_seen),
                until,
            };
            self.happened(until, last_seq, Happening::Sensor(blind));
        }
        self.positions.insert(key.clone(), position);
        self.work.positions.insert(key);
        self.bound_incarnations(&header.sensor);
        self.finish(&Cause {
            sensor: header.sensor.clone(),
            incarnation: header.incarnation,
            first_seq: header.first_seq,
            received: header.received,
        })
    }

    fn fold(
        &mut self,
        header: &BatchHeader,
        position: &mut Position,
        observations: &[Observation],
        hashes: &[u64],
    ) {
        let known = position.overlap(header.first_seq, observations.len());
        let duplicates = u64::try_from(known).unwrap_or(u64::MAX);
        position.duplicates = position.duplicates.saturating_add(duplicates);
        self.work.counts.duplicates = duplicates;
        let before = (position.folded > 0).then_some(position.last_seen);
        let sequences = header.first_seq..;
        let mut tail = sequences.zip(observations.iter().zip(hashes)).skip(known);
        let Some((first_seq, (first, hash))) = tail.next() else {
            return;
        };
        if let Some(gap) = position.open_gap(first_seq) {
            self.work.counts.missing = gap.count;
            let until = self.believed(header, first).last;
            let blind = EventKind::BlindInterval {
                first_seq: gap.first_seq,
                missing: gap.count,
                from: before,
                until,
            };
            self.happened(until, first_seq, Happening::Sensor(blind));
        }
        self.fold_one(header, position, (first_seq, *hash), first);
        for (seq, (observation, hash)) in tail {
            self.fold_one(header, position, (seq, *hash), observation);
        }
    }

    fn fold_one(
        &mut self,
        header: &BatchHeader,
        position: &mut Position,
        (seq, hash): (u64, u64),
        observation: &Observation,
    ) {
        let seen = self.believed(header, observation);
        if seen.last < observation.last_seen {
            self.counters.times_ahead = self.counters.times_ahead.saturating_add(1);
            self.work.site = true;
        }
        position.fold(seq, hash, seen.last);
        self.work.counts.folded = self.work.counts.folded.saturating_add(1);
        self.work.now = seen.last;
        self.advance(seen.last);
        match &observation.body {
            Body::Health(health) => {
                let health = Happening::Sensor(EventKind::SensorHealth(health.clone()));
                self.happened(seen.last, seq, health);
            }
            Body::Loss(loss) => self.fold_loss(position, seq, loss),
            Body::Fact(_) | Body::Conversation(_) | Body::Binding(_) | Body::Heartbeat(_) => {
                let Some(realm) = self.realm(&observation.origin) else {
                    return;
                };
                self.fold_statement(header, realm, observation, seen);
                // Settling merges devices, which may join further realms.
                while std::mem::take(&mut self.work.domains_differ) {
                    self.settle_everywhere();
                }
                self.expire_due();
            }
        }
    }

    fn fold_statement(
        &mut self,
        header: &BatchHeader,
        realm: RealmId,
        observation: &Observation,
        seen: Seen,
    ) {
        match &observation.body {
            Body::Fact(fact) => {
                self.fold_fact(&header.sensor, realm, fact, seen, observation.count);
            }
            Body::Binding(binding) => self.fold_binding(realm, binding, seen),
            Body::Heartbeat(heartbeat) => self.fold_heartbeat(realm, heartbeat, seen),
            Body::Conversation(said) => {
                let report = Report {
                    sensor: &header.sensor,
                    incarnation: header.incarnation,
                    first_seen: seen.first,
                    last_seen: seen.last,
                    said,
                };
                self.fold_conversation(realm, &report);
            }
            Body::Health(_) | Body::Loss(_) => {}
        }
    }

    fn fold_loss(&mut self, position: &mut Position, seq: u64, loss: &Loss) {
        position.explain(loss);
        let reported_lost = &mut self.work.counts.reported_lost;
        *reported_lost = reported_lost.saturating_add(loss.count);
        let lost = EventKind::SensorLoss {
            reason: loss.reason,
            first_seq: loss.first_seq,
            count: loss.count,
        };
        self.happened(self.work.now, seq, Happening::Sensor(lost));
    }

    /// Times further ahead of ingest than a clock may be are cut.
    fn believed(&self, header: &BatchHeader, observation: &Observation) -> Seen {
        let limit = header.received.saturating_add(self.policy.clock_ahead);
        Seen {
            first: observation.first_seen.min(limit),
            last: observation.last_seen.min(limit),
        }
    }

    fn realm(&mut self, origin: &Origin) -> Option<RealmId> {
        if let Some(realm) = self.realms.find(origin) {
            return Some(realm);
        }
        if self.realms.len() >= self.policy.realms {
            self.counters.realms_refused = self.counters.realms_refused.saturating_add(1);
            self.work.site = true;
            return None;
        }
        let realm = self.realms.add(origin.clone());
        self.work.realms.insert(realm);
        Some(realm)
    }

    /// Gives up the accounts of a sensor's oldest incarnations.
    fn bound_incarnations(&mut self, sensor: &SensorId) {
        let first = (sensor.clone(), Incarnation(0));
        let last = (sensor.clone(), Incarnation(u64::MAX));
        let of_sensor = || self.positions.range(first.clone()..=last.clone());
        if of_sensor().count() <= self.policy.incarnations {
            return;
        }
        let oldest = of_sensor()
            .min_by_key(|(_, position)| position.last_seen)
            .map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            self.positions.remove(&oldest);
            self.work.positions.insert(oldest);
            self.counters.incarnations_dropped =
                self.counters.incarnations_dropped.saturating_add(1);
            self.work.site = true;
        }
    }
}
