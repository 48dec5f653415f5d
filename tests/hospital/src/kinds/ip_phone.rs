//! Desk telephones.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "ip_phone",
    group: Group::It,
    count: Count::per_thousand(90.0),
    places: &[(Place::Voice, 0.85), (Place::Ward, 0.15)],
    addressing: Addressing::dhcp(0.99),
    models: &[
        model(
            "Cisco",
            "IP Phone 7841",
            [0x00, 0x1e, 0xf7],
            Os::Rtos,
            0.6,
            &["11.0", "12.8", "14.1"],
            &[
                flaw("CVE-2020-3161", "tcp/80", 1),
                flaw("CVE-2023-20078", "tcp/80", 2),
            ],
        ),
        model(
            "Avaya",
            "J179",
            [0x00, 0x1b, 0x4f],
            Os::LinuxEmbedded,
            0.4,
            &["4.0", "4.1.1"],
            &[],
        ),
    ],
    services: &[service("udp/5060", 0.9), service("tcp/80", 0.35)],
    peers: &[
        BASIC,
        &[
            peer("call_manager", "tcp/2000").share(0.6).kilobytes(90),
            peer("call_manager", "udp/5060").kilobytes(300),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Other],
        records: 0,
        fallback: 0.9,
        in_use: 0.2,
        benefit: 0.4,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "Cisco Systems, Inc. IP Phone CP-7841",
            hostname: "{hostname}",
            parameters: &[1, 66, 6, 3, 15, 150, 35],
        },
        Profile::Cdp {
            device_id: "SEP{mac}",
            version: "{version}",
            platform: "Cisco {product}",
        },
        Profile::Lldp {
            system_name: "{hostname}",
            description: "{vendor} {product} {version}",
            manufacturer: "{vendor}",
            model: "{product}",
            firmware: "{version}",
            serial: "{serial}",
        },
        Profile::Sip {
            user_agent: "{vendor}-{product}/{version}",
        },
    ],
    life: Life::FIXED,
};
