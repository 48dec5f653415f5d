//! The grid that engine A is computed on: sums are integers and results keep a few significant bits.
//!
//! Integers add up to the same bits in every order, so a sum may follow one summand; and a change that stays within a step of the grid
//! ends there, so that following a change costs what the change is worth and still gives the bits of computing anew.

use crate::policy;

/// Units of a natural logarithm in the sums.
const UNIT: f64 = (1_u64 << 38) as f64;
/// Most that one summand counts: e^-20 is nothing left. A million and a half of them fit a sum.
const MOST: f64 = 20.0;
/// Arguments below this take the first terms of their series: exact to the units above, and much faster.
const SMALL: f64 = 1.0 / 64.0;

/// -ln(1 - u): what an attempt with probability `u` adds to a sum.
pub(super) fn units(u: f64) -> i64 {
    let nats = if u < SMALL {
        u * (1.0 + u * (1.0 / 2.0 + u * (1.0 / 3.0 + u * (1.0 / 4.0 + u * (1.0 / 5.0 + u / 6.0)))))
    } else {
        (-libm::log1p(-u)).min(MOST)
    };
    (nats * UNIT + 0.5) as i64
}

/// 1 - exp(-s): the chance of at least one attempt of those in a sum, times `factor`.
pub(super) fn chance(sum: i64, factor: f64) -> f64 {
    let s = sum as f64 / UNIT * factor;
    if s < SMALL {
        s * (1.0 - s / 2.0 * (1.0 - s / 3.0 * (1.0 - s / 4.0 * (1.0 - s / 5.0 * (1.0 - s / 6.0)))))
    } else {
        -libm::expm1(-s)
    }
}

/// How many significant bits engine A keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Of a device's probability.
    reach: u32,
    /// Of what a segment or a group of links attempts.
    hub: u32,
    /// Of what the whole site attempts.
    site: u32,
    /// Of what many scores have in common.
    worlds: u32,
}

impl Grid {
    /// The grid of a site with so many active devices.
    pub(crate) fn of(policy: &policy::Grid, devices: usize) -> Self {
        if devices <= policy.fine_devices as usize {
            return Self::fine(policy);
        }
        Self {
            reach: policy.reach_bits,
            hub: policy.hub_bits,
            site: policy.site_bits,
            worlds: policy.worlds_bits,
        }
    }

    /// The grid of small sites, on which differences of the loss are computed for all.
    pub(crate) fn fine(policy: &policy::Grid) -> Self {
        Self {
            reach: policy.fine_bits,
            hub: policy.fine_bits,
            site: policy.fine_bits,
            worlds: policy.fine_bits,
        }
    }

    /// A device's probability, or an attempt's: to the nearest step.
    pub(crate) fn reach(self, value: f64) -> f64 {
        nearest(value, self.reach)
    }

    /// What many scores have in common: to the nearest step.
    pub(crate) fn worlds(self, value: f64) -> f64 {
        nearest(value, self.worlds)
    }

    /// What a segment or a group attempts: to the nearest step.
    pub(super) fn hub(self, value: f64) -> f64 {
        nearest(value, self.hub)
    }

    /// A segment's sum without one device's own part: the middle of its step.
    pub(super) fn scan(self, sum: i64) -> i64 {
        middle(sum, self.hub)
    }

    /// The site's sum without one device's own part: the middle of its step.
    pub(super) fn far(self, sum: i64) -> i64 {
        middle(sum, self.site)
    }
}

/// The nearest number with so many significant bits; never below 0.
fn nearest(value: f64, bits: u32) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let drop = 53_u32.saturating_sub(bits);
    if drop == 0 {
        return value;
    }
    // The bits of a positive float are in the order of its value, and a carry out of the fraction is the next power of two.
    let half = 1_u64 << (drop - 1);
    f64::from_bits((value.to_bits() + half) >> drop << drop)
}

/// The middle of the step of so many significant bits; 0 for what is not above it.
fn middle(sum: i64, bits: u32) -> i64 {
    if sum <= 0 {
        return 0;
    }
    let length = i64::BITS - sum.leading_zeros();
    match length.saturating_sub(bits) {
        0 => sum,
        drop => (sum >> drop << drop) + (1 << (drop - 1)),
    }
}

/// A weight rounded up to so many significant bits.
pub(crate) fn up(value: f64, bits: u32) -> f64 {
    let drop = 53_u32.saturating_sub(bits);
    let rest = (1_u64 << drop) - 1;
    f64::from_bits((value.to_bits() + rest) >> drop << drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_monotone_and_within_half_a_step() {
        let mut last = (0.0, 0.0, 0);
        for step in 1..200_000_u32 {
            let value = f64::from(step) / 200_000.0;
            let near = nearest(value, 10);
            assert!((near - value).abs() <= value / 1024.0, "{value} to {near}");
            assert!(
                near >= last.0
                    && up(value, 7) >= value
                    && up(value, 7) <= value * (1.0 + 1.0 / 64.0)
            );
            let sum = middle(i64::from(step), 4);
            assert!((sum - i64::from(step)).abs() * 16 <= i64::from(step) && sum >= last.2);
            last = (near, value, sum);
        }
        assert_eq!(nearest(1.0, 10), 1.0);
        assert_eq!(nearest(0.999_99, 10), 1.0);
        assert_eq!((middle(-5, 4), middle(0, 4), nearest(-0.1, 4)), (0, 0, 0.0));
    }

    #[test]
    fn sums_of_logarithms_give_the_product_back() {
        let mut chances = vec![0.0, 1e-9, 0.3, SMALL, 0.999];
        chances.extend((1..300).map(|n| f64::from(n) / 20_000.0));
        for u in &chances {
            assert!((chance(units(*u), 1.0) - u).abs() < 1e-11, "{u}");
        }
        let sum: i64 = chances.iter().map(|u| units(*u)).sum();
        let product: f64 = chances.iter().map(|u| 1.0 - u).product();
        assert!((1.0 - chance(sum, 1.0) - product).abs() < 1e-9 * product + 1e-12);
        // Beyond any probability that may occur, nothing overflows.
        assert!(units(1.0).checked_mul(1_500_000).is_some());
    }
}
