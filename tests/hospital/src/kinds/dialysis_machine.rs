//! Haemodialysis and continuous renal replacement.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "dialysis_machine",
    group: Group::Medical,
    count: Count::per_thousand(5.0),
    places: &[(Place::Icu, 0.3), (Place::Ward, 0.7)],
    addressing: Addressing::dhcp(0.6),
    models: &[
        model(
            "Baxter",
            "PrisMax",
            [0x00, 0x15, 0xc5],
            Os::LinuxEmbedded,
            0.5,
            &["1.x", "2.x", "3.0"],
            &[
                flaw("CVE-2020-12036", "tcp/8080", 2),
                flaw("CVE-2020-12035", "tcp/8080", 2),
                flaw("CVE-2020-12037", "", 2),
            ],
        ),
        model(
            "Baxter",
            "Phoenix Hemodialysis Delivery System",
            [0x00, 0x40, 0x9d],
            Os::TinyStack,
            0.2,
            &["SW 3.36", "3.40"],
            &[flaw("CVE-2020-12048", "tcp/8080", NEVER)],
        ),
        model(
            "Fresenius Medical Care",
            "5008S",
            [0x00, 0x30, 0xd6],
            Os::Rtos,
            0.3,
            &["4.57", "4.62"],
            &[],
        ),
    ],
    services: &[service("tcp/8080", 0.35), service("udp/161", 0.2)],
    peers: &[
        BASIC,
        &[peer("device_gateway", "tcp/2575").share(0.6).kilobytes(500)],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Therapy],
        records: 0,
        fallback: 0.5,
        in_use: 0.45,
        benefit: 0.95,
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
    life: Life::FIXED,
};
