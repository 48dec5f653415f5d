//! Stations and panels of the pneumatic tube system.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "pneumatic_tube_station",
    group: Group::Building,
    count: Count::per_thousand(3.0),
    places: &[
        (Place::Ward, 0.6),
        (Place::Building, 0.3),
        (Place::Laboratory, 0.1),
    ],
    addressing: Addressing::STATIC,
    models: &[model(
        "Swisslog Healthcare",
        "Nexus Control Panel",
        [0x00, 0x50, 0xc2],
        Os::LinuxEmbedded,
        1.0,
        &["7.2.5.7", "7.2.5.9"],
        &[
            flaw("CVE-2021-37163", "tcp/23", 1),
            flaw("CVE-2021-37161", "udp/12345", 1),
            flaw("CVE-2021-37162", "udp/12345", 1),
            flaw("CVE-2021-37165", "tcp/12345", 1),
            flaw("CVE-2021-37164", "udp/12345", 1),
            flaw("CVE-2021-37166", "tcp/12345", 1),
            flaw("CVE-2021-37167", "", 1),
            flaw("CVE-2021-37160", "tcp/12345", NEVER),
        ],
    )],
    services: &[
        service("tcp/23", 0.6),
        service("udp/12345", 0.9),
        service("tcp/12345", 0.9),
    ],
    peers: &[
        BASIC,
        &[peer("windows_server", "tcp/445").share(0.8).kilobytes(90)],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Workflow],
        records: 0,
        fallback: 0.6,
        in_use: 0.8,
        benefit: 0.6,
    },
    entries: &[],
    wire: &[Profile::Banner {
        port: 23,
        text: "Linux nexus-{mac}",
    }],
    life: Life::FIXED,
};
