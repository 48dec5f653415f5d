//! Whether the process can do its work, as named latches that say why not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All latches of a process. Ready when every one of them is. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    latches: Arc<Mutex<BTreeMap<&'static str, Option<String>>>>,
}

/// One condition of readiness, held by the task that knows about it. Not ready until told so, and not ready again once dropped: a
/// task that has ended cannot vouch for anything.
#[derive(Debug)]
pub struct Latch {
    name: &'static str,
    readiness: Readiness,
}

impl Readiness {
    /// A process without conditions, which is ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition, not ready because it is starting. A second latch of the same name takes the place of the first.
    #[must_use]
    pub fn register(&self, name: &'static str) -> Latch {
        self.lock().insert(name, Some("starting".to_owned()));
        Latch {
            name,
            readiness: self.clone(),
        }
    }

    /// Whether every condition holds.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.lock().values().all(Option::is_none)
    }

    /// Every condition by name, with the reason why it does not hold.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<&'static str, Option<String>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Option<String>>> {
        self.latches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Latch {
    /// The condition holds.
    pub fn ready(&self) {
        self.readiness.lock().insert(self.name, None);
    }

    /// The condition does not hold, and why: one line for the operator, without addresses.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.readiness.lock().insert(self.name, Some(reason.into()));
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        self.not_ready("ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_while_every_latch_is() {
        let readiness = Readiness::new();
        assert!(readiness.is_ready());
        let spool = readiness.register("spool");
        let link = readiness.register("link");
        spool.ready();
        assert!(!readiness.is_ready());
        link.ready();
        assert!(readiness.is_ready());
        link.not_ready("no collector answers");
        let reasons = readiness.reasons();
        assert_eq!(reasons["link"].as_deref(), Some("no collector answers"));
        assert_eq!(reasons["spool"], None);
        link.ready();
        drop(spool);
        assert_eq!(readiness.reasons()["spool"].as_deref(), Some("ended"));
    }
}
