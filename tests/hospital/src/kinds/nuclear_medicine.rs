//! PET/CT, SPECT and their workplaces.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "nuclear_medicine",
    group: Group::Medical,
    count: Count::at_least(1, 0.7),
    places: &[(Place::Imaging, 0.85), (Place::Ward, 0.15)],
    addressing: Addressing {
        dhcp: 0.25,
        ipv6: 0.02,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "Siemens",
            "PET/CT Systems Windows 7-Based",
            [0x00, 0x1b, 0x1b],
            Os::Windows7,
            0.4,
            &["VG51", "VG60"],
            &[
                flaw("CVE-2015-1635", "tcp/80", NEVER),
                flaw("CVE-2015-1497", "tcp/3465", NEVER),
                flaw("CVE-2015-7861", "tcp/3465", NEVER),
                flaw("CVE-2015-7860", "tcp/3465", NEVER),
            ],
        ),
        model(
            "Siemens",
            "SPECT Systems Windows XP-Based",
            [0x00, 0x1b, 0x1b],
            Os::WindowsXp,
            0.2,
            &["VA60", "VB10"],
            &[
                flaw("CVE-2008-4250", "tcp/445", NEVER),
                flaw("CVE-2017-7269", "tcp/80", NEVER),
            ],
        ),
        model(
            "Philips",
            "Gemini PET/CT Family",
            [0x00, 0x09, 0xfb],
            Os::Windows7,
            0.2,
            &["882300", "882412"],
            &[flaw("CVE-2021-27456", "", NEVER)],
        ),
        model(
            "GE Healthcare",
            "Discovery NM/CT 670",
            [0x00, 0x02, 0x27],
            Os::Windows7,
            0.2,
            &["1.0", "2.0"],
            &[
                flaw("CVE-2020-25175", "tcp/21", NEVER),
                flaw("CVE-2020-25179", "tcp/104", NEVER),
            ],
        ),
    ],
    services: &[
        service("tcp/104", 0.7),
        service("tcp/445", 0.6),
        service("tcp/3389", 0.35),
        service("tcp/5900", 0.2),
        service("tcp/80", 0.3),
        service("tcp/3465", 0.4),
        service("tcp/21", 0.25),
    ],
    peers: &[
        BASIC,
        &[
            peer("pacs_server", "tcp/104").kilobytes(300000),
            peer("ris_server", "tcp/104").share(0.9).kilobytes(300),
            peer("vendor_gateway", "tcp/443")
                .office()
                .share(0.3)
                .kilobytes(500),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Diagnosis, Data::Phi],
        records: 2000,
        fallback: 0.5,
        in_use: 0.4,
        benefit: 0.8,
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
        Profile::Dicom {
            ae_title: "{ae}",
            abstract_syntaxes: &[
                "1.2.840.10008.5.1.4.1.1.20",
                "1.2.840.10008.5.1.4.31",
                "1.2.840.10008.3.1.2.3.3",
                "1.2.840.10008.1.1",
            ],
            implementation_uid: "1.3.12.2.1107.5.6",
            implementation_version: "NM_{version}",
            modality: "NM",
            manufacturer: "{vendor}",
            model: "{product}",
        },
    ],
    life: Life::FIXED,
};
