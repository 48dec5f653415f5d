//! How much the collector carries: ingest and engine against Apache Kafka, and both together on the embedded log.
//!
//! `bench_collector --kafka HOST:PORT [--observations N] [--runs N]`. The load is the steady mix of `generate` (8 of 10 observations
//! refresh, 2 of 10 change state) in batches of 100 from four sites. Each run prints one line; the last lines are the medians and the
//! engine's ratio to a bare consume-produce-commit loop over 200-byte records (one output for five inputs) measured in the same run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use auscult_link::{CredentialPaths, DialOptions};
use auscult_link::{LinkOptions, LinkStatus, Source};
use auscult_proto::wire;
use auscult_tests::bench::bare_loop::{self, PARTITIONS, drain, per_second, producer, send};
use auscult_tests::bench::memory_source::{BATCH, MemorySource, batches};
use auscult_tests::generate::Mix;
use auscult_tests::oracle::rows;
use auscult_tests::process::{Process, eventually};
use auscult_tests::trial::{LogKind, Ports, Trial, http_get, metric};
use bytes::Bytes;
use clap::Parser;
use prost::Message;

#[derive(Parser)]
struct Arguments {
    /// The broker.
    #[arg(long)]
    kafka: String,
    /// Observations of each measurement.
    #[arg(long, default_value_t = 2_000_000)]
    observations: u64,
    /// How often everything is measured.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only these parts.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "bare,engine,ingest,embedded"
    )]
    parts: Vec<String>,
}

/// One figure per run.
#[derive(Default)]
struct Figures {
    bare: Vec<f64>,
    engine: Vec<f64>,
    ingest: Vec<f64>,
    embedded: Vec<f64>,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the figures are what this command is for"
)]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let sites = u32::try_from(PARTITIONS)?;
    let per_site = arguments.observations / u64::from(sites);
    let load: Vec<Vec<Bytes>> = (0..sites)
        .map(|site| batches(site, per_site, Mix::STEADY))
        .collect();
    let bytes: usize = load.iter().flatten().map(Bytes::len).sum();
    println!(
        "{} observations, {} bytes each",
        arguments.observations,
        u64::try_from(bytes)? / arguments.observations
    );
    let mut figures = Figures::default();
    for run in 1..=arguments.runs {
        let wanted = |part: &str| arguments.parts.iter().any(|wanted| wanted == part);
        let name = format!("bench-{}-{run}.", std::process::id());
        if wanted("bare") {
            figures.bare.push(bare(&arguments, &name).await?);
            println!(
                "run {run}: bare loop {:.0} records/s",
                figures.bare.last().unwrap_or(&0.0)
            );
        }
        if wanted("engine") {
            let (rate, cpu) = engine(&arguments, &name, &load)?;
            figures.engine.push(rate);
            println!("run {run}: engine {rate:.0} observations/s, {cpu:.2} us CPU an observation");
        }
        if wanted("ingest") {
            let (rate, cpu) = ingest(&arguments, &name, &load).await?;
            figures.ingest.push(rate);
            println!("run {run}: ingest {rate:.0} observations/s, {cpu:.2} us CPU an observation");
        }
        if wanted("embedded") {
            let (rate, cpu) = embedded(&load).await?;
            figures.embedded.push(rate);
            println!(
                "run {run}: embedded, link to inventory {rate:.0} observations/s, {cpu:.2} us CPU an observation"
            );
        }
    }
    println!("medians of {}:", arguments.runs);
    for (name, values) in [
        ("bare loop", &figures.bare),
        ("engine", &figures.engine),
        ("ingest", &figures.ingest),
        ("embedded", &figures.embedded),
    ] {
        println!("  {name:10} {:.0}/s", median(values));
    }
    let ratios: Vec<f64> = figures
        .engine
        .iter()
        .zip(&figures.bare)
        .map(|(engine, bare)| engine / bare)
        .collect();
    println!("  engine / bare loop {:.2}", median(&ratios));
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn bare(arguments: &Arguments, name: &str) -> Result<f64> {
    let (input, output) = (format!("{name}bare-in"), format!("{name}bare-out"));
    bare_loop::create(&arguments.kafka, &[&input, &output]).await?;
    tokio::task::block_in_place(|| bare_loop::measure(&arguments.kafka, &input, &output, 1_000_000))
}

fn kafka_trial(
    arguments: &Arguments,
    prefix: &str,
    dir: &std::path::Path,
) -> Result<(Trial, Ports, std::path::PathBuf)> {
    let partitions = u32::try_from(PARTITIONS)?;
    let log = LogKind::Kafka {
        bootstrap: arguments.kafka.clone(),
        prefix: prefix.to_owned(),
        partitions,
    };
    let trial = Trial::new(dir, log)?;
    let ports = Ports::free()?;
    let config = trial.collector_config("collector", ports, "[engine]\nmember = \"bench\"\n")?;
    trial.collector(&["topics", "apply", "--config", &config.to_string_lossy()])?;
    Ok((trial, ports, config))
}

/// Everything lies in the topic; the engine is started and timed until it has committed the end.
fn engine(arguments: &Arguments, name: &str, load: &[Vec<Bytes>]) -> Result<(f64, f64)> {
    let dir = tempfile::tempdir()?;
    let (trial, ports, config) = kafka_trial(arguments, name, dir.path())?;
    let topic = trial.topic("auscult.int.observations.v1");
    let producer = producer(&arguments.kafka)?;
    for (site, batches) in load.iter().enumerate() {
        let partition = i32::try_from(site)?;
        for (number, body) in batches.iter().enumerate() {
            let first_seq = u64::try_from(number)? * BATCH + 1;
            let logged = wire::LoggedBatch {
                site: format!("site-{site}"),
                sensor: "bench".to_owned(),
                incarnation: 1,
                first_seq,
                count: u32::try_from(BATCH)?,
                received_ms: auscult_tests::generate::EPOCH_MS + 3_600_000,
                body: body.clone(),
                after_seq: first_seq - 1,
            };
            send(
                &producer,
                &topic,
                partition,
                logged.site.clone().as_bytes(),
                &logged.encode_to_vec(),
            )?;
        }
    }
    drain(&producer);
    let ends = rows::ends(&arguments.kafka, &topic)?;
    let group = trial.topic("auscult-collector");
    let process = trial.start("engine", "engine", &config)?;
    ready(ports.admin, &process)?;
    let started = Instant::now();
    eventually("the engine is at the end", Duration::from_secs(300), || {
        let committed = rows::committed(&arguments.kafka, &group, &topic).ok()?;
        ends.iter()
            .all(|(partition, end)| committed.get(partition).is_some_and(|at| at >= end))
            .then_some(())
    })
    .with_context(|| process.tail(20))?;
    let rate = per_second(arguments.observations, started.elapsed());
    check_folded(ports.admin, arguments.observations)?;
    told(ports.admin)?;
    Ok((rate, cpu_us(&process, arguments.observations)?))
}

/// Four sensors push everything through the link into Kafka; timed until the last acknowledgement.
async fn ingest(arguments: &Arguments, name: &str, load: &[Vec<Bytes>]) -> Result<(f64, f64)> {
    let dir = tempfile::tempdir()?;
    let (trial, ports, config) = kafka_trial(arguments, &format!("{name}ingest."), dir.path())?;
    let process = trial.start("ingest", "ingest", &config)?;
    ready(ports.admin, &process)?;
    let elapsed = push(&trial, ports, load)
        .await
        .with_context(|| process.tail(20))?;
    Ok((
        per_second(arguments.observations, elapsed),
        cpu_us(&process, arguments.observations)?,
    ))
}

/// Four sensors push everything through the link into one process with the embedded log; timed until the inventory has it.
async fn embedded(load: &[Vec<Bytes>]) -> Result<(f64, f64)> {
    let dir = tempfile::tempdir_in(std::env::current_dir()?)?;
    let trial = Trial::new(dir.path(), LogKind::Embedded)?;
    let ports = Ports::free()?;
    let config = trial.collector_config("collector", ports, "")?;
    let process = trial.start("all", "all", &config)?;
    ready(ports.admin, &process)?;
    let observations = u64::try_from(load.iter().map(Vec::len).sum::<usize>())? * BATCH;
    let started = Instant::now();
    push(&trial, ports, load)
        .await
        .with_context(|| process.tail(20))?;
    eventually("everything is folded", Duration::from_secs(300), || {
        check_folded(ports.admin, observations).ok()
    })
    .with_context(|| process.tail(20))?;
    Ok((
        per_second(observations, started.elapsed()),
        cpu_us(&process, observations)?,
    ))
}

async fn push(trial: &Trial, ports: Ports, load: &[Vec<Bytes>]) -> Result<Duration> {
    let mut sensors = Vec::new();
    for (site, batches) in load.iter().enumerate() {
        let folder = trial.issue(&format!("site-{site}"), "bench")?;
        let credentials = CredentialPaths {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            roots: folder.join("roots.pem"),
            own_roots: None,
        };
        let source = Arc::new(MemorySource::new(batches.clone(), 1));
        sensors.push((
            source,
            DialOptions::new(format!("localhost:{}", ports.link), credentials),
        ));
    }
    let started = Instant::now();
    let mut ends = Vec::new();
    for (seed, (source, dial)) in (0..).zip(sensors) {
        ends.push((source.acknowledged(), source.last()));
        let (status, _) = tokio::sync::watch::channel(LinkStatus::default());
        let source: Arc<dyn Source> = source;
        tokio::spawn(auscult_link::run(
            LinkOptions::new(dial, "bench", seed),
            source,
            status,
            std::future::pending(),
        ));
    }
    for (mut acknowledged, last) in ends {
        let all = acknowledged.wait_for(|through| *through >= last);
        tokio::time::timeout(Duration::from_secs(300), all)
            .await
            .context("not acknowledged within 300 s")??;
    }
    Ok(started.elapsed())
}

fn ready(port: u16, process: &Process) -> Result<()> {
    let answer = || {
        http_get(port, "/ready")
            .ok()
            .filter(|(code, _)| *code == 200)
            .map(drop)
    };
    eventually("ready", Duration::from_secs(60), answer).with_context(|| process.tail(20))
}

/// The engine's own counter must agree that every observation was folded.
fn check_folded(admin: u16, observations: u64) -> Result<()> {
    let (_, text) = http_get(admin, "/metrics")?;
    let folded = metric(&text, "auscult_engine_folded_observations_total").unwrap_or(0.0);
    anyhow::ensure!(
        folded >= per_second(observations, Duration::from_secs(1)),
        "only {folded} of {observations} folded"
    );
    Ok(())
}

/// What kind of load it was: records made of each observation, to be held against those of real traffic (`bench_uplink --loop`).
#[expect(
    clippy::print_stdout,
    reason = "the figures are what this command is for"
)]
fn told(admin: u16) -> Result<()> {
    let (_, text) = http_get(admin, "/metrics")?;
    let total = |name: &str| metric(&text, &format!("auscult_engine_{name}_total")).unwrap_or(0.0);
    let observations = total("folded_observations").max(1.0);
    println!(
        "engine: {:.2} state records and {:.3} public records an observation",
        total("state_records") / observations,
        total("public_records") / observations
    );
    Ok(())
}

/// CPU time of a process so far, spread over `count`: microseconds each.
fn cpu_us(process: &Process, count: u64) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid()))?;
    let after_name = stat.rsplit_once(')').context("stat")?.1;
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map_while(|field| field.parse::<u64>().ok())
        .sum();
    let seconds = per_second(
        ticks,
        Duration::from_secs(rustix::param::clock_ticks_per_second()),
    );
    Ok(seconds * 1e6 / per_second(count, Duration::from_secs(1)))
}
