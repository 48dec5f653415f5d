//! Electrocardiographs on carts.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "ecg_cart",
    group: Group::Medical,
    count: Count::per_thousand(6.0),
    places: &[(Place::Ward, 0.7), (Place::ClinicalWireless, 0.3)],
    addressing: Addressing::dhcp(0.9),
    models: &[
        model(
            "Philips",
            "PageWriter TC70",
            [0x00, 0x09, 0xfb],
            Os::Windows7,
            0.45,
            &["A.07", "B.02"],
            &[flaw("CVE-2018-14799", "", 1), flaw("CVE-2018-14801", "", 1)],
        ),
        model(
            "Hillrom",
            "Welch Allyn ELI 280",
            [0x00, 0x1a, 0xfa],
            Os::LinuxEmbedded,
            0.35,
            &["2.2.0", "2.3.1"],
            &[
                flaw("CVE-2022-26388", "", 1),
                flaw("CVE-2022-26389", "tcp/80", 1),
            ],
        ),
        model(
            "GE Healthcare",
            "MAC 5500",
            [0x00, 0x80, 0xa3],
            Os::VxWorks,
            0.2,
            &["009", "010A"],
            &[],
        ),
    ],
    services: &[
        service("tcp/80", 0.3),
        service("tcp/21", 0.15),
        service("tcp/445", 0.2),
    ],
    peers: &[
        BASIC,
        &[
            peer("cardiology_server", "tcp/104")
                .share(0.7)
                .kilobytes(3000),
            peer("hl7_engine", "tcp/2575").share(0.3).kilobytes(300),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Diagnosis, Data::Phi],
        records: 120,
        fallback: 0.8,
        in_use: 0.25,
        benefit: 0.7,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Dicom {
            ae_title: "{ae}",
            abstract_syntaxes: &[
                "1.2.840.10008.5.1.4.1.1.9.1.1",
                "1.2.840.10008.5.1.4.31",
                "1.2.840.10008.1.1",
            ],
            implementation_uid: "1.2.276.0.7230010.3.0.3.6.4",
            implementation_version: "OFFIS_DCMTK_364",
            modality: "ECG",
            manufacturer: "{vendor}",
            model: "{product}",
        },
    ],
    life: Life::MOBILE,
};
