//! Nurse call stations and room terminals.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, model,
    peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "nurse_call_station",
    group: Group::Medical,
    count: Count::per_thousand(22.0),
    places: &[(Place::Ward, 0.9), (Place::Icu, 0.1)],
    addressing: Addressing::dhcp(0.7),
    models: &[
        model(
            "Ascom",
            "Telligence Staff Station",
            [0x00, 0x13, 0xd1],
            Os::LinuxEmbedded,
            0.5,
            &["5.3", "6.6"],
            &[],
        ),
        model(
            "Hillrom",
            "Navicare Nurse Call",
            [0x00, 0x1a, 0xfa],
            Os::LinuxEmbedded,
            0.5,
            &["3.8", "4.0"],
            &[],
        ),
    ],
    services: &[
        service("tcp/80", 0.4),
        service("udp/5060", 0.7),
        service("tcp/23", 0.05),
    ],
    peers: &[
        BASIC,
        &[
            peer("nurse_call_server", "tcp/443").kilobytes(300),
            peer("nurse_call_server", "udp/5060")
                .share(0.8)
                .kilobytes(200),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Support,
        data: &[Data::Workflow],
        records: 0,
        fallback: 0.7,
        in_use: 0.9,
        benefit: 0.8,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Sip {
            user_agent: "{vendor} {product}/{version}",
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
