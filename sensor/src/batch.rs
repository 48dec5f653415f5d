//! Observations to batch bodies: as many as the wire's limits allow, encoded once.

use auscult_proto::observation::Observation;
use auscult_proto::{limits, wire};
use prost::Message;

/// A body ready for the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// An encoded `ObservationList`.
    pub body: Vec<u8>,
    /// Observations in it.
    pub count: u32,
}

/// Collects observations until a limit is reached.
#[derive(Debug, Default)]
pub struct Batch {
    list: wire::ObservationList,
    bytes: usize,
}

impl Batch {
    /// Adds an observation; gives back the batch that had to be closed to make room for it.
    pub fn push(&mut self, observation: &Observation) -> Option<Encoded> {
        let observation = wire::Observation::from(observation);
        let body = observation.encoded_len();
        // Tag, length and the message itself, as an element of a repeated field.
        let bytes = 1 + prost::length_delimiter_len(body) + body;
        let full = self.list.observations.len() >= count_limit()
            || self.bytes.saturating_add(bytes) > limits::BATCH_BYTES;
        let closed = if full { self.take() } else { None };
        self.list.observations.push(observation);
        self.bytes += bytes;
        closed
    }

    /// Closes the batch; `None` when there is nothing in it.
    pub fn take(&mut self) -> Option<Encoded> {
        let count = u32::try_from(self.list.observations.len())
            .ok()
            .filter(|count| *count > 0)?;
        let mut body = Vec::with_capacity(self.bytes);
        // A vector grows: this cannot fail.
        self.list.encode(&mut body).ok()?;
        self.list.observations.clear();
        self.bytes = 0;
        Some(Encoded { body, count })
    }

    /// Whether nothing is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.observations.is_empty()
    }
}

fn count_limit() -> usize {
    usize::try_from(limits::BATCH_OBSERVATIONS).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use auscult_proto::convert::{decode_body, encode_body};
    use auscult_proto::mac::Mac;
    use auscult_proto::observation::{Body, Endpoint, Fact, FactFlags, Heartbeat, Origin, Subject};
    use auscult_proto::{Attribute, ConfidenceClass, Field};
    use proptest::prelude::*;

    use super::*;

    fn observation(n: u64, value: Option<String>) -> Observation {
        let endpoint = Endpoint {
            mac: Mac::from_bits(n + 1),
            ip: None,
        };
        let body = match value {
            Some(value) => Body::Fact(Fact {
                sender: endpoint,
                subject: Subject::Key(value.chars().take(30).collect()),
                attribute: Attribute::SystemDescription,
                field: Field::LldpSystemDescription,
                value,
                class: ConfidenceClass::D1,
                flags: FactFlags::default(),
            }),
            None => Body::Heartbeat(Heartbeat {
                endpoint,
                bytes_sent: n,
                packets_sent: n,
            }),
        };
        Observation {
            first_seen: 1_700_000_000_000,
            last_seen: 1_700_000_000_000,
            count: 1,
            origin: Origin {
                capture_point: "span0".parse().unwrap(),
                vlans: vec![110],
                vni: None,
                erspan_session: None,
            },
            body,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn everything_comes_out_once_in_order_within_the_limits(
            values in prop::collection::vec(prop::option::of("[a-z]{400,512}"), 1..3000),
        ) {
            let all: Vec<Observation> = values.into_iter().zip(0..).map(|(value, n)| observation(n, value)).collect();
            let mut batch = Batch::default();
            let mut closed: Vec<Encoded> = all.iter().filter_map(|one| batch.push(one)).collect();
            closed.extend(batch.take());
            prop_assert!(batch.is_empty() && batch.take().is_none());
            let mut decoded = Vec::new();
            for encoded in &closed {
                prop_assert!(encoded.count <= limits::BATCH_OBSERVATIONS && encoded.body.len() <= limits::BATCH_BYTES);
                let part = decode_body(encoded.body.clone().into(), encoded.count).unwrap();
                prop_assert_eq!(&encode_body(&part), &encoded.body);
                decoded.extend(part);
            }
            prop_assert_eq!(decoded, all);
            // No batch is closed early: with the first observation of the next one it would have been too large.
            for pair in closed.windows(2) {
                let room = pair[0].count == limits::BATCH_OBSERVATIONS || pair[0].body.len() + 1200 > limits::BATCH_BYTES;
                prop_assert!(room, "{} observations, {} bytes", pair[0].count, pair[0].body.len());
            }
        }
    }
}
