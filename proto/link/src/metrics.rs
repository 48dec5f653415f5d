//! Every metric of the link: name, kind and help, so that documentation can list them.

/// Certificates and roots published after a check, by holder.
pub const CREDENTIALS_PUBLISHED: &str = "auscult_link_credentials_published_total";
/// Checks of changed credential files that failed; the ones before stay in use.
pub const CREDENTIALS_REFUSED: &str = "auscult_link_credentials_refused_total";
/// End of validity of the leaf in use, epoch seconds.
pub const CERTIFICATE_EXPIRY: &str = "auscult_link_certificate_not_after_seconds";
/// End of validity of the root that expires first, epoch seconds.
pub const ROOTS_EXPIRY: &str = "auscult_link_roots_not_after_seconds";

/// Sensor: attempts to open a stream.
pub const DIALS: &str = "auscult_link_dials_total";
/// Sensor: streams that ended or did not open, by cause.
pub const FAILURES: &str = "auscult_link_failures_total";
/// Sensor: 1 while a stream is open.
pub const CONNECTED: &str = "auscult_link_connected";
/// Sensor: batches handed to the stream, resends included.
pub const BATCHES_SENT: &str = "auscult_link_batches_sent_total";
/// Sensor: bytes of batch bodies handed to the stream, resends included.
pub const BYTES_SENT: &str = "auscult_link_sent_bytes_total";
/// Sensor: last sequence acknowledged.
pub const ACKED: &str = "auscult_link_acknowledged_sequence";
/// Sensor: bytes of batch bodies not yet acknowledged.
pub const IN_FLIGHT: &str = "auscult_link_in_flight_bytes";
/// Sensor: the collector's clock minus ours, seconds.
pub const CLOCK_OFFSET: &str = "auscult_link_clock_offset_seconds";

/// Collector: handshakes completed.
pub const HANDSHAKES: &str = "auscult_link_handshakes_total";
/// Collector: handshakes that failed, by cause.
pub const HANDSHAKES_REFUSED: &str = "auscult_link_handshakes_refused_total";
/// Collector: connections open.
pub const CONNECTIONS: &str = "auscult_link_connections";
/// Collector: streams open.
pub const STREAMS: &str = "auscult_link_streams";
/// Collector: streams opened.
pub const STREAMS_OPENED: &str = "auscult_link_streams_opened_total";
/// Collector: streams that ended, by cause.
pub const STREAMS_ENDED: &str = "auscult_link_streams_ended_total";
/// Collector: bytes of batch bodies admitted and not yet acknowledged.
pub const ADMITTED: &str = "auscult_link_admitted_bytes";
/// Collector: acknowledgements sent.
pub const ACKS_SENT: &str = "auscult_link_acks_sent_total";

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// Name, kind and help of every metric of this crate.
pub const ALL: &[(&str, Kind, &str)] = &[
    (
        CREDENTIALS_PUBLISHED,
        Kind::Counter,
        "certificates and roots published after a check, by holder",
    ),
    (
        CREDENTIALS_REFUSED,
        Kind::Counter,
        "changed credential files that failed their check; the ones before stay in use, by holder",
    ),
    (
        CERTIFICATE_EXPIRY,
        Kind::Gauge,
        "end of validity of the leaf in use, epoch seconds, by holder",
    ),
    (
        ROOTS_EXPIRY,
        Kind::Gauge,
        "end of validity of the root that expires first, epoch seconds, by holder",
    ),
    (DIALS, Kind::Counter, "sensor: attempts to open a stream"),
    (
        FAILURES,
        Kind::Counter,
        "sensor: streams that ended or did not open, by cause",
    ),
    (CONNECTED, Kind::Gauge, "sensor: 1 while a stream is open"),
    (
        BATCHES_SENT,
        Kind::Counter,
        "sensor: batches handed to the stream, resends included",
    ),
    (
        BYTES_SENT,
        Kind::Counter,
        "sensor: bytes of batch bodies handed to the stream, resends included",
    ),
    (ACKED, Kind::Gauge, "sensor: last sequence acknowledged"),
    (
        IN_FLIGHT,
        Kind::Gauge,
        "sensor: bytes of batch bodies sent and not yet acknowledged",
    ),
    (
        CLOCK_OFFSET,
        Kind::Gauge,
        "sensor: the collector's clock minus ours, seconds",
    ),
    (
        HANDSHAKES,
        Kind::Counter,
        "collector: TLS handshakes completed",
    ),
    (
        HANDSHAKES_REFUSED,
        Kind::Counter,
        "collector: connections refused before a stream, by cause",
    ),
    (CONNECTIONS, Kind::Gauge, "collector: connections open"),
    (STREAMS, Kind::Gauge, "collector: streams open"),
    (STREAMS_OPENED, Kind::Counter, "collector: streams opened"),
    (
        STREAMS_ENDED,
        Kind::Counter,
        "collector: streams that ended, by cause",
    ),
    (
        ADMITTED,
        Kind::Gauge,
        "collector: bytes of batch bodies admitted and not yet acknowledged",
    ),
    (ACKS_SENT, Kind::Counter, "collector: acknowledgements sent"),
];

/// Registers the help texts with the installed recorder.
pub fn describe() {
    for (name, kind, help) in ALL {
        match kind {
            Kind::Counter => ::metrics::describe_counter!(*name, *help),
            Kind::Gauge => ::metrics::describe_gauge!(*name, *help),
        }
    }
}
