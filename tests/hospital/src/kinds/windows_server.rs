//! File, application and database servers on Windows.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life,
    Mission, Os, Place, Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "windows_server",
    group: Group::It,
    count: Count::at_least(6, 11.0),
    places: &[
        (Place::Servers, 0.9),
        (Place::Office, 0.05),
        (Place::Ward, 0.05),
    ],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Microsoft",
            "Windows Server 2019",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.6,
            &["1809", "20348"],
            &[],
        ),
        model(
            "Microsoft",
            "Windows Server 2012 R2",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.3,
            &["9600", "14393"],
            &[],
        ),
        model(
            "Microsoft",
            "Windows Server 2008 R2",
            [0x00, 0x50, 0x56],
            Os::Server2008,
            0.1,
            &["7601"],
            &[],
        ),
    ],
    services: &[
        service("tcp/445", 0.95),
        service("tcp/135", 0.9),
        service("tcp/3389", 0.75),
        service("tcp/443", 0.7),
        service("tcp/1433", 0.35),
        service("tcp/80", 0.3),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("windows_server", "tcp/1433")
                .office()
                .share(0.5)
                .choice(Choice::Anywhere(2))
                .kilobytes(90000),
            peer("linux_server", "tcp/443")
                .office()
                .share(0.3)
                .choice(Choice::Anywhere(1))
                .kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Phi, Data::Other],
        records: 8000,
        fallback: 0.6,
        in_use: 0.9,
        benefit: 0.6,
    },
    entries: &[Entry {
        kind: EntryKind::Internet,
        share: 0.01,
        weight: 1.0,
    }],
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
