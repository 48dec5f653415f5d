//! What controls leave open.

use crate::document::{ControlEntry, ControlKind};
use crate::graph::{Device, Graph};

impl Graph {
    /// Share of the attempts that a control stops.
    pub(crate) fn strength(&self, control: &ControlEntry) -> f64 {
        let c = &self.policy.control;
        let verified = match control.kind {
            ControlKind::Patch => c.patch,
            ControlKind::VirtualPatch => c.virtual_patch,
            ControlKind::CloseService => c.close_service,
            ControlKind::DenySources => c.deny_sources,
            ControlKind::Microsegment => c.microsegment,
            ControlKind::CutLink => c.cut_link,
            ControlKind::RemoveEntry => c.remove_entry,
        };
        verified * if control.verified { 1.0 } else { c.unverified }
    }

    /// Remembers a control without applying it; false when it was there.
    pub(crate) fn keep_control(&mut self, control: &ControlEntry) -> bool {
        let device = match control.kind {
            ControlKind::CutLink => String::new(),
            _ => control.device.clone().unwrap_or_default(),
        };
        self.controls
            .entry(device)
            .or_default()
            .insert(control.clone())
    }

    /// Forgets a control without undoing it; false when it was not there.
    pub(crate) fn drop_control(&mut self, control: &ControlEntry) -> bool {
        let device = match control.kind {
            ControlKind::CutLink => "",
            _ => control.device.as_deref().unwrap_or_default(),
        };
        self.controls
            .get_mut(device)
            .is_some_and(|controls| controls.remove(control))
    }

    /// What the controls on a device that `stops` picks, its own and wider ones, leave open: prod(1 - strength).
    pub(super) fn left(&self, device: &Device, stops: impl Fn(&ControlEntry) -> bool) -> f64 {
        [&*device.id, ""]
            .into_iter()
            .filter_map(|device| self.controls.get(device))
            .flatten()
            .filter(|control| control.concerns(&device.entry) && stops(control))
            .map(|control| 1.0 - self.strength(control))
            .product()
    }

    /// Whether a measure switches a service of a device off: one of a wider scope does so only where nobody was seen using it.
    pub(crate) fn switches_off(&self, device: &Device, control: &ControlEntry, id: &str) -> bool {
        control.kind == ControlKind::CloseService
            && control.service.as_deref() == Some(id)
            && (control.device.is_some() || {
                let service = self.service_by_id.get(id);
                !device
                    .served
                    .iter()
                    .any(|talk| Some(&talk.service) == service)
            })
    }

    /// Sets what cut-link controls leave of one link.
    pub(crate) fn apply_link_control(&mut self, slot: u32) {
        let link = &self.links[slot as usize];
        let group = &self.groups[link.group as usize];
        let name = (
            &*self.segments[link.from as usize].id,
            &*self.segments[group.segment as usize].id,
            &*self.services[group.service as usize].0,
        );
        let cuts = |control: &&ControlEntry| {
            control.kind == ControlKind::CutLink
                && (
                    control.from.as_deref().unwrap_or_default(),
                    control.to.as_deref().unwrap_or_default(),
                    control.service.as_deref().unwrap_or_default(),
                ) == name
        };
        let left = self
            .controls
            .get("")
            .into_iter()
            .flatten()
            .filter(cuts)
            .map(|control| 1.0 - self.strength(control))
            .product();
        let group = self.links[slot as usize].group;
        self.links[slot as usize].left = left;
        self.stir.groups.insert(group);
        self.stir.links.insert(slot);
    }
}

impl Device {
    /// Whether a device offers a service: listed, named by a weakness, or seen used.
    pub(crate) fn offers(&self, graph: &Graph, id: &str) -> bool {
        let listed = self.entry.services.iter().any(|own| own.id == id);
        let mut named = self.entry.weaknesses.iter().flatten();
        let service = graph.service_by_id.get(id);
        listed
            || named.any(|own| own.service.as_deref() == Some(id))
            || self
                .served
                .iter()
                .any(|talk| Some(&talk.service) == service)
    }
}
