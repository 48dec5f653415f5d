//! The configuration of a sensor: read once, every fault reported with its line.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use auscult_link::{CredentialPaths, DialOptions};
use auscult_process::{Faults, LogFormat, Section, config, logs};
use auscult_proto::ids::CapturePoint;

use crate::census::Settings;

/// Where `status` looks for a running sensor, and where it answers, unless told otherwise.
pub const ADMIN: &str = "127.0.0.1:9470";

/// Everything a sensor needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// Where to listen.
    pub captures: Vec<CaptureConfig>,
    /// What is worth sending, and how much is remembered; limits are for all capture points together.
    pub census: Settings,
    /// The sensor about itself.
    pub health: HealthConfig,
    /// The disk queue.
    pub spool: SpoolConfig,
    /// Where the collector is and who we are.
    pub collector: DialOptions,
    /// Where `/live`, `/ready`, `/metrics` and `/status` are served.
    pub admin: AdminConfig,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_filter: String,
    /// How the process is confined.
    pub sandbox: SandboxConfig,
}

/// One interface to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureConfig {
    /// Name of the network interface.
    pub interface: String,
    /// Name of the capture point in the inventory.
    pub name: CapturePoint,
    /// BPF filter in pcap-filter(7) syntax; empty for everything.
    pub filter: String,
    /// Receive frames that are not for this host.
    pub promiscuous: bool,
    /// Bytes kept of a frame.
    pub snaplen: i32,
    /// Bytes of the kernel's ring.
    pub buffer: i32,
    /// How long to wait at the start for an interface that is not there or not up.
    pub wait: Duration,
}

/// When the sensor reports about itself, and from when on it worries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthConfig {
    /// How often a health observation is sent.
    pub interval: Duration,
    /// A capture point without a frame for so long is reported as `no_traffic`.
    pub no_traffic_after: Duration,
    /// A certificate with less than this left is reported as `cert_expiring`.
    pub certificate_warning: Duration,
    /// A clock further off than this is reported as `clock_skew`.
    pub clock_skew: Duration,
}

/// The disk queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolConfig {
    /// Its folder.
    pub dir: PathBuf,
    /// Most bytes on disk.
    pub bytes: u64,
    /// Bytes of one segment.
    pub segment: u64,
    /// How long an observation waits for others before it is written.
    pub linger: Duration,
}

/// The admin endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// It was asked for; a replay serves it only then.
    pub explicit: bool,
}

/// How the process is confined once everything is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxConfig {
    /// As configured; `None` leaves it to the command.
    pub mode: Option<SandboxMode>,
    /// Whom to become when started as root.
    pub user: Option<User>,
}

/// How much confinement is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxMode {
    /// All of it, or the process ends.
    Require,
    /// As much as the kernel gives; what is missing is logged as a warning.
    Prefer,
    /// None.
    Off,
}

/// A text that is no sandbox mode.
#[derive(Debug, thiserror::Error)]
#[error("write \"require\", \"prefer\" or \"off\"")]
pub struct NotASandboxMode;

impl FromStr for SandboxMode {
    type Err = NotASandboxMode;

    fn from_str(text: &str) -> Result<Self, NotASandboxMode> {
        match text {
            "require" => Ok(Self::Require),
            "prefer" => Ok(Self::Prefer),
            "off" => Ok(Self::Off),
            _ => Err(NotASandboxMode),
        }
    }
}

/// A user of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
}

/// A name that is no user of this machine.
#[derive(Debug, thiserror::Error)]
pub enum NotAUser {
    /// Not in the user database.
    #[error("no such user in /etc/passwd; write a name that is there, or uid:gid")]
    Unknown,
    /// Root is whom we want to stop being.
    #[error("is root; write an ordinary user")]
    Root,
}

impl FromStr for User {
    type Err = NotAUser;

    fn from_str(text: &str) -> Result<Self, NotAUser> {
        let numeric = text.split_once(':').and_then(|(uid, gid)| {
            Some(Self {
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
            })
        });
        let users = || std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let user = numeric.or_else(|| users().lines().find_map(|line| named(line, text)));
        match user {
            None => Err(NotAUser::Unknown),
            Some(user) if user.uid == 0 => Err(NotAUser::Root),
            Some(user) => Ok(user),
        }
    }
}

fn named(line: &str, name: &str) -> Option<User> {
    let mut fields = line.split(':');
    let matches = fields.next() == Some(name);
    let (uid, gid) = (fields.nth(1)?, fields.next()?);
    matches.then_some(User {
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
    })
}

/// Whether capture points must be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Captures {
    /// For `run`.
    Required,
    /// For `replay`, which brings its own.
    Optional,
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn read(path: &Path, captures: Captures) -> Result<Self, Faults> {
        let mut config = Self::from_tree(config::Config::read(path)?, captures)?;
        path.clone_into(&mut config.file);
        Ok(config)
    }

    /// Parses and checks a text; `origin` is what faults call it.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn parse(origin: &str, text: &str, captures: Captures) -> Result<Self, Faults> {
        Self::from_tree(config::Config::parse(origin, text)?, captures)
    }

    fn from_tree(mut tree: config::Config, need: Captures) -> Result<Self, Faults> {
        let mut captures = Vec::new();
        let mut names = BTreeSet::new();
        for mut section in tree.sections("capture") {
            captures.extend(capture(&mut section, &mut names));
        }
        if need == Captures::Required && !tree.has("capture") {
            tree.section("").fault(
                "capture",
                "is missing; name at least one interface: [[capture]] and interface = \"...\"",
            );
        }
        let (log_format, log_filter) = logs::read(&mut tree.section("log"));
        let config = Self {
            file: PathBuf::new(),
            captures,
            census: census(&mut tree.section("census")),
            health: health(&mut tree.section("health")),
            spool: spool(&mut tree.section("spool")),
            collector: collector(&mut tree.section("collector")),
            admin: admin(&mut tree.section("admin")),
            log_format,
            log_filter,
            sandbox: sandbox(&mut tree.section("sandbox")),
        };
        tree.finish()?;
        Ok(config)
    }
}

fn capture(section: &mut Section<'_>, names: &mut BTreeSet<String>) -> Option<CaptureConfig> {
    let interface = section.required_string("interface");
    let name = match section.string("name") {
        Some(_) => section.parsed("name"),
        None => default_name(section, &interface),
    };
    if let Some(name) = &name
        && !names.insert(name.as_str().to_owned())
    {
        section.fault(
            "name",
            "is taken by another [[capture]]; give each capture point a name of its own",
        );
    }
    let filter = section.string_or("filter", "");
    if let Err(reason) = compile(&filter) {
        section.fault(
            "filter",
            &format!("is no capture filter ({reason}); see pcap-filter(7)"),
        );
    }
    let promiscuous = section.boolean_or("promiscuous", true);
    let snaplen = section.size_within("snaplen", "64KiB", 256..=256 << 10);
    let buffer = section.size_within("buffer", "16MiB", 1 << 20..=1 << 30);
    let wait = section.duration_within("wait", "30s", Duration::ZERO..=Duration::from_secs(86_400));
    Some(CaptureConfig {
        interface,
        name: name?,
        filter,
        promiscuous,
        snaplen: i32::try_from(snaplen).unwrap_or(i32::MAX),
        buffer: i32::try_from(buffer).unwrap_or(i32::MAX),
        wait,
    })
}

fn default_name(section: &mut Section<'_>, interface: &str) -> Option<CapturePoint> {
    let name = interface.to_ascii_lowercase().parse();
    if name.is_err() && !interface.is_empty() {
        section.fault(
            "name",
            "is missing, and the interface's own name has characters a capture point may not have; write name = \"...\"",
        );
    }
    name.ok()
}

/// Compiles a filter for Ethernet without any interface, to see whether it is one.
fn compile(filter: &str) -> Result<(), String> {
    let dead = pcap::Capture::dead(pcap::Linktype::ETHERNET).map_err(|error| error.to_string())?;
    match dead.compile(filter, true) {
        Ok(_) => Ok(()),
        Err(pcap::Error::PcapError(reason)) => Err(reason),
        Err(error) => Err(error.to_string()),
    }
}

fn census(section: &mut Section<'_>) -> Settings {
    let defaults = Settings::default();
    let day = Duration::from_secs(86_400);
    let mut millis = |key: &str, default: &str, low: u64| {
        let value = section.duration_within(key, default, Duration::from_secs(low)..=day);
        i64::try_from(value.as_millis()).unwrap_or(i64::MAX)
    };
    let fact_heartbeat = millis("fact_heartbeat", "6h", 60);
    let change_interval = millis("change_interval", "1m", 1);
    let endpoint_interval = millis("endpoint_interval", "5m", 10);
    let conversation_interval = millis("conversation_interval", "15m", 10);
    let silent_vlan_after = millis("silent_vlan_after", "30m", 60);
    let mut limit = |key: &str, default: usize| {
        let default = u32::try_from(default).unwrap_or(u32::MAX);
        let value = section.integer_or(key, default, 1024..=16 << 20);
        usize::try_from(value).unwrap_or(usize::MAX)
    };
    Settings {
        fact_heartbeat,
        change_interval,
        endpoint_interval,
        conversation_interval,
        silent_vlan_after,
        fact_limit: limit("facts", defaults.fact_limit),
        endpoint_limit: limit("endpoints", defaults.endpoint_limit),
        conversation_limit: limit("conversations", defaults.conversation_limit),
        pending_limit: defaults.pending_limit,
    }
}

fn health(section: &mut Section<'_>) -> HealthConfig {
    let hour = Duration::from_secs(3600);
    HealthConfig {
        interval: section.duration_within("interval", "30s", Duration::from_millis(100)..=hour),
        no_traffic_after: section.duration_or("no_traffic_after", "1m"),
        certificate_warning: section.duration_or("certificate_warning", "3d"),
        clock_skew: section.duration_or("clock_skew", "5s"),
    }
}

fn spool(section: &mut Section<'_>) -> SpoolConfig {
    let segment = section.size_within("segment", "4MiB", 512 << 10..=256 << 20);
    let bytes = section.size_within("bytes", "1GiB", 4 << 20..=1 << 40);
    if bytes / 4 < segment {
        section.fault(
            "bytes",
            "is less than four segments; write a larger size, or a smaller segment",
        );
    }
    SpoolConfig {
        dir: section.path_or("dir", "/var/lib/auscult-sensor/spool"),
        bytes,
        segment,
        linger: section.duration_within(
            "linger",
            "100ms",
            Duration::ZERO..=Duration::from_secs(10),
        ),
    }
}

fn collector(section: &mut Section<'_>) -> DialOptions {
    let address = section.required_string("address");
    let port = address
        .rsplit_once(':')
        .map(|(host, port)| (host, port.parse::<u16>()));
    if !address.is_empty() && !matches!(port, Some((host, Ok(1..))) if !host.is_empty()) {
        section.fault(
            "address",
            "is not host:port; write for instance \"collector.example:7443\"",
        );
    }
    let paths = CredentialPaths {
        certificate: section.required_path("certificate"),
        key: section.required_path("key"),
        roots: section.required_path("roots"),
        own_roots: section.path("own_roots"),
    };
    let mut options = DialOptions::new(address, paths);
    options.server_name = section.string("server_name");
    options.credentials_every = section.duration_or("reload", "10s");
    options.keepalive = section.duration_within(
        "keepalive",
        "20s",
        Duration::from_secs(1)..=Duration::from_secs(3600),
    );
    options
}

fn admin(section: &mut Section<'_>) -> AdminConfig {
    let default = SocketAddr::from(([127, 0, 0, 1], 9470));
    let explicit = section.has("listen");
    let text = section.string("listen");
    let listen = text.map_or(Some(default), |text| text.parse().ok());
    if listen.is_none() {
        let wanted =
            format!("is not an address to listen on; write IP:PORT, such as \"{default}\"");
        section.fault("listen", &wanted);
    }
    AdminConfig {
        explicit,
        listen: listen.unwrap_or(default),
    }
}

fn sandbox(section: &mut Section<'_>) -> SandboxConfig {
    SandboxConfig {
        mode: section.parsed("mode"),
        user: section.parsed("user"),
    }
}

#[cfg(test)]
mod tests;
