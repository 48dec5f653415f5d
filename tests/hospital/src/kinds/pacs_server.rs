//! Picture archives: short-term store, long-term archive and vendor-neutral archive.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, NEVER, Os,
    Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "pacs_server",
    group: Group::ClinicalIt,
    count: Count::at_least(2, 0.7),
    places: &[(Place::Servers, 0.85), (Place::Imaging, 0.15)],
    addressing: Addressing::STATIC,
    models: &[
        model(
            "Philips",
            "Vue PACS",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.3,
            &["12.2.1", "12.2.5", "12.2.8.400"],
            &[
                flaw("CVE-2020-1938", "tcp/8009", 1),
                flaw("CVE-2018-12326", "tcp/6379", 1),
                flaw("CVE-2018-11218", "tcp/6379", 1),
                flaw("CVE-2020-4670", "tcp/6379", 1),
                flaw("CVE-2018-8014", "tcp/443", 1),
                flaw("CVE-2015-9251", "tcp/443", 1),
                flaw("CVE-2020-35728", "tcp/443", 2),
                flaw("CVE-2017-17485", "tcp/443", 2),
                flaw("CVE-2021-28165", "tcp/443", 2),
            ],
        ),
        model(
            "GE Healthcare",
            "Centricity PACS Server",
            [0x00, 0x50, 0x56],
            Os::Server2008,
            0.25,
            &["4.0", "5.0", "6.0"],
            &[
                flaw("CVE-2014-7232", "tcp/1433", 2),
                flaw("CVE-2011-5322", "tcp/1433", 2),
                flaw("CVE-2012-6660", "tcp/21", 2),
            ],
        ),
        model(
            "Philips",
            "IntelliSpace PACS",
            [0x00, 0x50, 0x56],
            Os::Server2012,
            0.2,
            &["4.4.551", "4.4.553"],
            &[flaw("CVE-2018-17906", "tcp/443", NEVER)],
        ),
        model(
            "Softneta",
            "MedDream PACS",
            [0x00, 0x50, 0x56],
            Os::Server2019,
            0.1,
            &["7.2.8.810", "7.2.9.820"],
            &[
                flaw("CVE-2023-40150", "tcp/443", 1),
                flaw("CVE-2023-39227", "", 1),
            ],
        ),
        model(
            "Orthanc",
            "Osimis WebViewer",
            [0x00, 0x50, 0x56],
            Os::LinuxServer,
            0.15,
            &["1.4.2", "1.4.3"],
            &[
                flaw("CVE-2023-7238", "tcp/8042", 1),
                flaw("CVE-2022-2119", "tcp/104", 1),
            ],
        ),
    ],
    services: &[
        service("tcp/104", 1.0),
        service("tcp/443", 0.9),
        service("tcp/445", 0.6),
        service("tcp/3389", 0.5),
        service("tcp/8009", 0.2),
        service("tcp/6379", 0.2),
        service("tcp/1433", 0.3),
        service("tcp/21", 0.15),
        service("tcp/8042", 0.3),
        service("tcp/22", 0.3),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("hl7_engine", "tcp/2575").kilobytes(6000),
            peer("pacs_server", "tcp/104")
                .share(0.7)
                .choice(Choice::Anywhere(1))
                .kilobytes(4000000),
            peer("vendor_gateway", "tcp/443")
                .office()
                .share(0.5)
                .kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Phi, Data::Diagnosis],
        records: 900000,
        fallback: 0.3,
        in_use: 0.98,
        benefit: 0.95,
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
        Profile::Dicom {
            ae_title: "{ae}",
            abstract_syntaxes: &[
                "1.2.840.10008.1.1",
                "1.2.840.10008.5.1.4.1.2.2.1",
                "1.2.840.10008.5.1.4.1.2.2.2",
                "1.2.840.10008.5.1.4.1.1.2",
                "1.2.840.10008.5.1.4.1.1.4",
                "1.2.840.10008.5.1.4.1.1.6.1",
                "1.2.840.10008.5.1.4.1.1.1.1",
                "1.2.840.10008.5.1.4.1.1.12.1",
                "1.2.840.10008.5.1.4.1.1.20",
                "1.2.840.10008.5.1.4.1.1.1.2",
            ],
            implementation_uid: "1.2.840.113845.1.1",
            implementation_version: "PACS_{version}",
            modality: "",
            manufacturer: "{vendor}",
            model: "{product}",
        },
        Profile::Hl7 {
            application: "PACS",
            facility: "{site}",
            messages: &["ORM^O01", "ORU^R01"],
            equipment: "",
            profile: "",
        },
    ],
    life: Life::MANAGED,
};
