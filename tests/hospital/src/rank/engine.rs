//! A risk engine, as a process: `ENGINE assess SITE.json` prints an `auscult.assessment/1`.
//!
//! Only what is judged is read, and leniently; the engine's own schema is not ours to check.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Bench, score};
use crate::attack::Defence;
use crate::export;
use crate::site::Site;

/// What an engine said.
#[derive(Debug)]
pub struct Assessment {
    /// Candidates in the engine's order; those it does not rank are last.
    pub order: Vec<usize>,
    /// Pairs it returned that are no candidates (fixed, not affected): not an error.
    pub others: usize,
    /// Springboard value per device; zero where it gave none.
    springboard: Vec<f64>,
    /// Candidate pairs in its top tier.
    top: std::collections::BTreeSet<usize>,
    /// Per candidate, the devices of the routes it shows.
    routes: BTreeMap<usize, Vec<Vec<String>>>,
    /// Controls it offers, in order.
    controls: Vec<Value>,
    /// Wall-clock time of the process.
    pub time: Duration,
}

/// Runs the engine on a site.
///
/// # Errors
/// When the process cannot be started, fails, or prints something that is not an assessment of this site.
pub fn assess(engine: &Path, bench: &Bench<'_>, scratch: &Path) -> Result<Assessment> {
    let file = scratch.join(format!("{}-{}.json", bench.site.name, bench.site.seed));
    std::fs::write(&file, export::json(bench.site)?)
        .with_context(|| format!("writing {}", file.display()))?;
    let started = Instant::now();
    let output = Command::new(engine)
        .arg("assess")
        .arg(&file)
        .output()
        .with_context(|| format!("starting {}", engine.display()))?;
    let time = started.elapsed();
    if !output.status.success() {
        bail!(
            "{} assess ended with {}: {}",
            engine.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let document: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{} assess printed no JSON", engine.display()))?;
    read(bench, &document, time)
}

fn read(bench: &Bench<'_>, document: &Value, time: Duration) -> Result<Assessment> {
    let site = bench.site;
    if document["format"] != "auscult.assessment/1" {
        bail!("the engine's answer has format {}", document["format"]);
    }
    let devices: BTreeMap<String, u32> = (0..site.devices.len())
        .map(|number| (site.device_id(number), number as u32))
        .collect();
    let candidates: BTreeMap<(u32, &str), usize> = bench
        .candidates
        .iter()
        .enumerate()
        .map(|(index, pair)| {
            let weakness = &site.devices[pair.device as usize].weaknesses[pair.weakness];
            ((pair.device, site.flaws[weakness.flaw].id.as_str()), index)
        })
        .collect();
    let pairs = document["pairs"]
        .as_array()
        .context("the engine's answer has no list of pairs")?;
    let mut assessment = Assessment {
        order: Vec::with_capacity(candidates.len()),
        others: 0,
        springboard: vec![0.0; site.devices.len()],
        top: std::collections::BTreeSet::new(),
        routes: BTreeMap::new(),
        controls: list(&document["controls"]),
        time,
    };
    let mut ranked = vec![false; candidates.len()];
    for pair in pairs {
        let device = pair["device"].as_str().and_then(|id| devices.get(id));
        let key = device.zip(pair["weakness"].as_str());
        let Some(&index) = key.and_then(|(&device, id)| candidates.get(&(device, id))) else {
            assessment.others += 1;
            continue;
        };
        if std::mem::replace(&mut ranked[index], true) {
            bail!(
                "the engine ranks {} {} twice",
                pair["device"],
                pair["weakness"]
            );
        }
        assessment.order.push(index);
        if pair["in_cut"] == true || pair["tier"] == "top" {
            assessment.top.insert(index);
        }
        let routes = list(&pair["path"]).iter().map(route).collect();
        assessment.routes.insert(index, routes);
        assessment.controls.extend(list(&pair["controls"]));
    }
    let unranked = (0..ranked.len()).filter(|&index| !ranked[index]);
    assessment.order.extend(unranked);
    for device in list(&document["devices"]) {
        let number = device["device"].as_str().and_then(|id| devices.get(id));
        if let (Some(&number), Some(value)) = (number, device["springboard"].as_f64()) {
            assessment.springboard[number as usize] = value;
        }
    }
    Ok(assessment)
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// The devices of a route, from its first hop on.
fn route(route: &Value) -> Vec<String> {
    let hops = list(&route["hops"]);
    let first = hops.first().and_then(|hop| hop["from"].as_str());
    first
        .into_iter()
        .chain(hops.iter().filter_map(|hop| hop["to"].as_str()))
        .map(str::to_owned)
        .collect()
}

impl Assessment {
    /// Spearman correlation of the engine's springboard values with realised downstream loss: over all devices, and over those that
    /// some campaign took.
    #[must_use]
    pub fn springboard(&self, bench: &Bench<'_>) -> (Option<f64>, Option<f64>) {
        let truth = bench.truth.springboard();
        let reached = bench.truth.reach_share();
        let taken: Vec<usize> = (0..truth.len()).filter(|&d| reached[d] > 0.0).collect();
        let only = |values: &[f64]| -> Vec<f64> { taken.iter().map(|&d| values[d]).collect() };
        (
            score::spearman(&self.springboard, &truth),
            score::spearman(&only(&self.springboard), &only(&truth)),
        )
    }

    /// Laid routes whose target pair is in the top tier, and of these the ones for which a shown route starts with the right hop.
    #[must_use]
    pub fn planted(&self, bench: &Bench<'_>) -> (usize, usize) {
        let mut found = (0, 0);
        for laid in &bench.site.planted {
            let (Some(&(target, weakness)), Some(&(stone, _))) =
                (laid.steps.last(), laid.steps.first())
            else {
                continue;
            };
            let Some(index) = bench
                .candidates
                .iter()
                .position(|pair| pair.device == target && pair.weakness == weakness)
            else {
                continue;
            };
            if !self.top.contains(&index) {
                continue;
            }
            found.0 += 1;
            let entry = bench.site.device_id(laid.entry as usize);
            let stone = bench.site.device_id(stone as usize);
            let right = self.routes.get(&index).is_some_and(|routes| {
                routes
                    .iter()
                    .any(|route| route.first() == Some(&entry) && route.get(1) == Some(&stone))
            });
            found.1 += usize::from(right);
        }
        found
    }

    /// The first `limit` different controls that the engine offers, as a defence, with how many of them were understood.
    #[must_use]
    pub fn controls(&self, site: &Site, limit: usize) -> (Defence, usize) {
        let mut defence = Defence::default();
        let mut count = 0;
        let mut seen = std::collections::BTreeSet::new();
        for control in &self.controls {
            if count == limit {
                break;
            }
            if seen.insert(control.to_string()) && apply(site, control, &mut defence) {
                count += 1;
            }
        }
        (defence, count)
    }
}

/// Devices that a control is about: one, or all of a product, a class or a segment; all when it names none of these.
fn scope(site: &Site, control: &Value) -> Vec<u32> {
    let names = |key: &str, own: &str| control[key].as_str().is_none_or(|name| name == own);
    (0..site.devices.len() as u32)
        .filter(|&number| {
            let device = &site.devices[number as usize];
            names("device", &site.device_id(number as usize))
                && names("product", device.model.product)
                && names("vendor", device.model.vendor)
                && names("class", device.kind.name)
                && names("segment", &site.segments[device.segment].name)
        })
        .collect()
}

/// Adds one control; false when it names nothing of this site. A control of more than one device fixes what is listed there, and closes a
/// service only where no conversation was seen.
fn apply(site: &Site, control: &Value, defence: &mut Defence) -> bool {
    let text = |key: &str| control[key].as_str();
    let wide = text("device").is_none();
    let scoped = ["device", "product", "class", "segment"]
        .iter()
        .any(|key| text(key).is_some());
    let segment = |key: &str| {
        let id = text(key)?;
        site.segments.iter().position(|segment| segment.name == id)
    };
    let kind = text("kind");
    if kind == Some("cut_link") {
        return segment("from")
            .zip(segment("to"))
            .is_some_and(|link| defence.cut_links.insert(link));
    }
    if !scoped && text("weakness").is_none() {
        return false;
    }
    let used: std::collections::BTreeSet<(u32, usize)> = site
        .conversations
        .iter()
        .map(|talk| (talk.server, usize::from(talk.service)))
        .collect();
    let mut done = false;
    for number in scope(site, control) {
        let device = &site.devices[number as usize];
        let service = text("service").and_then(|id| {
            let mut services = device.services.iter();
            services.position(|service| service.id == id)
        });
        done |= match kind {
            Some("patch" | "virtual_patch") => {
                let fixed = device
                    .weaknesses
                    .iter()
                    .enumerate()
                    .filter(|(_, weakness)| {
                        text("weakness").map_or(weakness.listed.is_some(), |id| {
                            site.flaws[weakness.flaw].id == id
                                && (!wide || weakness.listed.is_some())
                        })
                    });
                fixed.fold(false, |done, (index, _)| {
                    defence.patched.insert((number, index)) || done
                })
            }
            Some("close_service") => service.is_some_and(|service| {
                !(wide && used.contains(&(number, service)))
                    && defence.closed.insert((number, service))
            }),
            Some("deny_sources") => {
                service.is_some_and(|service| defence.denied.insert((number, service)))
            }
            Some("microsegment") => defence.microsegmented.insert(number),
            Some("remove_entry") => defence.removed_entries.insert(number),
            _ => false,
        };
    }
    done
}
