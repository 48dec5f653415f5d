//! JSON to [`Document`], with every fault and its JSON path at once.
//!
//! A good file is read in one typed pass. Only when that fails is the file read again as a tree, and each element is tried alone
//! so that the second fault is not hidden behind the first.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::{
    ControlEntry, ConversationEntry, DecisionEntry, DeviceEntry, Document, LinkEntry, SegmentEntry,
    Vulnerability,
};
use crate::fault::{Fault, Faults};

/// Reads a site file.
///
/// # Errors
/// Every fault of shape: not JSON, unknown or missing keys, wrong types. Faults of meaning come from [`crate::Site::try_from`].
pub fn document(json: &[u8]) -> Result<Document, Faults> {
    let first = match serde_json::from_slice::<Document>(json) {
        Ok(document) => return Ok(document),
        Err(error) => error,
    };
    let tree = match serde_json::from_slice::<Value>(json) {
        Ok(tree) => tree,
        Err(error) => return Err(Faults::one("$", format!("is not JSON: {error}"))),
    };
    let mut faults = Vec::new();
    walk(tree, &mut faults);
    if faults.is_empty() {
        faults.push(Fault::new("$", first.to_string()));
    }
    Err(Faults::from(faults))
}

fn walk(tree: Value, faults: &mut Vec<Fault>) {
    let Value::Object(mut top) = tree else {
        faults.push(Fault::new("$", "is not an object"));
        return;
    };
    elements::<SegmentEntry>(&mut top, "$", "segments", faults);
    if let Some(value) = top.get_mut("vulnerabilities")
        && let Value::Object(entries) = value
    {
        for (id, entry) in std::mem::take(entries) {
            attempt::<Vulnerability>(entry, &format!("$.vulnerabilities[{id:?}]"), faults);
        }
    }
    if let Some(Value::Array(devices)) = top.get_mut("devices") {
        for (at, device) in std::mem::take(devices).into_iter().enumerate() {
            walk_device(device, &format!("$.devices[{at}]"), faults);
        }
    }
    elements::<ConversationEntry>(&mut top, "$", "conversations", faults);
    elements::<LinkEntry>(&mut top, "$", "segment_links", faults);
    elements::<ControlEntry>(&mut top, "$", "controls", faults);
    elements::<DecisionEntry>(&mut top, "$", "decisions", faults);
    // What is left is the frame with empty lists: its own keys and types.
    attempt::<Document>(Value::Object(top), "$", faults);
}

fn walk_device(device: Value, path: &str, faults: &mut Vec<Fault>) {
    use crate::document::{ClinicalEntry, EntryPoint, Identity, ServiceEntry, WeaknessEntry};
    let Value::Object(mut fields) = device else {
        faults.push(Fault::new(path, "is not an object"));
        return;
    };
    elements::<Identity>(&mut fields, path, "identities", faults);
    elements::<ServiceEntry>(&mut fields, path, "services", faults);
    elements::<WeaknessEntry>(&mut fields, path, "weaknesses", faults);
    if let Some(clinical) = fields.remove("clinical") {
        attempt::<ClinicalEntry>(clinical, &format!("{path}.clinical"), faults);
    }
    if let Some(entry) = fields.remove("entry") {
        attempt::<Option<EntryPoint>>(entry, &format!("{path}.entry"), faults);
    }
    attempt::<DeviceEntry>(Value::Object(fields), path, faults);
}

/// Tries each element of the list under `key` alone and leaves an empty list behind.
fn elements<T: DeserializeOwned>(
    fields: &mut serde_json::Map<String, Value>,
    path: &str,
    key: &str,
    faults: &mut Vec<Fault>,
) {
    if let Some(Value::Array(items)) = fields.get_mut(key) {
        for (at, item) in std::mem::take(items).into_iter().enumerate() {
            attempt::<T>(item, &format!("{path}.{key}[{at}]"), faults);
        }
    }
}

fn attempt<T: DeserializeOwned>(value: Value, path: &str, faults: &mut Vec<Fault>) {
    if let Err(error) = serde_json::from_value::<T>(value) {
        faults.push(Fault::new(path, error.to_string()));
    }
}
