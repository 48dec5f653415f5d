//! How often what happens.

use super::{At, Churn, HOUR_MS};

/// Multipliers of the rates that the kinds state, 1 for as they state it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Devices that leave and are replaced by new ones.
    pub turnover: f64,
    /// Loans between sites.
    pub loans: f64,
    /// Swaps behind a role.
    pub swaps: f64,
    /// Updates.
    pub updates: f64,
    /// New leases.
    pub leases: f64,
    /// Moves between segments.
    pub moves: f64,
    /// Docking, new cards, randomised addresses.
    pub rewiring: f64,
    /// Outages of segments.
    pub outages: f64,
}

impl Rates {
    /// An ordinary year.
    pub const ORDINARY: Self = Self {
        turnover: 1.0,
        loans: 1.0,
        swaps: 1.0,
        updates: 1.0,
        leases: 1.0,
        moves: 1.0,
        rewiring: 1.0,
        outages: 1.0,
    };

    /// Nothing happens.
    pub const NONE: Self = Self::ORDINARY.times(0.0);

    /// Everything this many times as often.
    #[must_use]
    pub const fn times(self, factor: f64) -> Self {
        Self {
            turnover: self.turnover * factor,
            loans: self.loans * factor,
            swaps: self.swaps * factor,
            updates: self.updates * factor,
            leases: self.leases * factor,
            moves: self.moves * factor,
            rewiring: self.rewiring * factor,
            outages: self.outages * factor,
        }
    }
}

/// Something that is about to happen to somebody.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    Arrival {
        site: usize,
        delivery: u32,
        like: Option<usize>,
    },
    Departure(At),
    Loan(At),
    Swap(At),
    Update(At),
    Lease(At),
    Move(At),
    Rewiring(At),
    OutageBegins {
        site: usize,
        segment: usize,
    },
    OutageEnds {
        site: usize,
        segment: usize,
    },
}

const HOURS_A_YEAR: f64 = 8_766.0;
/// A loaner stays about three weeks.
const LOANS_A_YEAR: f64 = 17.0;
/// Share of devices that break and are swapped behind their role in a year.
const SWAPS_A_YEAR: f64 = 0.03;
/// Leases that change in a year, where leased.
const LEASES_A_YEAR: f64 = 5.0;
/// Times a device with a docking station changes sides in a year.
const DOCKINGS_A_YEAR: f64 = 150.0;
/// New network cards in a year.
const CARDS_A_YEAR: f64 = 0.004;
/// New randomised addresses in a year, where randomised.
const RANDOMISED_A_YEAR: f64 = 120.0;
/// Outages of a segment in a year.
const OUTAGES_A_YEAR: f64 = 1.5;
/// Share of arrivals that come in deliveries of many.
const DELIVERED: f64 = 0.4;
/// Mean size of a delivery.
const DELIVERY: usize = 25;

impl Churn {
    /// Draws what happens in the next hour, latest first.
    pub(super) fn draw_hour(&mut self) {
        let start = self.hour * HOUR_MS;
        let mut causes = Vec::new();
        let (back, out): (Vec<_>, Vec<_>) = self
            .outages
            .iter()
            .partition(|(until, ..)| *until <= self.hour);
        self.outages = out;
        for (_, site, segment) in back {
            causes.push(Cause::OutageEnds { site, segment });
        }
        for site in 0..self.sites.len() {
            self.draw_site(site, &mut causes);
        }
        self.pending = causes
            .into_iter()
            .map(|cause| (start + self.random.below(HOUR_MS as usize) as u64, cause))
            .collect();
        // Stable: what is drawn for the same millisecond keeps its order.
        self.pending.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        self.hour += 1;
    }

    fn draw_site(&mut self, site: usize, causes: &mut Vec<Cause>) {
        for device in 0..self.sites[site].devices.len() {
            if !self.present[site][device] {
                continue;
            }
            let at = At { site, device };
            let thing = &self.sites[site].devices[device];
            let (life, how, rates) = (thing.kind.life, thing.kind.addressing, &self.rates);
            let leased = if thing.address.dhcp {
                LEASES_A_YEAR
            } else {
                0.0
            };
            let loaned = if thing.truth.loaner {
                LOANS_A_YEAR
            } else {
                0.0
            };
            let random_mac = if thing.address.mac.is_local() {
                RANDOMISED_A_YEAR
            } else {
                0.0
            };
            let docked = if how.docked > 0.0 {
                how.docked.min(0.3) * DOCKINGS_A_YEAR
            } else {
                0.0
            };
            let yearly: [(f64, Cause); 7] = [
                (rates.turnover * life.leaves, Cause::Departure(at)),
                (rates.loans * loaned, Cause::Loan(at)),
                (rates.swaps * SWAPS_A_YEAR, Cause::Swap(at)),
                (rates.updates * life.updates, Cause::Update(at)),
                (rates.leases * leased, Cause::Lease(at)),
                (rates.moves * life.moves, Cause::Move(at)),
                (
                    rates.rewiring * (docked + random_mac + CARDS_A_YEAR),
                    Cause::Rewiring(at),
                ),
            ];
            let total: f64 = yearly.iter().map(|(rate, _)| rate).sum();
            // At most one thing an hour and device.
            if self.random.chance(total / HOURS_A_YEAR)
                && let Some(index) = self.random.weighted(yearly.iter().map(|(rate, _)| *rate))
            {
                let cause = yearly[index].1;
                if let Cause::Departure(_) = cause {
                    self.draw_arrivals(site, device, causes);
                }
                causes.push(cause);
            }
        }
        let segments = self.sites[site].segments.len();
        if self
            .random
            .chance(self.rates.outages * OUTAGES_A_YEAR * segments as f64 / HOURS_A_YEAR)
        {
            let segment = self.random.below(segments);
            let until = self.hour + 1 + self.random.below(5) as u64;
            self.outages.push((until, site, segment));
            causes.push(Cause::OutageBegins { site, segment });
        }
    }

    /// As many arrive as leave, on average: one by one, or many at once.
    fn draw_arrivals(&mut self, site: usize, like: usize, causes: &mut Vec<Cause>) {
        let count = if self.random.chance(1.0 - DELIVERED) {
            1
        } else if self.random.chance(1.0 / DELIVERY as f64) {
            self.random.between(DELIVERY / 2, DELIVERY * 3 / 2 + 1)
        } else {
            return;
        };
        self.delivery += 1;
        for _ in 0..count {
            causes.push(Cause::Arrival {
                site,
                delivery: self.delivery,
                like: Some(like),
            });
        }
    }
}
