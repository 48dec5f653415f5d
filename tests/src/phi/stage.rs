//! The run: every site's capture through a sensor, the tapped link, ingest, Apache Kafka and an engine, all processes at trace level.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use auscult_log::Topic;

use super::cores::{self, Core};
use super::link;
use super::output::{Output, Place, files_below};
use super::tap::{Identity, Tap};
use crate::oracle::rows::{self, Row};
use crate::oracle::stage::{Broker, PARTITIONS};
use crate::process::{Process, binaries, eventually};
use crate::trial::{LogKind, Ports, Trial, http_get};

/// A sensor may read and send a site for so long.
const PATIENCE: Duration = Duration::from_secs(600);
const TRACE: &str = "[log]\nfilter = \"trace\"\n";
/// What a sensor logs when the last frame is read.
const READ: &str = "read; waiting for the collector";

/// A site to play.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its capture.
    pub capture: PathBuf,
}

/// What a run wrote.
#[derive(Debug)]
pub struct Written {
    /// Everything, by where.
    pub outputs: Vec<Output>,
    /// What each process left that was crashed.
    pub cores: Vec<(String, Core)>,
    /// The broker, for controls.
    pub broker: Broker,
}

struct Stage {
    dir: PathBuf,
    trial: Trial,
    broker: Broker,
    outputs: Vec<Output>,
}

/// Plays the sites in `dir` and collects every output.
///
/// # Errors
/// A process that fails, with its last words; an output that cannot be collected.
pub async fn perform(dir: &Path, sites: &[Site]) -> Result<Written> {
    std::fs::create_dir_all(dir)?;
    let broker = Broker::start(&dir.join("kafka"))?;
    let log = LogKind::Kafka {
        bootstrap: broker.bootstrap.clone(),
        prefix: "phi.".to_owned(),
        partitions: PARTITIONS,
    };
    let trial = Trial::new(dir, log)?;
    let mut stage = Stage {
        dir: dir.to_owned(),
        trial,
        broker,
        outputs: Vec::new(),
    };
    stage.commands(sites)?;
    let ports = Ports::free()?;
    let [mut ingest, mut engine] = stage.collector(ports)?;
    for site in sites {
        stage.site(site, ports.link).await?;
    }
    stage.settle()?;
    stage.inventory(sites)?;
    ingest.1.stop()?;
    engine.1.stop()?;
    let mut cores = Vec::new();
    for (process, name) in [(&mut ingest.0, "ingest"), (&mut engine.0, "engine")] {
        let folder = stage.dir.join(name);
        let core = cores::crash(process, &folder).with_context(|| process.tail(20))?;
        cores.push((format!("the collector's {name}, crashed at the end"), core));
        let log = folder.join(format!("{name}.log"));
        stage.keep(&format!("log of the collector's {name}, trace"), &log)?;
    }
    stage.topics()?;
    let site = sites.first().context("no site")?;
    let core = stage.crashed_sensor(site)?;
    cores.push(("a sensor, crashed while it read".to_owned(), core));
    for (who, core) in &cores {
        if let Core::Files(files) = core {
            stage.outputs.push(Output {
                name: format!("core of {who}"),
                place: Place::Files(files.clone()),
            });
        }
    }
    stage.remains()?;
    Ok(Written {
        outputs: stage.outputs,
        cores,
        broker: stage.broker,
    })
}

impl Stage {
    fn keep(&mut self, name: &str, path: &Path) -> Result<()> {
        self.outputs.push(Output::below(name, path)?);
        Ok(())
    }

    /// What the sensor's commands print of a capture.
    fn commands(&mut self, sites: &[Site]) -> Result<()> {
        for (name, argument) in [
            ("`replay --facts`", Some("--facts")),
            ("`replay`, the table", None),
            ("`replay --json`", Some("--json")),
        ] {
            let mut printed = Vec::new();
            for site in sites {
                let output = std::process::Command::new(binaries()?.join("auscult-sensor"))
                    .arg("replay")
                    .args(argument)
                    .arg(&site.capture)
                    .env("AUSCULT_LOG", "trace")
                    .output()?;
                ensure!(
                    output.status.success(),
                    "{name}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
                printed.extend(output.stdout);
                printed.extend(output.stderr);
            }
            self.outputs.push(Output::of(name, printed));
        }
        Ok(())
    }

    /// Ingest and an engine, ready.
    fn collector(&self, ports: Ports) -> Result<[(Process, Poller); 2]> {
        let config = self.trial.collector_config("ingest", ports, TRACE)?;
        let config = config.to_string_lossy().into_owned();
        self.trial
            .collector(&["topics", "apply", "--config", &config])?;
        let arguments = ["ingest", "--config", &config];
        let ingest = cores::start(
            "ingest",
            "auscult-collector",
            &arguments,
            &self.dir.join("ingest"),
        )?;
        let own = Ports::free()?;
        let config = self.trial.collector_config("engine", own, TRACE)?;
        let config = config.to_string_lossy().into_owned();
        let arguments = ["engine", "--config", &config];
        let engine = cores::start(
            "engine",
            "auscult-collector",
            &arguments,
            &self.dir.join("engine"),
        )?;
        let watched = |process: Process, name: &str, port| {
            let ready = || {
                http_get(port, "/ready")
                    .ok()
                    .filter(|(code, _)| *code == 200)
            };
            eventually(&format!("{name} is ready"), Duration::from_secs(60), ready)
                .with_context(|| process.tail(20))?;
            let poller = Poller::start(port, self.dir.join("endpoints").join(name))?;
            anyhow::Ok((process, poller))
        };
        Ok([
            watched(ingest, "ingest", ports.admin)?,
            watched(engine, "engine", own.admin)?,
        ])
    }

    fn sensor_config(
        &self,
        site: &str,
        address: SocketAddr,
        certificates: &Path,
        spool: &str,
    ) -> Result<(String, u16)> {
        let admin = Ports::free()?.admin;
        let (shown, port) = (certificates.display(), address.port());
        let text = format!(
            "[collector]\naddress = \"localhost:{port}\"\ncertificate = \"{shown}/cert.pem\"\nkey = \"{shown}/key.pem\"\n\
             roots = \"{shown}/roots.pem\"\n[spool]\ndir = \"{spool}\"\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n{TRACE}"
        );
        let path = self.dir.join(format!("{spool}.toml"));
        std::fs::write(&path, text).with_context(|| format!("the sensor of {site}"))?;
        Ok((path.to_string_lossy().into_owned(), admin))
    }

    /// One site: read into the spool while the link is closed, so that the whole spool can be kept, then sent through the tap.
    async fn site(&mut self, site: &Site, upstream: u16) -> Result<()> {
        let name = &site.name;
        let certificates = self.trial.issue(name, "phi")?;
        let kept = self.dir.join("link").join(name);
        let tap = Tap::start(
            ([127, 0, 0, 1], upstream).into(),
            &Identity::in_folder(&self.dir.join("pki/collector")),
            &Identity::in_folder(&certificates),
            &kept,
        )
        .await?;
        let spool = format!("spool-{name}");
        let (config, admin) = self.sensor_config(name, tap.address(), &certificates, &spool)?;
        let folder = self.dir.join(format!("sensor-{name}"));
        let capture = site.capture.to_string_lossy();
        let arguments = ["replay", "--config", &config, &capture];
        let mut sensor = cores::start("sensor", "auscult-sensor", &arguments, &folder)?;
        let poller = Poller::start(
            admin,
            self.dir.join("endpoints").join(format!("sensor-{name}")),
        )?;
        let mut log = Watched::new(&sensor.log);
        while !log.says(READ)? {
            ensure!(
                sensor.running()?,
                "the sensor ended early\n{}",
                sensor.tail(20)
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let copy = self.dir.join(format!("kept-{spool}"));
        copy_folder(&self.dir.join(&spool), &copy)?;
        tap.open();
        let end = Instant::now() + PATIENCE;
        while sensor.running()? {
            ensure!(
                Instant::now() < end,
                "the sensor does not end\n{}",
                sensor.tail(20)
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let code = sensor.wait(Duration::ZERO)?;
        ensure!(
            code == 0,
            "the sensor of {name} ended with {code}\n{}",
            sensor.tail(20)
        );
        poller.stop()?;
        if let Some(failure) = tap.failure() {
            bail!("the tap: {failure}");
        }
        self.link(name, &kept)?;
        self.keep(
            &format!("spool of {name}, every segment before the first acknowledgement"),
            &copy,
        )?;
        self.keep(&format!("log of the sensor of {name}, trace"), &sensor.log)
    }

    fn link(&mut self, site: &str, kept: &Path) -> Result<()> {
        let (mut up, mut down, mut bodies, mut batches) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for path in files_below(kept, &[])? {
            let bytes = std::fs::read(&path)?;
            if path
                .extension()
                .is_some_and(|extension| extension == "down")
            {
                down.extend(bytes);
            } else {
                let carried =
                    link::take_apart(&bytes).with_context(|| path.display().to_string())?;
                batches += carried.batches;
                bodies.extend(carried.bodies);
                up.extend(bytes);
            }
        }
        ensure!(batches > 0, "no batch of {site} passed the tap");
        self.outputs.extend([
            Output::of(
                &format!("link of {site}, to the collector: the batches inflated"),
                bodies,
            ),
            Output::of(
                &format!("link of {site}, to the collector: as inside TLS"),
                up,
            ),
            Output::of(
                &format!("link of {site}, to the sensor: as inside TLS"),
                down,
            ),
        ]);
        Ok(())
    }

    /// Waits until the engine has committed everything.
    fn settle(&self) -> Result<()> {
        let (bootstrap, topic) = (
            &self.broker.bootstrap,
            self.trial.topic(Topic::Observations.name()),
        );
        let group = self.trial.topic("auscult-collector");
        let ends = rows::ends(bootstrap, &topic)?;
        let done = || {
            let committed = rows::committed(bootstrap, &group, &topic).ok()?;
            let reached = |(partition, end): (&i32, &i64)| {
                *end == 0 || committed.get(partition).is_some_and(|offset| offset >= end)
            };
            ends.iter().all(reached).then_some(())
        };
        Ok(eventually(
            "the engine has committed everything",
            PATIENCE,
            done,
        )?)
    }

    fn inventory(&mut self, sites: &[Site]) -> Result<()> {
        let config = self.dir.join("engine.toml").to_string_lossy().into_owned();
        let mut printed = String::new();
        for site in sites {
            let of = ["inventory", "--config", &config, "--site", &site.name];
            printed += &self.trial.collector(&of)?;
            printed += &self.trial.collector(&[&of[..], &["--json"]].concat())?;
        }
        self.outputs.push(Output::of(
            "`inventory`, as a table and `--json`",
            printed.into_bytes(),
        ));
        Ok(())
    }

    /// Every record of every topic, aborted ones as well; then what the broker has on its disk.
    fn topics(&mut self) -> Result<()> {
        for topic in Topic::ALL {
            let name = topic.name();
            let rows = rows::read_uncommitted(&self.broker.bootstrap, &self.trial.topic(name))?;
            let what = format!("Kafka `{name}`, {} records", rows.len());
            self.outputs.push(Output::of(&what, octets(&rows)));
        }
        let files = files_below(&self.dir.join("kafka"), &[])?;
        self.outputs.push(Output {
            name: "Kafka's own folder: segments of all topics as on disk, its logs".to_owned(),
            place: Place::Files(files),
        });
        Ok(())
    }

    /// A sensor that crashes while frames are in its memory.
    fn crashed_sensor(&mut self, site: &Site) -> Result<Core> {
        let certificates = self.trial.issue(&site.name, "crash")?;
        let nowhere = ([127, 0, 0, 1], crate::process::free_port()?).into();
        let (config, _) = self.sensor_config(&site.name, nowhere, &certificates, "spool-crash")?;
        let folder = self.dir.join("sensor-crash");
        let capture = site.capture.to_string_lossy();
        // At its own pace it would still read in an hour.
        let arguments = ["replay", "--config", &config, "--pace", "10", &capture];
        let mut sensor = cores::start("sensor", "auscult-sensor", &arguments, &folder)?;
        let mut log = Watched::new(&sensor.log);
        while !log.says("replaying")? {
            ensure!(
                sensor.running()?,
                "the sensor ended early\n{}",
                sensor.tail(20)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_secs(3));
        Ok(cores::crash(&mut sensor, &folder)?)
    }

    /// Metrics and states as they were asked for all the while, and whatever else lies in the installation's folder.
    fn remains(&mut self) -> Result<()> {
        let endpoints = self.dir.join("endpoints");
        self.keep(
            "/metrics, /status, /ready and /live of all processes, asked four times a second",
            &endpoints,
        )?;
        let mut named: Vec<PathBuf> = Vec::new();
        for output in &self.outputs {
            if let Place::Files(files) = &output.place {
                named.extend_from_slice(files);
            }
        }
        let without = [self.dir.join("kafka"), self.dir.join("link")];
        let files = files_below(&self.dir, &without)?;
        let files = files.into_iter().filter(|file| !named.contains(file));
        self.outputs.push(Output {
            name: "every other file of the installation: spools after the end, configurations, certificates, the crashed sensor's files".to_owned(),
            place: Place::Files(files.collect()),
        });
        Ok(())
    }
}

/// Keys, values and headers.
#[must_use]
pub fn octets(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        out.extend_from_slice(&row.key);
        out.push(b'\n');
        out.extend_from_slice(row.value.as_deref().unwrap_or_default());
        out.push(b'\n');
        for (name, value) in &row.headers {
            out.extend_from_slice(name.as_bytes());
            out.push(b'\n');
            out.extend_from_slice(value);
            out.push(b'\n');
        }
    }
    out
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for file in files_below(from, &[])? {
        let name = file.file_name().context("a file without a name")?;
        std::fs::copy(&file, to.join(name))?;
    }
    Ok(())
}

/// A log that grows, read once.
struct Watched {
    path: PathBuf,
    read: u64,
    rest: Vec<u8>,
}

impl Watched {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            read: 0,
            rest: Vec::new(),
        }
    }

    /// Whether what came since the last look says this.
    fn says(&mut self, words: &str) -> Result<bool> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = std::fs::File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read))?;
        self.read += file.read_to_end(&mut self.rest)? as u64;
        let words = words.as_bytes();
        let said = self.rest.windows(words.len()).any(|window| window == words);
        self.rest
            .drain(..self.rest.len().saturating_sub(words.len()));
        Ok(said)
    }
}

/// Asks a process's endpoints again and again and keeps the answers.
struct Poller {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<u64>>,
}

impl Poller {
    fn start(port: u16, folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut answers = 0;
            while !asked.load(Ordering::Relaxed) {
                for path in ["metrics", "status", "ready", "live"] {
                    if let Ok((_, text)) = http_get(port, &format!("/{path}")) {
                        let mut file = OpenOptions::new();
                        let file = file.append(true).create(true).open(folder.join(path));
                        file?.write_all(text.as_bytes())?;
                        answers += 1;
                    }
                }
                std::thread::sleep(Duration::from_millis(250));
            }
            Ok(answers)
        });
        Ok(Self { stop, thread })
    }

    fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let answers = self
            .thread
            .join()
            .map_err(|_| anyhow!("asking endpoints panicked"))??;
        ensure!(answers > 0, "no endpoint ever answered");
        Ok(())
    }
}
