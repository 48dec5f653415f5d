//! Remote access and application delivery at the edge.

use crate::kind::{
    Addressing, Choice, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, NEVER,
    Os, Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "vpn_gateway",
    group: Group::Infrastructure,
    count: Count::at_least(1, 0.1),
    places: &[(Place::Dmz, 1.0)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Citrix",
            "NetScaler Gateway",
            [0x00, 0x50, 0x56],
            Os::NetworkOs,
            0.35,
            &["12.1", "13.0-91", "13.1-49", "14.1-12"],
            &[
                flaw("CVE-2023-4966", "tcp/443", 3),
                flaw("CVE-2023-3519", "tcp/443", 2),
                flaw("CVE-2019-19781", "tcp/443", 1),
            ],
        ),
        model(
            "Fortinet",
            "FortiGate SSL VPN",
            [0x00, 0x09, 0x0f],
            Os::NetworkOs,
            0.35,
            &["6.0.4", "6.4.12", "7.2.5"],
            &[
                flaw("CVE-2018-13379", "tcp/443", 1),
                flaw("CVE-2023-27997", "tcp/443", 2),
                flaw("CVE-2024-21762", "tcp/443", NEVER),
            ],
        ),
        model(
            "Ivanti",
            "Connect Secure",
            [0x00, 0x10, 0xdb],
            Os::NetworkOs,
            0.3,
            &["9.1R3", "9.1R18", "22.6"],
            &[
                flaw("CVE-2019-11510", "tcp/443", 1),
                flaw("CVE-2023-46805", "tcp/443", 2),
                flaw("CVE-2024-21887", "tcp/443", 2),
            ],
        ),
    ],
    services: &[service("tcp/443", 1.0), service("tcp/22", 0.3)],
    peers: &[&[
        peer("domain_controller", "tcp/389").office().kilobytes(900),
        peer("windows_server", "tcp/3389")
            .office()
            .choice(Choice::Share(0.2))
            .kilobytes(900),
        peer("ehr_server", "tcp/443")
            .choice(Choice::Few(2))
            .kilobytes(90000),
        peer("workstation", "tcp/3389")
            .office()
            .choice(Choice::Share(0.02))
            .kilobytes(90),
    ]],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Secrets],
        records: 0,
        fallback: 0.5,
        in_use: 1.0,
        benefit: 0.6,
    },
    entries: &[Entry {
        kind: EntryKind::Internet,
        share: 1.0,
        weight: 2.5,
    }],
    wire: &[Profile::TlsServer {
        tls13: true,
        organisation: "{vendor}",
        common_name: "{hostname}",
    }],
    life: Life::MANAGED,
};
