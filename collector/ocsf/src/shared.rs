//! What the records of one change have in common: a device is encoded once for all that tell of it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use auscult_inventory::{DeviceId, DeviceSnapshot};
use auscult_proto::ids::SiteId;
use serde::Serialize;

use crate::Context;
use crate::device::Device;
use crate::extension::Extension;

/// A device of a site as records have it, in JSON.
#[derive(Debug)]
pub(crate) struct Told {
    /// OCSF `device`.
    pub(crate) object: Box<[u8]>,
    /// `unmapped.auscult`.
    pub(crate) extension: Box<[u8]>,
    site: SiteId,
    of: Arc<DeviceSnapshot>,
}

/// Devices that have been encoded, and room to write the next record in.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    told: BTreeMap<DeviceId, Told>,
    room: Vec<u8>,
}

impl Shared {
    /// A device, encoded now unless this very snapshot of it was before, and the room.
    pub(crate) fn device(
        &mut self,
        device: &Arc<DeviceSnapshot>,
        site: &SiteId,
        context: &Context,
    ) -> Result<(&Told, &mut Vec<u8>), serde_json::Error> {
        let known = |told: &Told| Arc::ptr_eq(&told.of, device) && told.site == *site;
        if !self.told.get(&device.id).is_some_and(known) {
            self.told.remove(&device.id);
        }
        let told = match self.told.entry(device.id) {
            Entry::Occupied(told) => told.into_mut(),
            Entry::Vacant(place) => place.insert(Told {
                object: encode(&mut self.room, &Device::of(device, site, context))?,
                extension: encode(&mut self.room, &Extension::of(device, site))?,
                site: site.clone(),
                of: Arc::clone(device),
            }),
        };
        Ok((told, &mut self.room))
    }
}

/// Written in `room`, and kept without it.
fn encode(room: &mut Vec<u8>, value: &impl Serialize) -> Result<Box<[u8]>, serde_json::Error> {
    room.clear();
    serde_json::to_writer(&mut *room, value)?;
    Ok(room.as_slice().into())
}
