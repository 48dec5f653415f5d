//! Time as the flows see it: it goes on with the capture, and never back.

/// Further apart than this, two frames belong to different captures or one of their clocks is wrong.
const JUMP_NS: i64 = 3_600_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// Seconds of capture time that have passed. A clock set back does not freeze it, a single frame from the far future does not
/// make it run away, and frames slightly out of order do not count twice.
#[derive(Debug, Default)]
pub(super) struct Clock {
    latest_ns: Option<i64>,
    elapsed_ns: u64,
}

impl Clock {
    /// Goes on to the time of a frame.
    #[inline]
    pub(super) fn advance(&mut self, time_ns: i64) {
        let Some(latest) = self.latest_ns else {
            self.latest_ns = Some(time_ns);
            return;
        };
        let step = time_ns.saturating_sub(latest);
        if step > 0 {
            let counted = u64::try_from(step.min(JUMP_NS)).unwrap_or(0);
            self.elapsed_ns = self.elapsed_ns.saturating_add(counted);
            self.latest_ns = Some(time_ns);
        } else if step < JUMP_NS.saturating_neg() {
            self.latest_ns = Some(time_ns);
        }
    }

    /// Whole seconds since the first frame.
    #[inline]
    pub(super) fn seconds(&self) -> u32 {
        u32::try_from(self.elapsed_ns.checked_div(SECOND_NS).unwrap_or(0)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    fn after(times: &[i64]) -> u32 {
        let mut clock = Clock::default();
        for time in times {
            clock.advance(*time);
        }
        clock.seconds()
    }

    #[test]
    fn jitter_counts_once_and_jumps_do_not_freeze_or_run_away() {
        assert_eq!(after(&[100 * S, 90 * S, 100 * S, 105 * S]), 5);
        assert_eq!(after(&[100_000 * S, 5 * S, 15 * S]), 10);
        assert_eq!(after(&[0, 1_000_000 * S]), 3600);
        assert_eq!(after(&[0, 1_000_000 * S, 10 * S, 20 * S]), 3610);
        assert_eq!(after(&[i64::MIN, i64::MAX, i64::MIN]), 3600);
    }
}
