//! The oracle of the delivery guarantee as a command, for long runs: `oracle --seed 1 --faults 1000`.
//!
//! Real sensors' spools and links, ingest, engines and an Apache Kafka of its own, under seeded faults. Exit code 0 when every spooled
//! observation is in the inventory once or in a counted loss, and the public topics equal an undisturbed run's.

use std::process::ExitCode;

use anyhow::Result;
use auscult_tests::oracle::run::{Play, perform, settings};
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
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the verdict is what this command is for"
)]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
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
    Ok(if verdict.wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
