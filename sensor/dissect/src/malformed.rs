//! How a protocol says that a message broke its own format.

/// The message contradicts its protocol. What was read before that point has been stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What a parser returns.
pub(crate) type Parsed<T = ()> = Result<T, Malformed>;
