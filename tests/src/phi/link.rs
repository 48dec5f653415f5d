//! What the link carried, taken apart: HTTP/2 frames, gRPC messages, batches, and their bodies inflated.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use auscult_proto::wire::{SensorFrame, sensor_frame};
use flate2::{Decompress, FlushDecompress, Status};
use prost::Message;

/// What a client sends first (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Type of a frame that carries a request's or an answer's content (RFC 9113 §6.1).
pub const DATA: u8 = 0;
const PADDED: u8 = 0x8;

/// One connection's direction from the sensor, taken apart.
#[derive(Debug, Default)]
pub struct Carried {
    /// Batches.
    pub batches: u64,
    /// Their bodies as the spool has them, one after the other.
    pub bodies: Vec<u8>,
}

/// Takes apart what a sensor sent on one connection.
///
/// # Errors
/// When it is not HTTP/2, gRPC, our messages or DEFLATE: then nothing can be said of what it held.
pub fn take_apart(up: &[u8]) -> Result<Carried> {
    let mut rest = up.strip_prefix(PREFACE).context("no HTTP/2 preface")?;
    let mut streams: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    while let Some((head, tail)) = rest.split_first_chunk::<9>() {
        let [a, b, c, kind, flags, id @ ..] = *head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        // The last frame of a connection that was cut may be incomplete.
        let Some((content, tail)) = tail.split_at_checked(length) else {
            break;
        };
        rest = tail;
        if kind == DATA {
            ensure!(
                flags & PADDED == 0,
                "a padded frame, which gRPC does not send"
            );
            let stream = u32::from_be_bytes(id) & 0x7fff_ffff;
            streams
                .entry(stream)
                .or_default()
                .extend_from_slice(content);
        }
    }
    let mut carried = Carried::default();
    for content in streams.values() {
        messages(content, &mut carried)?;
    }
    Ok(carried)
}

/// The gRPC messages of one stream: compressed flag, length, message.
fn messages(mut rest: &[u8], carried: &mut Carried) -> Result<()> {
    // Every body of a stream continues its DEFLATE stream.
    let mut inflate = Decompress::new(false);
    while let Some(([compressed, length @ ..], tail)) = rest.split_first_chunk::<5>() {
        ensure!(
            *compressed == 0,
            "a compressed gRPC message, which the link does not send"
        );
        let length = u32::from_be_bytes(*length) as usize;
        let Some((message, tail)) = tail.split_at_checked(length) else {
            return Ok(());
        };
        rest = tail;
        if let Some(sensor_frame::Kind::Batch(batch)) = SensorFrame::decode(message)?.kind {
            carried.batches += 1;
            if batch.unpacked_bytes == 0 {
                carried.bodies.extend_from_slice(&batch.body);
            } else {
                inflated(
                    &mut inflate,
                    &batch.body,
                    batch.unpacked_bytes as usize,
                    carried,
                )?;
            }
        }
    }
    Ok(())
}

fn inflated(
    stream: &mut Decompress,
    mut body: &[u8],
    length: usize,
    carried: &mut Carried,
) -> Result<()> {
    let mut out = Vec::with_capacity(length + 64);
    while !body.is_empty() {
        let before = (stream.total_in(), out.len());
        let status = stream.decompress_vec(body, &mut out, FlushDecompress::Sync)?;
        let taken = (stream.total_in() - before.0) as usize;
        body = body.get(taken..).unwrap_or_default();
        if status == Status::StreamEnd || (taken == 0 && out.len() == before.1) {
            bail!("a body that does not inflate");
        }
    }
    ensure!(
        out.len() == length,
        "a body of {} octets says {length}",
        out.len()
    );
    carried.bodies.extend_from_slice(&out);
    Ok(())
}
