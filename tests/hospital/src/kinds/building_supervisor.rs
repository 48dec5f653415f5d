//! Building management servers.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life,
    Mission, Os, Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "building_supervisor",
    group: Group::Building,
    count: Count::at_least(1, 0.3),
    places: &[(Place::Building, 0.7), (Place::Servers, 0.3)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Tridium",
            "Niagara Supervisor",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.7,
            &["4.4", "4.10", "4.13"],
            &[
                flaw("CVE-2017-16744", "tcp/443", 1),
                flaw("CVE-2017-16748", "tcp/443", 1),
            ],
        ),
        model(
            "Siemens",
            "Desigo CC",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.3,
            &["4.0", "6.0"],
            &[],
        ),
    ],
    services: &[
        service("tcp/443", 1.0),
        service("tcp/1911", 0.7),
        service("udp/47808", 0.95),
        service("tcp/445", 0.6),
        service("tcp/3389", 0.6),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("building_controller", "udp/47808")
                .choice(Choice::Share(0.6))
                .kilobytes(90),
            peer("medical_gas_panel", "tcp/502")
                .share(0.6)
                .choice(Choice::Share(0.5))
                .kilobytes(20),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Other],
        records: 0,
        fallback: 0.4,
        in_use: 1.0,
        benefit: 0.7,
    },
    entries: &[Entry {
        kind: EntryKind::VendorAccess,
        share: 0.4,
        weight: 1.2,
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
        Profile::Fox {
            host: "{hostname}",
            version: "{version}",
            brand: "{vendor}",
        },
    ],
    life: Life::MANAGED,
};
