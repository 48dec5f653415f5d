//! One capture point: frame in, observations out, on the thread that captured the frame.

use std::panic::{AssertUnwindSafe, catch_unwind};

use auscult_dissect::{Dissector, FrameMeta, Limits, stream};
use auscult_proto::ids::CapturePoint;
use auscult_proto::observation::{Millis, Observation};

use crate::census::{Census, Coverage, Settings};

/// How often time is told to the tables while frames come, in capture time.
const TICK_NS: i64 = 1_000_000_000;

/// Totals of a capture point since it began, and what it can see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Frames read.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames the kernel dropped for want of room in its ring.
    pub dropped_by_kernel: u64,
    /// Frames the interface dropped.
    pub dropped_by_interface: u64,
    /// Frames in which nothing was found.
    pub undecoded: u64,
    /// Facts and bindings reported.
    pub facts_emitted: u64,
    /// Observations reported.
    pub observations: u64,
    /// Observations lost before they were spooled.
    pub lost: u64,
    /// Values that the sanitiser, or the limits of the wire, refused.
    pub values_dropped: u64,
    /// Entries pushed out of bounded tables.
    pub evictions: u64,
    /// Frames on which the dissector panicked: a defect, survived.
    pub panics: u64,
    /// Statements, endpoints and conversations remembered.
    pub remembered: [usize; 3],
    /// What the capture point can see.
    pub coverage: Coverage,
    /// Capture time of the last frame.
    pub last_frame: Option<Millis>,
    /// What time it is for this capture point.
    pub now: Millis,
}

/// See the module.
#[derive(Debug)]
pub struct Point {
    dissector: Dissector,
    census: Census,
    seed: u64,
    ticked_ns: i64,
    packets: u64,
    bytes: u64,
    panics: u64,
    undecoded_before: u64,
    last_frame: Option<Millis>,
    now: Millis,
}

impl Point {
    /// A capture point with empty tables. `seed` keys their hashes.
    #[must_use]
    pub fn new(name: CapturePoint, settings: Settings, seed: u64) -> Self {
        Self {
            dissector: keyed_dissector(seed),
            census: Census::new(settings, name, seed),
            seed,
            ticked_ns: 0,
            packets: 0,
            bytes: 0,
            panics: 0,
            undecoded_before: 0,
            last_frame: None,
            now: 0,
        }
    }

    /// Reads one frame.
    pub fn frame(&mut self, meta: FrameMeta, bytes: &[u8]) {
        // Also when the capture's clock goes back, far or not.
        if meta.time_ns.abs_diff(self.ticked_ns) >= TICK_NS.unsigned_abs() {
            self.tick(meta.time_ns);
        }
        self.packets += 1;
        self.bytes = self.bytes.saturating_add(u64::from(meta.wire_len));
        self.now = meta.time_ns / 1_000_000;
        self.last_frame = Some(self.now);
        let (dissector, census) = (&mut self.dissector, &mut self.census);
        // The last line, not the first: one frame that finds a defect must not blind a hospital.
        let read = catch_unwind(AssertUnwindSafe(|| dissector.frame(meta, bytes, census)));
        if read.is_err() {
            self.panics += 1;
            self.undecoded_before += self.dissector.counters().undecoded.total();
            self.dissector = keyed_dissector(self.seed);
        }
    }

    /// Tells the time while no frames come, epoch nanoseconds.
    pub fn tick(&mut self, now_ns: i64) {
        self.ticked_ns = now_ns;
        self.now = now_ns / 1_000_000;
        self.dissector.tick(now_ns, &mut self.census);
        self.census.tick(self.now);
    }

    /// Takes what is to be sent.
    pub fn drain(&mut self) -> Vec<Observation> {
        self.census.drain()
    }

    /// Frames read so far.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Whether there is anything to send.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.census.pending() > 0
    }

    /// Reports everything still open, in parts of bounded size.
    pub fn finish(&mut self, mut deliver: impl FnMut(Vec<Observation>)) {
        self.dissector.finish(&mut self.census);
        loop {
            let done = self.census.finish();
            deliver(self.census.drain());
            if done {
                return;
            }
        }
    }

    /// Totals and coverage; what the kernel dropped is for the caller to fill in.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let (dissected, census) = (self.dissector.counters(), self.census.counters());
        let evictions = [
            dissected.evictions(),
            census.fact_evictions,
            census.endpoint_evictions,
            census.conversation_evictions,
        ];
        Figures {
            packets: self.packets,
            bytes: self.bytes,
            undecoded: self
                .undecoded_before
                .saturating_add(dissected.undecoded.total()),
            facts_emitted: census.facts_emitted,
            observations: census.observations,
            lost: census.lost,
            values_dropped: dissected
                .values_dropped
                .total()
                .saturating_add(census.refused),
            evictions: evictions.iter().sum(),
            panics: self.panics,
            remembered: [census.facts, census.endpoints, census.conversations],
            coverage: self.census.coverage(),
            last_frame: self.last_frame,
            now: self.now,
            ..Figures::default()
        }
    }
}

/// An empty dissector whose tables nobody outside can aim at.
fn keyed_dissector(seed: u64) -> Dissector {
    Dissector::new(Limits {
        streams: stream::Limits {
            seed,
            ..stream::Limits::default()
        },
    })
}
