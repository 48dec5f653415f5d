//! Clinical tablets and handhelds.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Entry, EntryKind, Group, Kind, Life, Mission, Os,
    Place, Safety, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "nursing_tablet",
    group: Group::It,
    count: Count::per_thousand(24.0),
    places: &[(Place::ClinicalWireless, 0.8), (Place::Ward, 0.2)],
    addressing: Addressing {
        dhcp: 1.0,
        ipv6: 0.3,
        random_mac: 0.1,
        docked: 0.2,
    },
    models: &[
        model(
            "Apple",
            "iPad",
            [0xf0, 0x18, 0x98],
            Os::Apple,
            0.5,
            &["15.8", "17.5", "18.1"],
            &[],
        ),
        model(
            "Zebra",
            "TC52-HC",
            [0x94, 0xfb, 0x29],
            Os::Android,
            0.5,
            &["10", "11", "13"],
            &[],
        ),
    ],
    services: &[service("tcp/62078", 0.3)],
    peers: &[
        BASIC,
        &[
            peer("ehr_server", "tcp/443").kilobytes(4000),
            peer("nurse_call_server", "tcp/443")
                .share(0.6)
                .kilobytes(900),
        ],
    ],
    clinical: Clinical {
        safety: Safety::Negligible,
        mission: Mission::Support,
        data: &[Data::Phi],
        records: 30,
        fallback: 0.8,
        in_use: 0.6,
        benefit: 0.6,
    },
    entries: &[Entry {
        kind: EntryKind::MailWeb,
        share: 0.05,
        weight: 0.3,
    }],
    wire: &[Profile::Dhcp {
        vendor_class: "android-dhcp-13",
        hostname: "{hostname}",
        parameters: &[1, 3, 6, 15, 26, 28, 51, 58, 59, 43],
    }],
    life: Life::MOBILE,
};
