//! The weakness of a finding: what it is called, what to do, and the ways to it.

use auscult_findings::{PairTold, Telling};
use auscult_intel::cvss::{Severity, Vector, Version};
use auscult_intel::weakness::{WEAKNESSES, Weakness};
use auscult_risk::Hop;
use serde_json::{Value, json};

use super::{object, word};
use crate::envelope::PRODUCT;

/// Longest description taken over from a publisher, in characters.
const DESCRIPTION: usize = 2_000;

fn own_of(pair: &PairTold) -> Option<&'static Weakness> {
    WEAKNESSES.iter().find(|it| it.name == pair.weakness)
}

pub(super) fn title_of(pair: &PairTold) -> Option<String> {
    if let Some(own) = own_of(pair) {
        return Some(own.title.to_owned());
    }
    let stated = pair.known.as_ref()?.stated.as_ref()?;
    stated.title().map(|title| cut(title, 200))
}

pub(super) fn description_of(pair: &PairTold) -> Option<String> {
    if let Some(own) = own_of(pair) {
        return Some(own.description.to_owned());
    }
    let stated = pair.known.as_ref()?.stated.as_ref()?;
    let longest = stated.descriptions().max_by_key(|text| text.len())?;
    Some(cut(longest, DESCRIPTION))
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

pub(super) fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}

pub(super) fn vulnerability(pair: &PairTold) -> Value {
    let known = pair.known.as_ref();
    let own = own_of(pair);
    let remedy = own
        .map(|own| own.remedy.to_owned())
        .or_else(|| known?.remedy().map(|text| cut(text, DESCRIPTION)));
    let cwe = own.map(|own| own.cwe).or_else(|| known?.cwe());
    let mut fields = vec![
        ("title", json!(title_of(pair))),
        ("desc", json!(description_of(pair))),
        (
            "is_exploit_available",
            json!(known.map(|known| known.facts.exploit || known.facts.kev)),
        ),
        (
            "is_fix_available",
            json!(known.map(|known| known.facts.fix)),
        ),
        (
            "remediation",
            remedy.map_or(Value::Null, |desc| json!({"desc": desc})),
        ),
    ];
    // Exactly one of three says which: a CVE, the kind of weakness for what was observed, or a publisher's own identifier.
    fields.push(if is_cve(&pair.weakness) {
        let epss = known
            .and_then(|known| known.facts.epss)
            .map(|epss| json!({"score": (f64::from(epss) / 1e9).to_string()}));
        (
            "cve",
            object([
                ("uid", json!(pair.weakness)),
                ("cvss", Value::Array(scores(pair))),
                ("cwe_uid", json!(cwe)),
                ("epss", json!(epss)),
            ]),
        )
    } else if own.is_some() {
        (
            "cwe",
            object([("uid", json!(cwe)), ("caption", json!(title_of(pair)))]),
        )
    } else {
        (
            "advisory",
            object([
                ("uid", json!(pair.weakness)),
                ("title", json!(title_of(pair))),
            ]),
        )
    });
    object(fields)
}

/// Each vector as published, and, where it is of version 3.0 or later, as it counts on this device.
fn scores(pair: &PairTold) -> Vec<Value> {
    let texts = pair.known.iter().flat_map(|known| &known.risk.cvss);
    let vectors = texts.filter_map(|text| text.parse::<Vector>().ok());
    let base = vectors.map(|vector| {
        let version = match vector.version() {
            Version::V2 => "2.0",
            Version::V30 => "3.0",
            Version::V31 => "3.1",
            Version::V4 => "4.0",
        };
        let score = vector.base_score();
        json!({
            "base_score": tenths(score.tenths()),
            "depth": "Base",
            "vector_string": vector.to_string(),
            "version": version,
        })
    });
    base.chain(environmental(pair)).collect()
}

/// CVSS with the environment, by us.
pub(super) fn environmental(pair: &PairTold) -> impl Iterator<Item = Value> {
    let own = pair.standards.iter().flat_map(|it| &it.environmental);
    own.map(|it| {
        json!({
            "base_score": tenths(it.base_score),
            "depth": "Environmental",
            "overall_score": tenths(it.score),
            "severity": rating(it.severity),
            "vector_string": it.vector,
            "vendor_name": PRODUCT,
            "version": it.version,
        })
    })
}

fn rating(severity: Severity) -> &'static str {
    match severity {
        Severity::None => "None",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

fn tenths(tenths: u8) -> f64 {
    f64::from(tenths) / 10.0
}

/// The ways to the weakness: devices are nodes, hops are edges.
pub(super) fn attack_graph(telling: &Telling, pair: &PairTold) -> Value {
    let Some(explanation) = &pair.explanation else {
        return Value::Null;
    };
    let mut nodes: Vec<(String, Value)> = Vec::new();
    let mut edges = Vec::new();
    let mut node = |uid: &str, kind: &str| {
        if !nodes.iter().any(|(known, _)| known == uid) {
            let name = pair.names.get(uid).map(String::as_str);
            let value = object([
                ("uid", json!(uid)),
                ("name", json!(name)),
                ("type", json!(kind)),
            ]);
            nodes.push((uid.to_owned(), value));
        }
    };
    for (number, route) in explanation.routes.iter().enumerate() {
        for (step, hop) in route.hops.iter().enumerate() {
            let from = hop.from.as_deref().unwrap_or("outside");
            node(
                from,
                if hop.from.is_some() {
                    "device"
                } else {
                    "outside"
                },
            );
            node(&hop.to, "device");
            edges.push(edge(number, step, from, hop));
        }
    }
    if nodes.is_empty() {
        return Value::Null;
    }
    json!({
        "uid": format!("graph:{}", telling.uid),
        "is_directed": true,
        "nodes": nodes.into_iter().map(|(_, node)| node).collect::<Vec<_>>(),
        "edges": edges,
    })
}

fn edge(route: usize, step: usize, from: &str, hop: &Hop) -> Value {
    json!({
        "uid": format!("{route}.{step}"),
        "source": from,
        "target": hop.to,
        "is_directed": true,
        "relation": word(&json!(hop.kind)),
        "data": object([
            ("route", json!(route.saturating_add(1))),
            ("service", json!(hop.service)),
            ("weakness", json!(hop.weakness)),
            ("probability", json!(hop.probability)),
            ("evidence", json!(hop.evidence)),
        ]),
    })
}
