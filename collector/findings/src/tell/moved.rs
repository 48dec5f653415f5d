//! What of a finding moved, and whether that is worth telling.

use auscult_risk::document::Match;

use super::{Moved, Now};
use crate::band::{Band, STEP};
use crate::ledger::{Life, ToldPair};

/// What of an open pair is worth telling.
pub(super) fn moved(told: &ToldPair, now: &Now<'_>, band: Band) -> Vec<Moved> {
    let mut moved = Vec::new();
    let mut differ = |field, before: Option<String>, after: Option<String>| {
        if before != after {
            moved.push(Moved {
                field,
                before,
                after,
            });
        }
    };
    let text = |text: &dyn std::fmt::Display| Some(text.to_string());
    differ("band", text(&told.life.band.name()), text(&band.name()));
    if told.life.points.abs_diff(now.points) >= STEP || told.life.band != band {
        differ("points", text(&told.life.points), text(&now.points));
    }
    differ(
        "match",
        Some(match_name(told.matched).to_owned()),
        Some(match_name(now.matched).to_owned()),
    );
    let named = |services: &[Option<String>]| {
        let named: Vec<&str> = services
            .iter()
            .map(|service| service.as_deref().unwrap_or("any"))
            .collect();
        Some(named.join(" "))
    };
    differ("services", named(&told.services), named(&now.services));
    differ("version", told.version.clone(), now.version.clone());
    let (was, is) = (&told.known, &now.known);
    differ("known_exploited", text(&was.kev), text(&is.kev));
    differ("ransomware", text(&was.ransomware), text(&is.ransomware));
    differ("public_exploit", text(&was.exploit), text(&is.exploit));
    differ("fix_available", text(&was.fix), text(&is.fix));
    moved
}

pub(super) fn moved_risk(open: Option<Life>, now: &Life) -> Vec<Moved> {
    let text = |text: &dyn std::fmt::Display| Some(text.to_string());
    let after = now.open;
    let mut moved = vec![Moved {
        field: "points",
        before: open.and_then(|life| text(&life.points)),
        after: if after { text(&now.points) } else { None },
    }];
    if open.map(|life| life.band) != Some(now.band) || !after {
        moved.push(Moved {
            field: "band",
            before: open.and_then(|life| text(&life.band.name())),
            after: if after { text(&now.band.name()) } else { None },
        });
    }
    moved
}

/// A match in one word, as described sites write it.
#[must_use]
pub fn match_name(matched: Match) -> &'static str {
    match matched {
        Match::Affected => "affected",
        Match::UnknownVersion => "unknown_version",
        Match::ProductFamily => "product_family",
        Match::Component => "component",
        Match::UnderInvestigation => "under_investigation",
        Match::NotAffected => "not_affected",
        Match::Fixed => "fixed",
    }
}
