//! One weakness over all sites: what open findings of many sites say of it together.
//!
//! A fold over open findings: taking one, its successor or its end in any order leaves what taking only those that are open leaves, to
//! the last bit, because sums are of integers and everything else is the largest of an order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::band::{Band, points};

/// Sites from which a weakness is more than a matter of one site.
pub const SITES: usize = 2;

/// An open finding of a weakness on a device, as far as the estate needs it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpenFinding {
    /// Where.
    pub site: String,
    /// On which device.
    pub device: String,
    /// How people know the device.
    pub name: Option<String>,
    /// Which vulnerability or observed weakness.
    pub weakness: String,
    /// What it is called.
    pub title: Option<String>,
    /// Expected direct loss per campaign on the site, millionths.
    pub score: u64,
    /// KEV lists it.
    pub known_exploited: bool,
    /// When it was opened, epoch milliseconds.
    pub opened: i64,
}

/// A score in millionths; below half of one it is none, and no score reaches the end of the range.
#[must_use]
pub fn millionths(score: f64) -> u64 {
    if score.is_nan() || score <= 0.0 {
        return 0;
    }
    whole(libm::round(score * 1e6))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and a cast of a float saturates"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

fn share(millionths: u64) -> f64 {
    // Exact up to 2^53 millionths, the loss of a hundred million devices.
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "shown, and not computed with"
    )]
    let whole = millionths as f64;
    whole / 1e6
}

/// One site's part in a spread.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteShare {
    /// The site.
    pub site: String,
    /// Devices with an open finding of it.
    pub devices: usize,
    /// Their expected direct loss per campaign on the site.
    pub score: f64,
}

/// The open finding with the largest expected loss.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worst {
    /// Name of the finding.
    pub finding: String,
    /// Its site.
    pub site: String,
    /// Its device.
    pub device: String,
    /// How people know the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its expected direct loss per campaign.
    pub score: f64,
}

/// A weakness over all sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// Stable name of the statement: `spread:<weakness>`.
    pub uid: String,
    /// Which vulnerability or observed weakness.
    pub weakness: String,
    /// What it is called, in the words of its newest finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// KEV lists it, by any of its findings.
    pub known_exploited: bool,
    /// Devices with an open finding of it; a device has one finding of a weakness.
    pub devices: usize,
    /// Sites, the one with the largest loss first.
    pub sites: Vec<SiteShare>,
    /// Expected direct loss if every site had one campaign.
    pub score: f64,
    /// Points of that loss, as findings have them.
    pub points: u32,
    /// Their band.
    pub band: Band,
    /// The open finding with the largest loss; of equal ones the first by name.
    pub worst: Worst,
    /// When the first of its open findings was opened, epoch milliseconds.
    pub since: i64,
}

/// A weakness's open findings, kept in the orders in which they are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Group {
    /// Worst first.
    worst: BTreeSet<(Reverse<u64>, String)>,
    /// By site: findings and their score.
    sites: BTreeMap<String, (usize, u64)>,
    /// When they were opened, and which finding.
    opened: BTreeSet<(i64, String)>,
    exploited: usize,
}

/// All open findings of an estate, by weakness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Estate {
    open: BTreeMap<String, OpenFinding>,
    groups: BTreeMap<String, Group>,
}

impl Estate {
    /// Takes a finding as it now is under its name; `None`: it has closed.
    pub fn take(&mut self, uid: &str, finding: Option<OpenFinding>) {
        if let Some(before) = self.open.remove(uid) {
            let empty = self.groups.get_mut(&before.weakness).is_some_and(|group| {
                group.remove(uid, &before);
                group.worst.is_empty()
            });
            if empty {
                self.groups.remove(&before.weakness);
            }
        }
        if let Some(finding) = finding {
            let group = self.groups.entry(finding.weakness.clone()).or_default();
            group.insert(uid, &finding);
            self.open.insert(uid.to_owned(), finding);
        }
    }

    /// Open findings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Weaknesses that are on at least so many sites, the largest expected loss first.
    #[must_use]
    pub fn spreads(&self, sites: usize) -> Vec<Spread> {
        let wide = self
            .groups
            .iter()
            .filter(|(_, group)| group.sites.len() >= sites);
        let mut found: Vec<(u64, Spread)> = wide
            .filter_map(|(weakness, group)| Some((group.score(), self.spread(weakness, group)?)))
            .collect();
        // Of equal ones the order of names stays.
        found.sort_by_key(|(score, _)| Reverse(*score));
        found.into_iter().map(|(_, spread)| spread).collect()
    }

    fn spread(&self, weakness: &str, group: &Group) -> Option<Spread> {
        let (Reverse(score), finding) = group.worst.first()?;
        let worst = self.open.get(finding)?;
        let (since, _) = group.opened.first()?;
        let (_, newest) = group.opened.last()?;
        let mut sites: Vec<(&String, &(usize, u64))> = group.sites.iter().collect();
        sites.sort_by_key(|(_, (_, score))| Reverse(*score));
        let total = group.score();
        let points = points(share(total));
        Some(Spread {
            uid: format!("spread:{weakness}"),
            weakness: weakness.to_owned(),
            title: self.open.get(newest).and_then(|it| it.title.clone()),
            known_exploited: group.exploited > 0,
            devices: group.worst.len(),
            sites: sites
                .into_iter()
                .map(|(site, (devices, score))| SiteShare {
                    site: site.clone(),
                    devices: *devices,
                    score: share(*score),
                })
                .collect(),
            score: share(total),
            points,
            band: Band::of(points),
            worst: Worst {
                finding: finding.clone(),
                site: worst.site.clone(),
                device: worst.device.clone(),
                name: worst.name.clone(),
                score: share(*score),
            },
            since: *since,
        })
    }
}

impl Group {
    fn insert(&mut self, uid: &str, finding: &OpenFinding) {
        self.worst.insert((Reverse(finding.score), uid.to_owned()));
        self.opened.insert((finding.opened, uid.to_owned()));
        let (findings, score) = self.sites.entry(finding.site.clone()).or_default();
        *findings = findings.saturating_add(1);
        *score = score.wrapping_add(finding.score);
        if finding.known_exploited {
            self.exploited = self.exploited.saturating_add(1);
        }
    }

    fn remove(&mut self, uid: &str, finding: &OpenFinding) {
        self.worst.remove(&(Reverse(finding.score), uid.to_owned()));
        self.opened.remove(&(finding.opened, uid.to_owned()));
        if let Some((findings, score)) = self.sites.get_mut(&finding.site) {
            *findings = findings.saturating_sub(1);
            // Wrapping, as in `insert`: what was added is taken away again, whatever came between.
            *score = score.wrapping_sub(finding.score);
            if *findings == 0 {
                self.sites.remove(&finding.site);
            }
        }
        if finding.known_exploited {
            self.exploited = self.exploited.saturating_sub(1);
        }
    }

    fn score(&self) -> u64 {
        let scores = self.sites.values().map(|(_, score)| *score);
        scores.fold(0, u64::saturating_add)
    }
}
