//! Servers that collect spot-check vital signs into the record.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "vitals_server",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.15),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[model(
        "Hillrom",
        "Welch Allyn Connex Device Integration Suite - Network Connectivity Engine (NCE)",
        [0x00, 0x50, 0x56],
        Os::Server2012,
        1.0,
        &["5.3", "6.0"],
        &[
            flaw("CVE-2021-27410", "tcp/283", 1),
            flaw("CVE-2021-27408", "tcp/283", 1),
        ],
    )],
    services: &[
        service("tcp/283", 1.0),
        service("tcp/445", 0.8),
        service("tcp/3389", 0.6),
    ],
    peers: &[DOMAIN, &[peer("hl7_engine", "tcp/2575").kilobytes(6000)]],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Phi],
        records: 50000,
        fallback: 0.7,
        in_use: 0.95,
        benefit: 0.6,
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
            application: "NCE",
            facility: "{site}",
            messages: &["ORU^R01"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
