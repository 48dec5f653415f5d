//! The scoreboard of patient data: canaries that an emulated hospital puts on the wire, looked for in every byte that the product writes.
//!
//! Two controls prove that the search can find: the captures hold the canaries, and canaries planted in every kind of output, in every
//! form that the search knows, are found.

pub mod board;
pub mod canaries;
pub mod captured;
pub mod cores;
pub mod link;
pub mod output;
pub mod planted;
pub mod search;
pub mod stage;
pub mod tap;
pub mod view;
