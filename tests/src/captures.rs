//! Real captures, where the machine has them.

use std::path::PathBuf;

/// The folder of captures: `AUSCULT_CAPTURES`, or `../shared/captures` beside the checkout. `None`, said loudly, where there is none.
#[must_use]
pub fn folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("AUSCULT_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures"),
        PathBuf::from,
    );
    if folder.join("manifest.csv").is_file() {
        return Some(folder);
    }
    #[expect(
        clippy::print_stderr,
        reason = "a skipped test says so where the person who runs it looks"
    )]
    {
        eprintln!(
            "SKIPPED {test}: no captures at {} (set AUSCULT_CAPTURES)",
            folder.display()
        );
    }
    None
}
