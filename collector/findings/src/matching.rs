//! The weaknesses of one device: what intelligence says of its identity, and what follows from how it was seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use auscult_intel::index::Index;
use auscult_intel::matching::{Candidate, Device, Part, Service, Weights, match_device};
use auscult_intel::weakness::{Certainty, Seen, SeenService, Stated, derive, find};
use auscult_risk::document::{Match, WeaknessEntry};

use crate::completion::{grade, service_of};
use crate::view::{DeviceFacts, ServiceView, service_id};

/// What an answer depends on besides the index and the day. Devices of one fleet share it.
type Question = DeviceFacts;

/// Answers of one site, kept as long as index and day are the same.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    of: (u64, i64),
    known: BTreeMap<Question, Arc<Vec<WeaknessEntry>>>,
}

impl Answers {
    /// The weaknesses of a device. `generation` is the index's, `day` counts from 1970.
    pub(crate) fn of(
        &mut self,
        facts: &DeviceFacts,
        index: &Index,
        generation: u64,
        day: i64,
        bound: usize,
    ) -> Arc<Vec<WeaknessEntry>> {
        if self.of != (generation, day) || self.known.len() > bound {
            self.known.clear();
            self.of = (generation, day);
        }
        let question = Question {
            active: true,
            segment: String::new(),
            class: String::new(),
            ..facts.clone()
        };
        Arc::clone(
            self.known
                .entry(question)
                .or_insert_with_key(|question| Arc::new(weaknesses(question, index, day))),
        )
    }
}

fn weaknesses(facts: &DeviceFacts, index: &Index, day: i64) -> Vec<WeaknessEntry> {
    let weights = Weights::default();
    let mut found: BTreeMap<(String, Option<String>), Match> = BTreeMap::new();
    let ids: Vec<String> = facts.services.iter().map(ServiceView::id).collect();
    for one in match_device(index, &asked(facts), &weights) {
        let graded = (one.weight > 0.0).then(|| grade(&one, &weights)).flatten();
        if let (Some(matched), Some(known)) = (graded, index.vulnerability(one.vulnerability)) {
            let service = service_of(&ids, one.through);
            found.insert((known.id.clone(), service), matched);
        }
    }
    let now = day.saturating_mul(86_400_000);
    for one in derive(&seen(facts), now) {
        let Some(weakness) = find(one.id) else {
            continue;
        };
        // A port alone is a hint: it may be something else.
        let matched = match one.certainty {
            Certainty::Recognised => Match::Affected,
            Certainty::PortOnly => Match::UnknownVersion,
        };
        let service = one
            .service
            .and_then(|place| facts.services.get(place))
            .map(|own| service_id(own.ip_protocol, own.port));
        found.insert((weakness.name.to_owned(), service), matched);
    }
    found
        .into_iter()
        .map(|((id, service), matched)| WeaknessEntry {
            id,
            service,
            matched,
        })
        .collect()
}

fn asked(facts: &DeviceFacts) -> Device {
    let candidates = facts.hypotheses.iter().map(|one| Candidate {
        probability: f64::from(one.eighths) / 8.0,
        vendor: one.vendor.clone(),
        product: one.product.clone(),
        version: one.version.clone(),
    });
    let mut parts = vec![Part {
        candidates: candidates.collect(),
        service: None,
    }];
    let system = facts.stated.iter().find(|(name, _)| name == "os_name");
    parts.extend(system.and_then(|(_, text)| {
        let vendor = maker_of(text)?;
        Some(Part {
            candidates: vec![Candidate {
                probability: 1.0,
                vendor: vendor.to_owned(),
                product: text.clone(),
                version: None,
            }],
            service: None,
        })
    }));
    Device {
        parts,
        services: facts
            .services
            .iter()
            .map(|own| Service {
                ip_protocol: own.ip_protocol,
                port: own.port,
                name: own.name.clone(),
            })
            .collect(),
        components: Vec::new(),
    }
}

/// Makers of operating systems, by the name of the system.
fn maker_of(system: &str) -> Option<&'static str> {
    let lower = system.to_lowercase();
    [
        ("windows", "microsoft"),
        ("macos", "apple"),
        ("ios", "apple"),
        ("android", "google"),
        ("ubuntu", "canonical"),
        ("debian", "debian"),
        ("vxworks", "windriver"),
    ]
    .into_iter()
    .find(|(word, _)| lower.starts_with(word))
    .map(|(_, maker)| maker)
}

fn seen(facts: &DeviceFacts) -> Seen {
    Seen {
        stated: facts
            .stated
            .iter()
            .map(|(attribute, value)| Stated {
                attribute: attribute.clone(),
                value: value.clone(),
            })
            .collect(),
        services: facts
            .services
            .iter()
            .map(|own| SeenService {
                ip_protocol: own.ip_protocol,
                port: own.port,
                name: own.name.clone(),
                tls: own.name.as_deref() == Some("tls"),
                stated: Vec::new(),
                same_certificate_on: 0,
            })
            .collect(),
    }
}
