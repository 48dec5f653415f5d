//! A device as a site file describes it.

use serde::{Deserialize, Serialize};

/// One device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceEntry {
    /// Unique name.
    pub id: String,
    /// Name of its segment.
    pub segment: String,
    /// Where it is in its life; only active devices take part.
    #[serde(default)]
    pub state: DeviceState,
    /// What it may be.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// What it offers.
    #[serde(default)]
    pub services: Vec<ServiceEntry>,
    /// What it means for care.
    #[serde(default)]
    pub clinical: ClinicalEntry,
    /// A way in from outside, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryPoint>,
    /// Its weaknesses. Missing: to be matched from intelligence before the assessment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weaknesses: Option<Vec<WeaknessEntry>>,
}

/// Where a device is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Thought about: not on the network.
    Candidate,
    /// Being prepared: not on the network.
    Staged,
    /// On the network.
    #[default]
    Active,
    /// Gone.
    Retired,
}

/// One hypothesis about what a device is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Probability of the hypothesis, 0 to 1; those of one device sum to at most 1.
    pub probability: f64,
    /// Maker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Firmware or software version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Device class, a key of the class table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A service of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// Transport and port (`tcp/104`), unique within the device.
    pub id: String,
    /// How it is known.
    #[serde(default)]
    pub evidence: ServiceEvidence,
}

/// How a service is known, strongest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceEvidence {
    /// Answered a client.
    #[default]
    Served,
    /// Sent a banner.
    Banner,
    /// A document or a peer of the same model says so.
    Declared,
    /// Refused connections.
    Refused,
}

/// Clinical context; a missing key takes the default of the class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClinicalEntry {
    /// Device class. Missing: the class of the likeliest identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// SSVC safety impact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safety: Option<Safety>,
    /// Weight for the hospital's mission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mission: Option<Mission>,
    /// Data classes of the MITRE rubric for medical devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_classes: Option<Vec<DataClass>>,
    /// Number of patient records held or carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Care can go on without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<bool>,
    /// Share of the time it is in use, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_use: Option<f64>,
    /// Clinical benefit, printed beside the risk and never subtracted from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit: Option<f64>,
}

/// SSVC safety impact (CERT/CC SSVC 2.x "Safety Impact", after IEC 61508 consequence categories).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Minor injuries at worst.
    Negligible,
    /// Major injuries.
    Marginal,
    /// Loss of a life.
    Critical,
    /// Loss of lives.
    Catastrophic,
}

/// SSVC mission impact in three steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mission {
    /// Care does not depend on it (SSVC: degraded).
    None,
    /// It supports an essential function (SSVC: MEF support crippled).
    Support,
    /// An essential function stops without it (SSVC: MEF failure).
    Essential,
}

/// Data classes of the MITRE rubric for applying CVSS to medical devices (FDA MDDT, 2020).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// Patient data.
    #[serde(alias = "pii")]
    Phi,
    /// Diagnosis or monitoring.
    #[serde(alias = "monitoring")]
    Diagnosis,
    /// Therapy delivery.
    Therapy,
    /// Clinical workflow.
    Workflow,
    /// System secrets: keys, credentials.
    Secrets,
    /// Anything else.
    Other,
}

/// A way in from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryPoint {
    /// What kind of way.
    pub kind: EntryKind,
    /// How often campaigns begin here, relative to the site's other entries, not negative. Missing: the policy's weight of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

/// Kinds of ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A service that the internet reaches.
    Internet,
    /// A maker's remote access.
    VendorAccess,
    /// People read mail and the web on it.
    MailWeb,
    /// A radio network that outsiders are near.
    Wireless,
    /// Hands or USB sticks reach it.
    Physical,
    /// Comes compromised.
    Supplier,
}

/// A weakness of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeaknessEntry {
    /// A key of `vulnerabilities`.
    pub id: String,
    /// The service it is in; null: the vector decides (local, physical, by a user's click, or any service of the device).
    #[serde(default)]
    pub service: Option<String>,
    /// How sure it is that this device has it.
    #[serde(rename = "match", default)]
    pub matched: Match,
}

/// How sure it is that a device has a weakness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// Product and version are in the affected range.
    #[default]
    Affected,
    /// The product is affected, its version is not known.
    UnknownVersion,
    /// Only the product family matches.
    ProductFamily,
    /// A component of its SBOM is affected and no VEX statement confirms it.
    Component,
    /// The maker is investigating.
    UnderInvestigation,
    /// The maker says it is not affected.
    NotAffected,
    /// Fixed.
    Fixed,
}
