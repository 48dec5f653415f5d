//! Displays in corridors and waiting rooms.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, Os,
    Place, Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "digital_signage",
    group: Group::It,
    count: Count::per_thousand(5.0),
    places: &[(Place::Ward, 0.6), (Place::Office, 0.4)],
    addressing: Addressing::dhcp(0.9),
    models: &[
        model(
            "LG",
            "webOS Signage",
            [0x00, 0xe0, 0x91],
            Os::LinuxEmbedded,
            0.6,
            &["3.2", "4.1"],
            &[],
        ),
        model(
            "BrightSign",
            "XT1144",
            [0x90, 0xac, 0x3f],
            Os::LinuxEmbedded,
            0.4,
            &["7.1", "8.5"],
            &[],
        ),
    ],
    services: &[service("tcp/80", 0.6), service("tcp/22", 0.15)],
    peers: &[
        BASIC,
        &[peer("linux_server", "tcp/443").office().kilobytes(9000)],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::None,
        data: &[Data::Other],
        records: 0,
        fallback: 1.0,
        in_use: 0.9,
        benefit: 0.1,
    },
    entries: &[Entry {
        kind: EntryKind::Physical,
        share: 0.02,
        weight: 0.1,
    }],
    wire: &[Profile::Dhcp {
        vendor_class: "",
        hostname: "{hostname}",
        parameters: &[1, 3, 6, 12, 15, 28],
    }],
    life: Life::FIXED,
};
