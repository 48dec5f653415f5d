//! The command line.

mod append;
pub mod assess;
pub mod check;
pub mod described;
pub mod intel;
pub mod inventory;
mod live;
pub mod log;
mod names;
mod output;
pub mod risk;
pub mod source;
mod table;
pub mod tail;
pub mod topics;

use std::path::PathBuf;

use auscult_process::{exit, logs};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::Failure;
use crate::config::CollectorConfig;
use crate::pki::{self, PkiArgs};
use crate::role::{self, Role};
pub use assess::AssessArgs;
pub use intel::IntelAction;
pub use output::Closed;
pub use risk::RiskAction;

/// Collects what auscult's sensors hear, folds it into an inventory of each site's devices, and publishes it.
#[derive(Debug, Parser)]
#[command(
    name = "auscult-collector",
    version,
    propagate_version = true,
    max_term_width = 110,
    after_help = "Examples:\n  \
        auscult-collector pki init --dir pki --trust-domain auscult.example --server-name collector.example\n  \
        auscult-collector all --config collector.toml       one process for everything, log on disk without [kafka]\n  \
        auscult-collector inventory --watch                 the devices, as they come\n  \
        auscult-collector tail lifecycle --from beginning   what appeared, changed and went\n  \
        auscult-collector intel import csaf/ kev.json       vulnerability intelligence, from files\n  \
        auscult-collector risk top                          the weaknesses that matter\n\n\
        Exit codes: 0 as asked, 1 failed, 64 bad configuration or arguments,\n\
        65 a file given is not as it should be, 66 it cannot be read, 69 something needed is not there."
)]
pub struct CommandLine {
    /// The configuration; without it ./collector.toml if there is one, else every default.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run: accept sensors and append what they send to the log (Kafka only; scales by processes).
    Ingest,
    /// Run: fold observations into the inventory and publish it (Kafka only; scales by processes).
    Engine,
    /// Run: ingest and engine in one process. Without `[kafka]` in the configuration it keeps the log itself, on disk.
    All,
    /// List every fault of the configuration and of the files it names.
    Check,
    /// Create, correct or compare the topics on Kafka.
    Topics {
        /// Which.
        #[command(subcommand)]
        action: TopicsAction,
    },
    /// Certificates for trying out: an authority, the collector's and the sensors' certificates.
    Pki(PkiArgs),
    /// The devices of each site, as last published.
    #[command(after_help = "Examples:\n  \
        auscult-collector inventory                       a table of every site's devices\n  \
        auscult-collector inventory --site main --watch   one site, drawn again as records come\n  \
        auscult-collector inventory --json | jq .device.hostname\n\n\
        Reads the inventory topic: of Kafka, or of a collector that keeps the log itself, also while that runs.")]
    Inventory(InventoryArgs),
    /// The records of a topic, one a line.
    #[command(after_help = "Examples:\n  \
        auscult-collector tail lifecycle                          what happens from now on\n  \
        auscult-collector tail lifecycle --from beginning --json  everything kept, as JSON\n  \
        auscult-collector tail quarantine --from beginning        what could not be folded, and why")]
    Tail(TailArgs),
    /// The log itself.
    Log {
        /// What about it.
        #[command(subcommand)]
        action: LogAction,
    },
    /// Vulnerability intelligence: publishers' files into the log, what is there, bundles.
    Intel {
        /// What about it.
        #[command(subcommand)]
        action: IntelAction,
    },
    /// Which weaknesses can really be used, by which way, and what changes it: of the sites followed, or of a described one.
    #[command(after_help = "Examples:\n  \
        auscult-collector risk top                                     the few that matter, of every site followed\n  \
        auscult-collector risk top --site main --json\n  \
        auscult-collector risk explain pump-7/CVE-2026-1               why, hop by hop\n  \
        auscult-collector risk controls --site main --budget 5         what to do about it\n  \
        auscult-collector risk top site.json --intel advisories/       a described site, without any log\n\n\
        Without SITE.json the sites are those that the collector follows: their state and the intelligence are read from\n\
        the log (Kafka, or a log on disk, also while a collector runs on it) and assessed with the engine's weights, as it\n\
        does. Devices are named by host name, address or interface address where that names one device, or by identifier.")]
    Risk {
        /// What is asked.
        #[command(subcommand)]
        action: RiskAction,
    },
    /// Assess a described site: JSON in, JSON out, no log, no Kafka.
    #[command(after_help = "Examples:\n  \
        auscult-collector assess site.json --out assessment.json\n  \
        auscult-collector assess site.json --intel csaf/ --intel epss.csv.gz --out assessment.json\n  \
        generate | auscult-collector assess - | jq '.pairs[] | select(.in_cut)'\n\n\
        Formats: collector/risk/schemas/site.schema.json and assessment.schema.json.\n\
        The same input gives the same bits.\n\
        Beside the score each pair has `ssvc`, `bod_26_04` and `cvss_environmental`.\n\n\
        Matching grades a weakness by how the identity fits:\n  \
        affected              product and version fit, or the text names this very model\n  \
        unknown_version       the product fits, the version does not decide\n  \
        component             a component of its SBOM is, or may be, affected\n  \
        under_investigation   the publisher does not know yet\n  \
        product_family        only the family is known, or the maker is not\n\
        Improbable hypotheses lower the grade; below 15 % nothing is listed, nor what is not affected.\n\n\
        Exit codes: 0 assessed, 65 the file has faults (all are listed, with their paths),\n\
        66 it cannot be read.")]
    Assess(AssessArgs),
}

/// What to do with the topics.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum TopicsAction {
    /// Create what is missing, add partitions, set settings. Removes nothing.
    Apply,
    /// Say what differs; exit 1 when something does.
    Check,
}

/// How the inventory is shown.
#[derive(Debug, Args)]
pub struct InventoryArgs {
    /// Only this site.
    #[arg(long)]
    pub site: Option<String>,
    /// One JSON object a line: the published OCSF records.
    #[arg(long)]
    pub json: bool,
    /// Go on: draw again (or print, with --json) as records come.
    #[arg(long)]
    pub watch: bool,
}

/// What is shown of a topic.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Which topic.
    pub topic: TailTopic,
    /// One JSON object a line: partition, offset, key, headers and value.
    #[arg(long)]
    pub json: bool,
    /// Where to begin.
    #[arg(long, default_value = "end")]
    pub from: From,
    /// End after so many records.
    #[arg(long)]
    pub count: Option<u64>,
    /// End at the newest record instead of waiting for more.
    #[arg(long)]
    pub no_follow: bool,
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// At the oldest record kept.
    Beginning,
    /// After the newest record.
    End,
}

/// The topics by their short names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TailTopic {
    /// Each device as it is (OCSF 5001).
    Inventory,
    /// Devices that are new, changed, idle, gone (OCSF 3004).
    Lifecycle,
    /// Sensors: figures, losses, blind intervals (OCSF 6002).
    Health,
    /// Findings, every change: opened, moved, closed, each with its cause (OCSF 2002, 2004).
    Findings,
    /// Findings that are open, each as it is.
    FindingsOpen,
    /// What people decided about findings.
    Decisions,
    /// Who did what.
    Audit,
    /// Batches of the sensors as received.
    Observations,
    /// The engine's changelog.
    State,
    /// Records that could not be folded.
    Quarantine,
    /// Vulnerability intelligence: what each import changed.
    Intel,
}

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub enum LogAction {
    /// How far the engine has come with every sensor: folded, duplicate, missing, lost.
    Status,
    /// Move everything from the log on disk to Kafka: what began as a trial goes on in production.
    #[command(after_help = "Example:\n  \
        systemctl stop auscult-collector                              the copy takes the place of the collector\n  \
        auscult-collector log copy --to-kafka kafka.example:9092\n  \
        (write [kafka] bootstrap = \"kafka.example:9092\" into the configuration)\n  \
        systemctl start auscult-collector                             sensors go on where they were\n\n\
        Topics that are missing are created with the log's partition counts. A copy that was cut off goes on where it was.")]
    Copy(CopyArgs),
}

/// From where to where.
#[derive(Debug, Args)]
pub struct CopyArgs {
    /// The cluster. Its other settings (TLS, prefix, group) are those of `[kafka]` in the configuration, if there is one.
    #[arg(long, value_name = "HOST:PORT")]
    pub to_kafka: String,
    /// The folder of the log on disk; without it that of `[embedded]` in the configuration.
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
}

impl Command {
    /// The name of a command that reads no configuration.
    fn without_configuration(&self) -> Option<&'static str> {
        match self {
            Self::Pki(_) => Some("pki"),
            Self::Risk { action } if action.is_described() => Some("risk with a SITE.json"),
            Self::Assess(_) => Some("assess"),
            _ => None,
        }
    }
}

/// `1 device`, `2 devices`: a count with its regular noun.
#[must_use]
pub fn counted<N: std::fmt::Display + PartialEq + std::convert::From<u8>>(
    count: N,
    noun: &str,
) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

impl CommandLine {
    /// Does what was asked for.
    ///
    /// # Errors
    /// What to tell, and the exit code.
    pub fn run(self) -> Result<(), Failure> {
        let path = self.config.as_deref();
        if let (Some(path), Some(command)) = (path, self.command.without_configuration()) {
            let message = format!(
                "`{command}` reads no configuration: leave --config {} away",
                path.display()
            );
            return Err(Failure::new(exit::USAGE, message));
        }
        match self.command {
            Command::Ingest => run_role(Role::Ingest, CollectorConfig::read(path)?),
            Command::Engine => run_role(Role::Engine, CollectorConfig::read(path)?),
            Command::All => run_role(Role::All, CollectorConfig::read(path)?),
            Command::Check => check::run(path),
            Command::Topics { action } => topics::run(&CollectorConfig::read(path)?, action),
            Command::Pki(args) => Ok(pki::run(args)?),
            Command::Inventory(args) => inventory::run(&CollectorConfig::read(path)?, &args),
            Command::Tail(args) => tail::run(&CollectorConfig::read(path)?, &args),
            Command::Log { action } => log::run(&CollectorConfig::read(path)?, &action),
            Command::Intel { action } => intel::run(&CollectorConfig::read(path)?, &action),
            Command::Risk { action } => risk::run(path, &action),
            Command::Assess(args) => assess::run(&args),
        }
    }
}

fn run_role(role: Role, config: CollectorConfig) -> Result<(), Failure> {
    role.check(&config)?;
    logs::init(config.log_format, &config.log_filter)
        .map_err(|error| Failure::new(exit::USAGE, error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::FAILURE, format!("no runtime: {error}")))?;
    match runtime.block_on(role::run(role, config)) {
        Ok(()) => {
            tracing::info!("stopped");
            Ok(())
        }
        // Where logs go, this goes too, and only there.
        Err(failure) => {
            tracing::error!("{failure}");
            Err(Failure::new(failure.code, ""))
        }
    }
}
