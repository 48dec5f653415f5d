//! Telephony servers.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "call_manager",
    group: Group::Infrastructure,
    count: Count::at_least(1, 0.2),
    places: &[(Place::Servers, 0.6), (Place::Voice, 0.4)],
    addressing: Addressing::STATIC,
    models: &[model(
        "Cisco",
        "Unified Communications Manager",
        [0x00, 0x50, 0x56],
        Os::LinuxServer,
        1.0,
        &["11.5", "12.5", "14SU2"],
        &[flaw("CVE-2024-20253", "tcp/8443", 2)],
    )],
    services: &[
        service("udp/5060", 1.0),
        service("tcp/2000", 0.9),
        service("tcp/8443", 0.9),
        service("tcp/22", 0.6),
    ],
    peers: &[BASIC],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Other],
        records: 0,
        fallback: 0.5,
        in_use: 1.0,
        benefit: 0.6,
    },
    entries: &[],
    wire: &[Profile::TlsServer {
        tls13: true,
        organisation: "{vendor}",
        common_name: "{hostname}",
    }],
    life: Life::MANAGED,
};
