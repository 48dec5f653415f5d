//! What a sensor costs the network: bytes on the link per byte captured.
//!
//! `bench_uplink CAPTURE` replays the capture into a collector with the embedded log, through a counting proxy, at the capture's own
//! pace shortened to nothing (times are shifted, not stretched, so heartbeats and reports are as many as in real time).

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use auscult_tests::fault_proxy::FaultProxy;
use auscult_tests::process::{Process, eventually};
use auscult_tests::trial::{LogKind, Ports, Trial, http_get};
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// A capture file.
    capture: PathBuf,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the figures are what this command is for"
)]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let capture = arguments.capture.canonicalize()?;
    let captured = std::fs::metadata(&capture)?.len();
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
    let text = format!(
        "[collector]\naddress = \"{}\"\nserver_name = \"localhost\"\ncertificate = \"{certificates}/cert.pem\"\n\
         key = \"{certificates}/key.pem\"\nroots = \"{certificates}/roots.pem\"\n[spool]\ndir = \"spool\"\n\
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
        "max",
        &capture.to_string_lossy(),
    ];
    let mut sensor = Process::start("sensor", "auscult-sensor", &arguments, &trial.dir)?;
    let code = tokio::task::block_in_place(|| sensor.wait(Duration::from_secs(600)))?;
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
    Ok(ExitCode::SUCCESS)
}
