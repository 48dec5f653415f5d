//! The loop's dealings with whoever assesses beside it.

use std::time::Instant;

use super::{BEHIND, Left, Membership};
use crate::engine::site::SiteState;

impl<S: SiteState> Membership<'_, S>
where
    S::Settings: Clone,
{
    /// Takes in what assessments have to tell, as much as fits a transaction.
    pub(super) fn listen(&mut self) -> Result<(), Left> {
        while let Some(told) = self.beside.as_mut().and_then(|beside| beside.told()) {
            if self.fold.tell(told) && self.since.is_none() {
                let now = Instant::now();
                self.since = Some(now);
                self.member.vitals.uncommitted_since(Some(now));
            }
            if self.due() {
                self.commit()?;
            }
        }
        Ok(())
    }

    /// Everything is committed: a site may be handed over as it is in memory.
    pub(super) fn hand_over_quietly(&mut self) {
        if self.fold.dirty() || self.handed.is_some() {
            return;
        }
        if let Some(beside) = &mut self.beside
            && beside.wants(false)
            && let Some(handover) = self.fold.hand_over()
        {
            beside.hand(handover);
        }
    }

    pub(super) fn behind(&self) -> bool {
        self.waited.is_some_and(|waited| waited > BEHIND)
    }

    /// After a transaction that failed, a handover may be lost with it: all partitions are restored, and handed over whole.
    pub(super) fn distrust(&mut self) {
        if self.beside.is_none() {
            return;
        }
        let held: Vec<u32> = self.fold.held().collect();
        for partition in held {
            self.fold.revoke(partition);
        }
    }
}
