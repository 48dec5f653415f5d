//! The sensor's own metrics. Names and help texts are here, so that the documentation can list them.

use metrics::{counter, gauge};

use crate::board::Board;
use crate::point::Figures;

/// Frames read, by capture point.
pub const PACKETS: &str = "auscult_sensor_packets_total";
/// Bytes of these frames on the wire.
pub const BYTES: &str = "auscult_sensor_captured_bytes_total";
/// Frames dropped before they were read, by capture point and reason (`kernel`, `interface`).
pub const DROPPED: &str = "auscult_sensor_dropped_packets_total";
/// Frames in which nothing was found.
pub const UNDECODED: &str = "auscult_sensor_undecoded_packets_total";
/// Frames on which the dissector panicked.
pub const PANICS: &str = "auscult_sensor_dissector_panics_total";
/// Facts and bindings reported.
pub const FACTS: &str = "auscult_sensor_facts_total";
/// Observations reported by the census.
pub const OBSERVATIONS: &str = "auscult_sensor_observations_total";
/// Observations lost before they were spooled.
pub const OBSERVATIONS_LOST: &str = "auscult_sensor_lost_observations_total";
/// Values refused by the sanitiser or the wire's limits.
pub const VALUES_DROPPED: &str = "auscult_sensor_dropped_values_total";
/// Entries pushed out of bounded tables.
pub const EVICTIONS: &str = "auscult_sensor_table_evictions_total";
/// Entries in a table of the census, by capture point and table (`facts`, `endpoints`, `conversations`).
pub const REMEMBERED: &str = "auscult_sensor_table_entries";
/// Share of TCP conversations seen in one direction only.
pub const ONE_WAY: &str = "auscult_sensor_one_way_ratio";
/// VLANs seen before and silent.
pub const SILENT_VLANS: &str = "auscult_sensor_silent_vlans";
/// Capture time of the last frame.
pub const LAST_FRAME: &str = "auscult_sensor_last_packet_timestamp_seconds";
/// Allocated bytes of the spool.
pub const SPOOL_BYTES: &str = "auscult_sensor_spool_bytes";
/// Most allocated bytes of the spool.
pub const SPOOL_LIMIT: &str = "auscult_sensor_spool_limit_bytes";
/// Observations spooled.
pub const SPOOLED: &str = "auscult_sensor_spooled_observations_total";
/// Batches that broke a limit of the wire: a defect.
pub const BATCHES_REFUSED: &str = "auscult_sensor_refused_batches_total";
/// Observations in the spool that the collector does not have yet.
pub const UNSENT: &str = "auscult_sensor_unsent_observations";
/// Age of the oldest of them.
pub const OLDEST_UNSENT: &str = "auscult_sensor_oldest_unsent_seconds";
/// Observations the spool lost, by reason.
pub const SPOOL_LOST: &str = "auscult_sensor_spool_lost_observations_total";
/// Time from the first observation of a batch to its being durable.
pub const SPOOL_SECONDS: &str = "auscult_sensor_spool_delay_seconds";

/// Name and help text of every metric of this crate.
pub const HELP: &[(&str, &str)] = &[
    (PACKETS, "Frames read, by capture point."),
    (
        BYTES,
        "Bytes on the wire of the frames read, by capture point.",
    ),
    (
        DROPPED,
        "Frames dropped before they were read, by capture point and reason.",
    ),
    (
        UNDECODED,
        "Frames in which nothing was found, by capture point.",
    ),
    (
        PANICS,
        "Frames on which the dissector panicked, by capture point: a defect.",
    ),
    (FACTS, "Facts and bindings reported, by capture point."),
    (
        OBSERVATIONS,
        "Observations reported by the census, by capture point.",
    ),
    (
        OBSERVATIONS_LOST,
        "Observations lost before they were spooled, by capture point.",
    ),
    (
        VALUES_DROPPED,
        "Values refused by the sanitiser or the wire's limits, by capture point.",
    ),
    (
        EVICTIONS,
        "Entries pushed out of bounded tables, by capture point.",
    ),
    (
        REMEMBERED,
        "Entries in a table of the census, by capture point and table.",
    ),
    (
        ONE_WAY,
        "Share of TCP conversations seen in one direction only, by capture point.",
    ),
    (
        SILENT_VLANS,
        "VLANs seen before and silent, by capture point.",
    ),
    (
        LAST_FRAME,
        "Capture time of the last frame, by capture point.",
    ),
    (SPOOL_BYTES, "Allocated bytes of the spool."),
    (SPOOL_LIMIT, "Most allocated bytes of the spool."),
    (
        SPOOLED,
        "Observations spooled (fsync done) since the start.",
    ),
    (
        BATCHES_REFUSED,
        "Batches that broke a limit of the wire: a defect.",
    ),
    (
        UNSENT,
        "Observations in the spool that the collector does not have yet.",
    ),
    (
        OLDEST_UNSENT,
        "Age of the oldest observation that the collector does not have yet.",
    ),
    (SPOOL_LOST, "Observations the spool lost, by reason."),
    (
        SPOOL_SECONDS,
        "Time from the first observation of a batch to its being durable.",
    ),
];

/// Tells the recorder the help texts.
pub fn describe() {
    for (name, help) in HELP {
        if name.ends_with("_total") {
            metrics::describe_counter!(*name, *help);
        } else if *name == SPOOL_SECONDS {
            metrics::describe_histogram!(*name, *help);
        } else {
            metrics::describe_gauge!(*name, *help);
        }
    }
}

/// Copies what the board says into the recorder.
pub fn publish(board: &Board) {
    for (point, figures) in board.points() {
        publish_point(point.as_str(), &figures);
    }
    let Some(spool) = board.spool() else {
        return;
    };
    gauge!(SPOOL_BYTES).set(float(spool.bytes));
    gauge!(SPOOL_LIMIT).set(float(spool.limit));
    gauge!(UNSENT).set(float(spool.durable.saturating_sub(spool.acked)));
    let age = spool
        .oldest_ms
        .map_or(0, |oldest| crate::clock::wall_ms().saturating_sub(oldest));
    gauge!(OLDEST_UNSENT).set(float(u64::try_from(age).unwrap_or(0)) / 1000.0);
    for (reason, count) in [
        ("full", spool.lost.full),
        ("quarantined", spool.lost.quarantined),
        ("unwritable", spool.lost.unwritable),
    ] {
        counter!(SPOOL_LOST, "reason" => reason).absolute(count);
    }
}

fn publish_point(point: &str, figures: &Figures) {
    let totals = [
        (PACKETS, figures.packets),
        (BYTES, figures.bytes),
        (UNDECODED, figures.undecoded),
        (PANICS, figures.panics),
        (FACTS, figures.facts_emitted),
        (OBSERVATIONS, figures.observations),
        (OBSERVATIONS_LOST, figures.lost),
        (VALUES_DROPPED, figures.values_dropped),
        (EVICTIONS, figures.evictions),
    ];
    for (name, total) in totals {
        counter!(name, "capture_point" => point.to_owned()).absolute(total);
    }
    for (reason, total) in [
        ("kernel", figures.dropped_by_kernel),
        ("interface", figures.dropped_by_interface),
    ] {
        counter!(DROPPED, "capture_point" => point.to_owned(), "reason" => reason).absolute(total);
    }
    for (table, entries) in ["facts", "endpoints", "conversations"]
        .into_iter()
        .zip(figures.remembered)
    {
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        gauge!(REMEMBERED, "capture_point" => point.to_owned(), "table" => table)
            .set(float(entries));
    }
    let coverage = &figures.coverage;
    gauge!(ONE_WAY, "capture_point" => point.to_owned())
        .set(f64::from(coverage.one_way_per_mille) / 1000.0);
    let silent = u32::try_from(coverage.silent_vlans.len()).unwrap_or(u32::MAX);
    gauge!(SILENT_VLANS, "capture_point" => point.to_owned()).set(f64::from(silent));
    let last = figures
        .last_frame
        .map_or(0, |last| u64::try_from(last).unwrap_or(0));
    gauge!(LAST_FRAME, "capture_point" => point.to_owned()).set(float(last) / 1000.0);
}

/// Exact up to 2^53, which is more than any of these reaches.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_metric_of_this_file_is_listed_once_with_help_and_a_unit() {
        let names: BTreeSet<&str> = HELP.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), HELP.len());
        let source = include_str!("metrics.rs");
        let declared = source
            .lines()
            .filter(|line| line.starts_with("pub const ") && line.contains("auscult_sensor_"));
        assert_eq!(declared.count(), HELP.len());
        for (name, help) in HELP {
            assert!(help.ends_with('.') && help.len() > 10, "{name}");
            let unit = name.rsplit('_').next().unwrap();
            assert!(
                [
                    "total",
                    "seconds",
                    "bytes",
                    "ratio",
                    "entries",
                    "vlans",
                    "observations"
                ]
                .contains(&unit),
                "{name}"
            );
        }
    }
}
