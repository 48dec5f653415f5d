//! The commands around a collector as people meet them first: what they refuse, with which words and exit code.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

fn collector(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auscult-collector"));
    ended(command.current_dir(folder).args(args))
}

fn ended(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

#[test]
fn without_a_log_the_commands_that_read_one_say_so_and_end_with_69() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["inventory"][..],
        &["tail", "lifecycle"],
        &["tail", "findings-open"],
        &["tail", "decisions"],
        &["log", "status"],
        &["intel", "status"],
    ] {
        let (code, _, said) = collector(folder.path(), args);
        assert_eq!(code, 69, "{args:?}: {said}");
        assert!(said.contains("there is no log in auscult-data"), "{said}");
    }
    assert!(!folder.path().join("auscult-data").try_exists().unwrap());
}

#[test]
fn check_says_what_each_role_misses_and_refuses_when_none_can_start() {
    let folder = tempfile::tempdir().unwrap();
    let (code, found, said) = collector(folder.path(), &["check"]);
    assert_eq!(code, 64, "{found}{said}");
    for line in [
        "configuration: every default (no --config, and no collector.toml here)",
        "role all: cannot start: no [ingest] section",
        "role ingest: cannot start: the roles `ingest` and `engine` meet in Kafka",
        "role engine: cannot start: the roles `ingest` and `engine` meet in Kafka",
    ] {
        assert!(found.contains(line), "{line}: {found}");
    }
    assert!(said.contains("no role can start"), "{said}");
}

#[test]
fn the_trial_configuration_can_start_once_there_is_a_pki() {
    let folder = tempfile::tempdir().unwrap();
    let trial = Path::new(env!("CARGO_MANIFEST_DIR")).join("collector.trial.toml");
    std::fs::copy(trial, folder.path().join("collector.toml")).unwrap();
    let (code, _, said) = collector(folder.path(), &["check"]);
    assert_eq!(code, 64);
    for file in ["cert.pem", "key.pem", "roots.pem"] {
        assert!(said.contains(file), "all at once: {said}");
    }
    let made = collector(
        folder.path(),
        &[
            "pki",
            "init",
            "--dir",
            "pki",
            "--trust-domain",
            "auscult.example",
            "--server-name",
            "localhost",
        ],
    );
    assert_eq!(made.0, 0, "{made:?}");
    let (code, found, said) = collector(folder.path(), &["check"]);
    assert_eq!(code, 0, "{found}{said}");
    assert!(
        found.contains("role all: can start") && found.contains("no faults"),
        "{found}"
    );
}

#[test]
fn a_configuration_is_refused_by_the_commands_that_read_none() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["pki", "show", "x.pem", "--config", "nope"][..],
        &["--config", "nope", "risk", "top", "site.json"],
        &["assess", "site.json", "--config", "nope"],
    ] {
        let (code, _, said) = collector(folder.path(), args);
        assert_eq!(code, 64, "{args:?}: {said}");
        assert!(said.contains("reads no configuration"), "{said}");
    }
}

#[test]
fn files_of_the_kafka_client_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[kafka]\nbootstrap = \"localhost:1\"\n[kafka.client]\nsecurity.protocol = \"ssl\"\n\
        ssl.ca.location = \"/nowhere/ca.pem\"\nssl.key.location = \"/nowhere/key.pem\"\n";
    std::fs::write(folder.path().join("collector.toml"), text).unwrap();
    for args in [&["inventory"][..], &["topics", "check"], &["engine"]] {
        let (code, _, said) = collector(folder.path(), args);
        assert_eq!(code, 64, "{args:?}: {said}");
        for wanted in [
            "kafka.client.ssl.ca.location: cannot read /nowhere/ca.pem",
            "/nowhere/key.pem",
            "put the file there",
        ] {
            assert!(said.contains(wanted), "{wanted}: {said}");
        }
    }
}

#[test]
fn nobody_accepts_a_risk() {
    let folder = tempfile::tempdir().unwrap();
    for nobody in ["", "  "] {
        let until = ["--until", "2099-12-31", "--by", nobody];
        let args = [&["risk", "accept", "pump/CVE-2026-1"][..], &until].concat();
        let (code, _, said) = collector(folder.path(), &args);
        assert_eq!(code, 64, "{said}");
        assert!(said.contains("names nobody; say who decides"), "{said}");
    }
}

#[test]
fn settings_with_which_no_kafka_client_is_made_are_bad_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[kafka]\nbootstrap = \"localhost:1\"\n[kafka.client]\nsecurity.protocol = \"sasl_plaintext\"\n\
        sasl.mechanism = \"nonsense\"\n";
    std::fs::write(folder.path().join("collector.toml"), text).unwrap();
    for args in [&["check"][..], &["engine"], &["inventory"]] {
        let (code, found, said) = collector(folder.path(), args);
        assert_eq!(code, 64, "{args:?}: {found}{said}");
        assert!(said.contains("correct [kafka.client]"), "{args:?}: {said}");
    }
}

#[test]
fn a_log_that_this_user_may_not_read_is_not_called_absent() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let log = folder.path().join("auscult-data");
    std::fs::create_dir(&log).unwrap();
    mode(folder.path(), 0o755);
    mode(&log, 0);
    // The program where anybody may run it: root may read everything, so root becomes somebody else.
    let program = folder.path().join("auscult-collector");
    std::fs::copy(env!("CARGO_BIN_EXE_auscult-collector"), &program).unwrap();
    mode(&program, 0o755);
    for args in [&["inventory"][..], &["log", "status"], &["tail", "health"]] {
        let mut command = Command::new(&program);
        command.current_dir(folder.path()).args(args);
        if rustix::process::geteuid().is_root() {
            command.uid(65_534).gid(65_534);
        }
        let (code, _, said) = ended(&mut command);
        assert_eq!(code, 77, "{args:?}: {said}");
        assert!(
            said.contains("auscult-data of the log cannot be read: Permission denied"),
            "{said}"
        );
    }
    mode(&log, 0o700);
}

#[test]
fn a_folder_in_which_no_log_can_be_kept_is_a_fault_of_the_check() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for dir in ["file", "file/log", "/proc/self/log"] {
        let text = format!("[embedded]\ndir = {dir:?}\n");
        std::fs::write(folder.path().join("collector.toml"), text).unwrap();
        let (code, found, said) = collector(folder.path(), &["check"]);
        assert_eq!(code, 64, "{dir}: {found}{said}");
        assert!(
            said.contains("embedded.dir: the log cannot be kept in "),
            "{dir}: {said}"
        );
    }
}

#[test]
fn the_authority_ends_with_the_codes_that_all_commands_have() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no certificate\n").unwrap();
    let init = ["pki", "init", "--dir", "pki", "--server-name", "localhost"];
    let domain = |domain| [&init[..], &["--trust-domain", domain]].concat();
    let sensor = ["--site", "main", "--sensor", "a"];
    let issue = |dir, days| {
        let given = ["pki", "issue", "--dir", dir, "--days", days];
        [&given[..], &sensor[..]].concat()
    };
    for (wanted, args) in [
        (64, domain("Bad Dom")),
        (0, domain("auscult.example")),
        (64, issue("pki", "0")),
        (66, issue("nosuchpki", "9")),
        (66, vec!["pki", "show", "nosuch"]),
        (65, vec!["pki", "show", "notes.txt"]),
    ] {
        let (code, _, said) = collector(folder.path(), &args);
        assert_eq!(code, wanted, "{args:?}: {said}");
    }
}
