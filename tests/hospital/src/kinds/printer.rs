//! Printers and label printers.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, NEVER,
    Os, Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "printer",
    group: Group::It,
    count: Count::per_thousand(42.0),
    places: &[
        (Place::Ward, 0.6),
        (Place::Office, 0.25),
        (Place::Laboratory, 0.06),
        (Place::Pharmacy, 0.03),
        (Place::Imaging, 0.06),
    ],
    addressing: Addressing {
        dhcp: 0.55,
        ipv6: 0.3,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "HP",
            "LaserJet Enterprise M507",
            [0xc8, 0xd9, 0xd2],
            Os::LinuxEmbedded,
            0.45,
            &["5.2", "5.5", "5.7"],
            &[
                flaw("CVE-2021-39238", "tcp/9100", 1),
                flaw("CVE-2021-39237", "", 1),
            ],
        ),
        model(
            "Lexmark",
            "MX431",
            [0x00, 0x21, 0xb7],
            Os::LinuxEmbedded,
            0.3,
            &["081.215", "081.233", "230.037"],
            &[
                flaw("CVE-2023-23560", "tcp/443", 2),
                flaw("CVE-2023-26067", "tcp/443", 2),
            ],
        ),
        model(
            "Zebra",
            "ZD621",
            [0x00, 0x07, 0x4d],
            Os::TinyStack,
            0.25,
            &["V92.21", "V93.21"],
            &[flaw("CVE-2020-11896", "tcp/9100", NEVER)],
        ),
    ],
    services: &[
        service("tcp/9100", 0.95),
        service("tcp/80", 0.8),
        service("tcp/443", 0.6),
        service("tcp/631", 0.6),
        service("udp/161", 0.8),
        service("tcp/21", 0.15),
    ],
    peers: &[
        BASIC,
        &[peer("windows_server", "tcp/445")
            .office()
            .share(0.3)
            .kilobytes(600)],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Phi],
        records: 20,
        fallback: 0.9,
        in_use: 0.15,
        benefit: 0.3,
    },
    entries: &[Entry {
        kind: EntryKind::Physical,
        share: 0.02,
        weight: 0.1,
    }],
    wire: &[
        Profile::Dhcp {
            vendor_class: "Hewlett-Packard JetDirect",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Mdns {
            service: "_ipp._tcp",
            instance: "{product} [{mac}]",
            text: "ty={vendor} {product};usb_MFG={vendor};usb_MDL={product}",
        },
        Profile::Snmp {
            system_description: "{vendor} {product} FW {version}",
            enterprise: 11,
            system_name: "{hostname}",
        },
        Profile::Ipp {
            make_and_model: "{vendor} {product}",
            firmware: "{version}",
            uuid: "urn:uuid:{uuid}",
        },
    ],
    life: Life::FIXED,
};
