//! The unit of folding: one record of the observations topic.

use auscult_proto::convert::{self, Invalid};
use auscult_proto::digest;
use auscult_proto::ids::{Incarnation, SensorId, SiteId};
use auscult_proto::observation::{Millis, Observation};
use auscult_proto::wire;

/// Where a batch comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchHeader {
    /// The sensor, as its certificate says.
    pub sensor: SensorId,
    /// The life of its spool.
    pub incarnation: Incarnation,
    /// Sequence of the first observation.
    pub first_seq: u64,
    /// Last sequence of the batch sent just before on the same stream; 0 for the first of a stream. A position below it means
    /// that an append failed in between: the batch is passed over, its sensor sends it again.
    pub after_seq: u64,
    /// Wall clock of ingest.
    pub received: Millis,
}

/// A decoded batch: its observations and the hash of each as it was encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    site: SiteId,
    header: BatchHeader,
    observations: Vec<Observation>,
    hashes: Vec<u64>,
}

impl Batch {
    /// Decodes one record of the observations topic.
    ///
    /// # Errors
    /// The first fault found; a batch is good as a whole or refused as a whole (and belongs in quarantine).
    pub fn decode(logged: wire::LoggedBatch) -> Result<Self, Invalid> {
        let header = BatchHeader {
            sensor: logged
                .sensor
                .parse()
                .map_err(|_| Invalid::OutOfRange("sensor"))?,
            incarnation: Incarnation(logged.incarnation),
            first_seq: logged.first_seq,
            after_seq: logged.after_seq,
            received: logged.received_ms,
        };
        if header.first_seq == 0
            || header
                .first_seq
                .checked_add(u64::from(logged.count))
                .is_none()
        {
            return Err(Invalid::OutOfRange("first_seq"));
        }
        if header.received < 0 {
            return Err(Invalid::OutOfRange("received_ms"));
        }
        let site = logged
            .site
            .parse()
            .map_err(|_| Invalid::OutOfRange("site"))?;
        let hashes = digest::hashes(header.first_seq, &logged.body)?;
        let observations = convert::decode_body(logged.body, logged.count)?;
        Ok(Self {
            site,
            header,
            observations,
            hashes,
        })
    }

    /// A batch of observations that were never encoded.
    #[must_use]
    pub fn new(site: SiteId, header: BatchHeader, observations: Vec<Observation>) -> Self {
        let hashes = (header.first_seq..)
            .zip(&observations)
            .map(|(seq, observation)| digest::of(seq, observation))
            .collect();
        Self {
            site,
            header,
            observations,
            hashes,
        }
    }

    /// Whose batch it is.
    #[must_use]
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// Where it comes from.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// How many observations it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.observations.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
    }

    pub(crate) fn into_parts(self) -> (BatchHeader, Vec<Observation>, Vec<u64>) {
        (self.header, self.observations, self.hashes)
    }
}
