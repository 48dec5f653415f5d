//! The published weights: parsed strictly, overridable key by key, checked for range.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{DataClass, Mission, Safety};
use crate::fault::{Fault, Faults};

/// The published weights, version 1, as compiled in.
pub(crate) const WEIGHTS: &str = include_str!("../policy/weights.v1.toml");
/// The published clinical defaults, version 1, as compiled in.
pub(crate) const CLASSES: &str = include_str!("../policy/classes.v1.toml");

macro_rules! weights {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $(pub $field: $type,)* }
    };
}

weights! { /// Evidence for attacker capability.
Capability { base: f64, epss: f64, kev: f64, poc: f64, automatable: f64, no_exploit_needed: f64, floor_kev: f64, floor_active: f64, cap: f64, } }
weights! { /// Worth of a match.
Matches { affected: f64, unknown_version: f64, product_family: f64, component: f64, under_investigation: f64, } }
weights! { /// Worth of service evidence.
Services { served: f64, banner: f64, declared: f64, refused: f64, unseen: f64, unnamed: f64, } }
weights! { /// Obstacles on the target.
Works { complexity_high: f64, user_interaction: f64, privileges_low: f64, privileges_high: f64, default_credential: f64, } }
weights! { /// Strength of verified measures.
Controls { patch: f64, virtual_patch: f64, close_service: f64, deny_sources: f64, microsegment: f64, cut_link: f64, remove_entry: f64, unverified: f64, } }
weights! { /// How an attacker moves.
Propagation { hops: u8, act: f64, conversation_attempts: f64, segment_attempts: f64, link_attempts: f64, site_attempts: f64, served_content: f64, stale_after_days: u32, stale_factor: f64, forget_after_days: u32, partial_grip: f64, } }
weights! { /// Belief that a link is open.
Links { seen: f64, rule: f64, unknown: f64, refuted: f64, } }
weights! { /// Weight of entries by kind.
Entries { internet: f64, vendor_access: f64, mail_web: f64, wireless: f64, physical: f64, supplier: f64, unlisted: f64, } }
weights! { /// Impact scale.
Impacts { very_high: f64, high: f64, medium: f64, low: f64, no_fallback: f64, idle: f64, records: f64, foothold: f64, availability_only: f64, } }
weights! { /// The to-do list.
Cut { covered: f64, share: f64, leave: f64, very_high_probability: f64, watch_share: f64, accepted_growth: f64, } }
weights! { /// What devices of one product say about each other.
Fleets { prior: f64, } }
weights! { /// Engine B.
Worlds { count: u32, prior: f64, } }
weights! { /// How finely engine A is computed.
Grid { fine_devices: u32, fine_bits: u32, reach_bits: u32, hub_bits: u32, site_bits: u32, worlds_bits: u32, few_entries: u32, entry_bits: u32, } }
weights! { /// Campaign frequency.
Campaigns { per_year: f64, } }

/// Campaign size that the scale of attempts is set to once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Expected share of the active devices that a campaign reaches.
    pub share_of_devices: f64,
    /// ... but at least this many devices.
    pub at_least: f64,
    /// Bisections on the logarithm of the scale.
    pub steps: u32,
    /// Lower end of the search.
    pub least_scale: f64,
    /// Upper end of the search.
    pub most_scale: f64,
    /// A pinned scale: no search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
}

/// Clinical defaults of one device class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassDefaults {
    /// SSVC safety impact.
    pub safety: Safety,
    /// Mission impact.
    pub mission: Mission,
    /// Rubric data classes.
    pub data: Vec<DataClass>,
    /// Patient records.
    pub records: u64,
    /// Care can go on without it.
    pub fallback: bool,
    /// Share of the time in use.
    pub in_use: f64,
}

/// All weights of the formula.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name of the weights.
    pub name: String,
    /// Their version.
    pub version: u32,
    /// Attacker capability.
    pub capability: Capability,
    /// Worth of a match.
    #[serde(rename = "match")]
    pub matches: Matches,
    /// Worth of service evidence.
    pub service: Services,
    /// Siblings.
    pub fleet: Fleets,
    /// Obstacles on the target.
    pub works: Works,
    /// Strength of measures.
    pub control: Controls,
    /// How an attacker moves.
    pub propagation: Propagation,
    /// Belief that a link is open.
    pub link: Links,
    /// Campaign size.
    pub calibration: Calibration,
    /// How finely engine A is computed.
    pub grid: Grid,
    /// Engine B.
    pub worlds: Worlds,
    /// Ways in.
    pub entry: Entries,
    /// Impact scale.
    pub impact: Impacts,
    /// Campaign frequency.
    pub campaigns: Campaigns,
    /// The to-do list.
    pub cut: Cut,
    /// Clinical defaults by class; `unknown` is always there.
    #[serde(default)]
    pub classes: BTreeMap<String, ClassDefaults>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassFile {
    #[expect(dead_code, reason = "the file must carry its name")]
    name: String,
    #[expect(dead_code, reason = "the file must carry its version")]
    version: u32,
    class: BTreeMap<String, ClassDefaults>,
}

impl Policy {
    /// The published policy.
    ///
    /// # Errors
    /// Faults in the compiled-in files; a test holds that there are none.
    pub fn published() -> Result<Self, Faults> {
        Self::from_toml(WEIGHTS, CLASSES)
    }

    /// A policy from its two files.
    ///
    /// # Errors
    /// Faults of syntax, unknown or missing keys, values out of range.
    pub fn from_toml(weights: &str, classes: &str) -> Result<Self, Faults> {
        let mut policy: Self =
            toml::from_str(weights).map_err(|error| Faults::one("weights", error.to_string()))?;
        let file: ClassFile =
            toml::from_str(classes).map_err(|error| Faults::one("classes", error.to_string()))?;
        policy.classes.extend(file.class);
        policy.checked()
    }

    /// The same policy with single keys replaced, as in a site file's `policy`.
    ///
    /// # Errors
    /// Unknown keys, wrong types, values out of range.
    pub fn with_overrides(&self, overrides: &serde_json::Value) -> Result<Self, Faults> {
        let mut tree = serde_json::to_value(self)
            .map_err(|error| Faults::one("$.policy", error.to_string()))?;
        merge(&mut tree, overrides);
        serde_json::from_value::<Self>(tree)
            .map_err(|error| Faults::one("$.policy", error.to_string()))?
            .checked()
    }

    /// Defaults of a class, `unknown` for one that the table does not have.
    pub(crate) fn class(&self, class: Option<&str>) -> Option<&ClassDefaults> {
        class
            .and_then(|class| self.classes.get(class))
            .or_else(|| self.classes.get("unknown"))
    }

    fn checked(self) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        self.check_probabilities(&mut faults);
        self.check_amounts(&mut faults);
        if !self.classes.contains_key("unknown") {
            faults.push(Fault::new("policy.classes", "has no class \"unknown\""));
        }
        for (class, defaults) in &self.classes {
            unit(
                &mut faults,
                &format!("classes.{class}.in_use"),
                defaults.in_use,
            );
        }
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(Faults::from(faults))
        }
    }

    fn check_probabilities(&self, faults: &mut Vec<Fault>) {
        let groups = ["capability", "match", "service", "works", "control", "link"];
        let tree = serde_json::to_value(self).unwrap_or_default();
        for group in groups {
            for (key, value) in tree
                .get(group)
                .and_then(|group| group.as_object())
                .into_iter()
                .flatten()
            {
                unit(
                    faults,
                    &format!("{group}.{key}"),
                    value.as_f64().unwrap_or(f64::NAN),
                );
            }
        }
        let p = &self.propagation;
        for (key, value) in [
            ("propagation.act", p.act),
            ("propagation.served_content", p.served_content),
            ("propagation.stale_factor", p.stale_factor),
            ("propagation.partial_grip", p.partial_grip),
            ("entry.unlisted", self.entry.unlisted),
            ("impact.foothold", self.impact.foothold),
            ("impact.availability_only", self.impact.availability_only),
            ("impact.idle", self.impact.idle),
            (
                "calibration.share_of_devices",
                self.calibration.share_of_devices,
            ),
            ("cut.covered", self.cut.covered),
            ("cut.share", self.cut.share),
            ("cut.watch_share", self.cut.watch_share),
            ("cut.very_high_probability", self.cut.very_high_probability),
        ] {
            unit(faults, key, value);
        }
        // A used device leaves this much doubt in every product, so that attribution may divide by the factors.
        if p.act > 0.99 {
            faults.push(Fault::new("policy.propagation.act", "is above 0.99"));
        }
    }

    fn check_amounts(&self, faults: &mut Vec<Fault>) {
        let p = &self.propagation;
        if !(1..=MOST_HOPS).contains(&p.hops) {
            faults.push(Fault::new(
                "policy.propagation.hops",
                format!("is {}, not 1 to {MOST_HOPS}", p.hops),
            ));
        }
        if !(1..=MOST_WORLDS).contains(&self.worlds.count) {
            faults.push(Fault::new(
                "policy.worlds.count",
                format!("is {}, not 1 to {MOST_WORLDS}", self.worlds.count),
            ));
        }
        let g = &self.grid;
        for (key, bits) in [
            ("fine_bits", g.fine_bits),
            ("reach_bits", g.reach_bits),
            ("hub_bits", g.hub_bits),
            ("site_bits", g.site_bits),
            ("worlds_bits", g.worlds_bits),
            ("entry_bits", g.entry_bits),
        ] {
            if !(3..=52).contains(&bits) {
                let problem = format!("is {bits}, not 3 to 52 significant bits");
                faults.push(Fault::new(format!("policy.grid.{key}"), problem));
            }
        }
        let c = &self.calibration;
        let (e, i) = (&self.entry, &self.impact);
        for (key, value) in [
            ("propagation.site_attempts", p.site_attempts),
            ("propagation.conversation_attempts", p.conversation_attempts),
            ("propagation.segment_attempts", p.segment_attempts),
            ("propagation.link_attempts", p.link_attempts),
            ("calibration.at_least", c.at_least),
            ("calibration.least_scale", c.least_scale),
            ("calibration.most_scale", c.most_scale),
            ("calibration.scale", c.scale.unwrap_or(1.0)),
            ("worlds.prior", self.worlds.prior),
            ("fleet.prior", self.fleet.prior),
            ("entry.internet", e.internet),
            ("entry.vendor_access", e.vendor_access),
            ("entry.mail_web", e.mail_web),
            ("entry.wireless", e.wireless),
            ("entry.physical", e.physical),
            ("entry.supplier", e.supplier),
            ("impact.very_high", i.very_high),
            ("impact.high", i.high),
            ("impact.medium", i.medium),
            ("impact.low", i.low),
            ("impact.no_fallback", i.no_fallback),
            ("impact.records", i.records),
            ("campaigns.per_year", self.campaigns.per_year),
            ("cut.leave", self.cut.leave),
            ("cut.accepted_growth", self.cut.accepted_growth),
        ] {
            if !(0.0..=1e6).contains(&value) {
                faults.push(Fault::new(
                    format!("policy.{key}"),
                    format!("is {value}, not 0 to 1000000"),
                ));
            }
        }
        if c.least_scale <= 0.0 || c.least_scale > c.most_scale {
            faults.push(Fault::new(
                "policy.calibration.least_scale",
                "is not above 0 and at most most_scale",
            ));
        }
    }
}

/// Most hops of a campaign.
pub const MOST_HOPS: u8 = 15;
/// Most worlds of engine B.
pub const MOST_WORLDS: u32 = 65_536;

fn unit(faults: &mut Vec<Fault>, key: &str, value: f64) {
    if !(0.0..=1.0).contains(&value) {
        faults.push(Fault::new(
            format!("policy.{key}"),
            format!("is {value}, not 0 to 1"),
        ));
    }
}

fn merge(into: &mut serde_json::Value, from: &serde_json::Value) {
    match (into, from) {
        (serde_json::Value::Object(into), serde_json::Value::Object(from)) => {
            for (key, value) in from {
                merge(
                    into.entry(key.clone()).or_insert(serde_json::Value::Null),
                    value,
                );
            }
        }
        (into, from) => *into = from.clone(),
    }
}
