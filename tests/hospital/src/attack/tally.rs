//! What campaigns cost, in sums that do not depend on their order.

use super::Arena;

/// Units a loss of 1 is counted in: integers add up to the same in any order.
const UNIT: f64 = 1_048_576.0;

/// Sums over campaigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    campaigns: u64,
    taken: u64,
    by_device: Vec<u64>,
    by_pair: Vec<u64>,
    reached: Vec<u32>,
    downstream: Vec<u64>,
}

fn units(loss: f64) -> u64 {
    (loss * UNIT).round() as u64
}

impl Tally {
    /// Nothing yet.
    #[must_use]
    pub fn new(arena: &Arena) -> Self {
        let devices = arena.targets.len();
        Self {
            campaigns: 0,
            taken: 0,
            by_device: vec![0; devices],
            by_pair: vec![0; arena.pairs.len()],
            reached: vec![0; devices],
            downstream: vec![0; devices],
        }
    }

    pub(super) const fn count(&mut self, taken: u64) {
        self.campaigns += 1;
        self.taken += taken;
    }

    pub(super) fn lose(&mut self, device: u32, pair: Option<u32>, loss: f64) {
        let units = units(loss);
        self.by_device[device as usize] += units;
        if let Some(pair) = pair {
            self.by_pair[pair as usize] += units;
        }
    }

    pub(super) fn reach(&mut self, device: u32) {
        self.reached[device as usize] += 1;
    }

    pub(super) fn downstream(&mut self, device: u32, loss: f64) {
        self.downstream[device as usize] += units(loss);
    }

    pub(super) fn add(&mut self, other: &Self) {
        fn sum<T: Copy + std::ops::AddAssign>(into: &mut [T], from: &[T]) {
            for (a, b) in into.iter_mut().zip(from) {
                *a += *b;
            }
        }
        self.campaigns += other.campaigns;
        self.taken += other.taken;
        sum(&mut self.by_device, &other.by_device);
        sum(&mut self.by_pair, &other.by_pair);
        sum(&mut self.reached, &other.reached);
        sum(&mut self.downstream, &other.downstream);
    }

    /// Campaigns run.
    #[must_use]
    pub const fn campaigns(&self) -> u64 {
        self.campaigns
    }

    /// Mean number of devices a campaign took.
    #[must_use]
    pub fn mean_size(&self) -> f64 {
        self.taken as f64 / self.campaigns.max(1) as f64
    }

    /// Mean loss of a campaign.
    #[must_use]
    pub fn mean_loss(&self) -> f64 {
        let total: u64 = self.by_device.iter().sum();
        total as f64 / UNIT / self.campaigns.max(1) as f64
    }

    /// Share of the loss that came through some flaw (the other came by credentials, people and physical access).
    #[must_use]
    pub fn flaw_share(&self) -> f64 {
        let total: u64 = self.by_device.iter().sum();
        let pairs: u64 = self.by_pair.iter().sum();
        pairs as f64 / total.max(1) as f64
    }

    /// Mean loss per campaign through each pair of [`Arena::pairs`].
    #[must_use]
    pub fn pair_loss(&self) -> Vec<f64> {
        self.mean(&self.by_pair)
    }

    /// Mean loss per campaign on each device.
    #[must_use]
    pub fn device_loss(&self) -> Vec<f64> {
        self.mean(&self.by_device)
    }

    /// Mean loss per campaign on devices that were taken from each device, directly or further on.
    #[must_use]
    pub fn springboard(&self) -> Vec<f64> {
        self.mean(&self.downstream)
    }

    /// Share of campaigns that took each device.
    #[must_use]
    pub fn reach_share(&self) -> Vec<f64> {
        self.reached
            .iter()
            .map(|&count| f64::from(count) / self.campaigns.max(1) as f64)
            .collect()
    }

    fn mean(&self, sums: &[u64]) -> Vec<f64> {
        sums.iter()
            .map(|&sum| sum as f64 / UNIT / self.campaigns.max(1) as f64)
            .collect()
    }
}
