//! Servers of ambulatory telemetry.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, NEVER, Os,
    Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "telemetry_server",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.5),
    places: &[(Place::Icu, 0.5), (Place::Servers, 0.5)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "GE Healthcare",
            "ApexPro Telemetry Server",
            [0x44, 0x4b, 0x5d],
            Os::Windows7,
            0.6,
            &["4.2", "4.3"],
            &[
                flaw("CVE-2020-6961", "tcp/22", NEVER),
                flaw("CVE-2020-6963", "tcp/445", NEVER),
                flaw("CVE-2020-6964", "tcp/5900", NEVER),
            ],
        ),
        model(
            "GE Healthcare",
            "CARESCAPE Telemetry Server",
            [0x44, 0x4b, 0x5d],
            Os::Server2008,
            0.4,
            &["4.2", "4.3"],
            &[
                flaw("CVE-2020-6962", "tcp/8080", NEVER),
                flaw("CVE-2020-6963", "tcp/445", NEVER),
            ],
        ),
    ],
    services: &[
        service("tcp/445", 0.9),
        service("tcp/22", 0.3),
        service("tcp/5900", 0.4),
        service("tcp/8080", 0.4),
        service("tcp/4000", 0.9),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("central_station", "tcp/4000")
                .choice(Choice::Few(2))
                .kilobytes(60000),
            peer("hl7_engine", "tcp/2575").kilobytes(2000),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Diagnosis],
        records: 300,
        fallback: 0.25,
        in_use: 0.98,
        benefit: 0.9,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "MSFT 5.0",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121],
        },
        Profile::Nbns { name: "{hostname}" },
        Profile::Smb {
            native_os: "Windows 7 Professional 7601 Service Pack 1",
            build: (6, 1, 7601),
            computer: "{hostname}",
        },
    ],
    life: Life::FIXED,
};
