//! Exit codes: those of every auscult program, and two that only a reader of files needs (sysexits(3)).

pub use auscult_process::exit::{FAILURE, NOPERM, OK, TRY_AGAIN, UNAVAILABLE, USAGE};

/// A file is not what it should be (`EX_DATAERR`).
pub const DATA_ERROR: u8 = 65;
/// A file cannot be opened (`EX_NOINPUT`).
pub const NO_INPUT: u8 = 66;
