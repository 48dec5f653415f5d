//! The sensor as a service: what deploy/sensor installs is what systemd accepts and what the sensor expects.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

use std::path::{Path, PathBuf};
use std::process::Command;

use auscult_sensor::{cli, exit};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/sensor")
}

fn unit() -> String {
    std::fs::read_to_string(deploy().join("auscult-sensor.service")).unwrap()
}

/// The values of a key, in the order of the unit.
fn values<'u>(unit: &'u str, key: &str) -> Vec<&'u str> {
    unit.lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .collect()
}

#[test]
fn the_unit_names_what_the_sensor_expects() {
    let unit = unit();
    assert_eq!(
        values(&unit, "ExecStart"),
        [format!(
            "/usr/local/bin/auscult-sensor run --config {}",
            cli::CONFIG
        )]
    );
    assert_eq!(
        values(&unit, "RestartPreventExitStatus"),
        [format!("{} {}", exit::USAGE, exit::NOPERM)]
    );
    let folder = Path::new(cli::CONFIG).parent().unwrap();
    let name = folder.file_name().unwrap().to_str().unwrap();
    assert_eq!(values(&unit, "ConfigurationDirectory"), [name]);
    assert_eq!(values(&unit, "CapabilityBoundingSet"), ["CAP_NET_RAW"]);
    // The example's files lie where the unit lets the sensor read and write.
    let example = deploy().join("../../sensor/sensor.example.toml");
    let example = std::fs::read_to_string(example).unwrap();
    for path in example
        .lines()
        .filter_map(|line| line.split('"').nth(1))
        .filter(|value| value.starts_with('/'))
    {
        let state = format!("/var/lib/{}/", values(&unit, "StateDirectory")[0]);
        let readable = Path::new(path).starts_with(folder) || path.starts_with(&state);
        assert!(readable, "{path}");
    }
}

#[test]
fn what_is_installed_is_accepted_by_systemd() {
    let root = tempfile::tempdir().unwrap();
    let staged = Command::new(deploy().join("install"))
        .arg("--binary")
        .arg(std::env::current_exe().unwrap())
        .arg("--root")
        .arg(root.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&staged.stderr).into_owned();
    assert!(staged.status.success(), "{said}");
    assert!(
        root.path()
            .join(cli::CONFIG.trim_start_matches('/'))
            .is_file()
    );
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--recursive-errors=no", "--root"])
        .arg(root.path())
        .arg("auscult-sensor.service")
        .output();
    let Ok(verified) = verified else {
        eprintln!("SKIPPED: systemd-analyze is not installed, so the unit was not verified");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && said.is_empty(), "{said}");
}
