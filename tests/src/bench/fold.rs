//! The engine's fold alone: decoding, folding and encoding of everything that a load holds, in one thread and without any log.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use auscult_collector::engine::fold::{Changelog, Fold, Folded};
use auscult_collector::engine::inventory::SiteSettings;
use auscult_inventory::{Policy, SiteInventory};
use auscult_log::{Message, Stored, Topic};
use auscult_ocsf::Context;
use bytes::Bytes;
use prost::Message as _;

use super::bare_loop::{PARTITIONS, per_second};
use super::figures::Measured;
use super::load::Load;
use super::memory_source::BATCH;
use crate::score::Fingerprint;

/// Observations of a transaction: what the engine makes of them together when it is behind.
const TRANSACTION: u64 = 100_000;

/// What the fold made of a load.
#[derive(Debug)]
pub struct Outcome {
    /// How fast.
    pub measured: Measured,
    /// Of every record of every transaction, in order: two programs that fold alike have the same.
    pub fingerprint: Fingerprint,
}

/// Folds a load from the first batch to the last. What is counted is the time of this thread in the fold and nothing else.
///
/// # Errors
/// A batch that is not folded, or a kernel that does not tell a thread's time.
pub fn measure(load: &Load) -> Result<Outcome> {
    let settings = SiteSettings {
        policy: Policy::default(),
        context: Context {
            cluster: "bench".to_owned(),
            version: "0".to_owned(),
            tenant: None,
        },
    };
    let partitions = u32::try_from(PARTITIONS)?;
    let mut fold: Fold<SiteInventory> = Fold::new(settings);
    for partition in 0..partitions {
        fold.restore(partition, 0, Changelog::default())?;
    }
    let mut offsets = vec![0_u64; usize::try_from(partitions)?];
    let mut fingerprint = Fingerprint::default();
    let (mut elapsed, mut cpu) = (Duration::ZERO, Duration::ZERO);
    let (mut folded, mut state, mut public) = (0, 0, 0);
    let batches = usize::try_from(TRANSACTION / BATCH)?;
    for transaction in load.order.chunks(batches) {
        let mut records = Vec::with_capacity(batches);
        for (sensor, batch) in transaction {
            let partition = load.sensors[*sensor].site_number % offsets.len();
            records.push(stored(
                load,
                (*sensor, *batch),
                (partition, offsets[partition]),
            )?);
            offsets[partition] += 1;
        }
        let (started, cpu_started) = (Instant::now(), cpu_time()?);
        for record in &records {
            let became = fold.fold(record);
            ensure!(became == Folded::Applied, "a batch was {became:?}");
        }
        let (made, tally) = fold.take();
        elapsed += started.elapsed();
        cpu += cpu_time()?.saturating_sub(cpu_started);
        folded += tally.counts.folded;
        state += tally.state_records;
        public += tally.public_records;
        for record in &made.records {
            take(&mut fingerprint, record);
        }
    }
    let observations = load.observations();
    ensure!(
        folded == observations,
        "only {folded} of {observations} folded"
    );
    let each = |count| {
        per_second(count, Duration::from_secs(1)) / per_second(observations, Duration::from_secs(1))
    };
    Ok(Outcome {
        measured: Measured {
            rate: per_second(observations, elapsed),
            cpu_us: Some(
                cpu.as_secs_f64() * 1e6 / per_second(observations, Duration::from_secs(1)),
            ),
            records: Some([each(state), each(public)]),
        },
        fingerprint,
    })
}

/// A batch as it lies in the topic.
fn stored(
    load: &Load,
    (sensor, batch): (usize, usize),
    (partition, offset): (usize, u64),
) -> Result<Stored> {
    let of = &load.sensors[sensor];
    let partition = u32::try_from(partition)?;
    Ok(Stored {
        partition,
        offset,
        message: Message {
            topic: Topic::Observations,
            partition: Some(partition),
            key: Bytes::copy_from_slice(of.site.as_bytes()),
            value: Some(load.logged(sensor, batch)?.encode_to_vec().into()),
            headers: Vec::new(),
            timestamp_ms: load.received_ms,
        },
    })
}

fn take(fingerprint: &mut Fingerprint, record: &Message) {
    fingerprint.take(record.topic.name().as_bytes());
    fingerprint.take(&record.key);
    match &record.value {
        Some(value) => fingerprint.take(value),
        None => fingerprint.take(b"deleted"),
    }
    for (name, value) in &record.headers {
        fingerprint.take(name.as_bytes());
        fingerprint.take(value);
    }
}

/// Time on a processor of this thread: other work on the machine does not count.
fn cpu_time() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().context("schedstat")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use auscult_hospital::load::Size;

    use super::*;
    use crate::bench::load::Kind;

    #[test]
    fn every_observation_is_folded_and_the_same_load_makes_the_same_records() {
        let size = Size {
            sites: 2,
            devices: 400,
            sensors: 2,
        };
        for kind in [Kind::Steady, Kind::Hospital] {
            let load = Load::new(kind, 120_000, size).unwrap();
            let (one, other) = (measure(&load).unwrap(), measure(&load).unwrap());
            assert_eq!(one.fingerprint.to_string(), other.fingerprint.to_string());
            let [state, public] = one.measured.records.unwrap();
            assert!(state > 0.01 && public > 0.001, "{state} {public}");
            assert!(one.measured.cpu_us.unwrap() > 0.0);
        }
    }
}
