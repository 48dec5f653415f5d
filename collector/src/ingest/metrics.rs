//! Names and help texts of ingest's metrics. Connections and streams are counted by the link.

/// Batches durable in the log.
pub const BATCHES: &str = "auscult_ingest_batches_total";
/// Observations durable in the log.
pub const OBSERVATIONS: &str = "auscult_ingest_observations_total";
/// Bytes of batch bodies received.
pub const RECEIVED: &str = "auscult_ingest_received_bytes_total";
/// Bytes of records durable in the log.
pub const APPENDED: &str = "auscult_ingest_appended_bytes_total";
/// Batches not acknowledged, by reason.
pub const REFUSED: &str = "auscult_ingest_refused_batches_total";
/// Batches set aside in quarantine.
pub const QUARANTINED: &str = "auscult_ingest_quarantined_batches_total";
/// Observations in them.
pub const QUARANTINED_OBSERVATIONS: &str = "auscult_ingest_quarantined_observations_total";
/// From hand-over to durable.
pub const APPEND_SECONDS: &str = "auscult_ingest_append_seconds";

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// A distribution.
    Histogram,
}

/// Name, kind and help text of every metric of ingest.
pub const HELP: [(&str, Kind, &str); 8] = [
    (BATCHES, Kind::Counter, "Batches durable in the log."),
    (
        OBSERVATIONS,
        Kind::Counter,
        "Observations durable in the log, as their envelopes count them.",
    ),
    (
        RECEIVED,
        Kind::Counter,
        "Bytes of batch bodies received from sensors, resends included.",
    ),
    (
        APPENDED,
        Kind::Counter,
        "Bytes of records durable in the observations topic.",
    ),
    (
        REFUSED,
        Kind::Counter,
        "Batches not acknowledged, which their sensors send again, by reason.",
    ),
    (
        QUARANTINED,
        Kind::Counter,
        "Batches that the observations topic refuses for good, set aside in quarantine.",
    ),
    (
        QUARANTINED_OBSERVATIONS,
        Kind::Counter,
        "Observations in batches set aside.",
    ),
    (
        APPEND_SECONDS,
        Kind::Histogram,
        "From the hand-over of a batch to the log until it is durable.",
    ),
];

/// Registers the help texts with the installed recorder.
pub fn describe() {
    for (name, kind, help) in HELP {
        match kind {
            Kind::Counter => ::metrics::describe_counter!(name, help),
            Kind::Histogram => ::metrics::describe_histogram!(name, help),
        }
    }
}
