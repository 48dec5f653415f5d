//! A site as the standards ask about it: from where a service is reached, and what its device means for care.

use std::collections::{BTreeMap, BTreeSet};

use auscult_intel::ssvc::{self, HumanImpact, MissionImpact, SafetyImpact};
use auscult_risk::Policy;
use auscult_risk::document::{
    ControlKind, DataClass, DeviceEntry, Document, LinkEvidence, Mission, Safety, ServiceEvidence,
};

/// From where a service is reached, narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// It is not seen up.
    Down,
    /// From its own segment.
    Segment,
    /// From another segment, or from an entry.
    Site,
}

/// A site as the standards ask about it.
pub(crate) struct SiteView<'a> {
    policy: &'a Policy,
    pub(super) devices: BTreeMap<&'a str, &'a DeviceEntry>,
    /// (device, service) that somebody used.
    used: BTreeSet<(&'a str, &'a str)>,
    /// ... somebody of another segment, or an entry.
    used_from_afar: BTreeSet<(&'a str, &'a str)>,
    /// (segment, service) that another segment can reach.
    open: BTreeSet<(&'a str, &'a str)>,
    closed: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> SiteView<'a> {
    pub(super) fn of(document: &'a Document, policy: &'a Policy) -> Self {
        let refuted: BTreeSet<(&str, &str, &str)> = document
            .segment_links
            .iter()
            .filter(|link| link.evidence == LinkEvidence::Refuted)
            .map(|link| (link.from.as_str(), link.to.as_str(), link.service.as_str()))
            .collect();
        let mut view = Self::empty(policy);
        let devices = document.devices.iter();
        view.devices = devices.map(|device| (device.id.as_str(), device)).collect();
        for talk in &document.conversations {
            let (Some(client), Some(server)) = (
                view.devices.get(talk.client.as_str()).copied(),
                view.devices.get(talk.server.as_str()).copied(),
            ) else {
                continue;
            };
            let (from, to) = (client.segment.as_str(), server.segment.as_str());
            let service = talk.service.as_str();
            view.uses(client, server, service);
            if !refuted.contains(&(from, to, service)) {
                view.crosses(client, server, service);
            }
        }
        for link in &document.segment_links {
            if matches!(link.evidence, LinkEvidence::Seen | LinkEvidence::Rule) {
                view.open.insert((&link.to, &link.service));
            }
        }
        for control in document.controls.iter().filter(|it| it.verified) {
            let (ControlKind::CloseService, Some(service)) = (control.kind, &control.service)
            else {
                continue;
            };
            let closed = document.devices.iter().filter(|device| {
                // One of a wider scope leaves the service where it is used.
                let used = view.used.contains(&(device.id.as_str(), service.as_str()));
                control.concerns(device) && (control.device.is_some() || !used)
            });
            let closed: Vec<&str> = closed.map(|device| device.id.as_str()).collect();
            view.closed
                .extend(closed.into_iter().map(|id| (id, service.as_str())));
        }
        view
    }

    pub(super) fn empty(policy: &'a Policy) -> Self {
        Self {
            policy,
            devices: BTreeMap::new(),
            used: BTreeSet::new(),
            used_from_afar: BTreeSet::new(),
            open: BTreeSet::new(),
            closed: BTreeSet::new(),
        }
    }

    /// Somebody was seen using a service.
    pub(super) fn uses(
        &mut self,
        client: &'a DeviceEntry,
        server: &'a DeviceEntry,
        service: &'a str,
    ) {
        self.used.insert((&server.id, service));
        if client.segment != server.segment || client.entry.is_some() {
            self.used_from_afar.insert((&server.id, service));
        }
    }

    /// A conversation shows what another segment can reach.
    pub(super) fn crosses(
        &mut self,
        client: &'a DeviceEntry,
        server: &'a DeviceEntry,
        service: &'a str,
    ) {
        if client.segment != server.segment {
            self.open.insert((&server.segment, service));
        }
    }

    pub(super) fn reach(&self, device: &DeviceEntry, service: Option<&str>) -> Reach {
        let own: Vec<&str> = match service {
            Some(service) => vec![service],
            None => {
                let listed = device.services.iter().map(|service| service.id.as_str());
                let used = self.used.range((device.id.as_str(), "")..);
                let used = used.take_while(|(server, _)| *server == device.id);
                listed.chain(used.map(|(_, service)| *service)).collect()
            }
        };
        let reached = own.iter().map(|service| self.reach_of(device, service));
        reached.max().unwrap_or(Reach::Down)
    }

    fn reach_of(&self, device: &DeviceEntry, service: &str) -> Reach {
        let id = device.id.as_str();
        if self.closed.contains(&(id, service)) {
            return Reach::Down;
        }
        let evidence = device.services.iter().find(|own| own.id == service);
        let seen = evidence.is_some_and(|own| {
            matches!(
                own.evidence,
                ServiceEvidence::Served | ServiceEvidence::Banner
            )
        });
        if !seen && !self.used.contains(&(id, service)) {
            Reach::Down
        } else if device.entry.is_some()
            || self.used_from_afar.contains(&(id, service))
            || self.open.contains(&(device.segment.as_str(), service))
        {
            Reach::Site
        } else {
            Reach::Segment
        }
    }

    /// Safety, mission and data classes of the device's class.
    fn defaults(&self, device: Option<&DeviceEntry>) -> Option<(Safety, Mission, &'a [DataClass])> {
        let class = device.and_then(|device| {
            let likeliest = device
                .identities
                .iter()
                .filter(|identity| identity.class.is_some())
                .max_by(|a, b| a.probability.total_cmp(&b.probability));
            let of_identity = likeliest.and_then(|identity| identity.class.as_deref());
            device.clinical.class.as_deref().or(of_identity)
        });
        let classes = &self.policy.classes;
        let class = class
            .and_then(|class| classes.get(class))
            .or_else(|| classes.get("unknown"))?;
        Some((class.safety, class.mission, &class.data))
    }

    pub(super) fn data(&self, device: Option<&'a DeviceEntry>) -> &'a [DataClass] {
        let own = device.and_then(|device| device.clinical.data_classes.as_deref());
        let class = self.defaults(device).map(|(_, _, data)| data);
        own.or(class).unwrap_or_default()
    }

    pub(super) fn human_impact(&self, device: Option<&DeviceEntry>) -> HumanImpact {
        let class = self.defaults(device);
        let own = device.map(|device| &device.clinical);
        let safety = own.and_then(|own| own.safety).or(class.map(|it| it.0));
        let mission = own.and_then(|own| own.mission).or(class.map(|it| it.1));
        let safety = match safety {
            Some(Safety::Negligible) => SafetyImpact::Negligible,
            Some(Safety::Critical) => SafetyImpact::Critical,
            Some(Safety::Catastrophic) => SafetyImpact::Catastrophic,
            Some(Safety::Marginal) | None => SafetyImpact::Marginal,
        };
        let mission = match mission {
            Some(Mission::None) => MissionImpact::Degraded,
            Some(Mission::Essential) => MissionImpact::MefFailure,
            Some(Mission::Support) | None => MissionImpact::SupportCrippled,
        };
        ssvc::human_impact(safety, mission)
    }
}
