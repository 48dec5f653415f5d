//! What the benchmarks of the collector are fed with: batches of many sensors, in the order in which they become full.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use auscult_hospital::load::{Fleet, Pace, Size, Stream};
use auscult_proto::convert::encode_body;
use auscult_proto::observation::Observation;
use auscult_proto::wire;
use bytes::Bytes;
use clap::ValueEnum;

use super::hospital::Adapter;
use super::memory_source::{BATCH, batches};
use crate::generate::{EPOCH_MS, Mix};

/// Which load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Four sensors of four sites of 5,000 devices; 2 of 10 observations change something (`generate::Mix::STEADY`).
    Steady,
    /// The hospital's fleet in an ordinary hour: a thousand sensors, a hundred sites, a million devices.
    Hospital,
    /// The same fleet when half of everything comes in bursts: sites power up and every device introduces itself.
    HospitalBursts,
}

impl Kind {
    /// As on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Hospital => "hospital",
            Self::HospitalBursts => "hospital-bursts",
        }
    }
}

/// Batches of one sensor, sequences from 1 without a gap.
#[derive(Debug, Clone)]
pub struct SensorLoad {
    /// Its site.
    pub site: String,
    /// Its name there.
    pub sensor: String,
    /// Number of the site.
    pub site_number: usize,
    /// Encoded bodies of [`BATCH`] observations each.
    pub batches: Vec<Bytes>,
}

/// A load.
#[derive(Debug, Clone)]
pub struct Load {
    /// Which.
    pub kind: Kind,
    /// The sensors that have something to say.
    pub sensors: Vec<SensorLoad>,
    /// Index of the sensor and of its batch, in the order of time.
    pub order: Vec<(usize, usize)>,
    /// Epoch milliseconds at which ingest may have received everything.
    pub received_ms: i64,
}

impl Load {
    /// A load of at most `observations` observations; whole batches only. `fleet` is how large the hospital's fleet is.
    ///
    /// # Errors
    /// A fleet that cannot be built.
    pub fn new(kind: Kind, observations: u64, fleet: Size) -> Result<Self> {
        match kind {
            Kind::Steady => Ok(Self::steady(observations)),
            Kind::Hospital => Self::hospital(kind, observations, fleet, Pace::STEADY),
            Kind::HospitalBursts => Self::hospital(kind, observations, fleet, Pace::BURSTS),
        }
    }

    /// Observations in all batches.
    #[must_use]
    pub fn observations(&self) -> u64 {
        u64::try_from(self.order.len()).unwrap_or(0) * BATCH
    }

    /// A batch as ingest appends it to the log.
    ///
    /// # Errors
    /// A number beyond what the wire has.
    pub fn logged(&self, sensor: usize, batch: usize) -> Result<wire::LoggedBatch> {
        let of = &self.sensors[sensor];
        let before = u64::try_from(batch)? * BATCH;
        Ok(wire::LoggedBatch {
            site: of.site.clone(),
            sensor: of.sensor.clone(),
            incarnation: 1,
            first_seq: before + 1,
            count: u32::try_from(BATCH)?,
            received_ms: self.received_ms,
            body: of.batches[batch].clone(),
            after_seq: before,
        })
    }

    /// Bytes of all bodies.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let batches = self.sensors.iter().flat_map(|sensor| &sensor.batches);
        batches.map(Bytes::len).sum()
    }

    /// How many sites have something to say.
    #[must_use]
    pub fn sites(&self) -> usize {
        let numbers = self.sensors.iter().map(|sensor| sensor.site_number);
        numbers.collect::<std::collections::BTreeSet<_>>().len()
    }

    fn steady(observations: u64) -> Self {
        const SITES: u32 = 4;
        let sensors: Vec<SensorLoad> = (0..SITES)
            .map(|site| SensorLoad {
                site: format!("site-{site}"),
                sensor: "bench".to_owned(),
                site_number: site as usize,
                batches: batches(site, observations / u64::from(SITES), Mix::STEADY),
            })
            .collect();
        let order = sensors
            .iter()
            .enumerate()
            .flat_map(|(index, sensor)| (0..sensor.batches.len()).map(move |batch| (index, batch)))
            .collect();
        Self {
            kind: Kind::Steady,
            sensors,
            order,
            received_ms: EPOCH_MS + 3_600_000,
        }
    }

    fn hospital(kind: Kind, observations: u64, size: Size, pace: Pace) -> Result<Self> {
        const SEED: u64 = 1;
        let fleet = Fleet::new(SEED, size).context("the hospital's fleet")?;
        let mut adapter = Adapter::default();
        let mut waiting: BTreeMap<(u32, u32), (usize, Vec<Observation>)> = BTreeMap::new();
        let mut load = Self {
            kind,
            sensors: Vec::new(),
            order: Vec::new(),
            received_ms: 0,
        };
        let full = usize::try_from(BATCH)?;
        let wanted = usize::try_from(observations / BATCH)?;
        for said in Stream::new(&fleet, SEED, pace) {
            if load.order.len() >= wanted {
                break;
            }
            let Some(observation) = adapter.observation(&said) else {
                continue;
            };
            load.received_ms = observation.last_seen;
            let origin = (said.origin.site, said.origin.sensor);
            let (sensor, batch) = waiting.entry(origin).or_insert_with(|| {
                load.sensors.push(SensorLoad {
                    site: format!("site-{}", origin.0),
                    sensor: format!("sensor-{}", origin.1),
                    site_number: origin.0 as usize,
                    batches: Vec::new(),
                });
                (load.sensors.len() - 1, Vec::with_capacity(full))
            });
            batch.push(observation);
            if batch.len() == full {
                let of = &mut load.sensors[*sensor].batches;
                load.order.push((*sensor, of.len()));
                of.push(Bytes::from(encode_body(batch.iter())));
                batch.clear();
            }
        }
        Ok(load)
    }
}

#[cfg(test)]
mod tests {
    use auscult_proto::convert::decode_body;
    use auscult_proto::observation::Body;

    use super::*;

    fn small(kind: Kind) -> Load {
        let size = Size {
            sites: 4,
            devices: 300,
            sensors: 3,
        };
        Load::new(kind, 30_000, size).unwrap()
    }

    #[test]
    fn every_batch_of_the_hospital_is_one_that_a_collector_accepts() {
        for kind in [Kind::Hospital, Kind::HospitalBursts] {
            let load = small(kind);
            assert_eq!(load.observations(), 30_000);
            assert_eq!((load.sites(), load.sensors.len()), (4, 12));
            let mut kinds = [0_u64; 4];
            for (sensor, batch) in &load.order {
                let body = load.sensors[*sensor].batches[*batch].clone();
                for observation in decode_body(body, 100).unwrap() {
                    kinds[match observation.body {
                        Body::Fact(_) => 0,
                        Body::Conversation(_) => 1,
                        Body::Binding(_) => 2,
                        Body::Heartbeat(_) => 3,
                        Body::Health(_) | Body::Loss(_) => panic!("the load has none"),
                    }] += 1;
                    assert!(observation.last_seen <= load.received_ms);
                }
            }
            assert!(kinds.iter().all(|count| *count > 1_000), "{kinds:?}");
        }
    }

    #[test]
    fn the_order_has_every_batch_once_and_each_sensors_in_sequence() {
        for kind in [Kind::Steady, Kind::Hospital] {
            let load = small(kind);
            let mut next = vec![0; load.sensors.len()];
            for (sensor, batch) in &load.order {
                assert_eq!(next[*sensor], *batch);
                next[*sensor] += 1;
            }
            for (sensor, count) in load.sensors.iter().zip(next) {
                assert_eq!(sensor.batches.len(), count);
            }
        }
    }
}
