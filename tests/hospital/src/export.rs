//! The site as `auscult.site/1`: what an assessment may know, and nothing of the truth.
//!
//! Left out: which services answer, which flaws are present, what the network lets through, true weights, versions, losses.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::kind::{EntryKind, Mission, Safety};
use crate::site::{Device, Evidence, Match, Site};
use crate::weakness::Exploitation;

/// The moment the exported site is seen.
pub const TIME: &str = "2026-11-25T00:00:00Z";

#[derive(Serialize)]
struct SiteFile<'a> {
    format: &'static str,
    site: &'a str,
    time: &'static str,
    segments: Vec<SegmentFile<'a>>,
    vulnerabilities: BTreeMap<&'a str, FlawFile>,
    devices: Vec<DeviceFile<'a>>,
    conversations: Vec<ConversationFile>,
    segment_links: Vec<LinkFile<'a>>,
    controls: [(); 0],
    decisions: [(); 0],
}

#[derive(Serialize)]
struct SegmentFile<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct FlawFile {
    cvss: [String; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    epss: Option<f64>,
    kev: bool,
    kev_ransomware: bool,
    poc: bool,
    automatable: bool,
    technical_impact_total: bool,
    ssvc_exploitation: Exploitation,
    #[serde(skip_serializing_if = "is_false")]
    default_credential: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[derive(Serialize)]
struct DeviceFile<'a> {
    id: String,
    segment: &'a str,
    state: &'static str,
    identities: Vec<IdentityFile<'a>>,
    services: Vec<ServiceFile>,
    clinical: ClinicalFile,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<EntryFile>,
    weaknesses: Vec<WeaknessFile<'a>>,
}

#[derive(Serialize)]
struct IdentityFile<'a> {
    probability: f64,
    vendor: &'a str,
    product: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    class: &'a str,
}

#[derive(Serialize)]
struct ServiceFile {
    id: &'static str,
    evidence: &'static str,
}

#[derive(Serialize)]
struct ClinicalFile {
    class: &'static str,
    safety: Safety,
    mission: Mission,
    data_classes: Vec<crate::kind::Data>,
    records: u32,
    fallback: bool,
    in_use: f64,
    benefit: f64,
}

#[derive(Serialize)]
struct EntryFile {
    kind: EntryKind,
    weight: f64,
}

#[derive(Serialize)]
struct WeaknessFile<'a> {
    id: &'a str,
    service: Option<&'static str>,
    #[serde(rename = "match")]
    verdict: &'static str,
}

#[derive(Serialize)]
struct ConversationFile {
    client: String,
    server: String,
    service: &'static str,
    days_seen: u8,
    days_since: u16,
    bytes: u64,
    clinical: bool,
}

#[derive(Serialize)]
struct LinkFile<'a> {
    from: &'a str,
    to: &'a str,
    service: &'static str,
    evidence: &'static str,
    days_since: u16,
}

/// `None` for a service that nobody has evidence of.
const fn evidence(evidence: Evidence) -> Option<&'static str> {
    match evidence {
        Evidence::Served => Some("served"),
        Evidence::Banner => Some("banner"),
        Evidence::Declared => Some("declared"),
        Evidence::Refused => Some("refused"),
        Evidence::Unseen => None,
    }
}

const fn verdict(verdict: Match) -> &'static str {
    match verdict {
        Match::Affected => "affected",
        Match::UnknownVersion => "unknown_version",
        Match::ProductFamily => "product_family",
        Match::Component => "component",
        Match::UnderInvestigation => "under_investigation",
        Match::NotAffected => "not_affected",
        Match::Fixed => "fixed",
    }
}

/// Three significant digits, so that a JSON says what a hospital could know and not more.
fn rounded(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let scale = 10_f64.powf(2.0 - value.log10().floor());
    (value * scale).round() / scale
}

fn identities(device: &Device) -> Vec<IdentityFile<'_>> {
    let seen = &device.visible;
    let mut list = vec![IdentityFile {
        probability: seen.confidence,
        vendor: device.model.vendor,
        product: device.model.product,
        version: seen
            .version
            .and_then(|version| device.model.versions.get(version).copied()),
        class: device.kind.name,
    }];
    if let Some((model, probability)) = seen.rival
        && let Some(model) = device.kind.models.get(model)
    {
        list.push(IdentityFile {
            probability,
            vendor: model.vendor,
            product: model.product,
            version: None,
            class: device.kind.name,
        });
    }
    list
}

fn device(site: &Site, number: usize) -> DeviceFile<'_> {
    let device = &site.devices[number];
    let clinical = &device.clinical;
    DeviceFile {
        id: site.device_id(number),
        segment: &site.segments[device.segment].name,
        state: "active",
        identities: identities(device),
        services: device
            .services
            .iter()
            .filter_map(|service| {
                Some(ServiceFile {
                    id: service.id,
                    evidence: evidence(service.evidence)?,
                })
            })
            .collect(),
        clinical: ClinicalFile {
            class: device.kind.name,
            safety: clinical.safety,
            mission: clinical.mission,
            data_classes: clinical.data.to_vec(),
            records: clinical.records,
            fallback: clinical.fallback,
            in_use: rounded(clinical.in_use),
            benefit: clinical.benefit,
        },
        entry: device.entry.map(|entry| EntryFile {
            kind: entry.kind,
            weight: rounded(entry.weight),
        }),
        weaknesses: device
            .weaknesses
            .iter()
            .filter_map(|weakness| {
                Some(WeaknessFile {
                    id: &site.flaws[weakness.flaw].id,
                    service: weakness.service.map(|index| device.services[index].id),
                    verdict: verdict(weakness.listed?),
                })
            })
            .collect(),
    }
}

/// Segment links as seen: one per pair of segments and service that some conversation used, with its age in days.
fn links(site: &Site) -> Vec<LinkFile<'_>> {
    let mut ages: BTreeMap<(usize, usize, &'static str), u16> = BTreeMap::new();
    for conversation in &site.conversations {
        let server = &site.devices[conversation.server as usize];
        let from = site.devices[conversation.client as usize].segment;
        if from == server.segment {
            continue;
        }
        let service = server.services[conversation.service as usize].id;
        let age = ages
            .entry((from, server.segment, service))
            .or_insert(u16::MAX);
        *age = (*age).min(conversation.days_since);
    }
    ages.into_iter()
        .map(|((from, to, service), days_since)| LinkFile {
            from: &site.segments[from].name,
            to: &site.segments[to].name,
            service,
            evidence: "seen",
            days_since,
        })
        .collect()
}

/// The file's JSON text.
///
/// # Errors
/// When serialisation fails, which for this type would be a programming error.
pub fn json(site: &Site) -> serde_json::Result<String> {
    serde_json::to_string(&SiteFile {
        format: "auscult.site/1",
        site: &site.name,
        time: TIME,
        segments: site
            .segments
            .iter()
            .map(|segment| SegmentFile { id: &segment.name })
            .collect(),
        vulnerabilities: site
            .flaws
            .iter()
            .map(|facts| {
                let file = FlawFile {
                    cvss: [facts.vector.to_string()],
                    epss: (facts.epss > 0.0).then(|| rounded(facts.epss)),
                    kev: facts.kev,
                    kev_ransomware: facts.ransomware,
                    poc: facts.poc,
                    automatable: facts.automatable,
                    technical_impact_total: facts.total,
                    ssvc_exploitation: facts.exploitation(),
                    default_credential: facts.id == crate::build::DEFAULT_CREDENTIALS,
                };
                (facts.id.as_str(), file)
            })
            .collect(),
        devices: (0..site.devices.len()).map(|n| device(site, n)).collect(),
        conversations: site
            .conversations
            .iter()
            .map(|conversation| ConversationFile {
                client: site.device_id(conversation.client as usize),
                server: site.device_id(conversation.server as usize),
                service: site.devices[conversation.server as usize].services
                    [conversation.service as usize]
                    .id,
                days_seen: conversation.days_seen,
                days_since: conversation.days_since,
                bytes: conversation.bytes,
                clinical: conversation.clinical,
            })
            .collect(),
        segment_links: links(site),
        controls: [],
        decisions: [],
    })
}
