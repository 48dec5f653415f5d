//! Typed descriptions of devices to true packets.
//!
//! A [`tap::Tap`] is one place on one link with a clock and a stream of chance; a protocol (one file each under [`protocol`]) writes frames
//! into it and states, beside them, the facts these frames carry. A [`recording::Recording`] collects the frames of many taps, writes
//! them in order of time into a capture file, and holds the [`truth`] and the [`canary`] registry that belong to it.
//!
//! Nothing here knows the code that is judged with it: no other crate of this project is used.
#![forbid(unsafe_code)]

pub mod address;
pub mod calendar;
pub mod canary;
pub mod checksum;
pub mod demonstration;
pub mod gzip;
pub mod patient;
pub mod pcap;
pub mod protocol;
pub mod random;
pub mod recording;
pub mod site;
pub mod stack;
pub mod tap;
pub mod tcp;
pub mod truth;
pub mod tunnel;
pub mod x25519;
