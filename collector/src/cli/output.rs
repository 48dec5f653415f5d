//! Standard output for people and pipes.

use std::io::{self, BufWriter, Stdout, Write};

/// Buffered standard output. A reader that went away (`| head`) ends the program quietly.
#[derive(Debug)]
pub(super) struct Output(BufWriter<Stdout>);

impl Output {
    pub(super) fn new() -> Self {
        Self(BufWriter::new(io::stdout()))
    }

    /// Writes one line.
    ///
    /// # Errors
    /// [`Closed`].
    pub(super) fn line(&mut self, text: &str) -> Result<(), Closed> {
        writeln!(self.0, "{text}").map_err(Closed)
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// [`Closed`].
    pub(super) fn flush(&mut self) -> Result<(), Closed> {
        self.0.flush().map_err(Closed)
    }
}

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct Closed(#[source] pub io::Error);

impl Closed {
    /// Whether the reader simply had enough.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Tells people something beside the result: on standard error, so that a pipe gets the result alone.
#[expect(clippy::print_stderr, reason = "the one place for remarks")]
pub(super) fn note(text: &str) {
    eprintln!("{text}");
}
