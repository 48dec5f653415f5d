//! Laptops of staff.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life,
    Mission, Os, Place, Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "laptop",
    group: Group::It,
    count: Count::per_thousand(70.0),
    places: &[
        (Place::Office, 0.45),
        (Place::Ward, 0.25),
        (Place::ClinicalWireless, 0.3),
    ],
    addressing: Addressing {
        dhcp: 1.0,
        ipv6: 0.4,
        random_mac: 0.05,
        docked: 0.35,
    },
    models: &[
        model(
            "Lenovo",
            "ThinkPad T14",
            [0xe8, 0x6a, 0x64],
            Os::WindowsClient,
            0.6,
            &["22H2", "23H2", "24H2"],
            &[],
        ),
        model(
            "Dell",
            "Latitude 5440",
            [0xd8, 0xbb, 0xc1],
            Os::WindowsClient,
            0.35,
            &["22H2", "23H2", "24H2"],
            &[],
        ),
        model(
            "Apple",
            "MacBook Air",
            [0xf0, 0x18, 0x98],
            Os::Apple,
            0.05,
            &["13.6", "14.5", "15.1"],
            &[],
        ),
    ],
    services: &[
        service("tcp/445", 0.5),
        service("tcp/135", 0.6),
        service("tcp/3389", 0.15),
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
        mission: Mission::None,
        data: &[Data::Phi],
        records: 40,
        fallback: 0.95,
        in_use: 0.4,
        benefit: 0.4,
    },
    entries: &[Entry {
        kind: EntryKind::MailWeb,
        share: 0.6,
        weight: 1.2,
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
        leaves: 0.25,
        loaned: 0.0,
        updates: 10.0,
        moves: 6.0,
    },
};
