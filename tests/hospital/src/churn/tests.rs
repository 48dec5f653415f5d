use std::collections::BTreeMap;

use super::*;
use crate::build;

const YEAR_MS: u64 = 8_766 * HOUR_MS;

fn two_sites(seed: u64) -> Churn {
    let sites = build::estate(1, &[600, 400], None).unwrap();
    Churn::new(sites, seed, Rates::ORDINARY)
}

fn label(change: &Change) -> &'static str {
    match change {
        Change::Arrived { .. } => "arrived",
        Change::Left { .. } => "left",
        Change::Lent { .. } => "lent",
        Change::Swapped { .. } => "swapped",
        Change::Updated { .. } => "updated",
        Change::Leased { .. } => "leased",
        Change::Moved { .. } => "moved",
        Change::Rewired { .. } => "rewired",
        Change::OutageBegan { .. } => "outage began",
        Change::OutageEnded { .. } => "outage ended",
    }
}

#[test]
fn the_same_seed_gives_the_same_year() {
    let year = |seed| -> Vec<Event> { two_sites(seed).take(2_000).collect() };
    assert_eq!(year(1), year(1));
    assert_ne!(year(1), year(2));
}

#[test]
fn a_year_has_everything_in_order_and_keeps_the_size() {
    let mut churn = two_sites(1);
    let before = churn.standing();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut last = 0;
    let mut deliveries: BTreeMap<u32, usize> = BTreeMap::new();
    let mut left_of_kind = (0_usize, 0_usize);
    loop {
        let event = churn.next().unwrap();
        if event.at_ms >= YEAR_MS {
            break;
        }
        assert!(event.at_ms >= last, "events come in order");
        last = event.at_ms;
        *counts.entry(label(&event.change)).or_default() += 1;
        match event.change {
            Change::Arrived { delivery, .. } => *deliveries.entry(delivery).or_default() += 1,
            Change::Left { at } => {
                let kind = churn.sites()[at.site].devices[at.device].kind;
                left_of_kind.0 += usize::from(kind.name != "guest_device");
                left_of_kind.1 += 1;
            }
            _ => {}
        }
    }
    for what in [
        "arrived",
        "left",
        "lent",
        "swapped",
        "updated",
        "leased",
        "moved",
        "rewired",
        "outage began",
        "outage ended",
    ] {
        assert!(
            counts.contains_key(what),
            "no device {what} in a year: {counts:?}"
        );
    }
    assert!(
        deliveries.values().any(|&size| size > 10),
        "bursts of arrivals"
    );
    let turnover = left_of_kind.0 as f64 / before as f64;
    assert!(
        (0.10..0.25).contains(&turnover),
        "about 15 % leave a year: {turnover}"
    );
    let after = churn.standing();
    assert!(
        (before as f64 * 0.6..before as f64 * 1.6).contains(&(after as f64)),
        "{before} devices became {after}"
    );
}

#[test]
fn a_loaner_is_the_same_hardware_at_another_site() {
    let mut churn = two_sites(3);
    let lent = churn
        .by_ref()
        .take(200_000)
        .find_map(|event| match event.change {
            Change::Lent { from, to } => Some((from, to)),
            _ => None,
        });
    let (from, to) = lent.unwrap();
    assert_ne!(from.site, to.site);
    assert!(!churn.is_present(from) && churn.is_present(to));
    let device = |at: At| &churn.sites()[at.site].devices[at.device];
    assert_eq!(device(from).identity.serial, device(to).identity.serial);
    assert_eq!(device(from).address.burnt_in, device(to).address.burnt_in);
    let subnet = churn.sites()[to.site].segments[device(to).segment].subnet;
    assert!(subnet.contains(device(to).address.ipv4));
}

#[test]
fn a_swap_keeps_the_role_and_changes_the_hardware() {
    let mut churn = two_sites(4);
    let before: Vec<Vec<String>> = churn
        .sites()
        .iter()
        .map(|site| {
            site.devices
                .iter()
                .map(|d| d.identity.hostname.clone())
                .collect()
        })
        .collect();
    for event in churn.by_ref().take(50_000) {
        if let Change::Swapped {
            at,
            old_serial,
            new_serial,
        } = event.change
            && let Some(name) = before[at.site].get(at.device)
        {
            assert_ne!(old_serial, new_serial);
            assert_eq!(
                &churn.sites()[at.site].devices[at.device].identity.hostname,
                name
            );
            return;
        }
    }
    panic!("nothing was swapped");
}

#[test]
fn advancing_gives_the_events_of_the_iterator_and_ends_where_nothing_happens() {
    let week = 7 * 24 * HOUR_MS;
    let iterated: Vec<Event> = two_sites(5)
        .take_while(|event| event.at_ms < week)
        .collect();
    let mut churn = two_sites(5);
    let mut advanced = Vec::new();
    for step in 1..=14 {
        advanced.extend(churn.advance(step * week / 14));
    }
    assert!(iterated.len() > 10, "{} events", iterated.len());
    assert_eq!(iterated, advanced);
    let sites = build::estate(1, &[200, 200], None).unwrap();
    let mut still = Churn::new(sites, 1, Rates::NONE);
    assert_eq!(still.advance(week), []);
}

#[test]
fn a_device_can_be_lent_at_a_chosen_moment() {
    let mut churn = two_sites(6);
    let from = At { site: 0, device: 9 };
    let Some(Change::Lent { to, .. }) = churn.lend_now(from) else {
        panic!("not lent");
    };
    assert!(to.site == 1 && churn.is_present(to) && !churn.is_present(from));
    assert_eq!(churn.lend_now(from), None, "it is gone");
}
