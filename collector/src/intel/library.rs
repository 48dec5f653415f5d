//! What is known, and what of it is new.

use std::collections::{BTreeMap, BTreeSet};

use auscult_intel::catalogue::Catalogue;
use auscult_intel::index::Index;
use auscult_intel::sbom::Sbom;
use auscult_intel::statement::{Origin, Share, SourceKind};
use auscult_intel::vulnerability::{Account, Aspect, Vulnerability};
use serde::{Deserialize, Serialize};

use super::recognise::Document;
use super::record::{Record, sbom_name};

/// A source that is published whole, and how far it has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Who publishes what.
    pub origin: Origin,
    /// Date of the newest file read, epoch milliseconds.
    pub newest_ms: i64,
}

impl Source {
    pub(super) fn name(&self) -> String {
        name_of(&self.origin)
    }
}

fn name_of(origin: &Origin) -> String {
    format!("{}/{}", kind_name(origin.kind), origin.publisher)
}

/// A kind of source in one word, as records have it.
fn kind_name(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Csaf => "csaf",
        SourceKind::OpenVex => "open_vex",
        SourceKind::Sbom => "sbom",
        SourceKind::CveRecord => "cve_record",
        SourceKind::CveAdp => "cve_adp",
        SourceKind::Nvd => "nvd",
        SourceKind::Kev => "kev",
        SourceKind::Epss => "epss",
    }
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was taken in.
    In,
    /// A newer file of the same source had been taken in: it says nothing.
    Older,
}

/// What one publisher's documents of one kind come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holding {
    /// Kind of the source.
    pub source: &'static str,
    /// Who publishes.
    pub publisher: String,
    /// Vulnerabilities it states something about.
    pub vulnerabilities: u64,
    /// Date of its newest document, epoch milliseconds; 0 where none is dated.
    pub newest_ms: i64,
}

/// What is known, and what changed since it was last asked.
#[derive(Debug, Default)]
pub struct Library {
    catalogue: Catalogue,
    sboms: BTreeMap<String, Sbom>,
    sources: BTreeMap<String, Source>,
    /// What touched vulnerabilities were before; `None` where changes are not asked for.
    before: Option<BTreeMap<String, Option<Vulnerability>>>,
    changed_sboms: BTreeSet<String>,
    changed_sources: BTreeSet<String>,
}

impl Library {
    /// One that remembers what changes, for [`Library::changes`].
    #[must_use]
    pub fn following() -> Self {
        Self {
            before: Some(BTreeMap::new()),
            ..Self::default()
        }
    }

    /// All vulnerabilities.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// All bills of materials.
    pub fn sboms(&self) -> impl Iterator<Item = &Sbom> {
        self.sboms.values()
    }

    /// How many bills of materials.
    #[must_use]
    pub fn sbom_count(&self) -> usize {
        self.sboms.len()
    }

    /// Vulnerabilities touched since the last [`Library::changes`].
    #[must_use]
    pub fn touched(&self) -> usize {
        self.before.as_ref().map_or(0, BTreeMap::len)
    }

    /// An index for matching.
    #[must_use]
    pub fn index(&self) -> Index {
        let sboms: Vec<Sbom> = self.sboms.values().cloned().collect();
        Index::new(self.catalogue.iter().cloned().collect(), &sboms)
    }

    /// Takes in a document.
    pub fn take(&mut self, document: Document) -> Taken {
        if let Some(reading) = document.reading {
            if document.format.whole() {
                let source = Source {
                    origin: reading.origin.clone(),
                    newest_ms: reading.at_ms,
                };
                if !self.advance(&source) {
                    return Taken::Older;
                }
                let named = reading.statements.iter().map(|s| s.id.clone()).collect();
                self.withdraw(&source, &named);
            }
            for statement in &reading.statements {
                self.remember(&statement.id);
            }
            self.catalogue.take(reading.statements);
        }
        if let Some(sbom) = document.sbom {
            self.take_sbom(sbom);
        }
        Taken::In
    }

    /// Takes in a record of the topic or a bundle.
    pub fn join(&mut self, record: Record) {
        if let Some(vulnerability) = record.vulnerability {
            self.remember(&vulnerability.id);
            self.catalogue.join(vulnerability);
        }
        if let Some(sbom) = record.sbom {
            self.take_sbom(sbom);
        }
        if let Some(source) = record.source {
            self.advance(&source);
        }
    }

    /// Goes on to a file of a source; `false` when a newer one was there.
    fn advance(&mut self, source: &Source) -> bool {
        let name = source.name();
        match self.sources.get(&name) {
            Some(known) if known.newest_ms > source.newest_ms => return false,
            Some(known) if known.newest_ms == source.newest_ms => return true,
            _ => {}
        }
        self.changed_sources.insert(name.clone());
        self.sources.insert(name, source.clone());
        true
    }

    fn withdraw(&mut self, source: &Source, named: &BTreeSet<String>) {
        let states =
            |account: &Account| account.origin == source.origin && !account.claims.is_empty();
        let gone: Vec<String> = self
            .catalogue
            .iter()
            .filter(|known| !named.contains(&known.id) && known.accounts.iter().any(states))
            .map(|known| known.id.clone())
            .collect();
        for id in gone {
            self.remember(&id);
        }
        self.catalogue
            .retract_all_but(&source.origin, source.newest_ms, named);
    }

    fn take_sbom(&mut self, sbom: Sbom) {
        let name = sbom_name(&sbom);
        match self.sboms.get(&name) {
            Some(known) if known.at_ms > sbom.at_ms || *known == sbom => {}
            _ => {
                self.changed_sboms.insert(name.clone());
                self.sboms.insert(name, sbom);
            }
        }
    }

    fn remember(&mut self, id: &str) {
        if let Some(before) = &mut self.before
            && !before.contains_key(id)
        {
            before.insert(id.to_owned(), self.catalogue.find(id).cloned());
        }
    }

    /// Forgets what changed: it is where it came from.
    pub fn settle(&mut self) {
        if let Some(before) = &mut self.before {
            before.clear();
        }
        self.changed_sboms.clear();
        self.changed_sources.clear();
    }

    /// A record for everything that differs from when this was last asked, in the order of keys.
    pub fn changes(&mut self) -> Vec<Record> {
        let before = self.before.as_mut().map(std::mem::take).unwrap_or_default();
        let mut records = Vec::new();
        for (id, before) in before {
            let Some(after) = self.catalogue.find(&id) else {
                continue;
            };
            let changed = Vulnerability::changed(before.as_ref(), after, Share(0));
            if !changed.is_empty() || differs(before.as_ref(), after) {
                records.push(Record::of_vulnerability(after.clone(), changed));
            }
        }
        for name in std::mem::take(&mut self.changed_sboms) {
            records.extend(self.sboms.get(&name).cloned().map(Record::of_sbom));
        }
        // Sources last: an import that was cut off has not read the whole file.
        for name in std::mem::take(&mut self.changed_sources) {
            records.extend(self.sources.get(&name).cloned().map(Record::of_source));
        }
        records
    }

    /// Everything, as records.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let vulnerabilities = self
            .catalogue
            .iter()
            .map(|known| Record::of_vulnerability(known.clone(), BTreeSet::<Aspect>::new()));
        let sboms = self.sboms.values().cloned().map(Record::of_sbom);
        let sources = self.sources.values().cloned().map(Record::of_source);
        vulnerabilities.chain(sboms).chain(sources)
    }

    /// What each publisher's documents come to, in the order of kinds and names.
    #[must_use]
    pub fn holdings(&self) -> Vec<Holding> {
        let mut holdings: BTreeMap<(SourceKind, String), (u64, i64)> = BTreeMap::new();
        for account in self.catalogue.iter().flat_map(|known| &known.accounts) {
            let name = (account.origin.kind, account.origin.publisher.clone());
            let (count, newest) = holdings.entry(name).or_default();
            *count = count.saturating_add(u64::from(!account.claims.is_empty()));
            *newest = (*newest).max(account.at_ms);
        }
        for source in self.sources.values() {
            let name = (source.origin.kind, source.origin.publisher.clone());
            let (_, newest) = holdings.entry(name).or_default();
            *newest = (*newest).max(source.newest_ms);
        }
        holdings
            .into_iter()
            .map(
                |((kind, publisher), (vulnerabilities, newest_ms))| Holding {
                    source: kind_name(kind),
                    publisher,
                    vulnerabilities,
                    newest_ms,
                },
            )
            .collect()
    }
}

/// Whether the accounts differ, but for sources that are published whole: those date everything anew each day.
fn differs(before: Option<&Vulnerability>, after: &Vulnerability) -> bool {
    fn own(vulnerability: &Vulnerability) -> Vec<&Account> {
        let whole = |kind| matches!(kind, SourceKind::Kev | SourceKind::Epss);
        let accounts = vulnerability.accounts.iter();
        accounts
            .filter(|account| !whole(account.origin.kind))
            .collect()
    }
    before.is_none_or(|before| own(before) != own(after))
}
