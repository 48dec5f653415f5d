//! Intelligence outside of the pure crate: files and folders, the topic, the bundle that carries it over an air gap.
//!
//! A [`Library`] holds what is known. Files ([`files`]), records of the topic ([`record`]) and bundles ([`bundle`]) come into it; what
//! they changed comes out as records.

pub mod bundle;
pub mod files;
mod library;
pub mod recognise;
pub mod record;

pub use library::{Holding, Library, Source, Taken};

#[cfg(test)]
mod tests;
