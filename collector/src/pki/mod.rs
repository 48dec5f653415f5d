//! A small certificate authority for trying out and for sites without one: a root, the collector's certificate, and a bundle for
//! each sensor. Keys never leave the folder; nothing is overwritten unasked. Any other authority does as well, as long as a sensor's
//! certificate carries its SPIFFE name.

mod authority;
mod cli;
mod files;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use authority::{
    CollectorBundle, Init, Issue, IssueCollector, SensorBundle, init, issue, issue_collector,
};
pub use cli::{PkiArgs, run, show};

/// Why a command of the authority failed. Nothing was changed unless the text says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PkiError {
    /// Something is there already.
    #[error("{} exists; nothing was changed. Give --force to replace it{}", path.display(), consequence)]
    Exists {
        /// What.
        path: PathBuf,
        /// What replacing it means.
        consequence: &'static str,
    },
    /// There is no authority in the folder.
    #[error("{} holds no authority: make one with `auscult-collector pki init --dir {} --trust-domain DOMAIN --server-name NAME`", dir.display(), dir.display())]
    NoAuthority {
        /// The folder.
        dir: PathBuf,
    },
    /// A file that cannot be read.
    #[error("{}: {cause}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        cause: String,
    },
    /// A file that was read and is not as it should be.
    #[error("{}: {cause}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What the parser says.
        cause: String,
    },
    /// A file or folder that cannot be written or looked at.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        cause: String,
    },
    /// A name that cannot stand in a certificate.
    #[error("{name:?} is no {what}")]
    Name {
        /// As given.
        name: String,
        /// What it should be.
        what: &'static str,
    },
    /// A period.
    #[error("{0} days is no period of validity; 1 to 3650 are")]
    Days(u32),
    /// The certificate could not be made.
    #[error("cannot make the certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}
