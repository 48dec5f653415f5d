//! Internal and perimeter firewalls.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "firewall",
    group: Group::Infrastructure,
    count: Count::at_least(2, 0.2),
    places: &[(Place::Management, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Palo Alto Networks",
            "PA-3220",
            [0x00, 0x1b, 0x17],
            Os::NetworkOs,
            0.5,
            &["9.1", "10.2.7", "10.2.9-h1"],
            &[flaw("CVE-2024-3400", "tcp/443", 2)],
        ),
        model(
            "Fortinet",
            "FortiGate 600E",
            [0x00, 0x09, 0x0f],
            Os::NetworkOs,
            0.5,
            &["7.0.5", "7.2.3"],
            &[flaw("CVE-2022-40684", "tcp/443", 1)],
        ),
    ],
    services: &[
        service("tcp/443", 1.0),
        service("tcp/22", 0.8),
        service("udp/161", 0.7),
    ],
    peers: &[BASIC],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.3,
        in_use: 1.0,
        benefit: 0.8,
    },
    entries: &[],
    wire: &[
        Profile::Syslog { application: "fw" },
        Profile::Lldp {
            system_name: "{hostname}",
            description: "{vendor} {product} {version}",
            manufacturer: "{vendor}",
            model: "{product}",
            firmware: "{version}",
            serial: "{serial}",
        },
    ],
    life: Life::MANAGED,
};
