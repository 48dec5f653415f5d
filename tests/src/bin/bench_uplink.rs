//! What a sensor costs the network: bytes on the link per byte captured.
//!
//! `bench_uplink [--loop N] [--pace X] CAPTURE` replays the capture into a collector with the embedded log, through a counting proxy
//! (times are shifted, not stretched, so heartbeats and reports are as many as in real time), and says how much memory the sensor
//! took at the most.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use auscult_tests::fault_proxy::FaultProxy;
use auscult_tests::process::{Process, eventually};
use auscult_tests::trial::{LogKind, Ports, Trial, http_get, metric};
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// A capture file.
    capture: PathBuf,
    /// How often it is played, as if it went on.
    #[arg(long = "loop", default_value_t = 1)]
    times: u32,
    /// How fast: `realtime`, a multiple of it, or `max`. Batches are the smaller the slower.
    #[arg(long, default_value = "max")]
    pace: String,
    /// How long an observation waits for others in the spool; the sensor's default where it is not given.
    #[arg(long)]
    linger: Option<String>,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the figures are what this command is for"
)]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let capture = arguments.capture.canonicalize()?;
    let captured = std::fs::metadata(&capture)?
        .len()
        .saturating_mul(u64::from(arguments.times));
    let dir = tempfile::tempdir()?;
    let trial = Trial::new(dir.path(), LogKind::Embedded)?;
    let ports = Ports::free()?;
    let config = trial.collector_config("collector", ports, "")?;
    let collector = trial.start("collector", "all", &config)?;
    let answer = || {
        http_get(ports.admin, "/ready")
            .ok()
            .filter(|(code, _)| *code == 200)
            .map(drop)
    };
    eventually("the collector is ready", Duration::from_secs(30), answer)
        .with_context(|| collector.tail(20))?;
    let proxy = FaultProxy::start(([127, 0, 0, 1], ports.link).into()).await?;
    let certificates = trial.issue("uplink", "span")?;
    let (certificates, admin) = (certificates.display(), Ports::free()?.admin);
    let linger = arguments.linger.as_ref();
    let linger = linger.map_or(String::new(), |linger| format!("linger = \"{linger}\"\n"));
    let text = format!(
        "[collector]\naddress = \"{}\"\nserver_name = \"localhost\"\ncertificate = \"{certificates}/cert.pem\"\n\
         key = \"{certificates}/key.pem\"\nroots = \"{certificates}/roots.pem\"\n[spool]\ndir = \"spool\"\n{linger}\
         [admin]\nlisten = \"127.0.0.1:{admin}\"\n[sandbox]\nmode = \"off\"\n",
        proxy.address()
    );
    let path = trial.dir.join("sensor.toml");
    std::fs::write(&path, text)?;
    let arguments = [
        "replay",
        "--config",
        &path.to_string_lossy(),
        "--pace",
        &arguments.pace,
        "--loop",
        &arguments.times.to_string(),
        &capture.to_string_lossy(),
    ];
    let mut sensor = Process::start("sensor", "auscult-sensor", &arguments, &trial.dir)?;
    let (code, peak_kib) = tokio::task::block_in_place(|| until_end(&mut sensor))?;
    anyhow::ensure!(
        code == 0,
        "the sensor ended with {code}\n{}",
        sensor.tail(20)
    );
    let sent = proxy.forwarded();
    let per_mille = sent.saturating_mul(100_000) / captured.max(1);
    println!(
        "captured {captured} bytes, on the link {sent} bytes (both directions): {}.{:03} %",
        per_mille / 1000,
        per_mille % 1000
    );
    println!("peak memory of the sensor: {} MiB", peak_kib.div_ceil(1024));
    let folded = || {
        let (_, text) = http_get(ports.admin, "/metrics").ok()?;
        let total = |name: &str| metric(&text, &format!("auscult_engine_{name}_total"));
        let behind = metric(&text, "auscult_engine_uncommitted_seconds").unwrap_or(0.0) > 0.0;
        let counts = (
            total("folded_observations")?,
            total("state_records")?,
            total("public_records")?,
        );
        (!behind).then_some(counts)
    };
    std::thread::sleep(Duration::from_secs(2));
    let (observations, state, public) =
        eventually("the engine has committed", Duration::from_secs(60), folded)?;
    println!("{observations} observations made {state} state records and {public} public records");
    Ok(ExitCode::SUCCESS)
}

/// Waits for the end, looking at the peak of resident memory (KiB) all the while.
fn until_end(sensor: &mut Process) -> Result<(i32, u64)> {
    let status = format!("/proc/{}/status", sensor.pid());
    let mut peak = 0;
    while sensor.running()? {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = now.unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok((sensor.wait(Duration::ZERO)?, peak))
}
