//! Hidden: what the network really lets through.
//!
//! No sensor sees a rule; it sees conversations. So the true rules are wider than the conversations (segments open to each other for
//! historical reasons, servers open to a whole VLAN) and in places narrower than they look (isolated wireless clients).

use std::collections::BTreeSet;

use super::{layout, stream};
use crate::kind::Place;
use crate::site::Site;

/// Probability that clients of a segment cannot reach each other.
const fn isolated(place: Place) -> f64 {
    match place {
        Place::Guest => 0.9,
        Place::ClinicalWireless => 0.5,
        Place::Voice => 0.3,
        Place::Dmz | Place::VendorAccess => 0.4,
        Place::Icu | Place::Theatre => 0.2,
        _ => 0.05,
    }
}

/// Probability that a segment of family `from` reaches all services of one of family `to`.
fn open_share(from: Place, to: Place, same_building: bool) -> f64 {
    use Place::{Building, Dmz, Guest, Imaging, Management, Servers, VendorAccess, Voice};
    match (from, to) {
        (Guest, _) => 0.005,
        (_, Guest) => 0.02,
        (Management, _) => 0.6,
        (_, Management) => 0.03,
        (VendorAccess, Imaging) => 0.3,
        (VendorAccess, Servers) => 0.15,
        (Dmz, Servers) => 0.15,
        (Dmz, _) | (_, Dmz | VendorAccess) => 0.02,
        (VendorAccess, _) => 0.06,
        (Servers, Servers) => 0.6,
        (Servers, _) => 0.2,
        (_, Servers) => 0.25,
        (Voice, _) | (_, Voice) => 0.04,
        (Building, _) | (_, Building) => 0.05,
        (a, b) if layout::is_access(a) && layout::is_access(b) && same_building => 0.12,
        _ => 0.03,
    }
}

pub(super) fn open(site: &mut Site) {
    let mut random = stream(site, "reach", 0);
    // Some hospitals are flat, some are not.
    let flatness = random.log_normal(1.0, 0.35);
    let count = site.segments.len();
    let building = |segment: usize| {
        site.segments[segment]
            .ward
            .map(|ward| site.wards[ward].building)
    };
    // And within one hospital some networks were hardened and others forgotten.
    let softness: Vec<f64> = (0..count).map(|_| random.log_normal(0.8, 1.0)).collect();
    site.reach.isolated = site
        .segments
        .iter()
        .map(|segment| random.chance(isolated(segment.place)))
        .collect();
    site.reach.open = (0..count)
        .map(|from| {
            (0..count)
                .filter(|&to| {
                    let same = building(from).is_some() && building(from) == building(to);
                    let share =
                        open_share(site.segments[from].place, site.segments[to].place, same);
                    to != from && random.chance(share * flatness * softness[to])
                })
                .collect()
        })
        .collect();
    let mut pinholes: Vec<BTreeSet<(u32, u16)>> = vec![BTreeSet::new(); count];
    for conversation in &site.conversations {
        let from = site.devices[conversation.client as usize].segment;
        let to = site.devices[conversation.server as usize].segment;
        let planted = site
            .planted
            .iter()
            .any(|route| route.steps.iter().any(|step| step.0 == conversation.server));
        // The other share is ruled host by host.
        if from != to && !planted && random.chance(0.55) {
            pinholes[from].insert((conversation.server, conversation.service));
        }
    }
    site.reach.pinholes = pinholes
        .into_iter()
        .map(|set| set.into_iter().collect())
        .collect();
}
