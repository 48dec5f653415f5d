//! What a confined process cannot do, seen from inside one.
//!
//! Without a harness: confinement holds for a thread and those it spawns later, and the harness has threads of its own. The test starts
//! itself as a child, which confines itself and reports.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test without a harness is not known to be one"
)]

use std::ffi::OsString;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use auscult_sensor::config::{SandboxMode, User};
use auscult_sensor::sandbox::{self, Plan, SandboxError};
use rustix::net::{AddressFamily, SocketType, socket};

const CHILD: &str = "AUSCULT_SANDBOX_CHILD";

fn main() {
    match std::env::var_os(CHILD) {
        Some(folder) => child(Path::new(&folder)),
        None => parent(),
    }
}

fn run(name: &str, folder: &Path, user: Option<&str>) {
    let status = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, folder)
        .env(
            "AUSCULT_SANDBOX_USER",
            user.map_or(OsString::new(), OsString::from),
        )
        .status()
        .unwrap();
    assert!(status.success(), "{name}: {status}");
    println!("test {name} ... ok");
}

fn parent() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["spool", "certificates", "elsewhere"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("file"), "x").unwrap();
    }
    run(
        "a_confined_process_reaches_its_spool_and_nothing_else",
        folder.path(),
        None,
    );
    if rustix::process::geteuid().is_root() {
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
        };
        open(folder.path(), 0o755).unwrap();
        run(
            "a_process_started_as_root_becomes_the_configured_user",
            folder.path(),
            Some("65534:65534"),
        );
    } else {
        println!(
            "test a_process_started_as_root_becomes_the_configured_user ... SKIPPED: needs root"
        );
    }
    let threads =
        std::thread::spawn(|| sandbox::confine(&plan(Path::new("/nowhere"), None)).unwrap_err());
    assert!(matches!(threads.join().unwrap(), SandboxError::Threads(2)));
    println!("test a_process_with_threads_is_not_confined_by_halves ... ok");
}

fn plan(folder: &Path, user: Option<User>) -> Plan {
    Plan {
        mode: SandboxMode::Require,
        user,
        read_only: vec![folder.join("certificates")],
        read_write: vec![folder.join("spool")],
        connect: vec![],
        bind: vec![],
    }
}

fn refused<T>(what: &str, outcome: std::io::Result<T>) {
    match outcome {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
        Err(error) => panic!("{what}: refused, but with {error}"),
        Ok(_) => panic!("{what}: allowed"),
    }
}

fn child(folder: &Path) {
    let user: Option<User> = std::env::var("AUSCULT_SANDBOX_USER")
        .ok()
        .and_then(|user| user.parse().ok());
    let elsewhere = folder.join("elsewhere/file");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sandbox::reduce(SandboxMode::Require).unwrap();
    sandbox::own_folder(&folder.join("spool"), user).unwrap();
    let applied = sandbox::confine(&plan(folder, user)).unwrap();
    assert_eq!(applied.len(), 4, "{applied:?}");

    std::fs::write(folder.join("spool/new"), "durable").unwrap();
    std::fs::rename(folder.join("spool/new"), folder.join("spool/renamed")).unwrap();
    std::fs::remove_file(folder.join("spool/renamed")).unwrap();
    std::fs::read(folder.join("certificates/file")).unwrap();
    std::fs::read("/proc/self/status").unwrap();

    refused("reading elsewhere", std::fs::read(&elsewhere));
    refused("reading users", std::fs::read("/etc/passwd"));
    refused("writing elsewhere", std::fs::write(&elsewhere, "y"));
    refused(
        "writing certificates",
        std::fs::write(folder.join("certificates/file"), "y"),
    );
    refused(
        "making a file outside",
        std::fs::write(PathBuf::from("/tmp/auscult-outside"), "y"),
    );
    refused("starting a program", Command::new("/bin/true").status());
    // Sending takes a packet or raw socket; a new one cannot be had, not even by a thread.
    let sockets = std::thread::spawn(|| {
        refused(
            "a packet socket",
            socket(AddressFamily::PACKET, SocketType::RAW, None).map_err(Into::into),
        );
        refused(
            "a raw socket",
            socket(
                AddressFamily::INET,
                SocketType::RAW,
                Some(rustix::net::ipproto::ICMP),
            )
            .map_err(Into::into),
        );
    });
    sockets.join().unwrap();
    if applied.iter().any(|measure| measure.contains("TCP to")) {
        refused(
            "connecting elsewhere",
            TcpStream::connect(listener.local_addr().unwrap()),
        );
        refused("listening", TcpListener::bind("127.0.0.1:0"));
    } else {
        println!("this kernel's Landlock has no rules for TCP: not tested");
    }
    refused(
        "becoming root",
        rustix::thread::set_thread_uid(rustix::process::Uid::ROOT)
            .map_err(Into::into)
            .and_then(|()| {
                if user.is_some() {
                    Ok(())
                } else {
                    Err(ErrorKind::PermissionDenied.into())
                }
            }),
    );
    assert_eq!(
        rustix::process::getrlimit(rustix::process::Resource::Core).current,
        Some(0)
    );
    if let Some(user) = user {
        assert_eq!(rustix::process::getuid().as_raw(), user.uid);
        assert_eq!(rustix::process::getegid().as_raw(), user.gid);
    }
}
