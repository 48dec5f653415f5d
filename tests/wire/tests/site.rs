//! A site's hour: everybody speaks, nothing is left out in silence, the same seed gives the same bytes.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says why and fails"
)]

use auscult_wire::demonstration::{self, START};
use auscult_wire::pcap::{PcapWriter, Resolution};
use auscult_wire::site::{Conversation, Failure, Hour, Mirror, Outcome};
use auscult_wire::tcp::Conditions;

fn hour(seed: u64) -> Hour {
    Hour {
        seed,
        start: START,
        conditions: Conditions::default(),
        mirror: Mirror::default(),
        most: 200_000,
    }
}

fn play(seed: u64) -> (Vec<u8>, Outcome) {
    let mut writer = PcapWriter::new(Vec::new(), Resolution::Nanos).expect("a header");
    let site = demonstration::site(60);
    let outcome = site.play(hour(seed), &mut writer).expect("an hour");
    (writer.finish().expect("a capture"), outcome)
}

#[test]
fn everybody_speaks_and_what_is_missing_is_counted() {
    let (_, outcome) = play(1);
    let played: Vec<&str> = outcome.tally.played.keys().copied().collect();
    assert_eq!(
        played,
        [
            "arp",
            "astm",
            "dhcp",
            "dicom",
            "dns",
            "hl7",
            "http",
            "intellivue",
            "intellivue indication",
            "lldp, cdp",
            "nbns",
            "ndp",
            "ntp",
            "poct1a",
            "pump",
            "pump in tls",
            "sdc",
            "smb",
            "snmp",
            "syslog",
            "tls",
            "ws-discovery"
        ]
    );
    let missing: Vec<&str> = outcome.tally.missing.keys().map(String::as_str).collect();
    assert_eq!(missing, ["tcp/3389"], "remote desktops are not built yet");
    let site = demonstration::site(60);
    for device in &site.devices {
        let known = outcome.truth.iter().any(|(fact, _)| fact.mac == device.mac);
        assert!(known, "{} says something", device.name);
    }
}

#[test]
fn the_same_seed_gives_the_same_hour() {
    assert!(play(2).0 == play(2).0, "seed 2 twice");
    assert!(play(2).0 != play(3).0, "seeds 2 and 3");
}

#[test]
fn a_site_that_names_what_it_does_not_have_is_refused() {
    let mut site = demonstration::site(60);
    site.conversations.push(Conversation {
        client: 3,
        server: 60,
        udp: false,
        port: 80,
        octets: 1,
    });
    let mut writer = PcapWriter::new(Vec::new(), Resolution::Nanos).expect("a header");
    let refused = site.play(hour(1), &mut writer);
    let text = refused.expect_err("device 60 of 60").to_string();
    assert_eq!(text, "device 60 does not exist; the site has 60");
    let mut site = demonstration::site(60);
    site.devices[5].segment = 9;
    let refused = site.play(hour(1), &mut writer);
    assert!(matches!(
        refused,
        Err(Failure::Unknown {
            what: "segment",
            ..
        })
    ));
}
