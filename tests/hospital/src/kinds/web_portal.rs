//! What patients and parents see from the internet.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life, Mission, Os,
    Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "web_portal",
    group: Group::It,
    count: Count::at_least(2, 0.5),
    places: &[(Place::Dmz, 1.0)],
    addressing: Addressing {
        dhcp: 0.0,
        ipv6: 0.5,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "LifePoint Informatics",
            "Patient Portal",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.3,
            &["LPI 3.5.12", "3.5.13"],
            &[flaw("CVE-2022-1067", "tcp/443", 1)],
        ),
        model(
            "Progress",
            "MOVEit Transfer",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.2,
            &["2022.1", "2023.0", "2023.0.6"],
            &[flaw("CVE-2023-34362", "tcp/443", 2)],
        ),
        model(
            "Baxter",
            "Baxter Connex Health Portal",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.2,
            &["8.29", "8.30.2024"],
            &[
                flaw("CVE-2024-6795", "tcp/443", 1),
                flaw("CVE-2024-6796", "tcp/443", 1),
            ],
        ),
        model(
            "Microsoft",
            "Exchange Server",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.3,
            &["2016CU19", "2019CU12", "2019CU14"],
            &[
                flaw("CVE-2021-26855", "tcp/443", 1),
                flaw("CVE-2021-34473", "tcp/443", 1),
            ],
        ),
    ],
    services: &[
        service("tcp/443", 1.0),
        service("tcp/80", 0.8),
        service("tcp/3389", 0.1),
        service("tcp/445", 0.2),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("ehr_server", "tcp/443").share(0.8).kilobytes(9000),
            peer("windows_server", "tcp/1433")
                .office()
                .share(0.6)
                .kilobytes(9000),
            peer("linux_server", "tcp/1521")
                .office()
                .share(0.4)
                .kilobytes(9000),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Phi],
        records: 200000,
        fallback: 0.6,
        in_use: 0.9,
        benefit: 0.6,
    },
    entries: &[Entry {
        kind: EntryKind::Internet,
        share: 0.95,
        weight: 1.8,
    }],
    wire: &[
        Profile::TlsServer {
            tls13: true,
            organisation: "{vendor}",
            common_name: "{hostname}",
        },
        Profile::HttpServer {
            server: "Microsoft-IIS/10.0",
            realm: "",
        },
    ],
    life: Life::MANAGED,
};
