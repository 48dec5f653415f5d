//! `log`: how far the engine has come, and the move from disk to Kafka.

mod copy;

use std::collections::BTreeMap;
use std::time::Duration;

use auscult_link::Utc;
use auscult_log::{StartAt, Stored, Topic};
use auscult_proto::ids::Incarnation;
use auscult_proto::wire;
use prost::Message as _;

use super::output::Output;
use super::table::{self, Column};
use super::{LogAction, source};
use crate::Failure;
use crate::config::{CollectorConfig, LogChoice};

const WAIT: Duration = Duration::from_millis(100);

/// Does what was asked for.
///
/// # Errors
/// When the log cannot be read or written.
pub fn run(config: &CollectorConfig, action: &LogAction) -> Result<(), Failure> {
    match action {
        LogAction::Status => status(config),
        LogAction::Copy(args) => copy::run(config, args),
    }
}

fn status(config: &CollectorConfig) -> Result<(), Failure> {
    let mut reader = source::open(config, Topic::State, StartAt::Beginning)?;
    let mut sensors = Sensors::default();
    while !reader.caught_up() {
        if let Some(stored) = reader.next(WAIT)? {
            sensors.take(&stored);
        }
    }
    let mut out = Output::new();
    out.line(&match &config.log {
        LogChoice::Kafka(options) => format!("log: Kafka at {}", options.bootstrap),
        LogChoice::Embedded(options) => format!("log: on disk in {}", options.dir.display()),
    })?;
    for line in sensors.lines() {
        out.line(&line)?;
    }
    Ok(out.flush()?)
}

const COLUMNS: [Column; 9] = [
    ("SITE", 24),
    ("SENSOR", 24),
    ("INCARNATION", 16),
    ("LAST SEQUENCE", 20),
    ("FOLDED", 20),
    ("DUPLICATES", 20),
    ("MISSING", 20),
    ("LOST", 20),
    ("LAST SEEN", 24),
];

/// The newest position of every incarnation of every sensor.
#[derive(Debug, Default)]
struct Sensors(BTreeMap<Vec<u8>, Vec<String>>);

impl Sensors {
    fn take(&mut self, stored: &Stored) {
        let key = &stored.message.key;
        let text = String::from_utf8_lossy(key);
        let Some((site, "sensor")) = text.split_once('/').and_then(|(site, rest)| {
            let (kind, _) = rest.split_once('/')?;
            Some((site, kind))
        }) else {
            return;
        };
        let Some(value) = stored.message.value.clone() else {
            self.0.remove(key.as_ref());
            return;
        };
        let Ok(position) = wire::SensorPosition::decode(value) else {
            return;
        };
        let row = vec![
            site.to_owned(),
            position.sensor,
            Incarnation(position.incarnation).to_string(),
            position.last_seq.to_string(),
            position.folded.to_string(),
            position.duplicates.to_string(),
            position.missing.to_string(),
            position.reported_lost.to_string(),
            Utc(position.last_seen_ms).to_string(),
        ];
        self.0.insert(key.to_vec(), row);
    }

    fn lines(&self) -> Vec<String> {
        if self.0.is_empty() {
            return vec!["no sensor has been folded yet".to_owned()];
        }
        let rows: Vec<Vec<String>> = self.0.values().cloned().collect();
        table::render(&COLUMNS, &rows)
    }
}

#[cfg(test)]
mod tests {
    use auscult_log::Message;
    use bytes::Bytes;

    use super::*;

    #[test]
    fn sensors_are_listed_with_their_accounts_and_nothing_else_of_the_state() {
        let mut sensors = Sensors::default();
        let mut take = |key: &str, value: Option<Vec<u8>>| {
            sensors.take(&Stored {
                partition: 0,
                offset: 0,
                message: Message {
                    topic: Topic::State,
                    partition: Some(0),
                    key: Bytes::from(key.to_owned()),
                    value: value.map(Bytes::from),
                    headers: Vec::new(),
                    timestamp_ms: 0,
                },
            });
        };
        let position = wire::SensorPosition {
            sensor: "icu-1".to_owned(),
            incarnation: 255,
            last_seq: 12,
            folded: 9,
            duplicates: 1,
            missing: 2,
            reported_lost: 1,
            last_seen_ms: 1_700_000_000_000,
            ..wire::SensorPosition::default()
        };
        take(
            "main/sensor/icu-1/00000000000000ff",
            Some(position.encode_to_vec()),
        );
        take(
            "main/sensor/gone/0000000000000001",
            Some(position.encode_to_vec()),
        );
        take("main/sensor/gone/0000000000000001", None);
        take("main/device/x", Some(vec![1]));
        assert_eq!(
            sensors.lines(),
            [
                "SITE  SENSOR  INCARNATION       LAST SEQUENCE  FOLDED  DUPLICATES  MISSING  LOST  LAST SEEN",
                "main  icu-1   00000000000000ff  12             9       1           2        1     2023-11-14T22:13:20Z",
            ]
        );
    }
}
