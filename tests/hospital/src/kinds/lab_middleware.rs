//! Laboratory middleware between analysers and the laboratory system.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "lab_middleware",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.4),
    places: &[(Place::Servers, 0.5), (Place::Laboratory, 0.5)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Becton, Dickinson and Company (BD)",
            "BD Synapsys",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.4,
            &["4.20", "5.10"],
            &[flaw("CVE-2022-30277", "", 1)],
        ),
        model(
            "Data Innovations",
            "Instrument Manager",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.6,
            &["8.15", "9.00"],
            &[],
        ),
    ],
    services: &[
        service("tcp/5000", 1.0),
        service("tcp/445", 0.8),
        service("tcp/3389", 0.6),
        service("tcp/1433", 0.4),
    ],
    peers: &[DOMAIN, &[peer("hl7_engine", "tcp/2575").kilobytes(30000)]],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Phi, Data::Diagnosis],
        records: 200000,
        fallback: 0.4,
        in_use: 0.95,
        benefit: 0.9,
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
            application: "LABMW",
            facility: "{site}",
            messages: &["ORU^R01", "OUL^R22"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
