//! What the sensor's threads know about themselves, in one place for health observations, metrics and `/status`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use auscult_link::LinkStatus;
use auscult_proto::HealthState;
use auscult_proto::ids::CapturePoint;
use auscult_spool::Status as SpoolStatus;
use tokio::sync::watch;

use crate::point::Figures;

/// Posted by capture threads and the writer, read by whoever asks.
#[derive(Debug)]
pub struct Board {
    points: Mutex<BTreeMap<CapturePoint, Figures>>,
    states: Mutex<BTreeMap<CapturePoint, HealthState>>,
    spool: Mutex<Option<SpoolStatus>>,
    /// The link, as it reports itself.
    pub link: watch::Receiver<LinkStatus>,
    /// When the sensor started.
    pub started: Instant,
}

impl Board {
    /// A board on which these capture points are known but have nothing to say yet.
    #[must_use]
    pub fn new(
        points: impl IntoIterator<Item = CapturePoint>,
        link: watch::Receiver<LinkStatus>,
    ) -> Self {
        let points = points.into_iter().map(|point| (point, Figures::default()));
        Self {
            points: Mutex::new(points.collect()),
            states: Mutex::default(),
            spool: Mutex::new(None),
            link,
            started: Instant::now(),
        }
    }

    /// Posts the figures of a capture point.
    pub fn post(&self, point: &CapturePoint, figures: Figures) {
        lock(&self.points).insert(point.clone(), figures);
    }

    /// Forgets a capture point that has ended.
    pub fn remove(&self, point: &CapturePoint) {
        lock(&self.points).remove(point);
        lock(&self.states).remove(point);
    }

    /// Posts how a capture point was judged.
    pub fn post_state(&self, point: &CapturePoint, state: HealthState) {
        lock(&self.states).insert(point.clone(), state);
    }

    /// How a capture point was judged last; `Started` before that.
    #[must_use]
    pub fn state(&self, point: &CapturePoint) -> HealthState {
        let state = lock(&self.states).get(point).copied();
        state.unwrap_or(HealthState::Started)
    }

    /// All capture points in the order of their names.
    #[must_use]
    pub fn points(&self) -> BTreeMap<CapturePoint, Figures> {
        lock(&self.points).clone()
    }

    /// Posts how the spool stands.
    pub fn post_spool(&self, status: SpoolStatus) {
        *lock(&self.spool) = Some(status);
    }

    /// How the spool stood last.
    #[must_use]
    pub fn spool(&self) -> Option<SpoolStatus> {
        lock(&self.spool).clone()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
