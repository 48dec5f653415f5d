//! Door controllers and badge readers.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, Os,
    Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "badge_reader",
    group: Group::Building,
    count: Count::per_thousand(18.0),
    places: &[(Place::Building, 0.6), (Place::Ward, 0.4)],
    addressing: Addressing::dhcp(0.4),
    models: &[
        model(
            "HID",
            "VertX V1000",
            [0x00, 0x06, 0x8e],
            Os::LinuxEmbedded,
            0.6,
            &["2.2.7", "3.5"],
            &[flaw("CVE-2022-31479", "udp/4070", 1)],
        ),
        model(
            "LenelS2",
            "LNL-4420",
            [0x00, 0x0f, 0xe5],
            Os::LinuxEmbedded,
            0.4,
            &["1.29", "1.303"],
            &[
                flaw("CVE-2022-31479", "tcp/443", 1),
                flaw("CVE-2022-31481", "tcp/443", 1),
            ],
        ),
    ],
    services: &[
        service("udp/4070", 0.7),
        service("tcp/443", 0.4),
        service("tcp/80", 0.3),
    ],
    peers: &[BASIC, &[peer("windows_server", "tcp/443").kilobytes(90)]],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Other],
        records: 0,
        fallback: 0.8,
        in_use: 1.0,
        benefit: 0.4,
    },
    entries: &[Entry {
        kind: EntryKind::Physical,
        share: 0.05,
        weight: 0.15,
    }],
    wire: &[Profile::Dhcp {
        vendor_class: "",
        hostname: "{hostname}",
        parameters: &[1, 3, 6, 12, 15, 28],
    }],
    life: Life::FIXED,
};
