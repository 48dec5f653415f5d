//! From a seed to a site.
//!
//! Every step draws from streams of its own label, so that a change in one step leaves the others as they were: `layout` (buildings,
//! wards, segments), `place` (devices and addresses), `talk` (conversations), `weak` (flaws, listed and present), `reach`
//! (what the network lets through, hidden), `plant` (routes laid on purpose).

mod context;
mod identity;
mod layout;
mod place;
mod plant;
mod reach;
mod talk;
mod weak;

use std::collections::BTreeMap;

use crate::kinds;
use crate::random::{Random, mix, text_key};
use crate::site::{Reach, Site};
use crate::weakness::intel::Intelligence;

pub use place::device_mix;
pub use weak::DEFAULT_CREDENTIALS;

/// What to build.
#[derive(Clone, Debug)]
pub struct Blueprint<'a> {
    /// Name of the site.
    pub name: String,
    /// Devices, at least [`SMALLEST`].
    pub size: usize,
    /// Seed; the same blueprint gives the same site.
    pub seed: u64,
    /// Real intelligence to draw from instead of invented flaws.
    pub intelligence: Option<&'a Intelligence>,
}

/// The smallest site that still has every indispensable server.
pub const SMALLEST: usize = 150;

/// A site asked for is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a site of {0} devices is too small: its servers alone need {SMALLEST}")]
pub struct TooSmall(pub usize);

/// Builds one site.
///
/// # Errors
/// When the size is below [`SMALLEST`].
pub fn site(blueprint: &Blueprint<'_>) -> Result<Site, TooSmall> {
    if blueprint.size < SMALLEST {
        return Err(TooSmall(blueprint.size));
    }
    // Two sites of one estate differ although they share the seed.
    let seed = mix(blueprint.seed ^ mix(text_key(&blueprint.name)));
    let mut site = Site {
        name: blueprint.name.clone(),
        estate_seed: blueprint.seed,
        seed,
        buildings: Vec::new(),
        wards: Vec::new(),
        segments: Vec::new(),
        devices: Vec::new(),
        conversations: Vec::new(),
        flaws: Vec::new(),
        reach: Reach::default(),
        planted: Vec::new(),
    };
    layout::lay_out(&mut site, blueprint.size);
    place::place(&mut site, blueprint.size);
    talk::converse(&mut site);
    weak::weaken(&mut site, blueprint.intelligence);
    plant::plant(&mut site);
    reach::open(&mut site);
    Ok(site)
}

/// An estate: sites of one seed, named after the points of the compass and beyond, of the given sizes.
///
/// # Errors
/// When a size is below [`SMALLEST`].
pub fn estate(
    seed: u64,
    sizes: &[usize],
    intelligence: Option<&Intelligence>,
) -> Result<Vec<Site>, TooSmall> {
    sizes
        .iter()
        .enumerate()
        .map(|(number, &size)| {
            site(&Blueprint {
                name: site_name(number),
                size,
                seed,
                intelligence,
            })
        })
        .collect()
}

/// The name of the `number`-th site of an estate.
#[must_use]
pub fn site_name(number: usize) -> String {
    const NAMES: [&str; 8] = [
        "north",
        "south",
        "east",
        "west",
        "lakeside",
        "hillcrest",
        "harbour",
        "riverbend",
    ];
    NAMES
        .get(number)
        .map_or_else(|| format!("site{number:03}"), |name| (*name).to_owned())
}

/// Devices by kind index.
fn by_kind(site: &Site) -> BTreeMap<usize, Vec<u32>> {
    let mut lists: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (number, device) in site.devices.iter().enumerate() {
        if let Some(kind) = kinds::index(device.kind.name) {
            lists.entry(kind).or_default().push(number as u32);
        }
    }
    lists
}

fn stream(site: &Site, label: &str, number: usize) -> Random {
    Random::numbered(site.seed, label, number as u64)
}

#[cfg(test)]
mod tests;
