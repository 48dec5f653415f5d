//! Cardiotocographs of the maternity ward.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "fetal_monitor",
    group: Group::Medical,
    count: Count::per_thousand(4.0),
    places: &[(Place::Ward, 1.0)],
    addressing: Addressing::dhcp(0.7),
    models: &[model(
        "Philips",
        "Avalon Fetal/Maternal Monitors FM30",
        [0x00, 0x09, 0xfb],
        Os::Rtos,
        1.0,
        &["F.0", "G.0", "J.3"],
        &[
            flaw("CVE-2018-10597", "udp/24105", 2),
            flaw("CVE-2018-10599", "udp/24105", 2),
            flaw("CVE-2018-10601", "udp/24105", 2),
        ],
    )],
    services: &[service("udp/24105", 0.6)],
    peers: &[
        BASIC,
        &[peer("central_station", "tcp/4000").kilobytes(6000)],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Support,
        data: &[Data::Diagnosis],
        records: 2,
        fallback: 0.6,
        in_use: 0.4,
        benefit: 0.8,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::IntelliVue {
            model: "{product}",
            serial: "{serial}",
            software: "{version}",
            bed: "{ward}",
        },
    ],
    life: Life::FIXED,
};
