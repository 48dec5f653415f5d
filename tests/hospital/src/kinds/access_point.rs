//! Wireless access points.

use crate::kind::{
    Addressing, BASIC, Choice, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission,
    Os, Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "access_point",
    group: Group::Infrastructure,
    count: Count::per_thousand(17.0),
    places: &[(Place::Management, 0.8), (Place::Ward, 0.2)],
    addressing: Addressing::dhcp(0.9),
    models: &[
        model(
            "Aruba",
            "AP-515",
            [0x94, 0xb4, 0x0f],
            Os::NetworkOs,
            0.5,
            &["8.6", "8.10.0.9", "8.12"],
            &[
                flaw("CVE-2023-22747", "udp/8211", 1),
                flaw("CVE-2017-13077", "udp/8211", 1),
            ],
        ),
        model(
            "Cisco",
            "Catalyst 9120AX",
            [0x00, 0x1e, 0xf7],
            Os::NetworkOs,
            0.5,
            &["8.10", "17.6"],
            &[],
        ),
    ],
    services: &[
        service("udp/8211", 0.5),
        service("tcp/22", 0.4),
        service("tcp/443", 0.3),
    ],
    peers: &[
        BASIC,
        &[peer("network_switch", "tcp/443")
            .office()
            .share(0.5)
            .choice(Choice::Few(1))
            .kilobytes(900)],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Other],
        records: 0,
        fallback: 0.6,
        in_use: 1.0,
        benefit: 0.5,
    },
    entries: &[Entry {
        kind: EntryKind::Wireless,
        share: 0.05,
        weight: 0.25,
    }],
    wire: &[
        Profile::Dhcp {
            vendor_class: "ArubaAP",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Lldp {
            system_name: "{hostname}",
            description: "{vendor} {product} {version}",
            manufacturer: "{vendor}",
            model: "{product}",
            firmware: "{version}",
            serial: "{serial}",
        },
    ],
    life: Life::FIXED,
};
