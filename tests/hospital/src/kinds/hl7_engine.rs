//! Integration engines: every HL7 message passes them.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "hl7_engine",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.25),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "NextGen Healthcare",
            "Mirth Connect",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.5,
            &["3.12", "4.1.1", "4.4.1"],
            &[
                flaw("CVE-2023-43208", "tcp/8443", 2),
                flaw("CVE-2023-37679", "tcp/8443", 2),
            ],
        ),
        model(
            "InterSystems",
            "HealthShare Health Connect",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.5,
            &["2019.1", "2023.1"],
            &[],
        ),
    ],
    services: &[
        service("tcp/2575", 1.0),
        service("tcp/8443", 0.8),
        service("tcp/445", 0.4),
        service("tcp/3389", 0.4),
        service("tcp/22", 0.4),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("ehr_server", "tcp/443")
                .choice(Choice::Few(2))
                .kilobytes(90000),
            peer("ris_server", "tcp/2575").kilobytes(9000),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Phi, Data::Workflow],
        records: 600000,
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
            application: "ENGINE",
            facility: "{site}",
            messages: &["ADT^A01", "ADT^A08", "ORM^O01", "ORU^R01"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
