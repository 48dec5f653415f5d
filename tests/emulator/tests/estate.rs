//! The played hospital: same seed, same bytes; a loan is one device at two sites; who is who is in the frames.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says why and fails"
)]

use std::collections::{BTreeMap, BTreeSet};

use auscult_emulator::play::{self, Scenario};
use auscult_hospital::churn::Rates;
use auscult_wire::tcp::Conditions;

fn scenario(seed: u64) -> Scenario {
    Scenario {
        seed,
        sizes: vec![160, 150],
        hours: 2,
        every: 24 * 30,
        rates: Rates::ORDINARY,
        lend: Some("infusion_pump".to_owned()),
        most: 100_000,
        conditions: Conditions::default(),
        mirrors: Vec::new(),
    }
}

/// Every file of a scenario's folder.
fn files(scenario: &Scenario) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    play::play_into(scenario, folder.path()).expect("a hospital");
    let mut files = BTreeMap::new();
    for site in ["north", "south"] {
        for name in ["capture.pcap", "truth.tsv", "canaries.tsv", "devices.tsv"] {
            let bytes = std::fs::read(folder.path().join(site).join(name)).expect(name);
            files.insert(format!("{site}/{name}"), bytes);
        }
    }
    let loans = std::fs::read(folder.path().join("loans.tsv")).expect("loans.tsv");
    files.insert("loans.tsv".to_owned(), loans);
    files
}

type Row = BTreeMap<String, String>;

fn rows(bytes: &[u8]) -> Vec<Row> {
    let text = std::str::from_utf8(bytes).expect("text");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a header").split('\t').collect();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), names.len(), "{line}");
            let pairs = names.iter().zip(cells);
            pairs
                .map(|(name, cell)| ((*name).to_owned(), cell.to_owned()))
                .collect()
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (first, again, other) = (
        files(&scenario(1)),
        files(&scenario(1)),
        files(&scenario(2)),
    );
    for (name, bytes) in &first {
        assert!(!bytes.is_empty(), "{name} is empty");
        assert!(again[name] == *bytes, "{name} differs with the same seed");
        assert!(
            other[name] != *bytes,
            "{name} is the same with another seed"
        );
    }
}

#[test]
fn the_lent_pump_is_one_device_in_both_sites() {
    // Nothing else happens to it in the month between: no dock, no other network card.
    let files = files(&Scenario {
        rates: Rates::NONE,
        ..scenario(3)
    });
    let loan = rows(&files["loans.tsv"]).remove(0);
    let of = |site: &str| -> Vec<Row> {
        let all = rows(&files[&format!("{site}/devices.tsv")]);
        all.into_iter()
            .filter(|row| row["device"] == loan["device"])
            .collect()
    };
    let (before, after) = (of(&loan["from"]), of(&loan["to"]));
    assert_eq!((before.len(), after.len()), (1, 1));
    let (before, after) = (&before[0], &after[0]);
    assert!(before["to"] <= after["from"], "first there, then here");
    for same in ["kind", "make", "model", "serial", "mac", "name"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(before["kind"], "infusion_pump");
    for (row, site) in [(before, "from"), (after, "to")] {
        let truth = rows(&files[&format!("{}/truth.tsv", loan[site])]);
        let said = truth
            .iter()
            .any(|fact| fact["src_mac"] == row["mac"] && fact["src_ip"] == row["ipv4"]);
        assert!(said, "the pump speaks at {}", loan[site]);
    }
    assert!(before["said"].contains("serial") && after["said"].contains("serial"));
}

#[test]
fn every_sender_is_a_registered_device() {
    let files = files(&scenario(4));
    for site in ["north", "south"] {
        let devices = rows(&files[&format!("{site}/devices.tsv")]);
        let macs: BTreeSet<&String> = devices.iter().map(|row| &row["mac"]).collect();
        let strangers: BTreeSet<String> = rows(&files[&format!("{site}/truth.tsv")])
            .into_iter()
            .map(|fact| fact["src_mac"].clone())
            .filter(|mac| !macs.contains(mac))
            .collect();
        assert!(strangers.is_empty(), "{site}: {strangers:?}");
        let unheard = devices.iter().filter(|row| row["said"].is_empty()).count();
        assert!(unheard * 2 < devices.len(), "{unheard} say nothing");
    }
}

#[test]
fn a_month_of_churn_is_in_the_register() {
    let files = files(&Scenario {
        rates: Rates::ORDINARY.times(3.0),
        ..scenario(5)
    });
    let devices = rows(&files["north/devices.tsv"]);
    let standing = |hour: &str| -> BTreeSet<&String> {
        let stays = devices.iter().filter(|row| row["from"].starts_with(hour));
        stays.map(|row| &row["device"]).collect()
    };
    let came = standing("2026-04-01");
    assert!(!came.is_empty(), "nobody came or changed in a month");
    let mut addresses: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for row in devices.iter().filter(|row| row["kind"] != "firewall") {
        addresses
            .entry(&row["device"])
            .or_default()
            .insert(&row["ipv4"]);
    }
    assert!(
        addresses.values().any(|held| held.len() > 1),
        "no device changed its address in a month"
    );
}

#[test]
fn what_cannot_be_played_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |scenario: Scenario| match play::play_into(&scenario, folder.path()) {
        Ok(_) => panic!("played"),
        Err(fault) => format!("{fault:#}"),
    };
    let small = refused(Scenario {
        sizes: vec![20],
        ..scenario(1)
    });
    assert!(small.contains("too small"), "{small}");
    let close = refused(Scenario {
        every: 2,
        ..scenario(1)
    });
    assert!(close.contains("at least 3 apart"), "{close}");
    let alone = refused(Scenario {
        sizes: vec![150],
        ..scenario(1)
    });
    assert!(
        alone.contains("cannot be lent") || alone.contains("can be lent"),
        "{alone}"
    );
}
