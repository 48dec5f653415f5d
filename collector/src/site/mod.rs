//! A described site: read, completed from intelligence, assessed, and the standards written beside each pair.

pub mod completion;
pub mod standards;

#[cfg(test)]
mod tests;
