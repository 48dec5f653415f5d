//! Anaesthesia workstations in the theatres.

use crate::kind::{
    Addressing, BASIC, Choice, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "anaesthesia_machine",
    group: Group::Medical,
    count: Count::per_thousand(5.0),
    places: &[(Place::Theatre, 1.0)],
    addressing: Addressing::dhcp(0.3),
    models: &[
        model(
            "General Electric (GE)",
            "GE Aisys",
            [0x44, 0x4b, 0x5d],
            Os::Rtos,
            0.45,
            &["CS2", "8.0", "10.0"],
            &[flaw("CVE-2019-10966", "tcp/3001", NEVER)],
        ),
        model(
            "General Electric (GE)",
            "GE Aespire",
            [0x00, 0x80, 0xa3],
            Os::TinyStack,
            0.2,
            &["7100", "7900"],
            &[
                flaw("CVE-2019-10966", "tcp/3001", NEVER),
                flaw("CVE-2020-11896", "udp/68", NEVER),
            ],
        ),
        model(
            "Dräger",
            "Perseus A500",
            [0x00, 0x30, 0xe6],
            Os::Windows7,
            0.25,
            &["1.14", "2.02"],
            &[],
        ),
        model(
            "Spacelabs",
            "Arkon",
            [0x00, 0xe0, 0x4b],
            Os::Windows7,
            0.1,
            &["2.0"],
            &[flaw("CVE-2019-0708", "tcp/3389", NEVER)],
        ),
    ],
    services: &[
        service("tcp/3001", 0.5),
        service("tcp/3389", 0.15),
        service("udp/68", 0.5),
        service("tcp/6464", 0.2),
    ],
    peers: &[
        BASIC,
        &[
            peer("device_gateway", "tcp/2575")
                .share(0.7)
                .kilobytes(3500),
            peer("serial_server", "tcp/4001")
                .share(0.3)
                .choice(Choice::Near(1))
                .kilobytes(300),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Catastrophic,
        mission: Mission::Essential,
        data: &[Data::Therapy, Data::Diagnosis],
        records: 0,
        fallback: 0.35,
        in_use: 0.5,
        benefit: 1.0,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Hl7 {
            application: "{product}^{eui64}^EUI-64",
            facility: "{site}",
            messages: &["ORU^R01"],
            equipment: "{serial}^{product}^{eui64}^EUI-64",
            profile: "",
        },
    ],
    life: Life::FIXED,
};
