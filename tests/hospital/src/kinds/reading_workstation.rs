//! Workstations that read images: radiology, cardiology, processing.

use crate::kind::{
    Addressing, Choice, Clinical, Count, DOMAIN, Data, Entry, EntryKind, Group, Kind, Life,
    Mission, NEVER, Os, Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "reading_workstation",
    group: Group::ClinicalIt,
    count: Count::at_least(4, 7.0),
    places: &[
        (Place::Imaging, 0.7),
        (Place::Ward, 0.15),
        (Place::Office, 0.15),
    ],
    addressing: Addressing::dhcp(0.8),
    models: &[
        model(
            "GE Healthcare",
            "AW",
            [0x00, 0x23, 0x24],
            Os::LinuxEmbedded,
            0.3,
            &["4.4", "4.7", "VolumeShare 7"],
            &[flaw("CVE-2020-25175", "tcp/21", NEVER)],
        ),
        model(
            "Philips",
            "IntelliSpace Portal 8.0",
            [0x00, 0x23, 0x24],
            Os::Server2012,
            0.3,
            &["7.0", "8.0", "9.0"],
            &[
                flaw("CVE-2018-5474", "tcp/80", 2),
                flaw("CVE-2017-0144", "tcp/445", 2),
                flaw("CVE-2017-0143", "tcp/445", 2),
                flaw("CVE-2018-5472", "", 2),
                flaw("CVE-2018-5462", "tcp/443", 2),
                flaw("CVE-2014-3566", "tcp/443", 2),
                flaw("CVE-2011-3389", "tcp/443", 2),
            ],
        ),
        model(
            "MicroDicom",
            "DICOM Viewer",
            [0xd8, 0xbb, 0xc1],
            Os::WindowsClient,
            0.2,
            &["2023.3", "2024.1", "2024.2"],
            &[
                flaw("CVE-2024-22100", "", 1),
                flaw("CVE-2024-25578", "", 1),
                flaw("CVE-2024-33606", "tcp/443", 2),
                flaw("CVE-2024-28877", "tcp/443", 2),
            ],
        ),
        model(
            "Santesoft",
            "Sante DICOM Viewer Pro",
            [0xd8, 0xbb, 0xc1],
            Os::WindowsClient,
            0.2,
            &["12.2.5", "12.2.8", "14.0.4"],
            &[
                flaw("CVE-2023-39431", "", 1),
                flaw("CVE-2023-35986", "", 1),
                flaw("CVE-2024-1453", "", 2),
            ],
        ),
    ],
    services: &[
        service("tcp/104", 0.5),
        service("tcp/445", 0.7),
        service("tcp/3389", 0.3),
        service("tcp/443", 0.2),
        service("tcp/80", 0.25),
        service("tcp/21", 0.15),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("pacs_server", "tcp/104")
                .choice(Choice::Few(2))
                .kilobytes(2000000),
            peer("pacs_server", "tcp/443").share(0.8).kilobytes(200000),
            peer("ris_server", "tcp/443").kilobytes(4000),
            peer("web_portal", "tcp/443")
                .office()
                .share(0.3)
                .kilobytes(3000),
            peer("printer", "tcp/9100")
                .office()
                .share(0.4)
                .choice(Choice::Near(1))
                .kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Diagnosis, Data::Phi],
        records: 1500,
        fallback: 0.6,
        in_use: 0.6,
        benefit: 0.7,
    },
    entries: &[Entry {
        kind: EntryKind::MailWeb,
        share: 0.25,
        weight: 0.6,
    }],
    wire: &[
        Profile::Dhcp {
            vendor_class: "MSFT 5.0",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252],
        },
        Profile::Nbns { name: "{hostname}" },
        Profile::Smb {
            native_os: "",
            build: (10, 0, 19045),
            computer: "{hostname}",
        },
        Profile::Dicom {
            ae_title: "{ae}",
            abstract_syntaxes: &[
                "1.2.840.10008.5.1.4.1.2.2.1",
                "1.2.840.10008.5.1.4.1.2.2.2",
                "1.2.840.10008.5.1.4.1.1.2",
                "1.2.840.10008.5.1.4.1.1.4",
                "1.2.840.10008.1.1",
            ],
            implementation_uid: "1.2.276.0.7230010.3.0.3.6.7",
            implementation_version: "OFFIS_DCMTK_367",
            modality: "",
            manufacturer: "{vendor}",
            model: "{product}",
        },
    ],
    life: Life::MANAGED,
};
