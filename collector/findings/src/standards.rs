//! The standards beside the score: SSVC's deployer decision, CISA's BOD 26-04 tier, and the CVSS environmental vector and score of
//! each pair, from its reach in the site and the clinical profile of its device.
//!
//! They are cross-checks that other tools can read, not the score. CVSS: MAV is N where the service is reached from another segment or
//! from an entry, A where only from its own segment, L where it is not seen up, and never wider than the vector's own AV. CR, IR and AR
//! follow the data classes; 4.0 has MSI:S and MSA:S for therapy and monitoring. E follows KEV, SSVC and public exploits.

mod live;
mod view;

use std::collections::BTreeMap;

use auscult_intel::cvss::{Vector, Version};
use auscult_intel::ssvc::{
    self, Automatable, Bod2604, DeployerPriority, Exploitation, HumanImpact, SystemExposure,
    TechnicalImpact,
};
use auscult_risk::document::Exploitation as Stated;
use auscult_risk::document::{DataClass, DeviceEntry, Document, EntryKind, Vulnerability};
use auscult_risk::{Assessment, DeviceRisk, PairRisk, Policy, Summary};
use serde::Serialize;

pub(crate) use live::services;
use view::Reach;
pub(crate) use view::SiteView;

/// An assessment with the standards in it, as `assessment.schema.json` has it.
#[derive(Debug, Serialize)]
pub struct Written<'a> {
    format: &'a str,
    site: &'a str,
    time: &'a str,
    /// Every pair, worst first.
    pub pairs: Vec<Pair<'a>>,
    devices: &'a [DeviceRisk],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    controls: &'a [auscult_risk::PlannedControl],
    summary: &'a Summary,
}

/// A pair with its standards.
#[derive(Debug, Serialize)]
pub struct Pair<'a> {
    /// As assessed.
    #[serde(flatten)]
    pub risk: &'a PairRisk,
    /// The standards.
    #[serde(flatten)]
    pub standards: Standards,
}

/// What the standards say of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standards {
    /// SSVC, deployer.
    pub ssvc: Ssvc,
    /// BOD 26-04.
    pub bod_26_04: Bod,
    /// CVSS with the environment, one for each version from 3.0 on that has a vector, the newest last; written is the newest.
    #[serde(
        rename = "cvss_environmental",
        serialize_with = "newest_of",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub environmental: Vec<Environmental>,
}

impl Standards {
    /// CVSS of the newest version with the environment; none without a vector of version 3.0 or later.
    #[must_use]
    pub fn cvss_environmental(&self) -> Option<&Environmental> {
        self.environmental.last()
    }
}

fn newest_of<S: serde::Serializer>(all: &[Environmental], to: S) -> Result<S::Ok, S::Error> {
    all.last().serialize(to)
}

/// SSVC's deployer decision and the points it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ssvc {
    /// The decision.
    pub decision: DeployerPriority,
    /// State of exploitation.
    pub exploitation: Exploitation,
    /// System exposure.
    pub exposure: SystemExposure,
    /// Automatable.
    pub automatable: Automatable,
    /// Human impact.
    pub human_impact: HumanImpact,
}

/// The tier of BOD 26-04 and the questions it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bod {
    /// The tier.
    pub tier: Bod2604,
    /// In KEV.
    pub in_kev: bool,
    /// The device is an internet entry.
    pub publicly_exposed: bool,
    /// Automatable.
    pub automatable: Automatable,
    /// Technical impact.
    pub technical_impact: TechnicalImpact,
}

/// A CVSS vector with the environment in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environmental {
    /// Version of CVSS, as the standard writes it.
    #[serde(skip)]
    pub version: &'static str,
    /// The vector.
    pub vector: String,
    /// Its score, in tenths as the standard writes it.
    #[serde(serialize_with = "tenths")]
    pub score: u8,
    /// Severity rating.
    pub severity: auscult_intel::cvss::Severity,
    /// Score of the base metrics alone.
    #[serde(serialize_with = "tenths")]
    pub base_score: u8,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn tenths<S: serde::Serializer>(tenths: &u8, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(f64::from(*tenths) / 10.0)
}

/// Share of campaigns from other segments above which SSVC's exposure is "controlled".
const CONTROLLED: f64 = 0.001;

/// Writes the standards beside an assessment.
#[must_use]
pub fn beside<'a>(
    document: &'a Document,
    policy: &'a Policy,
    assessment: &'a Assessment,
) -> Written<'a> {
    let site = SiteView::of(document, policy);
    let unknown = Vulnerability::default();
    let pairs = assessment
        .pairs
        .iter()
        .map(|risk| Pair {
            risk,
            standards: site.standards(
                risk,
                document
                    .vulnerabilities
                    .get(&risk.weakness)
                    .unwrap_or(&unknown),
            ),
        })
        .collect();
    Written {
        format: &assessment.format,
        site: &assessment.site,
        time: &assessment.time,
        pairs,
        devices: &assessment.devices,
        controls: &assessment.controls,
        summary: &assessment.summary,
    }
}

impl SiteView<'_> {
    /// The standards of a pair on one of the devices that are looked at.
    pub(crate) fn standards(&self, risk: &PairRisk, known: &Vulnerability) -> Standards {
        let device = self.devices.get(risk.device.as_str()).copied();
        let vectors = vectors(known);
        let reach = device.map_or(Reach::Down, |it| self.reach(it, risk.service.as_deref()));
        let exploitation = exploitation(known);
        let automatable = if known.automatable {
            Automatable::Yes
        } else {
            Automatable::No
        };
        let human_impact = self.human_impact(device);
        let exposure = exposure(device, reach, risk.likelihood_layers);
        let technical_impact = technical_impact(known, vectors.last());
        let publicly_exposed = device
            .and_then(|device| device.entry.as_ref())
            .is_some_and(|entry| entry.kind == EntryKind::Internet);
        let data = self.data(device);
        let with_environment = |vector| environmental(vector, reach, exploitation, data);
        Standards {
            ssvc: Ssvc {
                decision: ssvc::deployer_priority(
                    exploitation,
                    exposure,
                    automatable,
                    human_impact,
                ),
                exploitation,
                exposure,
                automatable,
                human_impact,
            },
            bod_26_04: Bod {
                tier: ssvc::bod_26_04(known.kev, publicly_exposed, automatable, technical_impact),
                in_kev: known.kev,
                publicly_exposed,
                automatable,
                technical_impact,
            },
            environmental: vectors.into_iter().filter_map(with_environment).collect(),
        }
    }
}

/// The vectors that read, oldest version first; of one version the last, as the engine takes it.
fn vectors(known: &Vulnerability) -> Vec<Vector> {
    let read = known
        .cvss
        .iter()
        .filter_map(|text| text.parse::<Vector>().ok());
    let by_version: BTreeMap<Version, Vector> =
        read.map(|vector| (vector.version(), vector)).collect();
    by_version.into_values().collect()
}

fn exploitation(known: &Vulnerability) -> Exploitation {
    let stated = known.ssvc_exploitation;
    if known.kev || known.kev_ransomware || stated == Some(Stated::Active) {
        Exploitation::Active
    } else if known.poc || stated == Some(Stated::Poc) {
        Exploitation::PublicPoc
    } else {
        Exploitation::None
    }
}

fn exposure(device: Option<&DeviceEntry>, reach: Reach, likelihood: f64) -> SystemExposure {
    if device.is_some_and(|device| device.entry.is_some()) {
        SystemExposure::Open
    } else if reach == Reach::Site && likelihood > CONTROLLED {
        SystemExposure::Controlled
    } else {
        SystemExposure::Small
    }
}

fn technical_impact(known: &Vulnerability, vector: Option<&Vector>) -> TechnicalImpact {
    let of_vector = || {
        vector.is_some_and(|vector| {
            let (metrics, worst) = match vector.version() {
                Version::V2 => (["C", "I", "A"], "C"),
                Version::V30 | Version::V31 => (["C", "I", "A"], "H"),
                Version::V4 => (["VC", "VI", "VA"], "H"),
            };
            metrics
                .iter()
                .all(|metric| vector.value(metric) == Some(worst))
        })
    };
    if known.technical_impact_total.unwrap_or_else(of_vector) {
        TechnicalImpact::Total
    } else {
        TechnicalImpact::Partial
    }
}

/// The vector with its environment; none for 2.0, whose environmental metrics nobody uses for devices.
fn environmental(
    vector: Vector,
    reach: Reach,
    exploitation: Exploitation,
    data: &[DataClass],
) -> Option<Environmental> {
    let (version, modern) = match vector.version() {
        Version::V2 => return None,
        Version::V30 => ("3.0", false),
        Version::V31 => ("3.1", false),
        Version::V4 => ("4.0", true),
    };
    let base_score = vector.base_score().tenths();
    let has = |class: DataClass| data.contains(&class);
    let (therapy, monitoring) = (has(DataClass::Therapy), has(DataClass::Diagnosis));
    let mut set: Vec<(&str, &str)> = Vec::new();
    // Never wider than the flaw itself is: local and physical stay what they are.
    match (vector.value("AV"), reach) {
        (Some("N" | "A"), Reach::Down) => set.push(("MAV", "L")),
        (Some("N" | "A"), Reach::Segment) => set.push(("MAV", "A")),
        (Some("N"), Reach::Site) => set.push(("MAV", "N")),
        _ => {}
    }
    if !data.is_empty() {
        let level = |high: bool, medium: bool| match (high, medium) {
            (true, _) => "H",
            (false, true) => "M",
            (false, false) => "L",
        };
        let secrets = has(DataClass::Secrets);
        let workflow = has(DataClass::Workflow);
        set.push((
            "CR",
            level(has(DataClass::Phi) || secrets, monitoring || workflow),
        ));
        set.push((
            "IR",
            level(
                therapy || monitoring || secrets,
                workflow || has(DataClass::Phi),
            ),
        ));
        set.push(("AR", level(therapy, monitoring || workflow)));
    }
    set.push(("E", exploit_maturity(modern, exploitation)));
    if modern && (therapy || monitoring) {
        set.extend([("MSI", "S"), ("MSA", "S")]);
    }
    let with = set
        .into_iter()
        .try_fold(vector, |vector, (metric, value)| vector.with(metric, value))
        .ok()?;
    let score = with.environmental_score();
    Some(Environmental {
        version,
        vector: with.to_string(),
        score: score.tenths(),
        severity: score.severity(),
        base_score,
    })
}

/// E: exploit maturity of 4.0, exploit code maturity of 3.x.
fn exploit_maturity(modern: bool, exploitation: Exploitation) -> &'static str {
    match (exploitation, modern) {
        (Exploitation::Active, true) => "A",
        (Exploitation::Active, false) => "H",
        (Exploitation::PublicPoc, _) => "P",
        (Exploitation::None, _) => "U",
    }
}
