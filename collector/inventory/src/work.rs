//! What one batch has done so far: which records to write, what to tell. Empty between batches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use auscult_proto::ids::{Incarnation, SensorId};
use auscult_proto::observation::Millis;

use crate::event::{Cause, Changes, Counts, DeviceSnapshot, Event, EventKind, FieldChange, Status};
use crate::id::{ConversationId, DeviceId};
use crate::inventory::SiteInventory;
use crate::realm::RealmId;
use crate::state;

/// Most differences named in one event; the record has them all.
const CHANGES: usize = 64;

/// A difference's field and, where a field has many values, which.
type ChangeKey = (&'static str, String);

/// What is due for one device at the end of the batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Due {
    pub(crate) fresh: bool,
    pub(crate) record: bool,
    pub(crate) time: Millis,
    pub(crate) changes: BTreeMap<(String, String), (Option<String>, Option<String>)>,
}

/// Something to tell, before devices are as they will be at the end of the batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Happening {
    New(DeviceId),
    Idle(DeviceId),
    Returned(DeviceId, Status),
    Gone(DeviceId),
    Merged { into: DeviceId, absorbed: DeviceId },
    Forgotten(DeviceId),
    Sensor(EventKind),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Work {
    pub(crate) counts: Counts,
    /// Time of the observation being folded.
    pub(crate) now: Millis,
    pub(crate) site: bool,
    /// Routing domains grew: addresses are to be settled anew.
    pub(crate) domains_differ: bool,
    pub(crate) realms: BTreeSet<RealmId>,
    pub(crate) positions: BTreeSet<(SensorId, Incarnation)>,
    pub(crate) devices: BTreeSet<DeviceId>,
    pub(crate) conversations: BTreeSet<ConversationId>,
    pub(crate) due: BTreeMap<DeviceId, Due>,
    pub(crate) happened: Vec<(Millis, u64, Happening)>,
    /// Devices that were there before this batch and ended in it. One that comes back is not new to readers.
    pub(crate) ended: BTreeSet<DeviceId>,
    /// Devices of this batch that became part of others.
    pub(crate) absorbed: BTreeMap<DeviceId, DeviceId>,
}

impl SiteInventory {
    /// The public form of a device is different.
    pub(crate) fn note_record(&mut self, id: DeviceId) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        device.revision = device.revision.saturating_add(1);
        device.published = device.last_seen;
        self.work.devices.insert(id);
        let due = self.work.due.entry(id).or_default();
        due.record = true;
        due.time = self.work.now;
    }

    /// A difference worth an event of its own. `which` tells apart the values of a field that has many.
    pub(crate) fn note_change(
        &mut self,
        id: DeviceId,
        (field, which): (impl Into<String>, String),
        before: Option<String>,
        after: Option<String>,
    ) {
        self.note_record(id);
        if let Some(due) = self.work.due.get_mut(&id)
            && !due.fresh
        {
            due.changes
                .entry((field.into(), which))
                .and_modify(|(_, last)| last.clone_from(&after))
                .or_insert((before, after));
        }
    }

    /// A value of a field with many values came or went.
    pub(crate) fn note_element(
        &mut self,
        id: DeviceId,
        field: &'static str,
        value: String,
        came: bool,
    ) {
        let key: ChangeKey = (field, value.clone());
        let (before, after) = if came {
            (None, Some(value))
        } else {
            (Some(value), None)
        };
        self.note_change(id, key, before, after);
    }

    /// A device is no more.
    pub(crate) fn note_end(&mut self, id: DeviceId) {
        self.work.devices.insert(id);
        if !self.work.due.get(&id).is_some_and(|due| due.fresh) {
            self.work.ended.insert(id);
        }
    }

    pub(crate) fn happened(&mut self, time: Millis, revision: u64, what: Happening) {
        self.work.happened.push((time, revision, what));
    }

    /// Ends the batch: encodes what is to be written, tells what is to be told.
    pub(crate) fn finish(&mut self, cause: &Cause) -> Changes {
        let work = std::mem::take(&mut self.work);
        let state = state::encode(self, &work);
        let counts = work.counts;
        let events = Telling {
            inventory: self,
            cause,
            snapshots: BTreeMap::new(),
            events: Vec::new(),
        }
        .tell(work);
        Changes {
            state,
            events,
            counts,
        }
    }
}

/// Turns what happened into events.
struct Telling<'a> {
    inventory: &'a SiteInventory,
    cause: &'a Cause,
    snapshots: BTreeMap<DeviceId, Arc<DeviceSnapshot>>,
    events: Vec<Event>,
}

impl Telling<'_> {
    fn tell(mut self, work: Work) -> Vec<Event> {
        let fresh = |id: &DeviceId| work.due.get(id).is_some_and(|due| due.fresh);
        for (time, revision, what) in work.happened {
            let kind = match what {
                Happening::Sensor(kind) => Some(kind),
                Happening::New(id) => self.snapshot(id).map(EventKind::DeviceNew),
                Happening::Idle(id) => self.snapshot(id).map(EventKind::DeviceIdle),
                Happening::Gone(id) => self.snapshot(id).map(EventKind::DeviceGone),
                Happening::Returned(id, was) => self
                    .snapshot(id)
                    .map(|device| EventKind::DeviceReturned { device, was }),
                // Nobody was ever told of a device that came and went within one batch.
                Happening::Merged { absorbed, .. } if fresh(&absorbed) => None,
                Happening::Merged { into, absorbed } => {
                    let mut into = into;
                    while let Some(further) = work.absorbed.get(&into) {
                        into = *further;
                    }
                    self.snapshot(into)
                        .map(|device| EventKind::DeviceMerged { device, absorbed })
                }
                Happening::Forgotten(device) if fresh(&device) => None,
                Happening::Forgotten(device) => Some(EventKind::DeviceForgotten { device }),
            };
            if let Some(kind) = kind {
                self.push(time, revision, kind);
            }
        }
        for (id, due) in work.due {
            let Some(device) = self.snapshot(id) else {
                continue;
            };
            let revision = device.revision;
            let changes = changes(due.changes);
            if !changes.is_empty() {
                let device = Arc::clone(&device);
                self.push(
                    due.time,
                    revision,
                    EventKind::DeviceChanged { device, changes },
                );
            }
            if due.record {
                self.push(due.time, revision, EventKind::InventoryRecord(device));
            }
        }
        self.events
    }

    fn push(&mut self, time: Millis, revision: u64, kind: EventKind) {
        self.events.push(Event {
            site: self.inventory.site().clone(),
            time,
            revision,
            cause: self.cause.clone(),
            kind,
        });
    }

    fn snapshot(&mut self, id: DeviceId) -> Option<Arc<DeviceSnapshot>> {
        if let Some(snapshot) = self.snapshots.get(&id) {
            return Some(Arc::clone(snapshot));
        }
        let device = self.inventory.devices.get(&id)?;
        let snapshot = Arc::new(self.inventory.snapshot(device));
        self.snapshots.insert(id, Arc::clone(&snapshot));
        Some(snapshot)
    }
}

fn changes(
    noted: BTreeMap<(String, String), (Option<String>, Option<String>)>,
) -> Vec<FieldChange> {
    noted
        .into_iter()
        .filter(|(_, (before, after))| before != after)
        .map(|((field, _), (before, after))| FieldChange {
            field,
            before,
            after,
        })
        .take(CHANGES)
        .collect()
}
