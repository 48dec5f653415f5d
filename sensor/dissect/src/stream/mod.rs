//! Flows and the streams in them: who talks to whom, and what a TCP stream says about its ends.
//!
//! Every TCP and UDP packet is counted in a bounded flow table. The first bytes of a TCP stream are shown to the probes of the
//! known protocols; a recognised stream is walked by its extractor in order, all others are only counted from then on.

mod arrival;
mod banner;
mod clock;
mod datagram;
mod direction;
mod extract;
mod flow;
#[doc(hidden)]
pub mod fuzzing;
mod hold;
mod inspect;
mod key;
mod names;
mod probe;
mod reading;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;
mod wire;

use auscult_proto::DirectionEvidence;

pub(crate) use direction::Role;
pub(crate) use extract::{Extractor, ProbeResult, Speaker, Verdict};
pub(crate) use key::{Pair, Side};
pub(crate) use names::{NAME_BYTES, NameTag};

use crate::counters::{ValuesDropped, bump};
use crate::packet::{Packet, TcpSegment};
use crate::sink::Sink;
use arrival::{Arrival, Body, FIN, RST, SYN, begins_anew, frame_of, is_idle, mark, recognise};
use clock::Clock;
use flow::{Flow, Queue};
use inspect::Inspector;
use key::KeyHash;
use names::Names;
use reading::{Data, Reading};
use table::Table;

/// Bounds of the flow table and of TCP reassembly.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most flows at a time; the one idle longest makes way.
    pub flows: usize,
    /// Most TCP streams read at a time; the others are only counted.
    pub streams: usize,
    /// Most bytes of segments that came too early, of all streams together.
    pub reorder_bytes: usize,
    /// Secret of the hash functions: a different one in every process, so that nobody can choose flows that collide.
    pub seed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            flows: 100_000,
            streams: 8192,
            reorder_bytes: 64 * 1024 * 1024,
            seed: 0,
        }
    }
}

/// Totals of the flow and reassembly tables since they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Flows seen.
    pub flows: u64,
    /// Streams of which the protocol was recognised.
    pub streams: u64,
    /// Segments that came too early and were kept.
    pub segments_held: u64,
    /// Holes in recognised streams that nothing filled.
    pub holes: u64,
    /// Flows, streams and kept segments pushed out of their bounded tables before their time.
    pub evictions: u64,
    /// Values that did not pass the sanitiser.
    pub values_dropped: ValuesDropped,
}

/// Flow table and streams of one capture point.
#[derive(Debug)]
pub struct Streams {
    clock: Clock,
    table: Table,
    /// Places of the flows to report at the next tick, in the order they changed.
    changed: Vec<u32>,
    inspector: Inspector,
    counters: Counters,
}

impl Streams {
    /// Empty tables.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let hash = KeyHash::new(limits.seed);
        Self {
            clock: Clock::default(),
            table: Table::new(limits.flows, hash.clone()),
            changed: Vec::new(),
            inspector: Inspector::new(limits.streams, limits.reorder_bytes, Names::new(hash)),
            counters: Counters::default(),
        }
    }

    /// Counts a packet and reads its stream. The first packet of a flow is reported at once.
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>, sink: &mut impl Sink) {
        let Some(arrival) = Arrival::of(packet) else {
            return;
        };
        self.arrive(&arrival, sink);
    }

    /// Reports what was counted since the last tick, then closes the flows that fell silent. `now_ns` is capture time, epoch
    /// nanoseconds.
    pub fn tick(&mut self, now_ns: i64, sink: &mut impl Sink) {
        self.clock.advance(now_ns);
        let mut changed = std::mem::take(&mut self.changed);
        for at in changed.drain(..) {
            if let Some(flow) = self.table.flow_mut(at) {
                flow.listed = false;
                if flow.live && flow.has_news() {
                    sink.conversation(&flow.report(false));
                }
            }
        }
        self.changed = changed;
        let now = self.clock.seconds();
        for queue in [Queue::Closing, Queue::Single, Queue::Udp, Queue::Tcp] {
            while let Some((at, flow)) = self.table.oldest(queue) {
                if !is_idle(flow, now) {
                    break;
                }
                self.close(at, sink);
            }
        }
    }

    /// The capture is over: reports and closes every flow.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        for at in self.changed.drain(..) {
            if let Some(flow) = self.table.flow_mut(at) {
                flow.listed = false;
            }
        }
        for queue in [Queue::Closing, Queue::Single, Queue::Udp, Queue::Tcp] {
            while let Some((at, _)) = self.table.oldest(queue) {
                self.close(at, sink);
            }
        }
    }

    /// Totals since the tables were made.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Flows in the table.
    #[must_use]
    pub const fn flows(&self) -> usize {
        self.table.len()
    }

    /// Bytes allocated for the flow table.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.table
            .memory()
            .saturating_add(self.changed.capacity().saturating_mul(size_of::<u32>()))
    }

    #[inline]
    fn arrive(&mut self, arrival: &Arrival<'_>, sink: &mut impl Sink) {
        self.clock.advance(arrival.packet.meta.time_ns);
        let now = self.clock.seconds();
        let mut found = self.table.find(&arrival.key);
        if let Some(at) = found
            && self
                .table
                .flow(at)
                .is_none_or(|flow| is_idle(flow, now) || begins_anew(flow, arrival))
        {
            self.close(at, sink);
            found = None;
        }
        match found {
            Some(at) => self.go_on(at, arrival, now, sink),
            None => self.begin(arrival, now, sink),
        }
    }

    fn begin(&mut self, arrival: &Arrival<'_>, now: u32, sink: &mut impl Sink) {
        if self.table.is_full() {
            self.make_room(sink);
        }
        bump(&mut self.counters.flows);
        let packet = arrival.packet;
        let mut flow = Flow::new(arrival.key);
        flow.first_frame = packet.meta.number;
        flow.touched = now;
        let (role, evidence) = direction::of_first_packet(
            arrival.src_port,
            (arrival.ip.dst, packet.dst_mac),
            arrival.dst_port,
        );
        flow.evidence = evidence;
        flow.server = match role {
            Role::Client => arrival.sender.other(),
            Role::Server => arrival.sender,
        };
        let end = flow.ends.of_mut(arrival.sender);
        end.mac = packet.src_mac;
        end.has_sent = true;
        flow.ends.of_mut(arrival.sender.other()).mac = packet.dst_mac;
        let Some(at) = self.table.insert(flow) else {
            return;
        };
        let learnt = self.inspect(at, arrival, sink);
        let Some(flow) = self.table.flow_mut(at) else {
            return;
        };
        if let Some((server, evidence)) = learnt {
            flow.server = server;
            flow.evidence = evidence;
        }
        flow.count(arrival.sender, packet.meta.wire_len, packet.meta.time_ns);
        sink.conversation(&flow.report(false));
        if flow.is_over() {
            self.table.touch(at, Queue::Closing, now);
        }
    }

    #[inline]
    fn go_on(&mut self, at: u32, arrival: &Arrival<'_>, now: u32, sink: &mut impl Sink) {
        let learnt = self.inspect(at, arrival, sink);
        let packet = arrival.packet;
        let Some(flow) = self.table.flow_mut(at) else {
            return;
        };
        let end = flow.ends.of(arrival.sender);
        let is_other_mac = !end.has_sent && packet.src_mac.is_some() && end.mac != packet.src_mac;
        if learnt.is_some_and(|(server, _)| server != flow.server) || is_other_mac {
            // What was counted so far belongs to the conversation it was taken for.
            sink.conversation(&flow.report(true));
        }
        if let Some((server, evidence)) = learnt {
            flow.server = server;
            flow.evidence = evidence;
        }
        let end = flow.ends.of_mut(arrival.sender);
        if !end.has_sent {
            end.has_sent = true;
            end.mac = packet.src_mac.or(end.mac);
        }
        flow.count(arrival.sender, packet.meta.wire_len, packet.meta.time_ns);
        let queue = match arrival.body {
            Body::Tcp(_) if flow.is_over() => Queue::Closing,
            Body::Tcp(_) => Queue::Tcp,
            Body::Udp(_) => Queue::Udp,
        };
        let is_listed = std::mem::replace(&mut flow.listed, true);
        let is_in_place = flow.queue == queue && flow.touched == now;
        if !is_listed {
            self.changed.push(at);
        }
        if !is_in_place {
            self.table.touch(at, queue, now);
        }
    }

    /// Reads what the packet carries; the end that serves and how that is known, where this is news.
    #[inline]
    fn inspect(
        &mut self,
        at: u32,
        arrival: &Arrival<'_>,
        sink: &mut impl Sink,
    ) -> Option<(Side, DirectionEvidence)> {
        let flow = self.table.flow_mut(at)?;
        let mut learnt = None;
        match arrival.body {
            Body::Tcp(segment) => {
                if segment.flags & (SYN | FIN | RST) != 0 {
                    learnt = mark(flow, arrival.sender, segment);
                }
                let has_data = !segment.payload.is_empty() || segment.missing != 0;
                if has_data && flow.ends.of(arrival.sender).watched {
                    let server = self.read(at, arrival, segment, sink);
                    let by_protocol = server.map(|side| (side, DirectionEvidence::Protocol));
                    learnt = learnt.or(by_protocol);
                }
            }
            Body::Udp(payload) => {
                if flow.is_watched() {
                    learnt = recognise(flow, arrival, payload);
                }
            }
        }
        let (_, evidence) = learnt?;
        let known = self.table.flow(at)?.evidence;
        learnt.filter(|_| direction::strength(evidence) > direction::strength(known))
    }

    fn read(
        &mut self,
        at: u32,
        arrival: &Arrival<'_>,
        segment: &TcpSegment<'_>,
        sink: &mut impl Sink,
    ) -> Option<Side> {
        let flow = self.table.flow_mut(at)?;
        let frame = frame_of(arrival);
        let is_syn = segment.flags & SYN != 0;
        let data = Data {
            seq: segment.seq.wrapping_add(u32::from(is_syn)),
            bytes: segment.payload,
            missing: segment.missing,
        };
        let mut reading = Reading {
            inspector: &mut self.inspector,
            counters: &mut self.counters,
            flow,
            at,
            frame: &frame,
            sink,
            server: None,
        };
        reading.segment(arrival.sender, data);
        reading.server
    }

    /// Closes the flow that is worth least: ended, then of a single frame, then idle longest.
    fn make_room(&mut self, sink: &mut impl Sink) {
        let mut oldest = None;
        for queue in [Queue::Closing, Queue::Single] {
            oldest = oldest.or(self.table.oldest(queue));
        }
        if oldest.is_none() {
            let udp = self.table.oldest(Queue::Udp);
            let tcp = self.table.oldest(Queue::Tcp);
            oldest = [udp, tcp]
                .into_iter()
                .flatten()
                .min_by_key(|(_, flow)| flow.touched);
        }
        if let Some((at, _)) = oldest {
            bump(&mut self.counters.evictions);
            self.close(at, sink);
        }
    }

    /// Reads what still waits, reports the flow for the last time and forgets it.
    fn close(&mut self, at: u32, sink: &mut impl Sink) {
        let Some(flow) = self.table.flow_mut(at) else {
            return;
        };
        let frame = self
            .inspector
            .slot(flow.slot, at)
            .and_then(|slot| slot.frame);
        if let Some(frame) = frame {
            Reading {
                inspector: &mut self.inspector,
                counters: &mut self.counters,
                flow,
                at,
                frame: &frame,
                sink,
                server: None,
            }
            .finish();
        }
        self.inspector.release(flow.slot, at);
        sink.conversation(&flow.report(true));
        self.table.remove(at);
    }
}
