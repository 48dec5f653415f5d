//! Vulnerability intelligence: advisories, scores, version ranges, matching. Pure.
//!
//! Publishers' files become statements ([`read`]), statements fold into one vulnerability per identifier whatever their order
//! ([`catalogue`]), and an [`index`] of vulnerabilities is asked which of them a device has ([`matching`]): affected, not affected or
//! unknown, each with its reason. Nothing here opens a file or knows the time; nothing read can panic it (lints below).
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "tests build their own numbers"
    )
)]

pub mod catalogue;
pub mod cpe;
pub mod cvss;
#[doc(hidden)]
pub mod fuzzing;
pub mod index;
pub mod matching;
pub mod product;
pub mod protocol;
pub mod purl;
pub mod range;
pub mod read;
pub mod sbom;
pub mod ssvc;
pub mod statement;
pub mod text;
pub mod version;
pub mod vulnerability;
pub mod weakness;
