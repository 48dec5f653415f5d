//! Name, address and time servers.

use crate::kind::{
    Addressing, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw, model,
    peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "dns_dhcp_server",
    group: Group::Infrastructure,
    count: Count::at_least(2, 0.2),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Infoblox",
            "NIOS",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.6,
            &["8.5", "8.6"],
            &[],
        ),
        model(
            "Microsoft",
            "Windows Server 2016 DNS",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.4,
            &["14393.3750", "14393.5582"],
            &[flaw("CVE-2020-1350", "udp/53", 1)],
        ),
    ],
    services: &[
        service("udp/53", 1.0),
        service("udp/67", 1.0),
        service("udp/123", 1.0),
        service("tcp/443", 0.8),
        service("tcp/22", 0.3),
        service("tcp/445", 0.3),
    ],
    peers: &[&[peer("firewall", "tcp/443")
        .office()
        .share(0.5)
        .kilobytes(90)]],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Other],
        records: 0,
        fallback: 0.3,
        in_use: 1.0,
        benefit: 0.9,
    },
    entries: &[],
    wire: &[Profile::Ntp],
    life: Life::MANAGED,
};
