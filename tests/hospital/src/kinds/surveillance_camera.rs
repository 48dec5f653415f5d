//! Video surveillance.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, Os,
    Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "surveillance_camera",
    group: Group::Building,
    count: Count::per_thousand(22.0),
    places: &[(Place::Building, 0.7), (Place::Ward, 0.3)],
    addressing: Addressing {
        dhcp: 0.4,
        ipv6: 0.1,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "Hikvision",
            "DS-2CD2143",
            [0x28, 0x57, 0xbe],
            Os::LinuxEmbedded,
            0.5,
            &["5.4.5", "5.5.0", "5.7.3"],
            &[
                flaw("CVE-2017-7921", "tcp/80", 1),
                flaw("CVE-2021-36260", "tcp/80", 2),
            ],
        ),
        model(
            "AXIS",
            "P3245",
            [0xac, 0xcc, 0x8e],
            Os::LinuxEmbedded,
            0.5,
            &["7.20", "9.80", "10.12"],
            &[
                flaw("CVE-2018-10660", "tcp/80", 1),
                flaw("CVE-2018-10661", "tcp/80", 1),
            ],
        ),
    ],
    services: &[
        service("tcp/80", 0.9),
        service("tcp/554", 0.95),
        service("tcp/22", 0.1),
    ],
    peers: &[
        BASIC,
        &[peer("windows_server", "tcp/443").office().kilobytes(900000)],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::None,
        data: &[Data::Other],
        records: 0,
        fallback: 0.9,
        in_use: 1.0,
        benefit: 0.2,
    },
    entries: &[Entry {
        kind: EntryKind::Physical,
        share: 0.02,
        weight: 0.1,
    }],
    wire: &[
        Profile::Rtsp {
            server: "Rtsp Server/3.0",
            manufacturer: "{vendor}",
            model: "{product}",
            firmware: "{version}",
        },
        Profile::WsDiscovery {
            endpoint: "urn:uuid:{uuid}",
            types: "dn:NetworkVideoTransmitter",
            scopes: "onvif://www.onvif.org/hardware/{product}",
        },
    ],
    life: Life::FIXED,
};
