//! Gateways that collect bedside devices into HL7.

use crate::kind::{
    Addressing, BASIC, Choice, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "device_gateway",
    group: Group::ClinicalIt,
    count: Count::at_least(2, 5.0),
    places: &[(Place::Icu, 0.5), (Place::Ward, 0.3), (Place::Servers, 0.2)],
    addressing: Addressing::dhcp(0.4),
    models: &[
        model(
            "Philips",
            "IntelliBridge EC40 Hub",
            [0x00, 0x09, 0xfb],
            Os::LinuxEmbedded,
            0.4,
            &["B.01", "C.00.04"],
            &[
                flaw("CVE-2019-18241", "tcp/22", 1),
                flaw("CVE-2021-32993", "tcp/80", 1),
                flaw("CVE-2021-33017", "tcp/80", 1),
            ],
        ),
        model(
            "Capsule Technologies",
            "Capsule Technologies SmartLinx Neuron 2",
            [0x00, 0x0b, 0xab],
            Os::Windows7,
            0.4,
            &["6.9.1", "9.0"],
            &[flaw("CVE-2019-5024", "", 1)],
        ),
        model(
            "Qualcomm Life",
            "Capsule DTS with RomPager",
            [0x00, 0x80, 0xa3],
            Os::TinyStack,
            0.2,
            &["3.0", "4.01"],
            &[flaw("CVE-2014-9222", "tcp/80", NEVER)],
        ),
    ],
    services: &[
        service("tcp/2575", 1.0),
        service("tcp/80", 0.6),
        service("tcp/22", 0.3),
        service("tcp/445", 0.2),
    ],
    peers: &[
        BASIC,
        &[
            peer("hl7_engine", "tcp/2575").kilobytes(6000),
            peer("serial_server", "tcp/4001")
                .share(0.5)
                .choice(Choice::Near(2))
                .kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Diagnosis, Data::Workflow],
        records: 200,
        fallback: 0.5,
        in_use: 0.9,
        benefit: 0.8,
    },
    entries: &[],
    wire: &[
        Profile::Syslog {
            application: "{product}",
        },
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Hl7 {
            application: "{product}^{eui64}^EUI-64",
            facility: "{site}",
            messages: &["ORU^R01", "ORU^R40"],
            equipment: "{serial}^{product}^{eui64}^EUI-64",
            profile: "1.3.6.1.4.1.19376.1.6.1.1.1",
        },
    ],
    life: Life::FIXED,
};
