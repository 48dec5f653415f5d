//! The topics: names, partitions, retention.

use std::time::Duration;

/// Every topic of auscult.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Batches as received, key = site.
    Observations,
    /// The engine's changelog, compacted; same partition count as `Observations`.
    State,
    /// Sensor registry and enrolment, compacted.
    Fleet,
    /// Vulnerability intelligence, compacted.
    Intel,
    /// Human decisions, compacted.
    Decisions,
    /// Undecodable or refused records with their reason.
    Quarantine,
    /// OCSF 5001 per device, compacted.
    Inventory,
    /// Findings, every change.
    Findings,
    /// Open findings, compacted.
    FindingsOpen,
    /// New, changed, gone.
    Lifecycle,
    /// Sensor health, OCSF 6002.
    Health,
    /// Who did what.
    Audit,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Observations,
        Self::State,
        Self::Fleet,
        Self::Intel,
        Self::Decisions,
        Self::Quarantine,
        Self::Inventory,
        Self::Findings,
        Self::FindingsOpen,
        Self::Lifecycle,
        Self::Health,
        Self::Audit,
    ];

    /// The name without any prefix.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Observations => "auscult.int.observations.v1",
            Self::State => "auscult.int.state.v1",
            Self::Fleet => "auscult.int.fleet.v1",
            Self::Intel => "auscult.int.intel.v1",
            Self::Decisions => "auscult.int.decisions.v1",
            Self::Quarantine => "auscult.int.quarantine.v1",
            Self::Inventory => "auscult.public.inventory.v1",
            Self::Findings => "auscult.public.findings.v1",
            Self::FindingsOpen => "auscult.public.findings-open.v1",
            Self::Lifecycle => "auscult.public.lifecycle.v1",
            Self::Health => "auscult.public.health.v1",
            Self::Audit => "auscult.public.audit.v1",
        }
    }

    /// Keeps the latest record per key instead of everything for a time.
    #[must_use]
    pub fn compacted(self) -> bool {
        matches!(
            self,
            Self::State
                | Self::Fleet
                | Self::Intel
                | Self::Decisions
                | Self::Inventory
                | Self::FindingsOpen
        )
    }
}

/// How a topic is kept. Every topic besides has `message.timestamp.type=LogAppendTime`: retention goes by when a record was
/// accepted, so that the replay of an old capture is not expired at once and a clock ahead of the broker's is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// Everything for a time.
    Delete {
        /// How long a record is kept at least.
        retention: Duration,
    },
    /// The latest record per key.
    Compact {
        /// How long a superseded record is kept at least (history).
        min_lag: Duration,
        /// After how long a superseded record is removed at the latest; `None`: when the cleaner comes by.
        max_lag: Option<Duration>,
        /// How long a tombstone stays readable after compaction.
        tombstones: Duration,
    },
}

/// What a topic is to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicSpec {
    /// Which.
    pub topic: Topic,
    /// Partitions: divisors-rich numbers, so that consumers share them evenly.
    pub partitions: u32,
    /// How it is kept.
    pub cleanup: Cleanup,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Topic {
    /// The topic with this unprefixed name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// Its specification.
    #[must_use]
    pub fn spec(self) -> TopicSpec {
        let delete = |days: u32| Cleanup::Delete {
            retention: DAY * days,
        };
        let compact = Cleanup::Compact {
            min_lag: Duration::ZERO,
            max_lag: Some(DAY),
            tombstones: DAY * 7,
        };
        // Human decisions are evidence: superseded ones stay as long as the audit trail.
        let history = Cleanup::Compact {
            min_lag: DAY * 400,
            max_lag: None,
            tombstones: DAY * 400,
        };
        let (partitions, cleanup) = match self {
            Self::Observations => (24, delete(7)),
            Self::State => (24, compact),
            Self::Fleet => (3, compact),
            Self::Intel => (6, compact),
            Self::Decisions => (6, history),
            Self::Quarantine => (3, delete(14)),
            Self::Inventory => (12, compact),
            Self::Findings => (12, delete(30)),
            Self::FindingsOpen => (12, compact),
            Self::Lifecycle => (6, delete(400)),
            Self::Health => (3, delete(7)),
            Self::Audit => (3, delete(400)),
        };
        TopicSpec {
            topic: self,
            partitions,
            cleanup,
        }
    }

    /// Whether its partition is that of the site, as in [`Topic::Observations`]: such topics have equal partition counts, which
    /// cannot change once there are records.
    #[must_use]
    pub fn by_site(self) -> bool {
        matches!(self, Self::Observations | Self::State)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_and_state_have_equal_partition_counts() {
        assert_eq!(
            Topic::Observations.spec().partitions,
            Topic::State.spec().partitions
        );
    }

    #[test]
    fn specification_and_compaction_agree_for_every_topic() {
        for topic in Topic::ALL {
            let compact = matches!(topic.spec().cleanup, Cleanup::Compact { .. });
            assert_eq!(topic.compacted(), compact, "{}", topic.name());
            assert_eq!(Topic::named(topic.name()), Some(topic));
        }
    }
}
