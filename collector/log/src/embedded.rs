//! The embedded log: on disk, in the process, for one process.

mod appender;
mod codec;
mod commit;
mod engine;
mod lock;
mod options;
mod plan;
mod reader;
mod shared;
mod socket;
mod sweep;
mod tables;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

pub use options::EmbeddedOptions;

use crate::seam::{Appender, EngineLog, Log, LogError, Reader, StartAt, Stored};
use crate::topics::Topic;
use lock::{DirLock, Refusal};
use shared::Shared;
use tables::Tables;

/// What the embedded log is for and what it is not for: one line, to be shown at start.
pub const PURPOSE: &str = "no Kafka is configured: the log is kept in this process, on this disk. Good for trying out, for development and for one \
     small site; not for more than one collector process, not for a SOC's own Kafka clients, and as durable as this disk is. \
     `auscult-collector log copy --to-kafka` moves everything to Kafka";

/// A log in a folder.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    socket: Option<UnixListener>,
    /// Held until everything else is closed.
    _lock: DirLock,
}

impl std::fmt::Debug for EmbeddedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedLog")
            .field("dir", &self.shared.dir)
            .finish_non_exhaustive()
    }
}

impl EmbeddedLog {
    /// Opens the log in `dir`, creating folder and log when there are none. Partition counts are those of the options when the log
    /// is created, and stay.
    ///
    /// # Errors
    /// `Fenced` when another process holds the folder, `NotPermitted` when this user may not write it, `Fatal` when it cannot be used.
    pub fn open(dir: &Path, options: EmbeddedOptions) -> Result<Self, LogError> {
        create_private(dir).map_err(|error| {
            let doing = format!("the folder {} for the log cannot be made", dir.display());
            LogError::of_file(&doing, &error)
        })?;
        let lock = DirLock::acquire(dir).map_err(|refusal| refusal.explain(dir))?;
        Self::locked(dir, options, lock)
    }

    fn locked(dir: &Path, options: EmbeddedOptions, lock: DirLock) -> Result<Self, LogError> {
        if options.partitions(Topic::Observations) != options.partitions(Topic::State) {
            return Err(LogError::Fatal(
                "observations and state must have equal partition counts".to_owned(),
            ));
        }
        let tables = Tables::open(dir, &options).map_err(|error| {
            LogError::Fatal(format!(
                "the log in {} cannot be opened: {error}",
                dir.display()
            ))
        })?;
        let contents = tables.contents(&options)?;
        let socket = options.socket;
        let shared = Arc::new(Shared::new(dir.to_owned(), options, tables, contents));
        let mut log = Self {
            shared,
            threads: Vec::new(),
            socket: None,
            _lock: lock,
        };
        log.spawn("log-commit", commit::run)?;
        log.spawn("log-sweep", sweep::run)?;
        if socket {
            // A log without its socket is a whole log: a folder on a file system without sockets still works.
            let listening = socket::listen(dir).and_then(|it| Ok((it.try_clone()?, it)));
            match listening {
                Ok((handle, listener)) => {
                    log.socket = Some(handle);
                    log.spawn("log-socket", move |shared| socket::serve(&listener, shared))?;
                }
                Err(error) => {
                    tracing::warn!(%error, "other processes cannot read this log while it runs");
                }
            }
        }
        Ok(log)
    }

    fn spawn(
        &mut self,
        name: &str,
        work: impl FnOnce(&Arc<Shared>) + Send + 'static,
    ) -> Result<(), LogError> {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&shared))
            .map_err(|error| LogError::Fatal(format!("no thread for the log: {error}")))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Tells this log from every other, over restarts.
    #[must_use]
    pub fn identity(&self) -> u64 {
        self.shared.identity
    }

    /// The engine group's next offset of a partition; `None` when no engine has committed any.
    #[must_use]
    pub fn committed(&self, partition: u32) -> Option<u64> {
        self.shared.state().committed.get(&partition).copied()
    }

    /// The first offset kept of a partition and the one after the last.
    #[must_use]
    pub fn extent(&self, topic: Topic, partition: u32) -> (u64, u64) {
        let extent = self.shared.state().extent(topic, partition);
        (extent.first, extent.next)
    }

    /// Records kept of a topic, and their bytes.
    #[must_use]
    pub fn kept(&self, topic: Topic) -> (u64, u64) {
        let state = self.shared.state();
        (0..self.shared.partitions(topic)).fold((0, 0), |(records, bytes), partition| {
            let extent = state.extent(topic, partition);
            (
                extent.records.saturating_add(records),
                extent.bytes.saturating_add(bytes),
            )
        })
    }

    /// Records of one partition from an offset on, at most a page of them, and the offset to go on from.
    pub(crate) fn page(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        to: u64,
    ) -> Result<(Vec<Stored>, u64), LogError> {
        self.shared.page(topic, partition, from, to)
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.shared.queue.close();
        self.shared.closing.tell();
        self.shared.change(|state| state.closed = true);
        if let Some(listener) = &self.socket {
            socket::hang_up(listener);
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the log has panicked");
            }
        }
        if self.socket.is_some() {
            socket::remove(&self.shared.dir);
        }
        // Readers may outlive the log; the store does not, or the folder could not be opened again.
        drop(self.shared.take_tables());
    }
}

impl Log for EmbeddedLog {
    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        Ok(self.shared.partitions(topic))
    }

    fn appender(&self) -> Result<Box<dyn Appender>, LogError> {
        Ok(Box::new(appender::EmbeddedAppender(Arc::clone(
            &self.shared,
        ))))
    }

    fn engine(&self, member: &str) -> Result<Box<dyn EngineLog>, LogError> {
        let engine = engine::EmbeddedEngine::join(Arc::clone(&self.shared), member)?;
        Ok(Box::new(engine))
    }

    fn reader(&self, topic: Topic, from: StartAt) -> Result<Box<dyn Reader>, LogError> {
        let reader = reader::EmbeddedReader::open(Arc::clone(&self.shared), topic, &from)?;
        Ok(Box::new(reader))
    }
}

/// Whether there is a log in `dir`.
///
/// # Errors
/// `NotPermitted` or `Fatal` when the folder cannot be looked into: a log that may not be read is not one that is absent.
pub fn is_log(dir: &Path) -> Result<bool, LogError> {
    dir.join("store").try_exists().map_err(|error| {
        let doing = format!("the folder {} of the log cannot be read", dir.display());
        LogError::of_file(&doing, &error)
    })
}

/// Reads a topic of the log in `dir`, whether or not another process holds it: through that process's socket if so.
///
/// # Errors
/// `Fatal` when there is no log in `dir`; `NotPermitted` when this user may not read it; `Unavailable` when its process does not
/// answer.
pub fn open_reader(dir: &Path, topic: Topic, from: StartAt) -> Result<Box<dyn Reader>, LogError> {
    if !is_log(dir)? {
        return Err(LogError::Fatal(format!(
            "there is no log in {}: start the collector first, or name its data folder",
            dir.display()
        )));
    }
    match DirLock::acquire(dir) {
        Ok(lock) => {
            let options = EmbeddedOptions {
                socket: false,
                sweep: Duration::MAX,
                ..EmbeddedOptions::default()
            };
            let log = EmbeddedLog::locked(dir, options, lock)?;
            let reader = log.reader(topic, from)?;
            Ok(Box::new(Owned { reader, _log: log }))
        }
        Err(Refusal::Held { .. }) => {
            let reader = socket::SocketReader::open(dir, topic, &from)?;
            Ok(Box::new(reader))
        }
        Err(failed) => Err(failed.explain(dir)),
    }
}

/// A reader with the log it reads.
struct Owned {
    reader: Box<dyn Reader>,
    _log: EmbeddedLog,
}

impl Reader for Owned {
    fn next(&mut self, timeout: Duration) -> Result<Option<Stored>, LogError> {
        self.reader.next(timeout)
    }

    fn caught_up(&self) -> bool {
        self.reader.caught_up()
    }
}

/// The folder, for its owner alone.
fn create_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}
