//! The synthetic hospital from the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use auscult_hospital::attack;
use auscult_hospital::build::{self, Blueprint};
use auscult_hospital::export;
use auscult_hospital::load::{Fleet, Pace, Size, Stream};
use auscult_hospital::rank::{self, Bench, board};
use auscult_hospital::site::Site;
use auscult_hospital::truth;
use auscult_hospital::weakness::intel::Intelligence;
use clap::{Args, Parser, Subcommand};

/// A synthetic hospital with known truth.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a site as `auscult.site/1`, for `auscult-collector assess`.
    Site(SiteArguments),
    /// Write what a site hides, with what campaigns on it cost.
    Truth(SiteArguments),
    /// Judge orders of work, and a risk engine, by what simulated campaigns really cost.
    Rank(RankArguments),
    /// Measure how fast the load generator yields observations.
    Load(LoadArguments),
}

#[derive(Args)]
struct Model {
    /// Devices of the site.
    #[arg(long, default_value_t = 2_000)]
    size: usize,
    /// The same seed gives the same hospital.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Name of the site.
    #[arg(long, default_value = "north")]
    name: String,
    /// Folder of real intelligence (`medical_icsma_cves.csv`, `kev/`); without it, flaws beyond the built-in ones are invented.
    #[arg(long, value_name = "DIR")]
    intel: Option<PathBuf>,
}

#[derive(Args)]
struct SiteArguments {
    #[command(flatten)]
    model: Model,
    /// Where to write; `-` is standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
struct LoadArguments {
    /// Sites of the fleet.
    #[arg(long, default_value_t = Size::LARGE.sites)]
    sites: usize,
    /// Devices per site.
    #[arg(long, default_value_t = Size::LARGE.devices)]
    devices: usize,
    /// Sensors per site.
    #[arg(long, default_value_t = Size::LARGE.sensors)]
    sensors: usize,
    /// Observations per run.
    #[arg(long, default_value_t = 3_000_000)]
    observations: usize,
    /// Runs; the median is printed.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Half of the observations come in bursts.
    #[arg(long)]
    bursts: bool,
    /// Seed of the fleet and the stream.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Args)]
struct RankArguments {
    /// Devices of the site; may be given several times.
    #[arg(long, default_values_t = [2_000])]
    size: Vec<usize>,
    /// Seeds; may be given several times.
    #[arg(long, default_values_t = [1])]
    seed: Vec<u64>,
    /// Attackers: base, poor, rich, watched, unwatched, credentials, surprising, worms, hands_on.
    #[arg(long, default_value = "base")]
    variant: String,
    /// Instead of the variant's: median effort of a campaign, in attempts of a worm.
    #[arg(long)]
    budget: Option<f64>,
    /// Instead of the variant's: probability that a failed attempt is noticed.
    #[arg(long)]
    detection: Option<f64>,
    /// Instead of the variant's: share of campaigns that are worms.
    #[arg(long)]
    worm: Option<f64>,
    /// Instead of the variant's: share of a person's moves with stolen credentials.
    #[arg(long)]
    living_off_the_land: Option<f64>,
    /// Instead of the variant's: noise of hidden capability, in logits.
    #[arg(long)]
    noise: Option<f64>,
    /// Campaigns per judgement.
    #[arg(long, default_value_t = rank::CAMPAIGNS)]
    campaigns: u64,
    /// Threads; the result does not depend on them.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Risk engine to judge as well: started as `ENGINE assess SITE.json`.
    #[arg(long, value_name = "ENGINE")]
    assess: Option<PathBuf>,
    /// Folder of real intelligence.
    #[arg(long, value_name = "DIR")]
    intel: Option<PathBuf>,
    /// Where the scoreboard is written; `-` writes no file.
    #[arg(long, value_name = "DIR", default_value = "tests/scores")]
    scores: PathBuf,
}

impl Model {
    fn build(&self) -> Result<Site> {
        let intelligence = self.intel.as_deref().map(Intelligence::read).transpose()?;
        Ok(build::site(&Blueprint {
            name: self.name.clone(),
            size: self.size,
            seed: self.seed,
            intelligence: intelligence.as_ref(),
        })?)
    }
}

fn write(out: &std::path::Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    if out.as_os_str() == "-" {
        return Ok(std::io::stdout().lock().write_all(text.as_bytes())?);
    }
    std::fs::write(out, text).with_context(|| format!("writing {}", out.display()))
}

fn say(text: &str) -> Result<()> {
    use std::io::Write as _;
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

fn rank(arguments: &RankArguments) -> Result<()> {
    let variant = attack::variant(&arguments.variant).with_context(|| {
        let names: Vec<&str> = attack::VARIANTS.iter().map(|v| v.name).collect();
        format!(
            "no variant {}; there are {}",
            arguments.variant,
            names.join(", ")
        )
    })?;
    let base = variant.attacker;
    let attacker = attack::Attacker {
        budget: arguments.budget.unwrap_or(base.budget),
        detection: arguments.detection.unwrap_or(base.detection),
        worm: arguments.worm.unwrap_or(base.worm),
        living_off_the_land: arguments
            .living_off_the_land
            .unwrap_or(base.living_off_the_land),
        noise: arguments.noise.unwrap_or(base.noise),
        ..base
    };
    let scratch = std::env::temp_dir().join(format!("hospital-rank-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).with_context(|| format!("creating {}", scratch.display()))?;
    let mut text = format!(
        "# Ranking, {} attackers\n\n{}. {}.\n\n{attacker:?}\n\n",
        variant.name,
        variant.about,
        board::provenance()
    );
    say(&text)?;
    let mut measured = true;
    for &size in &arguments.size {
        for &seed in &arguments.seed {
            let model = Model {
                size,
                seed,
                name: "north".to_owned(),
                intel: arguments.intel.clone(),
            };
            let site = model.build()?;
            let bench = Bench::new(&site, attacker, arguments.campaigns, arguments.threads);
            let part = board::part(&bench, arguments.assess.as_deref(), &scratch)?;
            say(&part.text)?;
            text.push_str(&part.text);
            measured &= part.measured;
        }
    }
    std::fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
    if arguments.scores.as_os_str() != "-" {
        std::fs::create_dir_all(&arguments.scores)?;
        let file = arguments
            .scores
            .join(format!("ranking-{}.md", variant.name));
        write(&file, &text)?;
    }
    anyhow::ensure!(measured, "a site had nothing to measure");
    Ok(())
}

fn load(arguments: &LoadArguments) -> Result<()> {
    let size = Size {
        sites: arguments.sites,
        devices: arguments.devices,
        sensors: arguments.sensors,
    };
    anyhow::ensure!(
        size.sites > 0 && size.sensors > 0 && arguments.runs > 0,
        "sites, sensors and runs must be at least 1"
    );
    let fleet = Fleet::new(arguments.seed, size)?;
    let pace = if arguments.bursts {
        Pace::BURSTS
    } else {
        Pace::STEADY
    };
    let mut rates = Vec::new();
    for run in 0..arguments.runs {
        let started = std::time::Instant::now();
        let stream = Stream::new(&fleet, arguments.seed + run as u64, pace);
        for observation in stream.take(arguments.observations) {
            std::hint::black_box(&observation);
        }
        rates.push(arguments.observations as f64 / started.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    let text = format!(
        "{} sensors, {} devices, {} sites, {}: {:.0} observations/s on one core, median of {} runs of {} ({:.0} to {:.0}). {}\n",
        size.sites * size.sensors,
        size.sites * size.devices,
        size.sites,
        if arguments.bursts {
            "half in bursts"
        } else {
            "steady"
        },
        rates[rates.len() / 2],
        rates.len(),
        arguments.observations,
        rates[0],
        rates[rates.len() - 1],
        board::provenance(),
    );
    say(&text)
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Site(arguments) => {
            let site = arguments.model.build()?;
            write(&arguments.out, &export::json(&site)?)
        }
        Command::Truth(arguments) => {
            let site = arguments.model.build()?;
            let bench = Bench::new(&site, attack::BASE, rank::CAMPAIGNS, 2);
            let text = truth::json(&site, &attack::BASE, &bench.truth)?;
            write(&arguments.out, &text)
        }
        Command::Rank(arguments) => rank(arguments),
        Command::Load(arguments) => load(arguments),
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a command line says what went wrong")]
            {
                eprintln!("hospital: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
