//! The table, and what it was made from.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::{Bench, Judgement, baselines, engine};
use crate::export;

/// One site's part of the scoreboard.
#[derive(Debug)]
pub struct Part {
    /// Text for people and for the file.
    pub text: String,
    /// False when the campaigns cost nothing: there was nothing to measure.
    pub measured: bool,
}

/// Where a measurement was made.
#[must_use]
pub fn provenance() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or_else(
            || "unknown processor".to_owned(),
            |(_, name)| name.to_owned(),
        );
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let git = |arguments: &[&str]| {
        Command::new("git")
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let changed =
        git(&["status", "--porcelain", "--", "src", "Cargo.toml"]).is_some_and(|s| !s.is_empty());
    let dirty = if changed {
        " with uncommitted changes"
    } else {
        ""
    };
    format!("machine: {processor}, {cores} cores; commit: {commit}{dirty}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn row(text: &mut String, name: &str, judgement: &Judgement) {
    let percent = |value: f64| format!("{:.1} %", 100.0 * value);
    // Writing to a string cannot fail.
    let _infallible = writeln!(
        text,
        "| {name} | {} | {:.1}x | {} | {} of {} |",
        percent(judgement.share),
        judgement.share / super::HEAD,
        percent(judgement.left),
        judgement.planted.0,
        judgement.planted.1,
    );
}

/// Judges all baselines, the oracles and, if given, an engine.
///
/// # Errors
/// When the engine fails.
pub fn part(bench: &Bench<'_>, engine_path: Option<&Path>, scratch: &Path) -> Result<Part> {
    let site = bench.site;
    let input = hex(&Sha256::digest(export::json(site)?.as_bytes()));
    let mut text = String::new();
    let _infallible = writeln!(
        text,
        "### {} devices, seed {}\n\n{} conversations, {} segments, {} candidate pairs, head of {}; input sha256 {}\n",
        site.devices.len(),
        site.estate_seed,
        site.conversations.len(),
        site.segments.len(),
        bench.candidates.len(),
        bench.head(),
        input.get(..16).unwrap_or(&input),
    );
    if !bench.has_loss() {
        text.push_str("Nothing to measure: no campaign cost anything through a listed pair.\n\n");
        return Ok(Part {
            text,
            measured: false,
        });
    }
    let truth = &bench.truth;
    let listed: f64 = bench.loss.iter().sum();
    let _infallible = writeln!(
        text,
        "{} campaigns took {:.1} devices and cost {:.0} on average; {:.0} % of the loss came through listed pairs, {:.0} % through \
         unlisted ones, the rest by people and credentials.\n\n| order | share of loss in the first 2 % | lift | loss left when fixed | laid routes found |\n|---|---|---|---|---|",
        truth.campaigns(),
        truth.mean_size(),
        truth.mean_loss(),
        100.0 * listed / truth.mean_loss(),
        100.0 * bench.unlisted / truth.mean_loss(),
    );
    let mut strongest = ("", 0.0);
    for baseline in baselines::ALL {
        let order = baselines::baseline_order(bench, baseline);
        let judgement = bench.judge(&order);
        row(&mut text, baseline.name, &judgement);
        if judgement.share > strongest.1 {
            strongest = (baseline.name, judgement.share);
        }
    }
    let assessed = engine_path
        .map(|path| engine::assess(path, bench, scratch))
        .transpose()?;
    let engine = assessed
        .as_ref()
        .map(|assessment| bench.judge(&assessment.order));
    if let Some(judgement) = &engine {
        row(&mut text, "**engine**", judgement);
    }
    let mut sighted = None;
    for (name, noise) in [
        ("oracle without hidden capability", 0.0),
        ("oracle of other campaigns", bench.attacker.noise),
    ] {
        let loss = bench.other_campaigns(noise);
        let order = baselines::order(bench, |index| loss[index]);
        let judgement = bench.judge(&order);
        row(&mut text, name, &judgement);
        sighted.get_or_insert(judgement);
    }
    let hindsight = baselines::order(bench, |index| bench.loss[index]);
    row(&mut text, "oracle in hindsight", &bench.judge(&hindsight));
    text.push('\n');
    if let Some(sighted) = &sighted {
        compared(&mut text, strongest, sighted, engine.as_ref());
    }
    if let Some(assessment) = &assessed {
        about(&mut text, bench, assessment);
    }
    Ok(Part {
        text,
        measured: true,
    })
}

/// The oracle and the engine beside the strongest public order (its name and share).
fn compared(
    text: &mut String,
    (name, share): (&str, f64),
    sighted: &Judgement,
    engine: Option<&Judgement>,
) {
    if share <= 0.0 {
        return;
    }
    let times = |judgement: &Judgement| judgement.share / share;
    let _infallible = write!(
        text,
        "Strongest public order: {name}. An oracle without hidden capability finds {:.2} times its share, which bounds every engine",
        times(sighted)
    );
    if let Some(engine) = engine {
        let cut = |judgement: &Judgement| 1.0 - judgement.left;
        let _infallible = write!(
            text,
            "; the engine finds {:.2} times, and fixing its head takes away {:.2} of what the oracle's takes",
            times(engine),
            cut(engine) / cut(sighted)
        );
    }
    text.push_str(".\n\n");
}

fn about(text: &mut String, bench: &Bench<'_>, assessment: &engine::Assessment) {
    let figure = |value: Option<f64>| {
        value.map_or_else(|| "nothing to compare".to_owned(), |v| format!("{v:.2}"))
    };
    let (all, taken) = assessment.springboard(bench);
    let (found, right) = assessment.planted(bench);
    let laid = bench.site.planted.len();
    let _infallible = writeln!(
        text,
        "Engine: springboard Spearman {} over all devices, {} over those taken in some campaign; laid routes into life-sustaining \
         devices in its top tier {found} of {laid}, with the right first hop {right} of {laid}; {:.1} s.",
        figure(all),
        figure(taken),
        assessment.time.as_secs_f64(),
    );
    let limit = bench.head();
    let (defence, count) = assessment.controls(bench.site, limit);
    if count == 0 {
        text.push_str("Controls: nothing to measure, the engine offered none for this site.\n\n");
    } else {
        let _infallible = writeln!(
            text,
            "Controls: its first {count} leave {:.1} % of the loss.\n",
            100.0 * bench.left(&defence)
        );
    }
}
