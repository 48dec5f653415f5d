//! Time passes: leases end, devices fall idle, are gone, are forgotten. The only clock is the largest time observed.

use auscult_proto::observation::Millis;

use crate::conversation::later;
use crate::device::Binding;
use crate::event::Status;
use crate::id::{ConversationId, DeviceId};
use crate::inventory::SiteInventory;
use crate::policy::Policy;
use crate::work::Happening;

impl SiteInventory {
    /// Moves the site's clock and lets everything happen that was due until then, in order.
    pub(crate) fn advance(&mut self, now: Millis) {
        if now <= self.clock {
            return;
        }
        let later = later(now, self.clock, &self.policy);
        self.clock = now;
        self.work.site = true;
        self.expire_due();
        if later {
            self.forget_conversations(now);
        }
    }

    /// Also for devices that are first heard of long after they spoke.
    pub(crate) fn expire_due(&mut self) {
        while let Some((deadline, id)) = self.index.deadlines.first().copied() {
            if deadline > self.clock {
                break;
            }
            self.expire(id, deadline);
        }
    }

    fn expire(&mut self, id: DeviceId, at: Millis) {
        self.end_leases(id, at);
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let silence = at.saturating_sub(device.last_seen);
        let next = match device.status {
            Status::Active if device.short_lived() => {
                (silence >= self.policy.ephemeral_gone_after).then_some(Status::Gone)
            }
            Status::Active => (silence >= self.policy.idle_after).then_some(Status::Idle),
            Status::Idle => (silence >= self.policy.gone_after).then_some(Status::Gone),
            Status::Gone => {
                if silence >= self.policy.forget_after {
                    self.forget(id, at);
                    return;
                }
                None
            }
        };
        let Some(next) = next else {
            self.schedule(id);
            return;
        };
        device.status = next;
        if next == Status::Gone {
            let last_seen = device.last_seen;
            self.index.gone.insert((last_seen, id));
            self.end_all(id, last_seen);
        }
        self.note_record(id);
        let revision = self.devices.get(&id).map_or(0, |device| device.revision);
        let what = match next {
            Status::Gone => Happening::Gone(id),
            Status::Idle | Status::Active => Happening::Idle(id),
        };
        self.happened(at, revision, what);
        self.schedule(id);
    }

    fn end_leases(&mut self, id: DeviceId, at: Millis) {
        self.end_where(id, at, |binding, policy| {
            binding.lease_end(policy).is_some_and(|end| end <= at)
        });
    }

    /// Who is gone holds no address. That needs no telling of its own.
    fn end_all(&mut self, id: DeviceId, at: Millis) {
        let told = self.work.due.get(&id).map(|due| due.changes.clone());
        self.end_where(id, at, |_, _| true);
        if let Some(due) = self.work.due.get_mut(&id) {
            due.changes = told.unwrap_or_default();
        }
    }

    fn end_where(&mut self, id: DeviceId, at: Millis, over: impl Fn(&Binding, &Policy) -> bool) {
        let ended: Vec<_> = self
            .devices
            .get(&id)
            .into_iter()
            .flat_map(|device| &device.open)
            .filter(|binding| over(binding, &self.policy))
            .map(|binding| (binding.realm, binding.ip, binding.mac))
            .collect();
        for (realm, ip, mac) in ended {
            self.end(id, realm, ip, mac, at);
        }
    }

    /// After a device was seen: it may be back.
    pub(crate) fn revive(&mut self, id: DeviceId) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let was = device.status;
        let awake = device.last_seen.saturating_add(self.policy.idle_after) > self.clock;
        if was == Status::Active || !awake {
            return;
        }
        device.status = Status::Active;
        self.index.gone.remove(&(device.last_seen, id));
        self.note_record(id);
        let revision = self.devices.get(&id).map_or(0, |device| device.revision);
        self.happened(self.work.now, revision, Happening::Returned(id, was));
    }

    fn forget_conversations(&mut self, now: Millis) {
        let before = now.saturating_sub(self.policy.conversation_forget_after);
        for two_way in [false, true] {
            let start = (two_way, Millis::MIN, ConversationId::from_bytes([0; 16]));
            while let Some(age) = self.index.ages.range(start..).next().copied() {
                if age.0 != two_way || age.1 >= before {
                    break;
                }
                self.forget_conversation(age.2);
            }
        }
    }
}
