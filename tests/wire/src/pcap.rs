//! The classic capture file format with nanoseconds or microseconds (draft-ietf-opsawg-pcap).

use std::io::{self, Write};

use crate::calendar::Nanos;

/// Resolution of the time stamps in a capture file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Magic a1b2c3d4.
    Micros,
    /// Magic a1b23c4d.
    Nanos,
}

/// Writes Ethernet frames into a capture file, always little-endian: the same frames give the same bytes on every machine.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
    resolution: Resolution,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header: version 2.4, snap length 262,144, link type 1 (Ethernet).
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(mut out: W, resolution: Resolution) -> io::Result<Self> {
        let magic: u32 = match resolution {
            Resolution::Micros => 0xa1b2_c3d4,
            Resolution::Nanos => 0xa1b2_3c4d,
        };
        let mut header = [0; 24];
        header[..4].copy_from_slice(&magic.to_le_bytes());
        header[4..6].copy_from_slice(&2_u16.to_le_bytes());
        header[6..8].copy_from_slice(&4_u16.to_le_bytes());
        header[16..20].copy_from_slice(&262_144_u32.to_le_bytes());
        header[20..24].copy_from_slice(&1_u32.to_le_bytes());
        out.write_all(&header)?;
        Ok(Self { out, resolution })
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(&mut self, time: Nanos, frame: &[u8]) -> io::Result<()> {
        let fraction = match self.resolution {
            Resolution::Micros => time % 1_000_000_000 / 1_000,
            Resolution::Nanos => time % 1_000_000_000,
        };
        let length = (frame.len() as u32).to_le_bytes();
        let mut header = [0; 16];
        header[..4].copy_from_slice(&((time / 1_000_000_000) as u32).to_le_bytes());
        header[4..8].copy_from_slice(&(fraction as u32).to_le_bytes());
        header[8..12].copy_from_slice(&length);
        header[12..].copy_from_slice(&length);
        self.out.write_all(&header)?;
        self.out.write_all(frame)
    }

    /// Gives the sink back after flushing it.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
