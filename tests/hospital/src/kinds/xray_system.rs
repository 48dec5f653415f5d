//! Digital radiography, fixed and mobile.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "xray_system",
    group: Group::Medical,
    count: Count::at_least(1, 5.5),
    places: &[(Place::Imaging, 0.65), (Place::Ward, 0.35)],
    addressing: Addressing {
        dhcp: 0.25,
        ipv6: 0.02,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "GE Healthcare",
            "Definium 8000",
            [0x00, 0x02, 0x27],
            Os::WindowsXp,
            0.35,
            &["1.0", "2.1"],
            &[
                flaw("CVE-2020-25175", "tcp/21", NEVER),
                flaw("CVE-2020-25179", "tcp/104", NEVER),
                flaw("CVE-2010-5306", "tcp/21", NEVER),
            ],
        ),
        model(
            "Fujifilm",
            "FCR Capsula X",
            [0x00, 0x80, 0x92],
            Os::Rtos,
            0.25,
            &["V8", "V10"],
            &[
                flaw("CVE-2019-10948", "tcp/5001", NEVER),
                flaw("CVE-2019-10950", "tcp/23", NEVER),
            ],
        ),
        model(
            "GE Healthcare",
            "Optima XR220amx",
            [0x00, 0x02, 0x27],
            Os::LinuxEmbedded,
            0.2,
            &["1.2", "2.0"],
            &[flaw("CVE-2020-25179", "tcp/104", NEVER)],
        ),
        model(
            "Carestream",
            "DRX-Revolution",
            [0x00, 0x1d, 0xfa],
            Os::Windows10Iot,
            0.2,
            &["5.7", "6.11"],
            &[],
        ),
    ],
    services: &[
        service("tcp/104", 0.7),
        service("tcp/445", 0.6),
        service("tcp/3389", 0.35),
        service("tcp/5900", 0.2),
        service("tcp/80", 0.3),
        service("tcp/21", 0.3),
        service("tcp/23", 0.15),
        service("tcp/5001", 0.2),
    ],
    peers: &[
        BASIC,
        &[
            peer("pacs_server", "tcp/104").kilobytes(250000),
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
        records: 2500,
        fallback: 0.6,
        in_use: 0.45,
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
                "1.2.840.10008.5.1.4.1.1.1.1",
                "1.2.840.10008.5.1.4.31",
                "1.2.840.10008.3.1.2.3.3",
                "1.2.840.10008.1.1",
            ],
            implementation_uid: "1.2.840.113619.6",
            implementation_version: "DX_{version}",
            modality: "DX",
            manufacturer: "{vendor}",
            model: "{product}",
        },
    ],
    life: Life::FIXED,
};
