//! Laptops of clinical engineering: plugged into everything.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life,
    Mission, Os, Place, Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "biomed_laptop",
    group: Group::It,
    count: Count::at_least(3, 2.5),
    places: &[
        (Place::Office, 0.5),
        (Place::Ward, 0.3),
        (Place::Imaging, 0.2),
    ],
    addressing: Addressing {
        dhcp: 0.9,
        ipv6: 0.2,
        random_mac: 0.0,
        docked: 0.2,
    },
    models: &[
        model(
            "Panasonic",
            "Toughbook 55",
            [0x00, 0x23, 0x24],
            Os::WindowsClient,
            0.6,
            &["1909", "21H2", "22H2"],
            &[],
        ),
        model(
            "Dell",
            "Latitude E6430",
            [0xd8, 0xbb, 0xc1],
            Os::Windows7,
            0.4,
            &["SP1"],
            &[],
        ),
    ],
    services: &[
        service("tcp/445", 0.8),
        service("tcp/3389", 0.4),
        service("tcp/21", 0.2),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("patient_monitor", "tcp/80")
                .share(0.7)
                .choice(Choice::Share(0.02))
                .kilobytes(20),
            peer("infusion_pump", "tcp/80")
                .share(0.7)
                .choice(Choice::Share(0.015))
                .kilobytes(20),
            peer("ventilator", "tcp/21")
                .share(0.6)
                .choice(Choice::Share(0.05))
                .kilobytes(20),
            peer("central_station", "tcp/3389")
                .share(0.6)
                .choice(Choice::Share(0.2))
                .kilobytes(90),
            peer("serial_server", "tcp/80")
                .share(0.6)
                .choice(Choice::Share(0.1))
                .kilobytes(20),
            peer("infusion_server", "tcp/443").share(0.7).kilobytes(300),
            peer("device_gateway", "tcp/80")
                .share(0.6)
                .choice(Choice::Share(0.2))
                .kilobytes(60),
            peer("linux_server", "tcp/443")
                .office()
                .share(0.5)
                .kilobytes(300),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.9,
        in_use: 0.4,
        benefit: 0.6,
    },
    entries: &[
        Entry {
            kind: EntryKind::MailWeb,
            share: 0.5,
            weight: 1.5,
        },
        Entry {
            kind: EntryKind::Physical,
            share: 0.2,
            weight: 0.4,
        },
    ],
    wire: &[
        Profile::Dhcp {
            vendor_class: "MSFT 5.0",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121],
        },
        Profile::Nbns { name: "{hostname}" },
        Profile::Smb {
            native_os: "Windows 7 Professional 7601 Service Pack 1",
            build: (6, 1, 7601),
            computer: "{hostname}",
        },
    ],
    life: Life {
        leaves: 0.15,
        loaned: 0.1,
        updates: 3.0,
        moves: 12.0,
    },
};
