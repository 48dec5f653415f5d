//! A described site: read, completed from intelligence, assessed, and the standards written beside each pair.

pub use auscult_findings::{completion, standards};

#[cfg(test)]
mod tests;
