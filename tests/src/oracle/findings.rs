//! The judgement of findings: each has lived as findings do, both topics and the ledger end with the same, and none is open on a device
//! that the inventory does not have. When an assessment happens depends on how busy the machine is, so that a straight run over the log
//! does not write the same records; what has been told must hold together all the same.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

use super::rows::Row;

/// The last telling of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Last {
    sequence: u64,
    open: bool,
}

/// What is wrong with the findings; empty when they hold together.
#[must_use]
pub fn contradictions(
    findings: &[Row],
    open: &[Row],
    state: &[Row],
    inventory: &[Row],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let lives = lives(findings, &mut wrong);
    let held = latest(open);
    for (key, last) in &lives {
        let says = held.get(&Bytes::from(key.clone())).cloned().flatten();
        let sequence = says.as_ref().and_then(sequence);
        if sequence != last.open.then_some(last.sequence) {
            wrong.push(format!(
                "{key}: told last {last:?}, the open ones hold {sequence:?}"
            ));
        }
    }
    for (key, value) in &held {
        let key = String::from_utf8_lossy(key).into_owned();
        if value.is_some() && !lives.contains_key(&key) {
            wrong.push(format!("{key}: open, and never told of"));
        }
    }
    against_ledger(&lives, &ledger(state), &mut wrong);
    let devices: BTreeSet<String> = latest(inventory)
        .into_iter()
        .filter(|(_, value)| value.is_some())
        .map(|(key, _)| String::from_utf8_lossy(&key).into_owned())
        .collect();
    for (key, _) in lives.iter().filter(|(_, last)| last.open) {
        let device = key.split(':').nth(1).unwrap_or_default();
        if !devices.contains(device) {
            wrong.push(format!("{key}: open, on a device that is not there"));
        }
    }
    wrong
}

/// Created, then updated or closed, numbered without a gap, no identifier twice.
fn lives(findings: &[Row], wrong: &mut Vec<String>) -> BTreeMap<String, Last> {
    let mut lives: BTreeMap<String, Last> = BTreeMap::new();
    let mut identifiers = BTreeSet::new();
    for row in findings {
        let key = String::from_utf8_lossy(&row.key).into_owned();
        let value = row.value.as_ref().and_then(parsed);
        let told = value.as_ref().and_then(|value| {
            let uid = value.pointer("/metadata/uid")?.as_str()?.to_owned();
            let activity = value.get("activity_name")?.as_str()?.to_owned();
            Some((uid, activity, sequence(value)?))
        });
        let Some((uid, activity, sequence)) = told else {
            wrong.push(format!("{key}: a record that is no finding"));
            continue;
        };
        if !identifiers.insert(uid.clone()) {
            wrong.push(format!("{key}: {uid} was told twice"));
        }
        let before = lives.get(&key).cloned();
        let was_open = before.as_ref().is_some_and(|last| last.open);
        let next = before.map_or(0, |last| last.sequence) + 1;
        if sequence != next || was_open == (activity == "Create") {
            wrong.push(format!(
                "{key}: {activity} number {sequence} where number {next} is due, open {was_open}"
            ));
        }
        let last = Last {
            sequence,
            open: activity != "Close",
        };
        lives.insert(key, last);
    }
    lives
}

fn against_ledger(
    lives: &BTreeMap<String, Last>,
    ledger: &BTreeMap<String, Last>,
    wrong: &mut Vec<String>,
) {
    for key in lives.keys().chain(ledger.keys()).collect::<BTreeSet<_>>() {
        let (told, kept) = (lives.get(key), ledger.get(key));
        if told != kept {
            wrong.push(format!("{key}: told {told:?}, and the ledger has {kept:?}"));
        }
    }
}

/// What the engine remembers of every finding.
fn ledger(state: &[Row]) -> BTreeMap<String, Last> {
    let mut ledger = BTreeMap::new();
    for (key, value) in latest(state) {
        let key = String::from_utf8_lossy(&key).into_owned();
        let parts: Vec<&str> = key.splitn(4, '/').collect();
        let uid = match parts.as_slice() {
            [_, "told-pair", device, weakness] => format!("vf:{device}:{weakness}"),
            [_, "told-risk", device] => format!("risk:{device}"),
            _ => continue,
        };
        let last = value.and_then(|value| {
            Some(Last {
                sequence: value.get("revision")?.as_u64()?,
                open: value.get("open")?.as_bool()?,
            })
        });
        if let Some(last) = last {
            ledger.insert(uid, last);
        }
    }
    ledger
}

fn latest(rows: &[Row]) -> BTreeMap<Bytes, Option<Value>> {
    let rows = rows.iter();
    rows.map(|row| {
        let value = row.value.as_ref();
        (row.key.clone(), value.and_then(parsed))
    })
    .collect()
}

fn parsed(bytes: &Bytes) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

fn sequence(value: &Value) -> Option<u64> {
    value.pointer("/metadata/sequence")?.as_u64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(key: &str, value: Option<Value>) -> Row {
        Row {
            partition: 0,
            offset: 0,
            key: Bytes::from(key.to_owned()),
            value: value.map(|value| Bytes::from(value.to_string())),
            headers: Vec::new(),
        }
    }

    fn told(activity: &str, sequence: u64) -> Row {
        let metadata = json!({"uid": format!("{sequence}"), "sequence": sequence});
        row(
            "risk:d",
            Some(json!({"activity_name": activity, "metadata": metadata})),
        )
    }

    fn kept(revision: u64, open: bool) -> Row {
        let value = json!({"revision": revision, "open": open});
        row("main/told-risk/d", Some(value))
    }

    #[test]
    fn findings_that_hold_together_are_told_from_those_that_do_not() {
        let there = [row("d", Some(json!({})))];
        let judge = |findings: &[Row], open: &[Row], state: &[Row]| {
            contradictions(findings, open, state, &there).len()
        };
        let (create, update, close) = (told("Create", 1), told("Update", 2), told("Close", 3));
        let all = [create.clone(), update.clone(), close.clone()];
        let gone = row("risk:d", None);
        assert_eq!(
            judge(&all, std::slice::from_ref(&gone), &[kept(3, false)]),
            0
        );
        let two = [create.clone(), update.clone()];
        assert_eq!(
            judge(&two, std::slice::from_ref(&update), &[kept(2, true)]),
            0
        );
        // Lost, told twice, not ended, unknown to the ledger, open on nothing.
        assert_ne!(
            judge(
                &[create.clone(), close.clone()],
                std::slice::from_ref(&gone),
                &[kept(3, false)]
            ),
            0
        );
        let twice = [create.clone(), create.clone()];
        assert_ne!(
            judge(&twice, std::slice::from_ref(&create), &[kept(1, true)]),
            0
        );
        assert_ne!(
            judge(&all, std::slice::from_ref(&update), &[kept(3, false)]),
            0
        );
        assert_ne!(judge(&two, std::slice::from_ref(&update), &[]), 0);
        assert_ne!(
            contradictions(&two, &[update], &[kept(2, true)], &[]).len(),
            0
        );
    }
}
