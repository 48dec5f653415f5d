//! Bedside patient monitors, on the ward and intensive care networks, with their central stations.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "patient_monitor",
    group: Group::Medical,
    count: Count::per_thousand(72.0),
    places: &[
        (Place::Icu, 0.45),
        (Place::Ward, 0.4),
        (Place::Theatre, 0.15),
    ],
    addressing: Addressing {
        dhcp: 0.6,
        ipv6: 0.0,
        random_mac: 0.0,
        docked: 0.03,
    },
    models: &[
        model(
            "Philips",
            "IntelliVue MX800",
            [0x00, 0x09, 0xfb],
            Os::Rtos,
            0.45,
            &["J.10", "L.01", "M.02", "N.00"],
            &[
                flaw("CVE-2018-10597", "udp/24105", 2),
                flaw("CVE-2018-10599", "udp/24105", 2),
                flaw("CVE-2018-10601", "udp/24105", 2),
                flaw("CVE-2019-13530", "tcp/23", 3),
                flaw("CVE-2020-16216", "udp/24105", 3),
                flaw("CVE-2020-16224", "udp/24105", 3),
                flaw("CVE-2020-16212", "", 3),
            ],
        ),
        model(
            "GE Healthcare",
            "CARESCAPE B650",
            [0x44, 0x4b, 0x5d],
            Os::WindowsXp,
            0.25,
            &["1.0", "2.0", "3.1"],
            &[
                flaw("CVE-2020-6961", "tcp/22", 2),
                flaw("CVE-2020-6962", "tcp/8080", 2),
                flaw("CVE-2020-6963", "tcp/445", 2),
                flaw("CVE-2020-6965", "tcp/8080", 2),
                flaw("CVE-2020-6966", "tcp/5900", 2),
            ],
        ),
        model(
            "Dräger",
            "Infinity Delta",
            [0x00, 0x30, 0xe6],
            Os::Rtos,
            0.15,
            &["VF9", "VF10.0", "VF10.1"],
            &[
                flaw("CVE-2018-19010", "udp/2050", 2),
                flaw("CVE-2018-19014", "tcp/80", 2),
                flaw("CVE-2018-19012", "", 2),
            ],
        ),
        model(
            "Contec Health",
            "CMS8000",
            [0x00, 0x25, 0xdf],
            Os::LinuxEmbedded,
            0.1,
            &["1.2", "2.0"],
            &[
                flaw("CVE-2022-38100", "tcp/515", NEVER),
                flaw("CVE-2022-36385", "", NEVER),
                flaw("CVE-2022-38069", "", NEVER),
                flaw("CVE-2025-0626", "tcp/515", NEVER),
                flaw("CVE-2025-0683", "tcp/515", NEVER),
            ],
        ),
        model(
            "Mindray",
            "BeneVision N17",
            [0x00, 0xa0, 0x37],
            Os::Rtos,
            0.05,
            &["02.10", "03.02"],
            &[],
        ),
    ],
    services: &[
        service("udp/24105", 0.5),
        service("tcp/23", 0.1),
        service("tcp/22", 0.12),
        service("tcp/8080", 0.2),
        service("tcp/445", 0.2),
        service("tcp/5900", 0.1),
        service("udp/2050", 0.2),
        service("tcp/80", 0.25),
        service("tcp/515", 0.12),
    ],
    peers: &[
        BASIC,
        &[
            peer("central_station", "tcp/4000").kilobytes(30000),
            peer("central_station", "udp/24105")
                .share(0.6)
                .kilobytes(4000),
            peer("device_gateway", "tcp/2575")
                .share(0.35)
                .kilobytes(1500),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Diagnosis, Data::Phi],
        records: 4,
        fallback: 0.45,
        in_use: 0.75,
        benefit: 0.95,
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
        Profile::Hl7 {
            application: "{product}^{eui64}^EUI-64",
            facility: "{site}",
            messages: &["ORU^R01"],
            equipment: "{serial}^{product}^{eui64}^EUI-64",
            profile: "1.3.6.1.4.1.19376.1.6.1.1.1",
        },
        Profile::Ntp,
    ],
    life: Life {
        leaves: 0.11,
        loaned: 0.03,
        updates: 0.3,
        moves: 1.0,
    },
};
