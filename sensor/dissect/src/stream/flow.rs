//! One flow: its ends, what was counted since the last report, and which end is believed to serve.

use auscult_proto::mac::Mac;
use auscult_proto::observation::Endpoint;
use auscult_proto::{DirectionEvidence, Service};

use super::key::{FlowKey, Pair, Side};
use crate::sink::{ConversationKey, ConversationReport};

/// No index.
pub(super) const NONE: u32 = u32::MAX;

/// The list a flow ages in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// Ended; kept a moment for the last acknowledgements.
    Closing,
    /// One frame so far: the first to go when the table is full, so that scans and forged floods push out each other.
    Single,
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// One end of a flow.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    /// Wire bytes it sent since the last report.
    pub(super) bytes: u64,
    /// Frames it sent since the last report.
    pub(super) packets: u32,
    /// TCP: next sequence number expected from it, once `started`.
    pub(super) next: u32,
    pub(super) mac: Option<Mac>,
    /// `mac` is the source of a frame it sent, not only the destination of one it was sent.
    pub(super) has_sent: bool,
    /// What it says is read; else its frames are only counted.
    pub(super) watched: bool,
    pub(super) started: bool,
    /// The start of what it says was not seen.
    pub(super) midstream: bool,
    /// It said FIN.
    pub(super) finished: bool,
}

/// An entry of the flow table: at most 192 bytes, since there are up to a hundred thousand.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) key: FlowKey,
    pub(super) ends: Pair<End>,
    /// Number of the first frame.
    pub(super) first_frame: u64,
    /// Times of the first and last frame since the last report, epoch nanoseconds.
    pub(super) first_ns: i64,
    pub(super) last_ns: i64,
    /// State of its streams, or [`NONE`].
    pub(super) slot: u32,
    /// When it was last moved to the end of its queue, in seconds of the table's clock.
    pub(super) touched: u32,
    /// Neighbours in its queue; `after` also links unused entries.
    pub(super) before: u32,
    pub(super) after: u32,
    pub(super) service: Service,
    pub(super) evidence: DirectionEvidence,
    pub(super) server: Side,
    pub(super) queue: Queue,
    /// In use.
    pub(super) live: bool,
    /// In the list of flows to report; outlives the flow, since the list holds places and not flows.
    pub(super) listed: bool,
    pub(super) reset: bool,
    /// Segments or datagrams in which a service was looked for in vain.
    pub(super) attempts: u8,
}

const _: () = assert!(size_of::<Flow>() <= 192, "100,000 flows in 19 MB");

impl Flow {
    pub(super) fn new(key: FlowKey) -> Self {
        let end = End {
            watched: true,
            ..End::default()
        };
        Self {
            key,
            ends: Pair {
                low: end,
                high: end,
            },
            first_frame: 0,
            first_ns: 0,
            last_ns: 0,
            slot: NONE,
            touched: 0,
            before: NONE,
            after: NONE,
            service: Service::Unspecified,
            evidence: DirectionEvidence::Unspecified,
            server: Side::High,
            queue: Queue::Single,
            live: true,
            listed: false,
            reset: false,
            attempts: 0,
        }
    }

    /// Adds a frame to what will be reported next.
    #[inline]
    pub(super) fn count(&mut self, sender: Side, wire_len: u32, time_ns: i64) {
        if self.has_news() {
            self.first_ns = self.first_ns.min(time_ns);
            self.last_ns = self.last_ns.max(time_ns);
        } else {
            self.first_ns = time_ns;
            self.last_ns = time_ns;
        }
        let end = self.ends.of_mut(sender);
        end.bytes = end.bytes.saturating_add(u64::from(wire_len));
        end.packets = end.packets.saturating_add(1);
    }

    /// Frames were counted since the last report.
    #[inline]
    pub(super) const fn has_news(&self) -> bool {
        self.ends.low.packets != 0 || self.ends.high.packets != 0
    }

    /// Takes out what was counted since the last report.
    pub(super) fn report(&mut self, closed: bool) -> ConversationReport {
        let client = self.server.other();
        let report = ConversationReport {
            key: ConversationKey {
                origin: self.key.origin(),
                client: self.endpoint(client),
                server: self.endpoint(self.server),
                ip_protocol: self.key.protocol(),
                port: self.key.port(self.server),
            },
            first_frame: self.first_frame,
            first_ns: if self.has_news() {
                self.first_ns
            } else {
                self.last_ns
            },
            last_ns: self.last_ns,
            service: self.service,
            evidence: self.evidence,
            bytes_to_server: self.ends.of(client).bytes,
            bytes_to_client: self.ends.of(self.server).bytes,
            packets_to_server: u64::from(self.ends.of(client).packets),
            packets_to_client: u64::from(self.ends.of(self.server).packets),
            closed,
        };
        for side in [Side::Low, Side::High] {
            let end = self.ends.of_mut(side);
            end.bytes = 0;
            end.packets = 0;
        }
        report
    }

    pub(super) fn endpoint(&self, side: Side) -> Endpoint {
        Endpoint {
            mac: self.ends.of(side).mac,
            ip: Some(self.key.ip(side)),
        }
    }

    /// Either end's stream is still read.
    #[inline]
    pub(super) const fn is_watched(&self) -> bool {
        self.ends.low.watched || self.ends.high.watched
    }

    /// Both ends said FIN, or one reset the connection.
    pub(super) const fn is_over(&self) -> bool {
        self.reset || (self.ends.low.finished && self.ends.high.finished)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::packet::OriginTag;

    #[test]
    fn a_report_covers_the_frames_since_the_last_one() {
        let ip = |n| IpAddr::V4(Ipv4Addr::new(10, 0, 0, n));
        let (key, _) = FlowKey::of(&OriginTag::default(), 6, (ip(1), 50_000), (ip(2), 104));
        let mut flow = Flow::new(key);
        flow.count(Side::Low, 60, 1_000);
        flow.count(Side::High, 70, 900);
        let report = flow.report(false);
        assert_eq!((report.first_ns, report.last_ns), (900, 1_000));
        assert_eq!((report.bytes_to_server, report.bytes_to_client), (60, 70));
        assert_eq!(report.key.port, 104);
        flow.count(Side::High, 80, 5_000);
        let report = flow.report(true);
        assert_eq!((report.first_ns, report.last_ns), (5_000, 5_000));
        assert_eq!((report.packets_to_server, report.packets_to_client), (0, 1));
        assert!(report.closed);
        let report = flow.report(true);
        assert_eq!((report.first_ns, report.last_ns), (5_000, 5_000));
    }
}
