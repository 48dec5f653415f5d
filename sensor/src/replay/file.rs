//! A capture file, read to its end or to its damage.

use std::io::Read;
use std::path::{Path, PathBuf};

use auscult_dissect::FrameMeta;
use pcap::{Capture, Offline, Precision};

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The file system said no.
    #[error("{}: {error}", path.display())]
    Refused {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is compressed.
    #[error("{}: is compressed, and libpcap reads captures only as they were written; decompress it first", path.display())]
    Compressed {
        /// Which file.
        path: PathBuf,
    },
    /// libpcap does not know what it is.
    #[error("{}: not a capture that libpcap reads ({reason}); pcap and pcapng files are", path.display())]
    NotACapture {
        /// Which file.
        path: PathBuf,
        /// In libpcap's words.
        reason: String,
    },
}

/// How reading ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// After the last frame.
    Complete,
    /// In the middle of a record: the file was cut, or is still being written.
    CutShort,
    /// At another interface of the file whose link type (or snapshot length) differs: libpcap stops there.
    MixedInterfaces,
    /// At a record that makes no sense, in libpcap's words.
    Damaged(String),
    /// The caller wanted no more.
    Stopped,
}

impl End {
    /// What to tell the user, when there is something to tell.
    #[must_use]
    pub fn warning(&self, frames: u64) -> Option<String> {
        let before = format!("everything before, {frames} frames, was read");
        match self {
            Self::Complete | Self::Stopped => None,
            Self::CutShort => Some(format!(
                "the file is cut short in the middle of a record; {before}"
            )),
            Self::MixedInterfaces => Some(format!(
                "the file holds interfaces of different link types or snapshot lengths, which libpcap does not read past the first; {before}; \
                 split it: editcap, or tshark -r FILE -Y frame.interface_id==N -w PART"
            )),
            Self::Damaged(reason) => {
                Some(format!("damaged after frame {frames} ({reason}); {before}"))
            }
        }
    }
}

/// What a reading saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Frames delivered.
    pub frames: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Earliest and latest capture time, epoch nanoseconds.
    pub span: Option<(i64, i64)>,
    /// libpcap link-layer type.
    pub link_type: i32,
    /// How it ended.
    pub end: End,
}

/// An open capture file.
pub struct CaptureFile {
    capture: Capture<Offline>,
    link_type: i32,
}

impl std::fmt::Debug for CaptureFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureFile")
            .field("link_type", &self.link_type)
            .finish_non_exhaustive()
    }
}

impl CaptureFile {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be opened, or its header is not that of a capture.
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        if path != Path::new("-") {
            // libpcap's own message does not tell a missing file from a foreign one.
            let refused = |error| Unreadable::Refused {
                path: path.to_owned(),
                error,
            };
            let meta = std::fs::metadata(path).map_err(refused)?;
            if meta.is_dir() {
                return Err(refused(std::io::ErrorKind::IsADirectory.into()));
            }
            let file = std::fs::File::open(path).map_err(refused)?;
            // What was read of a pipe would be gone.
            if meta.is_file() && is_compressed(file) {
                return Err(Unreadable::Compressed {
                    path: path.to_owned(),
                });
            }
        }
        let capture =
            Capture::from_file_with_precision(path, Precision::Nano).map_err(|error| {
                Unreadable::NotACapture {
                    path: path.to_owned(),
                    reason: plain(&error),
                }
            })?;
        let link_type = capture.get_datalink().0;
        Ok(Self { capture, link_type })
    }

    /// Hands every frame to `frame` until it returns `false`.
    pub fn read(mut self, mut frame: impl FnMut(FrameMeta, &[u8]) -> bool) -> Reading {
        let mut reading = Reading {
            frames: 0,
            bytes: 0,
            span: None,
            link_type: self.link_type,
            end: End::Complete,
        };
        reading.end = loop {
            let packet = match self.capture.next_packet() {
                Ok(packet) => packet,
                Err(error) => break end_of(&error),
            };
            // In nanosecond precision libpcap puts nanoseconds where the name says microseconds.
            let time_ns = nanos(packet.header.ts.tv_sec, packet.header.ts.tv_usec);
            reading.frames = reading.frames.saturating_add(1);
            reading.bytes = reading.bytes.saturating_add(u64::from(packet.header.len));
            reading.span = Some(match reading.span {
                None => (time_ns, time_ns),
                Some((first, last)) => (first.min(time_ns), last.max(time_ns)),
            });
            let meta = FrameMeta {
                number: reading.frames,
                time_ns,
                link_type: self.link_type,
                wire_len: packet.header.len.max(packet.header.caplen),
            };
            if !frame(meta, packet.data) {
                break End::Stopped;
            }
        };
        reading
    }
}

pub(crate) fn nanos(seconds: i64, nanos: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// Whether a file begins as gzip, zstd, xz or bzip2 do. One that cannot be read is for libpcap to refuse.
fn is_compressed(file: std::fs::File) -> bool {
    const MAGICS: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh"];
    let mut head = Vec::new();
    let read = file.take(8).read_to_end(&mut head);
    read.is_ok() && MAGICS.iter().any(|magic| head.starts_with(magic))
}

fn end_of(error: &pcap::Error) -> End {
    match error {
        pcap::Error::NoMorePackets => End::Complete,
        pcap::Error::PcapError(text) if text.contains("truncated") => End::CutShort,
        pcap::Error::PcapError(text) if text.contains("different from the") => End::MixedInterfaces,
        error => End::Damaged(plain(error)),
    }
}

fn plain(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) => text.clone(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_capture_is_said_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap.gz");
        std::fs::write(&path, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03").unwrap();
        let said = CaptureFile::open(&path).unwrap_err().to_string();
        assert!(said.ends_with("decompress it first"), "{said}");
    }
}
