//! A site of any size with a plain mix of devices: for measuring, and for the tests of [`crate::site`]. It is no model of a hospital.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::address::Mac;
use crate::protocol::dicom;
use crate::site::{Conversation, Device, Segment, Site, Speaks, System};

/// Devices in one segment.
const SEGMENT: usize = 200;
/// Servers, which stand in the first segment.
const SERVERS: usize = 8;
const NAMES: usize = 0;
const ARCHIVE: usize = 1;
const SCHEDULE: usize = 2;
const ENGINE: usize = 3;
const PUMPS: usize = 4;
const FILES: usize = 5;
const LABORATORY: usize = 6;
const CENTRAL: usize = 7;

/// A site with `devices` devices, at least the eight servers and one client of each kind.
#[must_use]
pub fn site(devices: usize) -> Site {
    let devices = devices.max(SERVERS + 10);
    let segments = (0..=devices / SEGMENT).map(|index| Segment {
        vlan: 100 + index as u16,
        mask: Ipv4Addr::new(255, 255, 255, 0),
        router: Ipv4Addr::new(10, 50, index as u8, 1),
        router_mac: Mac([0x00, 0x1b, 0x54, 0x00, 0x00, index as u8]),
    });
    let mut site = Site {
        segments: segments.collect(),
        domain: "hospital.example".to_owned(),
        log_host: Some(FILES),
        ..Site::default()
    };
    for number in 0..devices {
        let (oui, system, speaks, talks) = if number < SERVERS {
            server(number)
        } else {
            client(number)
        };
        let [.., high, low] = (number as u32).to_be_bytes();
        site.devices.push(Device {
            seed: number as u64,
            name: format!("DEV{number:05}"),
            mac: Mac([oui[0], oui[1], oui[2], 0x10, high, low]),
            ipv4: Ipv4Addr::new(
                10,
                50,
                (number / SEGMENT) as u8,
                (number % SEGMENT) as u8 + 20,
            ),
            ipv6: number
                .is_multiple_of(10)
                .then(|| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number as u16)),
            leased: number >= SERVERS,
            segment: number / SEGMENT,
            system,
            speaks,
        });
        for (server, udp, port, octets) in talks {
            // Only an SDC provider is its own conversation's server: the central station reads it.
            let client = if server == number { CENTRAL } else { number };
            site.conversations.push(Conversation {
                client,
                server,
                udp,
                port,
                octets,
            });
        }
    }
    site
}

type Parts = ([u8; 3], System, Vec<Speaks>, Vec<(usize, bool, u16, u64)>);

fn entity(title: &str, classes: &[dicom::SopClass], modality: &'static str) -> Speaks {
    Speaks::Dicom {
        title: title.to_owned(),
        classes: classes.iter().map(|(uid, _)| (*uid).to_owned()).collect(),
        implementation: "1.2.276.0.7230010.3.0.3.6.7".to_owned(),
        version: "OFFIS_DCMTK_367".to_owned(),
        modality,
        manufacturer: "SIEMENS".to_owned(),
        model: "SOMATOM Definition".to_owned(),
        serial: format!("S{title}"),
        software: "VA48".to_owned(),
    }
}

fn application(name: &str, messages: &[&str], equipment: &str) -> Speaks {
    Speaks::Hl7 {
        application: name.to_owned(),
        facility: "HOSP".to_owned(),
        messages: messages.iter().map(|kind| (*kind).to_owned()).collect(),
        equipment: equipment.to_owned(),
        device: (!equipment.is_empty())
            .then(|| ["Maker", "Central", "C-1", "4.1"].map(str::to_owned)),
    }
}

fn server(number: usize) -> Parts {
    let speaks = match number {
        ARCHIVE => vec![entity(
            "ARCHIVE",
            &[
                dicom::VERIFICATION,
                dicom::CT,
                dicom::MR,
                dicom::US,
                dicom::STUDY_FIND,
            ],
            "",
        )],
        SCHEDULE => vec![
            entity(
                "SCHEDULE",
                &[dicom::VERIFICATION, dicom::WORKLIST, dicom::PERFORMED_STEP],
                "",
            ),
            application("RIS", &["ORM^O01"], ""),
        ],
        ENGINE => vec![application("ENGINE", &["ADT^A01"], "")],
        PUMPS => vec![Speaks::TlsServer {
            tls13: false,
            organization: "Maker".to_owned(),
            common_name: "pump server".to_owned(),
        }],
        FILES => vec![
            Speaks::Smb {
                build: (10, 0, 17_763),
                computer: "FILES".to_owned(),
            },
            Speaks::HttpServer {
                server: "Microsoft-IIS/10.0".to_owned(),
                realm: String::new(),
            },
            Speaks::TlsServer {
                tls13: true,
                organization: "Hospital".to_owned(),
                common_name: "files".to_owned(),
            },
        ],
        LABORATORY => vec![application("LIS", &["ORU^R01"], "")],
        CENTRAL => vec![application(
            "CENTRAL",
            &["ORU^R01", "ORU^R40"],
            "1^^0009FBFFFE100001^EUI-64",
        )],
        _ => vec![Speaks::Snmp {
            description: "Linux names 5.10".to_owned(),
            enterprise: 8_072,
            name: "names".to_owned(),
        }],
    };
    let talks = match number {
        SCHEDULE | LABORATORY | CENTRAL => vec![(ENGINE, false, 2_575, 200_000)],
        FILES => vec![(NAMES, true, 161, 10_000)],
        _ => Vec::new(),
    };
    ([0x00, 0x50, 0x56], System::Linux, speaks, talks)
}

fn client(number: usize) -> Parts {
    let common = [(NAMES, true, 53, 5_000), (NAMES, true, 123, 500)];
    let (oui, system, mut speaks, talks): Parts = match number % 10 {
        0..=2 => pump(number),
        3 | 4 => monitor(number),
        5 if number % 100 == 15 => imaging(number),
        5 => laboratory(number),
        6 => machine(number),
        _ => office(number),
    };
    speaks.push(Speaks::Dhcp {
        vendor_class: String::new(),
        host_name: format!("DEV{number:05}"),
        parameters: vec![1, 3, 6, 15, number as u8 % 200 + 20],
    });
    (oui, system, speaks, [&common[..], &talks].concat())
}

fn pump(number: usize) -> Parts {
    let speaks = vec![Speaks::Pump {
        port: 3_613,
        manufacturer: "BD".to_owned(),
        model: "Alaris 8015".to_owned(),
        serial: format!("P{number}"),
        software: "12.1.0".to_owned(),
        tls: number.is_multiple_of(10),
    }];
    let talks = vec![(PUMPS, false, 3_613, 40_000), (PUMPS, false, 443, 10_000)];
    ([0x00, 0xd0, 0x75], System::VxWorks, speaks, talks)
}

fn monitor(number: usize) -> Parts {
    let speaks = vec![Speaks::IntelliVue {
        model: "M8004A".to_owned(),
        serial: format!("DE{number}"),
        software: "L.01".to_owned(),
        bed: format!("BED{number}"),
    }];
    let talks = vec![(CENTRAL, true, 24_105, 100_000)];
    ([0x00, 0x09, 0xfb], System::VxWorks, speaks, talks)
}

fn imaging(number: usize) -> Parts {
    let classes = [
        dicom::VERIFICATION,
        dicom::CT,
        dicom::WORKLIST,
        dicom::PERFORMED_STEP,
        dicom::STUDY_FIND,
    ];
    let speaks = vec![entity(&format!("CT{number}"), &classes, "CT")];
    let talks = vec![
        (ARCHIVE, false, 104, 60_000_000),
        (SCHEDULE, false, 104, 50_000),
    ];
    ([0x00, 0x1b, 0x1b], System::Windows, speaks, talks)
}

fn laboratory(number: usize) -> Parts {
    let speaks = if (number / 10).is_multiple_of(2) {
        Speaks::Astm {
            sender: ["Sysmex", "XN-1000", "00-22", "XN"].map(str::to_owned),
        }
    } else {
        Speaks::Poct1a {
            vendor: "RADIOMETER".to_owned(),
            model: "ABL90".to_owned(),
            serial: format!("R{number}"),
        }
    };
    let talks = vec![(LABORATORY, false, 4_000, 5_000)];
    ([0x00, 0x40, 0x9d], System::Embedded, vec![speaks], talks)
}

fn machine(number: usize) -> Parts {
    let speaks = vec![
        Speaks::Sdc {
            uuid: format!("7b3c1e52-5a1f-4d43-9c55-{number:012}"),
            kind: 130_535,
            manufacturer: "Draeger".to_owned(),
            model: "Atlan".to_owned(),
            serial: format!("A{number}"),
        },
        Speaks::Lldp {
            system_name: format!("machine-{number}"),
            description: String::new(),
            manufacturer: "Draeger".to_owned(),
            model: "Atlan".to_owned(),
            firmware: "2.1".to_owned(),
            serial: format!("A{number}"),
        },
    ];
    // The central station reads the machine: see `site`.
    let talks = vec![(number, false, 6_464, 10_000)];
    ([0x00, 0x30, 0xe6], System::Linux, speaks, talks)
}

fn office(number: usize) -> Parts {
    let speaks = vec![
        Speaks::Nbns {
            name: format!("DEV{number:05}"),
        },
        Speaks::Smb {
            build: (10, 0, 19_045),
            computer: format!("DEV{number:05}"),
        },
        Speaks::Syslog {
            tag: "winlogd".to_owned(),
            patients: number.is_multiple_of(2),
        },
        Speaks::HttpClient {
            user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)".to_owned(),
        },
    ];
    let talks = vec![
        (FILES, false, 445, 100_000),
        (FILES, false, 80, 200_000),
        (FILES, false, 443, 400_000),
        (FILES, false, 3_389, 100_000),
    ];
    ([0xa4, 0xbb, 0x6d], System::Windows, speaks, talks)
}
