//! A whole installation in one folder: PKI, configurations, processes. What a person would set up by hand, for tests and benchmarks.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Process, binaries, free_port};

/// Where the collector keeps its log.
#[derive(Debug, Clone)]
pub enum LogKind {
    /// In the collector itself.
    Embedded,
    /// A broker, and the prefix of everything in it.
    Kafka {
        /// HOST:PORT.
        bootstrap: String,
        /// Before every topic name.
        prefix: String,
        /// Partitions of every topic.
        partitions: u32,
    },
}

/// An installation.
#[derive(Debug)]
pub struct Trial {
    /// Its folder.
    pub dir: PathBuf,
    /// Its log.
    pub log: LogKind,
}

/// Ports of one collector process.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// Where sensors connect.
    pub link: u16,
    /// /ready and /metrics.
    pub admin: u16,
}

impl Ports {
    /// Ports that are free now.
    ///
    /// # Errors
    /// None can be had.
    pub fn free() -> io::Result<Self> {
        Ok(Self {
            link: free_port()?,
            admin: free_port()?,
        })
    }
}

impl Trial {
    /// Makes the PKI of an installation in `dir`.
    ///
    /// # Errors
    /// The collector binary fails; its words are in the error.
    pub fn new(dir: &Path, log: LogKind) -> io::Result<Self> {
        let trial = Self {
            dir: dir.to_path_buf(),
            log,
        };
        let pki = trial.pki();
        let pki = pki.to_string_lossy();
        trial.collector(&[
            "pki",
            "init",
            "--dir",
            &pki,
            "--trust-domain",
            "auscult.test",
            "--server-name",
            "localhost",
        ])?;
        Ok(trial)
    }

    fn pki(&self) -> PathBuf {
        self.dir.join("pki")
    }

    /// Runs the collector binary to its end and returns its standard output.
    ///
    /// # Errors
    /// It ends with anything but 0.
    pub fn collector(&self, arguments: &[&str]) -> io::Result<String> {
        let output = Command::new(binaries()?.join("auscult-collector"))
            .args(arguments)
            .current_dir(&self.dir)
            .output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(io::Error::other(format!(
            "auscult-collector {} ended with {}:\n{}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )))
    }

    /// Issues a sensor's certificate; returns its folder.
    ///
    /// # Errors
    /// The collector binary fails.
    pub fn issue(&self, site: &str, sensor: &str) -> io::Result<PathBuf> {
        let pki = self.pki();
        self.collector(&[
            "pki",
            "issue",
            "--dir",
            &pki.to_string_lossy(),
            "--site",
            site,
            "--sensor",
            sensor,
        ])?;
        Ok(pki.join("sensors").join(site).join(sensor))
    }

    /// Writes a collector configuration and returns its path. `extra` is appended as it is.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn collector_config(&self, name: &str, ports: Ports, extra: &str) -> io::Result<PathBuf> {
        let mut text = String::from("[collector]\ncluster = \"trial\"\n");
        match &self.log {
            LogKind::Embedded => {
                text.push_str("[embedded]\ndir = \"log\"\nreserve_bytes = \"1MiB\"\n")
            }
            LogKind::Kafka {
                bootstrap,
                prefix,
                partitions,
            } => {
                text.push_str(&format!(
                    "[kafka]\nbootstrap = \"{bootstrap}\"\ntopic_prefix = \"{prefix}\"\nsession_timeout = \"6s\"\n[topics.partitions]\n"
                ));
                for topic in TOPICS {
                    text.push_str(&format!("{topic} = {partitions}\n"));
                }
            }
        }
        let (link, admin) = (ports.link, ports.admin);
        text.push_str(&format!(
            "[ingest]\nlisten = \"127.0.0.1:{link}\"\ncertificate = \"pki/collector/cert.pem\"\nkey = \"pki/collector/key.pem\"\n\
             roots = \"pki/collector/roots.pem\"\ntrust_domain = \"auscult.test\"\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n{extra}"
        ));
        let path = self.dir.join(format!("{name}.toml"));
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// Starts a role of the collector.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self, name: &str, role: &str, config: &Path) -> io::Result<Process> {
        Process::start(
            name,
            "auscult-collector",
            &[role, "--config", &config.to_string_lossy()],
            &self.dir,
        )
    }

    /// The full name of a topic.
    #[must_use]
    pub fn topic(&self, name: &str) -> String {
        match &self.log {
            LogKind::Embedded => name.to_owned(),
            LogKind::Kafka { prefix, .. } => format!("{prefix}{name}"),
        }
    }
}

/// Topics as the configuration names them.
const TOPICS: [&str; 12] = [
    "observations",
    "state",
    "fleet",
    "intel",
    "decisions",
    "quarantine",
    "inventory",
    "findings",
    "findings-open",
    "lifecycle",
    "health",
    "audit",
];

/// Asks an admin endpoint. The status line's code and the body.
///
/// # Errors
/// Nobody answers.
pub fn http_get(port: u16, path: &str) -> io::Result<(u16, String)> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let code = text
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or(io::ErrorKind::InvalidData)?;
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((code, body.to_owned()))
}

/// Sum of the samples of a metric whose name is `name`, over all labels; `None` where it is not exported.
#[must_use]
pub fn metric(text: &str, name: &str) -> Option<f64> {
    let samples = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        if !rest.starts_with(['{', ' ']) {
            return None;
        }
        rest.rsplit(' ').next()?.parse::<f64>().ok()
    });
    samples.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}
