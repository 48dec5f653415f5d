//! The sites that the engine follows, from the log: their state restored as the engine restores it, and assessed as the engine assesses
//! it. Nothing is kept and nothing written, so that asking again gives the same as long as the log holds the same.

use std::sync::Arc;
use std::time::Duration;

use auscult_findings::{Knowledge, SiteFindings, Weights};
use auscult_inventory::{DeviceSnapshot, SiteInventory, site_of_key};
use auscult_log::{StartAt, Topic};
use auscult_ocsf::Context;
use auscult_process::exit;
use auscult_proto::ids::SiteId;
use auscult_risk::Policy;

use super::described::Assessed;
use super::names::{Names, called};
use super::output::note;
use super::source;
use crate::Failure;
use crate::config::CollectorConfig;
use crate::engine::changelog::Changelog;
use crate::engine::inventory::SiteSettings;
use crate::engine::site::SiteState;
use crate::findings::intelligence;

const WAIT: Duration = Duration::from_millis(100);

/// One site, before it is assessed.
pub(super) struct Taken {
    findings: SiteFindings,
    names: Names,
}

impl Taken {
    /// Which.
    pub(super) fn site(&self) -> &SiteId {
        self.findings.site()
    }

    /// How people know its devices.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }
}

/// What the log holds of the sites that were asked for.
pub(super) struct Live {
    changelog: Changelog,
    knowledge: Knowledge,
    weights: Weights,
    settings: SiteSettings,
}

impl Live {
    /// Reads the changelog, the intelligence and the decisions to their ends; of the changelog one site, or all.
    ///
    /// # Errors
    /// 69 when the log cannot be read, 64 for a site that it does not have.
    pub(super) fn open(
        config: &CollectorConfig,
        site: Option<&SiteId>,
        policy: Policy,
    ) -> Result<Self, Failure> {
        let mut changelog = Changelog::default();
        let mut others: std::collections::BTreeSet<SiteId> = std::collections::BTreeSet::new();
        // One after the other: a log on disk that no collector runs on is read by one reader at a time.
        {
            let mut reader = source::open(config, Topic::State, StartAt::Beginning)?;
            while !reader.caught_up() {
                let Some(stored) = reader.next(WAIT)? else {
                    continue;
                };
                let of = site_of_key(&stored.message.key);
                match (site, of) {
                    (Some(wanted), Some(of)) if *wanted != of => drop(others.insert(of)),
                    _ => changelog.push(stored),
                }
            }
        }
        let mut knowledge = Knowledge::default();
        let mut refused: u64 = 0;
        for topic in [Topic::Intel, Topic::Decisions] {
            let mut reader = source::open(config, topic, StartAt::Beginning)?;
            let unused = intelligence::read_all(&mut knowledge, &mut *reader)?;
            refused = refused.saturating_add(unused);
        }
        knowledge.settle();
        if refused > 0 {
            note(&format!(
                "{refused} records of intelligence or decisions could not be used"
            ));
        }
        if let Some(site) = site
            && !changelog.sites().any(|known| known == site)
        {
            return Err(no_such_site(site, &others));
        }
        Ok(Self {
            changelog,
            knowledge,
            weights: Weights::new(policy),
            settings: SiteSettings {
                policy: config.engine.policy.clone(),
                context: Context {
                    cluster: config.cluster.clone(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    tenant: config.tenant.clone(),
                },
            },
        })
    }

    /// The sites there are, in order of their names.
    pub(super) fn sites(&self) -> Vec<SiteId> {
        self.changelog.sites().cloned().collect()
    }

    /// The one site that is meant when none is named.
    ///
    /// # Errors
    /// 64 when there are several, 69 when there is none.
    pub(super) fn only_site(&self) -> Result<SiteId, Failure> {
        let sites = self.sites();
        match sites.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(nothing_yet()),
            several => Err(Failure::new(
                exit::USAGE,
                format!(
                    "say which site is meant with --site; there are {}",
                    listed(several.iter())
                ),
            )),
        }
    }

    /// One site, taken out of what was read: its devices and what has been told of it, before it is assessed.
    ///
    /// # Errors
    /// Which record does not read.
    pub(super) fn take(&mut self, site: &SiteId) -> Result<Taken, Failure> {
        let taken = self
            .changelog
            .take_site::<SiteInventory>(site, &self.settings)
            .map_err(|fault| Failure::new(exit::FAILURE, format!("site {site}: {fault}")))?;
        let (inventory, ledger) = taken.ok_or_else(nothing_yet)?;
        let mut findings = SiteFindings::new(site.clone(), ledger);
        findings.apply(inventory.delta(None));
        let of_device = |device: DeviceSnapshot| (device.id.to_string(), called(&device));
        let called = inventory.devices().map(of_device).collect();
        let names = Names::of(&findings.labels(), &called);
        Ok(Taken { findings, names })
    }

    /// Assesses a site that was taken.
    ///
    /// # Errors
    /// When it does not hold together: a fault of this program.
    pub(super) fn assess(&self, taken: Taken) -> Result<Assessed, Failure> {
        let Taken { findings, names } = taken;
        let name = findings.site().to_string();
        let standing = findings
            .standing(&self.knowledge, &self.weights)
            .map_err(|faults| {
                Failure::new(
                    exit::FAILURE,
                    format!("site {name} cannot be assessed: {faults}"),
                )
            })?;
        Ok(Assessed {
            site: standing.site,
            policy: standing.policy,
            assessor: standing.assessor,
            index: Some(Arc::clone(self.knowledge.index())),
            names,
        })
    }
}

fn listed<'a>(sites: impl Iterator<Item = &'a SiteId>) -> String {
    let names: Vec<&str> = sites.map(SiteId::as_str).collect();
    names.join(", ")
}

fn no_such_site(site: &SiteId, others: &std::collections::BTreeSet<SiteId>) -> Failure {
    if others.is_empty() {
        return nothing_yet();
    }
    Failure::new(
        exit::USAGE,
        format!(
            "--site {site}: there is no such site; there are {}",
            listed(others.iter())
        ),
    )
}

/// A log in which no engine has folded anything.
fn nothing_yet() -> Failure {
    Failure::new(
        exit::UNAVAILABLE,
        "no site has been folded yet: sensors have sent nothing, or no engine runs (`auscult-collector log status`)",
    )
}
