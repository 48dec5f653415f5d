//! TCP sessions as a tap sees them: handshake, segments, acknowledgements, losses before and behind the tap, reordering, end.

mod conditions;

pub use conditions::{Close, Conditions, Side};

use std::fmt::Write as _;

use bytes::BufMut;

use crate::address::Endpoint;
use crate::calendar::{MICROSECOND, MILLISECOND, Nanos};
use crate::checksum::Sum;
use crate::recording::FrameId;
use crate::stack::SynOption;
use crate::tap::{IpHeader, TCP, Tap};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
/// Retransmission timeout (RFC 6298 allows less than its second; this is the floor of Linux).
const TIMEOUT: Nanos = 200 * MILLISECOND;
/// Frames between two pauses for the round trip: the initial window of RFC 6928.
const BURST: usize = 10;

#[derive(Debug)]
struct End {
    endpoint: Endpoint,
    port: u16,
    next: u32,
    identification: u16,
    clock_base: u32,
    echo: u32,
    /// Sequence number of a segment the peer has not got yet, and when its retransmission arrives.
    hole: Option<(u32, Nanos)>,
}

/// A session in progress, writing into a tap.
#[derive(Debug)]
pub struct Session<'s, 'r> {
    /// Where it is seen; facts are stated here.
    pub tap: &'s mut Tap<'r>,
    client: End,
    server: End,
    conditions: Conditions,
    timestamps: bool,
}

impl<'s, 'r> Session<'s, 'r> {
    /// Opens a session from `client` (address, port) to `server` and states both ends' SYN.
    pub fn open(
        tap: &'s mut Tap<'r>,
        (client, client_port): (&Endpoint, u16),
        (server, server_port): (&Endpoint, u16),
        conditions: Conditions,
    ) -> Self {
        let end = |endpoint: &Endpoint, port, tap: &mut Tap<'_>| End {
            endpoint: *endpoint,
            port,
            next: tap.random.next_u32(),
            identification: tap.random.next_u16(),
            clock_base: tap.random.next_u32() >> 4,
            echo: 0,
            hole: None,
        };
        let timestamps =
            client.stack.has(SynOption::Timestamps) && server.stack.has(SynOption::Timestamps);
        let mut session = Self {
            client: end(client, client_port, tap),
            server: end(server, server_port, tap),
            tap,
            conditions,
            timestamps,
        };
        if conditions.opening {
            session.handshake();
        }
        session
    }

    fn handshake(&mut self) {
        let half = self.conditions.round_trip / 2;
        let syn = self.syn(Side::Client);
        self.state_syn(Side::Client, syn, "tcp.syn");
        self.tap.wait(half);
        let syn_ack = self.syn(Side::Server);
        self.state_syn(Side::Server, syn_ack, "tcp.synack");
        self.tap.wait(half);
        self.control(Side::Client, ACK, 0);
        self.tap.wait(20 * MICROSECOND);
    }

    fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// The endpoint of a side.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::Client => self.client.endpoint,
            Side::Server => self.server.endpoint,
        }
    }

    /// Octets of data in one segment.
    fn room(&self) -> usize {
        let mss = self.mss(Side::Client).min(self.mss(Side::Server));
        let mss = mss - if self.timestamps { 12 } else { 0 };
        match self.conditions.segment {
            0 => usize::from(mss),
            cut => usize::from(cut.min(mss)),
        }
    }

    fn mss(&self, side: Side) -> u16 {
        let endpoint = self.endpoint(side);
        endpoint.stack.mss - if endpoint.ip.is_ipv6() { 20 } else { 0 }
    }

    fn peer_has(&self, side: Side, option: SynOption) -> bool {
        side == Side::Client
            || matches!(option, SynOption::Mss | SynOption::Nop | SynOption::End)
            || self.client.endpoint.stack.has(option)
    }

    fn syn_options(&mut self, side: Side) -> Vec<u8> {
        let now = self.tap.now;
        let (value, echo) = {
            let end = self.end(side);
            (timestamp(end, now), end.echo)
        };
        let mut options = Vec::with_capacity(40);
        let stack = self.endpoint(side).stack;
        stack.write_syn_options(
            self.mss(side),
            (value, echo),
            &|option| self.peer_has(side, option),
            &mut options,
        );
        options
    }

    fn syn(&mut self, side: Side) -> FrameId {
        let options = self.syn_options(side);
        let flags = match side {
            Side::Client => SYN,
            Side::Server => SYN | ACK,
        };
        let sequence = self.end(side).next;
        let id = self.segment(self.tap.now, side, flags, sequence, &options, &[]);
        self.end(side).next = sequence.wrapping_add(1);
        id
    }

    fn state_syn(&mut self, side: Side, frame: FrameId, attribute: &'static str) {
        let options = self.syn_options(side);
        let endpoint = self.endpoint(side);
        let stack = endpoint.stack;
        let scale =
            if stack.has(SynOption::WindowScale) && self.peer_has(side, SynOption::WindowScale) {
                stack.window_scale.to_string()
            } else {
                String::new()
            };
        let dont_fragment = match (endpoint.ip.is_ipv4(), stack.dont_fragment) {
            (false, _) => "",
            (true, true) => "1",
            (true, false) => "0",
        };
        let mut value = format!(
            "ttl={} df={dont_fragment} win={} mss={} ws={scale} opts=",
            stack.ttl.saturating_sub(endpoint.hops).max(1),
            stack.window,
            self.mss(side)
        );
        for octet in &options {
            let written = write!(value, "{octet:02x}");
            debug_assert!(written.is_ok(), "a String takes every write");
        }
        self.tap.states(frame, &endpoint, attribute, value);
    }

    /// Sends `data` from `side` in segments, acknowledged by the other end. Returns the frame of the first octet as first seen.
    pub fn send(&mut self, side: Side, data: &[u8]) -> FrameId {
        let room = self.room();
        let count = data.len().div_ceil(room).max(1);
        let mut first = None;
        for (index, part) in data.chunks(room).enumerate() {
            let last = index + 1 == count;
            let id = self.transmit(side, part, last);
            first.get_or_insert(id);
            if last {
                let arrived = self.end(side).hole.take().map_or(0, |(_, until)| until);
                self.tap.now = self.tap.now.max(arrived);
            }
            if last || index % 2 == 1 {
                self.acknowledge(side.other());
            }
            if index % BURST == BURST - 1 && !last {
                self.tap.wait(self.conditions.round_trip);
            }
        }
        first.unwrap_or_else(|| self.control(side, ACK, 0))
    }

    /// One segment of data with whatever the network does to it. Late segments carry later times: the recording sorts them.
    fn transmit(&mut self, side: Side, part: &[u8], last: bool) -> FrameId {
        let Conditions {
            gap,
            round_trip,
            reordered,
            lost_before,
            lost_behind,
            ..
        } = self.conditions;
        let flags = if last { PSH | ACK } else { ACK };
        let sequence = self.end(side).next;
        self.end(side).next = sequence.wrapping_add(part.len() as u32);
        let options = self.options(side);
        let now = self.tap.now;
        self.tap.wait(gap);
        let (before, behind) = (
            self.tap.random.chance(lost_before),
            self.tap.random.chance(lost_behind),
        );
        let whole = self.end(side).hole.is_none_or(|(_, until)| until <= now);
        if whole && (before || behind) {
            // The last segment has no successor whose acknowledgements could hurry the retransmission.
            let again = now + if last { TIMEOUT } else { round_trip + gap };
            self.end(side).hole = Some((sequence, again));
            let seen = behind.then(|| self.segment(now, side, flags, sequence, &options, part));
            let repeated = self.segment(again, side, flags, sequence, &options, part);
            return seen.unwrap_or(repeated);
        }
        if whole && !last && self.tap.random.chance(reordered) {
            return self.segment(now + gap + gap / 2, side, flags, sequence, &options, part);
        }
        self.segment(now, side, flags, sequence, &options, part)
    }

    fn acknowledge(&mut self, side: Side) {
        self.tap.wait(self.conditions.gap * 2);
        self.control(side, ACK, 0);
        self.tap.wait(self.conditions.gap);
    }

    /// A segment without data; `consumes` is 1 for a FIN.
    fn control(&mut self, side: Side, flags: u8, consumes: u32) -> FrameId {
        let sequence = self.end(side).next;
        let options = self.options(side);
        let id = self.segment(self.tap.now, side, flags, sequence, &options, &[]);
        self.end(side).next = sequence.wrapping_add(consumes);
        id
    }

    fn options(&mut self, side: Side) -> [u8; 12] {
        let now = self.tap.now;
        let end = self.end(side);
        let mut options = [1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0];
        options[4..8].copy_from_slice(&timestamp(end, now).to_be_bytes());
        options[8..].copy_from_slice(&end.echo.to_be_bytes());
        options
    }

    fn segment(
        &mut self,
        at: Nanos,
        side: Side,
        flags: u8,
        sequence: u32,
        options: &[u8],
        data: &[u8],
    ) -> FrameId {
        let options = if flags & SYN == 0 && !self.timestamps {
            &[]
        } else {
            options
        };
        let peer = self.end(side.other());
        let (to, to_port) = (peer.endpoint, peer.port);
        let expected = match peer.hole {
            Some((hole, until)) if at < until => hole,
            _ => peer.next,
        };
        let acknowledged = if flags & ACK == 0 { 0 } else { expected };
        let value = timestamp(self.end(side), at);
        self.end(side.other()).echo = value;
        let end = self.end(side);
        let (from, port) = (end.endpoint, end.port);
        end.identification = end.identification.wrapping_add(1);
        let scaled = flags & SYN == 0;
        let mut header = IpHeader::new(TCP, from.stack.ttl, from.hops);
        header.identification = u32::from(end.identification);
        header.dont_fragment = from.stack.dont_fragment;
        let window = self.window(side, scaled);
        let length = 20 + options.len() + data.len();
        self.tap.ip(at, &from, &to, header, |out| {
            let start = out.len();
            out.put_u16(port);
            out.put_u16(to_port);
            out.put_u32(sequence);
            out.put_u32(acknowledged);
            out.put_u8(((20 + options.len()) << 2) as u8);
            out.put_u8(flags);
            out.put_u16(window);
            out.put_u32(0);
            out.put_slice(options);
            out.put_slice(data);
            let checksum = Sum::pseudo(from.ip, to.ip, TCP, length)
                .with(&out[start..])
                .finish();
            out[start + 16..start + 18].copy_from_slice(&checksum.to_be_bytes());
        })
    }

    /// The window field: unscaled in a SYN; later the same number of octets, scaled when both ends scale.
    fn window(&self, side: Side, scaled: bool) -> u16 {
        let stack = self.endpoint(side).stack;
        let both = self.client.endpoint.stack.has(SynOption::WindowScale)
            && self.server.endpoint.stack.has(SynOption::WindowScale);
        if scaled && both && stack.window_scale > 0 {
            ((u32::from(stack.window) * 4) >> stack.window_scale) as u16
        } else {
            stack.window
        }
    }

    /// States that `side` says `attribute` = `value` in `frame`.
    pub fn states(
        &mut self,
        frame: FrameId,
        side: Side,
        attribute: &'static str,
        value: impl Into<String>,
    ) {
        let endpoint = self.endpoint(side);
        self.tap.states(frame, &endpoint, attribute, value);
    }

    /// Ends the session.
    pub fn close(mut self, how: Close) {
        let half = self.conditions.round_trip / 2;
        match how {
            Close::Open => {}
            Close::Reset(side) => {
                self.control(side, RST | ACK, 0);
            }
            Close::Fin(side) => {
                self.control(side, FIN | ACK, 1);
                self.tap.wait(half);
                self.control(side.other(), FIN | ACK, 1);
                self.tap.wait(half);
                self.control(side, ACK, 0);
            }
        }
        self.tap.wait(half);
    }
}

/// The timestamp clock of an end: one tick a millisecond (RFC 7323 §5.4).
fn timestamp(end: &End, now: Nanos) -> u32 {
    end.clock_base
        .wrapping_add((now / MILLISECOND % u64::from(u32::MAX)) as u32)
}
