//! What tshark does not read, others do: `third_reading.py` with pynetdicom, pydicom, hl7 and sdc11073.

use std::path::PathBuf;
use std::process::Command;

use auscult_wire::demonstration;
use auscult_wire::tcp::Conditions;

const NAME: &str = "third_reading_agrees_with_the_truth";

/// A Python with the libraries of `requirements.txt`: `AUSCULT_PYTHON`, or the environment in `tests/.cache/venv`.
fn python() -> Option<PathBuf> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.cache/venv/bin/python");
    let python = std::env::var_os("AUSCULT_PYTHON").map_or_else(default, PathBuf::from);
    let imports = "import hl7, pydicom, pynetdicom, sdc11073";
    let there = Command::new(&python).args(["-c", imports]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let why = format!(
        "{} has not the libraries of tests/wire/tests/others/requirements.txt; tests/wire/tests/others/environment makes it and tests/run calls that (or set AUSCULT_PYTHON)",
        python.display()
    );
    crate::skipped(NAME, &why);
    None
}

#[test]
fn third_reading_agrees_with_the_truth() {
    let (Some(python), Some(_)) = (python(), crate::tshark::tshark(NAME)) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/others/third_reading.py");
    for (seed, conditions) in [(1, Conditions::default()), (4, Conditions::rough())] {
        let mut recording = demonstration::record(seed, conditions).expect("a demonstration");
        let capture = folder.path().join("demonstration.pcap");
        std::fs::write(&capture, crate::bytes(&mut recording)).expect("a capture");
        let mut truth = Vec::new();
        recording
            .truth()
            .write_tsv("demonstration.pcap", &mut truth)
            .expect("the truth");
        let mut canaries = Vec::new();
        recording
            .canaries
            .write_tsv("demonstration.pcap", &mut canaries)
            .expect("the canaries");
        std::fs::write(folder.path().join("truth.tsv"), truth).expect("the truth");
        std::fs::write(folder.path().join("canaries.tsv"), canaries).expect("the canaries");
        let output = Command::new(&python)
            .arg(&script)
            .args([
                capture,
                folder.path().join("truth.tsv"),
                folder.path().join("canaries.tsv"),
            ])
            .output()
            .expect("python runs");
        assert!(
            output.status.success(),
            "seed {seed}:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
