//! Spot-check vital signs monitors on wheels.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "vital_signs_monitor",
    group: Group::Medical,
    count: Count::per_thousand(24.0),
    places: &[(Place::Ward, 0.55), (Place::ClinicalWireless, 0.45)],
    addressing: Addressing {
        dhcp: 0.95,
        ipv6: 0.0,
        random_mac: 0.0,
        docked: 0.1,
    },
    models: &[
        model(
            "Baxter",
            "Welch Allyn Connex Spot Monitor (CSM)",
            [0x00, 0x1a, 0xfa],
            Os::LinuxEmbedded,
            0.7,
            &["1.52", "1.5.2", "1.52.02"],
            &[
                flaw("CVE-2024-1275", "tcp/443", 2),
                flaw("CVE-2021-27410", "tcp/7000", 1),
                flaw("CVE-2021-27408", "tcp/7000", 1),
            ],
        ),
        model(
            "Philips",
            "SureSigns VS4",
            [0x00, 0x09, 0xfb],
            Os::Rtos,
            0.3,
            &["A.07.107", "A.08"],
            &[flaw("CVE-2020-16237", "", NEVER)],
        ),
    ],
    services: &[service("tcp/443", 0.4), service("tcp/7000", 0.3)],
    peers: &[BASIC, &[peer("vitals_server", "tcp/283").kilobytes(600)]],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Diagnosis, Data::Phi],
        records: 10,
        fallback: 0.8,
        in_use: 0.3,
        benefit: 0.7,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Ntp,
    ],
    life: Life::MOBILE,
};
