//! Bedside televisions and entertainment terminals.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, Os,
    Place, Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "patient_entertainment",
    group: Group::It,
    count: Count::per_thousand(24.0),
    places: &[(Place::Ward, 0.7), (Place::Guest, 0.3)],
    addressing: Addressing {
        dhcp: 0.95,
        ipv6: 0.2,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "Samsung",
            "HG43 Hospitality TV",
            [0x94, 0xfb, 0x29],
            Os::LinuxEmbedded,
            0.6,
            &["1401", "1450"],
            &[],
        ),
        model(
            "Philips",
            "MediaSuite",
            [0x00, 0x09, 0xfb],
            Os::Android,
            0.4,
            &["8", "9"],
            &[],
        ),
    ],
    services: &[service("tcp/8001", 0.6), service("udp/1900", 0.7)],
    peers: &[
        BASIC,
        &[peer("linux_server", "tcp/443").office().kilobytes(90000)],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::None,
        data: &[Data::Other],
        records: 0,
        fallback: 1.0,
        in_use: 0.4,
        benefit: 0.2,
    },
    entries: &[Entry {
        kind: EntryKind::Physical,
        share: 0.02,
        weight: 0.1,
    }],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Ssdp {
            server: "SHP, UPnP/1.0, Samsung UPnP SDK/1.0",
            uuid: "{uuid}",
        },
    ],
    life: Life::FIXED,
};
