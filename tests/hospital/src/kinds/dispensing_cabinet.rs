//! Automated dispensing cabinets and anaesthesia carts.

use crate::kind::{
    Addressing, Clinical, Count, DOMAIN, Data, Group, Kind, Life, Mission, NEVER, Os, Place,
    Safety, flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "dispensing_cabinet",
    group: Group::Medical,
    count: Count::per_thousand(8.0),
    places: &[
        (Place::Ward, 0.7),
        (Place::Theatre, 0.15),
        (Place::Pharmacy, 0.15),
    ],
    addressing: Addressing::dhcp(0.5),
    models: &[
        model(
            "Becton, Dickinson and Company (BD)",
            "Pyxis MedStation ES System",
            [0x00, 0x60, 0xef],
            Os::Windows7,
            0.6,
            &["1.4", "1.6", "1.7.1"],
            &[
                flaw("CVE-2020-10598", "", 2),
                flaw("CVE-2019-13517", "tcp/443", 2),
                flaw("CVE-2022-22767", "tcp/445", NEVER),
            ],
        ),
        model(
            "Becton, Dickinson and Company (BD)",
            "BD Pyxis Anesthesia ES",
            [0x00, 0x60, 0xef],
            Os::Windows7,
            0.2,
            &["1.6", "1.7"],
            &[
                flaw("CVE-2017-13077", "udp/1812", 1),
                flaw("CVE-2022-22766", "", NEVER),
                flaw("CVE-2022-22767", "tcp/445", NEVER),
            ],
        ),
        model(
            "Omnicell",
            "XT Automated Dispensing Cabinet",
            [0x00, 0x15, 0x5d],
            Os::Windows10Iot,
            0.2,
            &["21.1", "22.2"],
            &[],
        ),
    ],
    services: &[
        service("tcp/445", 0.8),
        service("tcp/3389", 0.4),
        service("tcp/443", 0.4),
        service("udp/1812", 0.3),
    ],
    peers: &[
        DOMAIN,
        &[
            peer("dispensing_server", "tcp/1433").kilobytes(4000),
            peer("dispensing_server", "tcp/443")
                .share(0.8)
                .kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Critical,
        mission: Mission::Essential,
        data: &[Data::Therapy, Data::Phi],
        records: 400,
        fallback: 0.5,
        in_use: 0.6,
        benefit: 0.85,
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
    ],
    life: Life::FIXED,
};
