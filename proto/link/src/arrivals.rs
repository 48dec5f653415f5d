//! The order of one stream: what may come next, and what each batch follows.

use auscult_proto::{limits, wire};

use crate::packing::Fault;

/// A sensor broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("the first frame of a stream is a hello")]
    NoHello,
    #[error("a second hello on one stream")]
    SecondHello,
    #[error("a frame of no known kind")]
    UnknownFrame,
    #[error("a hello whose next sequence is 0; sequences begin at 1")]
    HelloSequence,
    #[error("a version text longer than {} bytes", limits::VERSION_BYTES)]
    Version,
    #[error("a batch body of {0} bytes; the limit is {max}", max = limits::BATCH_BYTES)]
    TooLarge(usize),
    #[error("a batch of {0} observations; 1 to {max} are allowed", max = limits::BATCH_OBSERVATIONS)]
    Count(u32),
    #[error(
        "batch at sequence {first_seq} where at least {expected} was expected: sequences only grow on one stream"
    )]
    Order { first_seq: u64, expected: u64 },
    #[error("batch at sequence {0}: its last sequence does not exist")]
    Overflow(u64),
    #[error("batch at sequence {first_seq}: its body cannot be unpacked ({fault})")]
    Packed { first_seq: u64, fault: Fault },
}

/// A batch in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) last_seq: u64,
    pub(crate) after_seq: u64,
}

/// Checks the batches of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrivals {
    expected: u64,
    after_seq: u64,
}

impl Arrivals {
    pub(crate) fn new(hello: &wire::SensorHello) -> Result<Self, Violation> {
        if hello.next_seq == 0 {
            return Err(Violation::HelloSequence);
        }
        if hello.version.len() > limits::VERSION_BYTES {
            return Err(Violation::Version);
        }
        Ok(Self {
            expected: hello.next_seq,
            after_seq: 0,
        })
    }

    pub(crate) fn place(&mut self, batch: &wire::Batch) -> Result<Place, Violation> {
        if batch.body.len() > limits::BATCH_BYTES {
            return Err(Violation::TooLarge(batch.body.len()));
        }
        if batch.count == 0 || batch.count > limits::BATCH_OBSERVATIONS {
            return Err(Violation::Count(batch.count));
        }
        if batch.first_seq < self.expected {
            return Err(Violation::Order {
                first_seq: batch.first_seq,
                expected: self.expected,
            });
        }
        let next = batch
            .first_seq
            .checked_add(u64::from(batch.count))
            .ok_or(Violation::Overflow(batch.first_seq))?;
        let place = Place {
            last_seq: next.saturating_sub(1),
            after_seq: self.after_seq,
        };
        self.expected = next;
        self.after_seq = place.last_seq;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(next_seq: u64) -> wire::SensorHello {
        wire::SensorHello {
            next_seq,
            ..Default::default()
        }
    }

    fn batch(first_seq: u64, count: u32) -> wire::Batch {
        wire::Batch {
            first_seq,
            count,
            body: bytes::Bytes::new(),
            unpacked_bytes: 0,
        }
    }

    #[test]
    fn the_first_batch_follows_nothing_and_each_other_the_one_before() {
        let mut arrivals = Arrivals::new(&hello(5)).unwrap();
        let place = |last_seq, after_seq| Place {
            last_seq,
            after_seq,
        };
        assert_eq!(arrivals.place(&batch(7, 3)), Ok(place(9, 0)));
        assert_eq!(arrivals.place(&batch(10, 1)), Ok(place(10, 9)));
        // A gap is the sensor's own loss, and is allowed.
        assert_eq!(arrivals.place(&batch(20, 2)), Ok(place(21, 10)));
    }

    #[test]
    fn every_violation_is_named() {
        let mut arrivals = Arrivals::new(&hello(5)).unwrap();
        assert_eq!(arrivals.place(&batch(5, 0)), Err(Violation::Count(0)));
        assert_eq!(arrivals.place(&batch(5, 1025)), Err(Violation::Count(1025)));
        assert!(matches!(
            arrivals.place(&batch(4, 1)),
            Err(Violation::Order {
                first_seq: 4,
                expected: 5
            })
        ));
        assert_eq!(
            arrivals.place(&batch(u64::MAX, 1)),
            Err(Violation::Overflow(u64::MAX))
        );
        let large = wire::Batch {
            body: vec![0; limits::BATCH_BYTES + 1].into(),
            ..batch(5, 1)
        };
        assert!(matches!(
            arrivals.place(&large),
            Err(Violation::TooLarge(_))
        ));
        assert_eq!(Arrivals::new(&hello(0)), Err(Violation::HelloSequence));
        // Nothing refused above moved the place.
        assert!(arrivals.place(&batch(5, 1)).is_ok());
        assert!(arrivals.place(&batch(5, 1)).is_err());
    }
}
