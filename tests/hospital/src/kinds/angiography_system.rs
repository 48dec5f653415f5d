//! Interventional X-ray: the patient lies in it with a catheter in the heart.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "angiography_system",
    group: Group::Medical,
    count: Count::at_least(1, 1.6),
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
            "Innova IGS 5x0",
            [0x00, 0x02, 0x27],
            Os::Windows7,
            0.4,
            &["1.9", "2.1"],
            &[
                flaw("CVE-2020-25175", "tcp/21", NEVER),
                flaw("CVE-2020-25179", "tcp/104", NEVER),
            ],
        ),
        model(
            "Philips",
            "Pulsera (718095) and Endura (718075)",
            [0x00, 0x09, 0xfb],
            Os::Windows7,
            0.25,
            &["2.2", "2.3"],
            &[flaw("CVE-2019-18263", "tcp/80", 1)],
        ),
        model(
            "Philips",
            "Interventional Workspot",
            [0x00, 0x09, 0xfb],
            Os::Windows10Iot,
            0.35,
            &["1.3.2", "1.4.5"],
            &[flaw("CVE-2020-27298", "tcp/80", 1)],
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
            peer("pacs_server", "tcp/104").kilobytes(500000),
            peer("ris_server", "tcp/104").share(0.9).kilobytes(300),
            peer("vendor_gateway", "tcp/443")
                .office()
                .share(0.3)
                .kilobytes(500),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Diagnosis, Data::Therapy],
        records: 1200,
        fallback: 0.3,
        in_use: 0.5,
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
        Profile::Dicom {
            ae_title: "{ae}",
            abstract_syntaxes: &[
                "1.2.840.10008.5.1.4.1.1.12.1",
                "1.2.840.10008.5.1.4.31",
                "1.2.840.10008.3.1.2.3.3",
                "1.2.840.10008.1.1",
            ],
            implementation_uid: "1.3.46.670589.50",
            implementation_version: "XA_{version}",
            modality: "XA",
            manufacturer: "{vendor}",
            model: "{product}",
        },
    ],
    life: Life::FIXED,
};
