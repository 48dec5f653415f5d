//! One open stream, seen from the sensor.

use std::collections::VecDeque;
use std::sync::Arc;

use auscult_proto::wire::{
    Batch, CollectorFrame, CollectorHello, SensorFrame, collector_frame, sensor_frame,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::state::OutgoingBatch;
use crate::dial::Dialed;
use crate::failure::{Failure, Parties};
use crate::packing::Packer;
use crate::service::link_client::LinkClient;
use crate::tls::Witness;

/// Batches handed to HTTP/2 and not yet taken by it.
const QUEUE: usize = 4;
/// An open stream.
pub(super) struct Stream {
    pub(super) outgoing: Option<mpsc::Sender<SensorFrame>>,
    pub(super) inbound: Streaming<CollectorFrame>,
    /// Bounded by the window.
    pub(super) queue: VecDeque<OutgoingBatch>,
    packer: Packer,
    pub(super) parties: Parties,
    pub(super) witness: Arc<Witness>,
    pub(super) goodbye: Option<String>,
}

/// Sends the hello and waits for the answer.
pub(super) async fn open_stream(
    dialed: Dialed,
    first: sensor_frame::Kind,
) -> Result<(Stream, CollectorHello), Failure> {
    let Dialed {
        channel,
        parties,
        witness,
    } = dialed;
    let (outgoing, frames) = mpsc::channel(QUEUE);
    let first = SensorFrame { kind: Some(first) };
    // There is room: the channel is new and its receiver alive.
    drop(outgoing.send(first).await);
    let mut client = LinkClient::new(channel).max_decoding_message_size(64 * 1024);
    let response = client.stream(ReceiverStream::new(frames)).await;
    let mut inbound = response
        .map_err(|status| parties.status(&status, &witness, false))?
        .into_inner();
    let answer = inbound
        .message()
        .await
        .map_err(|status| parties.status(&status, &witness, false))?;
    match answer.and_then(|frame| frame.kind) {
        Some(collector_frame::Kind::Hello(hello)) => Ok((
            Stream {
                outgoing: Some(outgoing),
                inbound,
                queue: VecDeque::new(),
                packer: Packer::new(hello.packing()),
                parties,
                witness,
                goodbye: None,
            },
            hello,
        )),
        _ => Err(Failure::Protocol {
            cause: "its first frame is not a hello".to_owned(),
        }),
    }
}

/// What a stream did.
pub(super) enum Traffic {
    Sent(u64),
    Unsendable,
    /// A defect of the packing.
    Unpackable,
    Frame(Result<Option<CollectorFrame>, Status>),
}

/// Waits for something to happen on the stream; safe to drop at any time.
pub(super) async fn traffic(stream: &mut Option<Stream>) -> Traffic {
    let Some(Stream {
        outgoing,
        inbound,
        queue,
        packer,
        ..
    }) = stream
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        frame = inbound.message() => Traffic::Frame(frame),
        sent = send(outgoing, queue, packer) => sent,
    }
}

async fn send(
    outgoing: &mut Option<mpsc::Sender<SensorFrame>>,
    queue: &mut VecDeque<OutgoingBatch>,
    packer: &mut Packer,
) -> Traffic {
    let (Some(sender), false) = (outgoing.as_ref(), queue.is_empty()) else {
        return std::future::pending().await;
    };
    let Ok(permit) = sender.reserve().await else {
        // The stream is ending; its reason comes from the other direction.
        *outgoing = None;
        return Traffic::Unsendable;
    };
    let Some(batch) = queue.pop_front() else {
        return Traffic::Unsendable;
    };
    // From here on nothing waits: what is packed must be sent, or the other end could not follow.
    let Some((body, unpacked_bytes)) = packer.pack(batch.body) else {
        return Traffic::Unpackable;
    };
    let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    permit.send(SensorFrame {
        kind: Some(sensor_frame::Kind::Batch(Batch {
            first_seq: batch.first_seq,
            count: batch.count,
            body,
            unpacked_bytes,
        })),
    });
    Traffic::Sent(bytes)
}

/// Opens a stream, sends these frames, whatever they are, and reads to the end.
#[cfg(test)]
pub(crate) async fn attempt(
    options: &crate::dial::DialOptions,
    credentials: &crate::Credentials,
    frames: Vec<sensor_frame::Kind>,
) -> Failure {
    let mut frames = frames.into_iter();
    let dialed = match crate::dial::dial(options, credentials).await {
        Ok(dialed) => dialed,
        Err(failure) => return failure,
    };
    let mut stream = match open_stream(dialed, frames.next().unwrap()).await {
        Ok((stream, _)) => stream,
        Err(failure) => return failure,
    };
    let outgoing = stream.outgoing.take().unwrap();
    for kind in frames {
        drop(outgoing.send(SensorFrame { kind: Some(kind) }).await);
    }
    drop(outgoing);
    loop {
        match stream.inbound.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return Failure::Closed { after: None },
            Err(status) => return stream.parties.status(&status, &stream.witness, true),
        }
    }
}
