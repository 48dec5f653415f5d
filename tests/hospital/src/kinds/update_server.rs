//! Software distribution.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "update_server",
    group: Group::Infrastructure,
    count: Count::at_least(1, 0.1),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Microsoft",
            "Configuration Manager",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.8,
            &["2207", "2303", "2403"],
            &[flaw("CVE-2024-43468", "tcp/443", 2)],
        ),
        model(
            "Ivanti",
            "Endpoint Manager",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.2,
            &["2022SU4", "2022SU5"],
            &[flaw("CVE-2023-39336", "tcp/443", 1)],
        ),
    ],
    services: &[
        service("tcp/8530", 1.0),
        service("tcp/443", 0.9),
        service("tcp/445", 0.9),
        service("tcp/3389", 0.5),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("workstation", "tcp/445")
                .office()
                .choice(Choice::Share(0.1))
                .kilobytes(900),
            peer("wheeled_workstation", "tcp/445")
                .office()
                .choice(Choice::Share(0.1))
                .kilobytes(900),
            peer("windows_server", "tcp/445")
                .office()
                .choice(Choice::Share(0.3))
                .kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.4,
        in_use: 0.9,
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
    ],
    life: Life::MANAGED,
};
