//! Routers of many networks: no host behind them is two.

use auscult_proto::observation::{Body, Subject};
use auscult_proto::{Attribute, ConfidenceClass, Field};

use super::{SECOND, Story, stated};
use crate::Policy;

const ROUTER: &str = "00:1b:17:00:00:01";

fn advertises() -> Body {
    let source = (Field::NdpRouterAdvertisement, ConfidenceClass::D2);
    stated(ROUTER, Subject::Sender, Attribute::Role, source, "router")
}

/// A host of network `number`.
fn host(number: u16) -> (String, String) {
    (
        format!("00:1a:01:00:00:{number:02x}"),
        format!("10.0.{number}.7"),
    )
}

/// Every host speaks in its own network, and all of them to somebody in network 1 through the router.
fn networks(story: &mut Story, count: u16) {
    for number in 1..=count {
        let (mac, ip) = host(number);
        story.wait(SECOND).on(&[number]);
        story.observe(vec![advertises()]);
        story.arp(ROUTER, &format!("10.0.{number}.1"));
        story.arp(&mac, &ip);
    }
    for number in 2..=count {
        let (_, ip) = host(number);
        story.wait(SECOND).on(&[1]).beat(&format!("{ROUTER} {ip}"));
    }
}

#[test]
fn a_router_of_more_networks_than_a_device_has_interfaces_keeps_them_together() {
    let mut story = Story::new();
    let count = 3 * Policy::default().interfaces as u16;
    networks(&mut story, count);
    for number in 1..=count {
        let (_, ip) = host(number);
        assert_eq!(story.devices(&ip).len(), 1, "{ip} is one device");
    }
    assert_eq!(story.inventory.device_count(), usize::from(count) + 1);
    let router = story.device(ROUTER);
    let held = router.bindings.iter().filter(|held| held.until.is_none());
    assert_eq!(held.count(), usize::from(count), "one address in each");
    assert_eq!(story.inventory.counters().details_dropped, 0);
}

#[test]
fn what_was_known_by_address_takes_no_room_beside_the_interface_that_it_turns_out_to_be() {
    let mut story = Story::new();
    for number in 1..=20_u16 {
        let ip = format!("10.0.{number}.1");
        story.wait(SECOND).on(&[number]).observe(vec![advertises()]);
        // It uses its address before anything says that it is its own.
        story.on(&[number]).beat(&format!("{ROUTER} {ip}"));
        story.wait(SECOND).on(&[number]).arp(ROUTER, &ip);
    }
    let router = story.device(ROUTER);
    for number in 1..=20_u16 {
        assert_eq!(story.device(&format!("10.0.{number}.1")).id, router.id);
    }
    let held = router.bindings.iter().filter(|held| held.until.is_none());
    assert_eq!(held.count(), 20, "each address once");
    assert_eq!(router.interfaces.len(), 20, "each network once");
}

#[test]
fn the_networks_of_a_router_have_a_bound_and_what_falls_out_is_counted() {
    let policy = Policy {
        gateway_interfaces: 10,
        gateway_bindings: 10,
        ..Policy::default()
    };
    let mut story = Story::with(policy);
    networks(&mut story, 12);
    assert!(story.inventory.counters().details_dropped >= 4);
    let router = story.device(ROUTER);
    let held = router.bindings.iter().filter(|held| held.until.is_none());
    assert_eq!(held.count(), 10);
}
