//! Cameras over incubators, watched by parents at home.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "nicu_camera",
    group: Group::Medical,
    count: Count::per_thousand(3.5),
    places: &[(Place::Icu, 0.6), (Place::Ward, 0.4)],
    addressing: Addressing::dhcp(0.9),
    models: &[
        model(
            "Natus Medical",
            "NICVIEW",
            [0x00, 0x0f, 0x7c],
            Os::LinuxEmbedded,
            0.6,
            &["2.1", "2.4"],
            &[],
        ),
        model(
            "AXIS",
            "M1065-LW",
            [0xac, 0xcc, 0x8e],
            Os::LinuxEmbedded,
            0.4,
            &["7.20", "8.40", "9.80"],
            &[
                flaw("CVE-2018-10660", "tcp/80", 2),
                flaw("CVE-2018-10661", "tcp/80", 2),
                flaw("CVE-2018-10662", "tcp/80", 2),
            ],
        ),
    ],
    services: &[
        service("tcp/80", 0.85),
        service("tcp/554", 0.9),
        service("tcp/22", 0.2),
    ],
    peers: &[BASIC, &[peer("web_portal", "tcp/443").kilobytes(900000)]],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::None,
        data: &[Data::Phi],
        records: 1,
        fallback: 0.9,
        in_use: 0.8,
        benefit: 0.6,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Rtsp {
            server: "GStreamer RTSP server",
            manufacturer: "{vendor}",
            model: "{product}",
            firmware: "{version}",
        },
    ],
    life: Life::FIXED,
};
