//! Sensors: figures, losses, blind intervals (class 6002, profile host).

use auscult_inventory::Event;
use auscult_proto::observation::{Health, Millis};
use auscult_proto::{HealthState, LossReason};
use serde::Serialize;

use crate::envelope::{Code, Common, Envelope, PRODUCT, Severity};
use crate::extension::Unmapped;
use crate::text::{Text, Word};
use crate::{Context, PublicRecord};

const APPLICATION: &str = "auscult-sensor";

#[derive(Debug, Serialize)]
struct Application<'a, T> {
    #[serde(flatten)]
    common: Common<'a>,
    app: App<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    device: Host<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<i64>,
    status: &'static str,
    status_code: Text<&'static str>,
    status_id: u32,
    unmapped: Unmapped<T>,
}

/// OCSF `product`.
#[derive(Debug, Serialize)]
struct App<'a> {
    name: &'static str,
    uid: &'a str,
    vendor_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

/// OCSF `device`: the machine the sensor runs on, of which only the sensor is known.
#[derive(Debug, Serialize)]
struct Host<'a> {
    agent_list: [Agent<'a>; 1],
    name: &'a str,
    r#type: &'static str,
    type_id: u32,
    uid: &'a str,
}

#[derive(Debug, Serialize)]
struct Agent<'a> {
    name: &'static str,
    r#type: &'static str,
    type_id: u32,
    uid: &'a str,
    vendor_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

/// What one sensor event says beyond what all have.
struct Statement<'a, T> {
    activity: (u32, &'static str),
    failure: bool,
    code: &'static str,
    message: String,
    version: Option<&'a str>,
    count: Option<u64>,
    start: Option<Millis>,
    end: Option<Millis>,
    extension: T,
}

fn record<T: Serialize>(
    envelope: &Envelope<'_>,
    statement: Statement<'_, T>,
) -> Result<PublicRecord, serde_json::Error> {
    let uid = envelope.entity.as_str();
    let (status_id, status, severity) = if statement.failure {
        (2, "Failure", Severity::Medium)
    } else {
        (1, "Success", Severity::Informational)
    };
    envelope.record(&Application {
        common: envelope.common(statement.activity, severity),
        app: App {
            name: APPLICATION,
            uid,
            vendor_name: PRODUCT,
            version: statement.version,
        },
        count: statement.count,
        device: Host {
            agent_list: [Agent {
                name: APPLICATION,
                r#type: "Other",
                type_id: 99,
                uid,
                vendor_name: PRODUCT,
                version: statement.version,
            }],
            name: envelope.event.cause.sensor.as_str(),
            r#type: "Sensor",
            type_id: 99,
            uid,
        },
        end_time: statement.end,
        message: statement.message,
        start_time: statement.start,
        status,
        status_code: Text(statement.code),
        status_id,
        unmapped: Unmapped {
            auscult: statement.extension,
        },
    })
}

#[derive(Debug, Serialize)]
struct Gap<'a> {
    site: &'a str,
    incarnation: Text<auscult_proto::ids::Incarnation>,
    first_seq: u64,
    observations: u64,
}

impl<'a> Gap<'a> {
    fn of(event: &'a Event, (first_seq, observations): (u64, u64)) -> Self {
        Self {
            site: event.site.as_str(),
            incarnation: Text(event.cause.incarnation),
            first_seq,
            observations,
        }
    }
}

pub(crate) fn blind(
    event: &Event,
    context: &Context,
    gap: (u64, u64),
    (from, until): (Option<Millis>, Millis),
) -> Result<PublicRecord, serde_json::Error> {
    let envelope = Envelope::sensor(event, context, Code::SensorBlind);
    let (_, missing) = gap;
    record(
        &envelope,
        Statement {
            activity: (99, "Blind interval"),
            failure: true,
            code: "BLIND_INTERVAL",
            message: format!("{missing} observations of the sensor never arrived"),
            version: None,
            count: Some(missing),
            start: from,
            end: Some(until),
            extension: Gap::of(event, gap),
        },
    )
}

pub(crate) fn loss(
    event: &Event,
    context: &Context,
    reason: LossReason,
    gap: (u64, u64),
) -> Result<PublicRecord, serde_json::Error> {
    let envelope = Envelope::sensor(event, context, Code::SensorLoss);
    let name = reason.as_str_name();
    let word = Word::new(name, "LOSS_REASON_").to_string();
    let (_, lost) = gap;
    record(
        &envelope,
        Statement {
            activity: (99, "Loss"),
            failure: true,
            code: name.strip_prefix("LOSS_REASON_").unwrap_or(name),
            message: format!(
                "the sensor lost {lost} observations: {}",
                word.replace('_', " ")
            ),
            version: None,
            count: Some(lost),
            start: None,
            end: None,
            extension: Gap::of(event, gap),
        },
    )
}

/// The figures as they come, under their names in `observation.proto`.
#[derive(Debug, Serialize)]
struct Figures<'a> {
    site: &'a str,
    incarnation: Text<auscult_proto::ids::Incarnation>,
    packets: u64,
    bytes: u64,
    dropped_by_kernel: u64,
    dropped_by_interface: u64,
    frames_undecoded: u64,
    facts_emitted: u64,
    values_dropped: u64,
    table_evictions: u64,
    spool_bytes: u64,
    spool_limit_bytes: u64,
    oldest_unsent_ms: u64,
    clock_offset_ms: i64,
    rss_bytes: u64,
    one_way_per_mille: u32,
    no_l2_control: bool,
    silent_vlans: &'a [u16],
    #[serde(skip_serializing_if = "Option::is_none")]
    cert_not_after: Option<i64>,
}

pub(crate) fn health(
    event: &Event,
    context: &Context,
    health: &Health,
) -> Result<PublicRecord, serde_json::Error> {
    let envelope = Envelope::sensor(event, context, Code::SensorHealth);
    let activity = match health.state {
        HealthState::Started => (3, "Start"),
        HealthState::Stopped => (4, "Stop"),
        _ => (99, "Health"),
    };
    let failure = !matches!(
        health.state,
        HealthState::Ok | HealthState::Started | HealthState::Stopped
    );
    let name = health.state.as_str_name();
    let code = name.strip_prefix("HEALTH_STATE_").unwrap_or(name);
    let word = Word::new(name, "HEALTH_STATE_").to_string();
    record(
        &envelope,
        Statement {
            activity,
            failure,
            code,
            message: format!("sensor {}: {}", event.cause.sensor, word.replace('_', " ")),
            version: Some(health.version.as_str()).filter(|version| !version.is_empty()),
            count: None,
            start: None,
            end: None,
            extension: Figures {
                site: event.site.as_str(),
                incarnation: Text(event.cause.incarnation),
                packets: health.packets,
                bytes: health.bytes,
                dropped_by_kernel: health.dropped_by_kernel,
                dropped_by_interface: health.dropped_by_interface,
                frames_undecoded: health.frames_undecoded,
                facts_emitted: health.facts_emitted,
                values_dropped: health.values_dropped,
                table_evictions: health.table_evictions,
                spool_bytes: health.spool_bytes,
                spool_limit_bytes: health.spool_limit_bytes,
                oldest_unsent_ms: health.oldest_unsent_ms,
                clock_offset_ms: health.clock_offset_ms,
                rss_bytes: health.rss_bytes,
                one_way_per_mille: health.one_way_per_mille,
                no_l2_control: health.no_l2_control,
                silent_vlans: &health.silent_vlans,
                cert_not_after: Some(health.cert_not_after).filter(|time| *time > 0),
            },
        },
    )
}
