//! `risk`: what matters of a described site, why, and what would change it.

mod explain;
mod show;
mod what_if;

use std::path::PathBuf;

use auscult_process::exit;
use serde::Serialize;
use serde_json::json;

use super::described::{Assessed, Described};
use super::output::Output;
use crate::Failure;
use crate::site::standards;

/// What is asked about the site.
#[derive(Debug, clap::Subcommand)]
pub enum RiskAction {
    /// The few that matter: the to-do list and the share of the modelled loss it covers.
    Top {
        /// Which site.
        #[command(flatten)]
        site: Described,
        /// The answer as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Why: the ways to a device or to one weakness of it, hop by hop with the evidence, and every factor of the score.
    #[command(after_help = "Examples:\n  \
        auscult-collector risk explain pump-7 site.json                  every weakness of a device\n  \
        auscult-collector risk explain pump-7/CVE-2026-1 site.json       one of them")]
    Explain {
        /// A device, or a device and one of its weaknesses.
        #[arg(value_name = "DEVICE[/WEAKNESS]")]
        what: String,
        /// Which site.
        #[command(flatten)]
        site: Described,
        /// The answer as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The first dominoes: devices through which most loss at other devices would go.
    Springboards {
        /// Which site.
        #[command(flatten)]
        site: Described,
        /// Rows at most; 0: all.
        #[arg(long, value_name = "N", default_value_t = 20)]
        most: usize,
        /// The answer as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// What a change would change: loss, to-do list and devices before and after. Several changes are one step.
    #[command(after_help = "Examples:\n  \
        auscult-collector risk what-if site.json --patch pump-7/CVE-2026-1 --close pump-7/tcp/23\n  \
        auscult-collector risk what-if site.json --cut-link office/ward/tcp/445\n  \
        auscult-collector risk what-if site.json --add-device new-pump.json --intel advisories/\n\n\
        --add-device reads one device as in the site's `devices`, or {\"device\": {...}, \"vulnerabilities\": {...},\n\
        \"conversations\": [...]}; whatever its state, it is tried as active.")]
    WhatIf(WhatIfArgs),
    /// The measures that take most loss away, at most K, and the observed conversations each keeps.
    #[command(
        after_help = "A measure is about one device, or about a whole product, class or segment: bring a fleet up to date, switch a\n\
        service off on a class of devices where nobody was seen using it, let only observed conversations into a segment.\n\
        No measure denies an observed conversation; what each keeps is listed below it.\n\
        The gain is recomputed, each on top of those before it; the choice is greedy and claims no optimum."
    )]
    Controls {
        /// Which site.
        #[command(flatten)]
        site: Described,
        /// Measures at most.
        #[arg(long, value_name = "K", default_value_t = 10)]
        budget: usize,
        /// The answer as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What is changed.
#[derive(Debug, Default, clap::Args)]
pub struct WhatIfArgs {
    /// Which site.
    #[command(flatten)]
    site: Described,
    /// The device is gone.
    #[arg(long, value_name = "DEVICE")]
    remove_device: Vec<String>,
    /// The weakness is patched, verified.
    #[arg(long, value_name = "DEVICE/WEAKNESS")]
    patch: Vec<String>,
    /// The service is switched off, verified.
    #[arg(long, value_name = "DEVICE/SERVICE")]
    close: Vec<String>,
    /// Only observed conversations reach the device, verified.
    #[arg(long, value_name = "DEVICE")]
    microsegment: Vec<String>,
    /// Segment A reaches SERVICE in segment B no more, but for observed conversations; verified.
    #[arg(long, value_name = "A/B/SERVICE")]
    cut_link: Vec<String>,
    /// A device more, before it is bought.
    #[arg(long, value_name = "FILE")]
    add_device: Vec<PathBuf>,
    /// The answer as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Answers.
///
/// # Errors
/// Those of the site file (65, 66), 64 for names that the site does not have.
pub fn run(action: &RiskAction) -> Result<(), Failure> {
    match action {
        RiskAction::Top { site, json } => top(&site.assess()?, *json),
        RiskAction::Explain { what, site, json } => explain::run(&site.assess()?, what, *json),
        RiskAction::Springboards { site, most, json } => {
            springboards(&site.assess()?, *most, *json)
        }
        RiskAction::WhatIf(args) => what_if::run(&args.site.assess()?, args),
        RiskAction::Controls { site, budget, json } => controls(&site.assess()?, *budget, *json),
    }
}

fn top(assessed: &Assessed, json: bool) -> Result<(), Failure> {
    let assessment = assessed.assessor.assessment();
    let mut written = standards::beside(assessed.site.document(), &assessed.policy, &assessment);
    written.pairs.retain(|pair| pair.risk.in_cut);
    if json {
        return print_json(&json!({
            "site": assessment.site,
            "summary": assessment.summary,
            "pairs": written.pairs,
        }));
    }
    print(&show::top(&assessment, &written.pairs))
}

fn springboards(assessed: &Assessed, most: usize, json: bool) -> Result<(), Failure> {
    let mut devices = assessed.assessor.assessment().devices;
    devices.retain(|device| device.springboard > 0.0);
    devices.sort_by_key(|device| device.springboard_rank);
    if most > 0 {
        devices.truncate(most);
    }
    if json {
        return print_json(&json!({ "springboards": devices }));
    }
    print(&show::springboards(&devices))
}

fn controls(assessed: &Assessed, budget: usize, json: bool) -> Result<(), Failure> {
    let plan = assessed.assessor.controls(budget);
    if json {
        return print_json(&plan);
    }
    print(&show::plan(&plan))
}

fn print(lines: &[String]) -> Result<(), Failure> {
    let mut out = Output::new();
    for line in lines {
        out.line(line)?;
    }
    Ok(out.flush()?)
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(exit::FAILURE, format!("cannot write JSON: {error}")))?;
    print(&[text])
}

#[cfg(test)]
mod tests;
