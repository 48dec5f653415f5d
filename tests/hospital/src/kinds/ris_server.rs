//! Radiology information systems: worklists and reports.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, NEVER, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "ris_server",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.2),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Carestream",
            "RIS Client Builds",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.5,
            &["11.2", "11.3"],
            &[flaw("CVE-2018-17891", "tcp/443", NEVER)],
        ),
        model(
            "Change Healthcare",
            "PeerVue Web Server",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.5,
            &["7.6.2", "7.7"],
            &[flaw("CVE-2018-10624", "tcp/443", 1)],
        ),
    ],
    services: &[
        service("tcp/104", 0.95),
        service("tcp/443", 1.0),
        service("tcp/445", 0.6),
        service("tcp/3389", 0.5),
        service("tcp/2575", 0.9),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("hl7_engine", "tcp/2575").kilobytes(9000),
            peer("pacs_server", "tcp/104").kilobytes(3000),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Phi, Data::Workflow],
        records: 400000,
        fallback: 0.5,
        in_use: 0.95,
        benefit: 0.8,
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
        Profile::Dicom {
            ae_title: "{ae}",
            abstract_syntaxes: &[
                "1.2.840.10008.5.1.4.31",
                "1.2.840.10008.3.1.2.3.3",
                "1.2.840.10008.1.1",
            ],
            implementation_uid: "1.2.826.0.1.3680043.2.1143",
            implementation_version: "RIS_{version}",
            modality: "",
            manufacturer: "{vendor}",
            model: "{product}",
        },
        Profile::Hl7 {
            application: "RIS",
            facility: "{site}",
            messages: &["ORM^O01", "ORU^R01", "SIU^S12"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
