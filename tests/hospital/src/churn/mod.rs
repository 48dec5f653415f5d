//! Time passes: devices arrive, leave, move, are swapped, updated, lent to other sites and cut off.
//!
//! [`Churn`] owns an estate and yields dated [`Event`]s in order. Each event is applied to the estate before it is yielded, so the
//! estate is always the truth of the moment. The same estate and seed give the same events.

mod apply;
mod rates;

use std::net::Ipv4Addr;

use crate::address::Mac;
use crate::random::Random;
use crate::site::Site;

pub use rates::Rates;

/// A device, by the site it stands in and its number there. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// Index of the site.
    pub site: usize,
    /// Index of the device in [`Site::devices`].
    pub device: usize,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds since the start of the simulation.
    pub at_ms: u64,
    /// What.
    pub change: Change,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new device. Several of the same model in one moment are one delivery.
    Arrived {
        /// The new device.
        at: At,
        /// Number of the delivery.
        delivery: u32,
    },
    /// A device was taken away for good.
    Left {
        /// The device.
        at: At,
    },
    /// A loaner went to another site: the same hardware, another number, other addresses.
    Lent {
        /// Where it was.
        from: At,
        /// Where it is.
        to: At,
    },
    /// A device was replaced behind its role: same address, name and application entity, other hardware.
    Swapped {
        /// The device in its role.
        at: At,
        /// Serial number that left.
        old_serial: String,
        /// Serial number that came.
        new_serial: String,
    },
    /// Its firmware or software was updated.
    Updated {
        /// The device.
        at: At,
        /// Version before and after, as indices into the model's versions.
        versions: (usize, usize),
    },
    /// It got another lease.
    Leased {
        /// The device.
        at: At,
        /// Addresses before and after.
        addresses: (Ipv4Addr, Ipv4Addr),
    },
    /// It was carried to another segment.
    Moved {
        /// The device.
        at: At,
        /// Segments before and after.
        segments: (usize, usize),
    },
    /// Its frames carry another MAC: docked, undocked, network card replaced, or randomised anew.
    Rewired {
        /// The device.
        at: At,
        /// MACs before and after.
        macs: (Mac, Mac),
        /// Why.
        why: Rewiring,
    },
    /// A segment lost its network.
    OutageBegan {
        /// Index of the site.
        site: usize,
        /// Index of the segment.
        segment: usize,
    },
    /// It came back.
    OutageEnded {
        /// Index of the site.
        site: usize,
        /// Index of the segment.
        segment: usize,
    },
}

/// Why frames carry another MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewiring {
    /// Put into a docking station.
    Docked,
    /// Taken out of one.
    Undocked,
    /// The network card was replaced.
    NewCard,
    /// A randomised address was drawn anew.
    Randomised,
}

/// An hour in milliseconds: events are drawn hour by hour.
const HOUR_MS: u64 = 3_600_000;

/// An estate in time: an endless iterator of events.
#[derive(Debug)]
pub struct Churn {
    sites: Vec<Site>,
    /// Per site and device: stands there now.
    present: Vec<Vec<bool>>,
    /// Per site and segment: the next unused host number.
    next_host: Vec<Vec<u32>>,
    /// Segments that are out, with the hour they come back.
    outages: Vec<(u64, usize, usize)>,
    rates: Rates,
    random: Random,
    hour: u64,
    delivery: u32,
    /// Events of the current hour, latest first.
    pending: Vec<(u64, rates::Cause)>,
}

impl Churn {
    /// Lets time begin for an estate.
    #[must_use]
    pub fn new(sites: Vec<Site>, seed: u64, rates: Rates) -> Self {
        let present = sites
            .iter()
            .map(|site| vec![true; site.devices.len()])
            .collect();
        let next_host = sites
            .iter()
            .map(|site| {
                let mut next = vec![10_u32; site.segments.len()];
                for device in &site.devices {
                    next[device.segment] += 1;
                }
                next
            })
            .collect();
        Self {
            sites,
            present,
            next_host,
            outages: Vec::new(),
            rates,
            random: Random::of(seed, &["churn"]),
            hour: 0,
            delivery: 0,
            pending: Vec::new(),
        }
    }

    /// The estate of the moment, devices that left included.
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// Whether a device stands there now.
    #[must_use]
    pub fn is_present(&self, at: At) -> bool {
        self.present[at.site][at.device]
    }

    /// Lets time pass until `until_ms` after the start and tells what happened before it. Unlike the iterator it ends where nothing
    /// happens.
    pub fn advance(&mut self, until_ms: u64) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            while let Some((at_ms, cause)) = self.pending.pop_if(|(at_ms, _)| *at_ms < until_ms) {
                if let Some(change) = self.happen(cause) {
                    events.push(Event { at_ms, change });
                }
            }
            if !self.pending.is_empty() || self.hour * HOUR_MS >= until_ms {
                return events;
            }
            self.draw_hour();
        }
    }

    /// Lends a device to another site now. `None` when it stands nowhere, or there is no other site with a segment of its family.
    pub fn lend_now(&mut self, device: At) -> Option<Change> {
        self.happen(rates::Cause::Loan(device))
    }

    /// How many devices stand in all sites.
    #[must_use]
    pub fn standing(&self) -> usize {
        self.present.iter().flatten().filter(|&&here| here).count()
    }
}

impl Iterator for Churn {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((at_ms, cause)) = self.pending.pop() {
                // A cause that finds nobody to happen to does not happen.
                if let Some(change) = self.happen(cause) {
                    return Some(Event { at_ms, change });
                }
            }
            self.draw_hour();
        }
    }
}

#[cfg(test)]
mod tests;
