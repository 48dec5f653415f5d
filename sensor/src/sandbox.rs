//! Confinement, and the order it depends on.
//!
//! 1. [`reduce`]: keep only the capabilities that the next two steps need, before any C code of libpcap runs.
//! 2. The caller opens every capture (CAP_NET_RAW) and makes the folders it will write to ([`own_folder`]).
//! 3. [`confine`]: become the configured user, drop every capability, forbid new ones, no core dumps, Landlock.
//! 4. Only then the caller opens files of the spool, reads certificates and spawns threads: each of these measures holds for the calling
//!    thread and the threads it spawns later, so `confine` refuses to run in a process that has several.
//!
//! From step 3 on an interface that went away cannot be opened again: the process ends with
//! [`UNAVAILABLE`](crate::exit::UNAVAILABLE) and the service manager starts it anew, with its capability.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::config::{SandboxMode, User};

/// What the process still needs once it is confined.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How much confinement is enough.
    pub mode: SandboxMode,
    /// Whom to become.
    pub user: Option<User>,
    /// Files, and folders with everything below, that are read.
    pub read_only: Vec<PathBuf>,
    /// Folders that are written.
    pub read_write: Vec<PathBuf>,
    /// TCP ports that are connected to, on any host.
    pub connect: Vec<u16>,
    /// TCP ports that are listened on.
    pub bind: Vec<u16>,
}

/// Why a process could not be confined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// Threads that exist already would stay outside.
    #[error("sandbox: {0} threads are running already; this is a defect")]
    Threads(usize),
    /// A measure failed and the configuration insists on it.
    #[error(
        "sandbox: {measure}: {reason}; fix it, or accept less with [sandbox] mode = \"prefer\""
    )]
    Refused {
        /// Which one.
        measure: &'static str,
        /// What the kernel said.
        reason: String,
    },
    /// The process cannot become the configured user.
    #[error("sandbox: cannot become uid {uid}: {reason}; start as root or as that user")]
    User {
        /// The user.
        uid: u32,
        /// Why.
        reason: io::Error,
    },
}

/// Files that the resolver of the C library reads. A file that is replaced later (renamed over) is not covered: where the collector is
/// named by a host name and `/etc/resolv.conf` is such a file, name servers change with a restart.
const RESOLVER: [&str; 6] = [
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
];
/// Random numbers for a new spool, and figures about the process itself.
const SYSTEM: [&str; 2] = ["/dev/urandom", "/proc/self"];
/// The name servers' TCP port, for answers that do not fit a datagram.
const DOMAIN: u16 = 53;
/// The newest Landlock this was written against; older kernels give what they have.
const LANDLOCK: ABI = ABI::V6;

/// Gives up every capability but those that opening captures and changing the user take. Step 1 of the module's order.
///
/// # Errors
/// When the kernel refuses, which it does not.
pub fn reduce(mode: SandboxMode) -> io::Result<()> {
    if mode == SandboxMode::Off {
        return Ok(());
    }
    let before = rustix::thread::capabilities(None)?;
    let needed = CapabilitySet::NET_RAW
        | CapabilitySet::SETUID
        | CapabilitySet::SETGID
        | CapabilitySet::CHOWN;
    if before.effective.contains(CapabilitySet::SETPCAP) {
        empty_bounding_set()?;
    }
    let kept = before.permitted & needed;
    rustix::thread::set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}

fn empty_bounding_set() -> io::Result<()> {
    for number in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            // Past the last one this kernel knows.
            Err(rustix::io::Errno::INVAL) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Makes a folder (and those above it) and hands it to the user that the process will become. Part of step 2.
///
/// # Errors
/// When it cannot be made or handed over.
pub fn own_folder(folder: &Path, user: Option<User>) -> io::Result<()> {
    if !folder.try_exists()? {
        std::fs::create_dir_all(folder)?;
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    }
    if let Some(user) = user.filter(|_| rustix::process::geteuid().is_root()) {
        let (uid, gid) = (
            rustix::fs::Uid::from_raw(user.uid),
            rustix::fs::Gid::from_raw(user.gid),
        );
        rustix::fs::chown(folder, Some(uid), Some(gid))?;
    }
    Ok(())
}

/// Applies everything and logs what holds from now on. Step 3 of the module's order.
///
/// # Errors
/// With [`SandboxMode::Require`] at the first measure that does not hold; with any mode when the user cannot be changed or the process
/// has more than one thread.
pub fn confine(plan: &Plan) -> Result<Vec<String>, SandboxError> {
    if plan.mode == SandboxMode::Off {
        tracing::warn!("sandbox is off by configuration");
        return Ok(Vec::new());
    }
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads != 1 {
        return Err(SandboxError::Threads(threads));
    }
    if let Some(user) = plan.user {
        become_user(user)?;
    }
    type Measure = (&'static str, fn(&Plan) -> Result<String, String>);
    let measures: [Measure; 4] = [
        ("no capabilities", |_| no_capabilities()),
        ("no new privileges", |_| no_new_privileges()),
        ("no core dumps", |_| no_core_dumps()),
        ("landlock", landlock),
    ];
    let mut applied = Vec::new();
    for (measure, apply) in measures {
        match apply(plan) {
            Ok(detail) => applied.push(detail),
            Err(reason) if plan.mode == SandboxMode::Require => {
                return Err(SandboxError::Refused { measure, reason });
            }
            Err(reason) => tracing::warn!(measure, reason, "sandbox is weaker than it could be"),
        }
    }
    tracing::info!(applied = applied.join("; "), "sandboxed");
    Ok(applied)
}

fn become_user(user: User) -> Result<(), SandboxError> {
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let (uid, gid) = (
        rustix::process::Uid::from_raw(user.uid),
        rustix::process::Gid::from_raw(user.gid),
    );
    if rustix::process::geteuid() == uid && rustix::process::getuid() == uid {
        return Ok(());
    }
    // This is the only thread, so the thread's identity is the process's.
    set_thread_groups(&[gid])
        .and_then(|()| set_thread_res_gid(gid, gid, gid))
        .and_then(|()| set_thread_res_uid(uid, uid, uid))
        .map_err(|error| SandboxError::User {
            uid: user.uid,
            reason: error.into(),
        })
}

fn no_capabilities() -> Result<String, String> {
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    let applied = rustix::thread::clear_ambient_capability_set()
        .and_then(|()| rustix::thread::set_capabilities(None, none))
        .and_then(|()| rustix::thread::capabilities(None));
    match applied {
        Ok(now) if now.permitted.is_empty() && now.effective.is_empty() => Ok(format!(
            "no capabilities as uid {}",
            rustix::process::geteuid().as_raw()
        )),
        Ok(now) => Err(format!("the kernel still grants {:?}", now.permitted)),
        Err(error) => Err(error.to_string()),
    }
}

fn no_new_privileges() -> Result<String, String> {
    rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())?;
    Ok("no new privileges".to_owned())
}

fn no_core_dumps() -> Result<String, String> {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, nothing)
        .and_then(|()| rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|error| error.to_string())?;
    Ok("no core dumps, not traceable".to_owned())
}

fn landlock(plan: &Plan) -> Result<String, String> {
    let status = restrict(plan)
        .and_then(RulesetCreated::restrict_self)
        .map_err(|error| error.to_string())?;
    let paths = plan.read_only.len() + plan.read_write.len();
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(format!(
            "landlock: {paths} paths, TCP to {:?}, from {:?}",
            plan.connect, plan.bind
        )),
        RulesetStatus::PartiallyEnforced => Ok(format!(
            "landlock: {paths} paths (this kernel's version has no rules for some newer accesses)"
        )),
        RulesetStatus::NotEnforced => Err(
            "this kernel has no Landlock, or it is not among its active security modules"
                .to_owned(),
        ),
    }
}

fn restrict(plan: &Plan) -> Result<RulesetCreated, RulesetError> {
    let files = AccessFs::from_all(LANDLOCK);
    let hard = match plan.mode {
        SandboxMode::Require => CompatLevel::HardRequirement,
        SandboxMode::Prefer | SandboxMode::Off => CompatLevel::BestEffort,
    };
    // What the first Landlock could do must hold; what later ones added is taken where it is there.
    let mut rules = Ruleset::default()
        .set_compatibility(hard)
        .handle_access(AccessFs::from_all(ABI::V1))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(files)?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .set_compatibility(CompatLevel::BestEffort);
    let system = RESOLVER.iter().chain(&SYSTEM).map(PathBuf::from);
    let system = system.chain([resolver_folder()]);
    for path in plan.read_only.iter().cloned().chain(system) {
        rules = allow(rules, &path, AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    for path in &plan.read_write {
        rules = allow(rules, path, files & !AccessFs::Execute)?;
    }
    for port in plan.connect.iter().chain([&DOMAIN]) {
        rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    for port in &plan.bind {
        rules = rules.add_rule(NetPort::new(*port, AccessNet::BindTcp))?;
    }
    Ok(rules)
}

/// The folder of the real resolv.conf where the one in /etc is a link (systemd-resolved): there it may be replaced at any time.
fn resolver_folder() -> PathBuf {
    let link = Path::new("/etc/resolv.conf");
    match std::fs::canonicalize(link) {
        Ok(real) if !real.starts_with("/etc") => real.parent().map(Path::to_owned),
        _ => None,
    }
    .unwrap_or_else(|| link.to_owned())
}

fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    // A path that is not there needs no rule.
    let Ok(fd) = PathFd::new(path) else {
        return Ok(rules);
    };
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(LANDLOCK)
    };
    rules.add_rule(PathBeneath::new(fd, access))
}

/// The folders a file is reached through: its own, and that of what it links to. Files that are replaced by renaming (certificates,
/// mounted secrets) stay readable that way.
#[must_use]
pub fn folders_of(file: &Path) -> Vec<PathBuf> {
    let parent = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => path.to_owned(),
    };
    let mut folders = vec![parent(file)];
    folders.extend(std::fs::canonicalize(file).ok().map(|real| parent(&real)));
    folders.dedup();
    folders
}
