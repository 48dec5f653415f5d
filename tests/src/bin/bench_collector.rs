//! How much the collector carries: ingest and engine against Apache Kafka, both together on the embedded log, and the engine's fold
//! alone.
//!
//! `bench_collector --kafka HOST:PORT [--observations N] [--runs N] [--load steady,hospital,hospital-bursts]`. The steady load is that of
//! `generate` (8 of 10 observations refresh, 2 of 10 change state) in batches of 100 from four sites; the hospital's is what a thousand
//! sensors at a hundred sites of 10,000 devices say. Each run prints one line for each part and load; the last lines are the medians and
//! the engine's ratio to a bare consume-produce-commit loop over 200-byte records (one output for five inputs) measured in the same run.
//!
//! `bench_collector --parts fold` needs no broker: decoding, folding and encoding in one thread, as the engine does them between
//! reading and committing. It also prints a fingerprint of every record made, so that two versions can be held against each other.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use auscult_hospital::load::Size;
use auscult_link::{CredentialPaths, DialOptions};
use auscult_link::{LinkOptions, LinkStatus, Source};
use auscult_tests::bench::bare_loop::{self, PARTITIONS, drain, per_second, producer, send};
use auscult_tests::bench::figures::{self, BARE, Figures, Measured};
use auscult_tests::bench::fold;
use auscult_tests::bench::load::{Kind, Load};
use auscult_tests::bench::memory_source::MemorySource;
use auscult_tests::oracle::rows;
use auscult_tests::process::{Process, eventually};
use auscult_tests::trial::{LogKind, Ports, Trial, http_get, metric};
use clap::{Parser, ValueEnum};
use prost::Message;

// What the collector allocates with: the fold is measured in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The bare consume-produce-commit loop.
    Bare,
    /// From Kafka to committed.
    Engine,
    /// From the link to acknowledgement, into Kafka.
    Ingest,
    /// From the link to the inventory, on the embedded log.
    Embedded,
    /// The engine's decoding, folding and encoding, without any log.
    Fold,
}

impl Part {
    /// The name among the figures.
    const fn name(self) -> &'static str {
        match self {
            Self::Bare => BARE,
            Self::Engine => "engine",
            Self::Ingest => "ingest",
            Self::Embedded => "embedded",
            Self::Fold => "fold",
        }
    }
}

#[derive(Parser)]
struct Arguments {
    /// The broker; `embedded` and `fold` do without.
    #[arg(long)]
    kafka: Option<String>,
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
        default_value = "bare,engine,ingest,embedded,fold"
    )]
    parts: Vec<Part>,
    /// With these loads.
    #[arg(long, value_delimiter = ',', default_value = "steady")]
    load: Vec<Kind>,
    /// Add the scoreboard's tables to this file.
    #[arg(long, value_name = "FILE")]
    score: Option<PathBuf>,
    /// Sites of the hospital's fleet.
    #[arg(long, default_value_t = Size::LARGE.sites)]
    sites: usize,
    /// Devices of each of its sites.
    #[arg(long, default_value_t = Size::LARGE.devices)]
    devices: usize,
    /// Sensors of each of its sites.
    #[arg(long, default_value_t = Size::LARGE.sensors)]
    sensors: usize,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the figures are what this command is for"
)]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let size = Size {
        sites: arguments.sites,
        devices: arguments.devices,
        sensors: arguments.sensors,
    };
    let mut loads = Vec::new();
    for kind in &arguments.load {
        let load = Load::new(*kind, arguments.observations, size)?;
        println!("{}", figures::about(&load));
        loads.push(load);
    }
    let mut figures = Figures::default();
    for run in 1..=arguments.runs {
        if arguments.parts.contains(&Part::Bare) {
            let name = format!("bench-{}-{run}.", std::process::id());
            let rate = bare(&arguments, &name).await?;
            println!("run {run}: bare loop {rate:.0} records/s");
            figures.add(
                "",
                BARE,
                Measured {
                    rate,
                    ..Measured::default()
                },
            );
        }
        for load in &loads {
            measure(&arguments, run, load, &mut figures).await?;
        }
    }
    anyhow::ensure!(
        !figures.is_empty(),
        "nothing was measured: see --parts and --runs"
    );
    println!("{}", figures.table());
    if let Some(file) = &arguments.score {
        let mut text: String = loads
            .iter()
            .map(|load| format!("{}\n\n", figures::about(load)))
            .collect();
        text += &figures.table();
        let mut to = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)?;
        to.write_all(text.as_bytes())?;
    }
    Ok(())
}

impl Arguments {
    fn kafka(&self) -> Result<&str> {
        self.kafka
            .as_deref()
            .context("this part needs a broker: --kafka HOST:PORT")
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what this command is for"
)]
async fn measure(
    arguments: &Arguments,
    run: usize,
    load: &Load,
    figures: &mut Figures,
) -> Result<()> {
    let kind = load.kind.name();
    let name = format!("bench-{}-{run}-{kind}.", std::process::id());
    for part in [Part::Engine, Part::Ingest, Part::Embedded, Part::Fold] {
        if !arguments.parts.contains(&part) {
            continue;
        }
        let (measured, made) = match part {
            Part::Bare => continue,
            Part::Engine => (engine(arguments, &name, load)?, None),
            Part::Ingest => (ingest(arguments, &name, load).await?, None),
            Part::Embedded => (embedded(load).await?, None),
            Part::Fold => {
                let of = tokio::task::block_in_place(|| fold::measure(load))?;
                (of.measured, Some(of.fingerprint))
            }
        };
        let part = part.name();
        let made = made.map_or(String::new(), |made| format!("; records made: {made}"));
        println!("run {run}: {kind}: {part} {}{made}", told(&measured));
        figures.add(kind, part, measured);
    }
    Ok(())
}

async fn bare(arguments: &Arguments, name: &str) -> Result<f64> {
    let (input, output) = (format!("{name}bare-in"), format!("{name}bare-out"));
    let kafka = arguments.kafka()?;
    bare_loop::create(kafka, &[&input, &output]).await?;
    tokio::task::block_in_place(|| bare_loop::measure(kafka, &input, &output, 1_000_000))
}

fn kafka_trial(
    arguments: &Arguments,
    prefix: &str,
    dir: &std::path::Path,
) -> Result<(Trial, Ports, PathBuf)> {
    let partitions = u32::try_from(PARTITIONS)?;
    let log = LogKind::Kafka {
        bootstrap: arguments.kafka()?.to_owned(),
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
fn engine(arguments: &Arguments, name: &str, load: &Load) -> Result<Measured> {
    let dir = tempfile::tempdir()?;
    let (trial, ports, config) = kafka_trial(arguments, name, dir.path())?;
    let topic = trial.topic("auscult.int.observations.v1");
    let kafka = arguments.kafka()?;
    let producer = producer(kafka)?;
    let partitions = usize::try_from(PARTITIONS)?;
    for (sensor, batch) in &load.order {
        let of = &load.sensors[*sensor];
        send(
            &producer,
            &topic,
            i32::try_from(of.site_number % partitions)?,
            of.site.as_bytes(),
            &load.logged(*sensor, *batch)?.encode_to_vec(),
        )?;
    }
    drain(&producer);
    let ends = rows::ends(kafka, &topic)?;
    let group = trial.topic("auscult-collector");
    let process = trial.start("engine", "engine", &config)?;
    ready(ports.admin, &process)?;
    let started = Instant::now();
    eventually("the engine is at the end", patience(load), || {
        let committed = rows::committed(kafka, &group, &topic).ok()?;
        ends.iter()
            .all(|(partition, end)| committed.get(partition).is_some_and(|at| at >= end))
            .then_some(())
    })
    .with_context(|| process.tail(20))?;
    let rate = per_second(load.observations(), started.elapsed());
    check_folded(ports.admin, load.observations())?;
    Ok(Measured {
        rate,
        cpu_us: Some(cpu_us(&process, load.observations())?),
        records: Some(records(ports.admin)?),
    })
}

/// All sensors push everything through the link into Kafka; timed until the last acknowledgement.
async fn ingest(arguments: &Arguments, name: &str, load: &Load) -> Result<Measured> {
    let dir = tempfile::tempdir()?;
    let (trial, ports, config) = kafka_trial(arguments, &format!("{name}ingest."), dir.path())?;
    let process = trial.start("ingest", "ingest", &config)?;
    ready(ports.admin, &process)?;
    let elapsed = push(&trial, ports, load)
        .await
        .with_context(|| process.tail(20))?;
    Ok(Measured {
        rate: per_second(load.observations(), elapsed),
        cpu_us: Some(cpu_us(&process, load.observations())?),
        records: None,
    })
}

/// All sensors push everything through the link into one process with the embedded log; timed until the inventory has it.
async fn embedded(load: &Load) -> Result<Measured> {
    let dir = tempfile::tempdir_in(std::env::current_dir()?)?;
    let trial = Trial::new(dir.path(), LogKind::Embedded)?;
    let ports = Ports::free()?;
    let config = trial.collector_config("collector", ports, "")?;
    let process = trial.start("all", "all", &config)?;
    ready(ports.admin, &process)?;
    let observations = load.observations();
    let started = Instant::now();
    push(&trial, ports, load)
        .await
        .with_context(|| process.tail(20))?;
    eventually("everything is folded", patience(load), || {
        check_folded(ports.admin, observations).ok()
    })
    .with_context(|| process.tail(20))?;
    Ok(Measured {
        rate: per_second(observations, started.elapsed()),
        cpu_us: Some(cpu_us(&process, observations)?),
        records: Some(records(ports.admin)?),
    })
}

async fn push(trial: &Trial, ports: Ports, load: &Load) -> Result<Duration> {
    let mut sensors = Vec::new();
    for sensor in &load.sensors {
        let folder = trial.issue(&sensor.site, &sensor.sensor)?;
        let credentials = CredentialPaths {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            roots: folder.join("roots.pem"),
            own_roots: None,
        };
        let source = Arc::new(MemorySource::new(sensor.batches.clone(), 1));
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
        tokio::time::timeout(patience(load), all)
            .await
            .context("not acknowledged in time")??;
    }
    Ok(started.elapsed())
}

/// How long a part may take before something is wrong: what 2,000 observations a second take, and five minutes.
fn patience(load: &Load) -> Duration {
    Duration::from_secs(300 + load.observations() / 2_000)
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

/// What kind of load it was: state and public records made of each observation, to be held against those of real traffic
/// (`bench_uplink --loop`).
fn records(admin: u16) -> Result<[f64; 2]> {
    let (_, text) = http_get(admin, "/metrics")?;
    let total = |name: &str| metric(&text, &format!("auscult_engine_{name}_total")).unwrap_or(0.0);
    let observations = total("folded_observations").max(1.0);
    Ok(["state_records", "public_records"].map(|name| total(name) / observations))
}

fn told(measured: &Measured) -> String {
    let mut text = format!("{:.0} observations/s", measured.rate);
    if let Some(cpu) = measured.cpu_us {
        text += &format!(", {cpu:.2} us CPU an observation");
    }
    if let Some([state, public]) = measured.records {
        text +=
            &format!(", {state:.2} state records and {public:.3} public records an observation");
    }
    text
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
