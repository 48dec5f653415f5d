//! The embedded log.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auscult_log::embedded::open_reader;
use auscult_log::{
    AppendError, EmbeddedLog, EmbeddedOptions, Log, LogError, StartAt, Topic, Transaction,
};
use tempfile::TempDir;

use crate::child::{Place, Process};
use crate::suite::{
    Keep, Maker, Subject, append, block_on, message, partitions, read, read_all, values,
};

pub(crate) fn options(keep: Keep) -> EmbeddedOptions {
    let mut options = EmbeddedOptions {
        partitions: Topic::ALL
            .into_iter()
            .map(|topic| (topic, partitions(topic)))
            .collect(),
        sweep: Duration::from_millis(50),
        reserve_bytes: 1024 * 1024,
        memory_bytes: 16 * 1024 * 1024,
        cache_bytes: 4 * 1024 * 1024,
        tombstones: keep.tombstones,
        ..EmbeddedOptions::default()
    };
    if let Some(bytes) = keep.topic_bytes {
        options.topic_bytes = bytes;
    }
    if let Some(age) = keep.retention {
        options.retention = Topic::ALL
            .into_iter()
            .map(|topic| (topic, age))
            .collect::<BTreeMap<_, _>>();
    }
    options
}

pub(crate) fn open(dir: &Path) -> EmbeddedLog {
    EmbeddedLog::open(dir, options(Keep::default())).unwrap()
}

struct OnDisk {
    log: Option<Arc<EmbeddedLog>>,
    keep: Keep,
    dir: TempDir,
}

impl Subject for OnDisk {
    fn log(&self) -> Arc<dyn Log> {
        Arc::clone(self.log.as_ref().unwrap()) as Arc<dyn Log>
    }

    fn reopen(&mut self) {
        let log = self.log.take().unwrap();
        Arc::into_inner(log).expect("the test has let go of the log");
        let log = EmbeddedLog::open(self.dir.path(), options(self.keep)).unwrap();
        self.log = Some(Arc::new(log));
    }
}

pub(crate) struct Embeddeds;

impl Maker for Embeddeds {
    fn make(_name: &str, keep: Keep) -> Box<dyn Subject> {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(dir.path(), options(keep)).unwrap();
        Box::new(OnDisk {
            dir,
            keep,
            log: Some(Arc::new(log)),
        })
    }
}

crate::conformance!(super::Embeddeds);

#[test]
fn a_second_process_is_refused_and_told_who_holds_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Folder(dir.path().to_owned());
    let mut holder = Process::start("holder", &place, "");
    assert_eq!(holder.line().as_deref(), Some("holding"));
    let refused = EmbeddedLog::open(dir.path(), options(Keep::default()));
    let Err(LogError::Fenced(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(text.contains(&format!("process {}", holder.id())), "{text}");
    assert!(text.contains(&dir.path().display().to_string()), "{text}");
    holder.kill();
    // Nobody has to tidy up after a kill.
    let log = open(dir.path());
    assert_eq!(values(&read_all(&log, Topic::Health)), ["held"]);
    // In the same process, too.
    let refused = EmbeddedLog::open(dir.path(), options(Keep::default()));
    assert!(matches!(refused, Err(LogError::Fenced(_))), "{refused:?}");
}

#[test]
fn another_process_reads_a_log_that_is_held_and_one_that_is_not() {
    // A folder whose socket path is longer than a socket's path can be.
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("long".repeat(40));
    let none = open_reader(&dir, Topic::Health, StartAt::Beginning).err();
    assert!(
        matches!(&none, Some(LogError::Fatal(text)) if text.contains("no log")),
        "{none:?}"
    );
    let place = Place::Folder(dir.clone());
    let mut holder = Process::start("holder", &place, "");
    assert_eq!(holder.line().as_deref(), Some("holding"));
    let mode = std::fs::metadata(dir.join("log.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut reader = open_reader(&dir, Topic::Health, StartAt::Beginning).unwrap();
    assert!(!reader.caught_up());
    assert_eq!(values(&read(&mut *reader, 1)), ["held"]);
    assert!(reader.next(Duration::from_millis(50)).unwrap().is_none());
    assert!(reader.caught_up());
    let empty = open_reader(&dir, Topic::Audit, StartAt::Beginning).unwrap();
    assert!(empty.caught_up());
    // Bounded: the seventeenth at once is turned away, and there is room again when one has gone.
    let mut readers: Vec<_> = (0..14)
        .map(|_| open_reader(&dir, Topic::Health, StartAt::End).unwrap())
        .collect();
    let refused = open_reader(&dir, Topic::Health, StartAt::End).err();
    assert!(
        matches!(&refused, Some(LogError::Fatal(text)) if text.contains("too many")),
        "{refused:?}"
    );
    readers.pop();
    let deadline = Instant::now() + Duration::from_secs(10);
    while open_reader(&dir, Topic::Health, StartAt::End).is_err() {
        assert!(Instant::now() < deadline, "no room again");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(readers);
    holder.kill();
    let gone = reader.next(Duration::from_millis(10)).err();
    assert!(matches!(gone, Some(LogError::Fatal(_))), "{gone:?}");
    let mut reader = open_reader(&dir, Topic::Health, StartAt::Beginning).unwrap();
    assert_eq!(values(&read(&mut *reader, 1)), ["held"]);
}

#[test]
fn a_reader_over_the_socket_is_woken_and_reads_pages_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let appender = log.appender().unwrap();
    let messages = (0..3000)
        .map(|n| message(Topic::Lifecycle, n % 2, "k", Some(&format!("{n:05}"))))
        .collect();
    append(&*appender, messages);
    let mut reader = open_reader(dir.path(), Topic::Lifecycle, StartAt::Beginning).unwrap();
    let found = read(&mut *reader, 3000);
    for partition in 0..2 {
        let of: Vec<String> = found
            .iter()
            .filter(|stored| stored.partition == partition)
            .map(crate::suite::value)
            .collect();
        assert_eq!(of.len(), 1500);
        assert!(of.is_sorted());
    }
    let waiting = std::thread::spawn(move || {
        let started = Instant::now();
        (
            reader.next(Duration::from_secs(20)).unwrap().is_some(),
            started.elapsed(),
        )
    });
    std::thread::sleep(Duration::from_millis(200));
    append(
        &*appender,
        vec![message(Topic::Lifecycle, 0, "k", Some("news"))],
    );
    let (came, took) = waiting.join().unwrap();
    assert!(came && took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn partition_counts_stay_as_the_log_was_created() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let log = EmbeddedLog::open(dir.path(), EmbeddedOptions::default()).unwrap();
    assert_eq!(log.partitions(Topic::Observations).unwrap(), 4);
    let identity = log.identity();
    drop(log);
    assert_eq!(open(dir.path()).identity(), identity);
    let uneven = EmbeddedOptions {
        partitions: BTreeMap::from([(Topic::State, 3)]),
        ..EmbeddedOptions::default()
    };
    let other = tempfile::tempdir().unwrap();
    let refused = EmbeddedLog::open(other.path(), uneven);
    assert!(matches!(refused, Err(LogError::Fatal(_))), "{refused:?}");
}

#[test]
fn observations_that_the_engine_has_not_read_outlive_every_bound() {
    let dir = tempfile::tempdir().unwrap();
    let keep = Keep {
        retention: Some(Duration::from_millis(1)),
        topic_bytes: Some(50_000),
        ..Keep::default()
    };
    let log = EmbeddedLog::open(dir.path(), options(keep)).unwrap();
    let appender = log.appender().unwrap();
    let text = "x".repeat(5000);
    let mut taken = 0_u64;
    let refusal = loop {
        match block_on(appender.append(message(Topic::Observations, 0, "s", Some(&text)))) {
            Ok(_) => taken += 1,
            Err(refusal) => break refusal,
        }
        assert!(taken < 100, "no bound");
    };
    assert!(matches!(refusal, AppendError::Retry(_)), "{refusal:?}");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(log.extent(Topic::Observations, 0), (0, taken));
    // Read, they go, and there is room again.
    let mut engine = log.engine("engine").unwrap();
    crate::suite::assigned(&mut *engine, 4);
    let consumed = BTreeMap::from([(0, taken)]);
    engine
        .commit(Transaction {
            records: Vec::new(),
            consumed,
        })
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while block_on(appender.append(message(Topic::Observations, 0, "s", Some(&text)))).is_err() {
        assert!(Instant::now() < deadline, "no room again");
        std::thread::sleep(Duration::from_millis(20));
    }
}
