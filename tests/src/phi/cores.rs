//! What a crash would leave: the core of a process that was killed with SIGABRT while cores are allowed without limit.

use std::io;
use std::path::{Path, PathBuf};

use crate::process::{Process, binaries};

/// Starts a program of this workspace in a folder of its own, with cores allowed as far as this process may.
///
/// # Errors
/// When it cannot be started.
pub fn start(name: &str, binary: &str, arguments: &[&str], folder: &Path) -> io::Result<Process> {
    let program = binaries()?.join(binary);
    let program = program.to_string_lossy().into_owned();
    let mut all = vec![
        "-c",
        "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\"",
        &program,
    ];
    all.extend(arguments);
    std::fs::create_dir_all(folder)?;
    Process::start_program(name, Path::new("/bin/sh"), &all, folder)
}

/// What a crash left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Core {
    /// The kernel wrote none.
    None,
    /// These files.
    Files(Vec<PathBuf>),
    /// The kernel gave it to a program (`kernel.core_pattern`), so it is not here.
    Elsewhere,
}

/// Crashes a process whose folder is `folder`.
///
/// # Errors
/// When it had ended already.
pub fn crash(process: &mut Process, folder: &Path) -> io::Result<Core> {
    if !process.abort()? {
        return Ok(Core::None);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy());
        if name.is_some_and(|name| name.starts_with("core")) {
            files.push(path);
        }
    }
    Ok(if files.is_empty() {
        Core::Elsewhere
    } else {
        Core::Files(files)
    })
}

/// The control: a shell that has read a file crashes in the same way.
///
/// # Errors
/// When it cannot be started or ends by itself.
pub fn control(file: &Path, folder: &Path) -> io::Result<Core> {
    std::fs::create_dir_all(folder)?;
    let script = "ulimit -c unlimited 2>/dev/null; held=$(cat \"$0\"); echo held; while :; do sleep 0.1; done";
    let file = file.to_string_lossy();
    let mut shell = Process::start_program(
        "control",
        Path::new("/bin/sh"),
        &["-c", script, &file],
        folder,
    )?;
    crate::process::eventually(
        "the control holds the list",
        std::time::Duration::from_secs(30),
        || {
            std::fs::read_to_string(&shell.log)
                .ok()
                .filter(|text| text.contains("held"))
        },
    )?;
    crash(&mut shell, folder)
}
