use std::collections::BTreeSet;

use super::*;

fn small() -> Fleet {
    let size = Size {
        sites: 6,
        devices: 300,
        sensors: 3,
    };
    Fleet::new(5, size).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_observations() {
    let fleet = small();
    let take = |seed| -> Vec<Observation<'_>> {
        Stream::new(&fleet, seed, Pace::BURSTS)
            .take(5_000)
            .collect()
    };
    assert_eq!(take(1), take(1));
    assert_ne!(take(1), take(2));
}

#[test]
fn every_sensor_speaks_and_time_goes_on() {
    let fleet = small();
    let mut sensors = BTreeSet::new();
    let mut last = 0;
    for observation in Stream::new(&fleet, 1, Pace::STEADY).take(20_000) {
        sensors.insert((observation.origin.site, observation.origin.sensor));
        assert!(observation.last_seen_ms >= last);
        assert!(observation.first_seen_ms <= observation.last_seen_ms);
        assert!(observation.count >= 1);
        last = observation.last_seen_ms;
    }
    assert_eq!(sensors.len(), 18);
}

#[test]
fn no_two_devices_share_a_mac_and_sites_share_addresses() {
    let fleet = small();
    let macs: BTreeSet<Mac> = (0..6)
        .flat_map(|site| (0..300).map(move |device| (site, device)))
        .map(|(site, device)| fleet.mac(site, device))
        .collect();
    assert_eq!(macs.len(), 1_800);
    let first: BTreeSet<_> = fleet
        .template(0)
        .devices
        .iter()
        .map(|d| d.address.ipv4)
        .collect();
    assert!(
        fleet
            .template(1)
            .devices
            .iter()
            .any(|d| first.contains(&d.address.ipv4)),
        "sites use the same private range"
    );
}

#[test]
fn a_burst_introduces_every_device_of_a_site() {
    let fleet = small();
    let pace = Pace {
        bursts: 1.0,
        ..Pace::BURSTS
    };
    let introduced: BTreeSet<Mac> = Stream::new(&fleet, 1, pace)
        .take(300 * 8)
        .filter_map(|observation| match observation.body {
            Body::Binding { endpoint, .. } => Some(endpoint.mac),
            _ => None,
        })
        .collect();
    assert_eq!(introduced.len(), 300);
}
