//! Live replay through tcpreplay, inside a network namespace only.

use std::io;
use std::path::Path;
use std::process::Command;

/// Why nothing was replayed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The routes cannot be read.
    #[error(
        "cannot read /proc/self/net/route, so it is unknown whether this network leads anywhere: {0}"
    )]
    Unknown(io::Error),
    /// This is the machine's network.
    #[error(
        "this network namespace {0}, so invented devices could get out; start it in one of its own, for example: ip netns exec TEST wire replay ... (or unshare -n)"
    )]
    Connected(&'static str),
    /// tcpreplay is not there.
    #[error("tcpreplay is needed and cannot be started (Debian: apt-get install tcpreplay): {0}")]
    Missing(io::Error),
    /// It failed.
    #[error("tcpreplay failed with {0}; its message is above")]
    Failed(std::process::ExitStatus),
}

impl Failure {
    /// Exit code after sysexits.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Connected(_) => 77,
            Self::Missing(_) => 69,
            Self::Unknown(_) | Self::Failed(_) => 1,
        }
    }
}

/// Refuses where the namespace is that of process 1 or has a route to everywhere: a test's own namespace has neither. Process 1 cannot
/// be asked in every container; the routes can.
fn refuse_connected() -> Result<(), Failure> {
    let namespace = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net"));
    if let (Ok(ours), Ok(first)) = (namespace("self"), namespace("1"))
        && ours == first
    {
        return Err(Failure::Connected("is the machine's"));
    }
    let routes = std::fs::read_to_string("/proc/self/net/route").map_err(Failure::Unknown)?;
    if has_default_route(&routes) {
        return Err(Failure::Connected("has a default route"));
    }
    Ok(())
}

/// Whether the kernel's table (interface, destination, gateway, ...; hexadecimal) leads to 0.0.0.0/0.
fn has_default_route(routes: &str) -> bool {
    routes
        .lines()
        .skip(1)
        .any(|line| line.split_whitespace().nth(1) == Some("00000000"))
}

/// Sends `capture` into `interface`, `rate` frames a second or as recorded, `times` times.
pub(crate) fn run(
    capture: &Path,
    interface: &str,
    rate: Option<u32>,
    times: u32,
) -> Result<(), Failure> {
    refuse_connected()?;
    let mut command = Command::new("tcpreplay");
    command.arg(format!("--intf1={interface}"));
    command.arg(format!("--loop={times}"));
    if let Some(rate) = rate {
        command.arg(format!("--pps={rate}"));
    }
    let status = command.arg(capture).status().map_err(Failure::Missing)?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Failed(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_route_is_recognised() {
        let head = "Iface\tDestination\tGateway \tFlags\n";
        assert!(!has_default_route(head));
        assert!(!has_default_route(&format!(
            "{head}eth0\t0000FEA9\t00000000\t0001\n"
        )));
        assert!(has_default_route(&format!(
            "{head}eth0\t0000FEA9\t00000000\t0001\neth0\t00000000\t0100000A\t0003\n"
        )));
    }
}
