//! Cardiology information systems.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, NEVER, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "cardiology_server",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.2),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Philips",
            "IntelliSpace Cardiovascular",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.4,
            &["2.3", "3.1", "4.2"],
            &[
                flaw("CVE-2018-14789", "", 2),
                flaw("CVE-2018-5438", "", 2),
                flaw("CVE-2017-14111", "tcp/443", 2),
            ],
        ),
        model(
            "Change Healthcare",
            "Horizon Cardiology",
            [0x00, 0x50, 0x56],
            Os::Server2008,
            0.3,
            &["11", "12"],
            &[flaw("CVE-2018-18630", "", NEVER)],
        ),
        model(
            "Medtronic",
            "Paceart Optima",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.3,
            &["1.10", "1.11", "1.12"],
            &[flaw("CVE-2023-31222", "tcp/1801", 2)],
        ),
    ],
    services: &[
        service("tcp/104", 0.9),
        service("tcp/443", 0.9),
        service("tcp/445", 0.7),
        service("tcp/3389", 0.5),
        service("tcp/1801", 0.35),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("hl7_engine", "tcp/2575").kilobytes(4000),
            peer("pacs_server", "tcp/104").share(0.6).kilobytes(90000),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Phi, Data::Diagnosis],
        records: 150000,
        fallback: 0.6,
        in_use: 0.9,
        benefit: 0.7,
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
            application: "CVIS",
            facility: "{site}",
            messages: &["ORU^R01"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
