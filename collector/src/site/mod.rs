//! A described site: read, completed from intelligence, assessed, and the standards written beside each pair.

pub mod standards;

pub use auscult_findings::completion;

#[cfg(test)]
mod tests;
