//! `risk explain`: why a pair or a device stands where it stands.

use auscult_process::exit;
use auscult_risk::{Assessment, Assessor, Hop, PairRisk, WorldRoute};
use serde_json::json;

use super::meaning::{self, Meaning};
use super::show::{number, percent};
use super::what_if::{device_and, no_such_device};
use super::{print, print_json};
use crate::Failure;
use crate::cli::described::Assessed;
use crate::cli::names::Names;
use crate::cli::output::note;
use crate::site::standards::{self, Pair};

/// Routes of campaigns that are shown.
const ROUTES: usize = 3;

/// Pairs of a site up to which routes and factors are worked out for pairs that are not on the list: each costs a search of its own.
const MOST_PAIRS: usize = 50_000;

pub(super) fn run(assessed: &Assessed, what: &str, json: bool) -> Result<(), Failure> {
    let (device, weakness) = named(assessed, what)?;
    let mut assessment = assessed.assessor.assessment();
    let chosen = |pair: &PairRisk| {
        pair.device == device && weakness.is_none_or(|weakness| pair.weakness == weakness)
    };
    evidence(assessed, &mut assessment, &chosen)?;
    let routes = assessed
        .assessor
        .world_routes(device, ROUTES)
        .unwrap_or_default();
    let mut written = standards::beside(assessed.site.document(), &assessed.policy, &assessment);
    written.pairs.retain(|pair| chosen(pair.risk));
    let meanings = meaning::of(assessed, super::weaknesses(&written.pairs));
    let risk = assessment.devices.iter().find(|risk| risk.device == device);
    if json {
        let on_routes = written.pairs.iter().flat_map(|pair| &pair.risk.path);
        let hops = on_routes.flat_map(|route| &route.hops);
        let named = hops.flat_map(|hop| hop.from.iter().chain([&hop.to]));
        let named = named.chain(routes.iter().flat_map(|route| &route.devices));
        let named = named.map(String::as_str).chain([device]);
        let answer = json!({
            "device": risk,
            "pairs": written.pairs,
            "weaknesses": meanings,
            "campaigns": routes,
        });
        return print_json(&super::named(assessed, named, answer));
    }
    let names = &assessed.names;
    let shown = match names.shown(device) {
        shown if shown == device => device.to_owned(),
        shown => format!("{shown} ({device})"),
    };
    let mut lines = Vec::new();
    match risk {
        Some(risk) => lines.push(format!(
            "{shown}: taken in {} of campaigns, impact {}, loss {}, springboard {} (rank {})",
            percent(risk.likelihood),
            number(risk.impact),
            number(risk.loss),
            number(risk.springboard),
            risk.springboard_rank
        )),
        None => lines.push(format!("{shown}: not active, so it takes no part")),
    }
    if written.pairs.is_empty() {
        lines.push("it has no weakness in this site".to_owned());
    }
    for pair in &written.pairs {
        let meaning = meanings.get(&pair.risk.weakness);
        lines.extend(explain(pair, meaning, names));
    }
    lines.extend(campaigns(&routes, names));
    print(&lines)
}

/// `vf:DEVICE:WEAKNESS` and `risk:DEVICE`, as findings are named, as a device and its weakness; anything else as it is.
pub(super) fn of_finding(what: &str) -> String {
    let pair = what.strip_prefix("vf:").and_then(|it| it.split_once(':'));
    match (pair, what.strip_prefix("risk:")) {
        (Some((device, weakness)), _) => format!("{device}/{weakness}"),
        (None, Some(device)) => device.to_owned(),
        (None, None) => what.to_owned(),
    }
}

/// `DEVICE` or `DEVICE/WEAKNESS`, as the site has them; names may have slashes of their own.
fn named<'a, 'b>(
    assessed: &'a Assessed,
    what: &'b str,
) -> Result<(&'a str, Option<&'b str>), Failure> {
    let devices = &assessed.site.document().devices;
    let meant = assessed.names.id(what);
    if let Some(device) = devices.iter().find(|device| device.id == meant) {
        return Ok((&device.id, None));
    }
    if !what.contains('/') {
        return Err(no_such_device(assessed, &format!("explain {what}"), what));
    }
    let (device, weakness) = device_and(assessed, "explain", what, "DEVICE/WEAKNESS")?;
    let known = devices
        .iter()
        .filter(|own| own.id == device)
        .flat_map(|own| own.weaknesses.iter().flatten())
        .any(|own| own.id == weakness);
    if known {
        Ok((device, Some(weakness)))
    } else {
        Err(Failure::new(
            exit::USAGE,
            format!(
                "explain {what}: {device} does not have the weakness {weakness:?}; `risk explain {device}` lists those it has"
            ),
        ))
    }
}

/// Puts routes and factors to chosen pairs that are not on the list: they are those of the same site with everything listed.
fn evidence(
    assessed: &Assessed,
    assessment: &mut Assessment,
    chosen: &dyn Fn(&PairRisk) -> bool,
) -> Result<(), Failure> {
    let missing = |pair: &PairRisk| chosen(pair) && pair.factors.is_empty();
    if !assessment.pairs.iter().any(missing) {
        return Ok(());
    }
    if assessment.pairs.len() > MOST_PAIRS {
        note(&format!(
            "what is not on the list has no routes here: the site has {} pairs, more than {MOST_PAIRS}",
            assessment.pairs.len()
        ));
        return Ok(());
    }
    let all = json!({ "cut": { "covered": 1.0, "share": 1.0 }, "calibration": { "scale": assessed.assessor.scale() } });
    let failed = |faults: auscult_risk::Faults| Failure::new(exit::FAILURE, faults.to_string());
    let mut document = assessed.site.document().clone();
    // Its overrides are in the policy already.
    document.policy = None;
    let site = auscult_risk::Site::try_from(document).map_err(failed)?;
    let policy = assessed.policy.with_overrides(&all).map_err(failed)?;
    let whole = Assessor::new(&site, &policy).map_err(failed)?.assessment();
    let mut found: std::collections::BTreeMap<_, PairRisk> = whole
        .pairs
        .into_iter()
        .filter(|pair| chosen(pair))
        .map(|pair| {
            (
                (
                    pair.device.clone(),
                    pair.weakness.clone(),
                    pair.service.clone(),
                ),
                pair,
            )
        })
        .collect();
    for pair in assessment.pairs.iter_mut().filter(|pair| missing(pair)) {
        let name = (
            pair.device.clone(),
            pair.weakness.clone(),
            pair.service.clone(),
        );
        if let Some(full) = found.remove(&name) {
            (pair.factors, pair.path) = (full.factors, full.path);
        }
    }
    Ok(())
}

fn explain(pair: &Pair<'_>, meaning: Option<&Meaning>, names: &Names) -> Vec<String> {
    let risk = pair.risk;
    let it = &pair.standards;
    let service = risk
        .service
        .as_deref()
        .unwrap_or("any way in that its vector allows");
    let mut lines = vec![
        String::new(),
        format!(
            "{} on {service}: rank {}, {}{}",
            risk.weakness,
            risk.rank,
            tier(risk),
            if risk.in_cut { ", on the list" } else { "" }
        ),
    ];
    lines.extend(meaning.into_iter().flat_map(in_words));
    lines.extend([
        format!(
            "  score {} = likelihood {} x impact {} x consequence {}; through it, downstream included, {}",
            number(risk.score),
            percent(risk.likelihood),
            number(risk.impact),
            number(risk.consequence),
            number(risk.through)
        ),
        format!(
            "  likelihood: layers {}, worlds {}; {} a year",
            percent(risk.likelihood_layers),
            percent(risk.likelihood_worlds),
            percent(risk.annual)
        ),
        format!(
            "  SSVC {} ({} exposure, exploitation {}), BOD 26-04 {}{}",
            it.ssvc.decision.name(),
            it.ssvc.exposure.name(),
            it.ssvc.exploitation.name(),
            it.bod_26_04.tier.name(),
            it.cvss_environmental()
                .map_or_else(String::new, |cvss| format!(
                    ", CVSS {:.1} here (base {:.1}) {}",
                    f64::from(cvss.score) / 10.0,
                    f64::from(cvss.base_score) / 10.0,
                    cvss.vector
                ))
        ),
    ]);
    for factor in &risk.factors {
        lines.push(format!(
            "  {:<22} {:>8}  {}",
            factor.name,
            number(factor.value),
            factor.why
        ));
    }
    for (at, route) in risk.path.iter().enumerate() {
        lines.push(format!(
            "  way {} ({}):",
            at + 1,
            percent(route.probability)
        ));
        lines.extend(route.hops.iter().map(|it| hop(it, names)));
    }
    lines
}

/// What the weakness is, and what can be done where that is known.
fn in_words(meaning: &Meaning) -> impl Iterator<Item = String> {
    let title = meaning.title.iter().map(|title| format!("  {title}"));
    let remedy = meaning.remedy.iter();
    title.chain(remedy.map(|remedy| format!("  remedy: {remedy}")))
}

fn tier(risk: &PairRisk) -> &'static str {
    use auscult_risk::Tier;
    match risk.tier {
        Tier::Top => "top",
        Tier::Borderline => "borderline",
        Tier::Watch => "watch",
        Tier::Background => "background",
        Tier::Accepted => "accepted",
    }
}

fn hop(hop: &Hop, names: &Names) -> String {
    let from = hop.from.as_deref().map_or("outside", |it| names.shown(it));
    let over = hop
        .service
        .as_deref()
        .map_or_else(String::new, |it| format!(" over {it}"));
    let with = hop
        .weakness
        .as_deref()
        .map_or_else(String::new, |it| format!(" with {it}"));
    format!(
        "    {from} -> {}{over}{with}: {}; {}",
        names.shown(&hop.to),
        percent(hop.probability),
        hop.evidence
    )
}

fn campaigns(routes: &[WorldRoute], names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    for route in routes {
        if lines.is_empty() {
            lines.push(String::new());
            lines.push("played campaigns that reached it:".to_owned());
        }
        lines.push(format!(
            "  {} of {}: {}",
            route.campaigns,
            route.of,
            route
                .devices
                .iter()
                .map(|id| names.shown(id))
                .collect::<Vec<_>>()
                .join(" -> ")
        ));
    }
    lines
}
