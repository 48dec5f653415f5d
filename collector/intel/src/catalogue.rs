//! All vulnerabilities by identifier, and how statements come into them.

use std::collections::{BTreeMap, BTreeSet};

use crate::statement::{Origin, Statement};
use crate::vulnerability::{Account, Vulnerability};

/// Vulnerabilities by identifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    entries: BTreeMap<String, Vulnerability>,
}

impl Catalogue {
    /// Takes in statements. Returns the identifiers they were about.
    pub fn take(&mut self, statements: impl IntoIterator<Item = Statement>) -> BTreeSet<String> {
        let mut touched = BTreeSet::new();
        for statement in statements {
            if !touched.contains(&statement.id) {
                touched.insert(statement.id.clone());
            }
            match self.entries.get_mut(&statement.id) {
                Some(known) => known.take(statement),
                None => {
                    let mut new = Vulnerability::new(&statement.id);
                    new.take(statement);
                    self.entries.insert(new.id.clone(), new);
                }
            }
        }
        touched
    }

    /// Takes in one vulnerability as another catalogue has it.
    pub fn join(&mut self, vulnerability: Vulnerability) {
        match self.entries.get_mut(&vulnerability.id) {
            Some(known) => known.join(vulnerability),
            None => {
                self.entries.insert(vulnerability.id.clone(), vulnerability);
            }
        }
    }

    /// Says that an origin states nothing any more about any vulnerability but `kept`: for sources that are published whole. Returns
    /// those it no longer names.
    pub fn retract_all_but(
        &mut self,
        origin: &Origin,
        at_ms: i64,
        kept: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let mut dropped = BTreeSet::new();
        for (id, vulnerability) in &mut self.entries {
            let states =
                |account: &Account| account.origin == *origin && !account.claims.is_empty();
            if !kept.contains(id) && vulnerability.accounts.iter().any(states) {
                vulnerability.retract(origin.clone(), at_ms);
                dropped.insert(id.clone());
            }
        }
        dropped
    }

    /// One vulnerability.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Vulnerability> {
        self.entries.get(id)
    }

    /// All, in the order of identifiers.
    pub fn iter(&self) -> impl Iterator<Item = &Vulnerability> {
        self.entries.values()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
