//! The names of what this crate counts, each with its help text.

/// Records appended and durable, by `log` (`kafka`, `embedded`).
pub const APPENDED: &str = "auscult_log_appended_records_total";
/// Appends refused, by `log` and `reason` (`overload`, `retry`, `fatal`, `disk`).
pub const REFUSED: &str = "auscult_log_refused_records_total";
/// Transactions committed, by `log`.
pub const COMMITTED: &str = "auscult_log_committed_transactions_total";
/// Transactions aborted or of unknown outcome, by `log`.
pub const ABORTED: &str = "auscult_log_aborted_transactions_total";
/// Records removed by retention, by `topic`.
pub const EXPIRED: &str = "auscult_log_expired_records_total";
/// Records superseded by a newer one of the same key and removed, by `topic`.
pub const COMPACTED: &str = "auscult_log_compacted_records_total";
/// Times the embedded log was reopened after a failed write.
pub const REOPENED: &str = "auscult_log_reopened_total";

/// Every name with its help text.
pub const ALL: [(&str, &str); 7] = [
    (APPENDED, "records appended and durable"),
    (REFUSED, "appends refused, by reason"),
    (COMMITTED, "transactions committed"),
    (ABORTED, "transactions aborted or of unknown outcome"),
    (EXPIRED, "records removed by retention"),
    (
        COMPACTED,
        "records removed because a newer one has the same key",
    ),
    (
        REOPENED,
        "times the embedded log was reopened after a failed write",
    ),
];

/// Announces the help texts to the recorder.
pub fn describe() {
    for (name, help) in ALL {
        metrics::describe_counter!(name, help);
    }
}
