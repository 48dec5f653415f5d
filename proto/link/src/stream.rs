//! One stream of one sensor: hello, batches in order, cumulative acknowledgements once durable.

use std::sync::Arc;
use std::time::Duration;

use auscult_proto::ids::Incarnation;
use auscult_proto::limits;
use auscult_proto::wire::{
    Ack, Batch, CollectorFrame, CollectorHello, Goodbye, GoodbyeReason, SensorFrame, SensorHello,
    collector_frame, sensor_frame,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;
use tonic::{Code, Status, Streaming};

use crate::accept::Peer;
use crate::arrivals::{Arrivals, Place, Violation};
use crate::clock::wall_ms;
use crate::failure::clock_text;
use crate::metrics;
use crate::owed_ack::OwedAck;
use crate::packing::{Unpacker, agree};
use crate::refusal::Refusal;
use crate::serve::{Arrival, Durable, Refused, Seat, Shared};

/// Batches of one stream that may be on their way to the log, however small.
pub(crate) const IN_FLIGHT: usize = 1024;
/// For the last frames of a stream that has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);

type Frames = mpsc::Sender<Result<CollectorFrame, Status>>;

/// How a stream ended.
#[derive(Debug)]
enum End {
    /// Both sides are done.
    Finished(&'static str),
    /// The sensor went away.
    Gone(String),
    /// We end it, with a word.
    Refused(Refused),
}

impl End {
    fn label(&self) -> &'static str {
        match self {
            Self::Finished(why) => why,
            Self::Gone(_) => "gone",
            Self::Refused(refused) => refused.reason.label(),
        }
    }
}

impl From<Violation> for End {
    fn from(violation: Violation) -> Self {
        refused(
            Refusal::Protocol,
            format!("protocol violation: {violation}"),
        )
    }
}

fn refused(reason: Refusal, text: impl Into<String>) -> End {
    End::Refused(Refused {
        reason,
        text: text.into(),
        retry_after: Duration::ZERO,
    })
}

fn frame(kind: collector_frame::Kind) -> CollectorFrame {
    CollectorFrame { kind: Some(kind) }
}

fn goodbye(reason: GoodbyeReason, after: Duration) -> CollectorFrame {
    frame(collector_frame::Kind::Goodbye(Goodbye {
        reason: reason.into(),
        reconnect_after_ms: u32::try_from(after.as_millis()).unwrap_or(u32::MAX),
    }))
}

/// A stream from its first frame to its last.
pub(crate) struct Conversation {
    shared: Arc<Shared>,
    peer: Peer,
    inbound: Streaming<SensorFrame>,
    frames: Frames,
}

impl Conversation {
    pub(crate) fn new(
        shared: Arc<Shared>,
        peer: Peer,
        inbound: Streaming<SensorFrame>,
        frames: Frames,
    ) -> Self {
        Self {
            shared,
            peer,
            inbound,
            frames,
        }
    }

    pub(crate) async fn run(self) {
        ::metrics::counter!(metrics::STREAMS_OPENED).increment(1);
        ::metrics::gauge!(metrics::STREAMS).increment(1.0);
        let peer = self.peer.clone();
        let end = Box::pin(self.converse()).await;
        ::metrics::gauge!(metrics::STREAMS).decrement(1.0);
        ::metrics::counter!(metrics::STREAMS_ENDED, "reason" => end.label()).increment(1);
        let identity = &peer.identity;
        match &end {
            End::Finished(why) => tracing::debug!(%identity, why, "stream ended"),
            End::Gone(cause) => tracing::info!(%identity, cause, "sensor gone"),
            End::Refused(refused) => {
                tracing::warn!(%identity, reason = refused.reason.label(), "stream ended: {refused}");
            }
        }
    }

    async fn converse(mut self) -> End {
        let shared = Arc::clone(&self.shared);
        let (hello, terms) = match self.greet().await {
            Ok(greeted) => greeted,
            Err(end) => return last_words(&self.frames, None, end).await,
        };
        let arrivals = match Arrivals::new(&hello) {
            Ok(arrivals) => arrivals,
            Err(violation) => return last_words(&self.frames, None, violation.into()).await,
        };
        tracing::info!(
            identity = %self.peer.identity,
            incarnation = %Incarnation(hello.incarnation),
            version = %hello.version,
            next_seq = hello.next_seq,
            "sensor connected"
        );
        let seat = shared.seats.take(&self.peer.identity);
        Exchange {
            shared: &shared,
            peer: &self.peer,
            incarnation: Incarnation(hello.incarnation),
            arrivals,
            unpacker: Unpacker::new(agree(&hello.packings)),
            window: terms,
            in_flight: FuturesOrdered::new(),
            in_flight_bytes: 0,
            waiting: None,
            owed: OwedAck::default(),
            owed_goodbye: None,
            open: true,
            discarding: false,
        }
        .run(&mut self.inbound, &self.frames, &seat)
        .await
    }

    async fn greet(&mut self) -> Result<(SensorHello, u64), End> {
        let limits = &self.shared.limits;
        let first = tokio::time::timeout(limits.hello_timeout, self.inbound.message())
            .await
            .map_err(|_| refused(Refusal::Protocol, "no hello in time"))?
            .map_err(|status| End::Gone(status.to_string()))?
            .and_then(|frame| frame.kind);
        let hello = match first {
            Some(sensor_frame::Kind::Hello(hello)) => hello,
            Some(sensor_frame::Kind::Batch(_)) => return Err(Violation::NoHello.into()),
            None => return Err(Violation::UnknownFrame.into()),
        };
        let now_ms = wall_ms();
        let skew = Duration::from_millis(now_ms.abs_diff(hello.clock_ms));
        if skew > limits.clock_skew {
            let text = clock_text(hello.clock_ms, now_ms);
            return Err(refused(Refusal::ClockOff, text));
        }
        let terms = self
            .shared
            .admit
            .hello(&self.peer.identity, &hello)
            .map_err(End::Refused)?;
        let window = self.shared.window(terms);
        let answer = frame(collector_frame::Kind::Hello(CollectorHello {
            clock_ms: now_ms,
            window_bytes: window,
            max_batch_bytes: u32::try_from(limits::BATCH_BYTES).unwrap_or(u32::MAX),
            max_batch_observations: limits::BATCH_OBSERVATIONS,
            packing: agree(&hello.packings).into(),
        }));
        let sent = self.frames.send(Ok(answer)).await;
        sent.map_err(|_| End::Gone("closed before the hello".to_owned()))?;
        Ok((hello, window))
    }
}

/// Sends what is still owed and the reason of the end, if the sensor still listens.
async fn last_words(frames: &Frames, ack: Option<u64>, end: End) -> End {
    let words = async {
        if let Some(through_seq) = ack {
            frames.send(Ok(ack_frame(through_seq))).await.ok()?;
        }
        if let End::Refused(refused) = &end {
            if refused.reason == Refusal::LogUnavailable {
                let reason = GoodbyeReason::LogUnavailable;
                frames
                    .send(Ok(goodbye(reason, refused.retry_after)))
                    .await
                    .ok()?;
            }
            let status = refused.reason.status(refused.text.clone());
            frames.send(Err(status)).await.ok()?;
        }
        Some(())
    };
    // A sensor that does not listen any more learns nothing; it resends what was not acknowledged.
    drop(tokio::time::timeout(LAST_WORDS, words).await);
    end
}

fn ack_frame(through_seq: u64) -> CollectorFrame {
    ::metrics::counter!(metrics::ACKS_SENT).increment(1);
    frame(collector_frame::Kind::Ack(Ack { through_seq }))
}

/// An append's outcome, with what it held.
struct Settled {
    last_seq: u64,
    bytes: u64,
    outcome: Result<Durable, Refused>,
}

/// A batch that waits for room shared by all streams.
struct Waiting {
    batch: Batch,
    place: Place,
    room: BoxFuture<'static, Option<OwnedSemaphorePermit>>,
}

enum Stop {
    Age,
    Shutdown,
    Superseded,
    Denied,
}

async fn stop(shared: &Shared, peer: &Peer, seat: &Seat<'_>) -> Stop {
    let mut stopping = shared.stopping.clone();
    let mut denied = shared.denied.clone();
    let age = shared.age(peer);
    tokio::select! {
        () = seat.superseded() => Stop::Superseded,
        Ok(_) = denied.wait_for(|list| list.contains(&peer.identity)) => Stop::Denied,
        _ = stopping.wait_for(|stopping| *stopping) => Stop::Shutdown,
        () = tokio::time::sleep(age) => Stop::Age,
    }
}

struct Exchange<'a> {
    shared: &'a Arc<Shared>,
    peer: &'a Peer,
    incarnation: Incarnation,
    arrivals: Arrivals,
    unpacker: Unpacker,
    window: u64,
    in_flight: FuturesOrdered<BoxFuture<'static, Settled>>,
    in_flight_bytes: u64,
    waiting: Option<Waiting>,
    owed: OwedAck,
    owed_goodbye: Option<CollectorFrame>,
    /// The sensor may still send.
    open: bool,
    /// After a goodbye: what still arrives was not admitted and will be sent again.
    discarding: bool,
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        admitted(self.in_flight_bytes, false);
    }
}

fn admitted(bytes: u64, more: bool) {
    let bytes = u32::try_from(bytes).map_or(f64::MAX, f64::from);
    let gauge = ::metrics::gauge!(metrics::ADMITTED);
    if more {
        gauge.increment(bytes);
    } else {
        gauge.decrement(bytes);
    }
}

impl Exchange<'_> {
    async fn run(
        mut self,
        inbound: &mut Streaming<SensorFrame>,
        frames: &Frames,
        seat: &Seat<'_>,
    ) -> End {
        let end = self.exchange(inbound, frames, seat).await;
        last_words(frames, self.owed.take(Instant::now()), end).await
    }

    async fn exchange(
        &mut self,
        inbound: &mut Streaming<SensorFrame>,
        frames: &Frames,
        seat: &Seat<'_>,
    ) -> End {
        let mut why = "finished";
        let mut drained_by: Option<Instant> = None;
        let mut stop = std::pin::pin!(stop(self.shared, self.peer, seat));
        loop {
            if self.done() {
                return End::Finished(why);
            }
            let due = self.due();
            tokio::select! {
                biased;
                reason = &mut stop, if drained_by.is_none() => match reason {
                    Stop::Superseded => return refused(Refusal::Superseded, "a newer stream of the same sensor took over; if this repeats, two machines use one certificate"),
                    Stop::Denied => return refused(Refusal::Denied, "this sensor was put on the deny list; ask the collector's operator"),
                    Stop::Age => {
                        why = "connection_age";
                        drained_by = Some(self.begin_goodbye(GoodbyeReason::ConnectionAge, Duration::ZERO));
                    }
                    Stop::Shutdown => {
                        why = "shutdown";
                        drained_by = Some(self.begin_goodbye(GoodbyeReason::Shutdown, Duration::from_secs(1)));
                    }
                },
                Some(settled) = self.in_flight.next(), if !self.in_flight.is_empty() => {
                    if let Some(end) = self.settle(settled) {
                        return end;
                    }
                }
                permit = payment(due, frames), if self.owes() => match permit {
                    Ok(permit) => permit.send(Ok(self.pay())),
                    Err(_) => return End::Gone("it stopped listening".to_owned()),
                },
                Some(permit) = room(&mut self.waiting) => self.admit(permit),
                message = inbound.message(), if self.reads() => {
                    if let Err(end) = self.receive(message) {
                        return end;
                    }
                }
                () = until(drained_by) => return self.cut_short(why),
            }
        }
    }

    fn cut_short(&self, why: &'static str) -> End {
        if self.in_flight.is_empty() && self.waiting.is_none() {
            return End::Finished(why);
        }
        refused(
            Refusal::Busy,
            "what was in flight did not become durable before the stream had to end",
        )
    }

    fn done(&self) -> bool {
        !self.open && self.in_flight.is_empty() && self.waiting.is_none() && !self.owes()
    }

    fn owes(&self) -> bool {
        self.owed.any() || self.owed_goodbye.is_some()
    }

    /// When what is owed is to be paid: without delay where the stream is about to end.
    fn due(&self) -> Option<Instant> {
        if self.owed_goodbye.is_some() || self.discarding || !self.open {
            return None;
        }
        self.owed.due(Instant::now(), self.window)
    }

    /// The next frame owed; call only when [`Self::owes`].
    fn pay(&mut self) -> CollectorFrame {
        match self.owed_goodbye.take() {
            Some(goodbye) => goodbye,
            None => ack_frame(self.owed.take(Instant::now()).unwrap_or_default()),
        }
    }

    fn reads(&self) -> bool {
        self.open
            && (self.discarding
                || (self.waiting.is_none()
                    && self.in_flight_bytes < self.window
                    && self.in_flight.len() < IN_FLIGHT))
    }

    fn begin_goodbye(&mut self, reason: GoodbyeReason, after: Duration) -> Instant {
        self.discarding = true;
        self.owed_goodbye = Some(goodbye(reason, after));
        Instant::now()
            .checked_add(self.shared.limits.drain)
            .unwrap_or_else(Instant::now)
    }

    fn receive(&mut self, message: Result<Option<SensorFrame>, Status>) -> Result<(), End> {
        let frame = match message {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                self.open = false;
                return Ok(());
            }
            Err(status) if status.code() == Code::OutOfRange => {
                return Err(refused(
                    Refusal::Protocol,
                    format!("protocol violation: {}", status.message()),
                ));
            }
            Err(status) => return Err(End::Gone(status.to_string())),
        };
        if self.discarding {
            return Ok(());
        }
        let mut batch = match frame.kind {
            Some(sensor_frame::Kind::Batch(batch)) => batch,
            Some(sensor_frame::Kind::Hello(_)) => return Err(Violation::SecondHello.into()),
            None => return Err(Violation::UnknownFrame.into()),
        };
        let first_seq = batch.first_seq;
        batch.body = self
            .unpacker
            .unpack(std::mem::take(&mut batch.body), batch.unpacked_bytes)
            .map_err(|fault| Violation::Packed { first_seq, fault })?;
        let place = self.arrivals.place(&batch)?;
        let permits = u32::try_from(batch.body.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.shared.room);
        self.waiting = Some(Waiting {
            batch,
            place,
            room: async move { room.acquire_many_owned(permits.max(1)).await.ok() }.boxed(),
        });
        Ok(())
    }

    fn admit(&mut self, permit: OwnedSemaphorePermit) {
        let Some(Waiting { batch, place, .. }) = self.waiting.take() else {
            return;
        };
        let bytes = u64::try_from(batch.body.len()).unwrap_or(u64::MAX);
        self.in_flight_bytes = self.in_flight_bytes.saturating_add(bytes);
        admitted(bytes, true);
        // With nothing on its way there can be no hole before this one.
        let after_seq = if self.in_flight.is_empty() {
            0
        } else {
            place.after_seq
        };
        let appending = self.shared.admit.append(
            &self.peer.identity,
            Arrival {
                incarnation: self.incarnation,
                after_seq,
                batch,
            },
        );
        self.in_flight.push_back(
            async move {
                let outcome = appending.await;
                drop(permit);
                Settled {
                    last_seq: place.last_seq,
                    bytes,
                    outcome,
                }
            }
            .boxed(),
        );
    }

    /// Takes the outcome of the oldest append and of all after it that are known too: one acknowledgement covers them.
    fn settle(&mut self, first: Settled) -> Option<End> {
        let mut next = Some(first);
        while let Some(settled) = next {
            self.in_flight_bytes = self.in_flight_bytes.saturating_sub(settled.bytes);
            admitted(settled.bytes, false);
            match settled.outcome {
                Ok(Durable::Logged) => self.owed.add(settled.last_seq, settled.bytes),
                Ok(Durable::SetAside) => {
                    self.owed.add(settled.last_seq, settled.bytes);
                    return Some(End::Finished("set_aside"));
                }
                Err(refused) => return Some(End::Refused(refused)),
            }
            next = self.in_flight.next().now_or_never().flatten();
        }
        None
    }
}

async fn room(waiting: &mut Option<Waiting>) -> Option<OwnedSemaphorePermit> {
    match waiting {
        Some(waiting) => (&mut waiting.room).await,
        None => std::future::pending().await,
    }
}

/// Room for one frame, not before `due`.
async fn payment(
    due: Option<Instant>,
    frames: &Frames,
) -> Result<mpsc::Permit<'_, Result<CollectorFrame, Status>>, mpsc::error::SendError<()>> {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
    frames.reserve().await
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
