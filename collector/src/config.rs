//! The collector's configuration: one TOML file, every fault of it reported at once.

mod engine;
mod log;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use auscult_link::{CredentialPaths, Credentials, Holder, Limits, ServeOptions};
use auscult_process::config::{Config, Faults, Section};
use auscult_process::{LogFormat, exit, logs};
use auscult_proto::ids::is_trust_domain;

use crate::Failure;

pub use engine::EngineConfig;
pub use log::{EmbeddedConfig, LogChoice};

/// Everything the collector can be told.
#[derive(Debug, Clone)]
pub struct CollectorConfig {
    /// Name of this installation: part of `ce_source` in every public record.
    pub cluster: String,
    /// The organisation the sites belong to, where there is more than one.
    pub tenant: Option<String>,
    /// Which log, and how it is reached.
    pub log: LogChoice,
    /// Partitions, copies and retention.
    pub topics: auscult_log::admin::TopicPlan,
    /// The sensors' door; `None` without an `[ingest]` section.
    pub ingest: Option<ServeOptions>,
    /// The engine.
    pub engine: EngineConfig,
    /// Where `/live`, `/ready` and `/metrics` are.
    pub admin: SocketAddr,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines there are.
    pub log_filter: String,
}

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "collector.toml";

impl CollectorConfig {
    /// Reads a file. Without a name: `collector.toml` when there is one, else every default.
    ///
    /// # Errors
    /// Everything that is wrong, with file and line.
    pub fn read(path: Option<&Path>) -> Result<Self, Faults> {
        let config = match path {
            Some(path) => Config::read(path)?,
            None if Self::default_is_there() => Config::read(Path::new(DEFAULT_FILE))?,
            None => Config::parse("defaults", "")?,
        };
        Self::from(config)
    }

    /// Whether [`DEFAULT_FILE`] is in the folder we are in (or cannot be looked for, which reading it will say).
    #[must_use]
    pub fn default_is_there() -> bool {
        Path::new(DEFAULT_FILE).try_exists().unwrap_or(true)
    }

    /// Parses a text.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn parse(origin: &str, text: &str) -> Result<Self, Faults> {
        Self::from(Config::parse(origin, text)?)
    }

    fn from(config: Config) -> Result<Self, Faults> {
        let mut config = config;
        let mut root = config.section("collector");
        let cluster = root.string_or("cluster", "auscult");
        if cluster.is_empty() || !cluster.bytes().all(is_source_byte) {
            root.fault(
                "cluster",
                "is not a name for a URI path; use a-z, A-Z, 0-9, '-', '.' and '_'",
            );
        }
        let tenant = root.string("tenant");
        if tenant.as_deref() == Some("") {
            root.fault(
                "tenant",
                "is empty; write the organisation's name, or leave the key away",
            );
        }
        let log = log::read(&mut config);
        let topics = log::topics(&mut config);
        let ingest = ingest(&mut config.section("ingest"));
        let embedded = matches!(log, LogChoice::Embedded(_));
        let engine = engine::read(&mut config.section("engine"), embedded);
        let admin = listen(&mut config.section("admin"), ([127, 0, 0, 1], 9471).into());
        let (log_format, log_filter) = logs::read(&mut config.section("log"));
        let read = Self {
            cluster,
            tenant,
            log,
            topics,
            ingest,
            engine,
            admin,
            log_format,
            log_filter,
        };
        config.finish()?;
        Ok(read)
    }

    /// What only shows when the files named in the configuration are opened: certificates, keys, the deny list, Kafka's
    /// files, the folder of the log.
    #[must_use]
    pub fn faults_of_files(&self) -> Vec<String> {
        let mut faults = self.faults_of_kafka_files();
        if faults.is_empty() {
            faults.extend(self.kafka_clients().err().map(|failure| failure.message));
        }
        if let LogChoice::Embedded(embedded) = &self.log {
            faults.extend(unwritable("embedded.dir", &embedded.dir));
        }
        if let Some(ingest) = &self.ingest {
            let denied = ingest.deny_list.as_deref();
            faults.extend(denied.and_then(|path| unreadable("ingest.deny_list", path)));
            let credentials = Credentials::faults(&ingest.credentials, Holder::Collector);
            faults.extend(credentials.iter().map(|fault| format!("ingest: {fault}")));
        }
        faults
    }

    /// Refuses files of the Kafka client that are not there, since the client library itself says only which call of its own failed;
    /// then settings with which it makes no client.
    ///
    /// # Errors
    /// A usage failure with every file, or with what the library says.
    pub fn kafka_files(&self) -> Result<(), Failure> {
        let faults = self.faults_of_kafka_files();
        if faults.is_empty() {
            return self.kafka_clients();
        }
        let message = format!(
            "{}\nput the file there, or correct [kafka.client] in the configuration",
            faults.join("\n")
        );
        Err(Failure::new(exit::USAGE, message))
    }

    fn kafka_clients(&self) -> Result<(), Failure> {
        let LogChoice::Kafka(options) = &self.log else {
            return Ok(());
        };
        options.try_clients().map_err(|error| {
            let message = format!("{error}\ncorrect [kafka.client] in the configuration");
            Failure::new(exit::USAGE, message)
        })
    }

    fn faults_of_kafka_files(&self) -> Vec<String> {
        let LogChoice::Kafka(options) = &self.log else {
            return Vec::new();
        };
        let locations = options
            .client
            .iter()
            .filter(|(key, _)| key.ends_with(".location"));
        locations
            .filter_map(|(key, value)| unreadable(&format!("kafka.client.{key}"), Path::new(value)))
            .collect()
    }
}

fn unreadable(key: &str, path: &Path) -> Option<String> {
    let fault = std::fs::File::open(path).err()?;
    Some(format!("{key}: cannot read {}: {fault}", path.display()))
}

/// A folder that cannot be made, or that is there and cannot be written.
fn unwritable(key: &str, dir: &Path) -> Option<String> {
    // A relative path ends in one without a name, which is the folder we are in.
    let named = |folder: &Path| {
        if folder.as_os_str().is_empty() {
            Path::new(".").to_owned()
        } else {
            folder.to_owned()
        }
    };
    // What cannot be looked at is there, or a file above it is: asking for access says what is wrong with it.
    let existing = dir
        .ancestors()
        .map(named)
        .find(|folder| folder.try_exists().unwrap_or(true))?;
    let fault = if existing.is_file() {
        "it is no folder".to_owned()
    } else {
        let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        rustix::fs::access(&existing, wanted).err()?.to_string()
    };
    let (dir, existing) = (dir.display(), existing.display());
    Some(format!(
        "{key}: the log cannot be kept in {dir}: {existing} cannot be written: {fault}; name another folder, or give this one to the \
         collector's user"
    ))
}

fn is_source_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

fn ingest(section: &mut Section<'_>) -> Option<ServeOptions> {
    if !section.is_present() {
        return None;
    }
    let listen = listen(section, ([0, 0, 0, 0], 7443).into());
    let certificate = section.required_path("certificate");
    let key = section.required_path("key");
    let roots = section.required_path("roots");
    let trust_domain = section.required_string("trust_domain");
    if !trust_domain.is_empty() && !is_trust_domain(&trust_domain) {
        section.fault(
            "trust_domain",
            "is no trust domain: no sensor's certificate could name it; use a-z, 0-9, '.', '-' and '_', such as \"hospital.example\"",
        );
    }
    let own_roots = section.path("own_roots");
    let credentials = CredentialPaths {
        certificate,
        key,
        roots,
        own_roots,
    };
    let second = Duration::from_secs(1);
    let hour = second * 3600;
    let usual = Limits::default();
    let limits = Limits {
        connections: section.integer_or("connections", usual.connections, 1..=100_000),
        connection_age: section.duration_within("connection_age", "1h", second * 10..=hour * 24),
        keepalive: section.duration_within("keepalive", "20s", second..=hour),
        clock_skew: section.duration_within("clock_skew", "1d", second..=hour * 24 * 365),
        drain: section.duration_within("drain", "10s", second..=second * 300),
        admitted_bytes: size(section, "admitted", "256MiB", 1 << 20..=1 << 36),
        ..usual
    };
    let mut options = ServeOptions::new(listen, credentials, trust_domain);
    options.credentials_every = section.duration_within("reload", "10s", second..=hour);
    options.deny_list = section.path("deny_list");
    options.limits = limits;
    Some(options)
}

fn listen(section: &mut Section<'_>, usual: SocketAddr) -> SocketAddr {
    let Some(text) = section.string("listen") else {
        return usual;
    };
    text.parse().unwrap_or_else(|_| {
        let wanted = format!("is not an address to listen on; write IP:PORT, such as \"{usual}\"");
        section.fault("listen", &wanted);
        usual
    })
}

/// A size that is held in memory.
fn size(
    section: &mut Section<'_>,
    key: &str,
    default: &str,
    range: std::ops::RangeInclusive<u64>,
) -> usize {
    usize::try_from(section.size_within(key, default, range)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
