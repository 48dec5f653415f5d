//! Magnetic resonance scanners.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, NEVER,
    Os, Place, Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "mri_scanner",
    group: Group::Medical,
    count: Count::at_least(1, 1.3),
    places: &[(Place::Imaging, 0.85), (Place::Ward, 0.15)],
    addressing: Addressing {
        dhcp: 0.25,
        ipv6: 0.02,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "GE Healthcare",
            "3.0T Signa HDXx",
            [0x00, 0x02, 0x27],
            Os::LinuxEmbedded,
            0.4,
            &["HD16", "DV25", "DV26"],
            &[
                flaw("CVE-2020-25175", "tcp/21", NEVER),
                flaw("CVE-2020-25179", "tcp/104", NEVER),
            ],
        ),
        model(
            "Siemens",
            "MAGNETOM Aera",
            [0x00, 0x1b, 0x1b],
            Os::Windows7,
            0.35,
            &["VD13", "VE11"],
            &[
                flaw("CVE-2015-1635", "tcp/80", 1),
                flaw("CVE-2019-0708", "tcp/3389", 1),
            ],
        ),
        model(
            "Philips",
            "MRI 3T",
            [0x00, 0x09, 0xfb],
            Os::Windows10Iot,
            0.25,
            &["5.3", "5.7"],
            &[
                flaw("CVE-2021-26262", "", NEVER),
                flaw("CVE-2021-26248", "", NEVER),
                flaw("CVE-2021-42744", "", NEVER),
            ],
        ),
    ],
    services: &[
        service("tcp/104", 0.7),
        service("tcp/445", 0.6),
        service("tcp/3389", 0.35),
        service("tcp/5900", 0.2),
        service("tcp/80", 0.3),
        service("tcp/21", 0.3),
    ],
    peers: &[
        BASIC,
        &[
            peer("pacs_server", "tcp/104").kilobytes(1200000),
            peer("ris_server", "tcp/104").share(0.9).kilobytes(300),
            peer("vendor_gateway", "tcp/443")
                .office()
                .share(0.3)
                .kilobytes(500),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Essential,
        data: &[Data::Diagnosis, Data::Phi],
        records: 2500,
        fallback: 0.4,
        in_use: 0.55,
        benefit: 0.9,
    },
    entries: &[Entry {
        kind: EntryKind::VendorAccess,
        share: 0.1,
        weight: 1.0,
    }],
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
        Profile::Dicom {
            ae_title: "{ae}",
            abstract_syntaxes: &[
                "1.2.840.10008.5.1.4.1.1.4",
                "1.2.840.10008.5.1.4.31",
                "1.2.840.10008.3.1.2.3.3",
                "1.2.840.10008.1.1",
            ],
            implementation_uid: "1.3.12.2.1107.5.2",
            implementation_version: "MR_{version}",
            modality: "MR",
            manufacturer: "{vendor}",
            model: "{product}",
        },
    ],
    life: Life::FIXED,
};
