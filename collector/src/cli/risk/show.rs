//! Answers about risk as tables for people.

use std::collections::BTreeMap;

use auscult_risk::document::ControlKind;
use auscult_risk::{Assessment, DeviceRisk, Plan, PlannedControl, WhatIf};

use super::meaning::Meaning;
use crate::cli::counted;
use crate::cli::names::Names;
use crate::cli::table::{self, Column};
use crate::site::standards::Pair;

const TOP: [Column; 10] = [
    ("#", 5),
    ("DEVICE", 36),
    ("WEAKNESS", 24),
    ("TITLE", 44),
    ("SERVICE", 14),
    ("SCORE", 9),
    ("LIKELIHOOD", 10),
    ("IMPACT", 7),
    ("SSVC", 12),
    ("FIRST HOP", 48),
];

/// The to-do list.
pub(super) fn top(
    assessment: &Assessment,
    pairs: &[Pair<'_>],
    meanings: &BTreeMap<String, Meaning>,
    names: &Names,
) -> Vec<String> {
    let it = &assessment.summary;
    let mut lines = Vec::new();
    if pairs.is_empty() {
        lines.push(format!(
            "nothing on the list: {} on {}, none of which a campaign is expected to use",
            counted(it.pairs, "pair"),
            counted(it.devices, "device")
        ));
        return lines;
    }
    let rows = pairs.iter().map(|pair| {
        let meaning = meanings.get(&pair.risk.weakness);
        top_row(pair, meaning, names)
    });
    let rows: Vec<Vec<String>> = rows.collect();
    lines.extend(table::render(&TOP, &rows));
    lines.push(format!(
        "{} of {} on {}: {:.1} % of the {} a campaign that is lost directly through known weaknesses",
        it.in_cut,
        counted(it.pairs, "pair"),
        counted(it.devices, "device"),
        it.covered * 100.0,
        it.direct.map_or_else(|| "loss".to_owned(), number)
    ));
    lines.push(format!(
        "loss of the whole site a campaign, ways without a known weakness included: {}",
        number(it.loss)
    ));
    lines.push("why: risk explain DEVICE/WEAKNESS; what to do: risk controls".to_owned());
    lines
}

fn top_row(pair: &Pair<'_>, meaning: Option<&Meaning>, names: &Names) -> Vec<String> {
    let risk = pair.risk;
    let first = risk.path.first().and_then(|route| {
        let step = route.hops.iter().find(|hop| hop.from.is_some())?;
        let from = names.shown(step.from.as_deref()?);
        Some(format!("{from} -> {}", names.shown(&step.to)))
    });
    let entry = || "enters here".to_owned();
    let title = meaning.and_then(|it| it.title.clone());
    vec![
        risk.rank.to_string(),
        names.shown(&risk.device).to_owned(),
        risk.weakness.clone(),
        title.unwrap_or_else(|| "-".to_owned()),
        risk.service.clone().unwrap_or_else(|| "-".to_owned()),
        number(risk.score),
        percent(risk.likelihood),
        number(risk.impact),
        pair.standards.ssvc.decision.name().to_owned(),
        first.unwrap_or_else(entry),
    ]
}

const SPRINGBOARDS: [Column; 6] = [
    ("#", 5),
    ("DEVICE", 36),
    ("SPRINGBOARD", 11),
    ("LIKELIHOOD", 10),
    ("OWN LOSS", 10),
    ("MICROSEGMENTED SAVES", 20),
];

/// The first dominoes.
pub(super) fn springboards(devices: &[DeviceRisk], names: &Names) -> Vec<String> {
    if devices.is_empty() {
        return vec!["no device leads to loss at another".to_owned()];
    }
    let rows: Vec<Vec<String>> = devices
        .iter()
        .map(|device| {
            vec![
                device.springboard_rank.to_string(),
                names.shown(&device.device).to_owned(),
                number(device.springboard),
                percent(device.likelihood),
                number(device.loss),
                number(device.segment_share),
            ]
        })
        .collect();
    let mut lines = table::render(&SPRINGBOARDS, &rows);
    lines.push("springboard: expected loss at other devices that goes through this one".to_owned());
    lines
}

const CHANGES: [Column; 4] = [
    ("DEVICE", 36),
    ("LIKELIHOOD", 20),
    ("LOSS", 22),
    ("SPRINGBOARD RANK", 16),
];

/// Before and after. `why`: what a loss that rises comes from.
pub(super) fn what_if(answer: &WhatIf, why: Option<String>, names: &Names) -> Vec<String> {
    let mut lines = vec![format!(
        "loss a campaign: {} -> {} ({})",
        number(answer.loss_before),
        number(answer.loss_after),
        change(answer.loss_before, answer.loss_after)
    )];
    lines.extend(why);
    let pair = |(device, weakness, service): &(String, String, Option<String>)| {
        let service = service.as_deref().unwrap_or("-");
        let device = names.shown(device);
        format!("{device}  {weakness}  {service}")
    };
    for (what, pairs) in [("comes onto", &answer.entered), ("leaves", &answer.left)] {
        lines.extend(
            pairs
                .iter()
                .map(|name| format!("{what} the list: {}", pair(name))),
        );
    }
    if answer.entered.is_empty() && answer.left.is_empty() {
        lines.push("the to-do list stays as it is".to_owned());
    }
    if answer.devices.is_empty() {
        lines.push("no device's loss changes".to_owned());
        return lines;
    }
    let rows: Vec<Vec<String>> = answer
        .devices
        .iter()
        .map(|device| {
            let [before, after] = device.likelihood;
            let [loss_before, loss_after] = device.loss;
            let [rank_before, rank_after] = device.springboard_rank;
            vec![
                names.shown(&device.device).to_owned(),
                format!("{} -> {}", percent(before), percent(after)),
                format!("{} -> {}", number(loss_before), number(loss_after)),
                format!("{} -> {}", rank(rank_before), rank(rank_after)),
            ]
        })
        .collect();
    lines.extend(table::render(&CHANGES, &rows));
    lines
}

fn rank(rank: u32) -> String {
    if rank == 0 {
        "-".to_owned()
    } else {
        rank.to_string()
    }
}

/// Kept conversations that are written out for one measure.
const MOST_KEPT: usize = 20;

/// Measures and what they keep.
pub(super) fn plan(plan: &Plan, names: &Names) -> Vec<String> {
    if plan.controls.is_empty() {
        return vec!["no measure takes loss away".to_owned()];
    }
    let mut lines = vec![format!(
        "loss a campaign: {} -> {} ({}) with {}",
        number(plan.loss_before),
        number(plan.loss_after),
        change(plan.loss_before, plan.loss_after),
        counted(plan.controls.len(), "measure")
    )];
    for (at, control) in plan.controls.iter().enumerate() {
        lines.push(format!(
            "{}. {}: takes {} away",
            at + 1,
            measure(control, names),
            number(control.gain)
        ));
        if control.keeps.is_empty() {
            lines.push("     concerns no observed conversation".to_owned());
        }
        if control.keeps.len() > MOST_KEPT {
            let clinical = control.keeps.iter().filter(|kept| kept.clinical).count();
            lines.push(format!(
                "     keeps {} observed conversations, {clinical} of them clinical; --json names every one, the first are",
                control.keeps.len()
            ));
        }
        for kept in control.keeps.iter().take(MOST_KEPT) {
            let clinical = if kept.clinical { "  (clinical)" } else { "" };
            lines.push(format!(
                "     keeps {} -> {} {}{clinical}",
                names.shown(&kept.client),
                names.shown(&kept.server),
                kept.service
            ));
        }
    }
    lines
}

/// The devices of a measure.
fn whom(planned: &PlannedControl, names: &Names) -> String {
    let control = &planned.control;
    if let Some(device) = &control.device {
        return names.shown(device).to_owned();
    }
    let mut words = vec!["every".to_owned()];
    if let Some(product) = &control.product {
        words.extend(control.vendor.clone());
        words.push(product.clone());
    } else {
        words.push("device".to_owned());
    }
    if let Some(class) = &control.class {
        words.push(format!("of class {class}"));
    }
    if let Some(segment) = &control.segment {
        words.push(format!("in {segment}"));
    }
    if control.kind == ControlKind::CloseService {
        words.push("where nobody was seen using it".to_owned());
    }
    format!(
        "{} ({})",
        words.join(" "),
        counted(planned.devices as usize, "device")
    )
}

fn measure(planned: &PlannedControl, names: &Names) -> String {
    let control = &planned.control;
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let device = whom(planned, names);
    match control.kind {
        ControlKind::Patch if control.weakness.is_none() => {
            format!("bring {device} up to date")
        }
        ControlKind::Patch => format!("patch {} on {device}", text(&control.weakness)),
        ControlKind::VirtualPatch => format!(
            "filter attacks on {} before {device}",
            text(&control.weakness)
        ),
        ControlKind::CloseService => format!("switch off {} on {device}", text(&control.service)),
        ControlKind::DenySources => format!(
            "let only observed clients reach {} on {device}",
            text(&control.service)
        ),
        ControlKind::Microsegment => format!("let only observed conversations reach {device}"),
        ControlKind::CutLink => format!(
            "deny {} to {} in {} but for observed conversations",
            text(&control.from),
            text(&control.service),
            text(&control.to)
        ),
        ControlKind::RemoveEntry => format!("close the way in from outside at {device}"),
    }
}

/// Three digits that matter.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 1.0 {
        format!("{value:.2}")
    } else if size >= 0.001 {
        format!("{value:.4}")
    } else {
        format!("{value:.1e}")
    }
}

/// A probability.
pub(super) fn percent(value: f64) -> String {
    format!("{} %", number(value * 100.0))
}

fn change(before: f64, after: f64) -> String {
    if before > 0.0 {
        format!("{:+.1} %", (after - before) / before * 100.0)
    } else {
        "no loss before".to_owned()
    }
}
