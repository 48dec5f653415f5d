//! Endpoint protection, vulnerability scanning and monitoring.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "security_server",
    group: Group::Infrastructure,
    count: Count::at_least(1, 0.1),
    places: &[(Place::Servers, 0.7), (Place::Management, 0.3)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Trellix",
            "ePolicy Orchestrator",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.6,
            &["5.10.0", "5.10.11"],
            &[],
        ),
        model(
            "Zabbix",
            "Zabbix",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.4,
            &["5.0", "6.0"],
            &[flaw("CVE-2022-23131", "tcp/443", 1)],
        ),
    ],
    services: &[
        service("tcp/443", 1.0),
        service("tcp/3389", 0.4),
        service("tcp/22", 0.4),
        service("tcp/445", 0.4),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("network_switch", "udp/161")
                .office()
                .choice(Choice::Share(0.9))
                .kilobytes(90),
            peer("printer", "udp/161")
                .office()
                .choice(Choice::Share(0.5))
                .kilobytes(20),
            peer("windows_server", "tcp/445")
                .office()
                .choice(Choice::Share(0.5))
                .kilobytes(90),
            peer("serial_server", "udp/161")
                .office()
                .share(0.5)
                .choice(Choice::Share(0.3))
                .kilobytes(9),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.6,
        in_use: 0.9,
        benefit: 0.6,
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
