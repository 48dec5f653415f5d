//! What the capture point can and cannot see.

use auscult_dissect::OriginTag;
use auscult_proto::limits;
use auscult_proto::observation::Millis;

const VLAN_IDS: usize = 4096;
const NEVER: Millis = Millis::MIN;

/// Coverage of one capture point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// TCP conversations long enough to be judged.
    pub tcp_conversations: u64,
    /// Of these, per mille, those of which only one direction was ever seen.
    pub one_way_per_mille: u32,
    /// An LLDP, CDP or STP frame was seen.
    pub l2_control: bool,
    /// How many VLAN identifiers were seen.
    pub vlans: usize,
    /// VLAN identifiers seen before and silent since, ascending, at most `limits::SILENT_VLANS`.
    pub silent_vlans: Vec<u16>,
}

/// When each VLAN identifier was seen last.
#[derive(Debug)]
pub(super) struct Vlans {
    last_seen: Box<[Millis]>,
}

impl Vlans {
    pub(super) fn new() -> Self {
        Self {
            last_seen: vec![NEVER; VLAN_IDS].into_boxed_slice(),
        }
    }

    pub(super) fn seen(&mut self, tag: &OriginTag, now: Millis) {
        for vlan in tag.vlans() {
            if let Some(last) = self.last_seen.get_mut(usize::from(*vlan)) {
                *last = now;
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.last_seen.iter().filter(|last| **last != NEVER).count()
    }

    pub(super) fn silent(&self, since: Millis) -> Vec<u16> {
        let silent = self
            .last_seen
            .iter()
            .zip(0_u16..)
            .filter(|(last, _)| **last != NEVER && **last < since);
        silent
            .map(|(_, vlan)| vlan)
            .take(limits::SILENT_VLANS)
            .collect()
    }
}

pub(super) fn per_mille(part: u64, whole: u64) -> u32 {
    let share = part.saturating_mul(1000).checked_div(whole).unwrap_or(0);
    u32::try_from(share).unwrap_or(1000)
}
