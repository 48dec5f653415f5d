//! Serial-to-Ethernet servers in front of devices without a network port.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "serial_server",
    group: Group::Infrastructure,
    count: Count::per_thousand(10.0),
    places: &[
        (Place::Ward, 0.45),
        (Place::Icu, 0.3),
        (Place::Laboratory, 0.15),
        (Place::Theatre, 0.1),
    ],
    addressing: Addressing::dhcp(0.4),
    models: &[
        model(
            "Silex Technology",
            "SD-320AN",
            [0x00, 0x80, 0x92],
            Os::LinuxEmbedded,
            0.3,
            &["1.0", "2.01"],
            &[
                flaw("CVE-2018-6020", "tcp/80", 1),
                flaw("CVE-2018-6021", "tcp/80", NEVER),
            ],
        ),
        model(
            "Moxa",
            "NPort 5110",
            [0x00, 0x90, 0xe8],
            Os::TinyStack,
            0.4,
            &["2.4", "2.6", "2.10"],
            &[
                flaw("CVE-2016-9361", "udp/4800", 1),
                flaw("CVE-2016-9363", "tcp/80", 1),
                flaw("CVE-2020-11896", "udp/4800", NEVER),
            ],
        ),
        model(
            "Lantronix",
            "UDS1100",
            [0x00, 0x80, 0xa3],
            Os::Rtos,
            0.3,
            &["6.8", "6.11"],
            &[],
        ),
    ],
    services: &[
        service("tcp/4001", 1.0),
        service("tcp/80", 0.7),
        service("tcp/23", 0.4),
        service("udp/4800", 0.4),
        service("udp/161", 0.4),
    ],
    peers: &[BASIC],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Diagnosis],
        records: 0,
        fallback: 0.6,
        in_use: 0.7,
        benefit: 0.6,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Banner {
            port: 23,
            text: "{vendor} {product} {version}",
        },
        Profile::Snmp {
            system_description: "{vendor} {product}",
            enterprise: 8691,
            system_name: "{hostname}",
        },
    ],
    life: Life::FIXED,
};
