//! The panic hook in a process of its own: it re-runs this test binary.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::process::Command;

use auscult_process::logs::{self, FILTER_VARIABLE, LogFormat};

const CHILD: &str = "AUSCULT_TEST_CHILD";

fn stderr_of(format: &str, filter: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, format)
        .env(FILTER_VARIABLE, filter)
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn child() {
    let Ok(format) = std::env::var(CHILD) else {
        return;
    };
    if let Err(error) = logs::init(format.parse::<LogFormat>().unwrap(), "info") {
        eprintln!("{error}");
        return;
    }
    tracing::debug!("hidden");
    tracing::info!(count = 3, "shown");
    let thread = std::thread::Builder::new().name("folder".into());
    let panicked = thread.spawn(|| panic!("payload {}", 4711)).unwrap().join();
    assert!(panicked.is_err());
}

#[test]
fn a_panic_logs_its_place_and_thread_and_never_its_message() {
    for format in ["human", "json"] {
        let stderr = stderr_of(format, "");
        assert!(stderr.contains("panic; this is a defect"), "{stderr}");
        assert!(
            stderr.contains("tests/panic.rs") && stderr.contains("folder"),
            "{stderr}"
        );
        assert!(
            !stderr.contains("4711") && !stderr.contains("payload"),
            "{stderr}"
        );
    }
}

#[test]
fn the_environment_overrides_the_filter_and_a_bad_one_is_named() {
    assert!(!stderr_of("human", "").contains("hidden"));
    assert!(stderr_of("human", "debug").contains("hidden"));
    assert!(!stderr_of("human", "error").contains("shown"));
    let refused = stderr_of("human", "a=b=c");
    assert!(
        refused.contains("log filter AUSCULT_LOG is not valid"),
        "{refused}"
    );
}

#[test]
fn json_logs_are_one_object_a_line() {
    let stderr = stderr_of("json", "");
    let line = stderr.lines().find(|line| line.contains("shown")).unwrap();
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&value["count"], &value["level"], &value["message"]),
        (&3.into(), &"INFO".into(), &"shown".into())
    );
}
