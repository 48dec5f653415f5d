//! `auscult-collector pki`: arguments, and what is said about the result.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use auscult_link::Utc;
use auscult_link::identity::CertificateFacts;
use auscult_proto::ids::{SensorId, SiteId};
use clap::{Args, Subcommand};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{Init, Issue, IssueCollector, PkiError, files, init, issue, issue_collector};

/// Make and look at certificates for the link between sensors and the collector.
///
/// Every sensor proves by its certificate who it is and for which site it may write; every sensor checks the collector's. This
/// authority is for trying out and for sites without one: three commands, and both ends can speak. Any other authority does as well,
/// as long as a sensor's certificate carries the one URI spiffe://TRUST-DOMAIN/site/SITE/sensor/SENSOR.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Example:\n  auscult-collector pki init --dir pki --trust-domain hospital.example --server-name collector.hospital.example\n  auscult-collector pki issue --dir pki --site main --sensor icu-1\n  auscult-collector pki show pki/sensors/main/icu-1/cert.pem\n\nThe collector's files are then in pki/collector, the sensor's in pki/sensors/main/icu-1; copy that folder to the sensor over a\nsafe way. Keep pki/root.key where nobody else can read it: whoever has it can pose as any sensor. Both ends take up replaced files\nwhile running."
)]
pub struct PkiArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the root and the collector's certificate.
    Init(InitArgs),
    /// Sign a certificate: a sensor's, or with --server-name a new one for the collector.
    Issue(IssueArgs),
    /// Say what is in a certificate file.
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct InitArgs {
    /// The authority's folder; made if it is not there.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// What every sensor's name begins with, such as hospital.example.
    #[arg(long, value_name = "DOMAIN")]
    trust_domain: String,
    /// A DNS name or IP address under which sensors reach the collector; may be given several times.
    #[arg(long = "server-name", value_name = "NAME", required = true)]
    server_names: Vec<String>,
    /// How long the collector's certificate is valid; the root is for ten years.
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Replace an authority that is there; every certificate it signed becomes useless.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct IssueArgs {
    /// The authority's folder.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The only site the sensor may write for.
    #[arg(long, required_unless_present = "server_names", requires = "sensor")]
    site: Option<SiteId>,
    /// The sensor's name at that site.
    #[arg(long, requires = "site")]
    sensor: Option<SensorId>,
    /// Instead of a sensor: a name of the collector; may be given several times.
    #[arg(long = "server-name", value_name = "NAME", conflicts_with_all = ["site", "sensor"])]
    server_names: Vec<String>,
    /// How long it is valid.
    #[arg(long, default_value_t = 90)]
    days: u32,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// A PEM file with one or more certificates.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command and says on standard output what was made.
///
/// # Errors
/// [`PkiError`].
pub fn run(args: PkiArgs) -> Result<(), PkiError> {
    let text = match args.command {
        Command::Init(args) => run_init(args)?,
        Command::Issue(args) => run_issue(args)?,
        Command::Show(args) => show(&args.file)?,
    };
    let stdout = Path::new("standard output");
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(|e| files::fault(stdout, e))
}

fn run_init(args: InitArgs) -> Result<String, PkiError> {
    let bundle = init(&Init {
        dir: args.dir.clone(),
        trust_domain: args.trust_domain.clone(),
        server_names: args.server_names,
        days: args.days,
        force: args.force,
    })?;
    Ok(format!(
        "root         {root} (its key beside it: keep it to yourself)\n{collector}\n\nfor the collector's configuration:\n[ingest]\ntrust_domain = {domain:?}\n{lines}\nnext: auscult-collector pki issue --dir {dir} --site SITE --sensor SENSOR\n",
        root = args.dir.join("root.pem").display(),
        collector = show(&bundle.certificate)?.trim_end(),
        domain = args.trust_domain,
        lines = lines([&bundle.certificate, &bundle.key, &bundle.roots]),
        dir = args.dir.display(),
    ))
}

fn run_issue(args: IssueArgs) -> Result<String, PkiError> {
    let IssueArgs {
        dir, days, force, ..
    } = args;
    let (Some(site), Some(sensor)) = (args.site, args.sensor) else {
        let bundle = issue_collector(&IssueCollector {
            dir,
            server_names: args.server_names,
            days,
            force,
        })?;
        return show(&bundle.certificate);
    };
    let bundle = issue(&Issue {
        dir,
        site,
        sensor,
        days,
        force,
    })?;
    Ok(format!(
        "{certificate}\nnext: copy {dir} to the sensor and put the lines of {example} into its configuration\n",
        certificate = show(&bundle.certificate)?,
        dir = bundle.dir.display(),
        example = bundle.example.display(),
    ))
}

fn lines(files: [&PathBuf; 3]) -> String {
    let keys = ["certificate", "key", "roots"];
    let line =
        |(key, file): (&str, &PathBuf)| format!("{key} = {:?}\n", file.display().to_string());
    keys.into_iter().zip(files).map(line).collect()
}

/// What the certificates in a PEM file say.
///
/// # Errors
/// [`PkiError::Unreadable`] or [`PkiError::Content`].
pub fn show(file: &Path) -> Result<String, PkiError> {
    let pem = files::read(file)?;
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| files::content(file, e))?;
    if certificates.is_empty() {
        return Err(files::content(file, "it holds no certificate in PEM"));
    }
    let mut text = String::new();
    for der in certificates {
        let facts = CertificateFacts::read(&der).map_err(|e| files::content(file, e))?;
        text.push_str(&describe(file, &facts));
    }
    Ok(text)
}

fn describe(file: &Path, facts: &CertificateFacts) -> String {
    let kind = match (facts.authority, facts.sensor()) {
        (true, _) => "an authority",
        (false, Ok(_)) => "a sensor",
        (false, Err(_)) if facts.hosts.is_empty() => "neither a sensor nor a collector",
        (false, Err(_)) => "a collector",
    };
    let names: Vec<&str> = facts
        .uris
        .iter()
        .chain(&facts.hosts)
        .map(String::as_str)
        .collect();
    format!(
        "certificate  {file}, of {kind}\nsubject      {subject}\nnames        {names}\nissuer       {issuer}\nserial       {serial}\nvalid        {from} to {to}\n",
        file = file.display(),
        subject = facts.subject,
        names = names.join(", "),
        issuer = facts.issuer,
        serial = facts.serial,
        from = Utc(facts.not_before_ms),
        to = Utc(facts.not_after_ms),
    )
}
