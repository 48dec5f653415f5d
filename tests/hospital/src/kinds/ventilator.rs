//! Intensive care and transport ventilators.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "ventilator",
    group: Group::Medical,
    count: Count::per_thousand(13.0),
    places: &[
        (Place::Icu, 0.75),
        (Place::Theatre, 0.1),
        (Place::Ward, 0.15),
    ],
    addressing: Addressing::dhcp(0.6),
    models: &[
        model(
            "Hamilton Medical AG",
            "T1 Ventilator",
            [0x00, 0x80, 0xa3],
            Os::Rtos,
            0.4,
            &["2.2.1", "2.2.3", "3.0.1"],
            &[
                flaw("CVE-2020-27278", "", 1),
                flaw("CVE-2020-27282", "", 1),
                flaw("CVE-2020-27290", "", 1),
            ],
        ),
        model(
            "Dräger",
            "Evita V500",
            [0x00, 0x30, 0xe6],
            Os::VxWorks,
            0.4,
            &["2.51", "2.60", "3.10"],
            &[],
        ),
        model(
            "Medtronic",
            "Puritan Bennett 980",
            [0x00, 0x1c, 0x23],
            Os::Windows10Iot,
            0.2,
            &["2.8", "3.2"],
            &[],
        ),
    ],
    services: &[
        service("tcp/6464", 0.35),
        service("udp/161", 0.4),
        service("tcp/21", 0.15),
        service("udp/3702", 0.4),
    ],
    peers: &[
        BASIC,
        &[
            peer("device_gateway", "tcp/2575")
                .share(0.7)
                .kilobytes(2500),
            peer("central_station", "tcp/4000")
                .share(0.4)
                .kilobytes(2500),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Catastrophic,
        mission: Mission::Essential,
        data: &[Data::Therapy, Data::Diagnosis],
        records: 0,
        fallback: 0.35,
        in_use: 0.55,
        benefit: 1.0,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Sdc {
            endpoint: "urn:uuid:{uuid}",
            device_type: 69985,
            manufacturer: "{vendor}",
            model: "{product}",
            serial: "{serial}",
        },
        Profile::WsDiscovery {
            endpoint: "urn:uuid:{uuid}",
            types: "dpws:Device mdpws:MedicalDevice",
            scopes: "sdc.mds.pkp:1.2.840.10004.20701.1.1",
        },
        Profile::Snmp {
            system_description: "{vendor} {product} {version}",
            enterprise: 3183,
            system_name: "{hostname}",
        },
    ],
    life: Life {
        leaves: 0.09,
        loaned: 0.06,
        updates: 0.3,
        moves: 2.0,
    },
};
