//! The stage: broker, ingest, engines and sensors as real processes, and what can be done to them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::fault_proxy::FaultProxy;
use crate::process::{Process, binaries, eventually};
use crate::trial::{self, LogKind, Ports, Trial};

/// Partitions of every topic on the stage.
pub const PARTITIONS: u32 = 4;
/// How long an ordered end may take. With the broker away, an engine gives its transaction 20 s and the abort 5 s.
const STOP: Duration = Duration::from_secs(40);
/// How long a process may take to be ready. What a killed engine left is in the way of a restore for as long as the group waits for the
/// dead (10 s) and the broker for their transaction (20 s, looked at every 10 s).
const READY: Duration = Duration::from_secs(60);
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// A broker that the stage owns, run by the project's own runner.
#[derive(Debug)]
pub struct Broker {
    dir: PathBuf,
    /// HOST:PORT.
    pub bootstrap: String,
}

impl Broker {
    /// Starts one.
    ///
    /// # Errors
    /// The runner's words.
    pub fn start(dir: &Path) -> Result<Self> {
        let watch = std::process::id().to_string();
        runner(&["start", "--dir", &dir.to_string_lossy(), "--watch", &watch])?;
        let env = std::fs::read_to_string(dir.join("env"))?;
        let bootstrap = env
            .lines()
            .find_map(|line| line.strip_prefix("BOOTSTRAP="))
            .context("no BOOTSTRAP in env")?;
        Ok(Self {
            dir: dir.to_path_buf(),
            bootstrap: bootstrap.to_owned(),
        })
    }

    /// Kills (or stops) it and starts it again on the same ports.
    ///
    /// # Errors
    /// The runner's words.
    pub fn bounce(&self, kill: bool) -> Result<()> {
        let dir = self.dir.to_string_lossy();
        runner(&[
            if kill { "kill9" } else { "stop-node" },
            "--dir",
            &dir,
            "--node",
            "1",
        ])?;
        runner(&["restart-node", "--dir", &dir, "--node", "1"])
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(runner(&[
            "stop",
            "--dir",
            &self.dir.to_string_lossy(),
            "--delete",
        ]));
    }
}

fn runner(arguments: &[&str]) -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka/kafka");
    let output = Command::new(&script)
        .args(arguments)
        .output()
        .with_context(|| script.display().to_string())?;
    if !output.status.success() {
        bail!(
            "kafka {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// A small file system of its own, so that it can be filled.
#[derive(Debug)]
pub struct SmallDisk {
    /// Where it is mounted.
    pub path: PathBuf,
}

impl SmallDisk {
    /// Mounts one of `mebibytes`. `None` where this process may not mount.
    #[must_use]
    pub fn mount(path: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(path).ok()?;
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(path)
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then(|| Self {
                path: path.to_path_buf(),
            })
    }

    /// Fills it to the last byte.
    ///
    /// # Errors
    /// Anything but a full disk.
    pub fn fill(&self) -> io::Result<()> {
        use std::io::Write;
        let mut file = std::fs::File::create(self.path.join("filler"))?;
        for size in [64 << 10, 512, 1] {
            let chunk = vec![0; size];
            loop {
                match file.write_all(&chunk) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Makes room again.
    ///
    /// # Errors
    /// The filler cannot be removed.
    pub fn free(&self) -> io::Result<()> {
        std::fs::remove_file(self.path.join("filler"))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.path).output());
    }
}

/// Everything that plays.
#[derive(Debug)]
pub struct Stage {
    /// The installation.
    pub trial: Trial,
    /// Before ingest.
    pub proxy: FaultProxy,
    /// One for each site.
    pub sensors: Vec<Sensor>,
    /// The broker. Declared after the processes that use it, so that it ends last.
    pub broker: Broker,
    ingest: Process,
    ingest_config: PathBuf,
    engines: BTreeMap<u32, (Process, Ports)>,
    rate: u64,
}

/// A sensor process and its things.
#[derive(Debug)]
pub struct Sensor {
    /// Its site.
    pub site: String,
    process: Process,
    spool: PathBuf,
    certificates: PathBuf,
    /// Its own disk, where this process may mount one.
    pub disk: Option<SmallDisk>,
}

impl Stage {
    /// Sets everything up and starts it.
    ///
    /// # Errors
    /// Whatever does not start, with its last words.
    pub async fn start(dir: &Path, sites: usize, rate: u64) -> Result<Self> {
        let broker = Broker::start(&dir.join("kafka"))?;
        let log = LogKind::Kafka {
            bootstrap: broker.bootstrap.clone(),
            prefix: "oracle.".to_owned(),
            partitions: PARTITIONS,
        };
        let trial = Trial::new(dir, log)?;
        let ports = Ports::free()?;
        let ingest_config = trial.collector_config("ingest", ports, "")?;
        trial.collector(&[
            "topics",
            "apply",
            "--config",
            &ingest_config.to_string_lossy(),
        ])?;
        let ingest = timed(
            &trial,
            "ingest",
            "auscult-collector",
            &["ingest", "--config", &ingest_config.to_string_lossy()],
        )?;
        ready(ports.admin, "ingest")?;
        let proxy = FaultProxy::start(([127, 0, 0, 1], ports.link).into()).await?;
        let mut stage = Self {
            trial,
            proxy,
            sensors: Vec::new(),
            broker,
            ingest,
            ingest_config,
            engines: BTreeMap::new(),
            rate,
        };
        stage.start_engine(1)?;
        for number in 0..sites {
            let site = format!("site-{number}");
            let certificates = stage.trial.issue(&site, "oracle")?;
            let folder = dir.join(&site);
            let disk = SmallDisk::mount(&folder, 16);
            let spool = folder.join("spool");
            std::fs::create_dir_all(&folder)?;
            let process = stage.sensor_process(number, &site, &spool, &certificates)?;
            stage.sensors.push(Sensor {
                site,
                process,
                spool,
                certificates,
                disk,
            });
        }
        Ok(stage)
    }

    fn sensor_process(
        &self,
        number: usize,
        site: &str,
        spool: &Path,
        certificates: &Path,
    ) -> Result<Process> {
        let (number, rate, address) = (
            number.to_string(),
            self.rate.to_string(),
            self.proxy.address().to_string(),
        );
        let stop = self.stop_file();
        let arguments = [
            "--site-number",
            &number,
            "--spool",
            &spool.to_string_lossy(),
            "--certificates",
            &certificates.to_string_lossy(),
            "--address",
            &address,
            "--rate",
            &rate,
            "--stop-file",
            &stop.to_string_lossy(),
        ];
        timed(&self.trial, site, "oracle_sensor", &arguments)
    }

    /// The sensors end once this file exists and everything is acknowledged.
    #[must_use]
    pub fn stop_file(&self) -> PathBuf {
        self.trial.dir.join("stop")
    }

    /// Starts engine `number`.
    ///
    /// # Errors
    /// It does not become ready.
    pub fn start_engine(&mut self, number: u32) -> Result<()> {
        let ports = Ports::free()?;
        let name = format!("engine-{number}");
        let config = self.trial.collector_config(
            &name,
            ports,
            &format!("[engine]\nmember = \"{name}\"\n"),
        )?;
        let process = self.trial.start(&name, "engine", &config)?;
        self.engines.insert(number, (process, ports));
        Ok(())
    }

    /// Waits until engine `number` says that it is ready.
    ///
    /// # Errors
    /// It does not, within 30 s.
    pub fn engine_ready(&self, number: u32) -> Result<()> {
        let (_, ports) = self.engines.get(&number).context("no such engine")?;
        ready(ports.admin, "engine")
    }

    /// Ends engine `number`: in order, or with SIGKILL.
    ///
    /// # Errors
    /// It does not end in order.
    pub fn end_engine(&mut self, number: u32, kill: bool) -> Result<()> {
        let (mut process, _) = self.engines.remove(&number).context("no such engine")?;
        if kill {
            process.kill9()?;
        } else {
            let code = process.stop(STOP).with_context(|| process.tail(20))?;
            anyhow::ensure!(
                code == 0,
                "engine {number} ended with {code}\n{}",
                process.tail(20)
            );
        }
        Ok(())
    }

    /// Kills ingest and starts it again.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart_ingest(&mut self) -> Result<()> {
        self.ingest.kill9()?;
        let config = self.ingest_config.to_string_lossy().into_owned();
        self.ingest = timed(
            &self.trial,
            "ingest",
            "auscult-collector",
            &["ingest", "--config", &config],
        )?;
        Ok(())
    }

    /// Kills sensor `number` and starts it again on its spool.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart_sensor(&mut self, number: usize) -> Result<()> {
        let sensor = self.sensors.get_mut(number).context("no such sensor")?;
        sensor.process.kill9()?;
        let (site, spool, certificates) = (
            sensor.site.clone(),
            sensor.spool.clone(),
            sensor.certificates.clone(),
        );
        let process = self.sensor_process(number, &site, &spool, &certificates)?;
        self.sensors
            .get_mut(number)
            .context("no such sensor")?
            .process = process;
        Ok(())
    }

    /// Moves the clock of a process (`site-0`, ..., `ingest`); `shift` as faketime writes it (`+1d`, `-1d`, `+0`).
    ///
    /// # Errors
    /// The clock file cannot be written.
    pub fn set_clock(&self, name: &str, shift: &str) -> io::Result<()> {
        std::fs::write(clock_file(&self.trial.dir, name), format!("{shift}\n"))
    }

    /// Waits for the sensors' orderly end, then ends ingest in order. Spool sequences: the last one of each sensor.
    ///
    /// # Errors
    /// A process that does not end with 0, with its last words.
    pub fn finish_sensors(&mut self, patience: Duration) -> Result<()> {
        std::fs::write(self.stop_file(), "")?;
        for sensor in &mut self.sensors {
            let code = sensor
                .process
                .wait(patience)
                .with_context(|| sensor.process.tail(20))?;
            anyhow::ensure!(
                code == 0,
                "sensor ended with {code}\n{}",
                sensor.process.tail(20)
            );
        }
        let code = self
            .ingest
            .stop(STOP)
            .with_context(|| self.ingest.tail(20))?;
        anyhow::ensure!(
            code == 0,
            "ingest ended with {code}\n{}",
            self.ingest.tail(20)
        );
        Ok(())
    }

    /// Last sequence spooled by sensor `number` once it has ended: everything is acknowledged then.
    ///
    /// # Errors
    /// The folder is not a spool.
    pub fn last_sequence(&self, number: usize) -> Result<u64> {
        let sensor = self.sensors.get(number).context("no such sensor")?;
        Ok(auscult_spool::inspect(&sensor.spool)?.acked)
    }

    /// Last words of everybody, for a failure message.
    #[must_use]
    pub fn last_words(&self) -> String {
        let engines = self.engines.values().map(|(process, _)| process.tail(8));
        let sensors = self.sensors.iter().map(|sensor| sensor.process.tail(8));
        engines
            .chain(sensors)
            .chain([self.ingest.tail(8)])
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn clock_file(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.clock"))
}

/// Starts a process whose wall clock can be moved, where libfaketime is installed.
fn timed(trial: &Trial, name: &str, binary: &str, arguments: &[&str]) -> Result<Process> {
    let clock = clock_file(&trial.dir, name);
    if !clock.is_file() {
        std::fs::write(&clock, "+0\n")?;
    }
    if !can_jump() {
        return Ok(Process::start(name, binary, arguments, &trial.dir)?);
    }
    let program = binaries()?.join(binary);
    let (preload, file) = (
        format!("LD_PRELOAD={FAKETIME}"),
        format!("FAKETIME_TIMESTAMP_FILE={}", clock.display()),
    );
    let program = program.to_string_lossy();
    let mut all = vec![
        preload.as_str(),
        file.as_str(),
        "FAKETIME_NO_CACHE=1",
        "DONT_FAKE_MONOTONIC=1",
        "NO_FAKE_STAT=1",
        &program,
    ];
    all.extend(arguments);
    Ok(Process::start_program(
        name,
        Path::new("/usr/bin/env"),
        &all,
        &trial.dir,
    )?)
}

/// Whether clocks can be moved on this machine.
#[must_use]
pub fn can_jump() -> bool {
    Path::new(FAKETIME).is_file()
}

fn ready(port: u16, what: &str) -> Result<()> {
    let answer = || {
        trial::http_get(port, "/ready")
            .ok()
            .filter(|(code, _)| *code == 200)
            .map(drop)
    };
    Ok(eventually(&format!("{what} is ready"), READY, answer)?)
}
