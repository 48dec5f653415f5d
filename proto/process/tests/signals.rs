//! Signals in a process of its own: it re-runs this test binary.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use auscult_process::{exit, shutdown};

const CHILD: &str = "AUSCULT_TEST_CHILD";

/// Stops at once when asked, or never when told to be stubborn.
#[tokio::test]
async fn child() {
    let Ok(kind) = std::env::var(CHILD) else {
        return;
    };
    let (shutdown, trigger) = shutdown::token();
    let listening = tokio::spawn(shutdown::signals(trigger));
    // The handlers are in place after the task's first poll.
    tokio::task::yield_now().await;
    println!("\nlistening");
    shutdown.wait().await;
    println!("\nasked");
    if kind == "stubborn" {
        listening.await.unwrap().unwrap();
    }
}

fn start(kind: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, kind)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    wait_for(&mut output, "listening");
    (child, output)
}

fn wait_for(output: &mut BufReader<ChildStdout>, word: &str) {
    let mut line = String::new();
    while line.trim() != word {
        line.clear();
        assert_ne!(
            output.read_line(&mut line).unwrap(),
            0,
            "ended before {word}"
        );
    }
}

fn send(child: &Child, signal: &str) {
    let status = Command::new("kill")
        .args([format!("-{signal}"), child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn the_first_signal_asks_and_the_task_ends_cleanly() {
    for signal in ["TERM", "INT"] {
        let (mut child, mut output) = start("obedient");
        send(&child, signal);
        wait_for(&mut output, "asked");
        std::io::copy(&mut output, &mut std::io::sink()).unwrap();
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn the_second_signal_ends_the_process() {
    let (mut child, mut output) = start("stubborn");
    send(&child, "TERM");
    wait_for(&mut output, "asked");
    // Sooner it would be the same wish.
    std::thread::sleep(Duration::from_millis(600));
    send(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(i32::from(exit::FAILURE)));
}
