//! Central stations that show and alarm for the monitors of a ward.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, NEVER, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "central_station",
    group: Group::ClinicalIt,
    count: Count::at_least(2, 5.0),
    places: &[
        (Place::Icu, 0.4),
        (Place::Ward, 0.45),
        (Place::Servers, 0.15),
    ],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Philips",
            "Patient Information Center iX (PICiX)",
            [0x00, 0x1b, 0x78],
            Os::Windows10Iot,
            0.55,
            &["B.02", "C.02", "C.03", "4.3"],
            &[
                flaw("CVE-2020-16218", "tcp/4000", 2),
                flaw("CVE-2020-16222", "tcp/4000", 2),
                flaw("CVE-2020-16228", "tcp/443", 2),
                flaw("CVE-2021-43548", "tcp/4000", 3),
                flaw("CVE-1999-0103", "udp/7", 1),
            ],
        ),
        model(
            "GE Healthcare",
            "CARESCAPE Central Station (CSCS)",
            [0x44, 0x4b, 0x5d],
            Os::Windows7,
            0.3,
            &["1.0", "2.0"],
            &[
                flaw("CVE-2020-6961", "tcp/22", NEVER),
                flaw("CVE-2020-6962", "tcp/8080", NEVER),
                flaw("CVE-2020-6964", "tcp/5900", NEVER),
                flaw("CVE-2020-6966", "tcp/5900", NEVER),
            ],
        ),
        model(
            "Hillrom",
            "Welch Allyn Connex Central Station (CS)",
            [0x00, 0x1a, 0xfa],
            Os::Server2012,
            0.15,
            &["1.8.2", "1.8.6"],
            &[
                flaw("CVE-2021-27410", "tcp/4000", 1),
                flaw("CVE-2021-27408", "tcp/4000", 1),
            ],
        ),
    ],
    services: &[
        service("tcp/4000", 1.0),
        service("udp/24105", 0.8),
        service("tcp/445", 0.8),
        service("tcp/3389", 0.45),
        service("tcp/443", 0.5),
        service("tcp/5900", 0.25),
        service("tcp/22", 0.2),
        service("tcp/8080", 0.3),
        service("udp/7", 0.05),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("hl7_engine", "tcp/2575").kilobytes(20000),
            peer("ehr_server", "tcp/443").share(0.5).kilobytes(2000),
            peer("vendor_gateway", "tcp/443")
                .office()
                .share(0.4)
                .kilobytes(300),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Diagnosis, Data::Phi],
        records: 900,
        fallback: 0.3,
        in_use: 0.98,
        benefit: 0.95,
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
        Profile::Hl7 {
            application: "CENTRAL",
            facility: "{site}",
            messages: &["ORU^R01", "ORU^R40"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::FIXED,
};
