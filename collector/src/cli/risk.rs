//! `risk`: what matters of a site, why, and what would change it.

mod asked;
mod decide;
mod explain;
mod meaning;
mod show;
mod spread;
mod what_if;

use std::path::{Path, PathBuf};

use auscult_process::exit;
use auscult_proto::ids::SiteId;
use auscult_risk::{Assessment, DeviceRisk};
use serde::Serialize;
use serde_json::{Value, json};

use super::described::Assessed;
use super::output::Output;
use crate::Failure;
use crate::site::standards;
use asked::Asked;

/// What is asked about the site.
#[derive(Debug, clap::Subcommand)]
pub enum RiskAction {
    /// The few that matter: the to-do list, and its share of the direct loss through known weaknesses.
    Top {
        /// Which site.
        #[command(flatten)]
        site: Asked,
        /// The answer as one JSON object; without SITE.json and `--site` its `sites` has one of each site.
        #[arg(long)]
        json: bool,
    },
    /// Why: what the weaknesses of a device are and what can be done, the ways to them, hop by hop with the evidence, and every factor
    /// of the score.
    #[command(after_help = "Examples:\n  \
        auscult-collector risk explain pump-7                            every weakness of a device\n  \
        auscult-collector risk explain pump-7/CVE-2026-1                 one of them\n  \
        auscult-collector risk explain pump-7/CVE-2026-1 site.json       of a described site")]
    Explain {
        /// A device, a device and one of its weaknesses, or the name of a finding.
        #[arg(value_name = "DEVICE[/WEAKNESS]|FINDING")]
        what: String,
        /// Which site.
        #[command(flatten)]
        site: Asked,
        /// The answer as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Weaknesses that many sites have: each one statement, with its sites, its devices and the worst of them.
    #[command(
        after_help = "Reads the open findings (auscult.public.findings-open.v1) of all sites; whoever reads that topic can say the same.\n\
        LOSS is the expected direct loss if every site had one campaign, RISK its points and band, as findings have them."
    )]
    Spread {
        /// Only weaknesses of at least so many sites.
        #[arg(long, value_name = "N", default_value_t = auscult_findings::SITES)]
        sites: usize,
        /// The answer as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Carry the risk of a weakness on a device until a day: it stays in the assessment and leaves the to-do list.
    #[command(after_help = "Example:\n  \
        auscult-collector risk accept pump-7/CVE-2026-1 --until 2027-03-31 --by \"A. Meier, clinical engineering\"\n\n\
        It comes back when the day has passed, KEV lists the weakness, or what goes through it rises 1.5 times; each is told\n\
        with its cause. A log on disk has one process: stop the collector for it, or use Kafka.")]
    Accept {
        /// A device and one of its weaknesses, or the name of a finding.
        #[arg(value_name = "DEVICE/WEAKNESS|FINDING")]
        what: String,
        /// The last day, YYYY-MM-DD.
        #[arg(long, value_name = "DAY")]
        until: String,
        /// Who decides.
        #[arg(long, value_name = "NAME", value_parser = somebody)]
        by: String,
        /// Of the sites that the collector follows, this one.
        #[arg(long)]
        site: Option<SiteId>,
    },
    /// Take an acceptance back.
    Withdraw {
        /// A device and one of its weaknesses, or the name of a finding.
        #[arg(value_name = "DEVICE/WEAKNESS|FINDING")]
        what: String,
        /// Of the sites that the collector follows, this one.
        #[arg(long)]
        site: Option<SiteId>,
    },
    /// The first dominoes: devices through which most loss at other devices would go.
    Springboards {
        /// Which site.
        #[command(flatten)]
        site: Asked,
        /// Rows at most; 0: all.
        #[arg(long, value_name = "N", default_value_t = 20)]
        most: usize,
        /// The answer as one JSON object; without SITE.json and `--site` its `sites` has one of each site.
        #[arg(long)]
        json: bool,
    },
    /// What a change would change: loss, to-do list and devices before and after. Several changes are one step.
    #[command(after_help = "Examples:\n  \
        auscult-collector risk what-if --site main --patch pump-7/CVE-2026-1\n  \
        auscult-collector risk what-if site.json --patch pump-7/CVE-2026-1 --close pump-7/tcp/23\n  \
        auscult-collector risk what-if site.json --cut-link office/ward/tcp/445\n  \
        auscult-collector risk what-if site.json --add-device new-pump.json --intel advisories/\n\n\
        --add-device reads one device as in the site's `devices`, or {\"device\": {...}, \"vulnerabilities\": {...},\n\
        \"conversations\": [...]}; whatever its state, it is tried as active.\n\n\
        Every campaign begins at one of the site's ways in. Where a device that is a way in goes, the others share its campaigns, so\n\
        that loss may rise.")]
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
        site: Asked,
        /// Measures at most.
        #[arg(long, value_name = "K", default_value_t = 10, value_parser = at_least_one)]
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
    site: Asked,
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

impl RiskAction {
    /// Whether the question is about a described site, for which there is no configuration.
    #[must_use]
    pub fn is_described(&self) -> bool {
        let asked = match self {
            Self::Top { site, .. }
            | Self::Explain { site, .. }
            | Self::Springboards { site, .. }
            | Self::Controls { site, .. } => site,
            Self::WhatIf(args) => &args.site,
            Self::Spread { .. } | Self::Accept { .. } | Self::Withdraw { .. } => return false,
        };
        asked.is_described()
    }
}

/// None at all would say of a site that nothing helps.
fn at_least_one(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("is not a number from 1"),
    }
}

/// A name that is not blank.
fn somebody(name: &str) -> Result<String, &'static str> {
    match name.trim() {
        "" => Err("names nobody; say who decides"),
        name => Ok(name.to_owned()),
    }
}

/// Answers. `config`: the configuration that was named, which says where the log is.
///
/// # Errors
/// Those of the site file (65, 66) or of the log (69), 64 for names that the site does not have.
pub fn run(config: Option<&Path>, action: &RiskAction) -> Result<(), Failure> {
    match action {
        RiskAction::Top { site, json } => each(config, site, *json, top_json, top),
        RiskAction::Explain { what, site, json } => {
            let what = &explain::of_finding(what);
            explain::run(&site.with_device(config, what)?, what, *json)
        }
        RiskAction::Accept {
            what,
            until,
            by,
            site,
        } => {
            let asked = Asked::of(site.clone());
            decide::accept(config, &asked, &explain::of_finding(what), until, by)
        }
        RiskAction::Withdraw { what, site } => {
            let asked = Asked::of(site.clone());
            decide::withdraw(config, &asked, &explain::of_finding(what))
        }
        RiskAction::Spread { sites, json } => spread::run(config, *sites, *json),
        RiskAction::Springboards { site, most, json } => {
            let value = |it: &Assessed| springboards_json(it, *most);
            let lines = |it: &Assessed| springboards(it, *most);
            each(config, site, *json, value, lines)
        }
        RiskAction::WhatIf(args) => what_if::run(&args.site.one(config)?, args),
        RiskAction::Controls { site, budget, json } => controls(&site.one(config)?, *budget, *json),
    }
}

/// Asks each site that is meant. As JSON the answer is one object: that of the site where one is named, else `sites` with one each.
fn each(
    config: Option<&Path>,
    site: &Asked,
    json: bool,
    value: impl Fn(&Assessed) -> Value,
    lines: impl Fn(&Assessed) -> Vec<String>,
) -> Result<(), Failure> {
    if !json {
        return site.each(config, |it, several| print(&headed(it, several, lines(it))));
    }
    let mut answers = Vec::new();
    site.each(config, |it, _| {
        answers.push(value(it));
        Ok(())
    })?;
    match answers.pop() {
        Some(only) if site.is_one() => print_json(&only),
        last => {
            answers.extend(last);
            print_json(&json!({ "sites": answers }))
        }
    }
}

/// The pairs of the list beside their standards.
fn on_list<'a>(assessed: &'a Assessed, assessment: &'a Assessment) -> Vec<standards::Pair<'a>> {
    let mut written = standards::beside(assessed.site.document(), &assessed.policy, assessment);
    written.pairs.retain(|pair| pair.risk.in_cut);
    written.pairs
}

fn top(assessed: &Assessed) -> Vec<String> {
    let assessment = assessed.assessor.assessment();
    let pairs = on_list(assessed, &assessment);
    let meanings = meaning::of(assessed, weaknesses(&pairs));
    show::top(&assessment, &pairs, &meanings, &assessed.names)
}

fn top_json(assessed: &Assessed) -> Value {
    let assessment = assessed.assessor.assessment();
    let pairs = on_list(assessed, &assessment);
    let devices = pairs.iter().map(|pair| pair.risk.device.as_str());
    named(
        assessed,
        devices,
        json!({
            "summary": assessment.summary,
            "pairs": pairs,
            "weaknesses": meaning::of(assessed, weaknesses(&pairs)),
        }),
    )
}

fn weaknesses<'a>(pairs: &'a [standards::Pair<'_>]) -> impl Iterator<Item = &'a str> {
    pairs.iter().map(|pair| pair.risk.weakness.as_str())
}

/// The first of them, at most `most`; 0: all.
fn first_springboards(assessed: &Assessed, most: usize) -> Vec<DeviceRisk> {
    let mut devices = assessed.assessor.assessment().devices;
    devices.retain(|device| device.springboard > 0.0);
    devices.sort_by_key(|device| device.springboard_rank);
    if most > 0 {
        devices.truncate(most);
    }
    devices
}

fn springboards(assessed: &Assessed, most: usize) -> Vec<String> {
    show::springboards(&first_springboards(assessed, most), &assessed.names)
}

fn springboards_json(assessed: &Assessed, most: usize) -> Value {
    let devices = first_springboards(assessed, most);
    let ids = devices.iter().map(|device| device.device.as_str());
    named(assessed, ids, json!({ "springboards": devices }))
}

fn controls(assessed: &Assessed, budget: usize, json: bool) -> Result<(), Failure> {
    let plan = assessed.assessor.controls(budget);
    if json {
        return print_json(&plan);
    }
    print(&show::plan(&plan, &assessed.names))
}

/// Of several sites, each below its name.
fn headed(assessed: &Assessed, several: bool, lines: Vec<String>) -> Vec<String> {
    if !several {
        return lines;
    }
    let heading = format!("site {}", assessed.site.document().site);
    let mut headed = vec![heading];
    headed.extend(lines);
    headed.push(String::new());
    headed
}

/// An answer with the site, and with what people call these devices where they have names beside their identifiers.
fn named<'a>(
    assessed: &'a Assessed,
    devices: impl Iterator<Item = &'a str>,
    mut answer: Value,
) -> Value {
    let names = assessed.names.some(devices);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("site".to_owned(), json!(assessed.site.document().site));
        if !names.is_empty() {
            answer.insert("names".to_owned(), json!(names));
        }
    }
    answer
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
