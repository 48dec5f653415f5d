//! Findings: a weakness in its environment (class 2002), a device at risk (class 2004).
//!
//! They are few beside what the inventory tells, and mostly optional fields: built as values, not as types.

use auscult_findings::{
    Activity, Band, Cause, Change, Closing, PairTold, Said, Telling, match_name,
};
use auscult_risk::{DeviceRisk, PairRisk, Route};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::envelope::{Code, PRODUCT, Severity, event_uid, headers};
use crate::technique::attacks;
use crate::{Context, OCSF_VERSION, PublicRecord, PublicTopic};

mod weakness;
use weakness::{attack_graph, description_of, environmental, is_cve, title_of, vulnerability};

pub(crate) fn records(telling: &Telling, context: &Context) -> [PublicRecord; 2] {
    let code = match telling.said {
        Said::Pair(_) => Code::VulnEnvironment,
        Said::Risk(_) => Code::RiskChange,
    };
    let uid = event_uid(&telling.uid, telling.life.revision, code, telling.time);
    let event = record(telling, context, code, PublicTopic::Findings, uid);
    let open_uid = Uuid::new_v5(&uid, b"open");
    let mut open = record(telling, context, code, PublicTopic::FindingsOpen, open_uid);
    if telling.activity == Activity::Close {
        open.value = None;
    }
    [event, open]
}

fn record(
    telling: &Telling,
    context: &Context,
    code: Code,
    topic: PublicTopic,
    uid: Uuid,
) -> PublicRecord {
    PublicRecord {
        topic,
        key: telling.uid.clone(),
        value: Some(
            value(telling, context, code, topic, uid)
                .to_string()
                .into_bytes(),
        ),
        headers: headers(context, code, &telling.uid, uid, telling.time),
        time: telling.time,
    }
}

/// An object without what is not known.
fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let known = fields.into_iter().filter(|(_, value)| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    });
    Value::Object(
        known
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

fn value(telling: &Telling, context: &Context, code: Code, topic: PublicTopic, uid: Uuid) -> Value {
    let class = code.class();
    let (activity_id, activity) = match telling.activity {
        Activity::Create => (1, "Create"),
        Activity::Update => (2, "Update"),
        Activity::Close => (3, "Close"),
    };
    let (severity_id, severity) = severity(telling.life.band).pair();
    let (status_id, status, detail) = status(telling);
    let mut fields = vec![
        ("activity_id", json!(activity_id)),
        ("activity_name", json!(activity)),
        ("category_name", json!(class.category)),
        ("category_uid", json!(class.category_uid)),
        ("class_name", json!(class.name)),
        ("class_uid", json!(class.uid)),
        ("metadata", metadata(telling, context, code, topic, uid)),
        ("severity", json!(severity)),
        ("severity_id", json!(severity_id)),
        ("status_id", json!(status_id)),
        ("status", json!(status)),
        ("status_detail", json!(detail)),
        ("time", json!(telling.life.opened)),
        ("start_time", json!(telling.life.opened)),
        (
            "end_time",
            if telling.activity == Activity::Close {
                json!(telling.time)
            } else {
                Value::Null
            },
        ),
        (
            "type_uid",
            json!(class.uid.saturating_mul(100).saturating_add(activity_id)),
        ),
        ("message", json!(message(telling))),
        ("observables", observables(telling)),
        ("resources", json!([resource(telling, context)])),
    ];
    match &telling.said {
        Said::Pair(pair) => {
            fields.push(("finding_info", pair_info(telling, pair)));
            fields.push(("vulnerabilities", json!([vulnerability(pair)])));
            let finding = pair_extension(telling, pair);
            fields.push(("unmapped", json!({"auscult": finding})));
        }
        Said::Risk(risk) => {
            let (level_id, level) = level(telling.life.band);
            fields.push(("finding_info", risk_info(telling)));
            fields.push(("risk_score", json!(telling.life.points)));
            fields.push(("risk_level_id", json!(level_id)));
            fields.push(("risk_level", json!(level)));
            fields.push(("is_alert", json!(rises(telling))));
            fields.push((
                "evidences",
                json!([{"data": risk_evidence(telling, risk.as_ref())}]),
            ));
            fields.push((
                "unmapped",
                json!({"auscult": object([
                    ("site", json!(telling.site.as_str())),
                    ("segment", json!(telling.subject.segment)),
                    ("class", json!(telling.subject.class)),
                ])}),
            ));
        }
    }
    object(fields)
}

fn metadata(
    telling: &Telling,
    context: &Context,
    code: Code,
    topic: PublicTopic,
    uid: Uuid,
) -> Value {
    object([
        ("correlation_uid", json!(telling.uid)),
        ("event_code", json!(code.name())),
        ("log_name", json!(topic.name())),
        (
            "product",
            json!({
                "feature": {"name": code.class().feature},
                "name": PRODUCT,
                "vendor_name": PRODUCT,
                "version": context.version,
            }),
        ),
        ("sequence", json!(telling.life.revision)),
        ("tenant_uid", json!(context.tenant)),
        ("uid", json!(uid.to_string())),
        ("version", json!(OCSF_VERSION)),
    ])
}

fn severity(band: Band) -> Severity {
    match band {
        Band::Informational => Severity::Informational,
        Band::Low => Severity::Low,
        Band::Medium => Severity::Medium,
        Band::High => Severity::High,
        Band::Critical => Severity::Critical,
    }
}

fn level(band: Band) -> (u32, &'static str) {
    let id = match band {
        Band::Informational => 0,
        Band::Low => 1,
        Band::Medium => 2,
        Band::High => 3,
        Band::Critical => 4,
    };
    (id, band.name())
}

/// OCSF's triage states: what is below the list is not resolved.
fn status(telling: &Telling) -> (u32, &'static str, Option<&'static str>) {
    match telling.closing {
        None => (1, "New", None),
        Some(Closing::DeviceGone) => (4, "Resolved", Some("device gone")),
        Some(Closing::NotAffected) => (4, "Resolved", Some("not affected")),
        Some(Closing::BelowTheList) => (3, "Suppressed", Some("below the list")),
        Some(Closing::Accepted) => (3, "Suppressed", Some("accepted")),
    }
}

/// Only what gets worse is an alert.
fn rises(telling: &Telling) -> bool {
    match telling.activity {
        Activity::Create => true,
        Activity::Close => false,
        Activity::Update => telling.moved.iter().any(|moved| {
            moved.field == "band" && rank(moved.before.as_deref()) < rank(moved.after.as_deref())
        }),
    }
}

fn rank(band: Option<&str>) -> Option<Band> {
    [
        Band::Informational,
        Band::Low,
        Band::Medium,
        Band::High,
        Band::Critical,
    ]
    .into_iter()
    .find(|known| Some(known.name()) == band)
}

/// The device in one word for people.
fn who(telling: &Telling) -> String {
    let label = &telling.subject.label;
    [&label.name, &label.model]
        .into_iter()
        .find_map(Clone::clone)
        .or_else(|| label.ip.map(|ip| ip.to_string()))
        .or_else(|| label.mac.clone())
        .unwrap_or_else(|| telling.subject.id.clone())
}

fn message(telling: &Telling) -> String {
    let what = match (&telling.said, telling.activity) {
        (Said::Pair(pair), _) => pair.weakness.clone(),
        (Said::Risk(_), Activity::Close) => "risk below medium".to_owned(),
        (Said::Risk(_), _) => format!("risk {}", telling.life.band.name().to_lowercase()),
    };
    let verb = match telling.activity {
        Activity::Create => "opened",
        Activity::Update => "moved",
        Activity::Close => "closed",
    };
    let cause = telling
        .cause
        .changes
        .first()
        .map_or_else(String::new, |change| format!(": {}", change_text(change)));
    format!("{what} on {} {verb}{cause}", who(telling))
}

/// A change in words.
fn change_text(change: &Change) -> String {
    let kind = word(&json!(change.kind)).replace('_', " ");
    let about = change.vulnerability.as_deref().unwrap_or("");
    let values = match (change.before.as_deref(), change.after.as_deref()) {
        (Some(before), Some(after)) => format!("{before} to {after}"),
        (None, Some(after)) => after.to_owned(),
        (Some(before), None) => format!("was {before}"),
        (None, None) => String::new(),
    };
    let words: Vec<&str> = [kind.as_str(), about, values.as_str()]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn observables(telling: &Telling) -> Value {
    let label = &telling.subject.label;
    let mut found = vec![json!({
        "name": "resources.uid",
        "type": "Resource UID",
        "type_id": 10,
        "value": telling.subject.id,
    })];
    if let Some(ip) = &label.ip {
        found
            .push(json!({"name": "resources.ip", "type": "IP Address", "type_id": 2, "value": ip}));
    }
    if let Said::Pair(pair) = &telling.said
        && is_cve(&pair.weakness)
    {
        found.push(json!({
            "name": "vulnerabilities.cve.uid",
            "type": "CVE Object: uid",
            "type_id": 18,
            "value": pair.weakness,
        }));
    }
    Value::Array(found)
}

fn resource(telling: &Telling, context: &Context) -> Value {
    let subject = &telling.subject;
    let label = &subject.label;
    let data = object([
        ("mac", json!(label.mac)),
        ("vendor_name", json!(label.vendor)),
        ("model", json!(label.model)),
    ]);
    let group = context.tenant.as_deref().unwrap_or(&context.cluster);
    object([
        ("uid", json!(subject.id)),
        ("name", json!(label.name)),
        ("ip", json!(label.ip)),
        ("type", json!("Device")),
        ("namespace", json!(subject.segment)),
        ("role", json!("Affected")),
        ("role_id", json!(3)),
        ("criticality", json!(subject.class)),
        (
            "group",
            json!({"name": telling.site.as_str(), "uid": format!("{group}/{}", telling.site)}),
        ),
        ("data", if data == json!({}) { Value::Null } else { data }),
    ])
}

fn info(telling: &Telling, title: String, kind: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("uid", json!(telling.uid)),
        ("title", json!(title)),
        ("types", json!([kind])),
        ("created_time", json!(telling.life.opened)),
        ("first_seen_time", json!(telling.life.opened)),
        ("modified_time", json!(telling.time)),
    ]
}

fn pair_info(telling: &Telling, pair: &PairTold) -> Value {
    let title = match title_of(pair) {
        Some(title) => format!("{}: {title}", pair.weakness),
        None => pair.weakness.clone(),
    };
    let mut fields = info(telling, title, "vulnerability in its environment");
    fields.push(("desc", json!(description_of(pair))));
    fields.push(("attacks", Value::Array(attacks(pair))));
    fields.push(("attack_graph", attack_graph(telling, pair)));
    object(fields)
}

fn risk_info(telling: &Telling) -> Value {
    let title = format!("Risk of {}", who(telling));
    object(info(telling, title, "device at risk"))
}

fn cause(cause: &Cause) -> Value {
    object([
        ("direct", json!(cause.direct)),
        ("changes_in_all", json!(cause.of)),
        ("changes", json!(cause.changes)),
    ])
}

fn moved(telling: &Telling) -> Vec<Value> {
    telling
        .moved
        .iter()
        .map(|moved| {
            object([
                ("field", json!(moved.field)),
                ("before", json!(moved.before)),
                ("after", json!(moved.after)),
            ])
        })
        .collect()
}

fn pair_extension(telling: &Telling, pair: &PairTold) -> Value {
    let explanation = pair.explanation.as_ref();
    let standards = pair.standards.as_ref();
    // OCSF has a place for CVSS in a CVE only.
    let elsewhere: Vec<Value> = if is_cve(&pair.weakness) {
        Vec::new()
    } else {
        environmental(pair).collect()
    };
    object([
        ("site", json!(telling.site.as_str())),
        ("segment", json!(telling.subject.segment)),
        ("class", json!(telling.subject.class)),
        ("weakness", json!(pair.weakness)),
        ("services", json!(pair.services)),
        ("match", json!(match_name(pair.matched))),
        ("version", json!(pair.version)),
        (
            "known_exploited",
            json!(pair.known.as_ref().map(|known| known.facts.kev)),
        ),
        (
            "ransomware",
            json!(pair.known.as_ref().map(|known| known.facts.ransomware)),
        ),
        ("points", json!(telling.life.points)),
        ("band", json!(telling.life.band)),
        ("risk", pair.risk.as_ref().map_or(Value::Null, numbers)),
        ("ssvc", json!(standards.map(|it| it.ssvc))),
        ("bod_26_04", json!(standards.map(|it| it.bod_26_04))),
        ("cvss", Value::Array(elsewhere)),
        ("factors", json!(explanation.map(|it| &it.factors))),
        (
            "routes",
            json!(explanation.map(|it| it.routes.iter().map(probability).collect::<Vec<_>>())),
        ),
        ("changes", Value::Array(moved(telling))),
        ("cause", cause(&telling.cause)),
    ])
}

fn probability(route: &Route) -> f64 {
    route.probability
}

fn numbers(risk: &PairRisk) -> Value {
    json!({
        "rank": risk.rank,
        "score": risk.score,
        "likelihood": risk.likelihood,
        "annual": risk.annual,
        "impact": risk.impact,
        "consequence": risk.consequence,
        "exploitability": risk.exploitability,
        "through": risk.through,
    })
}

fn risk_evidence(telling: &Telling, risk: Option<&DeviceRisk>) -> Value {
    let before = |field: &str| {
        telling
            .moved
            .iter()
            .find(|moved| moved.field == field)
            .and_then(|moved| moved.before.clone())
    };
    let current = (telling.activity != Activity::Close).then(|| {
        object([
            ("points", json!(telling.life.points)),
            ("band", json!(telling.life.band.name())),
            ("likelihood", json!(risk.map(|risk| risk.likelihood))),
            ("impact", json!(risk.map(|risk| risk.impact))),
            ("loss", json!(risk.map(|risk| risk.loss))),
            ("springboard", json!(risk.map(|risk| risk.springboard))),
            (
                "springboard_rank",
                json!(risk.map(|risk| risk.springboard_rank)),
            ),
        ])
    });
    let previous = object([
        ("points", json!(before("points"))),
        ("band", json!(before("band"))),
    ]);
    object([
        (
            "previous",
            if previous == json!({}) {
                Value::Null
            } else {
                previous
            },
        ),
        ("current", json!(current)),
        ("changes", Value::Array(moved(telling))),
        ("cause", cause(&telling.cause)),
    ])
}
