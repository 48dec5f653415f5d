//! kill -9 at any time, in a process of its own: it re-runs this test binary.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use auscult_spool::{Options, Spool, SpoolError};

const CHILD: &str = "AUSCULT_TEST_SPOOL";

fn options(dir: &Path) -> Options {
    Options {
        segment_bytes: 64 * 1024,
        max_bytes: 64 << 20,
        ..Options::new(dir)
    }
}

/// The body says which sequence it must have.
fn body(first_seq: u64) -> Vec<u8> {
    let length = 100 + usize::try_from(first_seq % 3000).unwrap();
    first_seq
        .to_be_bytes()
        .into_iter()
        .cycle()
        .take(length)
        .collect()
}

/// Appends and syncs for ever, and tells what is durable.
#[test]
fn child() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let (mut spool, _) = Spool::open(options(dir.as_ref())).unwrap();
    loop {
        for _ in 0..3 {
            let next = spool.next_seq();
            spool.append(&body(next), 5).unwrap();
        }
        println!("\ndurable {}", spool.sync().unwrap());
    }
}

fn start(dir: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

#[test]
fn what_a_killed_process_had_synced_is_there_and_nothing_is_there_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut durable = 0;
    for round in 0..12 {
        let (mut child, output) = start(dir.path());
        let told = |line: std::io::Result<String>| {
            let line = line.unwrap();
            line.strip_prefix("durable ")
                .map(|seq| seq.parse::<u64>().unwrap())
        };
        let mut lines = output.lines();
        let mut seen = 0;
        while seen < 1 + round * 3 {
            if let Some(seq) = lines.next().and_then(told) {
                assert!(seq > durable);
                durable = seq;
                seen += 1;
            }
        }
        if round == 5 {
            let refused = Spool::open(options(dir.path())).unwrap_err();
            let expected = Some(child.id());
            assert!(matches!(refused, SpoolError::Locked { holder, .. } if holder == expected));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        durable = lines.filter_map(told).max().unwrap_or(durable);
        let (mut spool, recovery) = Spool::open(options(dir.path())).unwrap();
        assert_eq!(recovery.lost, 0);
        assert!(spool.durable() >= durable);
        let mut next = 1;
        loop {
            let batches = spool.read_from(next, 1 << 20).unwrap();
            let Some(last) = batches.last() else { break };
            let end = last.end();
            for batch in batches {
                assert_eq!(batch.first_seq, next);
                assert_eq!(&batch.body[..], body(next));
                next = batch.end();
            }
            assert_eq!(next, end);
        }
        assert_eq!(next, spool.next_seq());
    }
}
