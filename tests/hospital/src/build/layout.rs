//! Buildings, wards and segments.

use std::net::Ipv4Addr;

use super::stream;
use crate::address::Subnet;
use crate::kind::Place;
use crate::site::{Segment, Site, Ward};

/// How many segments of a family a site of `size` devices has: one per so many devices, and at least so many.
const fn density(place: Place) -> (usize, usize) {
    match place {
        Place::Ward => (90, 3),
        Place::Icu => (1_200, 1),
        Place::Theatre => (2_500, 1),
        Place::Imaging => (1_500, 1),
        Place::Laboratory | Place::Management => (3_000, 1),
        Place::Pharmacy => (5_000, 1),
        Place::Office => (500, 1),
        Place::ClinicalWireless => (2_500, 1),
        Place::Guest => (4_000, 1),
        Place::Voice => (2_000, 1),
        Place::Building => (1_200, 1),
        Place::Servers => (800, 2),
        Place::Dmz | Place::VendorAccess => (10_000, 1),
    }
}

/// Families whose segments belong to a ward or department.
pub(super) const fn is_access(place: Place) -> bool {
    matches!(
        place,
        Place::Ward
            | Place::Icu
            | Place::Theatre
            | Place::Imaging
            | Place::Laboratory
            | Place::Pharmacy
            | Place::Office
    )
}

pub(super) fn lay_out(site: &mut Site, size: usize) {
    let mut random = stream(site, "layout", 0);
    let buildings = (size / 2_500).clamp(1, 12) + usize::from(size > 1_000);
    site.buildings = (0..buildings)
        .map(|number| format!("building-{}", char::from(b'a' + number as u8)))
        .collect();
    let mut vlan = 100 + random.below(40) as u16;
    for place in Place::ALL {
        let (devices, least) = density(place);
        for _ in 0..(size / devices).max(least) {
            let ward = is_access(place).then(|| {
                site.wards.push(Ward {
                    name: format!("w{:03}", site.wards.len() + 1),
                    building: random.below(buildings),
                });
                site.wards.len() - 1
            });
            site.segments.push(Segment {
                name: format!("vlan-{vlan}"),
                vlan,
                place,
                subnet: Subnet {
                    network: Ipv4Addr::UNSPECIFIED,
                    prefix: 24,
                },
                ward,
                router: Ipv4Addr::UNSPECIFIED,
            });
            vlan += 1 + u16::from(random.chance(0.2));
        }
    }
}

/// Gives every segment a subnet large enough for `needed` hosts, in the private range that every site uses.
pub(super) fn number(site: &mut Site, needed: &[usize]) {
    let mut next = Ipv4Addr::new(10, 16, 0, 0).to_bits();
    for (segment, &hosts) in site.segments.iter_mut().zip(needed) {
        let mut prefix = 24_u8;
        while (1_usize << (32 - prefix)) - 2 < hosts * 3 / 2 + 12 && prefix > 16 {
            prefix -= 1;
        }
        let size = 1_u32 << (32 - prefix);
        next = next.next_multiple_of(size);
        segment.subnet = Subnet {
            network: Ipv4Addr::from_bits(next),
            prefix,
        };
        segment.router = segment.subnet.host(1);
        next += size;
    }
}
