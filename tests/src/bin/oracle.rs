//! The oracle of the delivery guarantee as a command, for long runs: `oracle --seed 1 --faults 1000`.
//!
//! Real sensors' spools and links, ingest, engines and an Apache Kafka of its own, under seeded faults. Exit code 0 when every spooled
//! observation is in the inventory once or in a counted loss, and the public topics equal an undisturbed run's.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use auscult_tests::oracle::plan::plan;
use auscult_tests::oracle::run::{Play, Verdict, perform, settings};
use auscult_tests::score::{Fingerprint, provenance};
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// Of the list of faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many faults.
    #[arg(long, default_value_t = 50)]
    faults: usize,
    /// Sites, one sensor each.
    #[arg(long, default_value_t = 3)]
    sites: usize,
    /// Observations per second and sensor.
    #[arg(long, default_value_t = 400)]
    rate: u64,
    /// Keep the folder of the run (logs, spools, configurations) and say where it is.
    #[arg(long)]
    keep: bool,
    /// Write the scoreboard into this file.
    #[arg(long, value_name = "FILE")]
    score: Option<PathBuf>,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the verdict is what this command is for"
)]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let provenance = provenance();
    let mut dir = tempfile::Builder::new()
        .prefix("auscult-oracle-")
        .tempdir()?;
    if arguments.keep {
        dir.disable_cleanup(true);
        println!("everything is kept in {}", dir.path().display());
    }
    let play = Play {
        seed: arguments.seed,
        faults: arguments.faults,
        sites: arguments.sites,
        rate: arguments.rate,
        verbose: true,
    };
    let verdict = perform::<auscult_inventory::SiteInventory>(dir.path(), play, settings()).await?;
    println!("seed {}\n{verdict}", arguments.seed);
    anyhow::ensure!(
        verdict.is_of_something(),
        "nothing was measured, so no score: no fault could be played, or nothing was spooled or published"
    );
    if let Some(file) = &arguments.score {
        let text = scoreboard(&play, &verdict, &provenance);
        std::fs::write(file, text).with_context(|| file.display().to_string())?;
        println!("written to {}", file.display());
    }
    Ok(if verdict.wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn scoreboard(play: &Play, verdict: &Verdict, provenance: &str) -> String {
    let mut input = Fingerprint::default();
    input.take(format!("{:?}", plan(play.seed, play.faults, play.sites)).as_bytes());
    let about = "# Delivery under faults\n\nEvery observation that a sensor has spooled is in the inventory once or in a counted, named loss, and what a \
        reader with read_committed sees equals an undisturbed run: real sensors' spools and links, ingest, engines and Apache Kafka under a \
        seeded list of faults, held against the log by an oracle.";
    let held = if verdict.wrong.is_empty() {
        "The guarantee held."
    } else {
        "The guarantee was BROKEN."
    };
    format!(
        "{about}\n\n{provenance}\n\ninput: seed {}, {} faults, {} sites at {} observations/s each; the list of faults is {input}\n\ncommand: \
         tests/benchmark delivery --seed {} --faults {}\n\n{held}\n\n{}",
        play.seed,
        play.faults,
        play.sites,
        play.rate,
        play.seed,
        play.faults,
        verdict.table()
    )
}
