//! Real processes of the product: started, awaited by condition, killed without mercy.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The folder of the workspace's built binaries: beside the running test binary.
///
/// # Errors
/// When the running binary's own path cannot be read.
pub fn binaries() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    // target/debug/deps/test-hash -> target/debug; target/release/benchmark -> target/release
    let folder = own.parent().unwrap_or(Path::new("."));
    Ok(if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder).to_path_buf()
    } else {
        folder.to_path_buf()
    })
}

/// A running process that does not outlive the test.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    /// Where its standard error goes.
    pub log: PathBuf,
}

impl Process {
    /// Starts `binary` (of this workspace) with its standard error in `folder/<name>.log` (appended).
    ///
    /// # Errors
    /// When the binary is missing (build it: `cargo build --workspace --bins`) or cannot be started.
    pub fn start(name: &str, binary: &str, arguments: &[&str], folder: &Path) -> io::Result<Self> {
        Self::start_program(name, &binaries()?.join(binary), arguments, folder)
    }

    /// Starts any program; otherwise as [`Process::start`].
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_program(
        name: &str,
        path: &Path,
        arguments: &[&str],
        folder: &Path,
    ) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)?;
        let child = Command::new(path)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// Kills it as a power cut would (SIGKILL) and reaps it.
    ///
    /// # Errors
    /// When it cannot be signalled or reaped.
    pub fn kill9(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Ends it as a crash would (SIGABRT) and reaps it: whether the kernel says that it left a core.
    ///
    /// # Errors
    /// When it had ended already, cannot be signalled, or outlives the signal by 30 s (a core takes time to write).
    pub fn abort(&mut self) -> io::Result<bool> {
        if let Some(status) = self.child.try_wait()? {
            let name = &self.name;
            return Err(io::Error::other(format!("{name} had ended: {status}")));
        }
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .ok_or(io::ErrorKind::InvalidInput)?;
        rustix::process::kill_process(pid, rustix::process::Signal::ABORT)?;
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.core_dumped());
            }
            if Instant::now() > end {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks it to stop (SIGTERM) and waits up to `patience` for the exit code.
    ///
    /// # Errors
    /// When it is still running after `patience`, or ended by a signal.
    pub fn stop(&mut self, patience: Duration) -> io::Result<i32> {
        if self.child.try_wait()?.is_none()
            && let Some(pid) = i32::try_from(self.child.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        self.wait(patience)
    }

    /// Waits up to `patience` for the exit code.
    ///
    /// # Errors
    /// When it is still running after `patience`, or ended by a signal.
    pub fn wait(&mut self, patience: Duration) -> io::Result<i32> {
        let end = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return status
                    .code()
                    .ok_or_else(|| io::Error::other(format!("{} ended by {status}", self.name)));
            }
            if Instant::now() > end {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("{} still runs after {patience:?}", self.name),
                ));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the operating system will not say.
    pub fn running(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The last `lines` lines it logged, for a failure message.
    #[must_use]
    pub fn tail(&self, lines: usize) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        format!(
            "{}:\n{}",
            self.name,
            all.get(all.len().saturating_sub(lines)..)
                .unwrap_or(&all)
                .join("\n")
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already ended is fine; nothing else can be done about a failure here.
        drop(self.kill9());
    }
}

/// Asks `condition` every 20 ms until it answers, at most for `patience`.
///
/// # Errors
/// `what` was not seen in time.
pub fn eventually<T>(
    what: &str,
    patience: Duration,
    mut condition: impl FnMut() -> Option<T>,
) -> io::Result<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(value) = condition() {
            return Ok(value);
        }
        if Instant::now() > end {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("not within {patience:?}: {what}"),
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A TCP port nobody listens on at the moment.
///
/// # Errors
/// When none can be had.
pub fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}
