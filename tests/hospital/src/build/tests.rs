use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::export;
use crate::kind::{Group, Place};

fn north(size: usize, seed: u64) -> Site {
    site(&Blueprint {
        name: "north".to_owned(),
        size,
        seed,
        intelligence: None,
    })
    .unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let json = |seed| export::json(&north(800, seed)).unwrap();
    assert_eq!(json(1), json(1));
    assert_ne!(json(1), json(2));
}

#[test]
fn a_site_has_the_size_asked_for_and_every_kind_of_it() {
    let site = north(2_000, 1);
    assert_eq!(site.devices.len(), 2_000);
    let kinds: BTreeSet<&str> = site.devices.iter().map(|d| d.kind.name).collect();
    assert_eq!(kinds.len(), kinds::ALL.len());
    assert_eq!(device_mix(20_000).iter().sum::<usize>(), 20_000);
    assert_eq!(
        super::site(&Blueprint {
            name: "tiny".to_owned(),
            size: 20,
            seed: 1,
            intelligence: None,
        })
        .unwrap_err(),
        TooSmall(20)
    );
    assert!(device_mix(SMALLEST).iter().sum::<usize>() == SMALLEST);
}

#[test]
fn most_ward_networks_mix_medical_and_office_devices() {
    let site = north(4_000, 1);
    let mut groups: BTreeMap<usize, BTreeSet<Group>> = BTreeMap::new();
    for device in &site.devices {
        groups
            .entry(device.segment)
            .or_default()
            .insert(device.kind.group);
    }
    let wards: Vec<&BTreeSet<Group>> = groups
        .iter()
        .filter(|(segment, _)| site.segments[**segment].place == Place::Ward)
        .map(|(_, groups)| groups)
        .collect();
    let mixed = wards
        .iter()
        .filter(|groups| groups.contains(&Group::Medical) && groups.contains(&Group::It))
        .count();
    assert!(mixed * 10 >= wards.len() * 9, "{mixed} of {}", wards.len());
}

#[test]
fn addresses_fit_their_segment_and_are_given_once() {
    let site = north(3_000, 2);
    let mut seen = BTreeSet::new();
    for device in &site.devices {
        let segment = &site.segments[device.segment];
        assert!(segment.subnet.contains(device.address.ipv4));
        assert_ne!(device.address.ipv4, segment.router);
        assert!(seen.insert(device.address.ipv4), "{}", device.address.ipv4);
        assert!(
            device.identity.hostname.len() <= 15,
            "{}",
            device.identity.hostname
        );
        assert!(
            device.identity.ae_title.len() <= 16,
            "{}",
            device.identity.ae_title
        );
    }
    let share = |test: &dyn Fn(&crate::site::Device) -> bool| {
        site.devices.iter().filter(|d| test(d)).count() as f64 / 3_000.0
    };
    assert!(share(&|d| d.address.dhcp) > 0.5);
    assert!(share(&|d| d.address.ipv6.is_some()) > 0.05);
    assert!(share(&|d| d.address.mac.is_local()) > 0.02);
}

#[test]
fn conversations_are_between_a_client_and_an_answering_service() {
    let site = north(2_000, 1);
    for talk in &site.conversations {
        assert_ne!(talk.client, talk.server);
        let service = site.devices[talk.server as usize].services[talk.service as usize];
        assert!(service.up && service.evidence == crate::site::Evidence::Served);
    }
    let each = site.conversations.len() as f64 / 2_000.0;
    assert!((6.0..20.0).contains(&each), "{each} conversations a device");
}

#[test]
fn the_exported_site_says_nothing_of_the_truth() {
    let site = north(600, 1);
    let text = export::json(&site).unwrap();
    for hidden in [
        "truth",
        "present",
        "capability",
        "guarded",
        "isolated",
        "true_weight",
        "\"up\"",
    ] {
        assert!(!text.contains(hidden), "{hidden} in the site's JSON");
    }
    // The same site with another truth exports the same bytes.
    let mut other = site.clone();
    for device in &mut other.devices {
        device.truth.loss = 0.0;
        device.truth.guarded = true;
        for service in &mut device.services {
            service.up = false;
        }
        device
            .weaknesses
            .retain(|weakness| weakness.listed.is_some());
        for weakness in &mut device.weaknesses {
            weakness.present = !weakness.present;
        }
    }
    other.reach = Reach::default();
    assert_eq!(export::json(&other).unwrap(), text);
}

#[test]
fn scanners_list_about_what_the_field_reports() {
    let site = north(6_000, 1);
    let medical: Vec<_> = site
        .devices
        .iter()
        .filter(|d| d.kind.group == Group::Medical)
        .collect();
    let listed = |device: &crate::site::Device| {
        device
            .weaknesses
            .iter()
            .filter(|w| w.listed.is_some())
            .count()
    };
    let mean = medical.iter().map(|d| listed(d)).sum::<usize>() as f64 / medical.len() as f64;
    assert!((5.4..7.0).contains(&mean), "6.2 reported: {mean}");
    let all: Vec<_> = site.devices.iter().flat_map(|d| &d.weaknesses).collect();
    let wrong = all
        .iter()
        .filter(|w| w.listed.is_some() && !w.present)
        .count();
    let missed = all.iter().filter(|w| w.listed.is_none()).count();
    assert!(
        wrong * 10 > all.len(),
        "scanners list what is not there: {wrong}"
    );
    assert!(
        missed * 50 > all.len(),
        "scanners miss what is there: {missed}"
    );
}

#[test]
fn laid_routes_can_be_walked() {
    let site = north(3_000, 1);
    assert!(site.planted.len() >= 3);
    for route in &site.planted {
        assert!(site.devices[route.entry as usize].entry.is_some());
        let mut from = route.entry;
        for &(device, weakness) in &route.steps {
            let target = &site.devices[device as usize];
            let weakness = target.weaknesses[weakness];
            let service = weakness.service.unwrap();
            assert!(weakness.present && weakness.listed.is_some() && target.services[service].up);
            assert!(site.conversations.iter().any(|talk| {
                (talk.client, talk.server, usize::from(talk.service)) == (from, device, service)
            }));
            from = device;
        }
        let last = &site.devices[from as usize];
        assert_eq!(last.clinical.safety, crate::kind::Safety::Catastrophic);
    }
}

#[test]
fn profiles_carry_the_identity_of_the_device() {
    use crate::profile::Profile;
    let site = north(1_000, 1);
    let mut shown = 0;
    for device in &site.devices {
        for profile in device.profiles(&site) {
            let text = format!("{profile:?}");
            for name in [
                "vendor", "product", "version", "serial", "hostname", "ae", "uuid", "mac", "eui64",
                "site", "ward",
            ] {
                assert!(
                    !text.contains(&format!("{{{name}}}")),
                    "{name} unfilled in {text}"
                );
            }
            if let Profile::Dicom {
                ae_title, model, ..
            } = profile
            {
                assert_eq!(ae_title, device.identity.ae_title);
                assert_eq!(model, device.model.product);
                shown += 1;
            }
        }
    }
    assert!(shown > 10);
}
