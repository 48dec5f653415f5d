//! Small graphs with answers from elsewhere: every possible outcome of up to 24 coins counted, and published examples.

use serde_json::{Value, json};

use crate::assessor::Assessor;
use crate::layers;
use crate::policy::Policy;
use crate::site::Site;

mod brief;
mod controls;
mod exact;
mod follow;
mod gradient;
mod properties;

#[path = "../tests/made_site/mod.rs"]
mod made_site;

/// A policy in which only what a test names is uncertain: every attempt over a conversation happens, nothing else does.
fn plain_policy(more: &Value) -> Policy {
    let sure = json!({
        "capability": {"base": 0.0, "epss": 1.0, "kev": 0.0, "poc": 0.0, "automatable": 0.0, "floor_kev": 0.0, "cap": 1.0},
        "propagation": {"act": 0.99, "conversation_attempts": 1_000_000.0, "segment_attempts": 0.0, "site_attempts": 0.0, "link_attempts": 0.0,
            "served_content": 0.0, "partial_grip": 1.0},
        "calibration": {"scale": 1.0},
        "worlds": {"count": 65_536, "prior": 0.0},
    });
    let policy = Policy::published().unwrap().with_overrides(&sure).unwrap();
    policy.with_overrides(more).unwrap()
}

/// Devices `(id, entry, weaknesses)` in segments of their own, each serving `tcp/1`, and conversations between them.
fn small(devices: &[(&str, bool, &[&str])], talks: &[(&str, &str)], epss: &[(&str, f64)]) -> Site {
    let device = |(id, entry, weaknesses): &(&str, bool, &[&str])| {
        let weaknesses: Vec<Value> = weaknesses
            .iter()
            .map(|weakness| json!({"id": weakness, "service": "tcp/1"}))
            .collect();
        json!({"id": id, "segment": format!("s-{id}"), "services": [{"id": "tcp/1"}], "weaknesses": weaknesses,
            "entry": entry.then(|| json!({"kind": "mail_web"}))})
    };
    let known: serde_json::Map<String, Value> = epss
        .iter()
        .map(|(id, epss)| {
            let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
            ((*id).to_owned(), json!({"epss": epss, "cvss": [vector]}))
        })
        .collect();
    let document = json!({
        "format": "auscult.site/1", "site": "small", "time": "2026-11-25",
        "segments": devices.iter().map(|(id, ..)| json!({"id": format!("s-{id}")})).collect::<Vec<_>>(),
        "vulnerabilities": known,
        "devices": devices.iter().map(device).collect::<Vec<_>>(),
        "conversations": talks.iter()
            .map(|(client, server)| json!({"client": client, "server": server, "service": "tcp/1"}))
            .collect::<Vec<_>>(),
    });
    Site::from_json(document.to_string().as_bytes()).unwrap()
}

fn worlds_share(assessor: &Assessor, device: &str) -> f64 {
    let slot = assessor.graph.device_by_id[device];
    assessor.worlds.visits[slot as usize].len() as f64 / f64::from(assessor.worlds.count)
}

/// Five standard deviations of a share of all worlds.
fn error(assessor: &Assessor, share: f64) -> f64 {
    5.0 * (share * (1.0 - share) / f64::from(assessor.worlds.count)).sqrt() + 1e-9
}
