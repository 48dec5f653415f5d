//! Exit codes of every auscult program, after sysexits(3) where it has a word for it.

/// Ended as asked.
pub const OK: u8 = 0;
/// Failed for a reason that is none of the others.
pub const FAILURE: u8 = 1;
/// Bad configuration or arguments (`EX_USAGE`): starting again will not help before they are changed.
pub const USAGE: u8 = 64;
/// What was given to read is not what it should be (`EX_DATAERR`): the message lists every fault.
pub const DATA: u8 = 65;
/// What was given to read is not there or cannot be opened (`EX_NOINPUT`).
pub const NO_INPUT: u8 = 66;
/// Something this program needs is not there (`EX_UNAVAILABLE`): starting again later may help.
pub const UNAVAILABLE: u8 = 69;
/// Not known yet, ask again (`EX_TEMPFAIL`).
pub const TRY_AGAIN: u8 = 75;
/// A permission or capability is missing (`EX_NOPERM`).
pub const NOPERM: u8 = 77;
