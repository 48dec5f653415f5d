//! Telephones and laptops of patients and visitors.

use crate::kind::{
    Addressing, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, Os, Place,
    Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "guest_device",
    group: Group::It,
    count: Count::per_thousand(60.0),
    places: &[
        (Place::Guest, 0.95),
        (Place::ClinicalWireless, 0.03),
        (Place::Ward, 0.02),
    ],
    addressing: Addressing {
        dhcp: 1.0,
        ipv6: 0.8,
        random_mac: 0.85,
        docked: 0.0,
    },
    models: &[
        model(
            "Apple",
            "iPhone",
            [0xf0, 0x18, 0x98],
            Os::Apple,
            0.55,
            &["16.7", "17.6", "18.1"],
            &[],
        ),
        model(
            "Samsung",
            "Galaxy",
            [0x94, 0xfb, 0x29],
            Os::Android,
            0.45,
            &["12", "13", "14"],
            &[],
        ),
    ],
    services: &[service("udp/5353", 0.9)],
    peers: &[&[
        peer("dns_dhcp_server", "udp/53").office().kilobytes(300),
        peer("dns_dhcp_server", "udp/67").office().kilobytes(2),
    ]],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::None,
        data: &[Data::Other],
        records: 0,
        fallback: 1.0,
        in_use: 0.3,
        benefit: 0.1,
    },
    entries: &[Entry {
        kind: EntryKind::Wireless,
        share: 0.02,
        weight: 0.1,
    }],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 121, 3, 6, 15, 108, 114, 119, 162, 252],
        },
        Profile::Mdns {
            service: "_companion-link._tcp",
            instance: "{hostname}",
            text: "",
        },
    ],
    life: Life {
        leaves: 60.0,
        loaned: 0.0,
        updates: 0.0,
        moves: 0.0,
    },
};
