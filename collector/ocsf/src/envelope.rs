//! What all events have in common: identity, metadata, headers.

use auscult_inventory::Event;
use serde::Serialize;
use uuid::Uuid;

use crate::text::{Text, Utc};
use crate::{Context, OCSF_VERSION, PublicRecord, PublicTopic};

pub(crate) const PRODUCT: &str = "auscult";

/// Namespace of event identifiers.
const EVENTS: Uuid = Uuid::from_u128(0x3b9d_7a20_8f0e_5c51_a2d4_6e1b_90c7_f4a8);

/// What happened, by its public name. `ce_type` is `org.auscult.<code>.v1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    DeviceUpsert,
    DeviceNew,
    DeviceChanged,
    DeviceIdle,
    DeviceReturned,
    DeviceGone,
    DeviceMerged,
    DeviceForgotten,
    SensorHealth,
    SensorLoss,
    SensorBlind,
    VulnEnvironment,
    RiskChange,
}

impl Code {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DeviceUpsert => "device.upsert",
            Self::DeviceNew => "device.new",
            Self::DeviceChanged => "device.changed",
            Self::DeviceIdle => "device.idle",
            Self::DeviceReturned => "device.returned",
            Self::DeviceGone => "device.gone",
            Self::DeviceMerged => "device.merged",
            Self::DeviceForgotten => "device.forgotten",
            Self::SensorHealth => "sensor.health",
            Self::SensorLoss => "sensor.loss",
            Self::SensorBlind => "sensor.blind",
            Self::VulnEnvironment => "vuln.environment",
            Self::RiskChange => "risk.change",
        }
    }

    pub(crate) const fn topic(self) -> PublicTopic {
        match self {
            Self::DeviceUpsert => PublicTopic::Inventory,
            Self::DeviceNew
            | Self::DeviceChanged
            | Self::DeviceIdle
            | Self::DeviceReturned
            | Self::DeviceGone
            | Self::DeviceMerged
            | Self::DeviceForgotten => PublicTopic::Lifecycle,
            Self::SensorHealth | Self::SensorLoss | Self::SensorBlind => PublicTopic::Health,
            Self::VulnEnvironment | Self::RiskChange => PublicTopic::Findings,
        }
    }

    pub(crate) const fn class(self) -> Class {
        match self.topic() {
            PublicTopic::Findings | PublicTopic::FindingsOpen => Class {
                uid: if matches!(self, Self::RiskChange) {
                    2004
                } else {
                    2002
                },
                name: if matches!(self, Self::RiskChange) {
                    "Detection Finding"
                } else {
                    "Vulnerability Finding"
                },
                category_uid: 2,
                category: "Findings",
                feature: "findings",
                profiles: &[],
            },
            PublicTopic::Inventory => Class {
                uid: 5001,
                name: "Device Inventory Info",
                category_uid: 5,
                category: "Discovery",
                feature: "inventory",
                profiles: &[],
            },
            PublicTopic::Lifecycle => Class {
                uid: 3004,
                name: "Entity Management",
                category_uid: 3,
                category: "Identity & Access Management",
                feature: "lifecycle",
                profiles: &[],
            },
            PublicTopic::Health => Class {
                uid: 6002,
                name: "Application Lifecycle",
                category_uid: 6,
                category: "Application Activity",
                feature: "sensors",
                profiles: &["host"],
            },
        }
    }
}

/// An OCSF event class as used here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    pub(crate) uid: u32,
    pub(crate) name: &'static str,
    pub(crate) category_uid: u32,
    pub(crate) category: &'static str,
    pub(crate) feature: &'static str,
    profiles: &'static [&'static str],
}

/// An event on its way out.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) event: &'a Event,
    pub(crate) context: &'a Context,
    pub(crate) code: Code,
    /// The device, or `site/sensor`.
    pub(crate) entity: String,
    uid: Uuid,
}

impl<'a> Envelope<'a> {
    pub(crate) fn device(
        event: &'a Event,
        context: &'a Context,
        code: Code,
        entity: String,
    ) -> Self {
        let revision = event.revision;
        Self {
            uid: event_uid(&entity, revision, code, event.time),
            event,
            context,
            code,
            entity,
        }
    }

    pub(crate) fn sensor(event: &'a Event, context: &'a Context, code: Code) -> Self {
        let entity = format!("{}/{}", event.site, event.cause.sensor);
        let life = format!("{entity}/{}", event.cause.incarnation);
        Self {
            uid: event_uid(&life, event.revision, code, event.time),
            event,
            context,
            code,
            entity,
        }
    }

    /// The fields that every class has.
    pub(crate) fn common(
        &'a self,
        activity: (u32, &'static str),
        severity: Severity,
    ) -> Common<'a> {
        let class = self.code.class();
        let (severity_id, severity) = severity.pair();
        Common {
            activity_id: activity.0,
            activity_name: activity.1,
            category_name: class.category,
            category_uid: class.category_uid,
            class_name: class.name,
            class_uid: class.uid,
            metadata: self.metadata(class),
            severity,
            severity_id,
            time: self.event.time,
            type_uid: class.uid.saturating_mul(100).saturating_add(activity.0),
        }
    }

    fn metadata(&'a self, class: Class) -> Metadata<'a> {
        let cause = &self.event.cause;
        Metadata {
            correlation_uid: &self.entity,
            event_code: self.code.name(),
            log_name: self.code.topic().name(),
            loggers: [Logger {
                logged_time: cause.received,
                name: cause.sensor.as_str(),
                uid: Text(format_args!("{}/{}", self.event.site, cause.sensor).to_string()),
            }],
            product: Product {
                feature: Feature {
                    name: class.feature,
                },
                name: PRODUCT,
                vendor_name: PRODUCT,
                version: &self.context.version,
            },
            profiles: class.profiles,
            sequence: self.event.revision,
            tenant_uid: self.context.tenant.as_deref(),
            uid: Text(self.uid),
            version: OCSF_VERSION,
        }
    }

    pub(crate) fn record(&self, value: &impl Serialize) -> Result<PublicRecord, serde_json::Error> {
        let mut room = Vec::with_capacity(2_048);
        self.write(&mut room, |room| serde_json::to_writer(room, value))
    }

    /// The record with the value that `value` writes in `room`; what is kept of it is no larger than it is.
    pub(crate) fn write(
        &self,
        room: &mut Vec<u8>,
        value: impl FnOnce(&mut Vec<u8>) -> Result<(), serde_json::Error>,
    ) -> Result<PublicRecord, serde_json::Error> {
        room.clear();
        value(room)?;
        Ok(PublicRecord {
            topic: self.code.topic(),
            key: self.entity.clone(),
            value: Some(room.as_slice().to_vec()),
            headers: self.headers(self.uid),
            time: self.event.time,
        })
    }

    /// Ends the entity in the compacted inventory topic.
    pub(crate) fn tombstone(&self) -> PublicRecord {
        PublicRecord {
            topic: PublicTopic::Inventory,
            key: self.entity.clone(),
            value: None,
            headers: self.headers(Uuid::new_v5(&self.uid, b"tombstone")),
            time: self.event.time,
        }
    }

    fn headers(&self, id: Uuid) -> Vec<(&'static str, String)> {
        headers(self.context, self.code, &self.entity, id, self.event.time)
    }
}

/// CloudEvents 1.0, binary mode.
pub(crate) fn headers(
    context: &Context,
    code: Code,
    entity: &str,
    id: Uuid,
    time: i64,
) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "application/json".to_owned()),
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", id.to_string()),
        ("ce_source", format!("/auscult/{}", context.cluster)),
        ("ce_type", format!("org.auscult.{}.v1", code.name())),
        ("ce_subject", entity.to_owned()),
        ("ce_time", Utc(time).to_string()),
        ("ocsf_class_uid", code.class().uid.to_string()),
        ("ocsf_version", OCSF_VERSION.to_owned()),
    ]
}

/// The same event has the same identifier however often it is encoded; no two events share one.
pub(crate) fn event_uid(entity: &str, revision: u64, code: Code, time: i64) -> Uuid {
    let name = format!("{entity}|{revision}|{}|{time}", code.name());
    Uuid::new_v5(&EVENTS, name.as_bytes())
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub(crate) fn pair(self) -> (u32, &'static str) {
        match self {
            Self::Informational => (1, "Informational"),
            Self::Low => (2, "Low"),
            Self::Medium => (3, "Medium"),
            Self::High => (4, "High"),
            Self::Critical => (5, "Critical"),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Common<'a> {
    activity_id: u32,
    activity_name: &'static str,
    category_name: &'static str,
    category_uid: u32,
    class_name: &'static str,
    class_uid: u32,
    metadata: Metadata<'a>,
    severity: &'static str,
    severity_id: u32,
    time: i64,
    type_uid: u32,
}

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    correlation_uid: &'a str,
    event_code: &'static str,
    log_name: &'static str,
    loggers: [Logger<'a>; 1],
    product: Product<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    profiles: &'static [&'static str],
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_uid: Option<&'a str>,
    uid: Text<Uuid>,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Logger<'a> {
    logged_time: i64,
    name: &'a str,
    uid: Text<String>,
}

#[derive(Debug, Serialize)]
struct Product<'a> {
    feature: Feature,
    name: &'static str,
    vendor_name: &'static str,
    version: &'a str,
}

#[derive(Debug, Serialize)]
struct Feature {
    name: &'static str,
}
