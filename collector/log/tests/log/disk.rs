//! A disk that runs full: on a small file system in memory, which only root can make.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use auscult_log::{
    AppendError, Appender, CommitError, EmbeddedLog, EmbeddedOptions, Log, LogError, Message,
    Topic, Transaction,
};
use tempfile::TempDir;

use crate::embedded::options;
use crate::suite::{Keep, assigned, block_on, message, poll_records, read_all, value};

struct Small {
    dir: TempDir,
}

impl Small {
    /// `None`, loudly, where it cannot be made.
    fn mount(mebibytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(dir.path())
            .output();
        match made {
            Ok(output) if output.status.success() => Some(Self { dir }),
            other => {
                println!("NOT TESTED: a full disk needs root, to mount a small tmpfs: {other:?}");
                None
            }
        }
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Fills the disk but for `left` bytes.
    fn fill(&self, left: u64) -> PathBuf {
        let ballast = self.dir.path().join("ballast");
        let free = free(self.dir.path());
        let bytes = usize::try_from(free.saturating_sub(left)).unwrap();
        std::fs::write(&ballast, vec![7; bytes]).unwrap();
        ballast
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(
            Command::new("umount")
                .arg("-l")
                .arg(self.dir.path())
                .output(),
        );
    }
}

fn free(dir: &Path) -> u64 {
    let stat = rustix::fs::statvfs(dir).unwrap();
    stat.f_bavail * stat.f_frsize
}

fn numbered(n: u64) -> Message {
    let mut body = format!("{n} ").into_bytes();
    let mut noise = n | 1;
    body.extend((0..4000).map(|_| {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        b'a' + noise.to_be_bytes()[0] % 26
    }));
    let mut message = message(Topic::Observations, 0, "s", None);
    message.value = Some(body.into());
    message
}

fn number(stored: &auscult_log::Stored) -> u64 {
    value(stored).split(' ').next().unwrap().parse().unwrap()
}

/// Appends one after the other until one is refused, and returns how many there are then.
fn until_refused(
    appender: &dyn Appender,
    mut next: u64,
    acknowledged: &mut Vec<u64>,
) -> (u64, AppendError) {
    loop {
        match block_on(appender.append(numbered(next))) {
            Ok(_) => acknowledged.push(next),
            Err(refusal) => return (next + 1, refusal),
        }
        next += 1;
        assert!(next < 100_000, "the disk does not fill");
    }
}

fn until_accepted(appender: &dyn Appender, mut next: u64, acknowledged: &mut Vec<u64>) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match block_on(appender.append(numbered(next))) {
            Ok(_) => {
                acknowledged.push(next);
                return next + 1;
            }
            Err(refusal) => assert!(Instant::now() < deadline, "{refusal}"),
        }
        next += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Everything acknowledged is there in order; what was refused may be, once at most.
fn nothing_lost(log: &dyn Log, acknowledged: &[u64]) {
    let found: Vec<u64> = read_all(log, Topic::Observations)
        .iter()
        .map(number)
        .collect();
    assert!(found.is_sorted_by(|a, b| a < b), "order, or a record twice");
    let there: std::collections::BTreeSet<u64> = found.into_iter().collect();
    let lost: Vec<&u64> = acknowledged.iter().filter(|n| !there.contains(n)).collect();
    assert!(
        lost.is_empty(),
        "{} of {} lost",
        lost.len(),
        acknowledged.len()
    );
}

#[test]
fn a_full_disk_is_refused_by_name_and_work_goes_on_when_there_is_room() {
    let Some(disk) = Small::mount(160) else {
        return;
    };
    let options = EmbeddedOptions {
        reserve_bytes: 32 * 1024 * 1024,
        ..options(Keep::default())
    };
    let log = EmbeddedLog::open(&disk.log(), options).unwrap();
    let appender = log.appender().unwrap();
    let mut acknowledged = Vec::new();
    let mut next = until_accepted(&*appender, 0, &mut acknowledged);
    let mut engine = log.engine("a").unwrap();
    assigned(&mut *engine, 4);
    poll_records(&mut *engine, 1);
    for _ in 0..3 {
        let ballast = disk.fill(40 * 1024 * 1024);
        let (after, refusal) = until_refused(&*appender, next, &mut acknowledged);
        next = after;
        let AppendError::Retry(text) = refusal else {
            panic!("{refusal}");
        };
        assert!(text.contains("make room"), "{text}");
        let state = message(Topic::State, 0, "s", Some("x"));
        let transaction = Transaction {
            records: vec![state],
            consumed: BTreeMap::from([(0, 1)]),
        };
        let aborted = engine.commit(transaction.clone());
        assert!(
            matches!(aborted, Err(CommitError::Aborted(_))),
            "{aborted:?}"
        );
        nothing_lost(&log, &acknowledged);
        std::fs::remove_file(ballast).unwrap();
        next = until_accepted(&*appender, next, &mut acknowledged);
        engine.commit(transaction).unwrap();
    }
    nothing_lost(&log, &acknowledged);
    assert!(acknowledged.len() > 50);
}

#[test]
fn a_write_that_fails_loses_nothing_that_was_acknowledged() {
    let Some(disk) = Small::mount(160) else {
        return;
    };
    // No reserve: the store itself runs into the end of the disk.
    let options = EmbeddedOptions {
        reserve_bytes: 0,
        ..options(Keep::default())
    };
    let log = EmbeddedLog::open(&disk.log(), options.clone()).unwrap();
    let appender = log.appender().unwrap();
    let mut acknowledged = Vec::new();
    let mut next = until_accepted(&*appender, 0, &mut acknowledged);
    for left in [3_000_000, 500_000, 0] {
        let ballast = disk.fill(left);
        let (after, refusal) = until_refused(&*appender, next, &mut acknowledged);
        next = after;
        assert!(matches!(refusal, AppendError::Retry(_)), "{refusal}");
        std::fs::remove_file(ballast).unwrap();
        next = until_accepted(&*appender, next, &mut acknowledged);
        nothing_lost(&log, &acknowledged);
    }
    // Readers and engines go on over all that.
    let mut engine = log.engine("a").unwrap();
    assigned(&mut *engine, 4);
    poll_records(&mut *engine, acknowledged.len());
    drop((appender, engine, log));
    let again = EmbeddedLog::open(&disk.log(), options);
    assert!(!matches!(again, Err(LogError::Fenced(_))));
    nothing_lost(&again.unwrap(), &acknowledged);
}
