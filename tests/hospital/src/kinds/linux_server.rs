//! Linux servers: databases, web applications, virtualisation.

use crate::kind::{
    Addressing, BASIC, Choice, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission,
    NEVER, Os, Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "linux_server",
    group: Group::It,
    count: Count::at_least(4, 8.0),
    places: &[(Place::Servers, 1.0)],
    addressing: Addressing {
        dhcp: 0.05,
        ipv6: 0.3,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "Red Hat",
            "Enterprise Linux",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.6,
            &["7.9", "8.6", "9.2"],
            &[],
        ),
        model(
            "VMware",
            "ESXi",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.3,
            &["6.7", "7.0U1", "8.0U2"],
            &[
                flaw("CVE-2021-21974", "udp/427", 2),
                flaw("CVE-2024-37085", "tcp/443", NEVER),
            ],
        ),
        model(
            "Apache",
            "Tomcat appliance",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.1,
            &["8.5", "9.0.50", "9.0.90"],
            &[
                flaw("CVE-2020-1938", "tcp/8009", 1),
                flaw("CVE-2021-44228", "tcp/443", 2),
            ],
        ),
    ],
    services: &[
        service("tcp/22", 0.95),
        service("tcp/443", 0.9),
        service("tcp/1521", 0.4),
        service("udp/427", 0.3),
        service("tcp/8009", 0.1),
    ],
    peers: &[
        BASIC,
        &[
            peer("domain_controller", "tcp/389")
                .office()
                .share(0.6)
                .kilobytes(90),
            peer("linux_server", "tcp/1521")
                .office()
                .share(0.5)
                .choice(Choice::Anywhere(1))
                .kilobytes(90000),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Phi, Data::Other],
        records: 5000,
        fallback: 0.6,
        in_use: 0.9,
        benefit: 0.6,
    },
    entries: &[Entry {
        kind: EntryKind::Internet,
        share: 0.01,
        weight: 1.0,
    }],
    wire: &[
        Profile::Syslog {
            application: "sshd",
        },
        Profile::Ssh {
            software: "OpenSSH_8.7",
        },
        Profile::TlsServer {
            tls13: true,
            organisation: "{vendor}",
            common_name: "{hostname}",
        },
    ],
    life: Life::MANAGED,
};
