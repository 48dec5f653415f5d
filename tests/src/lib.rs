//! What needs two crates: fault proxy, real processes and brokers under test, the oracle of the delivery guarantee, the scoreboard of patient data.

pub mod bench;
pub mod captures;
pub mod fault_proxy;
pub mod generate;
pub mod oracle;
pub mod phi;
pub mod process;
pub mod score;
pub mod trial;
