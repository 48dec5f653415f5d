//! Directory servers: who has one has all.

use crate::kind::{
    Addressing, Choice, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "domain_controller",
    group: Group::Infrastructure,
    count: Count::at_least(2, 0.3),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Microsoft",
            "Windows Server 2019 Domain Controller",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.75,
            &["1809", "20348"],
            &[],
        ),
        model(
            "Microsoft",
            "Windows Server 2012 R2 Domain Controller",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.25,
            &["9600.19756", "9600.21013"],
            &[flaw("CVE-2020-1472", "tcp/135", 1)],
        ),
    ],
    services: &[
        service("tcp/88", 1.0),
        service("tcp/389", 1.0),
        service("tcp/445", 1.0),
        service("tcp/135", 1.0),
        service("tcp/3389", 0.5),
    ],
    peers: &[&[
        peer("domain_controller", "tcp/389")
            .office()
            .choice(Choice::Anywhere(1))
            .kilobytes(9000),
        peer("dns_dhcp_server", "udp/53").office().kilobytes(900),
    ]],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.2,
        in_use: 1.0,
        benefit: 0.9,
    },
    entries: &[],
    wire: &[
        Profile::Nbns { name: "{hostname}" },
        Profile::Smb {
            native_os: "",
            build: (10, 0, 17763),
            computer: "{hostname}",
        },
        Profile::Rdp {
            computer: "{hostname}",
        },
    ],
    life: Life::MANAGED,
};
