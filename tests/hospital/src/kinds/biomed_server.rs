//! Clinical engineering servers: asset management, service tools, calibration.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "biomed_server",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.2),
    places: &[(Place::Servers, 0.6), (Place::Office, 0.4)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Hillrom",
            "Welch Allyn Service Tool",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.5,
            &["1.10", "1.11"],
            &[flaw("CVE-2021-27410", "tcp/445", 1)],
        ),
        model(
            "Baxter",
            "Welch Allyn Product Configuration Tool",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.5,
            &["1.9.4.1", "1.9.5"],
            &[flaw("CVE-2024-5176", "tcp/443", 1)],
        ),
    ],
    services: &[
        service("tcp/443", 0.9),
        service("tcp/445", 0.9),
        service("tcp/3389", 0.7),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("vital_signs_monitor", "tcp/443")
                .share(0.8)
                .choice(Choice::Share(0.4))
                .kilobytes(9),
            peer("infusion_server", "tcp/443").share(0.8).kilobytes(90),
            peer("central_station", "tcp/445")
                .share(0.7)
                .choice(Choice::Share(0.4))
                .kilobytes(90),
            peer("ventilator", "udp/161")
                .share(0.8)
                .choice(Choice::Share(0.3))
                .kilobytes(9),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.8,
        in_use: 0.8,
        benefit: 0.5,
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
    ],
    life: Life::MANAGED,
};
