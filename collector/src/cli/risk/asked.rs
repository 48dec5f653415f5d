//! Which site a question is about: a described one, or those that the engine follows.

use std::path::{Path, PathBuf};

use auscult_process::exit;
use auscult_proto::ids::SiteId;

use super::what_if::splits;
use crate::Failure;
use crate::cli::described::{Assessed, Described, weights};
use crate::cli::live::{Live, Taken};
use crate::config::CollectorConfig;

/// Which site, and what it is assessed with.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Asked {
    /// A described site: JSON of format auscult.site/1 (collector/risk/schemas/site.schema.json); `-` reads standard input. Without
    /// it: the sites that the collector follows, from the log.
    #[arg(value_name = "SITE.json")]
    described: Option<PathBuf>,
    /// Of the sites that the collector follows, this one.
    #[arg(long, conflicts_with = "described")]
    site: Option<SiteId>,
    /// Intelligence to match a described site from, files as `intel import` reads them: devices without a `weaknesses` key get what
    /// their identities match, and weaknesses that `vulnerabilities` does not describe are described. May be given several times.
    #[arg(long, value_name = "DIR", requires = "described")]
    intel: Vec<PathBuf>,
    /// Weights that differ from the published ones: TOML or JSON with the keys of collector/risk/policy/weights.v1.toml, any of
    /// them. What a described site itself says under `policy` goes over it.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Asked {
    /// A site that the collector follows; `None`: any of them.
    pub(super) fn of(site: Option<SiteId>) -> Self {
        Self {
            site,
            ..Self::default()
        }
    }

    /// Whether one site is named, however many there are.
    pub(super) fn is_one(&self) -> bool {
        self.described.is_some() || self.site.is_some()
    }

    /// Whether it is a described site.
    pub(super) fn is_described(&self) -> bool {
        self.described.is_some()
    }

    fn described(&self) -> Option<Described> {
        Some(Described {
            site: self.described.clone()?,
            intel: self.intel.clone(),
            policy: self.policy.clone(),
        })
    }

    fn live(&self, config: Option<&Path>) -> Result<Live, Failure> {
        let policy = weights(self.policy.as_deref())?;
        Live::open(&CollectorConfig::read(config)?, self.site.as_ref(), policy)
    }

    /// The one site that is meant.
    ///
    /// # Errors
    /// Those of its file or of the log; 64 when several sites are followed and none is named.
    pub(super) fn one(&self, config: Option<&Path>) -> Result<Assessed, Failure> {
        if let Some(described) = self.described() {
            return described.assess();
        }
        let mut live = self.live(config)?;
        let site = live.only_site()?;
        let taken = live.take(&site)?;
        live.assess(taken)
    }

    /// Asks every site that is meant, in order of their names; one is held at a time. The question is told whether there are several.
    ///
    /// # Errors
    /// Those of the file or of the log, and what the question returns.
    pub(super) fn each(
        &self,
        config: Option<&Path>,
        mut ask: impl FnMut(&Assessed, bool) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some(described) = self.described() {
            return ask(&described.assess()?, false);
        }
        let mut live = self.live(config)?;
        let sites = live.sites();
        if sites.is_empty() {
            live.only_site()?;
        }
        for site in &sites {
            let taken = live.take(site)?;
            ask(&live.assess(taken)?, sites.len() > 1)?;
        }
        Ok(())
    }

    /// The site that has the device of `DEVICE` or `DEVICE/WEAKNESS`; where one site alone is meant, that one whatever it has.
    ///
    /// # Errors
    /// Those of the file or of the log; 64 when no site or several have it.
    pub(super) fn with_device(
        &self,
        config: Option<&Path>,
        what: &str,
    ) -> Result<Assessed, Failure> {
        if let Some(described) = self.described() {
            return described.assess();
        }
        let mut live = self.live(config)?;
        let sites = live.sites();
        if sites.len() < 2 {
            let taken = live.only_site().and_then(|site| live.take(&site))?;
            return live.assess(taken);
        }
        let mut found: Option<Taken> = None;
        for site in &sites {
            let taken = live.take(site)?;
            if !has(&taken, what) {
                continue;
            }
            if let Some(other) = &found {
                return Err(Failure::new(
                    exit::USAGE,
                    format!(
                        "{what}: the sites {} and {site} both have such a device; say which with --site",
                        other.site()
                    ),
                ));
            }
            found = Some(taken);
        }
        match found {
            Some(taken) => live.assess(taken),
            None => Err(Failure::new(
                exit::USAGE,
                format!(
                    "{what}: none of the {} sites has such a device",
                    sites.len()
                ),
            )),
        }
    }
}

fn has(taken: &Taken, what: &str) -> bool {
    let mut devices = std::iter::once(what).chain(splits(what).map(|(device, _)| device));
    devices.any(|device| !taken.names().meant(device).is_empty())
}
