mod flood;
mod flows;
mod replay;
mod segments;

use super::arrival::{ACK, LINGER_S, TCP_IDLE_S, UDP_IDLE_S};
use super::wire::Wire;
use super::*;
use crate::packet::{Network, Transport};
use crate::testing::Memory;

/// Streams with small tables, and a sink that remembers.
fn streams() -> (Streams, Memory) {
    (Streams::new(Limits::default()), Memory::default())
}

/// Lets time pass.
fn wait(wire: &mut Wire, seconds: u32) {
    wire.now_ns += i64::from(seconds) * 1_000_000_000;
}
