//! Servers of infusion systems: drug libraries, auto-programming, pump telemetry.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "infusion_server",
    group: Group::ClinicalIt,
    count: Count::at_least(1, 0.5),
    places: &[(Place::Servers, 0.8), (Place::Ward, 0.2)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "BD",
            "Alaris Systems Manager",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.5,
            &["4.2", "4.33", "12.0.1", "12.1.2"],
            &[
                flaw("CVE-2020-25165", "tcp/3613", 3),
                flaw("CVE-2023-30562", "", 3),
                flaw("CVE-2023-30563", "tcp/443", 3),
                flaw("CVE-2023-30565", "tcp/3613", 3),
                flaw("CVE-2018-1285", "", 3),
                flaw("CVE-2022-47376", "", 3),
            ],
        ),
        model(
            "Fresenius Kabi",
            "Agilia Link+",
            [0x00, 0x50, 0x56],
            Os::LinuxEmbedded,
            0.2,
            &["3.0 D15", "3.0 D16"],
            &[
                flaw("CVE-2021-23196", "tcp/443", 1),
                flaw("CVE-2021-23233", "tcp/443", 1),
                flaw("CVE-2021-41835", "tcp/443", 1),
                flaw("CVE-2021-31562", "tcp/443", 1),
            ],
        ),
        model(
            "B. Braun",
            "OnlineSuite",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.3,
            &["AP 3.0", "AP 3.1"],
            &[
                flaw("CVE-2020-25172", "tcp/443", 1),
                flaw("CVE-2020-25174", "", 1),
                flaw("CVE-2020-25170", "tcp/443", 1),
            ],
        ),
    ],
    services: &[
        service("tcp/3613", 1.0),
        service("tcp/443", 0.95),
        service("tcp/445", 0.7),
        service("tcp/3389", 0.6),
        service("tcp/1433", 0.3),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("hl7_engine", "tcp/2575").kilobytes(4000),
            peer("ehr_server", "tcp/443").kilobytes(2500),
            peer("infusion_pump", "tcp/80")
                .share(0.5)
                .choice(Choice::Share(0.3))
                .kilobytes(30),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Therapy, Data::Phi],
        records: 20000,
        fallback: 0.4,
        in_use: 0.95,
        benefit: 0.9,
    },
    entries: &[],
    wire: &[
        Profile::Syslog {
            application: "{product}",
        },
        Profile::Nbns { name: "{hostname}" },
        Profile::Smb {
            native_os: "",
            build: (10, 0, 17763),
            computer: "{hostname}",
        },
        Profile::Rdp {
            computer: "{hostname}",
        },
        Profile::TlsServer {
            tls13: false,
            organisation: "{vendor}",
            common_name: "{hostname}",
        },
        Profile::Hl7 {
            application: "INFUSION",
            facility: "{site}",
            messages: &["RGV^O15", "ORU^R42", "ORU^R40"],
            equipment: "",
            profile: "1.3.6.1.4.1.19376.1.6.1.1.1",
        },
    ],
    life: Life::MANAGED,
};
