//! Workstations on wheels.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life,
    Mission, Os, Place, Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "wheeled_workstation",
    group: Group::It,
    count: Count::per_thousand(45.0),
    places: &[(Place::Ward, 0.6), (Place::ClinicalWireless, 0.4)],
    addressing: Addressing {
        dhcp: 1.0,
        ipv6: 0.2,
        random_mac: 0.0,
        docked: 0.05,
    },
    models: &[
        model(
            "Lenovo",
            "ThinkCentre M90n",
            [0xe8, 0x6a, 0x64],
            Os::WindowsClient,
            0.8,
            &["21H2", "22H2", "23H2"],
            &[],
        ),
        model(
            "Capsa",
            "CareLink Cart PC",
            [0x00, 0x23, 0x24],
            Os::Windows10Iot,
            0.2,
            &["1809", "21H2"],
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
            peer("printer", "tcp/9100")
                .office()
                .share(0.6)
                .choice(Choice::Near(1))
                .kilobytes(300),
            peer("pacs_server", "tcp/443").share(0.2).kilobytes(9000),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Phi],
        records: 40,
        fallback: 0.9,
        in_use: 0.6,
        benefit: 0.6,
    },
    entries: &[Entry {
        kind: EntryKind::MailWeb,
        share: 0.08,
        weight: 0.5,
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
    life: Life {
        leaves: 0.18,
        loaned: 0.02,
        updates: 8.0,
        moves: 1.5,
    },
};
