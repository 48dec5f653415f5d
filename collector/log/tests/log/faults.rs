//! What only Kafka can do to us: brokers that die, partitions that move, rights, topics that are not as they should be.

mod brokers;
mod copying;
mod rights;
mod topics;

use std::time::{Duration, Instant};

use crate::suite::PATIENCE;

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + 2 * PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
