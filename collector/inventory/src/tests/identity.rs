//! Which device it is.

use auscult_proto::observation::{Body, Subject};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, Field};

use super::*;
use crate::{DeviceClass, Identifier, Status};

const PUMP: &str = "00:1a:01:00:00:01";
const MONITOR: &str = "00:09:fb:00:00:02";
const ROUTER: &str = "00:00:0c:11:22:33";
const DOCK: &str = "00:50:b6:00:00:09";

#[test]
fn one_interface_in_two_vlans_is_one_device_with_two_realms() {
    let mut story = Story::new();
    story.on(&[10]).arp(PUMP, "10.0.10.5");
    story.on(&[20]).arp(PUMP, "10.0.20.5");
    let pump = story.device(PUMP);
    assert_eq!(pump.class, DeviceClass::Physical);
    assert_eq!(pump.interfaces.len(), 2);
    assert_eq!(pump.bindings.len(), 2);
    assert_eq!(story.inventory.device_count(), 1);
}

#[test]
fn the_same_private_address_in_two_realms_is_two_devices() {
    let mut story = Story::new();
    story.on(&[100, 7]).arp(PUMP, "192.168.1.5");
    story.on(&[200, 7]).arp(MONITOR, "192.168.1.5");
    assert_ne!(story.device(PUMP).id, story.device(MONITOR).id);
    assert!(story.device(PUMP).bindings.iter().all(|b| !b.contested));
}

#[test]
fn group_and_zero_addresses_are_never_devices() {
    let mut story = Story::new();
    for who in [
        "01:00:5e:00:00:01 10.0.0.1",
        "ff:ff:ff:ff:ff:ff 10.0.0.255",
        "00:00:00:00:00:00 224.0.0.1",
    ] {
        story.beat(who);
    }
    story.arp("ff:ff:ff:ff:ff:ff", "10.0.0.9");
    assert_eq!(story.inventory.device_count(), 0);
}

#[test]
fn an_interface_with_many_addresses_is_a_router_and_what_came_through_it_goes_to_whoever_sent_it() {
    let mut story = Story::new();
    story.arp(ROUTER, "10.0.0.1");
    story.observe(vec![fact(
        &format!("{ROUTER} 10.9.0.1"),
        Attribute::ImplementationVersion,
        "OFFIS_DCMTK_366",
    )]);
    assert_eq!(
        values(&story.device(ROUTER), Attribute::ImplementationVersion),
        ["OFFIS_DCMTK_366"],
        "nothing is known yet that would speak against it"
    );
    story.observe(vec![Body::Conversation(talk(
        PUMP,
        &format!("{ROUTER} 10.9.0.1"),
        104,
        5_000,
    ))]);
    for host in 2..=4 {
        story.wait(SECOND).beat(&format!("{ROUTER} 10.9.0.{host}"));
    }
    let router = story.device(ROUTER);
    assert!(router.gateway);
    assert_eq!(router.roles[0].role, "router");
    assert!(values(&router, Attribute::ImplementationVersion).is_empty());
    assert!(router.services.is_empty(), "the service was not its own");
    assert_eq!(
        story.device("10.0.0.1").id,
        router.id,
        "its own address stays"
    );
    let archive = story.device("10.9.0.1");
    assert_eq!(archive.class, DeviceClass::Routed);
    assert_eq!(
        archive.first_seen, START,
        "since it was seen, not since the router was known"
    );
    assert_eq!(
        values(&archive, Attribute::ImplementationVersion),
        ["OFFIS_DCMTK_366"]
    );
    assert_eq!(archive.services.len(), 1);
    assert_eq!(
        story.inventory.device_count(),
        6,
        "router, pump and four hosts"
    );
}

#[test]
fn three_addresses_are_not_enough_for_a_router_and_temporary_ipv6_addresses_count_once() {
    let mut story = Story::new();
    for host in 1..=9 {
        story.beat(&format!("{PUMP} 2001:db8::{host}"));
    }
    for host in 1..=2 {
        story.beat(&format!("{PUMP} 10.9.0.{host}"));
    }
    assert!(!story.device(PUMP).gateway);
    story.beat(&format!("{PUMP} 10.9.0.3"));
    assert!(story.device(PUMP).gateway);
}

#[test]
fn addresses_used_one_after_another_do_not_make_a_router() {
    let mut story = Story::new();
    for host in 1..=9 {
        story.wait(2 * HOUR).beat(&format!("{PUMP} 10.0.0.{host}"));
    }
    let pump = story.device(PUMP);
    assert!(!pump.gateway);
    let open = pump
        .bindings
        .iter()
        .filter(|binding| binding.until.is_none());
    assert_eq!(open.count(), 1);
}

#[test]
fn a_router_advertisement_makes_a_router_at_once() {
    let mut story = Story::new();
    let source = (Field::NdpRouterAdvertisement, ConfidenceClass::D2);
    story.observe(vec![stated(
        ROUTER,
        Subject::Sender,
        Attribute::Role,
        source,
        "router",
    )]);
    assert!(story.device(ROUTER).gateway);
    story.beat(&format!("{ROUTER} 10.9.0.1"));
    assert_eq!(story.device("10.9.0.1").class, DeviceClass::Routed);
}

#[test]
fn a_virtual_router_address_is_a_router_of_its_realm_only() {
    let mut story = Story::new();
    let group = "00:00:5e:00:01:01";
    story.on(&[10]).beat(&format!("{group} 10.1.0.7"));
    story.on(&[20]).beat(&format!("{group} 10.1.0.7"));
    assert_eq!(story.devices(group).len(), 2);
    let hosts = story.devices("10.1.0.7");
    assert_eq!(hosts.len(), 2, "the group joins no realms");
}

#[test]
fn a_router_seen_in_two_vlans_joins_what_is_known_in_both() {
    let mut story = Story::new();
    let source = (Field::NdpRouterAdvertisement, ConfidenceClass::D2);
    let advertises = || stated(ROUTER, Subject::Sender, Attribute::Role, source, "router");
    story.on(&[10]).observe(vec![advertises()]);
    story.on(&[10]).beat(&format!("{ROUTER} 10.0.20.7"));
    let routed = story.device("10.0.20.7").id;
    story.wait(SECOND).on(&[20]).arp(PUMP, "10.0.20.7");
    assert_eq!(
        story.devices("10.0.20.7").len(),
        2,
        "nothing says yet that they are one"
    );
    let events = story.wait(SECOND).on(&[20]).observe(vec![advertises()]);
    let pump = story.device("10.0.20.7");
    assert_eq!(pump.macs, [mac(PUMP)]);
    assert_eq!(pump.id, routed, "the older identity goes on");
    assert!(names(&events).contains(&"merged"));
    story.on(&[10]).beat(&format!("{ROUTER} 10.0.20.7"));
    assert_eq!(story.inventory.device_count(), 2);
}

#[test]
fn hosts_on_the_internet_are_peers_and_not_devices() {
    let mut story = Story::new();
    story.observe(vec![stated(
        ROUTER,
        Subject::Sender,
        Attribute::Role,
        (Field::NdpRouterAdvertisement, ConfidenceClass::D2),
        "router",
    )]);
    story.observe(vec![Body::Conversation(talk(
        &format!("{PUMP} 10.0.0.5"),
        &format!("{ROUTER} 93.184.216.34"),
        443,
        900,
    ))]);
    assert_eq!(story.inventory.device_count(), 2);
    assert_eq!(story.inventory.conversation_count(), 1);
}

#[test]
fn an_unanswered_scan_makes_no_devices() {
    let mut story = Story::new();
    let scans = (1..=200)
        .map(|host| {
            let mut scan = talk(PUMP, &format!("10.0.3.{host}"), 22, 60);
            scan.client.ip = Some(ip("10.0.0.5"));
            scan.packets_to_server = 1;
            scan.bytes_to_client = 0;
            scan.packets_to_client = 0;
            scan.one_way = true;
            Body::Conversation(scan)
        })
        .collect();
    story.observe(scans);
    assert_eq!(story.inventory.device_count(), 1);
}

#[test]
fn a_reused_lease_leaves_the_former_holder_what_was_its_own() {
    let mut story = Story::new();
    story.lease(PUMP, "10.0.0.50", 3_600);
    story.observe(vec![fact("10.0.0.50", Attribute::Application, "PUMPSRV")]);
    story.wait(2 * HOUR).lease(MONITOR, "10.0.0.50", 3_600);
    story.observe(vec![fact(
        "10.0.0.50",
        Attribute::Application,
        "MONITORING",
    )]);
    let (pump, monitor) = (story.device(PUMP), story.device(MONITOR));
    assert_eq!(values(&pump, Attribute::Application), ["PUMPSRV"]);
    assert_eq!(values(&monitor, Attribute::Application), ["MONITORING"]);
    assert!(pump.bindings[0].until.is_some());
    assert_eq!(story.device("10.0.0.50").id, monitor.id);
}

#[test]
fn a_new_lease_for_another_client_ends_the_old_one_at_once() {
    let mut story = Story::new();
    story.lease(PUMP, "10.0.0.50", 86_400);
    story.wait(SECOND).lease(MONITOR, "10.0.0.50", 86_400);
    assert_eq!(story.device(PUMP).bindings[0].until, Some(START + SECOND));
    assert_eq!(story.device("10.0.0.50").macs, [mac(MONITOR)]);
}

#[test]
fn a_released_address_is_nobodys() {
    let mut story = Story::new();
    story.lease(PUMP, "10.0.0.50", 86_400);
    let mut released = binding(PUMP, "10.0.0.50", BindingSource::Dhcpv4Ack, 0);
    if let Body::Binding(binding) = &mut released {
        binding.released = true;
    }
    story.wait(MINUTE).observe(vec![released]);
    assert!(story.devices("10.0.0.50").is_empty());
    assert_eq!(story.device(PUMP).bindings[0].until, Some(START + MINUTE));
}

#[test]
fn a_lease_ends_by_itself_unless_traffic_still_shows_it() {
    let mut story = Story::new();
    story.lease(PUMP, "10.0.0.50", 600);
    story.lease(MONITOR, "10.0.0.51", 600);
    story
        .wait(11 * MINUTE)
        .beat(&format!("{MONITOR} 10.0.0.51"));
    story.wait(4 * MINUTE + SECOND).beat(DOCK);
    assert!(story.devices("10.0.0.50").is_empty());
    assert_eq!(story.device("10.0.0.51").macs, [mac(MONITOR)]);
}

#[test]
fn two_interfaces_that_state_one_address_contest_it_until_one_is_silent() {
    let mut story = Story::new();
    story.arp(PUMP, "10.0.0.5");
    let events = story.wait(10 * SECOND).arp(DOCK, "10.0.0.5");
    assert!(names(&events).contains(&"changed"));
    for who in [PUMP, DOCK] {
        assert!(story.device(who).bindings[0].contested, "{who}");
    }
    story.observe(vec![fact("10.0.0.5", Attribute::Application, "WHOSE")]);
    assert_eq!(story.inventory.counters().facts_contested, 1);
    assert_eq!(
        story.inventory.device_count(),
        2,
        "nor is it a third device's"
    );
    story.wait(2 * MINUTE).arp(DOCK, "10.0.0.5");
    assert!(!story.device(DOCK).bindings[0].contested);
    assert!(story.device(PUMP).bindings[0].until.is_some());
}

#[test]
fn an_address_that_moves_after_a_silence_just_moves() {
    let mut story = Story::new();
    story.arp(PUMP, "10.0.0.5");
    story.wait(10 * MINUTE).arp(DOCK, "10.0.0.5");
    assert!(
        story
            .inventory
            .devices()
            .all(|device| device.bindings.iter().all(|b| !b.contested))
    );
    assert_eq!(story.device("10.0.0.5").macs, [mac(DOCK)]);
}

#[test]
fn a_randomised_address_is_a_short_lived_device_without_a_name() {
    let mut story = Story::new();
    let phone = "da:a1:19:00:00:01";
    story.arp(phone, "10.0.0.77");
    story.says(phone, Attribute::Hostname, "Marys-iPhone");
    let device = story.device(phone);
    assert_eq!(device.class, DeviceClass::Ephemeral);
    assert!(values(&device, Attribute::Hostname).is_empty());
    assert_eq!(story.inventory.counters().names_suppressed, 1);
    let events = story.wait(DAY + MINUTE).beat(PUMP);
    assert_eq!(names(&events), ["gone", "new"]);
    assert_eq!(story.device(phone).status, Status::Gone);
}

#[test]
fn a_relayed_lease_is_the_clients_and_not_the_relays() {
    let mut story = Story::new();
    let relay = format!("{ROUTER} 10.0.0.1");
    let subject = || Subject::Endpoint(endpoint(PUMP));
    let source = (Field::Dhcpv4Opt12, ConfidenceClass::D5);
    story.observe(vec![
        stated(&relay, subject(), Attribute::Hostname, source, "pump-17"),
        binding(PUMP, "10.7.0.4", BindingSource::Dhcpv4Ack, 3_600),
    ]);
    let pump = story.device(PUMP);
    assert_eq!(values(&pump, Attribute::Hostname), ["pump-17"]);
    assert!(pump.interfaces.is_empty(), "it was never seen on this link");
    assert!(values(&story.device(ROUTER), Attribute::Hostname).is_empty());
    let found = story.device("10.7.0.4");
    assert_eq!(found.id, pump.id);
}

#[test]
fn a_device_known_by_address_is_absorbed_by_a_binding_that_begins_soon_after() {
    let mut story = Story::new();
    story.observe(vec![fact("10.7.0.4", Attribute::Application, "PUMPSRV")]);
    let first = story.device("10.7.0.4").id;
    let events = story.wait(HOUR).lease(PUMP, "10.7.0.4", 3_600);
    let pump = story.device(PUMP);
    assert_eq!(pump.id, first);
    assert_eq!(values(&pump, Attribute::Application), ["PUMPSRV"]);
    assert!(
        !names(&events).contains(&"merged"),
        "nobody heard of the other one: {events:?}"
    );
    assert_eq!(story.inventory.device_count(), 1);
}

#[test]
fn a_device_known_by_address_for_long_is_not_who_gets_the_address_now() {
    let mut story = Story::new();
    story.observe(vec![fact("10.7.0.4", Attribute::Application, "OLD")]);
    story
        .wait(23 * HOUR)
        .observe(vec![fact("10.7.0.4", Attribute::Application, "OLD")]);
    let old = story.device("10.7.0.4").id;
    story.wait(10 * HOUR).lease(PUMP, "10.7.0.4", 3_600);
    let pump = story.device("10.7.0.4");
    assert_ne!(pump.id, old);
    assert!(values(&pump, Attribute::Application).is_empty());
    assert_eq!(story.inventory.device_count(), 2);
}

#[test]
fn two_published_devices_that_are_one_are_merged_in_public() {
    let mut story = Story::new();
    story.beat("10.7.0.4");
    story.wait(SECOND).beat(PUMP);
    let (routed, pump) = (story.device("10.7.0.4").id, story.device(PUMP).id);
    let events = story.wait(SECOND).lease(PUMP, "10.7.0.4", 3_600);
    let merged = events.iter().find_map(|event| match event {
        EventKind::DeviceMerged { device, absorbed } => Some((device.id, *absorbed)),
        _ => None,
    });
    assert_eq!(merged, Some((routed, pump)), "the older identity goes on");
    assert_eq!(story.device(PUMP).merged_from, [pump]);
    assert!(
        !story
            .records
            .keys()
            .any(|key| key.as_str().ends_with(&pump.to_string()))
    );
}

#[test]
fn a_called_title_is_the_called_devices_and_hearsay() {
    let mut story = Story::new();
    story.arp(MONITOR, "10.0.0.20");
    let called = Subject::Endpoint(endpoint(&format!("{MONITOR} 10.0.0.20")));
    let source = (Field::DicomCalledAe, ConfidenceClass::D5);
    let client = format!("{PUMP} 10.0.0.5");
    story.observe(vec![stated(
        &client,
        called,
        Attribute::AeTitle,
        source,
        "PACS1",
    )]);
    let archive = story.device(MONITOR);
    assert_eq!(values(&archive, Attribute::AeTitle), ["PACS1"]);
    let source = &archive.attributes[0].candidates[0].sources[0];
    assert!(source.flags.has(FactFlags::HEARSAY));
    assert!(values(&story.device(PUMP), Attribute::AeTitle).is_empty());
}

#[test]
fn an_eui64_made_from_an_interface_address_names_the_same_device() {
    let mut story = Story::new();
    story.beat("08:00:19:01:02:03");
    let source = (Field::Hl7Msh3, ConfidenceClass::D1);
    story.wait(SECOND).observe(vec![stated(
        "10.7.0.4",
        Subject::Sender,
        Attribute::Eui64,
        source,
        "080019FFFE010203",
    )]);
    let device = story.device("08:00:19:01:02:03");
    assert_eq!(story.inventory.device_count(), 1);
    assert_eq!(story.device("10.7.0.4").id, device.id);
    assert_eq!(
        device.identifiers,
        [Identifier::Eui64([8, 0, 0x19, 0xff, 0xfe, 1, 2, 3])]
    );
}

#[test]
fn an_eui64_seen_first_waits_for_its_interface() {
    let mut story = Story::new();
    let source = (Field::Hl7Msh3, ConfidenceClass::D1);
    story.observe(vec![stated(
        "10.7.0.4",
        Subject::Sender,
        Attribute::Eui64,
        source,
        "080019FFFE010203",
    )]);
    let first = story.device("10.7.0.4").id;
    story
        .wait(SECOND)
        .on(&[5])
        .arp("08:00:19:01:02:03", "10.5.0.4");
    assert_eq!(story.device("08:00:19:01:02:03").id, first);
    assert_eq!(story.device("10.7.0.4").class, DeviceClass::Physical);
}

#[test]
fn an_hl7_gateway_is_none_of_the_devices_it_speaks_for() {
    let mut story = Story::new();
    story.beat("08:00:19:01:02:03");
    let source = (Field::Hl7Msh3, ConfidenceClass::D1);
    for eui in ["080019FFFE010203", "001A01FFFE000001", "001A01FFFE000002"] {
        story.wait(SECOND).observe(vec![
            stated("10.7.0.4", Subject::Sender, Attribute::Eui64, source, eui),
            fact("10.7.0.4", Attribute::Application, "ENGINE"),
        ]);
    }
    let engine = story.device("10.7.0.4");
    assert!(engine.forwarder);
    assert!(engine.identifiers.is_empty());
    assert_eq!(values(&engine, Attribute::Application), ["ENGINE"]);
    assert_eq!(engine.roles[0].role, "hl7 gateway");
    let first = story.device("08:00:19:01:02:03");
    assert_ne!(
        first.id, engine.id,
        "what was joined too early is apart again"
    );
    assert!(values(&first, Attribute::Application).is_empty());
    assert_eq!(values(&first, Attribute::Eui64), ["080019FFFE010203"]);
    assert_eq!(story.inventory.device_count(), 4);
}

#[test]
fn a_gateway_on_the_link_speaks_for_devices_that_are_not_itself() {
    let mut story = Story::new();
    let source = (Field::Hl7Msh3, ConfidenceClass::D1);
    let eui = "001A01FFFE000001";
    story.observe(vec![stated(
        MONITOR,
        Subject::Sender,
        Attribute::Eui64,
        source,
        eui,
    )]);
    assert!(story.device(MONITOR).forwarder);
    let reported: Vec<_> = story
        .inventory
        .devices()
        .filter(|device| device.class == DeviceClass::Reported)
        .collect();
    assert_eq!(reported.len(), 1);
    story.wait(SECOND).beat("00:1a:01:00:00:01");
    assert_eq!(story.device("00:1a:01:00:00:01").id, reported[0].id);
}

#[test]
fn a_switch_and_a_telephone_say_what_they_are() {
    let mut story = Story::new();
    let source = (Field::LldpCapabilities, ConfidenceClass::D2);
    for (who, word) in [(DOCK, "bridge"), (PUMP, "bridge,telephone")] {
        story.observe(vec![stated(
            who,
            Subject::Sender,
            Attribute::Capabilities,
            source,
            word,
        )]);
    }
    assert_eq!(story.device(DOCK).roles[0].role, "switch");
    assert_eq!(story.device(PUMP).roles[0].role, "telephone");
}

#[test]
fn a_duid_names_the_interface_of_a_client_behind_a_relay() {
    let mut story = Story::new();
    story.beat(PUMP);
    let source = (Field::Dhcpv6Opt1Duid, ConfidenceClass::D4);
    story.wait(SECOND).observe(vec![stated(
        "fd00::5",
        Subject::Sender,
        Attribute::Duid,
        source,
        "00030001001a01000001",
    )]);
    assert_eq!(story.device("fd00::5").id, story.device(PUMP).id);
    story.observe(vec![stated(
        MONITOR,
        Subject::Sender,
        Attribute::Duid,
        source,
        "00030001001a01000001",
    )]);
    assert_ne!(
        story.device(MONITOR).id,
        story.device(PUMP).id,
        "a copy is not the original"
    );
}
