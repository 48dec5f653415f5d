//! The truth as a file (`auscult.truth/1`): everything that `auscult.site/1` leaves out, for whoever judges.

use serde::Serialize;

use crate::attack::{Arena, Attacker, Defence, Pair, Tally, capabilities};
use crate::site::Site;

#[derive(Serialize)]
struct TruthFile<'a> {
    format: &'static str,
    site: &'a str,
    campaigns: u64,
    mean_devices_taken: f64,
    mean_loss: f64,
    devices: Vec<DeviceTruth>,
    pairs: Vec<PairTruth<'a>>,
    open_links: Vec<(&'a str, &'a str)>,
    isolated_segments: Vec<&'a str>,
    routes: Vec<RouteTruth<'a>>,
}

#[derive(Serialize)]
struct DeviceTruth {
    id: String,
    kind: &'static str,
    version: Option<&'static str>,
    patch_age_years: f64,
    guarded: bool,
    services_up: Vec<&'static str>,
    loss_if_taken: f64,
    taken_share: f64,
    realised_loss: f64,
    springboard: f64,
}

#[derive(Serialize)]
struct PairTruth<'a> {
    device: String,
    weakness: &'a str,
    service: Option<&'static str>,
    listed: bool,
    present: bool,
    capability: f64,
    realised_loss: f64,
}

#[derive(Serialize)]
struct RouteTruth<'a> {
    entry: String,
    steps: Vec<(String, &'a str)>,
}

fn devices(site: &Site, tally: &Tally) -> Vec<DeviceTruth> {
    let (loss, springboard, reach) = (
        tally.device_loss(),
        tally.springboard(),
        tally.reach_share(),
    );
    site.devices
        .iter()
        .enumerate()
        .map(|(number, device)| DeviceTruth {
            id: site.device_id(number),
            kind: device.kind.name,
            version: device.model.versions.get(device.truth.version).copied(),
            patch_age_years: device.truth.patch_age,
            guarded: device.truth.guarded,
            services_up: device
                .services
                .iter()
                .filter(|service| service.up)
                .map(|service| service.id)
                .collect(),
            loss_if_taken: device.truth.loss,
            taken_share: reach[number],
            realised_loss: loss[number],
            springboard: springboard[number],
        })
        .collect()
}

fn pair_truth<'a>(
    site: &'a Site,
    pair: Pair,
    capability: &[f64],
    realised_loss: f64,
) -> PairTruth<'a> {
    let device = &site.devices[pair.device as usize];
    let weakness = &device.weaknesses[pair.weakness];
    PairTruth {
        device: site.device_id(pair.device as usize),
        weakness: &site.flaws[weakness.flaw].id,
        service: weakness.service.map(|index| device.services[index].id),
        listed: weakness.listed.is_some(),
        present: weakness.present,
        capability: capability[weakness.flaw],
        realised_loss,
    }
}

/// The truth's JSON text, with what the given campaigns cost.
///
/// # Errors
/// When serialisation fails, which for this type would be a programming error.
pub fn json(site: &Site, attacker: &Attacker, tally: &Tally) -> serde_json::Result<String> {
    let arena = Arena::new(site, &Defence::default());
    let capability = capabilities(site, attacker.noise);
    let pairs = arena
        .pairs
        .iter()
        .zip(tally.pair_loss())
        .map(|(pair, loss)| pair_truth(site, *pair, &capability, loss))
        .collect();
    let segment = |index: usize| site.segments[index].name.as_str();
    serde_json::to_string(&TruthFile {
        format: "auscult.truth/1",
        site: &site.name,
        campaigns: tally.campaigns(),
        mean_devices_taken: tally.mean_size(),
        mean_loss: tally.mean_loss(),
        devices: devices(site, tally),
        pairs,
        open_links: site
            .reach
            .open
            .iter()
            .enumerate()
            .flat_map(|(from, to)| to.iter().map(move |&to| (from, to)))
            .map(|(from, to)| (segment(from), segment(to)))
            .collect(),
        isolated_segments: (0..site.segments.len())
            .filter(|&index| site.reach.isolated[index])
            .map(segment)
            .collect(),
        routes: site
            .planted
            .iter()
            .map(|route| RouteTruth {
                entry: site.device_id(route.entry as usize),
                steps: route
                    .steps
                    .iter()
                    .map(|&(device, weakness)| {
                        let flaw = site.devices[device as usize].weaknesses[weakness].flaw;
                        (
                            site.device_id(device as usize),
                            site.flaws[flaw].id.as_str(),
                        )
                    })
                    .collect(),
            })
            .collect(),
    })
}
