//! A described site from its file to its assessor: shared by `assess` and `risk`.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use auscult_intel::index::Index;
use auscult_process::exit;
use auscult_risk::document::Document;
use auscult_risk::{Assessor, Faults, Policy, Site};

use super::counted;
use super::names::Names;
use super::output::note;
use crate::Failure;
use crate::intel::files::{self, Became};
use crate::intel::{Library, Taken};
use crate::site::completion::{self, Completion};

/// Where a described site and what completes it come from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Described {
    /// The site: JSON of format auscult.site/1 (collector/risk/schemas/site.schema.json); `-` reads standard input.
    #[arg(value_name = "SITE.json")]
    pub site: PathBuf,
    /// Intelligence to match from, files as `intel import` reads them: devices without a `weaknesses` key get what their
    /// identities match, and weaknesses that `vulnerabilities` does not describe are described. May be given several times.
    #[arg(long, value_name = "DIR")]
    pub intel: Vec<PathBuf>,
    /// Weights that differ from the published ones: TOML or JSON with the keys of collector/risk/policy/weights.v1.toml, any of
    /// them. What the site itself says under `policy` goes over it.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// A site, assessed.
pub(super) struct Assessed {
    /// The site as assessed, completed.
    pub site: Site,
    /// The weights it was assessed with.
    pub policy: Policy,
    /// The result.
    pub assessor: Assessor,
    /// What more devices are matched from, where intelligence was given.
    pub index: Option<Arc<Index>>,
    /// How people know its devices.
    pub names: Names,
}

impl Described {
    /// Reads, completes and assesses the site.
    ///
    /// # Errors
    /// 66 for a file that cannot be read, 65 with all faults for one that is not as it should be.
    pub(super) fn assess(&self) -> Result<Assessed, Failure> {
        let name = self.site.display().to_string();
        let policy = weights(self.policy.as_deref())?;
        let bytes = read(&self.site)?;
        let bad = |faults: &Faults| bad_data(&name, faults);
        let mut document = auscult_risk::read_document(&bytes).map_err(|faults| bad(&faults))?;
        let index = self.index()?;
        let matched = index
            .as_ref()
            .map(|index| completion::complete(&mut document, index));
        let site = Site::try_from(document).map_err(|faults| bad(&faults))?;
        let policy = match &site.document().policy {
            Some(own) => policy.with_overrides(own).map_err(|faults| bad(&faults))?,
            None => policy,
        };
        let assessor = Assessor::new(&site, &policy).map_err(|faults| bad(&faults))?;
        // Remarks are about what was assessed.
        match matched {
            Some(done) => tell(done),
            None => tell_unmatched(site.document()),
        }
        tell_classes(site.document(), &policy);
        Ok(Assessed {
            site,
            policy,
            assessor,
            index: index.map(Arc::new),
            names: Names::default(),
        })
    }

    fn index(&self) -> Result<Option<Index>, Failure> {
        if self.intel.is_empty() {
            return Ok(None);
        }
        let mut library = Library::default();
        let files = files::list(&self.intel)
            .map_err(|fault| Failure::new(exit::NO_INPUT, format!("--intel {fault}")))?;
        let (mut read, mut other) = (0_u64, 0_u64);
        for file in &files {
            match files::take(&mut library, file) {
                Ok(Became::Other) => other += 1,
                Ok(Became::Document {
                    taken: Taken::Older,
                    ..
                }) => note(&format!(
                    "{}: older than another file of the same source, passed over",
                    file.display()
                )),
                Ok(_) => read += 1,
                Err(fault) => {
                    return Err(Failure::new(exit::DATA, format!("--intel {fault}")));
                }
            }
        }
        if read == 0 {
            let message = format!(
                "--intel: none of the {} files has a format that is read; see `auscult-collector intel import --help`",
                files.len()
            );
            return Err(Failure::new(exit::DATA, message));
        }
        note(&format!(
            "intelligence: {read} files, {} vulnerabilities, {} SBOMs; {other} files of other kinds passed over",
            library.catalogue().len(),
            library.sbom_count()
        ));
        Ok(Some(library.index()))
    }
}

/// The published weights, with those of a file over them.
///
/// # Errors
/// 66 for a file that cannot be read, 65 for one that holds no weights.
pub(super) fn weights(path: Option<&Path>) -> Result<Policy, Failure> {
    let published =
        Policy::published().map_err(|faults| Failure::new(exit::FAILURE, faults.to_string()))?;
    let Some(path) = path else {
        return Ok(published);
    };
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    let bad = |what: String| Failure::new(exit::DATA, format!("{}: {what}", path.display()));
    let json = text.trim_start().starts_with('{');
    let overrides: serde_json::Value = if json {
        serde_json::from_str(&text).map_err(|error| bad(format!("is not JSON: {error}")))?
    } else {
        toml::from_str(&text).map_err(|error| bad(format!("is not TOML: {error}")))?
    };
    published
        .with_overrides(&overrides)
        .map_err(|faults| bad_data(&path.display().to_string(), &faults))
}

fn tell(done: Completion) {
    note(&format!(
        "matched: {} weaknesses on {} without a list of their own; {} matches too unlikely; {} weaknesses described from intelligence",
        done.weaknesses,
        counted(done.devices, "device"),
        done.unlikely,
        done.described
    ));
}

fn tell_unmatched(document: &Document) {
    let open = document.devices.iter().filter(|it| it.weaknesses.is_none());
    let count = open.count();
    if count > 0 {
        note(&format!(
            "without a `weaknesses` key, and so counted as without any: {}; match them with --intel DIR, or write [] where it is meant",
            counted(count, "device")
        ));
    }
}

/// Classes that the table does not have count as `unknown`: most often a slip of the pen.
fn tell_classes(document: &Document, policy: &Policy) {
    let named = document.devices.iter().flat_map(|device| {
        let of_identities = device.identities.iter().map(|own| own.class.as_deref());
        of_identities.chain([device.clinical.class.as_deref()])
    });
    let strange: BTreeSet<&str> = named
        .flatten()
        .filter(|class| !policy.classes.contains_key(*class))
        .collect();
    if strange.is_empty() {
        return;
    }
    let strange: Vec<&str> = strange.into_iter().collect();
    let known: Vec<&str> = policy.classes.keys().map(String::as_str).collect();
    note(&format!(
        "no such device class, taken as \"unknown\": {}; there are {}",
        strange.join(", "),
        known.join(", ")
    ));
}

/// Reads a file; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        Failure::new(exit::NO_INPUT, message)
    })
}

/// All faults of a file, one a line.
pub(super) fn bad_data(name: &str, faults: &Faults) -> Failure {
    let list = faults.list();
    let mut lines = vec![format!(
        "{name}: {} fault{}; nothing was assessed",
        list.len(),
        if list.len() == 1 { "" } else { "s" }
    )];
    lines.extend(list.iter().map(|fault| format!("  {fault}")));
    Failure::new(exit::DATA, lines.join("\n"))
}
