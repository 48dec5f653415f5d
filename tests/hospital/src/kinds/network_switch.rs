//! Switches and routers.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "network_switch",
    group: Group::Infrastructure,
    count: Count::at_least(4, 14.0),
    places: &[(Place::Management, 0.95), (Place::Ward, 0.05)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Cisco",
            "Catalyst 9300",
            [0x00, 0x1e, 0xf7],
            Os::NetworkOs,
            0.6,
            &["16.12", "17.3.4", "17.9.4a"],
            &[
                flaw("CVE-2023-20198", "tcp/443", 2),
                flaw("CVE-2023-20273", "tcp/443", 2),
            ],
        ),
        model(
            "Cisco",
            "Catalyst 2960",
            [0x00, 0x1e, 0xf7],
            Os::NetworkOs,
            0.3,
            &["12.2", "15.0", "15.2"],
            &[
                flaw("CVE-2018-0171", "tcp/4786", 2),
                flaw("CVE-2017-3881", "tcp/23", 2),
            ],
        ),
        model(
            "Aruba",
            "CX 6300",
            [0x94, 0xb4, 0x0f],
            Os::NetworkOs,
            0.1,
            &["10.08", "10.13"],
            &[],
        ),
    ],
    services: &[
        service("tcp/22", 0.95),
        service("udp/161", 0.95),
        service("tcp/443", 0.4),
        service("tcp/23", 0.1),
        service("tcp/4786", 0.15),
    ],
    peers: &[
        BASIC,
        &[peer("security_server", "tcp/443")
            .office()
            .share(0.4)
            .kilobytes(90)],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.4,
        in_use: 1.0,
        benefit: 0.8,
    },
    entries: &[],
    wire: &[
        Profile::Syslog { application: "ios" },
        Profile::Cdp {
            device_id: "{hostname}",
            version: "Cisco IOS Software, {version}",
            platform: "cisco {product}",
        },
        Profile::Lldp {
            system_name: "{hostname}",
            description: "{vendor} {product} {version}",
            manufacturer: "{vendor}",
            model: "{product}",
            firmware: "{version}",
            serial: "{serial}",
        },
        Profile::Snmp {
            system_description: "Cisco IOS Software, {product} Version {version}",
            enterprise: 9,
            system_name: "{hostname}",
        },
    ],
    life: Life::FIXED,
};
