//! What an assessment answers: `auscult.assessment/1` (`schemas/assessment.schema.json`).

use serde::{Deserialize, Serialize};

/// The value of `format`.
pub const ASSESSMENT_FORMAT: &str = "auscult.assessment/1";

/// One site, assessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Always [`ASSESSMENT_FORMAT`].
    pub format: String,
    /// Name of the site.
    pub site: String,
    /// The site's time.
    pub time: String,
    /// Every pair of an active device, worst first.
    pub pairs: Vec<PairRisk>,
    /// Every active device, by id.
    pub devices: Vec<DeviceRisk>,
    /// Measures that would take most loss away, when asked for ([`crate::Assessor::controls`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<crate::controls::PlannedControl>,
    /// The whole.
    pub summary: Summary,
}

/// A weakness on a device in its environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairRisk {
    /// Device.
    pub device: String,
    /// Weakness.
    pub weakness: String,
    /// Service it was listed for.
    pub service: Option<String>,
    /// 1 is worst.
    pub rank: u32,
    /// likelihood x impact x consequence: expected direct loss per campaign.
    pub score: f64,
    /// Probability per campaign that the pair is used: sqrt(layers x worlds).
    pub likelihood: f64,
    /// Engine A's.
    pub likelihood_layers: f64,
    /// Engine B's.
    pub likelihood_worlds: f64,
    /// 1 - exp(-campaigns per year x likelihood).
    pub annual: f64,
    /// Impact of the device.
    pub impact: f64,
    /// Share of the impact that this weakness opens.
    pub consequence: f64,
    /// s = alpha m o k (1 - c).
    pub exploitability: f64,
    /// Expected loss through this pair, downstream included (engine A, first order).
    pub through: f64,
    /// What to do with it.
    pub tier: Tier,
    /// On the to-do list.
    pub in_cut: bool,
    /// The numbers the score is made of, for pairs in the cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<Factor>,
    /// The best routes to it, for pairs in the cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<Route>,
}

/// What to do with a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// On the to-do list.
    Top,
    /// Even and odd worlds disagree on whether it belongs on the list.
    Borderline,
    /// Among the next.
    Watch,
    /// The rest.
    Background,
    /// People carry it until a date.
    Accepted,
}

/// One number of a score and why it has its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// Name in the formula.
    pub name: String,
    /// Value.
    pub value: f64,
    /// Evidence.
    pub why: String,
}

/// A way an attacker can come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// From the entry to the pair.
    pub hops: Vec<Hop>,
    /// Product over the hops.
    pub probability: f64,
}

/// One step of a route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// Where it comes from; none: from outside.
    pub from: Option<String>,
    /// Where it leads.
    pub to: String,
    /// Service it goes over.
    pub service: Option<String>,
    /// Weakness it uses.
    pub weakness: Option<String>,
    /// Probability of this step once the one before is done.
    pub probability: f64,
    /// How the contact comes about.
    pub kind: HopKind,
    /// What it rests on.
    pub evidence: String,
}

/// How the contact of a hop comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopKind {
    /// A campaign begins.
    Entry,
    /// Over an observed conversation.
    Conversation,
    /// Content that a compromised server sends.
    ServedContent,
    /// Across the segment, not observed.
    Segment,
    /// Over a link between segments, not observed.
    Link,
    /// Between two devices of the site where nothing was seen.
    Site,
    /// On the device itself.
    Local,
    /// By hand.
    Physical,
}

/// A device in its environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRisk {
    /// Device.
    pub device: String,
    /// Probability per campaign that it is taken over: sqrt(layers x worlds).
    pub likelihood: f64,
    /// Engine A's.
    pub likelihood_layers: f64,
    /// Engine B's.
    pub likelihood_worlds: f64,
    /// Impact.
    pub impact: f64,
    /// likelihood x stake (the part of the impact open to one who has it).
    pub loss: f64,
    /// Expected loss at other devices that goes through it.
    pub springboard: f64,
    /// 1 is the widest first domino.
    pub springboard_rank: u32,
    /// First-order loss that microsegmenting it takes away at it.
    pub segment_share: f64,
    /// Clinical benefit: beside the risk, not in it.
    pub benefit: f64,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Name and version of the weights.
    pub policy: String,
    /// Calibrated scale of attempts; pin it as `policy.calibration.scale`.
    pub scale: f64,
    /// Worlds of engine B.
    pub worlds: u32,
    /// Active devices.
    pub devices: u32,
    /// Pairs assessed.
    pub pairs: u32,
    /// Pairs in the cut.
    pub in_cut: u32,
    /// Share of `direct` that they cover; not of `loss`.
    pub covered: f64,
    /// Sum of the scores of all pairs that are not accepted: the direct loss per campaign that goes through known weaknesses.
    /// Older assessments do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<f64>,
    /// Expected loss of the whole site per campaign, engine A: what goes through no known weakness, and what is accepted, included.
    pub loss: f64,
    /// Expected devices per campaign, engine A.
    pub campaign_size_layers: f64,
    /// Engine B.
    pub campaign_size_worlds: f64,
}
