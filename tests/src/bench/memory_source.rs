//! Sensors without a spool: generated batches in memory behind the product's own link. For load, not for durability.

use std::sync::atomic::{AtomicU64, Ordering};

use auscult_link::{OutgoingBatch, Source};
use auscult_proto::convert::encode_body;
use auscult_proto::ids::Incarnation;
use bytes::Bytes;
use tokio::sync::watch;

use crate::generate::{self, Mix};

/// Observations in one batch.
pub const BATCH: u64 = 100;

/// Encoded batches of `site` with sequences 1 to `observations`.
#[must_use]
pub fn batches(site: u32, observations: u64, mix: Mix) -> Vec<Bytes> {
    (0..observations / BATCH)
        .map(|batch| {
            let first = batch * BATCH + 1;
            let list: Vec<_> = (first..first + BATCH)
                .map(|seq| generate::observation(site, seq, mix))
                .collect();
            Bytes::from(encode_body(&list))
        })
        .collect()
}

/// A source that holds everything from the start.
#[derive(Debug)]
pub struct MemorySource {
    batches: Vec<Bytes>,
    incarnation: u64,
    acked: AtomicU64,
    done: watch::Sender<u64>,
    durable: watch::Sender<u64>,
}

impl MemorySource {
    /// Of these batches.
    #[must_use]
    pub fn new(batches: Vec<Bytes>, incarnation: u64) -> Self {
        let last = u64::try_from(batches.len()).unwrap_or(0) * BATCH;
        Self {
            batches,
            incarnation,
            acked: AtomicU64::new(0),
            done: watch::Sender::new(0),
            durable: watch::Sender::new(last),
        }
    }

    /// The last sequence acknowledged, as it grows.
    #[must_use]
    pub fn acknowledged(&self) -> watch::Receiver<u64> {
        self.done.subscribe()
    }

    /// The last sequence there is.
    #[must_use]
    pub fn last(&self) -> u64 {
        *self.durable.borrow()
    }
}

impl Source for MemorySource {
    fn incarnation(&self) -> Incarnation {
        Incarnation(self.incarnation)
    }

    fn next_unacked(&self) -> u64 {
        self.acked.load(Ordering::Relaxed) + 1
    }

    fn read_from(&self, seq: u64, max_bytes: usize) -> Result<Vec<OutgoingBatch>, String> {
        let mut bytes = 0;
        let first = usize::try_from((seq - 1) / BATCH).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        for (number, body) in self.batches.iter().enumerate().skip(first) {
            if !found.is_empty() && bytes + body.len() > max_bytes {
                break;
            }
            bytes += body.len();
            let first_seq = u64::try_from(number).unwrap_or(0) * BATCH + 1;
            found.push(OutgoingBatch {
                first_seq,
                count: u32::try_from(BATCH).unwrap_or(0),
                body: body.clone(),
            });
        }
        Ok(found)
    }

    fn release(&self, through: u64) -> Result<(), String> {
        self.acked.store(through, Ordering::Relaxed);
        self.done.send_replace(through);
        Ok(())
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }
}
