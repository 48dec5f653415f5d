//! The inventory as the fold's state: one site's graph, its changelog, and the public records its events become.

use auscult_findings::{Delta, Ledger, is_ledger_key};
use auscult_inventory::{Batch, BatchHeader, Changes, Entity, Policy, SiteInventory};
use auscult_log::{Message, Topic};
use auscult_ocsf::{Context, PublicRecord, PublicTopic};
use auscult_proto::convert::Invalid;
use auscult_proto::ids::{Incarnation, SiteId};
use auscult_proto::wire;
use bytes::Bytes;

use super::poison::Envelope;
use super::site::{Counts, Output, SiteState};

/// What is the same for every site of an installation.
#[derive(Debug, Clone)]
pub struct SiteSettings {
    /// Times and bounds of the graph.
    pub policy: Policy,
    /// What public records say about where they come from.
    pub context: Context,
}

impl SiteState for SiteInventory {
    type Settings = SiteSettings;
    type Batch = Batch;
    type Entity = Entity;
    type Delta = Delta;
    type Ledger = Ledger;

    fn decode(logged: wire::LoggedBatch) -> Result<Batch, Invalid> {
        Batch::decode(logged)
    }

    fn new(site: &SiteId, settings: &SiteSettings) -> Self {
        Self::new(site.clone(), settings.policy.clone())
    }

    fn restore(
        site: &SiteId,
        settings: &SiteSettings,
        records: Vec<(Bytes, Bytes)>,
    ) -> Result<Self, String> {
        Self::restore(site.clone(), settings.policy.clone(), records)
            .map_err(|error| error.to_string())
    }

    fn set_aside(&mut self, batch: &Envelope, settings: &SiteSettings) -> Output {
        let header = BatchHeader {
            sensor: batch.sensor.clone(),
            incarnation: Incarnation(batch.logged.incarnation),
            first_seq: batch.logged.first_seq,
            after_seq: batch.logged.after_seq,
            received: batch.logged.received_ms,
        };
        let changes = self.set_aside(&header, batch.logged.count);
        output(u64::from(batch.logged.count), changes, settings)
    }

    fn apply(&mut self, batch: Batch, settings: &SiteSettings) -> Output {
        let observations = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let changes = self.apply(batch);
        output(observations, changes, settings)
    }

    fn entity(key: &[u8]) -> Option<Entity> {
        Entity::of_key(key)
    }

    fn delta(&self, entities: Option<Vec<Entity>>) -> Delta {
        match entities {
            Some(entities) => Delta::of(self, entities),
            None => Delta::of(self, self.entities()),
        }
    }

    fn is_ledger_key(key: &[u8]) -> bool {
        is_ledger_key(key)
    }

    fn ledger(records: Vec<(Bytes, Bytes)>) -> Result<Ledger, String> {
        Ledger::restore(records).map_err(|fault| fault.to_string())
    }
}

fn output(observations: u64, changes: Changes, settings: &SiteSettings) -> Output {
    Output {
        state: changes
            .state
            .into_iter()
            .map(|(key, value)| (Bytes::from(key.into_bytes()), value))
            .collect(),
        public: auscult_ocsf::encode_all(&changes.events, &settings.context)
            .into_iter()
            .map(message)
            .collect(),
        counts: Counts {
            observations,
            folded: changes.counts.folded,
            duplicates: changes.counts.duplicates,
            missing: changes.counts.missing,
            reported_lost: changes.counts.reported_lost,
            passed_over: changes.counts.passed_over,
        },
    }
}

/// A public record for the log.
pub(crate) fn message(record: PublicRecord) -> Message {
    Message {
        topic: match record.topic {
            PublicTopic::Inventory => Topic::Inventory,
            PublicTopic::Lifecycle => Topic::Lifecycle,
            PublicTopic::Health => Topic::Health,
            PublicTopic::Findings => Topic::Findings,
            PublicTopic::FindingsOpen => Topic::FindingsOpen,
        },
        partition: None,
        key: Bytes::from(record.key.into_bytes()),
        value: record.value.map(Bytes::from),
        headers: record
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Bytes::from(value.into_bytes())))
            .collect(),
        timestamp_ms: record.time,
    }
}
