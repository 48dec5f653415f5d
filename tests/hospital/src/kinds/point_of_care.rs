//! Point-of-care testing: glucose, blood gas, coagulation.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, Os, Place, Safety, flaw,
    model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "point_of_care",
    group: Group::Medical,
    count: Count::per_thousand(14.0),
    places: &[
        (Place::Ward, 0.65),
        (Place::Icu, 0.2),
        (Place::ClinicalWireless, 0.15),
    ],
    addressing: Addressing {
        dhcp: 0.95,
        ipv6: 0.0,
        random_mac: 0.0,
        docked: 0.6,
    },
    models: &[
        model(
            "Roche Diagnostics",
            "Accu-Chek Inform II",
            [0x00, 0x1e, 0xc0],
            Os::LinuxEmbedded,
            0.55,
            &["03.05.00", "04.03.00"],
            &[
                flaw("CVE-2018-18561", "tcp/3001", 1),
                flaw("CVE-2018-18562", "tcp/3001", 1),
                flaw("CVE-2018-18564", "tcp/3001", 1),
            ],
        ),
        model(
            "Roche Diagnostics",
            "cobas h 232",
            [0x00, 0x1e, 0xc0],
            Os::LinuxEmbedded,
            0.15,
            &["03.01.03", "04.00.04"],
            &[
                flaw("CVE-2018-18561", "tcp/3001", 1),
                flaw("CVE-2018-18565", "tcp/3001", 1),
            ],
        ),
        model(
            "Radiometer",
            "ABL90 FLEX",
            [0x00, 0x60, 0xe9],
            Os::Windows7,
            0.3,
            &["3.1", "3.5"],
            &[],
        ),
    ],
    services: &[service("tcp/3001", 0.3), service("tcp/445", 0.1)],
    peers: &[BASIC, &[peer("poc_manager", "tcp/3010").kilobytes(200)]],
    clinical: Clinical {
        safety: Safety::Marginal,
        mission: Mission::Support,
        data: &[Data::Diagnosis, Data::Phi],
        records: 300,
        fallback: 0.7,
        in_use: 0.3,
        benefit: 0.8,
    },
    entries: &[],
    wire: &[
        Profile::Dhcp {
            vendor_class: "",
            hostname: "{hostname}",
            parameters: &[1, 3, 6, 12, 15, 28],
        },
        Profile::Poct1a {
            vendor: "{vendor}",
            model: "{product}",
            serial: "{serial}",
        },
    ],
    life: Life::MOBILE,
};
