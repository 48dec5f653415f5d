//! Electrosurgical generators with network modules.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "electrosurgical_generator",
    group: Group::Medical,
    count: Count::per_thousand(2.0),
    places: &[(Place::Theatre, 1.0)],
    addressing: Addressing::dhcp(0.8),
    models: &[model(
        "Medtronic",
        "Valleylab FT10 Energy Platform (VLFT10GEN)",
        [0x00, 0x1c, 0x23],
        Os::Rtos,
        1.0,
        &["2.0.3", "2.1.0", "4.0.0"],
        &[
            flaw("CVE-2019-13531", "", 2),
            flaw("CVE-2019-13535", "", 2),
            flaw("CVE-2019-13543", "tcp/22", 2),
            flaw("CVE-2019-3464", "tcp/22", 2),
        ],
    )],
    services: &[service("tcp/22", 0.4)],
    peers: &[
        BASIC,
        &[peer("vendor_gateway", "tcp/443")
            .office()
            .share(0.4)
            .kilobytes(50)],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Support,
        data: &[Data::Therapy],
        records: 0,
        fallback: 0.7,
        in_use: 0.3,
        benefit: 0.8,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Ssh {
            software: "rssh_2.3.4",
        },
    ],
    life: Life::FIXED,
};
