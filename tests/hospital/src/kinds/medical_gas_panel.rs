//! Medical gas alarms and compressors.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "medical_gas_panel",
    group: Group::Building,
    count: Count::per_thousand(2.0),
    places: &[(Place::Building, 0.5), (Place::Ward, 0.5)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "BeaconMedaes",
            "TotalAlert Scroll Medical Air Systems",
            [0x00, 0x40, 0x9d],
            Os::TinyStack,
            0.6,
            &["1.0", "4107600010.23"],
            &[
                flaw("CVE-2018-7518", "tcp/80", 1),
                flaw("CVE-2018-7510", "tcp/80", 1),
            ],
        ),
        model(
            "Amico",
            "Alert-3 Alarm",
            [0x00, 0x80, 0xa3],
            Os::Rtos,
            0.4,
            &["1.08", "1.12"],
            &[],
        ),
    ],
    services: &[service("tcp/80", 0.9), service("tcp/502", 0.4)],
    peers: &[
        BASIC,
        &[peer("building_supervisor", "tcp/443")
            .share(0.5)
            .kilobytes(50)],
    ],
    clinical: Clinical {
        safety: Safety::Catastrophic,
        mission: Mission::Essential,
        data: &[Data::Other],
        records: 0,
        fallback: 0.5,
        in_use: 1.0,
        benefit: 0.9,
    },
    entries: &[],
    wire: &[
        Profile::HttpServer {
            server: "RomPager/4.07",
            realm: "",
        },
        Profile::Modbus {
            vendor: "{vendor}",
            product: "{product}",
            revision: "{version}",
        },
    ],
    life: Life::FIXED,
};
