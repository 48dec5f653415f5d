//! New, changed, idle, returned, gone, merged, forgotten (class 3004).

use auscult_inventory::{DeviceId, DeviceSnapshot, Event, EventKind, FieldChange};
use serde::Serialize;

use crate::device::{Device, Observable};
use crate::envelope::{Code, Common, Envelope, Severity};
use crate::extension::{Extension, Unmapped, status_name};
use crate::text::{Duration, Text};
use crate::{Context, PublicRecord};

#[derive(Debug, Serialize)]
struct Lifecycle<'a, T> {
    #[serde(flatten)]
    common: Common<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    entity: Entity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_result: Option<Entity<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    observables: Vec<Observable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmapped: Option<Unmapped<T>>,
}

/// OCSF `managed_entity`.
#[derive(Debug, Serialize)]
struct Entity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device<'a>>,
    r#type: &'static str,
    type_id: u32,
    uid: Text<DeviceId>,
}

impl<'a> Entity<'a> {
    fn of(device: &'a DeviceSnapshot, envelope: &'a Envelope<'_>) -> Self {
        let described = Device::of(device, &envelope.event.site, envelope.context);
        Self {
            device: Some(described),
            ..Self::named(device.id)
        }
    }

    fn named(id: DeviceId) -> Self {
        Self {
            device: None,
            r#type: "Device",
            type_id: 1,
            uid: Text(id),
        }
    }
}

/// The device's extension, and what is different.
#[derive(Debug, Serialize)]
struct Changed<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'static str>,
    #[serde(flatten)]
    device: Extension<'a>,
}

#[derive(Debug, Serialize)]
struct Change<'a> {
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

pub(crate) fn record(
    event: &Event,
    context: &Context,
    code: Code,
    device: &DeviceSnapshot,
    changes: Option<&Vec<FieldChange>>,
) -> Result<PublicRecord, serde_json::Error> {
    let envelope = Envelope::device(event, context, code, device.id.to_string());
    let (activity, severity) = match code {
        Code::DeviceNew => ((1, "Create"), Severity::Informational),
        Code::DeviceIdle => ((12, "Suspend"), Severity::Informational),
        Code::DeviceReturned => ((13, "Resume"), Severity::Informational),
        Code::DeviceGone => ((11, "Deactivate"), Severity::Low),
        _ => ((3, "Update"), Severity::Informational),
    };
    let absence = Duration(event.time.saturating_sub(device.last_seen));
    let silent = matches!(code, Code::DeviceIdle | Code::DeviceGone);
    let changes = changes.into_iter().flatten();
    envelope.record(&Lifecycle {
        common: envelope.common(activity, severity),
        comment: silent.then(|| format!("not seen for {absence}")),
        entity: Entity::of(device, &envelope),
        entity_result: None,
        observables: Observable::of(
            device,
            &["entity.device.uid", "entity.device.ip", "entity.device.mac"],
        ),
        unmapped: Some(Unmapped {
            auscult: Changed {
                changes: changes
                    .map(|change| Change {
                        field: &change.field,
                        before: change.before.as_deref(),
                        after: change.after.as_deref(),
                    })
                    .collect(),
                was: match &event.kind {
                    EventKind::DeviceReturned { was, .. } => Some(status_name(*was)),
                    _ => None,
                },
                device: Extension::of(device, &event.site),
            },
        }),
    })
}

/// The absorbed device ends; the result is the one that goes on.
pub(crate) fn merged(
    envelope: &Envelope<'_>,
    device: &DeviceSnapshot,
    absorbed: DeviceId,
) -> Result<PublicRecord, serde_json::Error> {
    envelope.record(&Lifecycle {
        common: envelope.common((4, "Delete"), Severity::Informational),
        comment: Some(format!("is the same device as {}", device.id)),
        entity: Entity::named(absorbed),
        entity_result: Some(Entity::of(device, envelope)),
        observables: Observable::of(
            device,
            &[
                "entity_result.device.uid",
                "entity_result.device.ip",
                "entity_result.device.mac",
            ],
        ),
        unmapped: Some(Unmapped {
            auscult: Extension::of(device, &envelope.event.site),
        }),
    })
}

/// The device is no longer kept.
pub(crate) fn forgotten(
    envelope: &Envelope<'_>,
    device: DeviceId,
) -> Result<PublicRecord, serde_json::Error> {
    envelope.record(&Lifecycle::<()> {
        common: envelope.common((4, "Delete"), Severity::Informational),
        comment: Some("gone for so long that it is no longer kept".to_owned()),
        entity: Entity::named(device),
        entity_result: None,
        observables: Vec::new(),
        unmapped: None,
    })
}
