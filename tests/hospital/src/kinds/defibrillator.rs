//! Defibrillators that report their readiness.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, model,
    peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "defibrillator",
    group: Group::Medical,
    count: Count::per_thousand(5.0),
    places: &[(Place::Ward, 0.7), (Place::ClinicalWireless, 0.3)],
    addressing: Addressing::dhcp(0.95),
    models: &[model(
        "ZOLL",
        "R Series",
        [0x00, 0x80, 0xa3],
        Os::Rtos,
        1.0,
        &["18.20", "18.40"],
        &[],
    )],
    services: &[service("tcp/80", 0.1)],
    peers: &[
        BASIC,
        &[peer("windows_server", "tcp/443").office().kilobytes(20)],
    ],
    clinical: Clinical {
        safety: Safety::Catastrophic,
        mission: Mission::Essential,
        data: &[Data::Therapy],
        records: 0,
        fallback: 0.7,
        in_use: 0.05,
        benefit: 1.0,
    },
    entries: &[],
    wire: &[Profile::Dhcp {
        vendor_class: "",
        hostname: "{hostname}",
        parameters: &[1, 3, 6, 12, 15, 28],
    }],
    life: Life::MOBILE,
};
