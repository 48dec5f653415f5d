//! Whether the log takes what arrives, for readiness.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So long one refusal counts. Not for ever: a balancer that follows readiness would send no sensor here any more, and only a batch
/// shows that the log takes batches again. Longer than the pause after which a refused sensor comes back.
const COUNTS: Duration = Duration::from_secs(15);

/// The last refusal since which nothing was accepted. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Refusals {
    last: Arc<Mutex<Option<(Instant, String)>>>,
}

impl Refusals {
    /// The log has taken a batch.
    pub(super) fn accepted(&self) {
        *self.lock() = None;
    }

    /// The log has not taken a batch.
    pub(super) fn refused(&self, reason: &str) {
        *self.lock() = Some((Instant::now(), reason.to_owned()));
    }

    /// Why nothing can be appended, as far as is known.
    #[must_use]
    pub fn standing(&self) -> Option<String> {
        self.standing_at(Instant::now())
    }

    fn standing_at(&self, now: Instant) -> Option<String> {
        let last = self.lock();
        let (at, reason) = last.as_ref()?;
        (now.saturating_duration_since(*at) < COUNTS).then(|| reason.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Instant, String)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_until_something_is_accepted_or_its_time_is_over() {
        let refusals = Refusals::default();
        assert_eq!(refusals.standing(), None);
        refusals.refused("the disk is full");
        assert_eq!(refusals.standing().as_deref(), Some("the disk is full"));
        assert_eq!(refusals.standing_at(Instant::now() + COUNTS), None);
        refusals.accepted();
        assert_eq!(refusals.standing(), None);
    }
}
