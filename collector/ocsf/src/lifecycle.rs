//! New, changed, idle, returned, gone, merged, forgotten (class 3004).

use std::sync::Arc;

use auscult_inventory::{DeviceId, DeviceSnapshot, Event, EventKind, FieldChange};
use serde::Serialize;

use crate::device::Observable;
use crate::envelope::{Code, Envelope, Severity};
use crate::extension::status_name;
use crate::json::Object;
use crate::shared::{Shared, Told};
use crate::text::{Duration, Text};
use crate::{Context, PublicRecord};

/// OCSF `managed_entity`.
fn entity(
    to: &mut Object<'_>,
    name: &str,
    id: DeviceId,
    told: Option<&Told>,
) -> Result<(), serde_json::Error> {
    let mut entity = to.object(name);
    if let Some(told) = told {
        entity.encoded("device", &told.object);
    }
    entity.member("type", "Device")?;
    entity.member("type_id", &1)?;
    entity.member("uid", &Text(id))?;
    entity.end();
    Ok(())
}

#[derive(Debug, Serialize)]
struct Change<'a> {
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

impl<'a> Change<'a> {
    fn of(change: &'a FieldChange) -> Self {
        Self {
            field: &change.field,
            before: change.before.as_deref(),
            after: change.after.as_deref(),
        }
    }
}

pub(crate) fn record(
    event: &Event,
    context: &Context,
    code: Code,
    device: &Arc<DeviceSnapshot>,
    changes: &[FieldChange],
    shared: &mut Shared,
) -> Result<PublicRecord, serde_json::Error> {
    let envelope = Envelope::device(event, context, code, device.id.to_string());
    let (activity, severity) = match code {
        Code::DeviceNew => ((1, "Create"), Severity::Informational),
        Code::DeviceIdle => ((12, "Suspend"), Severity::Informational),
        Code::DeviceReturned => ((13, "Resume"), Severity::Informational),
        Code::DeviceGone => ((11, "Deactivate"), Severity::Low),
        _ => ((3, "Update"), Severity::Informational),
    };
    let (told, room) = shared.device(device, &event.site, context)?;
    let common = envelope.common(activity, severity);
    envelope.write(room, |room| {
        let mut record = Object::like(room, &common)?;
        if matches!(code, Code::DeviceIdle | Code::DeviceGone) {
            let absence = Duration(event.time.saturating_sub(device.last_seen));
            record.member("comment", &format!("not seen for {absence}"))?;
        }
        entity(&mut record, "entity", device.id, Some(told))?;
        let names = ["entity.device.uid", "entity.device.ip", "entity.device.mac"];
        record.member("observables", &Observable::of(device, &names))?;
        let mut unmapped = record.object("unmapped");
        // The device's extension, and before it what is different.
        let mut auscult = unmapped.object("auscult");
        if !changes.is_empty() {
            let changes: Vec<Change<'_>> = changes.iter().map(Change::of).collect();
            auscult.member("changes", &changes)?;
        }
        if let EventKind::DeviceReturned { was, .. } = &event.kind {
            auscult.member("was", status_name(*was))?;
        }
        auscult.members_of(&told.extension);
        auscult.end();
        unmapped.end();
        record.end();
        Ok(())
    })
}

/// The absorbed device ends; the result is the one that goes on.
pub(crate) fn merged(
    envelope: &Envelope<'_>,
    device: &Arc<DeviceSnapshot>,
    absorbed: DeviceId,
    shared: &mut Shared,
) -> Result<PublicRecord, serde_json::Error> {
    let (told, room) = shared.device(device, &envelope.event.site, envelope.context)?;
    let common = envelope.common((4, "Delete"), Severity::Informational);
    envelope.write(room, |room| {
        let mut record = Object::like(room, &common)?;
        record.member("comment", &format!("is the same device as {}", device.id))?;
        entity(&mut record, "entity", absorbed, None)?;
        entity(&mut record, "entity_result", device.id, Some(told))?;
        let names = [
            "entity_result.device.uid",
            "entity_result.device.ip",
            "entity_result.device.mac",
        ];
        record.member("observables", &Observable::of(device, &names))?;
        let mut unmapped = record.object("unmapped");
        unmapped.encoded("auscult", &told.extension);
        unmapped.end();
        record.end();
        Ok(())
    })
}

/// The device is no longer kept.
pub(crate) fn forgotten(
    envelope: &Envelope<'_>,
    device: DeviceId,
) -> Result<PublicRecord, serde_json::Error> {
    let common = envelope.common((4, "Delete"), Severity::Informational);
    let mut room = Vec::with_capacity(2_048);
    envelope.write(&mut room, |room| {
        let mut record = Object::like(room, &common)?;
        record.member("comment", "gone for so long that it is no longer kept")?;
        entity(&mut record, "entity", device, None)?;
        record.end();
        Ok(())
    })
}
