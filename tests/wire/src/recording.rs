//! Frames and what they state, collected in any order and written in order of time.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use crate::address::Mac;
use crate::calendar::Nanos;
use crate::canary::Canaries;
use crate::pcap::PcapWriter;
use crate::truth::{Fact, Truth};

/// A frame in a recording; stays valid while the recording grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameId(u64);

#[derive(Debug, Clone, Copy)]
struct Frame {
    id: u64,
    time: Nanos,
    start: usize,
    length: usize,
}

#[derive(Debug)]
struct Statement {
    frame: FrameId,
    fact: Fact,
}

/// Collects frames of many concurrent exchanges. Bytes live in one growing buffer, so a frame costs no allocation of its own;
/// [`Recording::write_until`] writes and forgets what is old, so memory is bounded by the traffic of one step.
#[derive(Debug)]
pub struct Recording {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    next_id: u64,
    written: u64,
    ports: BTreeMap<IpAddr, u16>,
    statements: Vec<Statement>,
    truth: Truth,
    /// Tokens issued for patients of this recording.
    pub canaries: Canaries,
}

impl Recording {
    /// An empty recording; the seed is that of its canaries.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            bytes: Vec::new(),
            frames: Vec::new(),
            next_id: 0,
            written: 0,
            ports: BTreeMap::new(),
            statements: Vec::new(),
            truth: Truth::default(),
            canaries: Canaries::new(seed),
        }
    }

    /// Appends a frame that `build` writes at the end of the buffer, and copies of it later by each of `copies` nanoseconds.
    pub(crate) fn append(
        &mut self,
        time: Nanos,
        copies: &[Nanos],
        build: impl FnOnce(&mut Vec<u8>),
    ) -> FrameId {
        let start = self.bytes.len();
        build(&mut self.bytes);
        let length = self.bytes.len() - start;
        let id = FrameId(self.next_id);
        for delay in std::iter::once(&0).chain(copies) {
            self.frames.push(Frame {
                id: self.next_id,
                time: time + delay,
                start,
                length,
            });
            self.next_id += 1;
        }
        id
    }

    /// States a fact in a frame.
    pub(crate) fn state(
        &mut self,
        frame: FrameId,
        mac: Mac,
        ip: Option<IpAddr>,
        attribute: &'static str,
        value: String,
    ) {
        self.statements.push(Statement {
            frame,
            fact: Fact {
                attribute,
                value,
                mac,
                ip,
            },
        });
    }

    /// The frame that will be recorded next.
    pub(crate) fn next_frame(&self) -> FrameId {
        FrameId(self.next_id)
    }

    /// The next ephemeral port of an address; where it begins follows from the address.
    pub(crate) fn next_port(&mut self, ip: IpAddr) -> u16 {
        const FIRST: u16 = 49_152;
        let port = self.ports.entry(ip).or_insert_with(|| {
            let last = match ip {
                IpAddr::V4(v4) => v4.octets()[3],
                IpAddr::V6(v6) => v6.octets()[15],
            };
            FIRST + u16::from(last) * 61
        });
        let drawn = *port;
        *port = drawn.checked_add(1).unwrap_or(FIRST);
        drawn
    }

    /// Frames not yet written.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.frames.len()
    }

    /// Frames written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes every frame before `horizon` in order of time (frames of the same time in order of creation) and forgets it. Nothing may be
    /// recorded before `horizon` afterwards: it would be out of order in the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_until<W: Write>(
        &mut self,
        horizon: Nanos,
        out: &mut PcapWriter<W>,
    ) -> io::Result<()> {
        self.frames.sort_by_key(|frame| (frame.time, frame.id));
        let due = self.frames.partition_point(|frame| frame.time < horizon);
        let mut wanted: Vec<FrameId> = self.statements.iter().map(|said| said.frame).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut numbers = vec![0; wanted.len()];
        for frame in &self.frames[..due] {
            self.written += 1;
            if let Ok(index) = wanted.binary_search(&FrameId(frame.id)) {
                numbers[index] = self.written;
            }
            out.write(
                frame.time,
                &self.bytes[frame.start..frame.start + frame.length],
            )?;
        }
        self.frames.drain(..due);
        self.compact();
        for said in std::mem::take(&mut self.statements) {
            let number = wanted
                .binary_search(&said.frame)
                .map(|index| numbers[index]);
            match number {
                Ok(number) if number > 0 => self.truth.add(said.fact, number),
                _ => self.statements.push(said),
            }
        }
        Ok(())
    }

    /// Writes everything.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_all<W: Write>(&mut self, out: &mut PcapWriter<W>) -> io::Result<()> {
        self.write_until(Nanos::MAX, out)
    }

    /// The facts stated by the frames written so far.
    #[must_use]
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Moves the bytes that are still needed to the front of a buffer of their own.
    fn compact(&mut self) {
        if self.frames.is_empty() {
            self.bytes.clear();
            return;
        }
        let mut kept = Vec::new();
        let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
        for frame in &mut self.frames {
            let old = frame.start;
            frame.start = *moved.entry(old).or_insert_with(|| {
                let new = kept.len();
                kept.extend_from_slice(&self.bytes[old..old + frame.length]);
                new
            });
        }
        self.bytes = kept;
    }
}
