//! `spool inspect`.

use auscult_spool::Report;
use serde_json::{Value, json};

/// A report for scripts; its `Display` is for people.
#[must_use]
pub fn document(report: &Report) -> Value {
    let segments = report.segments.iter().map(|segment| {
        json!({
            "name": segment.name,
            "first_seq": segment.first_seq,
            "next_seq": segment.next_seq,
            "batches": segment.batches,
            "bytes": segment.len,
            "allocated_bytes": segment.allocated,
            "fault": segment.fault.map(|(at, fault)| json!({"at": at, "what": fault.to_string()})),
            "damaged": segment.damaged,
            "of_another_incarnation": segment.foreign,
        })
    });
    let losses = report.losses.iter().map(|loss| {
        json!({"reason": loss.reason.as_str_name(), "first_seq": loss.first_seq, "count": loss.count})
    });
    let remains = report
        .bad
        .iter()
        .map(|(name, allocated)| json!({"name": name, "allocated_bytes": allocated}));
    json!({
        "incarnation": report.incarnation.map(|incarnation| incarnation.to_string()),
        "site": report.owner.as_ref().map(|owner| owner.site.as_str()),
        "sensor": report.owner.as_ref().map(|owner| owner.sensor.as_str()),
        "released_through": report.acked,
        "waiting": report.waiting(),
        "allocated_bytes": report.allocated(),
        "segments": segments.collect::<Vec<_>>(),
        "losses_to_report": losses.collect::<Vec<_>>(),
        "damaged_remains": remains.collect::<Vec<_>>(),
        "foreign_files": report.foreign,
    })
}
