//! What it costs when a device is taken: SSVC human impact, use, fallback, data.

use crate::document::{ClinicalEntry, DataClass, DeviceEntry, Mission, Safety};
use crate::policy::Policy;

/// SSVC human impact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HumanImpact {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Very high.
    VeryHigh,
}

/// The SSVC human impact table 1.0.0 (CERT/CC), missions up to "MEF failure".
pub fn human_impact(safety: Safety, mission: Mission) -> HumanImpact {
    match (safety, mission) {
        (Safety::Negligible | Safety::Marginal, Mission::None | Mission::Support) => {
            HumanImpact::Low
        }
        (Safety::Negligible | Safety::Marginal, Mission::Essential) => HumanImpact::Medium,
        (Safety::Critical, Mission::None) => HumanImpact::Medium,
        (Safety::Critical, Mission::Support | Mission::Essential) => HumanImpact::High,
        (Safety::Catastrophic, _) => HumanImpact::VeryHigh,
    }
}

/// A device's impact and what it was made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Impact {
    pub human: HumanImpact,
    pub level: f64,
    pub in_use: f64,
    pub fallback: bool,
    pub records: u64,
    /// level x use x (1.5 without fallback) + records term.
    pub total: f64,
    pub benefit: f64,
}

/// Class of a device: named, or that of its likeliest identity.
pub(crate) fn class_of(device: &DeviceEntry) -> Option<&str> {
    device.clinical.class.as_deref().or_else(|| {
        device
            .identities
            .iter()
            .filter(|identity| identity.class.is_some())
            .max_by(|a, b| a.probability.total_cmp(&b.probability))
            .and_then(|identity| identity.class.as_deref())
    })
}

/// Impact of a device: its own statements over its class defaults.
pub(crate) fn impact(policy: &Policy, device: &DeviceEntry) -> Impact {
    let class = policy.class(class_of(device));
    let own: &ClinicalEntry = &device.clinical;
    let safety = own
        .safety
        .or(class.map(|class| class.safety))
        .unwrap_or(Safety::Marginal);
    let mission = own
        .mission
        .or(class.map(|class| class.mission))
        .unwrap_or(Mission::Support);
    let in_use = own
        .in_use
        .or(class.map(|class| class.in_use))
        .unwrap_or(0.5);
    let fallback = own
        .fallback
        .or(class.map(|class| class.fallback))
        .unwrap_or(true);
    let records = own
        .records
        .or(class.map(|class| class.records))
        .unwrap_or(0);
    let data = own.data_classes.as_ref().or(class.map(|class| &class.data));
    let patient_data = data.is_some_and(|data| data.contains(&DataClass::Phi));
    let human = human_impact(safety, mission);
    let i = &policy.impact;
    let level = match human {
        HumanImpact::VeryHigh => i.very_high,
        HumanImpact::High => i.high,
        HumanImpact::Medium => i.medium,
        HumanImpact::Low => i.low,
    };
    let used = i.idle + (1.0 - i.idle) * in_use;
    let clinical = level * used * if fallback { 1.0 } else { i.no_fallback };
    let records_term = if patient_data {
        i.records * libm::log10(1.0 + records as f64)
    } else {
        0.0
    };
    Impact {
        human,
        level,
        in_use,
        fallback,
        records: if patient_data { records } else { 0 },
        total: clinical + records_term,
        benefit: own.benefit.unwrap_or(0.0),
    }
}
