//! Servers of the electronic health record.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "ehr_server",
    group: Group::ClinicalIt,
    count: Count::at_least(3, 1.2),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Philips",
            "Tasy EMR HTML5",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.3,
            &["3.06.1802", "3.06.1804"],
            &[
                flaw("CVE-2021-39375", "tcp/443", 1),
                flaw("CVE-2021-39376", "tcp/443", 1),
                flaw("CVE-2019-13557", "tcp/443", 1),
            ],
        ),
        model(
            "Epic",
            "Hyperspace Web",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.7,
            &["2022", "2023", "2024"],
            &[flaw("CVE-2021-44228", "tcp/443", 1)],
        ),
    ],
    services: &[
        service("tcp/443", 1.0),
        service("tcp/445", 0.6),
        service("tcp/3389", 0.4),
        service("tcp/22", 0.3),
        service("tcp/1433", 0.3),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("hl7_engine", "tcp/2575")
                .choice(Choice::Few(2))
                .kilobytes(90000),
            peer("linux_server", "tcp/1521")
                .share(0.8)
                .kilobytes(400000),
            peer("ehr_server", "tcp/443")
                .choice(Choice::Anywhere(2))
                .kilobytes(90000),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Phi, Data::Workflow],
        records: 1500000,
        fallback: 0.2,
        in_use: 1.0,
        benefit: 1.0,
    },
    entries: &[],
    wire: &[
        Profile::Nbns { name: "{hostname}" },
        Profile::Smb {
            native_os: "",
            build: (10, 0, 17763),
            computer: "{hostname}",
        },
        Profile::Rdp {
            computer: "{hostname}",
        },
        Profile::Hl7 {
            application: "EHR",
            facility: "{site}",
            messages: &["ADT^A01", "ADT^A03", "ADT^A08", "ORM^O01"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
