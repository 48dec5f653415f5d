//! BACnet controllers of air, heat and isolation-room pressure.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "building_controller",
    group: Group::Building,
    count: Count::per_thousand(14.0),
    places: &[(Place::Building, 0.9), (Place::Ward, 0.1)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Siemens",
            "Desigo PXC",
            [0x00, 0xa0, 0x03],
            Os::Rtos,
            0.4,
            &["2.3", "4.0", "6.0"],
            &[],
        ),
        model(
            "Johnson Controls",
            "Metasys FEC",
            [0x00, 0x10, 0x8d],
            Os::TinyStack,
            0.4,
            &["9.0", "10.1"],
            &[flaw("CVE-2020-11901", "udp/53", NEVER)],
        ),
        model(
            "Tridium",
            "JACE 8000",
            [0x00, 0x01, 0xf0],
            Os::LinuxEmbedded,
            0.2,
            &["4.4", "4.10", "4.13"],
            &[
                flaw("CVE-2017-16744", "tcp/443", 1),
                flaw("CVE-2017-16748", "tcp/443", 1),
            ],
        ),
    ],
    services: &[
        service("udp/47808", 1.0),
        service("tcp/80", 0.4),
        service("tcp/443", 0.25),
        service("tcp/1911", 0.2),
        service("udp/53", 0.4),
    ],
    peers: &[
        BASIC,
        &[peer("building_supervisor", "udp/47808").kilobytes(300)],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Other],
        records: 0,
        fallback: 0.6,
        in_use: 1.0,
        benefit: 0.7,
    },
    entries: &[],
    wire: &[
        Profile::Bacnet {
            vendor_id: 7,
            model: "{product}",
            firmware: "{version}",
            name: "{hostname}",
        },
        Profile::Fox {
            host: "{hostname}",
            version: "{version}",
            brand: "{vendor}",
        },
    ],
    life: Life::FIXED,
};
