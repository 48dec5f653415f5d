//! Bytes to facts. Pure: no clock, no file, no socket; time comes with each frame.
//!
//! [`Dissector::frame`] peels encapsulations, hands the innermost packet to the protocol that knows it, and reports what was said
//! through a [`Sink`]. Nothing read from the network can panic this crate (lints below) and nothing but allow-listed, bounded,
//! sanitised values can leave it ([`emit`]).
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
        reason = "tests build their own bytes"
    )
)]

mod arp;
mod cdp;
pub mod counters;
mod cursor;
pub mod defrag;
mod dhcpv4;
mod dhcpv6;
mod dicom;
mod dissector;
pub mod emit;
#[doc(hidden)]
pub mod fuzzing;
mod hl7;
mod lldp;
mod malformed;
mod names;
mod ndp;
pub mod packet;
pub mod peel;
pub mod role;
pub mod sink;
pub mod stream;
#[cfg(test)]
mod testing;

pub use counters::Counters;
pub use dissector::{Dissector, Limits};
pub use packet::{FrameMeta, OriginTag, Packet};
pub use sink::{Context, ConversationKey, ConversationReport, Emission, Sink};
