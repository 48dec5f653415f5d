//! A small ward, followed through what can happen to it.

mod decisions;
mod flaw;
mod follow;
mod lives;
mod property;
mod spread;

use std::collections::BTreeMap;

use auscult_intel::vulnerability::Vulnerability;
use auscult_inventory::{Contact, ConversationId, DeviceId};
use auscult_proto::Service;
use auscult_risk::Policy;
use bytes::Bytes;

pub(crate) use self::flaw::{flaw, with_kev};
use crate::*;

pub(crate) const START: i64 = 1_790_000_000_000;

pub(crate) fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}

pub(crate) fn name(n: u8) -> String {
    device(n).to_string()
}

fn facts(class: &str, segment: &str) -> DeviceFacts {
    DeviceFacts {
        active: true,
        segment: segment.to_owned(),
        class: class.to_owned(),
        hypotheses: Vec::new(),
        services: Vec::new(),
        stated: Vec::new(),
    }
}

fn view(n: u8, facts: DeviceFacts) -> DeviceView {
    DeviceView {
        id: device(n),
        facts,
        label: Label {
            name: Some(format!("device {n}")),
            ..Label::default()
        },
    }
}

/// A workstation where people read mail.
pub(crate) fn workstation(n: u8) -> DeviceView {
    view(n, facts("workstation", "office"))
}

/// A pump with a web service on port 9000.
pub(crate) fn pump(n: u8, version: &str) -> DeviceView {
    view(
        n,
        DeviceFacts {
            hypotheses: vec![Hypothesis {
                eighths: 8,
                vendor: "ICU Medical".to_owned(),
                product: "Plum 360".to_owned(),
                version: Some(version.to_owned()),
            }],
            services: vec![ServiceView {
                ip_protocol: 6,
                port: 9_000,
                name: None,
            }],
            ..facts("infusion_pump", "ward")
        },
    )
}

pub(crate) fn talk(client: u8, server: u8, port: u16) -> Contact {
    Contact {
        client: Some(device(client)),
        server: Some(device(server)),
        outside: false,
        ip_protocol: 6,
        port,
        service: Service::Unspecified,
        one_way: false,
    }
}

/// With EPSS of a day, counted from 1970-01-01.
pub(crate) fn with_epss(flaw: Vulnerability, day: i64, probability: f64) -> Vulnerability {
    flaw::with_epss(flaw, day * 86_400_000, (probability * 1e9) as u32)
}

/// A site with its log, so to say.
pub(crate) struct World {
    pub(crate) findings: SiteFindings,
    pub(crate) knowledge: Knowledge,
    pub(crate) weights: Weights,
    pub(crate) clock: i64,
    /// The changelog, compacted.
    pub(crate) log: BTreeMap<Bytes, Bytes>,
    devices: BTreeMap<DeviceId, DeviceView>,
    contacts: BTreeMap<ConversationId, Contact>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            findings: SiteFindings::new("main".parse().unwrap(), Ledger::default()),
            knowledge: Knowledge::default(),
            weights: Weights::new(Policy::published().unwrap()),
            clock: START,
            log: BTreeMap::new(),
            devices: BTreeMap::new(),
            contacts: BTreeMap::new(),
        }
    }

    /// Two workstations in the office, of which one maintains three pumps of the ward.
    pub(crate) fn ward() -> Self {
        let mut world = Self::new();
        for known in [flaw("CVE-2026-1001"), flaw("CVE-2026-1002")] {
            world.knowledge.take(with_epss(known, 20_000, 0.004));
        }
        world.knowledge.settle();
        let devices = vec![
            workstation(1),
            workstation(2),
            pump(3, "15.1"),
            pump(4, "15.1"),
            pump(5, "15.1"),
        ];
        world.see(devices.into_iter().map(|it| (it.id, Some(it))).collect());
        world.talks((3..=5).map(|n| (n, Some(talk(1, n, 9_000)))).collect());
        world
    }

    pub(crate) fn see(&mut self, devices: Vec<(DeviceId, Option<DeviceView>)>) {
        for (id, view) in &devices {
            match view {
                Some(view) => drop(self.devices.insert(*id, view.clone())),
                None => drop(self.devices.remove(id)),
            }
        }
        self.findings.apply(Delta {
            clock: self.clock,
            devices,
            contacts: Vec::new(),
        });
    }

    pub(crate) fn talks(&mut self, contacts: Vec<(u8, Option<Contact>)>) {
        let contacts: Vec<_> = contacts
            .into_iter()
            .map(|(n, it)| (ConversationId::from_bytes([n; 16]), it))
            .collect();
        for (id, contact) in &contacts {
            match contact {
                Some(contact) => drop(self.contacts.insert(*id, *contact)),
                None => drop(self.contacts.remove(id)),
            }
        }
        self.findings.apply(Delta {
            clock: self.clock,
            devices: Vec::new(),
            contacts,
        });
    }

    pub(crate) fn states(&mut self, flaw: Vulnerability) {
        self.knowledge.take(flaw);
        self.knowledge.settle();
    }

    pub(crate) fn write(&mut self, (key, value): LedgerRecord) {
        match value {
            Some(value) => drop(self.log.insert(key, value)),
            None => drop(self.log.remove(&key)),
        }
    }

    /// Assesses, and commits all of it.
    pub(crate) fn told(&mut self) -> Vec<Telling> {
        let verdict = self
            .findings
            .assess(&self.knowledge, &self.weights)
            .unwrap()
            .unwrap_or_default();
        let mut told = Vec::new();
        for (telling, record) in verdict.tellings {
            told.push(telling);
            self.write(record);
        }
        for record in verdict.inputs {
            self.write(record);
        }
        told
    }

    /// Everything in memory is gone; the log is not.
    pub(crate) fn restart(&mut self) {
        let ledger = Ledger::restore(self.log.clone()).unwrap();
        self.findings = SiteFindings::new("main".parse().unwrap(), ledger);
        self.findings.apply(self.delta());
    }

    /// All that the inventory says.
    pub(crate) fn delta(&self) -> Delta {
        Delta {
            clock: self.clock,
            devices: self
                .devices
                .iter()
                .map(|(id, view)| (*id, Some(view.clone())))
                .collect(),
            contacts: self
                .contacts
                .iter()
                .map(|(id, contact)| (*id, Some(*contact)))
                .collect(),
        }
    }
}

/// What was told, in words: activity, finding, kinds of changes named.
pub(crate) fn words(told: &[Telling]) -> Vec<String> {
    told.iter()
        .map(|it| {
            let kinds: Vec<String> = it
                .cause
                .changes
                .iter()
                .map(|change| format!("{:?}", change.kind))
                .collect();
            format!("{:?} {} {}", it.activity, it.uid, kinds.join(","))
        })
        .collect()
}
