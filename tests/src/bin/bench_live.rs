//! How long a frame takes to become a record: a live sensor on one end of a veth pair, tcpreplay on the other, kcat as the reader.
//!
//! `bench_live --kafka HOST:PORT CAPTURE...` plays the captures into the pair, reads `auscult.public.inventory.v1` with kcat
//! (`read_committed`), and prints the time from a device's first frame to its first record at the reader: p50, p95, p99, maximum.
//! What the stations on the way took on average is printed below it. It also prints how many frames the peer interface received from the sensor's: a sensor never transmits, so any but 0 is a failure.
//! Needs root (a network namespace), iproute2, tcpreplay, kcat.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use auscult_tests::process::{Process, eventually};
use auscult_tests::trial::{LogKind, Ports, Trial, http_get, metric};
use clap::Parser;
use serde_json::Value;

#[derive(Parser)]
struct Arguments {
    /// The broker.
    #[arg(long)]
    kafka: String,
    /// Frames per second.
    #[arg(long, default_value_t = 400)]
    pps: u32,
    /// What to play, in order.
    #[arg(required = true)]
    captures: Vec<PathBuf>,
}

/// A veth pair: one end here for the sensor, the other in a namespace of its own for tcpreplay.
struct Pair {
    namespace: String,
}

const HERE: &str = "ausc-here";
const THERE: &str = "ausc-there";

fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| program.to_owned())?;
    if !output.status.success() {
        bail!(
            "{program} {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Pair {
    fn new() -> Result<Self> {
        let namespace = format!("auscult-{}", std::process::id());
        run("ip", &["netns", "add", &namespace])?;
        let pair = Self { namespace };
        run(
            "ip",
            &[
                "link",
                "add",
                HERE,
                "mtu",
                "9000",
                "type",
                "veth",
                "peer",
                "name",
                THERE,
                "mtu",
                "9000",
                "netns",
                &pair.namespace,
            ],
        )?;
        // Neither kernel shall speak on its own: what the peer counts is then the sensor's alone.
        std::fs::write(format!("/proc/sys/net/ipv6/conf/{HERE}/disable_ipv6"), "1")
            .context("disabling IPv6")?;
        run("ip", &["link", "set", HERE, "up", "arp", "off"])?;
        run(
            "ip",
            &[
                "-n",
                &pair.namespace,
                "link",
                "set",
                THERE,
                "up",
                "arp",
                "off",
            ],
        )?;
        Ok(pair)
    }

    fn frames_from_the_sensor(&self) -> Result<u64> {
        let text = run(
            "ip",
            &["-n", &self.namespace, "-s", "-j", "link", "show", THERE],
        )?;
        let json: Value = serde_json::from_str(&text)?;
        json[0]["stats64"]["rx"]["packets"]
            .as_u64()
            .context("no rx counter")
    }

    fn play(&self, capture: &Path, pps: u32) -> Result<()> {
        let (rate, file) = (format!("--pps={pps}"), capture.to_string_lossy());
        run(
            "ip",
            &[
                "netns",
                "exec",
                &self.namespace,
                "tcpreplay",
                "-q",
                "-i",
                THERE,
                &rate,
                &file,
            ],
        )
        .map(drop)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        drop(run("ip", &["link", "del", HERE]));
        drop(run("ip", &["netns", "del", &self.namespace]));
    }
}

struct Reader(Child);

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// kcat, and the lines it prints with their time of arrival in epoch milliseconds.
fn read(kafka: &str, topic: &str) -> Result<(Reader, mpsc::Receiver<(i64, String)>)> {
    let mut child = Command::new("kcat")
        .args([
            "-C",
            "-u",
            "-q",
            "-b",
            kafka,
            "-t",
            topic,
            "-o",
            "beginning",
            "-X",
            "isolation.level=read_committed",
        ])
        .args(["-X", "fetch.wait.max.ms=20", "-f", "%s\n"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("kcat")?;
    let output = child.stdout.take().context("kcat's output")?;
    let (send, receive) = mpsc::sync_channel(65_536);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send((now_ms(), line)).is_err() {
                return;
            }
        }
    });
    Ok((Reader(child), receive))
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what this command is for"
)]
fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let dir = tempfile::tempdir()?;
    let prefix = format!("live-{}.", std::process::id());
    let log = LogKind::Kafka {
        bootstrap: arguments.kafka.clone(),
        prefix,
        partitions: 4,
    };
    let trial = Trial::new(dir.path(), log)?;
    let ports = Ports::free()?;
    let config = trial.collector_config("collector", ports, "")?;
    trial.collector(&["topics", "apply", "--config", &config.to_string_lossy()])?;
    let _collector = trial.start("collector", "all", &config)?;
    ready(ports.admin, "the collector")?;
    let pair = Pair::new()?;
    let (mut sensor, admin) = start_sensor(&trial, ports.link)?;
    if let Err(error) = ready(admin, "the sensor") {
        bail!("{error}\n{}", sensor.tail(20));
    }
    let (_reader, lines) = read(
        &arguments.kafka,
        &trial.topic("auscult.public.inventory.v1"),
    )?;

    let mut first = BTreeMap::new();
    for capture in &arguments.captures {
        if let Err(error) = pair.play(capture, arguments.pps) {
            println!("not played: {}: {error}", capture.display());
        }
        take(&lines, &mut first, Duration::ZERO)?;
    }
    take(&lines, &mut first, Duration::from_secs(3))?;
    let sent = pair.frames_from_the_sensor()?;
    let stations = stations(admin, ports.admin)?;
    let code = sensor.stop(Duration::from_secs(20))?;

    let mut delays: Vec<i64> = first.into_values().collect();
    delays.sort_unstable();
    let at = |per_mille: usize| {
        delays
            .get((delays.len() * per_mille / 1000).min(delays.len().saturating_sub(1)))
            .copied()
            .unwrap_or(-1)
    };
    println!("devices {}", delays.len());
    println!(
        "first frame to first record, ms: p50 {}, p95 {}, p99 {}, max {}",
        at(500),
        at(950),
        at(990),
        at(1000)
    );
    println!("{stations}");
    println!("frames the peer received from the sensor: {sent}");
    println!("sensor's exit code: {code}");
    let good = !delays.is_empty() && at(950) < 300 && at(990) < 1000 && sent == 0 && code == 0;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Averages of what both processes measure of themselves: the wait for others in the spool with its fsync, the broker's acknowledgement of
/// a batch, an engine's transaction, an assessment.
fn stations(sensor: u16, collector: u16) -> Result<String> {
    let (_, sensor) = http_get(sensor, "/metrics")?;
    let (_, collector) = http_get(collector, "/metrics")?;
    let mean = |text: &str, name: &str| {
        let sum = metric(text, &format!("{name}_sum")).unwrap_or(0.0);
        let count = metric(text, &format!("{name}_count")).unwrap_or(0.0);
        format!("{:.0} ms ({count:.0})", sum * 1_000.0 / count.max(1.0))
    };
    Ok(format!(
        "on the way, mean (times): spool {}, append {}, transaction {}, assessment {}",
        mean(&sensor, "auscult_sensor_spool_delay_seconds"),
        mean(&collector, "auscult_ingest_append_seconds"),
        mean(&collector, "auscult_engine_commit_seconds"),
        mean(&collector, "auscult_findings_assessment_seconds"),
    ))
}

fn ready(port: u16, what: &str) -> Result<()> {
    let answer = || {
        http_get(port, "/ready")
            .ok()
            .filter(|(code, _)| *code == 200)
            .map(drop)
    };
    Ok(eventually(
        &format!("{what} is ready"),
        Duration::from_secs(30),
        answer,
    )?)
}

fn start_sensor(trial: &Trial, link: u16) -> Result<(Process, u16)> {
    let certificates = trial.issue("live", "span")?;
    let certificates = certificates.display();
    let admin = Ports::free()?.admin;
    let text = format!(
        "[[capture]]\ninterface = \"{HERE}\"\nname = \"span\"\n[collector]\naddress = \"localhost:{link}\"\n\
         certificate = \"{certificates}/cert.pem\"\nkey = \"{certificates}/key.pem\"\nroots = \"{certificates}/roots.pem\"\n\
         [spool]\ndir = \"spool\"\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n[sandbox]\nmode = \"prefer\"\n"
    );
    let path = trial.dir.join("sensor.toml");
    std::fs::write(&path, text)?;
    Ok((
        Process::start(
            "sensor",
            "auscult-sensor",
            &["run", "--config", &path.to_string_lossy()],
            &trial.dir,
        )?,
        admin,
    ))
}

/// Takes lines until none has come for `quiet`; keeps, for each device's first record, how late it was.
fn take(
    lines: &mpsc::Receiver<(i64, String)>,
    first: &mut BTreeMap<String, i64>,
    quiet: Duration,
) -> Result<()> {
    let mut last = Instant::now();
    loop {
        match lines.recv_timeout(Duration::from_millis(20)) {
            Ok((arrived, line)) => {
                last = Instant::now();
                let record: Value = serde_json::from_str(&line).context("a record is not JSON")?;
                let uid = record["device"]["uid"]
                    .as_str()
                    .context("a record without device.uid")?;
                let seen = record["device"]["first_seen_time"]
                    .as_i64()
                    .context("a record without device.first_seen_time")?;
                first.entry(uid.to_owned()).or_insert(arrived - seen);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => bail!("kcat ended"),
            Err(mpsc::RecvTimeoutError::Timeout) if last.elapsed() >= quiet => return Ok(()),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}
