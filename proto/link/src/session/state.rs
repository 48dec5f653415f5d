//! The sensor's side of the link as a state machine without clock, socket or disk: events and the time in, commands out.
//!
//! What holds after every step: never more bytes in flight than the collector's window; nothing is released that was not
//! acknowledged; sequences on one stream only grow; after the end of a stream the next one begins at the first sequence that was
//! not acknowledged.

use std::collections::VecDeque;

use auscult_proto::limits;

use super::backoff::Backoff;
pub use super::step::{CloseReason, Command, Event, OutgoingBatch, Timing, Violation};

/// Most bytes asked of the source at once.
const READ_BYTES: u64 = 1024 * 1024;
/// Most batches in flight, however small.
const IN_FLIGHT: usize = 1024;
/// A stream that ended sooner was no success.
const SHORT_STREAM_MS: u64 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting {
        until: u64,
    },
    Opening,
    Streaming {
        window: u64,
        since: u64,
    },
    Draining {
        reconnect_after: u64,
        since: u64,
        until: u64,
    },
    Closing,
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sent {
    last_seq: u64,
    bytes: u64,
}

/// The machine.
#[derive(Debug)]
pub struct Session {
    timing: Timing,
    backoff: Backoff,
    phase: Phase,
    stopping: bool,
    /// The stream acknowledged something: it was a success.
    progress: bool,
    /// Everything through here was acknowledged.
    acked: u64,
    /// The next sequence to read on this stream.
    cursor: u64,
    in_flight: VecDeque<Sent>,
    in_flight_bytes: u64,
    /// Since when the oldest in flight waits without progress.
    waiting_since: u64,
    reading: Option<u64>,
    more: bool,
    outbox: VecDeque<Command>,
}

impl Session {
    /// Starts at the first sequence not acknowledged; dials at once.
    #[must_use]
    pub fn new(next_unacked: u64, timing: Timing, seed: u64) -> Self {
        let backoff = Backoff::new(timing.backoff_min_ms, timing.backoff_max_ms, seed);
        Self {
            timing,
            backoff,
            phase: Phase::Waiting { until: 0 },
            stopping: false,
            progress: false,
            acked: next_unacked.saturating_sub(1),
            cursor: next_unacked.max(1),
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            waiting_since: 0,
            reading: None,
            more: true,
            outbox: VecDeque::new(),
        }
    }

    /// Last sequence acknowledged.
    #[must_use]
    pub fn acked(&self) -> u64 {
        self.acked
    }

    /// Bytes of batch bodies sent and not acknowledged.
    #[must_use]
    pub fn in_flight_bytes(&self) -> u64 {
        self.in_flight_bytes
    }

    /// Whether the stop that was asked for is complete.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.phase == Phase::Stopped
    }

    /// When the next attempt is due, while there is no stream.
    #[must_use]
    pub fn waiting_until(&self) -> Option<u64> {
        match self.phase {
            Phase::Waiting { until } => Some(until),
            _ => None,
        }
    }

    /// When to call [`Self::poll`] again, should nothing happen before.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        match self.phase {
            Phase::Waiting { until } | Phase::Draining { until, .. } => Some(until),
            Phase::Streaming { .. } if !self.in_flight.is_empty() => Some(
                self.waiting_since
                    .saturating_add(self.timing.ack_timeout_ms),
            ),
            _ => None,
        }
    }

    /// Takes an event.
    ///
    /// # Errors
    /// [`Violation`]: close the stream and report [`Event::Ended`].
    pub fn handle(&mut self, now: u64, event: Event) -> Result<(), Violation> {
        match event {
            Event::Opened { window_bytes } => self.opened(now, window_bytes)?,
            Event::Ended { needs_somebody } => self.ended(now, needs_somebody),
            Event::Durable => self.more = true,
            Event::Read { from, batches } => self.read(now, from, batches),
            Event::Acked { through_seq } => self.acknowledged(now, through_seq)?,
            Event::Goodbye { reconnect_after_ms } => self.goodbye(now, reconnect_after_ms),
            Event::Hopeful => {
                if let Phase::Waiting { until } = self.phase {
                    let soon = now.saturating_add(self.backoff.jitter(1000));
                    self.phase = Phase::Waiting {
                        until: until.min(soon),
                    };
                }
            }
            Event::Stop => self.stop(now),
        }
        Ok(())
    }

    /// The next command; call until `None`.
    pub fn poll(&mut self, now: u64) -> Option<Command> {
        if let Some(command) = self.outbox.pop_front() {
            return Some(command);
        }
        match self.phase {
            Phase::Waiting { until } if now >= until => {
                self.phase = Phase::Opening;
                self.cursor = self.acked.saturating_add(1);
                Some(Command::Open {
                    next_seq: self.cursor,
                })
            }
            Phase::Draining { until, .. } if now >= until => {
                self.phase = Phase::Closing;
                Some(Command::Close(CloseReason::DrainTimeout))
            }
            Phase::Streaming { .. } if self.overdue(now) => {
                self.phase = Phase::Closing;
                Some(Command::Close(CloseReason::AckTimeout))
            }
            Phase::Streaming { window, .. } => self.next_read(window),
            _ => None,
        }
    }

    fn overdue(&self, now: u64) -> bool {
        !self.in_flight.is_empty()
            && now
                >= self
                    .waiting_since
                    .saturating_add(self.timing.ack_timeout_ms)
    }

    fn next_read(&mut self, window: u64) -> Option<Command> {
        let room = window.saturating_sub(self.in_flight_bytes);
        // Room for any batch, so that what is read can be sent.
        let batch = u64::try_from(limits::BATCH_BYTES).unwrap_or(u64::MAX);
        if !self.more || self.reading.is_some() || room < batch || self.in_flight.len() >= IN_FLIGHT
        {
            return None;
        }
        self.reading = Some(self.cursor);
        // Whatever becomes durable from here on may be too late for this read, and is announced again.
        self.more = false;
        Some(Command::Read {
            from: self.cursor,
            max_bytes: room.min(READ_BYTES),
        })
    }

    fn opened(&mut self, now: u64, window_bytes: u64) -> Result<(), Violation> {
        if self.phase != Phase::Opening {
            return Ok(());
        }
        if usize::try_from(window_bytes).is_ok_and(|window| window < limits::BATCH_BYTES) {
            return Err(Violation::WindowTooSmall(window_bytes));
        }
        self.more = true;
        self.phase = Phase::Streaming {
            window: window_bytes.min(limits::WINDOW_BYTES),
            since: now,
        };
        Ok(())
    }

    fn ended(&mut self, now: u64, needs_somebody: bool) {
        let wait = match self.phase {
            Phase::Waiting { .. } | Phase::Stopped => return,
            Phase::Draining {
                reconnect_after,
                since,
                ..
            } => {
                let spread = self
                    .backoff
                    .jitter(reconnect_after.min(self.timing.backoff_max_ms));
                let asked = reconnect_after.saturating_add(spread);
                // A collector that says goodbye to every stream at once must not be dialled in a tight loop.
                if !self.progress && now.saturating_sub(since) < SHORT_STREAM_MS {
                    asked.max(self.backoff.next())
                } else {
                    self.backoff.reset();
                    asked
                }
            }
            Phase::Streaming { since, .. } => {
                if self.progress || now.saturating_sub(since) >= self.timing.stable_ms {
                    self.backoff.reset();
                }
                self.step(needs_somebody)
            }
            Phase::Opening | Phase::Closing => self.step(needs_somebody),
        };
        self.progress = false;
        self.in_flight.clear();
        self.in_flight_bytes = 0;
        self.reading = None;
        // Nothing of the old stream may be done on the next one; what was acknowledged stays so.
        self.outbox
            .retain(|command| matches!(command, Command::Release { .. }));
        self.phase = if self.stopping {
            Phase::Stopped
        } else {
            Phase::Waiting {
                until: now.saturating_add(wait),
            }
        };
    }

    fn step(&mut self, needs_somebody: bool) -> u64 {
        if needs_somebody {
            self.backoff.be_patient();
        }
        self.backoff.next()
    }

    fn read(&mut self, now: u64, from: u64, batches: Vec<OutgoingBatch>) {
        if self.reading != Some(from) {
            return;
        }
        self.reading = None;
        let Phase::Streaming { window, .. } = self.phase else {
            return;
        };
        if !batches.is_empty() {
            self.more = true;
        }
        for batch in batches {
            if batch.count == 0 || batch.first_seq < self.cursor {
                continue;
            }
            let bytes = self.in_flight_bytes.saturating_add(batch.bytes());
            if bytes > window || self.in_flight.len() >= IN_FLIGHT {
                break;
            }
            if self.in_flight.is_empty() {
                self.waiting_since = now;
            }
            self.in_flight.push_back(Sent {
                last_seq: batch.last_seq(),
                bytes: batch.bytes(),
            });
            self.in_flight_bytes = bytes;
            self.cursor = batch.last_seq().saturating_add(1);
            self.outbox.push_back(Command::Send(batch));
        }
    }

    fn acknowledged(&mut self, now: u64, through_seq: u64) -> Result<(), Violation> {
        if !matches!(
            self.phase,
            Phase::Streaming { .. } | Phase::Draining { .. } | Phase::Closing
        ) {
            return Ok(());
        }
        let sent = self.cursor.saturating_sub(1);
        if through_seq > sent {
            return Err(Violation::AckBeyondSent { through_seq, sent });
        }
        let before = self.acked;
        while let Some(oldest) = self.in_flight.front() {
            // Whole batches only: a batch is the unit of everything behind it.
            if oldest.last_seq > through_seq {
                break;
            }
            self.acked = oldest.last_seq;
            self.in_flight_bytes = self.in_flight_bytes.saturating_sub(oldest.bytes);
            self.in_flight.pop_front();
        }
        if self.acked > before {
            self.waiting_since = now;
            self.progress = true;
            self.outbox.push_back(Command::Release {
                through_seq: self.acked,
            });
        }
        Ok(())
    }

    fn goodbye(&mut self, now: u64, reconnect_after: u64) {
        if let Phase::Streaming { since, .. } = self.phase {
            self.drain(now, since, reconnect_after);
        }
    }

    fn drain(&mut self, now: u64, since: u64, reconnect_after: u64) {
        self.phase = Phase::Draining {
            reconnect_after,
            since,
            until: now.saturating_add(self.timing.drain_ms),
        };
        self.outbox.push_back(Command::Finish);
    }

    fn stop(&mut self, now: u64) {
        self.stopping = true;
        match self.phase {
            Phase::Waiting { .. } => self.phase = Phase::Stopped,
            Phase::Opening => {
                self.phase = Phase::Closing;
                self.outbox
                    .push_back(Command::Close(CloseReason::DrainTimeout));
            }
            Phase::Streaming { since, .. } => self.drain(now, since, 0),
            Phase::Draining { .. } | Phase::Closing | Phase::Stopped => {}
        }
    }
}
