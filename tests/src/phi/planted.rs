//! The control that the search can find: every canary planted in every form among real output, through the same way of collecting it.

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use auscult_proto::wire::{Batch, SensorFrame, sensor_frame};
use prost::Message;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::canaries::Canaries;
use super::link::{DATA, PREFACE};

/// A form in which a canary may stand in an output, and what makes it; the number varies alignments.
pub type Form = (&'static str, fn(&str, usize) -> Vec<u8>);

/// All forms.
pub const FORMS: [Form; 14] = [
    ("plain", |token, _| token.as_bytes().to_vec()),
    ("lower case", |token, _| {
        token.to_ascii_lowercase().into_bytes()
    }),
    ("cut after 8 characters", |token, _| {
        token.chars().take(8).collect::<String>().into_bytes()
    }),
    ("percent", |token, _| {
        each(token, |text, byte| write!(text, "%{byte:02X}"))
    }),
    ("base64", |token, number| {
        base64(
            token,
            number,
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        )
    }),
    ("base64url", |token, number| {
        base64(
            token,
            number,
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        )
    }),
    ("hexadecimal", |token, _| {
        each(token, |text, byte| write!(text, "{byte:02x}"))
    }),
    ("hexadecimal with colons", |token, _| {
        each(token, |text, byte| write!(text, "{byte:02X}:"))
    }),
    ("decimal list", |token, _| {
        each(token, |text, byte| write!(text, "{byte}, "))
    }),
    ("JSON escapes", |token, _| {
        each(token, |text, byte| write!(text, "\\u{byte:04x}"))
    }),
    ("UTF-16LE", |token, _| {
        token.bytes().flat_map(|byte| [byte, 0]).collect()
    }),
    ("UTF-16BE", |token, _| {
        token.bytes().flat_map(|byte| [0, byte]).collect()
    }),
    ("split over lines", |token, number| {
        let (first, second) = token.split_at(1 + number % 11);
        format!("{first}\r\n    {second}").into_bytes()
    }),
    ("gzip", |token, _| {
        let mut member = GzEncoder::new(Vec::new(), Compression::new(6));
        let written = member.write_all(format!("patient {token}").as_bytes());
        // Writing into memory; an empty answer would not be found and fail the control.
        written.and_then(|()| member.finish()).unwrap_or_default()
    }),
];

fn each(token: &str, put: impl Fn(&mut String, u8) -> std::fmt::Result) -> Vec<u8> {
    let mut text = String::new();
    let written = token.bytes().try_for_each(|byte| put(&mut text, byte));
    debug_assert!(written.is_ok(), "a String takes every write");
    text.into_bytes()
}

fn base64(token: &str, number: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let before = "name".get(..number % 4).unwrap_or_default();
    let text = format!("{before}{token}^given");
    let letter = |value: u32| {
        let index = (value & 63) as usize;
        alphabet.get(index).copied().unwrap_or(b'=')
    };
    let group = |octets: &[u8]| {
        let mut held = [0_u8; 4];
        held.iter_mut()
            .skip(1)
            .zip(octets)
            .for_each(|(place, octet)| *place = *octet);
        let value = u32::from_be_bytes(held);
        let all = [value >> 18, value >> 12, value >> 6, value].map(letter);
        let kept = all.into_iter().take(octets.len() + 1);
        kept.chain(std::iter::repeat_n(b'=', 3 - octets.len()))
            .collect::<Vec<u8>>()
    };
    text.as_bytes().chunks(3).flat_map(group).collect()
}

/// Every canary in one form, each between two slices of a real output.
#[must_use]
pub fn among(canaries: &Canaries, form: Form, real: &[u8]) -> Vec<u8> {
    let mut slices = real.chunks(48).cycle();
    let mut out = Vec::new();
    for (number, token) in canaries.tokens().iter().enumerate() {
        out.extend_from_slice(slices.next().unwrap_or_default());
        out.push(b' ');
        out.extend_from_slice(&(form.1)(token, number));
        out.push(b' ');
    }
    out
}

/// A connection's direction from a sensor whose batches hold `content`, packed as the link packs.
///
/// # Errors
/// When it cannot be packed.
pub fn connection(content: &[u8]) -> Result<Vec<u8>> {
    let mut out = PREFACE.to_vec();
    // One DEFLATE stream over all bodies, flushed after each.
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::new(1));
    for body in content.chunks(12_000) {
        packer.write_all(body)?;
        packer.flush()?;
        let batch = Batch {
            first_seq: 1,
            count: 1,
            body: std::mem::take(packer.get_mut()).into(),
            unpacked_bytes: u32::try_from(body.len())?,
        };
        let frame = SensorFrame {
            kind: Some(sensor_frame::Kind::Batch(batch)),
        };
        let message = frame.encode_to_vec();
        let mut data = vec![0];
        data.extend_from_slice(&u32::try_from(message.len())?.to_be_bytes());
        data.extend_from_slice(&message);
        for piece in data.chunks(16_384) {
            let [_, a, b, c] = u32::try_from(piece.len())?.to_be_bytes();
            out.extend_from_slice(&[a, b, c, DATA, 0, 0, 0, 0, 1]);
            out.extend_from_slice(piece);
        }
    }
    Ok(out)
}

/// Writes pieces of `contents` as records of a topic of its own, in keys, values and headers in turn, compressed.
///
/// # Errors
/// When the broker does not take them.
pub async fn records(bootstrap: &str, topic: &str, contents: &[Vec<u8>]) -> Result<()> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    let admin: AdminClient<DefaultClientContext> = config.create()?;
    let new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    for made in admin.create_topics([&new], &AdminOptions::new()).await? {
        made.map_err(|(topic, code)| io::Error::other(format!("{topic}: {code}")))?;
    }
    let producer: FutureProducer = config.set("compression.type", "zstd").create()?;
    for (number, content) in contents.iter().enumerate() {
        ensure!(
            content.len() < 900_000,
            "a record of {} octets",
            content.len()
        );
        let nothing = Vec::new();
        let [key, value, header] = [0, 1, 2].map(|place| {
            if number % 3 == place {
                content
            } else {
                &nothing
            }
        });
        let headers = OwnedHeaders::new().insert(Header {
            key: "subject",
            value: Some(header),
        });
        let record = FutureRecord::to(topic)
            .key(key)
            .payload(value)
            .headers(headers);
        let sent = producer.send(record, Duration::from_secs(30)).await;
        sent.map_err(|(error, _)| error)
            .context("planting records")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phi::canaries::tests::two;
    use crate::phi::link::take_apart;
    use crate::phi::search::search;

    #[test]
    fn what_is_planted_in_any_form_is_found_between_anything() {
        let canaries = two();
        for real in [
            &b""[..],
            b"0123456789abcdef",
            b"AAAAAAAAA",
            &[0; 100],
            b"\\u00",
        ] {
            for form in FORMS {
                let found = search(&canaries, &among(&canaries, form, real)[..]).unwrap();
                assert_eq!(found.canaries.len(), 2, "{} in {real:?}", form.0);
            }
        }
    }

    #[test]
    fn a_connection_is_taken_apart_to_what_it_was_packed_from() {
        let content: Vec<u8> = (0..50_000_u32).flat_map(u32::to_be_bytes).collect();
        let up = connection(&content).unwrap();
        let carried = take_apart(&up).unwrap();
        assert_eq!(carried.batches, 17);
        assert!(carried.bodies == content);
        assert!(take_apart(&up[1..]).is_err());
        let mut damaged = up.clone();
        damaged[100..200].fill(0xff);
        assert!(take_apart(&damaged).is_err());
    }
}
