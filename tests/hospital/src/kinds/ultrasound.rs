//! Ultrasound scanners, mostly on wheels.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "ultrasound",
    group: Group::Medical,
    count: Count::at_least(1, 9.0),
    places: &[
        (Place::Imaging, 0.3),
        (Place::Ward, 0.5),
        (Place::ClinicalWireless, 0.2),
    ],
    addressing: Addressing {
        dhcp: 0.25,
        ipv6: 0.02,
        random_mac: 0.0,
        docked: 0.0,
    },
    models: &[
        model(
            "GE Healthcare",
            "LOGIQ E9",
            [0x00, 0x02, 0x27],
            Os::Windows10Iot,
            0.4,
            &["R5", "R6", "R7"],
            &[
                flaw("CVE-2020-6977", "", NEVER),
                flaw("CVE-2024-1486", "", NEVER),
                flaw("CVE-2020-25179", "tcp/104", NEVER),
            ],
        ),
        model(
            "Philips",
            "Ultrasound EPIQ/Affiniti",
            [0x00, 0x09, 0xfb],
            Os::Windows10Iot,
            0.35,
            &["5.0", "7.0", "9.0"],
            &[flaw("CVE-2020-14477", "", 1)],
        ),
        model(
            "GE Healthcare",
            "Vivid E95",
            [0x00, 0x02, 0x27],
            Os::Windows10Iot,
            0.15,
            &["202", "206"],
            &[flaw("CVE-2020-6977", "", NEVER)],
        ),
        model(
            "FUJIFILM SonoSite",
            "Edge II",
            [0x00, 0x1e, 0xc0],
            Os::WindowsXp,
            0.1,
            &["03.80.208", "04.00.104"],
            &[],
        ),
    ],
    services: &[
        service("tcp/104", 0.7),
        service("tcp/445", 0.6),
        service("tcp/3389", 0.35),
        service("tcp/5900", 0.2),
        service("tcp/80", 0.3),
    ],
    peers: &[
        BASIC,
        &[
            peer("pacs_server", "tcp/104").kilobytes(60000),
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
        records: 800,
        fallback: 0.75,
        in_use: 0.35,
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
                "1.2.840.10008.5.1.4.1.1.6.1",
                "1.2.840.10008.5.1.4.31",
                "1.2.840.10008.3.1.2.3.3",
                "1.2.840.10008.1.1",
            ],
            implementation_uid: "1.2.840.113619.6",
            implementation_version: "US_{version}",
            modality: "US",
            manufacturer: "{vendor}",
            model: "{product}",
        },
    ],
    life: Life::MOBILE,
};
