//! A flaw of the pump as publishers state it, for the tests of this crate and those of the collector that follow the same story.

use auscult_intel::range::read_text;
use auscult_intel::statement::{
    Claim, Origin, ProductClaim, Rule, Share, SourceKind, Statement, Status,
};
use auscult_intel::vulnerability::Vulnerability;

fn statement(id: &str, kind: SourceKind, at_ms: i64, claim: Claim) -> Statement {
    Statement {
        id: id.to_owned(),
        origin: Origin {
            kind,
            publisher: "publisher".to_owned(),
            document: String::new(),
        },
        at_ms,
        claim,
    }
}

/// A flaw of the pump below version 16, usable from the network without privileges.
pub(crate) fn flaw(id: &str) -> Vulnerability {
    let mut flaw = Vulnerability::new(id);
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    for claim in [
        Claim::Title("Stack overflow in the pump".to_owned()),
        Claim::Score(vector.parse().unwrap()),
        Claim::Product(Box::new(ProductClaim {
            vendor: "ICU Medical".to_owned(),
            product: "Plum 360".to_owned(),
            cpe: None,
            purl: None,
            rules: vec![Rule {
                status: Status::Affected,
                range: read_text("versions prior to 16"),
            }],
            otherwise: Status::Unknown,
            remedies: Vec::new(),
            justification: None,
        })),
    ] {
        flaw.take(statement(id, SourceKind::Csaf, 1, claim));
    }
    flaw
}

/// With EPSS of a day; `share` in billionths.
pub(crate) fn with_epss(mut flaw: Vulnerability, at_ms: i64, share: u32) -> Vulnerability {
    let claim = Claim::Epss {
        probability: Share(share),
        percentile: Share(0),
    };
    let id = flaw.id.clone();
    flaw.take(statement(&id, SourceKind::Epss, at_ms, claim));
    flaw
}

/// Listed in KEV since `at_ms`.
pub(crate) fn with_kev(mut flaw: Vulnerability, at_ms: i64) -> Vulnerability {
    let claim = Claim::KnownExploited {
        added_ms: Some(at_ms),
        ransomware: false,
    };
    let id = flaw.id.clone();
    flaw.take(statement(&id, SourceKind::Kev, at_ms, claim));
    flaw
}
