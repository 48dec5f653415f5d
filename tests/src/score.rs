//! What every scoreboard under `tests/scores/` says besides its table: the machine, the commit, the input.

use std::path::Path;
use std::process::Command;

/// Machine and commit, as one line.
#[must_use]
pub fn provenance() -> String {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let changed = git(&["status", "--porcelain", "--", ":!tests/scores"])
        .is_some_and(|files| !files.is_empty());
    let dirty = if changed {
        " with uncommitted changes"
    } else {
        ""
    };
    format!(
        "machine: {processor}, {cores} cores, load {load} at the start; commit: {commit}{dirty}"
    )
}

fn git(arguments: &[&str]) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// A fingerprint of an input, to see whether two scores are of the same one: FNV-1a, 64 bits. No protection against anybody.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    /// Takes in more of the input.
    pub fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fnv1a {:016x}", self.0)
    }
}

/// The median, the lowest and the highest of some figures; `None` of none.
#[must_use]
pub fn spread(values: &[f64]) -> Option<[f64; 3]> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some([
        *sorted.get(sorted.len() / 2)?,
        *sorted.first()?,
        *sorted.last()?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_published_function() {
        let of = |text: &str| {
            let mut fingerprint = Fingerprint::default();
            fingerprint.take(text.as_bytes());
            fingerprint.to_string()
        };
        // Test vectors of draft-eastlake-fnv, appendix C.
        assert_eq!(of(""), "fnv1a cbf29ce484222325");
        assert_eq!(of("a"), "fnv1a af63dc4c8601ec8c");
        assert_eq!(of("foobar"), "fnv1a 85944171f73967e8");
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some([2.0, 1.0, 3.0]));
    }
}
