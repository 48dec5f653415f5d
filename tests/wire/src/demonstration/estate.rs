//! Who is there.

use std::net::{IpAddr, Ipv4Addr};

use crate::address::{Endpoint, Mac};
use crate::calendar::{Nanos, SECOND};
use crate::canary::{Canaries, Canary, Kind};
use crate::patient::Patient;
use crate::stack::{self, Stack};
use crate::tap::{Link, Tag};
use crate::tunnel::{Tunnel, TunnelEnds};

/// 2026-03-02T09:00:00Z.
pub const START: Nanos = 1_772_442_000 * SECOND;

/// The devices, patients and accounts of the demonstration.
#[derive(Debug)]
pub struct Estate {
    /// Patients in their beds.
    pub patients: Vec<Patient>,
    /// A user's account.
    pub user: Canary,
    /// An SNMP community.
    pub community: Canary,
}

impl Estate {
    pub(super) fn new(canaries: &mut Canaries) -> Self {
        let patients = [
            ("19370412", 'F'),
            ("19890101", 'M'),
            ("20240229", 'F'),
            ("19651231", 'M'),
            ("19500615", 'O'),
        ];
        Self {
            patients: patients
                .map(|(born, sex)| Patient::new(canaries, born, sex))
                .into(),
            user: canaries.issue(Kind::Credential),
            community: canaries.issue(Kind::Credential),
        }
    }
}

const fn v4(third: u8, last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 20, third, last))
}

macro_rules! devices {
    ($($(#[$doc:meta])* $name:ident = $mac:expr, $third:expr, $last:expr, $stack:ident;)*) => {
        $($(#[$doc])* pub(super) fn $name() -> Endpoint {
            Endpoint { mac: Mac($mac), ip: v4($third, $last), stack: &stack::$stack, hops: 0 }
        })*
    };
}

devices! {
    /// Core switch and router.
    router = [0x00, 0x1b, 0x54, 0x10, 0x00, 0x01], 2, 1, NETWORK;
    /// Domain controller: DHCP, DNS, time.
    domain = [0x00, 0x15, 0x5d, 0x20, 0x00, 0x0a], 2, 10, WINDOWS;
    /// Syslog and monitoring.
    monitoring = [0x52, 0x54, 0x00, 0x20, 0x00, 0x0b], 2, 11, LINUX;
    /// Infusion pumps.
    pump_a = [0x00, 0x03, 0xb1, 0x11, 0x22, 0x01], 2, 101, VXWORKS;
    pump_b = [0x00, 0x03, 0xb1, 0x11, 0x22, 0x02], 2, 102, VXWORKS;
    pump_c = [0x00, 0x12, 0x21, 0x33, 0x44, 0x05], 2, 103, EMBEDDED;
    /// Server of the pumps.
    pump_server = [0x00, 0x15, 0x5d, 0x20, 0x00, 0x1e], 2, 30, WINDOWS;
    /// Bedside monitors.
    monitor_a = [0x00, 0x09, 0xfb, 0x50, 0x60, 0x01], 2, 121, VXWORKS;
    monitor_b = [0x00, 0x09, 0xfb, 0x50, 0x60, 0x02], 2, 122, VXWORKS;
    /// Central station.
    central = [0x00, 0x1e, 0xc9, 0x50, 0x60, 0x10], 2, 120, WINDOWS;
    /// Scanners.
    ct = [0x08, 0x00, 0x06, 0x07, 0x08, 0x01], 3, 21, WINDOWS;
    mr = [0x00, 0x10, 0x18, 0x07, 0x08, 0x02], 3, 22, LINUX;
    ultrasound = [0x00, 0x1d, 0x09, 0x07, 0x08, 0x03], 3, 23, WINDOWS_XP;
    /// Where images are read.
    reading = [0xa4, 0xbb, 0x6d, 0x30, 0x00, 0x2a], 3, 42, WINDOWS;
    /// Image archive and radiology's schedule.
    pacs = [0x00, 0x50, 0x56, 0x30, 0x00, 0x28], 3, 40, LINUX;
    ris = [0x00, 0x50, 0x56, 0x30, 0x00, 0x29], 3, 41, WINDOWS;
    /// Interface engine, admission, device gateway.
    engine = [0x00, 0x50, 0x56, 0x20, 0x00, 0x32], 2, 50, LINUX;
    admission = [0x00, 0x50, 0x56, 0x20, 0x00, 0x33], 2, 51, WINDOWS;
    gateway = [0x00, 0x50, 0x56, 0x20, 0x00, 0x34], 2, 52, LINUX;
    /// Laboratory: analyzer behind a serial server, its system, a blood gas analyzer, its data manager.
    analyzer = [0x00, 0x40, 0x9d, 0x44, 0x55, 0x01], 6, 71, EMBEDDED;
    laboratory = [0x00, 0x50, 0x56, 0x60, 0x00, 0x46], 6, 70, WINDOWS;
    blood_gas = [0x00, 0x80, 0x64, 0x44, 0x55, 0x02], 6, 72, WINDOWS;
    /// Anaesthesia machine and the operating room's display.
    anaesthesia = [0x00, 0x30, 0xe6, 0x66, 0x77, 0x01], 2, 131, LINUX;
    display = [0x00, 0x30, 0xe6, 0x66, 0x77, 0x02], 2, 132, LINUX;
    /// Office.
    workstation = [0xa4, 0xbb, 0x6d, 0x90, 0x00, 0x01], 9, 51, WINDOWS;
    files = [0x00, 0x15, 0x5d, 0x90, 0x00, 0x14], 9, 20, WINDOWS;
    printer = [0x00, 0x21, 0x5a, 0x90, 0x00, 0x02], 9, 60, EMBEDDED;
    telephone = [0x00, 0x04, 0xf2, 0x90, 0x00, 0x03], 9, 61, LINUX;
    camera = [0xac, 0xcc, 0x8e, 0x90, 0x00, 0x04], 9, 62, LINUX;
    tablet = [0x3a, 0x71, 0x0c, 0x90, 0x00, 0x05], 9, 63, APPLE;
}

/// A host somewhere outside, seen behind the router.
pub(super) fn outside(address: [u8; 4], stack: &'static Stack) -> Endpoint {
    let router = router().mac;
    Endpoint::new(router, Ipv4Addr::from(address), stack).behind(router, 11)
}

/// The clinical VLAN, mirrored at a switch.
pub(super) fn clinical() -> Link {
    Link {
        tags: vec![Tag::c(20)],
        ..Link::default()
    }
}

/// A VLAN inside the provider's tag of another building.
pub(super) fn stacked() -> Link {
    Link {
        tags: vec![Tag::s(900), Tag::c(60)],
        ..Link::default()
    }
}

/// Both ports of a conversation are mirrored: every frame comes twice.
pub(super) fn mirrored_twice() -> Link {
    Link {
        tags: vec![Tag::c(30)],
        copies: vec![3_500],
        ..Link::default()
    }
}

fn tunnel_ends(last: u8) -> TunnelEnds {
    TunnelEnds {
        from_mac: Mac([0x00, 0x1b, 0x54, 0x10, 0x00, last]),
        to_mac: Mac([0x02, 0x42, 0xac, 0x11, 0x00, 0x02]),
        from: Ipv4Addr::new(172, 16, 0, last),
        to: Ipv4Addr::new(172, 16, 0, 200),
    }
}

/// A remote switch's ERSPAN session.
pub(super) fn remote_switch() -> Link {
    Link {
        tags: vec![Tag::c(20)],
        tunnel: Some(Tunnel::erspan(tunnel_ends(7), 42, 1_031)),
        ..Link::default()
    }
}

/// Another one, whose platform writes type III.
pub(super) fn remote_switch_three() -> Link {
    Link {
        tags: vec![Tag::c(30)],
        tunnel: Some(Tunnel::erspan_three(tunnel_ends(8), 77, 5)),
        ..Link::default()
    }
}

/// The mirror of a virtual switch.
pub(super) fn virtual_switch() -> Link {
    Link {
        tunnel: Some(Tunnel::vxlan(tunnel_ends(9), 5_009, 51_717)),
        ..Link::default()
    }
}
