//! Servers of the dispensing system.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, NEVER, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "dispensing_server",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.2),
    places: &[(Place::Servers, 0.8), (Place::Pharmacy, 0.2)],
    addressing: Addressing::STATIC,
    models: &[model(
        "Becton, Dickinson and Company (BD)",
        "Pyxis Enterprise Server with Windows Server",
        [0x00, 0x50, 0x56],
        Os::Server2012,
        1.0,
        &["4.4", "4.12", "1.6.1"],
        &[
            flaw("CVE-2019-13517", "tcp/443", 2),
            flaw("CVE-2022-22767", "tcp/445", NEVER),
        ],
    )],
    services: &[
        service("tcp/1433", 1.0),
        service("tcp/443", 0.95),
        service("tcp/445", 0.8),
        service("tcp/3389", 0.6),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("hl7_engine", "tcp/2575").kilobytes(9000),
            peer("ehr_server", "tcp/443").kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Therapy, Data::Phi],
        records: 90000,
        fallback: 0.4,
        in_use: 0.95,
        benefit: 0.85,
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
            application: "PYXIS",
            facility: "{site}",
            messages: &["RDS^O13", "ADT^A01"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
