//! What a device does of its own accord: leases, addresses, announcements.

use std::net::Ipv4Addr;

use crate::calendar::{Nanos, SECOND};
use crate::protocol::{arp, cdp, dhcp, intellivue, lldp, mdns, nbns, ndp, sdc, ssdp, syslog};

use super::hour::Stage;
use super::{Device, Segment, Speaks};

/// How often in an hour a device says this without being asked.
pub(super) fn times(speaks: &Speaks) -> u64 {
    match speaks {
        Speaks::Lldp { .. } | Speaks::Cdp { .. } => 60,
        Speaks::IntelliVue { .. } => 12,
        Speaks::Syslog { .. } => 6,
        Speaks::Mdns { .. } | Speaks::Ssdp { .. } => 4,
        Speaks::Sdc { .. } => 2,
        Speaks::Nbns { .. } => 1,
        _ => 0,
    }
}

/// A device that leases its address gets it (one in three) or renews it; every device looks for its router.
pub(super) fn arrive(stage: &mut Stage<'_>, number: usize, at: Nanos) {
    let site = stage.site;
    let device = &site.devices[number];
    let segment = &site.segments[device.segment];
    let (endpoint, router) = (site.endpoint(number), site.router(device.segment));
    let dhcp = device.speaks.iter().find_map(|speaks| match speaks {
        Speaks::Dhcp {
            vendor_class,
            host_name,
            parameters,
        } => Some(dhcp::Client {
            host_name: (!host_name.is_empty()).then_some(host_name.as_str()),
            vendor_class: (!vendor_class.is_empty()).then_some(vendor_class.as_str()),
            parameter_list: parameters,
            client_identifier: true,
            fqdn: None,
        }),
        _ => None,
    });
    let mut tap = stage.tap(device.segment, at);
    let mut leases = false;
    if let Some(profile) = dhcp.filter(|_| device.leased) {
        leases = true;
        let exchange = dhcp::Exchange {
            client: endpoint,
            profile,
            server: router,
            lease: lease(device, segment, &site.domain),
        };
        if tap.random.chance(333_333) {
            exchange.acquire(&mut tap);
            arp::announce(&mut tap, &endpoint);
        } else {
            exchange.renew(&mut tap);
        }
    }
    arp::resolve(&mut tap, &endpoint, &router);
    if let Some(ipv6) = device.ipv6 {
        let router = router.at(router.mac.link_local());
        ndp::resolve(&mut tap, &endpoint.at(ipv6), &router);
        stage.tally.played("ndp");
    }
    stage.tally.played("arp");
    if leases {
        stage.tally.played("dhcp");
    }
}

/// The segment's router answers as DHCP server (or relay).
fn lease<'a>(device: &Device, segment: &Segment, domain: &'a str) -> dhcp::Lease<'a> {
    dhcp::Lease {
        address: device.ipv4,
        mask: segment.mask,
        router: segment.router,
        dns: segment.router,
        domain,
        seconds: 86_400,
    }
}

/// One announcement.
pub(super) fn say(stage: &mut Stage<'_>, number: usize, index: usize, at: Nanos) {
    let site = stage.site;
    let device = &site.devices[number];
    let segment = &site.segments[device.segment];
    let endpoint = site.endpoint(number);
    let broadcast = Ipv4Addr::from(u32::from(device.ipv4) | !u32::from(segment.mask));
    if let Speaks::Syslog { tag, patients } = &device.speaks[index] {
        log(stage, number, (tag, *patients), at);
        return;
    }
    let mut tap = stage.tap(device.segment, at);
    let played = match &device.speaks[index] {
        Speaks::Lldp { .. } | Speaks::Cdp { .. } => {
            announce(&mut tap, device, &device.speaks[index]);
            "lldp, cdp"
        }
        Speaks::Mdns {
            service,
            instance,
            text,
        } => {
            let texts: Vec<&str> = text.iter().map(String::as_str).collect();
            let service = mdns::Service {
                kind: &format!("{}.local", service.trim_end_matches(".local")),
                instance,
                host: &format!("{}.local", device.name),
                port: 80,
                txt: &texts,
            };
            service.announce(&mut tap, &endpoint);
            "mdns"
        }
        Speaks::Ssdp { server, uuid } => {
            let device = ssdp::Device {
                server,
                location: &format!("http://{}:49152/description.xml", device.ipv4),
                uuid,
                target: "upnp:rootdevice",
            };
            device.announce(&mut tap, &endpoint);
            "ssdp"
        }
        Speaks::Nbns { name } => {
            let name = nbns::Name {
                text: &name.to_uppercase(),
                suffix: 0,
                group: false,
            };
            nbns::register(&mut tap, &endpoint, broadcast, &name);
            "nbns"
        }
        Speaks::IntelliVue { .. } => {
            if let Some(monitor) = monitor(&device.speaks[index]) {
                monitor.indicate(&mut tap, &endpoint, segment.mask);
            }
            "intellivue indication"
        }
        Speaks::Sdc { .. } => {
            if let Some(provider) = provider(device, &device.speaks[index]) {
                provider.hello(&mut tap, &endpoint);
                tap.wait_about(SECOND);
                provider.match_probe(&mut tap, &site.router(device.segment), &endpoint);
            }
            "ws-discovery"
        }
        _ => return,
    };
    stage.tally.played(played);
}

/// One entry in the site's log; nothing where the site keeps none.
fn log(stage: &mut Stage<'_>, number: usize, (tag, patients): (&str, bool), at: Nanos) {
    let site = stage.site;
    let Some(host) = site.log_host.filter(|host| *host != number) else {
        return;
    };
    let device = &site.devices[number];
    let patient = patients.then(|| stage.patient(number));
    let (from, to) = (site.endpoint(number), site.seen_on(device.segment, host));
    let entry = syslog::Entry {
        // Facility local0, severity informational.
        priority: 16 * 8 + 6,
        host: &device.name,
        tag,
        text: "session opened",
    };
    let mut tap = stage.tap(device.segment, at);
    entry.send(&mut tap, &from, &to, patient.as_ref());
    stage.tally.played("syslog");
}

fn announce(tap: &mut crate::tap::Tap<'_>, device: &Device, speaks: &Speaks) {
    match speaks {
        Speaks::Lldp {
            system_name,
            description,
            manufacturer,
            model,
            firmware,
            serial,
        } => lldp::Announcement {
            chassis: device.mac,
            port: "1",
            port_description: None,
            system_name: (!system_name.is_empty()).then_some(system_name),
            system_description: (!description.is_empty()).then_some(description),
            capabilities: None,
            management: Some(device.ipv4),
            inventory: (!model.is_empty()).then_some(lldp::Inventory {
                class: 3,
                firmware,
                serial,
                manufacturer,
                model,
                ..lldp::Inventory::default()
            }),
        }
        .send(tap),
        Speaks::Cdp {
            device: name,
            version,
            platform,
        } => cdp::Announcement {
            from: device.mac,
            device: name,
            address: Some(device.ipv4),
            port: "GigabitEthernet1/0/1",
            capabilities: 0x28,
            version,
            platform,
            native_vlan: Some(1),
        }
        .send(tap),
        _ => {}
    }
}

/// The monitor that a device is.
pub(super) fn monitor(speaks: &Speaks) -> Option<intellivue::Monitor<'_>> {
    match speaks {
        Speaks::IntelliVue {
            model,
            serial,
            software,
            bed,
        } => Some(intellivue::Monitor {
            manufacturer: "Philips",
            model,
            serial,
            software,
            bed,
        }),
        _ => None,
    }
}

/// The SDC provider that a device is.
pub(super) fn provider<'a>(device: &'a Device, speaks: &'a Speaks) -> Option<sdc::Provider<'a>> {
    match speaks {
        Speaks::Sdc {
            uuid,
            kind,
            manufacturer,
            model,
            serial,
        } => Some(sdc::Provider {
            uuid: uuid.trim_start_matches("urn:uuid:"),
            kind: *kind,
            location: ["HOSP", "", ""],
            manufacturer,
            model,
            model_number: model,
            name: &device.name,
            firmware: "",
            serial,
            http_server: "",
            port: 6_464,
        }),
        _ => None,
    }
}
