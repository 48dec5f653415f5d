//! Software bills of materials: what a product is made of.

use serde::{Deserialize, Serialize};

use crate::cpe;

/// Most components kept of one document; the rest is counted.
pub const COMPONENTS: usize = 100_000;

/// One component.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Component {
    /// Supplier or namespace; empty where not given.
    pub vendor: String,
    /// Name.
    pub name: String,
    /// Version, where given.
    pub version: Option<String>,
    /// Package URL, where given.
    pub purl: Option<String>,
    /// CPE name, where given.
    pub cpe: Option<cpe::Name>,
}

/// What a product is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sbom {
    /// Serial number or namespace of the document.
    pub document: String,
    /// Date of the document, epoch milliseconds; 0 where it gives none.
    pub at_ms: i64,
    /// The product it describes; its name is empty where the document does not say.
    pub subject: Component,
    /// Its components, in order, each once.
    pub components: Vec<Component>,
    /// Components beyond [`COMPONENTS`].
    pub overflow: u64,
}

impl Sbom {
    pub(crate) fn finish(mut self) -> Self {
        self.components.sort();
        self.components.dedup();
        let over = self.components.len().saturating_sub(COMPONENTS);
        self.overflow = u64::try_from(over).unwrap_or(u64::MAX);
        self.components.truncate(COMPONENTS);
        self
    }
}
