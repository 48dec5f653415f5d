//! The ends of a session, what the network does to it, and how it ends.

use crate::calendar::{MICROSECOND, Nanos};

/// Which end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that opened.
    Client,
    /// The end that listens.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What the network does to a session. Shares are per million segments.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// Time from one end to the other and back.
    pub round_trip: Nanos,
    /// Time between segments of one burst.
    pub gap: Nanos,
    /// Segments that arrive behind their successor.
    pub reordered: u32,
    /// Segments lost before the tap: only the retransmission is seen.
    pub lost_before: u32,
    /// Segments lost behind the tap: seen twice.
    pub lost_behind: u32,
    /// Segments are cut to this many octets even where the MSS allows more (0: the MSS alone counts).
    pub segment: u16,
    /// Whether the opening is seen. A session without it was there before the capture.
    pub opening: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            round_trip: 400 * MICROSECOND,
            gap: 12 * MICROSECOND,
            reordered: 0,
            lost_before: 0,
            lost_behind: 0,
            segment: 0,
            opening: true,
        }
    }
}

impl Conditions {
    /// A bad day: a few percent of everything.
    #[must_use]
    pub fn rough() -> Self {
        Self {
            reordered: 30_000,
            lost_before: 10_000,
            lost_behind: 20_000,
            ..Self::default()
        }
    }
}

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Both ends say FIN, this one first.
    Fin(Side),
    /// This end resets.
    Reset(Side),
    /// It goes on after the capture.
    Open,
}
