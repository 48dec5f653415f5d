//! The load: what a fleet of sensors would report, without packets.
//!
//! [`Fleet`] holds a few template sites and multiplies them: site `n` of the fleet is template `n % templates` with addresses and serial
//! numbers of its own. [`Stream`] then yields [`Observation`]s for ever, borrowed and without allocation, so that it is never what a
//! measurement waits for. Nothing here knows the product's wire format; an adapter turns these plain structs into it.

mod observation;
mod stream;

use crate::address::Mac;
use crate::build::{self, TooSmall};
use crate::site::Site;

pub use observation::{Attribute, Body, Endpoint, Observation, Origin, Value};
pub use stream::{Pace, Stream};

/// How large the fleet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Sites.
    pub sites: usize,
    /// Devices per site.
    pub devices: usize,
    /// Sensors per site.
    pub sensors: usize,
}

impl Size {
    /// A thousand sensors, a million devices over a hundred sites.
    pub const LARGE: Self = Self {
        sites: 100,
        devices: 10_000,
        sensors: 10,
    };
}

/// Sites that sensors watch.
#[derive(Debug)]
pub struct Fleet {
    templates: Vec<Site>,
    size: Size,
}

/// Different site templates: enough that no two neighbours look alike, few enough to build in a second.
const TEMPLATES: usize = 4;

impl Fleet {
    /// Builds the templates.
    ///
    /// # Errors
    /// When the sites are smaller than [`build::SMALLEST`].
    pub fn new(seed: u64, size: Size) -> Result<Self, TooSmall> {
        let sizes = vec![size.devices; TEMPLATES.min(size.sites.max(1))];
        Ok(Self {
            templates: build::estate(seed, &sizes, None)?,
            size,
        })
    }

    /// Its size.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    fn template(&self, site: usize) -> &Site {
        &self.templates[site % self.templates.len()]
    }

    /// The sensor (number within its site) that watches a segment.
    #[must_use]
    pub const fn sensor_of(&self, segment: usize) -> usize {
        segment % self.size.sensors
    }

    /// The MAC of a device: its maker's prefix and a number no other device of the fleet has.
    #[must_use]
    pub fn mac(&self, site: usize, device: usize) -> Mac {
        let oui = self.template(site).devices[device].model.oui;
        Mac::of(oui, (site * self.size.devices + device) as u32)
    }
}

#[cfg(test)]
mod tests;
