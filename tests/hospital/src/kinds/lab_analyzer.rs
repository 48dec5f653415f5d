//! Laboratory analysers: chemistry, haematology, microbiology, sequencing.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "lab_analyzer",
    group: Group::Medical,
    count: Count::at_least(4, 7.0),
    places: &[(Place::Laboratory, 0.95), (Place::Ward, 0.05)],
    addressing: Addressing::dhcp(0.3),
    models: &[
        model(
            "Illumina",
            "MiSeqDx Operating Software",
            [0x00, 0xe0, 0x4c],
            Os::Windows10Iot,
            0.15,
            &["2.3", "4.0", "4.0.1"],
            &[
                flaw("CVE-2023-1968", "tcp/80", 2),
                flaw("CVE-2023-1966", "", 2),
            ],
        ),
        model(
            "Becton, Dickinson and Company (BD)",
            "BD Kiestra TLA",
            [0x00, 0x11, 0x22],
            Os::Windows7,
            0.15,
            &["2.0", "3.0"],
            &[
                flaw("CVE-2018-10593", "tcp/1433", NEVER),
                flaw("CVE-2018-10595", "tcp/1433", NEVER),
            ],
        ),
        model(
            "Becton, Dickinson and Company (BD)",
            "FACSLyric IVD",
            [0x00, 0x11, 0x22],
            Os::Windows10Iot,
            0.15,
            &["1.2", "1.3"],
            &[flaw("CVE-2019-6517", "", 1)],
        ),
        model(
            "Roche Diagnostics",
            "cobas 8000",
            [0x00, 0x0e, 0x8c],
            Os::Windows7,
            0.35,
            &["05-02", "06-06"],
            &[],
        ),
        model(
            "Ortho Clinical Diagnostics",
            "ORTHO VISION",
            [0x00, 0x1d, 0x9c],
            Os::Windows10Iot,
            0.2,
            &["5.13", "5.14"],
            &[],
        ),
    ],
    services: &[
        service("tcp/445", 0.5),
        service("tcp/3389", 0.3),
        service("tcp/80", 0.3),
        service("tcp/1433", 0.2),
        service("tcp/5900", 0.25),
    ],
    peers: &[
        BASIC,
        &[
            peer("lab_middleware", "tcp/5000").kilobytes(3000),
            peer("vendor_gateway", "tcp/443")
                .office()
                .share(0.5)
                .kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Diagnosis, Data::Phi],
        records: 20000,
        fallback: 0.5,
        in_use: 0.7,
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
        Profile::Astm {
            sender: "{vendor}^{product}^{version}^{serial}",
        },
    ],
    life: Life::FIXED,
};
