//! JSON to [`Document`], with every fault and its JSON path at once.
//!
//! A good file is read in one typed pass. Only when that fails is the file read again as a tree, and each element is tried alone
//! so that the second fault is not hidden behind the first; what decodes is then checked for what it means.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::{
    ControlEntry, ConversationEntry, DecisionEntry, DeviceEntry, Document, FORMAT, LinkEntry,
    SegmentEntry, Vulnerability,
};
use crate::fault::{Fault, Faults};

/// Reads a site file.
///
/// # Errors
/// Every fault of shape: not JSON, unknown or missing keys, wrong types; then also those of meaning that the rest shows, but for
/// weaknesses that nothing describes, which intelligence may do. Of a file whose shape is good they come from [`crate::Site::try_from`].
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
    let rest = walk(tree, &mut faults);
    if faults.is_empty() {
        faults.push(Fault::new("$", first.to_string()));
    }
    if let Some(rest) = rest {
        faults.extend(crate::site::rest_faults(&rest));
    }
    Err(crate::site::listed(faults))
}

/// What of a faulty file decodes, so that what it means is checked all the same.
pub(crate) struct Rest {
    pub(crate) document: Document,
    /// By the key of a list: where in the file its elements are.
    pub(crate) places: BTreeMap<&'static str, Vec<usize>>,
    /// Names of segments and devices that do not decode: they are there.
    pub(crate) named: BTreeSet<String>,
}

fn walk(tree: Value, faults: &mut Vec<Fault>) -> Option<Rest> {
    let Value::Object(mut top) = tree else {
        faults.push(Fault::new("$", "is not an object"));
        return None;
    };
    let mut rest = Rest {
        document: Document {
            format: FORMAT.to_owned(),
            site: String::new(),
            time: "1970-01-01".to_owned(),
            segments: Vec::new(),
            vulnerabilities: BTreeMap::new(),
            devices: Vec::new(),
            conversations: Vec::new(),
            segment_links: Vec::new(),
            controls: Vec::new(),
            decisions: Vec::new(),
            policy: None,
        },
        places: BTreeMap::new(),
        named: BTreeSet::new(),
    };
    let segments = list(&mut top, "segments", &mut rest, |value, path| {
        attempt::<SegmentEntry>(value, path, faults)
    });
    let mut vulnerabilities = BTreeMap::new();
    if let Some(value) = top.get_mut("vulnerabilities")
        && let Value::Object(entries) = value
    {
        for (id, entry) in std::mem::take(entries) {
            let path = format!("$.vulnerabilities[{id:?}]");
            if let Some(known) = attempt::<Vulnerability>(entry, &path, faults) {
                vulnerabilities.insert(id, known);
            }
        }
    }
    let devices = list(&mut top, "devices", &mut rest, |value, path| {
        walk_device(value, path, faults)
    });
    let conversations = list(&mut top, "conversations", &mut rest, |value, path| {
        attempt::<ConversationEntry>(value, path, faults)
    });
    let links = list(&mut top, "segment_links", &mut rest, |value, path| {
        attempt::<LinkEntry>(value, path, faults)
    });
    let controls = list(&mut top, "controls", &mut rest, |value, path| {
        attempt::<ControlEntry>(value, path, faults)
    });
    let decisions = list(&mut top, "decisions", &mut rest, |value, path| {
        attempt::<DecisionEntry>(value, path, faults)
    });
    // What is left is the frame with empty lists: its own keys and types.
    if let Some(frame) = attempt::<Document>(Value::Object(top), "$", faults) {
        rest.document = frame;
    }
    let document = &mut rest.document;
    document.segments = segments;
    document.vulnerabilities = vulnerabilities;
    document.devices = devices;
    document.conversations = conversations;
    document.segment_links = links;
    document.controls = controls;
    document.decisions = decisions;
    Some(rest)
}

/// Takes the elements of a list at the top, those that decode, and leaves an empty list behind.
fn list<T>(
    top: &mut serde_json::Map<String, Value>,
    key: &'static str,
    rest: &mut Rest,
    mut read: impl FnMut(Value, &str) -> Option<T>,
) -> Vec<T> {
    let mut read_ones = Vec::new();
    if let Some(Value::Array(items)) = top.get_mut(key) {
        for (at, item) in std::mem::take(items).into_iter().enumerate() {
            let id = item.get("id").and_then(Value::as_str).map(str::to_owned);
            match read(item, &format!("$.{key}[{at}]")) {
                Some(one) => {
                    read_ones.push(one);
                    rest.places.entry(key).or_default().push(at);
                }
                None => rest.named.extend(id),
            }
        }
    }
    read_ones
}

fn walk_device(device: Value, path: &str, faults: &mut Vec<Fault>) -> Option<DeviceEntry> {
    use crate::document::{EntryPoint, Identity, ServiceEntry, WeaknessEntry};
    let Value::Object(mut fields) = device else {
        faults.push(Fault::new(path, "is not an object"));
        return None;
    };
    let identities = elements::<Identity>(&mut fields, path, "identities", faults);
    let services = elements::<ServiceEntry>(&mut fields, path, "services", faults);
    let weaknesses = elements::<WeaknessEntry>(&mut fields, path, "weaknesses", faults);
    let clinical = fields
        .remove("clinical")
        .and_then(|own| attempt(own, &format!("{path}.clinical"), faults));
    let entry = fields.remove("entry").and_then(|own| {
        attempt::<Option<EntryPoint>>(own, &format!("{path}.entry"), faults).flatten()
    });
    let own = attempt::<DeviceEntry>(Value::Object(fields), path, faults)?;
    Some(DeviceEntry {
        identities,
        services,
        clinical: clinical.unwrap_or_default(),
        entry,
        weaknesses: own.weaknesses.map(|_| weaknesses),
        ..own
    })
}

/// Tries each element of the list under `key` alone and leaves an empty list behind. Where one does not decode, none is given: places
/// in the list would be others.
fn elements<T: DeserializeOwned>(
    fields: &mut serde_json::Map<String, Value>,
    path: &str,
    key: &str,
    faults: &mut Vec<Fault>,
) -> Vec<T> {
    let Some(Value::Array(items)) = fields.get_mut(key) else {
        return Vec::new();
    };
    let items = std::mem::take(items).into_iter().enumerate();
    let tried: Vec<Option<T>> = items
        .map(|(at, item)| attempt(item, &format!("{path}.{key}[{at}]"), faults))
        .collect();
    let whole: Option<Vec<T>> = tried.into_iter().collect();
    whole.unwrap_or_default()
}

/// Reads one element. A key that it does not have is a fault, and left out, so that the next fault is found too.
fn attempt<T: DeserializeOwned>(
    mut value: Value,
    path: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    loop {
        let problem = match T::deserialize(&value) {
            Ok(read) => return Some(read),
            Err(error) => error.to_string(),
        };
        let unknown = problem.strip_prefix("unknown field `");
        let unknown = unknown.and_then(|rest| Some(rest.split_once('`')?.0.to_owned()));
        faults.push(Fault::new(path, problem));
        let fields = value.as_object_mut();
        let left_out = unknown.and_then(|key| fields?.remove(&key));
        left_out?;
    }
}
