//! What weaknesses are and what can be done: observed ones are in our own table, advisories say it of theirs.

use std::collections::{BTreeMap, BTreeSet};

use auscult_findings::Known;
use serde::Serialize;

use crate::cli::described::Assessed;

/// A weakness in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Meaning {
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Of these weaknesses, those of which anything is known.
pub(super) fn of<'a>(
    assessed: &Assessed,
    weaknesses: impl Iterator<Item = &'a str>,
) -> BTreeMap<String, Meaning> {
    let mut meanings = BTreeMap::new();
    let mut stated: BTreeSet<&str> = weaknesses.collect();
    stated.retain(|id| {
        let own = Known::weakness(id);
        if let Some(own) = own {
            let meaning = Meaning {
                title: Some(own.title.to_owned()),
                remedy: Some(own.remedy.to_owned()),
            };
            meanings.insert((*id).to_owned(), meaning);
        }
        own.is_none()
    });
    let index = assessed.index.iter();
    let known = index.flat_map(|index| index.vulnerabilities());
    for known in known.filter(|known| stated.contains(known.id.as_str())) {
        let meaning = Meaning {
            title: known.title().map(one_line),
            remedy: known.remedy().map(one_line),
        };
        if meaning != Meaning::default() {
            meanings.insert(known.id.clone(), meaning);
        }
    }
    meanings
}

/// Publishers write lines of their own, and what would steer a terminal is taken out.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.chars().filter(|c| !c.is_control()).collect()
}
