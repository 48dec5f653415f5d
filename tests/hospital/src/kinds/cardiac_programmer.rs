//! Programmers of implanted pacemakers and defibrillators.

use crate::kind::{
    Addressing, BASIC, Clinical, Count, Data, Group, Kind, Life, Mission, NEVER, Os, Place, Safety,
    flaw, model, peer, service,
};
use crate::profile::Profile;

pub(super) const KIND: Kind = Kind {
    name: "cardiac_programmer",
    group: Group::Medical,
    count: Count::per_thousand(0.6),
    places: &[(Place::Ward, 0.6), (Place::Imaging, 0.4)],
    addressing: Addressing::dhcp(0.9),
    models: &[
        model(
            "Medtronic",
            "2090 CareLink Programmer",
            [0x00, 0x1c, 0x23],
            Os::WindowsXp,
            0.7,
            &["9.2", "10.1"],
            &[
                flaw("CVE-2018-5446", "", NEVER),
                flaw("CVE-2018-5448", "tcp/80", NEVER),
                flaw("CVE-2018-10596", "tcp/443", NEVER),
                flaw("CVE-2018-18984", "", NEVER),
            ],
        ),
        model(
            "Boston Scientific",
            "ZOOM LATITUDE Programmer/Recorder/Monitor (PRM)",
            [0x00, 0x1e, 0x8f],
            Os::LinuxEmbedded,
            0.3,
            &["2.03", "3120"],
            &[
                flaw("CVE-2021-38400", "", NEVER),
                flaw("CVE-2021-38394", "", NEVER),
                flaw("CVE-2021-38392", "", NEVER),
            ],
        ),
    ],
    services: &[service("tcp/80", 0.2), service("tcp/443", 0.2)],
    peers: &[
        BASIC,
        &[peer("vendor_gateway", "tcp/443")
            .office()
            .share(0.6)
            .kilobytes(900)],
    ],
    clinical: Clinical {
        safety: Safety::Catastrophic,
        mission: Mission::Support,
        data: &[Data::Therapy, Data::Phi],
        records: 60,
        fallback: 0.6,
        in_use: 0.1,
        benefit: 0.9,
    },
    entries: &[],
    wire: &[Profile::Dhcp {
        vendor_class: "",
        hostname: "{hostname}",
        parameters: &[1, 3, 6, 12, 15, 28],
    }],
    life: Life {
        leaves: 0.1,
        loaned: 0.2,
        updates: 0.2,
        moves: 3.0,
    },
};
