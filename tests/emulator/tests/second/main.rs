//! A second reading of a small estate by tshark: no fault in any frame, and what it reads equals the truth.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on says why and fails; one that is skipped says so"
)]

// The reader is the one that checks the packets themselves.
#[path = "../../../wire/tests/others/agreement.rs"]
mod agreement;
#[path = "../../../wire/tests/others/tshark.rs"]
mod tshark;

use std::collections::BTreeSet;

use auscult_emulator::play::{self, CAPTURE, Scenario};
use auscult_hospital::churn::Rates;
use auscult_wire::site::Mirror;
use auscult_wire::tcp::Conditions;

/// Says loudly that a test did not run.
pub(crate) fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
}

/// Whether what tshark remarks is true of a capture with a day between its hours: a client's ports come round, and a device that was docked
/// or rewired keeps its address under another MAC. The latter has to be in the register.
fn comes_with_time(fault: &str, devices: &str) -> bool {
    if fault.ends_with(
        "A new tcp session is started with the same ports as an earlier session in this trace",
    ) {
        return true;
    }
    let Some((_, address)) = fault.split_once("Duplicate IP address configured (") else {
        return false;
    };
    let address = address.trim_end_matches(')');
    let macs: BTreeSet<&str> = devices
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|cells| cells.get(9) == Some(&address))
        .filter_map(|cells| cells.get(7).copied())
        .collect();
    macs.len() > 1
}

#[test]
fn tshark_finds_no_fault_in_a_small_estate_and_reads_its_truth() {
    let Some(tshark) =
        tshark::tshark("tshark_finds_no_fault_in_a_small_estate_and_reads_its_truth")
    else {
        return;
    };
    let scenario = Scenario {
        seed: 1,
        sizes: vec![170, 150],
        hours: 2,
        every: 24,
        rates: Rates::ORDINARY,
        lend: Some("infusion_pump".to_owned()),
        most: 60_000,
        conditions: Conditions::rough(),
        mirrors: vec![Mirror::Doubled, Mirror::Erspan],
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (sites, _) = play::play_into(&scenario, folder.path()).expect("a hospital");
    for (site, mirror) in sites.into_iter().zip(&scenario.mirrors) {
        let rows = tshark::read(&tshark, &folder.path().join(&site.site).join(CAPTURE));
        assert_eq!(rows.len() as u64, site.frames, "{}", site.site);
        let devices = folder.path().join(&site.site).join("devices.tsv");
        let devices = std::fs::read_to_string(devices).expect("devices.tsv");
        let mut faults = agreement::faults(&rows);
        faults.retain(|fault| {
            let copied = *mirror == Mirror::Doubled && agreement::is_of_copies(fault);
            !copied && !comes_with_time(fault, &devices)
        });
        assert!(
            faults.is_empty(),
            "{}: {} faults\n{}",
            site.site,
            faults.len(),
            faults[..faults.len().min(40)].join("\n")
        );
        agreement::compare(&site.site, &site.truth, &rows);
    }
}
