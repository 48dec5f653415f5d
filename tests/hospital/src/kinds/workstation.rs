//! Desktop computers on wards and in offices.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life,
    Mission, Os, Place, Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "workstation",
    group: Group::It,
    count: Count::per_thousand(185.0),
    places: &[
        (Place::Ward, 0.45),
        (Place::Office, 0.35),
        (Place::Icu, 0.05),
        (Place::Theatre, 0.03),
        (Place::Imaging, 0.05),
        (Place::Laboratory, 0.05),
        (Place::Pharmacy, 0.02),
    ],
    addressing: Addressing {
        dhcp: 0.97,
        ipv6: 0.25,
        random_mac: 0.0,
        docked: 0.03,
    },
    models: &[
        model(
            "Dell",
            "OptiPlex 7090",
            [0xd8, 0xbb, 0xc1],
            Os::WindowsClient,
            0.55,
            &["21H2", "22H2", "23H2", "24H2"],
            &[],
        ),
        model(
            "HP",
            "EliteDesk 800 G6",
            [0xc8, 0xd9, 0xd2],
            Os::WindowsClient,
            0.4,
            &["21H2", "22H2", "23H2", "24H2"],
            &[],
        ),
        model(
            "HP",
            "Compaq 8200 Elite",
            [0x00, 0x23, 0x24],
            Os::Windows7,
            0.05,
            &["SP1"],
            &[],
        ),
    ],
    services: &[
        service("tcp/445", 0.75),
        service("tcp/135", 0.8),
        service("tcp/3389", 0.3),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("ehr_server", "tcp/443").kilobytes(9000),
            peer("windows_server", "tcp/445")
                .office()
                .share(0.8)
                .choice(Choice::Few(2))
                .kilobytes(9000),
            peer("printer", "tcp/9100")
                .office()
                .share(0.7)
                .choice(Choice::Near(1))
                .kilobytes(600),
            peer("linux_server", "tcp/443")
                .office()
                .share(0.5)
                .choice(Choice::Anywhere(1))
                .kilobytes(900),
            peer("workstation", "tcp/445")
                .office()
                .share(0.08)
                .choice(Choice::Anywhere(1))
                .kilobytes(90),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Phi],
        records: 60,
        fallback: 0.9,
        in_use: 0.5,
        benefit: 0.5,
    },
    entries: &[Entry {
        kind: EntryKind::MailWeb,
        share: 0.3,
        weight: 1.0,
    }],
    wire: &[
        Profile::Dhcp {
            vendor_class: "MSFT 5.0",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252],
        },
        Profile::Nbns { name: "{hostname}" },
        Profile::Smb {
            native_os: "",
            build: (10, 0, 19045),
            computer: "{hostname}",
        },
    ],
    life: Life::MANAGED,
};
