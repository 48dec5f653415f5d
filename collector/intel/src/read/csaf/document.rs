//! The shape of a CSAF document, as far as it is read.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Csaf {
    pub(super) document: Document,
    #[serde(default)]
    pub(super) product_tree: Tree,
    #[serde(default)]
    pub(super) vulnerabilities: Vec<Entry>,
}

#[derive(Deserialize)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) title: String,
    pub(super) csaf_version: Option<String>,
    pub(super) publisher: Publisher,
    pub(super) tracking: Tracking,
}

#[derive(Deserialize)]
pub(super) struct Publisher {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Tracking {
    pub(super) id: String,
    pub(super) current_release_date: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Tree {
    pub(super) branches: Vec<Branch>,
    pub(super) full_product_names: Vec<Product>,
    pub(super) relationships: Vec<Relationship>,
    pub(super) product_groups: Vec<Group>,
}

#[derive(Deserialize)]
pub(super) struct Branch {
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) branches: Vec<Self>,
    pub(super) product: Option<Product>,
}

#[derive(Deserialize)]
pub(super) struct Product {
    pub(super) product_id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) product_identification_helper: Identification,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Identification {
    pub(super) cpe: Option<String>,
    pub(super) purl: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Relationship {
    pub(super) full_product_name: Product,
    pub(super) product_reference: String,
    pub(super) relates_to_product_reference: String,
}

#[derive(Deserialize)]
pub(super) struct Group {
    pub(super) group_id: String,
    #[serde(default)]
    pub(super) product_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct Entry {
    pub(super) cve: Option<String>,
    pub(super) ids: Vec<Id>,
    pub(super) title: Option<String>,
    pub(super) cwe: Option<Cwe>,
    pub(super) notes: Vec<Note>,
    pub(super) product_status: BTreeMap<String, Vec<String>>,
    pub(super) scores: Vec<Score>,
    pub(super) remediations: Vec<Remediation>,
    pub(super) flags: Vec<Flag>,
    pub(super) threats: Vec<Threat>,
}

#[derive(Deserialize)]
pub(super) struct Id {
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Cwe {
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct Note {
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Score {
    pub(super) cvss_v2: Option<Vectored>,
    pub(super) cvss_v3: Option<Vectored>,
    pub(super) cvss_v4: Option<Vectored>,
}

#[derive(Deserialize)]
pub(super) struct Vectored {
    #[serde(rename = "vectorString", default)]
    pub(super) vector: String,
}

#[derive(Deserialize)]
pub(super) struct Remediation {
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) details: String,
    #[serde(default)]
    pub(super) product_ids: Vec<String>,
    #[serde(default)]
    pub(super) group_ids: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Flag {
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) product_ids: Vec<String>,
    #[serde(default)]
    pub(super) group_ids: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Threat {
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) details: String,
}
