//! `emulator`: plays the synthetic hospital into captures with their truth.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use auscult_emulator::play::{self, Scenario};
use auscult_hospital::churn::Rates;
use auscult_hospital::kinds;
use auscult_wire::site::Mirror;
use auscult_wire::tcp::Conditions;
use clap::Parser;

/// Plays busy hours of a synthetic hospital into one capture a site, and writes beside each what is true.
///
/// In OUT/SITE: capture.pcap; truth.tsv, every fact that the frames state; canaries.tsv, every patient's token in them; devices.tsv, which
/// device had which addresses when, what it is, and which of that it said. The same arguments give the same bytes.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:
  emulator --out /tmp/hospital                                        # one site of 2,000 devices, one hour
  emulator --out /tmp/two --size 300 --size 200 --hours 2 --lend infusion_pump   # two sites, a pump moves from the first to the second
  emulator --out /tmp/year --size 2000 --hours 12 --every 730         # an hour a month with a year's churn

Exit codes: 0 done, 1 failed, 64 wrong arguments."
)]
struct Arguments {
    /// Folder to write into; it is created when it is missing.
    #[arg(long)]
    out: PathBuf,
    /// Seed of everything that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Devices of a site, at least 150; give it once for each site.
    #[arg(long, default_values_t = [2_000], value_name = "DEVICES")]
    size: Vec<usize>,
    /// How many busy hours are played.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    hours: u64,
    /// Hours from the start of one busy hour to that of the next.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(3..=100_000))]
    every: u64,
    /// How often devices come, go, move and change between the hours, as a multiple of an ordinary year's rates; 0 for not at all.
    #[arg(long, default_value_t = 1.0, value_parser = factor)]
    churn: f64,
    /// Lend one device of this kind from the first site to another before the second hour; it is named in OUT/loans.tsv.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    lend: Option<String>,
    /// How a site's frames come to its sensor: tagged, qinq, doubled (both ports of a conversation), erspan, erspan3 or vxlan; give it
    /// once for each site, in the order of their sizes.
    #[arg(long, value_name = "HOW", value_parser = mirror)]
    mirror: Vec<Mirror>,
    /// Largest number of octets of one conversation in an hour.
    #[arg(long, default_value_t = 60_000_000)]
    most: u64,
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (0.0..=1_000.0).contains(&factor) => Ok(factor),
        _ => Err("a number from 0 to 1000 is expected".to_owned()),
    }
}

fn mirror(text: &str) -> Result<Mirror, String> {
    let found = Mirror::ALL.into_iter().find(|(word, _)| *word == text);
    found.map(|(_, mirror)| mirror).ok_or_else(|| {
        let words = Mirror::ALL.map(|(word, _)| word);
        format!("there is no such mirror; there are {}", words.join(", "))
    })
}

fn kind(text: &str) -> Result<String, String> {
    if kinds::index(text).is_some() {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> = kinds::ALL.iter().map(|kind| kind.name).collect();
    Err(format!(
        "there is no such kind; there are {}",
        names.join(", ")
    ))
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(fault) => {
            let shown = fault.print();
            let wrong = fault.use_stderr() || shown.is_err();
            return ExitCode::from(if wrong { 64 } else { 0 });
        }
    };
    if arguments.lend.is_some() && (arguments.size.len() < 2 || arguments.hours < 2) {
        let said = writeln!(
            std::io::stderr(),
            "emulator: --lend needs two sites (--size twice) and two hours (--hours 2)"
        );
        return ExitCode::from(if said.is_err() { 1 } else { 64 });
    }
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let said = writeln!(std::io::stderr(), "emulator: {fault:#}");
            ExitCode::from(u8::from(said.is_err()).max(1))
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let scenario = Scenario {
        seed: arguments.seed,
        sizes: arguments.size,
        hours: arguments.hours,
        every: arguments.every,
        rates: Rates::ORDINARY.times(arguments.churn),
        lend: arguments.lend,
        most: arguments.most,
        conditions: Conditions {
            reordered: 2_000,
            lost_before: 500,
            lost_behind: 500,
            ..Conditions::default()
        },
        mirrors: arguments.mirror,
    };
    let (sites, loan) = play::play_into(&scenario, &arguments.out)?;
    let mut text = String::new();
    for site in &sites {
        let capture = arguments.out.join(&site.site).join(play::CAPTURE);
        writeln!(
            text,
            "{}: {} frames, {} facts, {} places of canaries, {} rows of devices",
            capture.display(),
            site.frames,
            site.truth.iter().count(),
            site.canaries(),
            site.register.len()
        )?;
        for (protocol, count) in &site.tally.played {
            writeln!(text, "  played   {count:>8}  {protocol}")?;
        }
        for (what, count) in &site.tally.missing {
            writeln!(text, "  missing  {count:>8}  {what}")?;
        }
        for (what, count) in &site.unsaid {
            writeln!(text, "  unsaid   {count:>8}  devices with {what}")?;
        }
    }
    if let Some(loan) = loan {
        writeln!(
            text,
            "lent: {} ({}, {}) from {} to {} before the second hour",
            loan.device, loan.name, loan.mac, loan.from, loan.to
        )?;
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
