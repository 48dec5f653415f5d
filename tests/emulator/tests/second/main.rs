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

use auscult_emulator::play::{self, CAPTURE, Scenario};
use auscult_hospital::churn::Rates;
use auscult_wire::tcp::Conditions;

/// Says loudly that a test did not run.
pub(crate) fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
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
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (sites, _) = play::play_into(&scenario, folder.path()).expect("a hospital");
    for site in sites {
        let rows = tshark::read(&tshark, &folder.path().join(&site.site).join(CAPTURE));
        assert_eq!(rows.len() as u64, site.frames, "{}", site.site);
        let faults = agreement::faults(&rows);
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
