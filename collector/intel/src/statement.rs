//! What a publisher states about a vulnerability: one claim, with who said it and when.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cpe;
use crate::cvss::Vector;
use crate::range::Range;
use crate::ssvc::{Automatable, Exploitation, TechnicalImpact};

/// Kind of a source. The order is the order in which they are believed where only one can be: who makes the product comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// CSAF 2.0 advisory or VEX.
    Csaf,
    /// OpenVEX document.
    OpenVex,
    /// VEX part of an SBOM.
    Sbom,
    /// CVE record, container of the numbering authority.
    CveRecord,
    /// CVE record, container of another publisher (CISA's vulnrichment).
    CveAdp,
    /// National Vulnerability Database, API 2.0.
    Nvd,
    /// CISA Known Exploited Vulnerabilities catalogue.
    Kev,
    /// FIRST Exploit Prediction Scoring System.
    Epss,
}

/// Where a claim comes from: of two documents of the same origin the newer replaces the older whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Kind of the source.
    pub kind: SourceKind,
    /// Who publishes.
    pub publisher: String,
    /// The document, where the publisher has more than one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document: String,
}

/// A share of one in parts per billion: as exact as EPSS publishes them, and comparable.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Share(pub u32);

impl Share {
    /// One.
    pub const ONE: Self = Self(1_000_000_000);

    /// From 0.0 to 1.0.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1e9
    }

    /// Reads a decimal fraction from 0 to 1, without binary rounding; digits behind the ninth are dropped.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = fraction.bytes().all(|b| b.is_ascii_digit());
        if !digits || whole.is_empty() || whole.len() > 2 {
            return None;
        }
        let whole: u32 = whole.parse().ok()?;
        let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
        let parts = padded.fold(0_u32, |sum, digit| {
            sum.saturating_mul(10)
                .saturating_add(u32::from(digit.saturating_sub(b'0')))
        });
        let parts = whole.checked_mul(Self::ONE.0)?.checked_add(parts)?;
        (parts <= Self::ONE.0).then_some(Self(parts))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.5}", self.value())
    }
}

/// What a publisher says of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has the vulnerability.
    Affected,
    /// It does not have it.
    NotAffected,
    /// It no longer has it.
    Fixed,
    /// Not known yet.
    UnderInvestigation,
    /// Nothing is said.
    Unknown,
}

/// Versions of a product and what is said of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// What is said.
    pub status: Status,
    /// Of which versions.
    pub range: Range,
}

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemedyKind {
    /// The maker has a fix.
    VendorFix,
    /// A way around it without a fix.
    Workaround,
    /// Something that makes it harder to use.
    Mitigation,
    /// A fix is not planned.
    NoFixPlanned,
    /// Nothing is available now.
    NoneAvailable,
    /// A fix is planned.
    FixPlanned,
}

/// What is said of one product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProductClaim {
    /// The maker as written; empty where the source does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// The product as written.
    pub product: String,
    /// Its CPE name, where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<cpe::Name>,
    /// Its package URL, where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// What is said of which versions.
    pub rules: Vec<Rule>,
    /// What holds for all other versions.
    pub otherwise: Status,
    /// Remedies the source names for this product, in rising order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<RemedyKind>,
    /// Why it is not affected, in the source's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
}

/// One thing said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// A short name.
    Title(String),
    /// What it is, in words.
    Description(String),
    /// A CWE identifier.
    Cwe(String),
    /// A CVSS vector.
    Score(Vector),
    /// Probability of exploitation activity within 30 days.
    Epss {
        /// The probability.
        probability: Share,
        /// Share of all CVEs at or below it.
        percentile: Share,
    },
    /// Listed as known to be exploited.
    KnownExploited {
        /// Day it was listed, epoch milliseconds.
        added_ms: Option<i64>,
        /// Used by ransomware campaigns.
        ransomware: bool,
    },
    /// SSVC decision points.
    Ssvc {
        /// State of exploitation.
        exploitation: Option<Exploitation>,
        /// Whether exploitation can be automated.
        automatable: Option<Automatable>,
        /// Technical impact.
        technical_impact: Option<TechnicalImpact>,
    },
    /// What is said of a product.
    Product(Box<ProductClaim>),
    /// Something that can be done, in words.
    Remedy(RemedyKind, String),
    /// Where an exploit is published.
    PublicExploit(String),
    /// Another identifier of the same.
    Alias(String),
    /// Rejected or withdrawn by its publisher.
    Withdrawn,
}

/// One claim about one vulnerability, with its provenance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// Identifier of the vulnerability: a CVE, or the publisher's own.
    pub id: String,
    /// Who says it, in which document.
    pub origin: Origin,
    /// Date of the document, epoch milliseconds.
    pub at_ms: i64,
    /// What is said.
    pub claim: Claim,
}
