//! When an acknowledgement is sent: one for all batches since the last one, so that a quiet link does not consist of them.

use std::time::Duration;

use tokio::time::Instant;

use crate::stream::IN_FLIGHT;

/// An acknowledgement waits so long for those after it. Nothing depends on it but how much a sensor sends again after a break, and
/// for how long it keeps what it sent.
pub(crate) const ACK_EVERY: Duration = Duration::from_secs(1);
/// So many unacknowledged batches are acknowledged at once: a quarter of what a sensor has on its way at most.
pub(crate) const ACK_BATCHES: usize = IN_FLIGHT / 4;

/// The acknowledgement that is owed; acknowledgements are cumulative.
#[derive(Debug, Default)]
pub(crate) struct OwedAck {
    through_seq: Option<u64>,
    batches: usize,
    bytes: u64,
    last: Option<Instant>,
}

impl OwedAck {
    /// One batch more, of so many bytes, is durable.
    pub(crate) fn add(&mut self, through_seq: u64, bytes: u64) {
        self.through_seq = Some(through_seq);
        self.batches = self.batches.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    pub(crate) fn any(&self) -> bool {
        self.through_seq.is_some()
    }

    /// When what is owed is to be sent: now after a quiet time or when a quarter of the window waits for it.
    pub(crate) fn due(&self, now: Instant, window_bytes: u64) -> Option<Instant> {
        self.through_seq?;
        let pressing = self.batches >= ACK_BATCHES || self.bytes >= window_bytes / 4;
        let next = self.last.and_then(|last| last.checked_add(ACK_EVERY));
        Some(next.filter(|_| !pressing).unwrap_or(now))
    }

    /// Takes what is owed, to send it.
    pub(crate) fn take(&mut self, now: Instant) -> Option<u64> {
        let through_seq = self.through_seq.take()?;
        *self = Self {
            last: Some(now),
            ..Self::default()
        };
        Some(through_seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u64 = 4096;

    fn after(now: Instant, ms: u64) -> Instant {
        now + Duration::from_millis(ms)
    }

    #[test]
    fn the_first_after_a_quiet_time_goes_at_once_and_the_next_ones_wait_for_each_other() {
        let now = Instant::now();
        let mut owed = OwedAck::default();
        assert_eq!(owed.due(now, WINDOW), None);
        owed.add(7, 10);
        assert_eq!(owed.due(now, WINDOW), Some(now));
        assert_eq!(owed.take(now), Some(7));
        assert_eq!(owed.due(now, WINDOW), None);
        owed.add(8, 10);
        owed.add(9, 10);
        assert_eq!(owed.due(after(now, 5), WINDOW), Some(now + ACK_EVERY));
        assert_eq!(owed.take(now + ACK_EVERY), Some(9));
        assert_eq!(owed.take(now + ACK_EVERY), None);
    }

    #[test]
    fn a_quarter_of_the_window_or_of_the_batches_does_not_wait() {
        let now = Instant::now();
        let (mut large, mut many) = (OwedAck::default(), OwedAck::default());
        for owed in [&mut large, &mut many] {
            owed.add(1, 1);
            assert_eq!(owed.take(now), Some(1));
        }
        large.add(2, WINDOW / 4);
        let soon = after(now, 1);
        assert_eq!(large.due(soon, WINDOW), Some(soon));
        for seq in 0..ACK_BATCHES {
            assert_eq!(many.due(soon, WINDOW), (seq > 0).then_some(now + ACK_EVERY));
            many.add(2, 1);
        }
        assert_eq!(many.due(soon, WINDOW), Some(soon));
    }
}
