//! What would change: the same events, on a copy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::assessor::Assessor;
use crate::event::Event;
use crate::fault::Faults;
use crate::follow::PairName;

/// The site before and after, compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// Expected loss per campaign as it is (engine A).
    pub loss_before: f64,
    /// With the change.
    pub loss_after: f64,
    /// Pairs that would come onto the to-do list.
    pub entered: Vec<PairName>,
    /// Pairs that would leave it.
    pub left: Vec<PairName>,
    /// Devices whose likelihood or springboard would change most, largest change of expected loss first.
    pub devices: Vec<DeviceChange>,
}

/// One device before and after; a missing side is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceChange {
    /// Device.
    pub device: String,
    /// Likelihood per campaign before and after.
    pub likelihood: [f64; 2],
    /// likelihood x stake before and after.
    pub loss: [f64; 2],
    /// Springboard rank before and after; 0 where the device is not there.
    pub springboard_rank: [u32; 2],
}

/// Devices listed of a comparison.
const MOST_DEVICES: usize = 50;

impl Assessor {
    /// What a batch of events would change: a device added before it is bought, a removal, a patch, a closed service, a microsegment,
    /// a cut link. Nothing changes.
    ///
    /// # Errors
    /// Every fault of the batch.
    pub fn what_if(&self, events: &[Event]) -> Result<WhatIf, Faults> {
        let mut after = self.clone();
        let changes = after.apply(events)?;
        let mut devices: BTreeMap<String, DeviceChange> = BTreeMap::new();
        for (side, assessor) in [self, &after].into_iter().enumerate() {
            for risk in assessor.device_risks(&assessor.gradient()) {
                let change = devices
                    .entry(risk.device.clone())
                    .or_insert_with(|| DeviceChange {
                        device: risk.device,
                        likelihood: [0.0; 2],
                        loss: [0.0; 2],
                        springboard_rank: [0; 2],
                    });
                change.likelihood[side] = risk.likelihood;
                change.loss[side] = risk.loss;
                change.springboard_rank[side] = risk.springboard_rank;
            }
        }
        let mut devices: Vec<DeviceChange> = devices
            .into_values()
            .filter(|change| change.loss[0].to_bits() != change.loss[1].to_bits())
            .collect();
        let size = |change: &DeviceChange| (change.loss[1] - change.loss[0]).abs();
        devices.sort_by(|a, b| {
            size(b)
                .total_cmp(&size(a))
                .then_with(|| a.device.cmp(&b.device))
        });
        devices.truncate(MOST_DEVICES);
        Ok(WhatIf {
            loss_before: self.layers.loss,
            loss_after: after.layers.loss,
            entered: changes.entered,
            left: changes.left,
            devices,
        })
    }
}
