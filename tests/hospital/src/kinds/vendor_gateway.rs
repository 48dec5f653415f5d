//! Where makers come in: remote service gateways and jump hosts.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life,
    Mission, Os, Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "vendor_gateway",
    group: Group::Infrastructure,
    count: Count::at_least(3, 0.9),
    places: &[
        (Place::VendorAccess, 0.75),
        (Place::Servers, 0.15),
        (Place::Imaging, 0.1),
    ],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "GE Healthcare",
            "InSite ExC Gateway",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.35,
            &["2.1", "3.0"],
            &[],
        ),
        model(
            "Siemens",
            "smart remote services",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.25,
            &["VA30", "VB10"],
            &[flaw("CVE-2021-44228", "tcp/443", 1)],
        ),
        model(
            "Philips",
            "Remote Services",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.25,
            &["4.2", "5.0"],
            &[],
        ),
        model(
            "BeyondTrust",
            "Remote Support",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.15,
            &["22.3", "24.2", "24.3.1"],
            &[flaw("CVE-2024-12356", "tcp/443", 2)],
        ),
    ],
    services: &[
        service("tcp/443", 1.0),
        service("tcp/3389", 0.5),
        service("tcp/22", 0.5),
        service("tcp/445", 0.3),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("ct_scanner", "tcp/3389")
                .share(0.5)
                .choice(Choice::Share(0.5))
                .kilobytes(90),
            peer("mri_scanner", "tcp/3389")
                .share(0.5)
                .choice(Choice::Share(0.5))
                .kilobytes(90),
            peer("ultrasound", "tcp/80")
                .share(0.3)
                .choice(Choice::Share(0.15))
                .kilobytes(20),
            peer("lab_analyzer", "tcp/3389")
                .share(0.4)
                .choice(Choice::Share(0.4))
                .kilobytes(90),
            peer("central_station", "tcp/3389")
                .share(0.5)
                .choice(Choice::Share(0.3))
                .kilobytes(90),
            peer("pacs_server", "tcp/3389")
                .share(0.5)
                .choice(Choice::Share(0.5))
                .kilobytes(300),
            peer("infusion_server", "tcp/3389")
                .share(0.4)
                .choice(Choice::Few(1))
                .kilobytes(90),
            peer("building_supervisor", "tcp/443")
                .share(0.3)
                .kilobytes(90),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.8,
        in_use: 0.3,
        benefit: 0.6,
    },
    entries: &[Entry {
        kind: EntryKind::VendorAccess,
        share: 0.9,
        weight: 2.5,
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
        Profile::TlsServer {
            tls13: false,
            organisation: "{vendor}",
            common_name: "{hostname}",
        },
    ],
    life: Life::MANAGED,
};
