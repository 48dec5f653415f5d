//! What goes into the sensor's state machine and what comes out of it.

use bytes::Bytes;

/// One batch on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingBatch {
    /// Sequence of its first observation.
    pub first_seq: u64,
    /// Its observations.
    pub count: u32,
    /// The encoded `ObservationList`.
    pub body: Bytes,
}

impl OutgoingBatch {
    /// Sequence of its last observation.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.first_seq
            .saturating_add(u64::from(self.count).saturating_sub(1))
    }

    pub(super) fn bytes(&self) -> u64 {
        u64::try_from(self.body.len()).unwrap_or(u64::MAX)
    }
}

/// Timings, in milliseconds, and bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// No acknowledgement for so long with batches in flight: the stream is given up.
    pub ack_timeout_ms: u64,
    /// After a goodbye, the collector has so long to acknowledge and close.
    pub drain_ms: u64,
    /// First wait before dialling again.
    pub backoff_min_ms: u64,
    /// Longest wait.
    pub backoff_max_ms: u64,
    /// A stream that lasted so long was a success, even if nothing was to be sent.
    pub stable_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ack_timeout_ms: 60_000,
            drain_ms: 15_000,
            backoff_min_ms: 500,
            backoff_max_ms: 60_000,
            stable_ms: 30_000,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The collector said hello.
    Opened {
        /// Its window.
        window_bytes: u64,
    },
    /// The stream ended, or did not open.
    Ended {
        /// Trying soon is pointless.
        needs_somebody: bool,
    },
    /// The source has more than before.
    Durable,
    /// A read that was asked for with `from` came back. Not to be reported once the stream it was asked on has ended.
    Read {
        /// As asked.
        from: u64,
        /// Batches in order; empty: nothing durable at or after `from`.
        batches: Vec<OutgoingBatch>,
    },
    /// The collector acknowledged.
    Acked {
        /// Cumulatively.
        through_seq: u64,
    },
    /// The collector asks for another stream.
    Goodbye {
        /// Not before.
        reconnect_after_ms: u64,
    },
    /// New credentials: a pending wait may be cut short.
    Hopeful,
    /// The process is stopping: acknowledge what is in flight, send nothing more.
    Stop,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Dial and say hello with this next sequence.
    Open {
        /// The first sequence that was not acknowledged.
        next_seq: u64,
    },
    /// Read batches from the source.
    Read {
        /// At or after this sequence.
        from: u64,
        /// Not more than this (but at least one batch).
        max_bytes: u64,
    },
    /// Hand a batch to the stream.
    Send(OutgoingBatch),
    /// Everything through here may be forgotten by the source.
    Release {
        /// Inclusive.
        through_seq: u64,
    },
    /// Tell the collector that nothing more comes on this stream.
    Finish,
    /// Give the stream up now; answer with [`Event::Ended`].
    Close(CloseReason),
}

/// Why the machine gives a stream up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// No acknowledgement in time.
    AckTimeout,
    /// After a goodbye the collector did not close in time.
    DrainTimeout,
}

/// The collector broke the protocol; the stream is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Acknowledged what was never sent.
    #[error("acknowledged through {through_seq} when only {sent} was sent")]
    AckBeyondSent {
        /// As acknowledged.
        through_seq: u64,
        /// Last sequence sent on this stream.
        sent: u64,
    },
    /// A window that cannot hold one batch.
    #[error("offered a window of {0} bytes, which cannot hold the largest batch")]
    WindowTooSmall(u64),
}
