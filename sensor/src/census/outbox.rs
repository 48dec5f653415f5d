//! Observations on their way out of the census.

use auscult_dissect::OriginTag;
use auscult_proto::LossReason;
use auscult_proto::ids::CapturePoint;
use auscult_proto::observation::{Body, Loss, Millis, Observation, Origin};

use super::{conversations, endpoints, statements};

/// Bounded: what nobody drains is counted, and reported as lost.
#[derive(Debug)]
pub(super) struct Outbox {
    capture_point: CapturePoint,
    limit: usize,
    pub(super) pending: Vec<Observation>,
    pub(super) sent: u64,
    pub(super) refused: u64,
    pub(super) lost_total: u64,
    /// Lost and not yet reported as such.
    lost: u64,
    last: Millis,
}

impl Outbox {
    pub(super) fn new(capture_point: CapturePoint, limit: usize) -> Self {
        Self {
            capture_point,
            limit: limit.max(1),
            pending: Vec::new(),
            sent: 0,
            refused: 0,
            lost_total: 0,
            lost: 0,
            last: 0,
        }
    }

    pub(super) fn drain(&mut self) -> Vec<Observation> {
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            let loss = Body::Loss(Loss {
                reason: LossReason::TableOverflow,
                first_seq: 0,
                count: lost,
            });
            let origin = self.origin(&OriginTag::default());
            self.sent += 1;
            self.pending.push(Observation {
                first_seen: self.last,
                last_seen: self.last,
                count: 1,
                origin,
                body: loss,
            });
        }
        std::mem::take(&mut self.pending)
    }

    pub(super) fn heartbeat(&mut self, said: endpoints::Said) {
        let body = Body::Heartbeat(said.heartbeat);
        self.push(
            &said.origin,
            said.first_seen,
            said.last_seen,
            said.count,
            body,
        );
    }

    pub(super) fn conversation(&mut self, said: conversations::Said) {
        let body = Body::Conversation(said.conversation);
        self.push(
            &said.key.origin,
            said.first_seen,
            said.last_seen,
            said.count,
            body,
        );
    }

    pub(super) fn statement(
        &mut self,
        tag: &OriginTag,
        report: statements::Report,
        now: Millis,
        body: Body,
    ) {
        self.push(tag, report.first_seen, now, report.count, body);
    }

    fn push(&mut self, tag: &OriginTag, first: Millis, last: Millis, count: u64, body: Body) {
        if self.pending.len() >= self.limit {
            self.lost += 1;
            self.lost_total += 1;
            self.last = last;
            return;
        }
        if tag.vlans().iter().any(|vlan| *vlan >= 4096) {
            self.refused += 1;
            return;
        }
        self.sent += 1;
        let origin = self.origin(tag);
        self.pending.push(Observation {
            first_seen: first.max(0),
            last_seen: last.max(first).max(0),
            count: count.max(1),
            origin,
            body,
        });
    }

    fn origin(&self, tag: &OriginTag) -> Origin {
        Origin {
            capture_point: self.capture_point.clone(),
            vlans: tag.vlans().to_vec(),
            vni: tag.vni,
            erspan_session: tag.erspan_session,
        }
    }
}
