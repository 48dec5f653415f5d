//! Large-volume and syringe infusion pumps on the ward network, each talking to its maker's server.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "infusion_pump",
    group: Group::Medical,
    count: Count::per_thousand(105.0),
    places: &[
        (Place::Ward, 0.55),
        (Place::Icu, 0.2),
        (Place::ClinicalWireless, 0.25),
    ],
    addressing: Addressing {
        dhcp: 0.93,
        ipv6: 0.0,
        random_mac: 0.0,
        docked: 0.15,
    },
    models: &[
        model(
            "BD",
            "Alaris 8015 PC Unit",
            [0x00, 0xd0, 0x75],
            Os::Rtos,
            0.35,
            &["9.13", "9.33", "12.1.0", "12.3.1"],
            &[
                flaw("CVE-2016-9355", "", 1),
                flaw("CVE-2019-10959", "tcp/3613", 2),
                flaw("CVE-2020-25165", "tcp/3613", 2),
                flaw("CVE-2023-30560", "", 3),
            ],
        ),
        model(
            "Baxter",
            "Sigma Spectrum",
            [0x00, 0x40, 0x9d],
            Os::TinyStack,
            0.2,
            &["6.05", "8.00.01", "9.00"],
            &[
                flaw("CVE-2020-12039", "", NEVER),
                flaw("CVE-2020-12040", "tcp/51243", 2),
                flaw("CVE-2020-12041", "tcp/23", 2),
                flaw("CVE-2020-12043", "tcp/21", 2),
                flaw("CVE-2022-26394", "tcp/51243", NEVER),
            ],
        ),
        model(
            "B. Braun",
            "Infusomat Space SpaceCom",
            [0x00, 0x12, 0x21],
            Os::LinuxEmbedded,
            0.15,
            &["L81", "L82", "U61", "012U000062"],
            &[
                flaw("CVE-2021-33885", "tcp/80", 3),
                flaw("CVE-2021-33882", "tcp/1500", 3),
                flaw("CVE-2021-33883", "tcp/80", 3),
                flaw("CVE-2021-33884", "tcp/80", 3),
                flaw("CVE-2021-33886", "tcp/80", 3),
            ],
        ),
        model(
            "Smiths Medical",
            "Medfusion 4000 Wireless Syringe Infusion Pump",
            [0x00, 0x1a, 0x01],
            Os::TinyStack,
            0.15,
            &["1.1", "1.5", "1.6.1"],
            &[
                flaw("CVE-2017-12718", "udp/67", 2),
                flaw("CVE-2017-12720", "tcp/21", 2),
                flaw("CVE-2017-12724", "tcp/21", 2),
                flaw("CVE-2017-12725", "", 2),
            ],
        ),
        model(
            "ICU Medical",
            "Plum 360",
            [0x00, 0x03, 0xb1],
            Os::VxWorks,
            0.15,
            &["15.02", "15.11", "15.20"],
            &[],
        ),
    ],
    services: &[
        service("tcp/3613", 0.5),
        service("tcp/80", 0.35),
        service("tcp/23", 0.15),
        service("tcp/21", 0.2),
        service("tcp/51243", 0.3),
        service("tcp/1500", 0.3),
        service("udp/67", 0.2),
    ],
    peers: &[
        BASIC,
        &[
            peer("infusion_server", "tcp/3613").kilobytes(900),
            peer("infusion_server", "tcp/443").share(0.4).kilobytes(200),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Therapy],
        records: 0,
        fallback: 0.6,
        in_use: 0.6,
        benefit: 0.9,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Proprietary {
            port: 3613,
            tls: false,
            hello: "{vendor} {product} SN {serial} SW {version}",
        },
        Profile::Proprietary {
            port: 3613,
            tls: true,
            hello: "{vendor} {product} SN {serial} SW {version}",
        },
        Profile::Ntp,
    ],
    life: Life {
        leaves: 0.15,
        loaned: 0.08,
        updates: 0.3,
        moves: 4.0,
    },
};
