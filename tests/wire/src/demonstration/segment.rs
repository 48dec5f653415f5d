//! Boot and housekeeping of a segment: ARP, NDP, DHCP, LLDP, CDP, DNS, NTP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::Endpoint;
use crate::calendar::SECOND;
use crate::protocol::{arp, cdp, dhcp, dns, lldp, ndp, ntp};
use crate::tap::Link;

use super::Scene;
use super::estate::{self, clinical, remote_switch};

struct Booting {
    purpose: &'static str,
    endpoint: Endpoint,
    profile: dhcp::Client<'static>,
    link: fn() -> Link,
}

fn booting() -> [Booting; 6] {
    let boot = |purpose, endpoint, host_name, vendor_class, parameter_list, fqdn, link| Booting {
        purpose,
        endpoint,
        profile: dhcp::Client {
            host_name,
            vendor_class,
            parameter_list,
            client_identifier: true,
            fqdn,
        },
        link,
    };
    let windows: &[u8] = &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252];
    let office = Link::default;
    [
        boot(
            "pump a",
            estate::pump_a(),
            Some("PLUM360-16004711"),
            None,
            &[1, 3, 6, 15, 42],
            None,
            clinical,
        ),
        boot(
            "pump b",
            estate::pump_b(),
            Some("PLUM360-16004712"),
            None,
            &[1, 3, 6, 15, 42],
            None,
            clinical,
        ),
        boot(
            "pump c",
            estate::pump_c(),
            None,
            Some("SpaceCom"),
            &[1, 28, 3, 6],
            None,
            remote_switch,
        ),
        boot(
            "workstation",
            estate::workstation(),
            Some("WARD3-WS07"),
            Some("MSFT 5.0"),
            windows,
            Some("WARD3-WS07.hospital.example"),
            office,
        ),
        boot(
            "printer",
            estate::printer(),
            Some("NPI900002"),
            Some("Mfg=HP;Typ=Printer;Mod=HP LaserJet M609;Ser=CNBVK12345;"),
            &[6, 3, 1, 15, 66, 67, 13, 44, 12, 81, 252],
            None,
            office,
        ),
        boot(
            "tablet",
            estate::tablet(),
            Some("ward-3-ipad"),
            None,
            &[1, 121, 3, 6, 15, 108, 114, 119, 252],
            None,
            office,
        ),
    ]
}

pub(super) fn play(scene: &mut Scene<'_>) {
    addresses(scene);
    announcements(scene);
    names_and_time(scene);
    version_six(scene);
}

fn addresses(scene: &mut Scene<'_>) {
    let (server, router) = (estate::domain(), estate::router());
    for (index, device) in booting().into_iter().enumerate() {
        let IpAddr::V4(address) = device.endpoint.ip else {
            continue;
        };
        let [a, b, c, _] = address.octets();
        let lease = dhcp::Lease {
            address,
            mask: Ipv4Addr::new(255, 255, 255, 0),
            router: Ipv4Addr::new(a, b, c, 1),
            dns: Ipv4Addr::new(10, 20, 2, 10),
            domain: "hospital.example",
            seconds: 691_200,
        };
        let exchange = dhcp::Exchange {
            client: device.endpoint,
            profile: device.profile,
            server,
            lease,
        };
        let mut tap = scene.tap(device.purpose, (device.link)(), index as u64 * 7);
        exchange.acquire(&mut tap);
        arp::announce(&mut tap, &device.endpoint);
        arp::resolve(&mut tap, &device.endpoint, &router.at(lease.router));
        tap.wait(600 * SECOND);
        exchange.renew(&mut tap);
        if device.purpose == "tablet" {
            tap.wait(60 * SECOND);
            exchange.release(&mut tap);
        }
    }
}

fn announcements(scene: &mut Scene<'_>) {
    let router = estate::router();
    let mut tap = scene.tap("switch", Link::default(), 3);
    for _ in 0..3 {
        lldp::Announcement {
            chassis: router.mac,
            port: "Gi1/0/24",
            port_description: Some("ward 3 north"),
            system_name: Some("sw-ward3.hospital.example"),
            system_description: Some(
                "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3",
            ),
            capabilities: Some((0x0014, 0x0014)),
            management: Some(Ipv4Addr::new(10, 20, 2, 1)),
            inventory: None,
        }
        .send(&mut tap);
        cdp::Announcement {
            from: router.mac,
            device: "sw-ward3.hospital.example",
            address: Some(Ipv4Addr::new(10, 20, 2, 1)),
            port: "GigabitEthernet1/0/24",
            capabilities: 0x28,
            version: "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3\nTechnical Support: http://www.cisco.com/techsupport",
            platform: "cisco WS-C2960X-48FPD-L",
            native_vlan: Some(20),
        }
        .send(&mut tap);
        tap.wait(60 * SECOND);
    }
    let mut tap = scene.tap("telephone", Link::default(), 5);
    lldp::Announcement {
        chassis: estate::telephone().mac,
        port: "1",
        port_description: None,
        system_name: Some("Polycom VVX 411"),
        system_description: Some("Polycom;VVX-VVX_411;3111-48450-001,5.9.6.2327"),
        capabilities: Some((0x0024, 0x0020)),
        management: None,
        inventory: Some(lldp::Inventory {
            class: 3,
            hardware: "3111-48450-001",
            firmware: "5.9.6.2327",
            software: "5.9.6.2327",
            serial: "0004F2900003",
            manufacturer: "Polycom",
            model: "VVX 411",
            asset: "A-20931",
        }),
    }
    .send(&mut tap);
}

fn names_and_time(scene: &mut Scene<'_>) {
    let domain = estate::domain();
    let lookups = [
        (
            "pump server",
            estate::pump_a(),
            "pumps.hospital.example",
            IpAddr::V4(Ipv4Addr::new(10, 20, 2, 30)),
        ),
        (
            "update",
            estate::workstation(),
            "ctldl.windowsupdate.com",
            IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14)),
        ),
        (
            "archive",
            estate::mr(),
            "pacs.hospital.example",
            IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0x20, 3, 0, 0, 0, 0x28)),
        ),
    ];
    for (purpose, client, name, address) in lookups {
        let mut tap = scene.tap(purpose, clinical(), 40);
        dns::lookup(&mut tap, &client, &domain, name, address);
    }
    let source = ntp::Server {
        stratum: 2,
        reference: [192, 53, 103, 108],
    };
    for (purpose, client) in [
        ("time a", estate::pump_a()),
        ("time b", estate::monitor_a()),
    ] {
        let mut tap = scene.tap(purpose, clinical(), 45);
        for _ in 0..3 {
            ntp::poll(&mut tap, &client, &domain, source);
            tap.wait(64 * SECOND);
        }
    }
}

fn version_six(scene: &mut Scene<'_>) {
    let prefix = Ipv6Addr::new(0x2001, 0xdb8, 0x20, 9, 0, 0, 0, 0);
    let router = estate::router();
    let router = router.at(router.mac.link_local());
    let laptop = estate::workstation();
    let laptop = laptop.at(laptop.mac.link_local());
    let mut tap = scene.tap("version six", Link::default(), 50);
    ndp::detect_duplicate(&mut tap, &laptop);
    ndp::advertise_router(
        &mut tap,
        &router,
        &ndp::RouterAdvertisement {
            lifetime: 1800,
            managed: false,
            prefix: (prefix, 64),
        },
    );
    tap.wait_about(SECOND);
    ndp::resolve(&mut tap, &laptop, &router);
}
