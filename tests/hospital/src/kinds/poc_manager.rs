//! Data managers of point-of-care devices.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place, Safety,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "poc_manager",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.1),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[model(
        "Roche Diagnostics",
        "cobas infinity POC",
        [0x00, 0x50, 0x56],
        Os::Server2012,
        1.0,
        &["4.3", "5.0"],
        &[],
    )],
    services: &[
        service("tcp/3010", 1.0),
        service("tcp/445", 0.7),
        service("tcp/3389", 0.5),
    ],
    peers: &[DOMAIN, &[peer("hl7_engine", "tcp/2575").kilobytes(4000)]],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Phi],
        records: 90000,
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
            application: "POCDM",
            facility: "{site}",
            messages: &["ORU^R30"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
