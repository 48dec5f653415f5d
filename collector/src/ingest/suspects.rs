//! Whether it is the batch or the log.
//!
//! A log refuses for good both a batch it cannot hold and everything when it is set up wrongly (rights, size limits). Setting aside
//! in the second case would empty the sensors' spools into quarantine while somebody corrects a line of configuration. A batch is at
//! fault only when it was refused several times while others of the same topic were taken.

use std::collections::BTreeMap;

use auscult_proto::ids::{Incarnation, SensorId, SensorIdentity, SiteId};

/// Refusals before a batch is at fault.
const REFUSALS: u32 = 3;
/// Sensors remembered; a further one replaces the first in order, which then counts anew.
const SENSORS: usize = 4096;

/// The batch of each sensor that was refused last.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    last: BTreeMap<(SiteId, SensorId), Suspect>,
}

#[derive(Debug, Clone, Copy)]
struct Suspect {
    batch: (Incarnation, u64),
    refusals: u32,
    taken_before: u64,
}

impl Suspects {
    /// Notes that a batch was refused for good when the log had taken `taken` others. Returns whether the batch is at fault.
    pub(super) fn refused(
        &mut self,
        peer: &SensorIdentity,
        incarnation: Incarnation,
        first_seq: u64,
        taken: u64,
    ) -> bool {
        let key = (peer.site.clone(), peer.sensor.clone());
        if self.last.len() >= SENSORS && !self.last.contains_key(&key) {
            self.last.pop_first();
        }
        let batch = (incarnation, first_seq);
        let suspect = self.last.entry(key).or_insert(Suspect {
            batch,
            refusals: 0,
            taken_before: taken,
        });
        if suspect.batch != batch {
            *suspect = Suspect {
                batch,
                refusals: 0,
                taken_before: taken,
            };
        }
        suspect.refusals = suspect.refusals.saturating_add(1);
        suspect.refusals >= REFUSALS && taken > suspect.taken_before
    }

    /// The batch is dealt with.
    pub(super) fn settled(&mut self, peer: &SensorIdentity) {
        self.last.remove(&(peer.site.clone(), peer.sensor.clone()));
    }
}
