//! From an expected loss to points and bands, with hysteresis: what moves little is not told.

use serde::{Deserialize, Serialize};

/// Steps of risk, in the order of OCSF's `risk_level_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Below 10 points.
    Informational,
    /// From 10 points.
    Low,
    /// From 30 points.
    Medium,
    /// From 55 points.
    High,
    /// From 80 points.
    Critical,
}

/// A band is left downwards only this many points below its beginning.
pub const MARGIN: u32 = 5;

/// Points that risk must move within a band to be told.
pub const STEP: u32 = 10;

impl Band {
    const ALL: [Self; 5] = [
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// Points from which it holds.
    #[must_use]
    pub fn begins(self) -> u32 {
        match self {
            Self::Informational => 0,
            Self::Low => 10,
            Self::Medium => 30,
            Self::High => 55,
            Self::Critical => 80,
        }
    }

    /// The band of some points.
    #[must_use]
    pub fn of(points: u32) -> Self {
        let reached = Self::ALL
            .into_iter()
            .rev()
            .find(|band| points >= band.begins());
        reached.unwrap_or(Self::Informational)
    }

    /// The band of some points for a reader who was told `self` before: up at once, down only past the margin.
    #[must_use]
    pub fn follow(self, points: u32) -> Self {
        Self::of(points).max(Self::of(points.saturating_add(MARGIN)).min(self))
    }

    /// Its name in OCSF.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Informational => "Info",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

/// 0 to 100 from an expected loss per campaign: 25 points a power of ten, 0 at a thousandth. On the published impact scale a device of
/// very high impact (64) that every sixtieth campaign takes has a loss of 1 and 75 points. Judgement, as the impact scale is.
#[must_use]
pub fn points(loss: f64) -> u32 {
    if loss.is_nan() || loss <= 0.0 {
        return 0;
    }
    let points = 25.0 * (libm::log10(loss) + 3.0);
    whole(libm::round(points.clamp(0.0, 100.0)))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 100"
)]
fn whole(points: f64) -> u32 {
    points as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn points_grow_by_25_a_power_of_ten() {
        let losses = [0.0, f64::NAN, 0.0005, 0.001, 0.01, 0.1, 1.0, 10.0, 1e9];
        assert_eq!(losses.map(points), [0, 0, 0, 0, 25, 50, 75, 100, 100]);
    }

    #[test]
    fn a_band_is_entered_at_once_and_left_past_the_margin() {
        assert_eq!(Band::Medium.follow(55), Band::High);
        assert_eq!(Band::High.follow(54), Band::High);
        assert_eq!(Band::High.follow(50), Band::High);
        assert_eq!(Band::High.follow(49), Band::Medium);
        assert_eq!(Band::Critical.follow(0), Band::Informational);
    }

    proptest! {
        /// Points that swing by less than the margin are told once.
        #[test]
        fn small_swings_settle(start in 0_u32..=100, swings in proptest::collection::vec(0_u32..=MARGIN, 1..50)) {
            let top = start + MARGIN;
            let settled = Band::of(start).follow(top);
            for swing in swings {
                prop_assert_eq!(settled.follow(start + swing), settled);
            }
        }
    }
}
