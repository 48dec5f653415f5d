//! `tail`: the records of a topic, one a line.

use std::time::Duration;

use auscult_link::Utc;
use auscult_log::{StartAt, Stored, Topic};
use auscult_proto::wire;
use prost::Message as _;
use serde_json::{Map, Value, json};

use super::output::Output;
use super::{From, TailArgs, TailTopic, source};
use crate::Failure;
use crate::config::CollectorConfig;
use crate::intel::record::Record;

const WAIT: Duration = Duration::from_millis(250);

impl TailTopic {
    fn topic(self) -> Topic {
        match self {
            Self::Inventory => Topic::Inventory,
            Self::Lifecycle => Topic::Lifecycle,
            Self::Health => Topic::Health,
            Self::Findings => Topic::Findings,
            Self::FindingsOpen => Topic::FindingsOpen,
            Self::Decisions => Topic::Decisions,
            Self::Audit => Topic::Audit,
            Self::Observations => Topic::Observations,
            Self::State => Topic::State,
            Self::Quarantine => Topic::Quarantine,
            Self::Intel => Topic::Intel,
        }
    }
}

/// Prints records until there are enough, or the reader has had enough.
///
/// # Errors
/// When the log cannot be read.
pub fn run(config: &CollectorConfig, args: &TailArgs) -> Result<(), Failure> {
    let from = match args.from {
        From::Beginning => StartAt::Beginning,
        From::End => StartAt::End,
    };
    let topic = args.topic.topic();
    let mut reader = source::open(config, topic, from)?;
    let mut out = Output::new();
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        if args.no_follow && reader.caught_up() {
            break;
        }
        match reader.next(WAIT)? {
            Some(stored) => {
                let line = if args.json {
                    json_line(&stored)
                } else {
                    text_line(&stored)
                };
                out.line(&line)?;
                left = left.saturating_sub(1);
            }
            None => out.flush()?,
        }
    }
    Ok(out.flush()?)
}

/// When, what, about whom, in words.
fn text_line(stored: &Stored) -> String {
    let message = &stored.message;
    let key = String::from_utf8_lossy(&message.key);
    let said = match message.topic {
        Topic::Observations => batch_text(stored),
        Topic::State => match &message.value {
            Some(value) => format!("{} bytes", value.len()),
            None => "deleted".to_owned(),
        },
        Topic::Quarantine => format!(
            "{} (record {} of partition {} of {})",
            header(stored, "fault"),
            header(stored, "offset"),
            header(stored, "partition"),
            header(stored, "topic"),
        ),
        Topic::Intel => intel_text(stored),
        _ => public_text(stored),
    };
    clean(&format!("{}  {key}  {said}", Utc(message.timestamp_ms)))
}

fn batch_text(stored: &Stored) -> String {
    let value = stored.message.value.clone().unwrap_or_default();
    let Ok(batch) = wire::LoggedBatch::decode(value) else {
        return "not decodable".to_owned();
    };
    let last = batch
        .first_seq
        .saturating_add(u64::from(batch.count))
        .saturating_sub(1);
    format!(
        "{} {:016x}: observations {} to {}, {} bytes",
        batch.sensor,
        batch.incarnation,
        batch.first_seq,
        last,
        batch.body.len()
    )
}

/// What of a vulnerability changed, or what else the record is about.
fn intel_text(stored: &Stored) -> String {
    match Record::read(&stored.message) {
        Ok(None) => "deleted".to_owned(),
        Ok(Some(record)) => {
            let changed = json!(record.changed);
            let names: Vec<&str> = changed
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            match (&record.sbom, &record.source) {
                (Some(sbom), _) => format!("SBOM, {} components", sbom.components.len()),
                (None, Some(source)) => format!("read as of {}", Utc(source.newest_ms)),
                (None, None) => names.join(", "),
            }
        }
        Err(error) => error.to_string(),
    }
}

fn public_text(stored: &Stored) -> String {
    let Some(value) = &stored.message.value else {
        return "deleted".to_owned();
    };
    let event = header(stored, "ce_type");
    let event = event
        .strip_prefix("org.auscult.")
        .map_or(event.as_str(), |event| event.trim_end_matches(".v1"));
    let parsed: Value = serde_json::from_slice(value).unwrap_or(Value::Null);
    let parts: Vec<String> = [
        device_text(&parsed),
        changes_text(&parsed),
        parsed
            .get("comment")
            .and_then(Value::as_str)
            .map(str::to_owned),
        parsed
            .get("message")
            .and_then(Value::as_str)
            .map(str::to_owned),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        return event.to_owned();
    }
    format!("{event}: {}", parts.join("; "))
}

/// Site, name and addresses of the device an event is about.
fn device_text(record: &Value) -> Option<String> {
    let device = ["/device", "/entity_result/device", "/entity/device"]
        .into_iter()
        .find_map(|path| record.pointer(path))?;
    let words: Vec<&str> = ["/org/ou_uid", "/name", "/mac", "/ip"]
        .into_iter()
        .filter_map(|path| device.pointer(path)?.as_str())
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn changes_text(record: &Value) -> Option<String> {
    let changes = record.pointer("/unmapped/auscult/changes")?.as_array()?;
    let changes: Vec<String> = changes
        .iter()
        .map(|change| {
            let text = |key: &str| change.get(key).and_then(Value::as_str);
            let field = text("field").unwrap_or_default();
            match (text("before"), text("after")) {
                (Some(before), Some(after)) => format!("{field} {before} -> {after}"),
                (None, Some(after)) => format!("{field} +{after}"),
                (Some(before), None) => format!("{field} -{before}"),
                (None, None) => field.to_owned(),
            }
        })
        .collect();
    (!changes.is_empty()).then(|| changes.join(", "))
}

fn header(stored: &Stored, name: &str) -> String {
    let found = stored
        .message
        .headers
        .iter()
        .find(|(known, _)| known == name);
    found.map_or_else(String::new, |(_, value)| {
        String::from_utf8_lossy(value).into_owned()
    })
}

fn json_line(stored: &Stored) -> String {
    let message = &stored.message;
    let headers: Map<String, Value> = message
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    let value = match (&message.value, message.topic) {
        (None, _) => Value::Null,
        (Some(_), Topic::Observations) => batch_json(stored),
        (Some(_), Topic::Intel) => match Record::read(message) {
            Ok(record) => json!(record),
            Err(error) => json!({ "fault": error.to_string() }),
        },
        (Some(value), _) => serde_json::from_slice(value)
            .unwrap_or_else(|_| json!({ "bytes": value.len(), "hex": hex(value) })),
    };
    json!({
        "topic": message.topic.name(),
        "partition": stored.partition,
        "offset": stored.offset,
        "timestamp": message.timestamp_ms,
        "key": text(&message.key),
        "headers": headers,
        "value": value,
    })
    .to_string()
}

/// The envelope; the body stays what it is, bytes.
fn batch_json(stored: &Stored) -> Value {
    let value = stored.message.value.clone().unwrap_or_default();
    match wire::LoggedBatch::decode(value) {
        Ok(batch) => json!({
            "site": batch.site,
            "sensor": batch.sensor,
            "incarnation": format!("{:016x}", batch.incarnation),
            "first_seq": batch.first_seq,
            "count": batch.count,
            "received_ms": batch.received_ms,
            "body_bytes": batch.body.len(),
        }),
        Err(_) => Value::Null,
    }
}

fn text(bytes: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(bytes).into_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Control characters do not reach the terminal.
fn clean(line: &str) -> String {
    line.chars()
        .map(|c| if c.is_control() { '.' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use auscult_log::Message;
    use bytes::Bytes;

    use super::*;

    fn stored(topic: Topic, value: Option<Bytes>, headers: &[(&str, &str)]) -> Stored {
        Stored {
            partition: 2,
            offset: 7,
            message: Message {
                topic,
                partition: Some(2),
                key: Bytes::from_static(b"main"),
                value,
                headers: headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), Bytes::from((*value).to_owned())))
                    .collect(),
                timestamp_ms: 1_700_000_000_123,
            },
        }
    }

    #[test]
    fn a_public_record_reads_as_when_who_and_what() {
        let value = Bytes::from_static(br#"{"message":"seen for the \u001b[31m first time"}"#);
        let record = stored(
            Topic::Lifecycle,
            Some(value),
            &[("ce_type", "org.auscult.device.new.v1")],
        );
        assert_eq!(
            text_line(&record),
            format!(
                "{}  main  device.new: seen for the .[31m first time",
                Utc(1_700_000_000_123)
            )
        );
        let gone = stored(Topic::Inventory, None, &[]);
        assert!(text_line(&gone).ends_with("main  deleted"));
    }

    #[test]
    fn an_event_of_a_device_names_it_and_what_changed() {
        let value = json!({
            "entity": { "device": {
                "org": { "ou_uid": "north" }, "name": "pump-1", "mac": "00:03:b1:10:40:01", "ip": "10.10.0.41",
            } },
            "unmapped": { "auscult": { "changes": [
                { "field": "fw_version", "before": "1.8", "after": "1.9" },
                { "field": "address", "after": "10.10.0.42" },
                { "field": "service", "before": "104/tcp" },
            ] } },
        });
        let record = stored(
            Topic::Lifecycle,
            Some(value.to_string().into()),
            &[("ce_type", "org.auscult.device.changed.v1")],
        );
        assert!(text_line(&record).ends_with(
            "main  device.changed: north pump-1 00:03:b1:10:40:01 10.10.0.41; fw_version 1.8 -> 1.9, \
             address +10.10.0.42, service -104/tcp"
        ));
    }

    #[test]
    fn json_lines_keep_everything_but_the_body_of_a_batch() {
        let batch = wire::LoggedBatch {
            site: "main".to_owned(),
            sensor: "s1".to_owned(),
            incarnation: 10,
            first_seq: 3,
            count: 2,
            received_ms: 5,
            body: Bytes::from_static(b"secret"),
            ..wire::LoggedBatch::default()
        };
        let record = stored(Topic::Observations, Some(batch.encode_to_vec().into()), &[]);
        let line = json_line(&record);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["value"]["first_seq"], 3);
        assert_eq!(value["value"]["incarnation"], "000000000000000a");
        assert_eq!(value["partition"], 2);
        assert!(!line.contains("secret"));
        assert!(text_line(&record).contains("s1 000000000000000a: observations 3 to 4, 6 bytes"));
    }

    #[test]
    fn quarantine_says_what_was_wrong_with_which_record() {
        let headers = [
            ("fault", "not decodable as LoggedBatch"),
            ("topic", "auscult.int.observations.v1"),
            ("partition", "4"),
            ("offset", "99"),
        ];
        let record = stored(Topic::Quarantine, Some(Bytes::new()), &headers);
        assert!(text_line(&record).ends_with(
            "main  not decodable as LoggedBatch (record 99 of partition 4 of auscult.int.observations.v1)"
        ));
    }
}
