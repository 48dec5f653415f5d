//! Where the published tables and real intelligence files are, if this machine has them.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::print_stderr,
    reason = "each test binary uses its own part, and a skipped test says so"
)]

use std::path::{Path, PathBuf};

/// `../shared/validation` beside the checkout, or `AUSCULT_VALIDATION`. `None`, said loudly, where there is none.
pub(crate) fn validation(test: &str) -> Option<PathBuf> {
    folder(test, "AUSCULT_VALIDATION", "validation")
}

/// `../shared/intel` beside the checkout, or `AUSCULT_INTEL`. `None`, said loudly, where there is none.
pub(crate) fn intel(test: &str) -> Option<PathBuf> {
    folder(test, "AUSCULT_INTEL", "intel")
}

fn folder(test: &str, variable: &str, name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../../shared")
                .join(name)
        },
        PathBuf::from,
    );
    if folder.join("README.md").is_file() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED {test}: nothing at {} (set {variable})",
        folder.display()
    );
    None
}
