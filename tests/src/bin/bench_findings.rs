//! How long it takes from an event in Kafka to the finding that follows from it.
//!
//! `bench_findings --kafka HOST:PORT [--devices N,N] [--events N]`. One site of the hospital's fleet is folded and assessed by the real
//! collector, with six flaws of every product in it and EPSS as medical devices' flaws have it. Then, one after the other, a device of which a finding is open reports a mended
//! firmware version, and when its finding is closed a flawed one, and its finding opens again: from the broker's acknowledgement of each
//! statement until the finding that follows from it is read by a `read_committed` reader. Each statement has a version of its own: a value
//! that is stated again within a minute is no news. The next device is the one that was asked least often. An event follows the finding
//! before it at once, so that the engine's rest between two assessments is in the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use auscult_hospital::load::Size;
use auscult_log::{Appender, KafkaLog, KafkaOptions, Log, Message, Reader, StartAt, Topic};
use auscult_proto::observation::{Body, Endpoint, Fact, FactFlags, Observation, Origin, Subject};
use auscult_proto::{Attribute, ConfidenceClass, Field, convert, wire};
use auscult_tests::bench::load::{Kind, Load};
use auscult_tests::bench::memory_source::BATCH;
use auscult_tests::process::Process;
use auscult_tests::trial::{LogKind, Ports, Trial, http_get, metric};
use bytes::Bytes;
use clap::Parser;
use prost::Message as _;
use serde_json::{Value, json};

/// Nothing may have come for so long before the first list counts as told.
const QUIET: Duration = Duration::from_secs(10);
/// Where a finding says its place among all pairs of the site.
const RANK: &str = "/unmapped/auscult/risk/rank";
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Parser)]
struct Arguments {
    /// The broker.
    #[arg(long)]
    kafka: String,
    /// Devices of the site.
    #[arg(long, value_delimiter = ',', default_value = "2000,20000")]
    devices: Vec<usize>,
    /// Observations a device that are folded first.
    #[arg(long, default_value_t = 30)]
    observations: u64,
    /// Devices that are mended and broken again, one after the other.
    #[arg(long, default_value_t = 30)]
    events: usize,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the figures are what this command is for"
)]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    for devices in &arguments.devices {
        println!("{}", measure(&arguments, *devices).await?);
    }
    Ok(())
}

/// A site's running collector, and readers beside it.
struct Stage {
    process: Process,
    admin: u16,
    findings: Box<dyn Reader>,
    appender: Box<dyn Appender>,
    site: String,
    received_ms: i64,
    next: u64,
    /// Open findings, by uid.
    open: BTreeMap<String, Value>,
}

#[expect(
    clippy::print_stderr,
    reason = "how far it is, beside the figures on standard output"
)]
async fn measure(arguments: &Arguments, devices: usize) -> Result<String> {
    let dir = tempfile::tempdir()?;
    let prefix = format!("bench-findings-{}-{devices}.", std::process::id());
    let kafka = LogKind::Kafka {
        bootstrap: arguments.kafka.clone(),
        prefix: prefix.clone(),
        partitions: 1,
    };
    let trial = Trial::new(dir.path(), kafka)?;
    let ports = Ports::free()?;
    let extra = "[engine]\nmember = \"bench\"\nmembers = 1\nconversations = 1000000\n";
    let config = trial.collector_config("collector", ports, extra)?;
    trial.collector(&["topics", "apply", "--config", &config.to_string_lossy()])?;
    let size = Size {
        sites: 1,
        devices,
        sensors: 4,
    };
    let observations = u64::try_from(devices)? * arguments.observations;
    let load = Load::new(Kind::Hospital, observations, size)?;
    let (advisory, epss) = intelligence_of(&load)?;
    let advisory_path = dir.path().join("advisory.json");
    std::fs::write(&advisory_path, serde_json::to_vec(&advisory)?)?;
    let epss_path = dir.path().join("epss_scores-2026-11-01.csv");
    std::fs::write(&epss_path, epss)?;
    for file in [&advisory_path, &epss_path] {
        let (config, file) = (config.to_string_lossy(), file.to_string_lossy());
        trial.collector(&["intel", "import", "--config", &config, &file])?;
    }

    let log = KafkaLog::connect(KafkaOptions {
        topic_prefix: prefix,
        ..KafkaOptions::new(&arguments.kafka)
    })?;
    let mut stage = Stage {
        findings: log.reader(Topic::Findings, StartAt::Beginning)?,
        appender: log.appender()?,
        process: trial.start("engine", "engine", &config)?,
        admin: ports.admin,
        site: load.sensors.first().context("an empty load")?.site.clone(),
        received_ms: load.received_ms,
        next: 1,
        open: BTreeMap::new(),
    };
    let began = Instant::now();
    stage.fill(&load).await?;
    let folded = began.elapsed();
    stage.listen()?;
    eprintln!(
        "{devices} devices: folded after {:.0} s, first list of {} told after {:.0} s",
        folded.as_secs_f64(),
        stage.open.len(),
        (began.elapsed() - QUIET).as_secs_f64()
    );
    let (_, figures) = http_get(stage.admin, "/metrics")?;
    let (mut closed, mut opened) = (Vec::new(), Vec::new());
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..arguments.events {
        let (uid, finding) = stage
            .advised(&asked)
            .context("no device with an open finding is left")?;
        *asked.entry(device_of(&finding)).or_default() += 1;
        let (mended, flawed) = (format!("99.{round}"), format!("0.9.{round}"));
        closed.push(stage.follow(&uid, &finding, &mended, true).await?);
        opened.push(stage.follow(&uid, &finding, &flawed, false).await?);
    }
    let (_, end) = http_get(stage.admin, "/metrics")?;
    let seconds = metric(&end, "auscult_findings_assessment_seconds_sum").unwrap_or(0.0)
        - metric(&figures, "auscult_findings_assessment_seconds_sum").unwrap_or(0.0);
    let events = closed.len() + opened.len();
    Ok(format!(
        "{devices} devices, {} observations: event to finding {}; closing {}; opening {} ({events} events on {} devices; {:.0} ms of assessing an event)",
        load.observations(),
        quantiles(closed.iter().chain(&opened)),
        quantiles(closed.iter()),
        quantiles(opened.iter()),
        asked.len(),
        seconds * 1_000.0 / f64::from(u32::try_from(events)?),
    ))
}

/// Quantiles of some times in milliseconds, in words.
fn quantiles<'a>(millis: impl Iterator<Item = &'a f64>) -> String {
    let mut millis: Vec<f64> = millis.copied().collect();
    millis.sort_by(f64::total_cmp);
    let Some(last) = millis.len().checked_sub(1) else {
        return "never".to_owned();
    };
    let at = |share: usize| millis[(millis.len() * share / 100).min(last)];
    format!(
        "p50 {:.0} ms, p95 {:.0} ms, most {:.0} ms",
        at(50),
        at(95),
        at(100)
    )
}

fn device_of(finding: &Value) -> String {
    finding["resources"][0]["uid"].to_string()
}

impl Stage {
    /// Puts the load into the topic and waits until it is folded.
    async fn fill(&mut self, load: &Load) -> Result<()> {
        for (sensor, batch) in &load.order {
            let of = &load.sensors[*sensor];
            let first_seq = u64::try_from(*batch)? * BATCH + 1;
            let body = of.batches[*batch].clone();
            let count = u32::try_from(BATCH)?;
            self.append(&of.sensor, first_seq, count, body).await?;
        }
        let began = Instant::now();
        loop {
            let folded = http_get(self.admin, "/metrics")
                .ok()
                .and_then(|(_, text)| metric(&text, "auscult_engine_folded_observations_total"))
                .unwrap_or(0.0);
            if folded >= f64::from(u32::try_from(load.observations())?) {
                return Ok(());
            }
            anyhow::ensure!(began.elapsed() < PATIENCE, "{}", self.process.tail(20));
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    async fn append(
        &mut self,
        sensor: &str,
        first_seq: u64,
        count: u32,
        body: Bytes,
    ) -> Result<()> {
        let batch = wire::LoggedBatch {
            site: self.site.clone(),
            sensor: sensor.to_owned(),
            incarnation: 1,
            first_seq,
            after_seq: 0,
            count,
            received_ms: self.received_ms,
            body,
        };
        let message = Message {
            topic: Topic::Observations,
            partition: None,
            key: Bytes::from(self.site.clone()),
            value: Some(batch.encode_to_vec().into()),
            headers: Vec::new(),
            timestamp_ms: self.received_ms,
        };
        self.appender.append(message).await?;
        Ok(())
    }

    /// Reads one telling, if there is one within the time: its uid and what it says.
    fn next(&mut self, wait: Duration) -> Result<Option<(String, Value)>> {
        let Some(stored) = self.findings.next(wait)? else {
            return Ok(None);
        };
        let key = String::from_utf8(stored.message.key.to_vec())?;
        let value = stored.message.value.context("a finding without a value")?;
        let value: Value = serde_json::from_slice(&value)?;
        if value["activity_name"] == "Close" {
            self.open.remove(&key);
        } else {
            self.open.insert(key.clone(), value.clone());
        }
        Ok(Some((key, value)))
    }

    /// Reads until nothing comes any more; how much came. The first time it waits until something does.
    fn listen(&mut self) -> Result<usize> {
        let began = Instant::now();
        let mut last = Instant::now();
        let mut came = 0;
        while self.open.is_empty() || last.elapsed() < QUIET {
            anyhow::ensure!(began.elapsed() < PATIENCE, "{}", self.process.tail(20));
            if self.next(Duration::from_millis(100))?.is_some() {
                last = Instant::now();
                came += 1;
            }
        }
        Ok(came)
    }

    /// An open finding of an advised weakness, on the device that was asked least often. Of the better ranked half of the list: what was
    /// near its end leaves it later than it enters it, and would not come back.
    fn advised(&self, asked: &BTreeMap<String, usize>) -> Option<(String, Value)> {
        let advised = |key: &str| key.starts_with("vf:") && key.contains(":CVE-");
        let mut listed: Vec<_> = self.open.iter().filter(|(key, _)| advised(key)).collect();
        listed.sort_by_key(|(_, value)| value.pointer(RANK).and_then(Value::as_u64));
        listed.truncate(listed.len().div_ceil(2));
        listed
            .into_iter()
            .min_by_key(|(_, value)| asked.get(&device_of(value)).copied().unwrap_or(0))
            .map(|(key, value)| (key.clone(), value.clone()))
    }

    /// The device of a finding reports a firmware version: milliseconds until the finding closes or opens.
    async fn follow(
        &mut self,
        uid: &str,
        finding: &Value,
        version: &str,
        closes: bool,
    ) -> Result<f64> {
        // Later than everything that was stated before.
        self.received_ms += 1_000;
        let text = |pointer: &str| {
            let found = finding.pointer(pointer).and_then(Value::as_str);
            found.with_context(|| format!("{uid} has no {pointer}"))
        };
        let vlan = text("/resources/0/namespace")?.trim_start_matches("vlan ");
        let observation = Observation {
            first_seen: self.received_ms,
            last_seen: self.received_ms,
            count: 1,
            origin: Origin {
                capture_point: "span1".parse()?,
                vlans: vec![vlan.parse()?],
                vni: None,
                erspan_session: None,
            },
            body: Body::Fact(Fact {
                sender: Endpoint {
                    mac: Some(text("/resources/0/data/mac")?.parse()?),
                    ip: Some(text("/resources/0/ip")?.parse()?),
                },
                subject: Subject::Sender,
                attribute: Attribute::SwVersion,
                field: Field::LldpmedSoftware,
                value: version.to_owned(),
                class: ConfidenceClass::D1,
                flags: FactFlags::default(),
            }),
        };
        let body = Bytes::from(convert::encode_body([&observation]));
        let sequence = self.next;
        self.next += 1;
        self.append("mender", sequence, 1, body).await?;
        let began = Instant::now();
        loop {
            anyhow::ensure!(
                began.elapsed() < Duration::from_secs(60),
                "{uid} does not {} at version {version}: {}",
                if closes { "close" } else { "open" },
                self.process.tail(20)
            );
            let told = self.next(Duration::from_millis(50))?;
            if told.is_some_and(|(key, value)| {
                key == uid && (value["activity_name"] == "Close") == closes
            }) {
                return Ok(began.elapsed().as_secs_f64() * 1_000.0);
            }
        }
    }
}

/// Flaws of a product: as many as a device in use has on average (6.2, asimily.com, May 2026).
const FLAWS: usize = 6;

/// EPSS of medical CVEs as the quarters of those in the ICSMA advisories have it, and its upper tail (0.125 at 90 %, 0.64 at 95 %).
const EPSS: [&str; 20] = [
    "0.00200", "0.00390", "0.00880", "0.02100", "0.00250", "0.00500", "0.01000", "0.04000",
    "0.00300", "0.00600", "0.01200", "0.06000", "0.00330", "0.00700", "0.01500", "0.10000",
    "0.00360", "0.00800", "0.12500", "0.64000",
];

/// Flaws in every version below 99 of every product that the load names: an advisory, and their EPSS.
fn intelligence_of(load: &Load) -> Result<(Value, String)> {
    let mut stated: BTreeMap<Option<auscult_proto::mac::Mac>, [Option<String>; 2]> =
        BTreeMap::new();
    for (sensor, batch) in &load.order {
        let body = load.sensors[*sensor].batches[*batch].clone();
        for observation in convert::decode_body(body, u32::try_from(BATCH)?)? {
            let Body::Fact(fact) = observation.body else {
                continue;
            };
            let of = stated.entry(fact.sender.mac).or_default();
            match fact.attribute {
                Attribute::DeviceManufacturer => of[0] = Some(fact.value),
                Attribute::ProductModel => of[1] = Some(fact.value),
                _ => {}
            }
        }
    }
    let products: BTreeSet<(String, String)> = stated
        .into_values()
        .filter_map(|[maker, model]| Some((maker?, model?)))
        .collect();
    let mut branches = Vec::new();
    let mut vulnerabilities = Vec::new();
    let mut epss =
        "#model_version:v2026.06.15,score_date:2026-11-01T00:00:00+0000\ncve,epss,percentile\n"
            .to_owned();
    for (number, (maker, model)) in products.iter().enumerate() {
        let id = format!("P{number}");
        branches.push(json!({"category": "vendor", "name": maker, "branches": [
            {"category": "product_name", "name": model, "branches": [
                {"category": "product_version_range", "name": "vers:generic/<99",
                 "product": {"name": format!("{model} below 99"), "product_id": id}}]}]}));
        for flaw in number * FLAWS..(number + 1) * FLAWS {
            let cve = format!("CVE-2026-{}", 10_000 + flaw);
            // Neighbours in the list are of one product: 7 has no factor in common with the length.
            epss.push_str(&format!("{cve},{},0.50000\n", EPSS[flaw * 7 % EPSS.len()]));
            vulnerabilities.push(json!({
                "cve": cve,
                "title": format!("Flaw of {model}"),
                "product_status": {"known_affected": [id]},
                "scores": [{"products": [id], "cvss_v3": {"version": "3.1",
                    "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
            }));
        }
    }
    let advisory = json!({
        "document": {
            "category": "csaf_security_advisory", "csaf_version": "2.0", "title": "Flaws",
            "publisher": {"category": "vendor", "name": "bench", "namespace": "https://bench.example"},
            "tracking": {"id": "BENCH-1", "current_release_date": "2026-01-01T00:00:00.000Z",
                "initial_release_date": "2026-01-01T00:00:00.000Z", "revision_history": [], "status": "final", "version": "1"},
        },
        "product_tree": {"branches": branches},
        "vulnerabilities": vulnerabilities,
    });
    Ok((advisory, epss))
}
