//! Intelligence as a follower holds it: every vulnerability as last stated, an index for matching, what people decided, and what
//! changed when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use auscult_intel::index::Index;
use auscult_intel::sbom::Sbom;
use auscult_intel::statement::{Claim, RemedyKind, Share, SourceKind};
use auscult_intel::vulnerability::{Aspect, Vulnerability};
use auscult_intel::weakness::{WEAKNESSES, Weakness};
use auscult_risk::document;
use auscult_risk::document::DecisionEntry;
use serde::{Deserialize, Serialize};

use crate::completion::describe;
use crate::decision::{DecisionRecord, Decisions};

/// What of a vulnerability moves scores, in whole numbers: what is compared to say why something was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownFacts {
    /// Listed in KEV.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub kev: bool,
    /// Used by ransomware.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ransomware: bool,
    /// An exploit is public.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exploit: bool,
    /// The maker has a fix.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fix: bool,
    /// EPSS in billionths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<u32>,
    /// CVSS vectors that count, one a version.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cvss: Vec<String>,
    /// SSVC: exploitation, automatable, technical impact.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ssvc: String,
}

impl KnownFacts {
    fn of(known: &Vulnerability, risk: &document::Vulnerability) -> Self {
        Self {
            kev: risk.kev,
            ransomware: risk.kev_ransomware,
            exploit: risk.poc,
            fix: known.remedies().contains(&RemedyKind::VendorFix),
            epss: known.epss().map(|(probability, _)| probability.0),
            cvss: risk.cvss.clone(),
            ssvc: format!(
                "{:?} {} {:?} {}",
                risk.ssvc_exploitation,
                risk.automatable,
                risk.technical_impact_total,
                risk.default_credential
            ),
        }
    }
}

/// A vulnerability ready for assessments.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// All that is stated; `None` for a weakness that this project observes itself.
    pub stated: Option<Arc<Vulnerability>>,
    /// As assessments take it.
    pub risk: document::Vulnerability,
    /// What is compared.
    pub facts: KnownFacts,
    /// When it last changed: [`Knowledge::generation`].
    pub changed: u64,
}

impl Known {
    /// The observed weakness that it is, if it is one.
    #[must_use]
    pub fn weakness(id: &str) -> Option<&'static Weakness> {
        WEAKNESSES.iter().find(|weakness| weakness.name == id)
    }

    /// Day that a source dates its account with, epoch milliseconds.
    #[must_use]
    pub fn dated(&self, kind: SourceKind) -> Option<i64> {
        let stated = self.stated.as_ref()?;
        let dates = stated
            .accounts
            .iter()
            .filter(|account| account.origin.kind == kind);
        dates.map(|account| account.at_ms).max()
    }

    /// What can be done, in the words of the most trusted source that has any.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.stated.as_ref()?.remedy()
    }

    /// The first CWE that is named.
    #[must_use]
    pub fn cwe(&self) -> Option<&str> {
        let stated = self.stated.as_ref()?;
        stated.claims().find_map(|(_, claim)| match claim {
            Claim::Cwe(cwe) => Some(cwe.as_str()),
            _ => None,
        })
    }
}

/// All intelligence that one process follows.
#[derive(Debug, Clone)]
pub struct Knowledge {
    known: BTreeMap<String, Known>,
    sboms: BTreeMap<String, Sbom>,
    decisions: Decisions,
    /// Sites by the generation in which decisions about them last changed.
    decided: BTreeMap<String, u64>,
    index: Arc<Index>,
    index_generation: u64,
    generation: u64,
    /// Touched since the last [`Knowledge::settle`].
    touched: BTreeSet<String>,
    /// The index no longer says what is known.
    stale: bool,
}

impl Default for Knowledge {
    fn default() -> Self {
        let known = WEAKNESSES.iter().map(|weakness| {
            let risk = document::Vulnerability {
                cvss: vec![weakness.vector.to_owned()],
                ..document::Vulnerability::default()
            };
            let facts = KnownFacts {
                cvss: risk.cvss.clone(),
                ..KnownFacts::default()
            };
            let known = Known {
                stated: None,
                risk,
                facts,
                changed: 0,
            };
            (weakness.name.to_owned(), known)
        });
        Self {
            known: known.collect(),
            sboms: BTreeMap::new(),
            decisions: Decisions::default(),
            decided: BTreeMap::new(),
            index: Arc::new(Index::default()),
            index_generation: 0,
            generation: 0,
            touched: BTreeSet::new(),
            stale: false,
        }
    }
}

impl Knowledge {
    /// Grows with every settled change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The generation in which matching last changed.
    #[must_use]
    pub fn index_generation(&self) -> u64 {
        self.index_generation
    }

    /// For matching.
    #[must_use]
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// One vulnerability.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Known> {
        self.known.get(id)
    }

    /// Names of the vulnerabilities that are stated.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let stated = self
            .known
            .iter()
            .filter(|(_, known)| known.stated.is_some());
        stated.map(|(id, _)| id.as_str())
    }

    /// How many vulnerabilities are known, observed weaknesses not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len().saturating_sub(WEAKNESSES.len())
    }

    /// Whether nothing has been stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a vulnerability as it now is in the topic. One that looks like an observed weakness is refused: `false`.
    pub fn take(&mut self, vulnerability: Vulnerability) -> bool {
        if Known::weakness(&vulnerability.id).is_some() {
            return false;
        }
        let before = self
            .known
            .get(&vulnerability.id)
            .and_then(|known| known.stated.clone());
        if before.as_deref() == Some(&vulnerability) {
            return true;
        }
        self.stale |= moves_index(before.as_deref(), &vulnerability);
        let risk = describe(&vulnerability);
        let facts = KnownFacts::of(&vulnerability, &risk);
        let id = vulnerability.id.clone();
        let known = Known {
            risk,
            facts,
            stated: Some(Arc::new(vulnerability)),
            changed: self.generation.saturating_add(1),
        };
        self.known.insert(id.clone(), known);
        self.touched.insert(id);
        true
    }

    /// A vulnerability is no longer in the topic.
    pub fn forget(&mut self, id: &str) {
        if Known::weakness(id).is_none()
            && let Some(gone) = self.known.remove(id)
        {
            let products = gone.stated.is_some_and(|it| it.products().next().is_some());
            self.stale |= products;
            self.touched.insert(id.to_owned());
        }
    }

    /// Takes a bill of materials under its name in the topic; `None` ends it.
    pub fn take_sbom(&mut self, name: &str, sbom: Option<Sbom>) {
        let before = match sbom {
            Some(sbom) if self.sboms.get(name) == Some(&sbom) => return,
            Some(sbom) => self.sboms.insert(name.to_owned(), sbom),
            None => self.sboms.remove(name),
        };
        drop(before);
        self.stale = true;
        self.touched.insert(name.to_owned());
    }

    /// Takes a decision under the key of its record; `None` takes it back. One too many is refused: `false`.
    pub fn decide(&mut self, key: &str, record: Option<DecisionRecord>) -> bool {
        let Some(differs) = self.decisions.take(key, record) else {
            return false;
        };
        if differs {
            let site = key.split('/').next().unwrap_or(key);
            let generation = self.generation.saturating_add(1);
            self.decided.insert(site.to_owned(), generation);
            self.touched.insert(key.to_owned());
        }
        true
    }

    /// What people decided about a site, by the keys of the records.
    pub fn decisions(&self, site: &str) -> impl Iterator<Item = (&String, &DecisionEntry)> {
        self.decisions.of(site)
    }

    /// The keys of all decisions.
    pub fn decided(&self) -> impl Iterator<Item = &String> {
        self.decisions.keys()
    }

    /// The generation in which decisions about a site last changed.
    #[must_use]
    pub fn decided_at(&self, site: &str) -> u64 {
        self.decided.get(site).copied().unwrap_or(0)
    }

    /// Makes what was taken count: afterwards the generation has grown if anything differs.
    pub fn settle(&mut self) {
        if self.touched.is_empty() {
            return;
        }
        self.touched.clear();
        self.generation = self.generation.saturating_add(1);
        if std::mem::take(&mut self.stale) {
            // Only what names a product can match anything.
            let with_products = self.known.values().filter_map(|known| {
                let stated = known.stated.as_deref()?;
                stated.products().next()?;
                Some(stated.clone())
            });
            let sboms: Vec<Sbom> = self.sboms.values().cloned().collect();
            self.index = Arc::new(Index::new(with_products.collect(), &sboms));
            self.index_generation = self.generation;
        }
    }
}

/// Whether matching may give another answer. The words count, because they name the protocol a vulnerability is in.
fn moves_index(before: Option<&Vulnerability>, after: &Vulnerability) -> bool {
    let named = |it: &Vulnerability| it.products().next().is_some();
    if !named(after) && !before.is_some_and(named) {
        return false;
    }
    let moving = [
        Aspect::New,
        Aspect::Withdrawn,
        Aspect::Text,
        Aspect::Score,
        Aspect::Products,
    ];
    let changed = Vulnerability::changed(before, after, Share(0));
    moving.iter().any(|aspect| changed.contains(aspect))
}
