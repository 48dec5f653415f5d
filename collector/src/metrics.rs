//! Names and help texts of the collector's own metrics.

/// Observation records read by the engine.
pub const BATCHES: &str = "auscult_engine_batches_total";
/// Observations folded for the first time.
pub const FOLDED: &str = "auscult_engine_folded_observations_total";
/// Observations dropped because they had been folded before.
pub const DUPLICATES: &str = "auscult_engine_duplicate_observations_total";
/// Sequences that never arrived.
pub const MISSING: &str = "auscult_engine_missing_observations_total";
/// Sequences reported lost.
pub const REPORTED_LOST: &str = "auscult_engine_reported_lost_observations_total";
/// Records sent to quarantine.
pub const QUARANTINED: &str = "auscult_engine_quarantined_records_total";
/// State records written.
pub const STATE_RECORDS: &str = "auscult_engine_state_records_total";
/// State changes replaced within their transaction.
pub const STATE_COALESCED: &str = "auscult_engine_state_coalesced_total";
/// Public records written.
pub const PUBLIC_RECORDS: &str = "auscult_engine_public_records_total";
/// Time to commit.
pub const COMMIT_SECONDS: &str = "auscult_engine_commit_seconds";
/// Transactions, by outcome.
pub const TRANSACTIONS: &str = "auscult_engine_transactions_total";
/// Times a member joined the group.
pub const JOINS: &str = "auscult_engine_joins_total";
/// Time to restore a partition.
pub const RESTORE_SECONDS: &str = "auscult_engine_restore_seconds";
/// Changelog records read in restores.
pub const RESTORED_RECORDS: &str = "auscult_engine_restored_records_total";
/// Partitions taken up again without a restore.
pub const RESUMED: &str = "auscult_engine_resumed_partitions_total";
/// Partitions held.
pub const PARTITIONS: &str = "auscult_engine_partitions";
/// Next offset to be read, as committed.
pub const OFFSET: &str = "auscult_engine_committed_offset";
/// Age of the record being folded.
pub const LAG_SECONDS: &str = "auscult_engine_lag_seconds";
/// Age of the oldest uncommitted work.
pub const UNCOMMITTED_SECONDS: &str = "auscult_engine_oldest_uncommitted_seconds";
/// Panics caught while folding.
pub const FOLD_PANICS: &str = "auscult_engine_fold_panics_total";

/// Sites with changes that no assessment has seen.
pub const UNSEEN_SITES: &str = "auscult_engine_unseen_sites";
/// Assessments, by outcome.
pub const ASSESSMENTS: &str = "auscult_findings_assessments_total";
/// Time of one assessment.
pub const ASSESSMENT_SECONDS: &str = "auscult_findings_assessment_seconds";
/// Tellings found by assessments, by kind and activity.
pub const FINDINGS_FOUND: &str = "auscult_findings_found_total";
/// Tellings committed.
pub const FINDINGS_TOLD: &str = "auscult_findings_told_total";
/// Records of the intelligence topic, by outcome.
pub const INTEL_RECORDS: &str = "auscult_findings_intel_records_total";
/// Records of the decisions topic, by outcome.
pub const DECISION_RECORDS: &str = "auscult_findings_decision_records_total";
/// Vulnerabilities known.
pub const INTEL_KNOWN: &str = "auscult_findings_intel_vulnerabilities";

/// How a metric is to be described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

/// Name, kind and help text of every metric of this crate.
pub const HELP: [(&str, Kind, &str); 28] = [
    (
        BATCHES,
        Kind::Counter,
        "Observation records folded or quarantined, and committed.",
    ),
    (
        FOLDED,
        Kind::Counter,
        "Observations folded for the first time.",
    ),
    (
        DUPLICATES,
        Kind::Counter,
        "Observations recognised as folded before, and dropped.",
    ),
    (
        MISSING,
        Kind::Counter,
        "Sequences that never arrived and were not reported lost: blind intervals.",
    ),
    (
        REPORTED_LOST,
        Kind::Counter,
        "Sequences that a sensor reported as lost.",
    ),
    (
        QUARANTINED,
        Kind::Counter,
        "Records sent to quarantine, by reason.",
    ),
    (
        STATE_RECORDS,
        Kind::Counter,
        "State records written to the changelog.",
    ),
    (
        STATE_COALESCED,
        Kind::Counter,
        "State changes replaced by a later one in the same transaction.",
    ),
    (PUBLIC_RECORDS, Kind::Counter, "Public records written."),
    (
        COMMIT_SECONDS,
        Kind::Histogram,
        "Time to commit one transaction.",
    ),
    (
        TRANSACTIONS,
        Kind::Counter,
        "Transactions by outcome: committed, aborted, fenced.",
    ),
    (
        JOINS,
        Kind::Counter,
        "Times a member joined the engine group.",
    ),
    (
        RESTORE_SECONDS,
        Kind::Histogram,
        "Time to restore one partition from its changelog.",
    ),
    (
        RESTORED_RECORDS,
        Kind::Counter,
        "Changelog records read while restoring.",
    ),
    (
        RESUMED,
        Kind::Counter,
        "Partitions taken up again from memory, without a restore.",
    ),
    (PARTITIONS, Kind::Gauge, "Partitions a member holds."),
    (
        OFFSET,
        Kind::Gauge,
        "Next offset to read of each partition, as committed.",
    ),
    (
        LAG_SECONDS,
        Kind::Gauge,
        "How long ago ingest received the record being folded; 0 when all is read.",
    ),
    (
        UNCOMMITTED_SECONDS,
        Kind::Gauge,
        "How long the oldest uncommitted work has been waiting: grows while a member is stuck.",
    ),
    (
        FOLD_PANICS,
        Kind::Counter,
        "Faults of this program caught while folding; the record goes to quarantine.",
    ),
    (
        UNSEEN_SITES,
        Kind::Gauge,
        "Sites with changes that no assessment has seen yet.",
    ),
    (
        ASSESSMENTS,
        Kind::Counter,
        "Assessments by outcome: told, quiet (nothing to tell), same (inputs as before), failed.",
    ),
    (
        ASSESSMENT_SECONDS,
        Kind::Histogram,
        "Time to assess one site and find what to tell.",
    ),
    (
        FINDINGS_FOUND,
        Kind::Counter,
        "Tellings found by assessments, by kind and activity.",
    ),
    (
        FINDINGS_TOLD,
        Kind::Counter,
        "Tellings committed; less than found when transactions failed and sites were assessed again.",
    ),
    (
        INTEL_RECORDS,
        Kind::Counter,
        "Records of the intelligence topic by outcome: taken, ended, refused.",
    ),
    (
        DECISION_RECORDS,
        Kind::Counter,
        "Records of the decisions topic by outcome: taken, ended, refused.",
    ),
    (
        INTEL_KNOWN,
        Kind::Gauge,
        "Vulnerabilities known from the intelligence topic.",
    ),
];

/// Registers the help texts with the global recorder.
pub fn describe() {
    for (name, kind, help) in HELP {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, help),
            Kind::Gauge => metrics::describe_gauge!(name, help),
            Kind::Histogram => metrics::describe_histogram!(name, help),
        }
    }
}
