//! The exchange format `auscult.site/1`: one site as one JSON object, as written by people and other programs.
//!
//! These types mirror `schemas/site.schema.json` key by key; unknown keys are refused. `decode` reads them, and
//! [`crate::Site::try_from`] checks what a type cannot say (dangling names, ranges) and gives the indexed form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod device;
pub use device::*;

/// The value of `format` that this version reads.
pub const FORMAT: &str = "auscult.site/1";

/// One site: its devices, who talks to whom, what is known to be weak, and what people decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Always [`FORMAT`].
    pub format: String,
    /// Name of the site.
    pub site: String,
    /// The moment that ages and expiries are counted from, RFC 3339 (`2026-11-25T00:00:00Z`).
    pub time: String,
    /// Layer-2 neighbourhoods: VLANs or subnets.
    #[serde(default)]
    pub segments: Vec<SegmentEntry>,
    /// Intelligence, once per weakness.
    #[serde(default)]
    pub vulnerabilities: BTreeMap<String, Vulnerability>,
    /// The devices.
    #[serde(default)]
    pub devices: Vec<DeviceEntry>,
    /// Observed client-to-service relations.
    #[serde(default)]
    pub conversations: Vec<ConversationEntry>,
    /// Which segment can reach which service of another. Conversations between segments imply theirs.
    #[serde(default)]
    pub segment_links: Vec<LinkEntry>,
    /// Protective measures in place.
    #[serde(default)]
    pub controls: Vec<ControlEntry>,
    /// What people decided about single findings.
    #[serde(default)]
    pub decisions: Vec<DecisionEntry>,
    /// Overrides of the published weights, merged key by key over `policy/weights.v1.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<serde_json::Value>,
}

/// A layer-2 neighbourhood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentEntry {
    /// Unique name.
    pub id: String,
}

/// What is known about one weakness anywhere in the world.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vulnerability {
    /// CVSS vectors (2.0, 3.0, 3.1 or 4.0); the newest version that parses is used.
    pub cvss: Vec<String>,
    /// EPSS: probability of exploitation activity anywhere within 30 days, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<f64>,
    /// In CISA's catalogue of known exploited vulnerabilities.
    pub kev: bool,
    /// Listed there as used by ransomware.
    pub kev_ransomware: bool,
    /// Public exploit code exists.
    pub poc: bool,
    /// SSVC: the attack can be automated.
    pub automatable: bool,
    /// SSVC: technical impact is total. Missing: taken from the CVSS impact metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technical_impact_total: Option<bool>,
    /// SSVC: state of exploitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssvc_exploitation: Option<Exploitation>,
    /// The weakness is a default or hard-coded credential, so "privileges required" is no obstacle.
    pub default_credential: bool,
    /// Whoever reaches the service can use the weakness without an exploit (clear-text logins, anonymous access). Always so for
    /// weaknesses that this project observes itself, whose ids begin `AUSCULT-`.
    pub needs_no_exploit: bool,
}

/// SSVC decision point "Exploitation".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exploitation {
    /// No evidence.
    None,
    /// Public proof of concept.
    #[serde(alias = "public_poc")]
    Poc,
    /// Exploited in the wild.
    Active,
}

/// Somebody used a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationEntry {
    /// Device that opened it.
    pub client: String,
    /// Device that served it.
    pub server: String,
    /// Service of the server.
    pub service: String,
    /// On how many days it was seen.
    #[serde(default)]
    pub days_seen: u32,
    /// Days since it was last seen.
    #[serde(default)]
    pub days_since: u32,
    /// Volume.
    #[serde(default)]
    pub bytes: u64,
    /// A clinical protocol (DICOM, HL7, device protocols): controls never deny it.
    #[serde(default)]
    pub clinical: bool,
}

/// Members of one segment can reach a service in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkEntry {
    /// Segment it starts in.
    pub from: String,
    /// Segment it leads to.
    pub to: String,
    /// Service reached there.
    pub service: String,
    /// How it is known.
    #[serde(default)]
    pub evidence: LinkEvidence,
    /// Days since it was last seen used.
    #[serde(default)]
    pub days_since: u32,
}

/// How a link between segments is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkEvidence {
    /// A conversation used it.
    #[default]
    Seen,
    /// A firewall or NAC rule allows it.
    Rule,
    /// Nothing is known.
    Unknown,
    /// A rule or refused connections say no.
    Refuted,
}

/// A protective measure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlEntry {
    /// What it does.
    pub kind: ControlKind,
    /// Device it protects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Instead of one device: every device whose likeliest identity is this product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// ... of this maker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Every device of this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Every device in this segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Weakness it concerns (patch, virtual patch). Without a device or another scope: everywhere. A patch of a product without a
    /// weakness is an update of the fleet: all weaknesses of these devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weakness: Option<String>,
    /// Service it concerns (close_service, deny_sources, cut_link).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Segment a cut link starts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Segment a cut link leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Seen to work; declared but unseen measures count half.
    #[serde(default)]
    pub verified: bool,
}

impl ControlEntry {
    /// A verified measure without a scope yet.
    #[must_use]
    pub fn of(kind: ControlKind) -> Self {
        Self {
            kind,
            device: None,
            product: None,
            vendor: None,
            class: None,
            segment: None,
            weakness: None,
            service: None,
            from: None,
            to: None,
            verified: true,
        }
    }

    /// Whether it names a group of devices: a product, a class or a segment.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.product.is_some() || self.class.is_some() || self.segment.is_some()
    }

    /// Whether it is about this device. Every scope it names must fit; a fix of a weakness without a scope is about all devices.
    #[must_use]
    pub fn concerns(&self, device: &DeviceEntry) -> bool {
        let fits =
            |scope: &Option<String>, own: Option<&str>| scope.is_none() || scope.as_deref() == own;
        let likeliest = crate::fleet::likeliest(device);
        self.kind != ControlKind::CutLink
            && (self.device.is_some() || self.is_wide() || self.weakness.is_some())
            && fits(&self.device, Some(&device.id))
            && fits(&self.segment, Some(&device.segment))
            && fits(&self.class, crate::impact::class_of(device))
            && fits(
                &self.product,
                likeliest.and_then(|own| own.product.as_deref()),
            )
            && fits(
                &self.vendor,
                likeliest.and_then(|own| own.vendor.as_deref()),
            )
    }

    /// Whether it can change anything on this device: a fix without a scope does so only where the weakness is listed.
    pub(crate) fn bears_on(&self, device: &DeviceEntry) -> bool {
        let mut listed = device.weaknesses.iter().flatten();
        self.concerns(device)
            && (self.device.is_some()
                || self.is_wide()
                || listed.any(|own| Some(&own.id) == self.weakness.as_ref()))
    }
}

/// Kinds of measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// The maker's fix. Needs a weakness, or a product whose devices are all brought up to date.
    Patch,
    /// IPS rule or application firewall. Needs weakness.
    VirtualPatch,
    /// The service is switched off. Needs a device and a service; with a wider scope it is switched off only where nobody was seen
    /// using it.
    CloseService,
    /// Only observed clients may reach the service. Needs a device or a wider scope, and a service.
    DenySources,
    /// Only observed conversations may reach or leave the device. Needs a device or a wider scope.
    Microsegment,
    /// Traffic from one segment to a service of another is denied; observed conversations stay. Needs from, to, service.
    CutLink,
    /// The way in from outside is closed. Needs device.
    RemoveEntry,
}

/// A decision of people about a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionEntry {
    /// What was decided.
    pub kind: DecisionKind,
    /// Device it is about.
    pub device: String,
    /// Weakness it is about; missing: all of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weakness: Option<String>,
    /// Last day it holds, `YYYY-MM-DD`.
    pub until: String,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Expected loss through the finding when it was accepted: it comes back when this rises 1.5 times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<f64>,
    /// The weakness was in KEV when it was accepted.
    #[serde(default)]
    pub kev: bool,
}

impl DecisionEntry {
    /// The last day it holds, counted from 1970-01-01; `None` where `until` is no date.
    #[must_use]
    pub fn last_day(&self) -> Option<i64> {
        crate::site::day_of(&self.until)
    }
}

/// Kinds of decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// The risk is carried until a date: it stays in the graph and leaves the to-do list.
    Accepted,
}
