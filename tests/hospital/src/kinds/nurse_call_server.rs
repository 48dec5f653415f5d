//! Nurse call and clinical messaging servers.

use crate::kind::{
    Addressing, BASIC, Choice, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place,
    Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "nurse_call_server",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.3),
    places: &[(Place::Servers, 0.6), (Place::Ward, 0.4)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Ascom",
            "Unite Connectivity Manager",
            [0x00, 0x13, 0xd1],
            Os::LinuxEmbedded,
            0.6,
            &["6.0", "7.3"],
            &[],
        ),
        model(
            "Hillrom",
            "Voalte Platform",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.4,
            &["3.6", "4.1"],
            &[],
        ),
    ],
    services: &[
        service("tcp/443", 1.0),
        service("udp/5060", 0.9),
        service("tcp/22", 0.3),
        service("tcp/80", 0.6),
    ],
    peers: &[
        BASIC,
        &[
            peer("hl7_engine", "tcp/2575").share(0.8).kilobytes(1500),
            peer("ip_phone", "udp/5060")
                .share(0.9)
                .choice(Choice::Share(0.05))
                .kilobytes(20),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Workflow, Data::Phi],
        records: 2000,
        fallback: 0.5,
        in_use: 0.95,
        benefit: 0.8,
    },
    entries: &[],
    wire: &[
        Profile::Hl7 {
            application: "UNITE",
            facility: "{site}",
            messages: &["ORU^R40"],
            equipment: "",
            profile: "",
        },
        Profile::TlsServer {
            tls13: true,
            organisation: "{vendor}",
            common_name: "{hostname}",
        },
    ],
    life: Life::MANAGED,
};
