//! What a TCP protocol implements to be read: a probe for the first bytes, and an extractor that walks the stream without keeping it.

use std::fmt;

use auscult_proto::observation::{Endpoint, FactFlags, Subject};
use auscult_proto::{Attribute, ConfidenceClass, Field};

use super::direction::Role;
use super::key::Side;
use super::names::Names;
use crate::counters::ValuesDropped;
use crate::emit::Emitter;
use crate::sink::{Context, ConversationReport, Emission, Sink};

/// Longest beginning of a stream that is kept until a protocol is recognised or none can be.
pub(crate) const PREFIX_BYTES: usize = 128;

/// What a probe makes of the first bytes that one side sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProbeResult {
    /// It is this protocol; the part of who sent the bytes where they show it.
    Certain(Option<Role>),
    /// It may be; more bytes are needed, [`PREFIX_BYTES`] at most.
    Unsure,
    /// It is not.
    NotForUs,
}

/// Whether to go on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    Continue,
    /// This side has nothing more to tell.
    SideDone,
    /// Neither side has: the flow is only counted from here.
    Done,
}

/// Reads both directions of one TCP connection, in order, a piece at a time.
///
/// An implementation keeps at most 512 bytes for each direction, copies nothing but the fields it may state, and shows no
/// payload in its `Debug` form.
pub(crate) trait Extractor: fmt::Debug + Send {
    /// The next bytes of a side. Pieces are of any size.
    fn push(&mut self, side: Side, bytes: &[u8], speaker: &mut Speaker<'_>) -> Verdict;

    /// Bytes of a side are lost; what is pushed next is not adjacent to what was pushed before.
    fn gap(&mut self, side: Side) -> Verdict;
}

/// The side whose bytes are being read: what it says goes out through here.
pub(crate) struct Speaker<'s> {
    pub(super) context: &'s Context,
    pub(super) listener: Endpoint,
    pub(super) midstream: bool,
    pub(super) role: Option<Role>,
    pub(super) sink: &'s mut dyn Sink,
    pub(super) dropped: &'s mut ValuesDropped,
    pub(super) names: &'s mut Names,
}

impl Speaker<'_> {
    /// The protocol shows which part this side plays.
    pub(crate) fn plays(&mut self, role: Role) {
        self.role = Some(role);
    }

    /// It says something about itself.
    pub(crate) fn of_itself(
        &mut self,
        source: (Attribute, Field, ConfidenceClass),
        raw: &[u8],
        doubts: FactFlags,
    ) {
        self.state(Subject::Sender, source, raw, doubts);
    }

    /// It says something about the other end: hearsay.
    pub(crate) fn of_listener(
        &mut self,
        source: (Attribute, Field, ConfidenceClass),
        raw: &[u8],
        doubts: FactFlags,
    ) {
        self.state(Subject::Endpoint(self.listener), source, raw, doubts);
    }

    fn state(
        &mut self,
        subject: Subject,
        source: (Attribute, Field, ConfidenceClass),
        raw: &[u8],
        doubts: FactFlags,
    ) {
        let mut through = Through(&mut *self.sink);
        let mut emitter = Emitter::new(self.context, &mut through, self.dropped);
        emitter.about(subject);
        emitter.doubt(doubts);
        if self.midstream {
            emitter.doubt(FactFlags::MIDSTREAM);
        }
        emitter.text(source, raw);
    }

    /// Short texts that outlive a message, shared by all streams.
    pub(crate) const fn names(&mut self) -> &mut Names {
        self.names
    }
}

impl fmt::Debug for Speaker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speaker")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Extractors are not generic over the sink: they are stored behind a pointer.
struct Through<'s>(&'s mut dyn Sink);

impl Sink for Through<'_> {
    fn emit(&mut self, context: &Context, emission: Emission<'_>) {
        self.0.emit(context, emission);
    }

    fn conversation(&mut self, report: &ConversationReport) {
        self.0.conversation(report);
    }

    fn seen(&mut self, context: &Context) {
        self.0.seen(context);
    }

    fn l2_control(&mut self, context: &Context) {
        self.0.l2_control(context);
    }
}
