//! Reading a log that another process holds: frames over a socket in its folder. Read-only, bounded, for the folder's owner.
//!
//! A frame is its length (u32, big-endian) and its body. The client opens a topic once and then asks for pages; the server answers
//! each request with one frame.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::codec::{self, Fields, code, frame, put_bytes};
use super::reader::EmbeddedReader;
use super::shared::Shared;
use crate::seam::{LogError, Reader, StartAt, Stored};
use crate::topics::Topic;

const NAME: &str = "log.sock";
/// Readers at once.
const MAX_READERS: usize = 16;
const MAX_REQUEST: usize = 64 * 1024;
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Longest a request waits in the server, so that a client that is gone is noticed.
const MAX_WAIT: Duration = Duration::from_secs(2);

const OPEN: u8 = 1;
const NEXT: u8 = 2;
const OPENED: u8 = 0x81;
const PAGE: u8 = 0x82;
const REFUSED: u8 = 0x8f;

/// Listens; the socket is the owner's alone.
pub(crate) fn listen(dir: &Path) -> std::io::Result<UnixListener> {
    with_short_path(dir, |path| {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    })
}

/// A socket's path holds 107 bytes: through the folder's descriptor it is always short.
fn with_short_path<T>(
    dir: &Path,
    with: impl FnOnce(&Path) -> std::io::Result<T>,
) -> std::io::Result<T> {
    let folder = std::fs::File::open(dir)?;
    let path = format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd());
    with(Path::new(&path))
}

/// Accepts until the log is closed.
pub(crate) fn serve(listener: &UnixListener, shared: &Arc<Shared>) {
    let readers = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if shared.state().closed {
            return;
        }
        let Ok(mut stream) = stream else {
            // Out of descriptors, most likely: give others time to end.
            if shared.closing.wait(Duration::from_millis(100)) {
                return;
            }
            continue;
        };
        let seat = Seat::take(&readers);
        let Some(seat) = seat else {
            turn_away(&mut stream);
            continue;
        };
        let shared = Arc::clone(shared);
        let spawned = std::thread::Builder::new()
            .name("log-reader".to_owned())
            .spawn(move || {
                let _seat = seat;
                if let Err(error) = attend(&mut stream, &shared) {
                    tracing::debug!(%error, "a reader has gone");
                }
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, "a reader was turned away");
        }
    }
}

/// Ends `serve`, whatever has become of the folder.
pub(crate) fn hang_up(listener: &UnixListener) {
    if let Err(error) = rustix::net::shutdown(listener, rustix::net::Shutdown::Both) {
        tracing::debug!(%error, "the log's socket does not close");
    }
}

pub(crate) fn remove(dir: &Path) {
    drop(std::fs::remove_file(dir.join(NAME)));
}

struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(readers: &Arc<AtomicUsize>) -> Option<Self> {
        readers
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
                (taken < MAX_READERS).then_some(taken.saturating_add(1))
            })
            .ok()
            .map(|_| Self(Arc::clone(readers)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn attend(stream: &mut UnixStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    let request = read_frame(stream, MAX_REQUEST)?;
    let Some((topic, from)) = parse_open(&request) else {
        return refuse(stream, "not a request of this version");
    };
    let mut reader = match EmbeddedReader::open(Arc::clone(shared), topic, &from) {
        Ok(reader) => reader,
        Err(error) => return refuse(stream, &error.to_string()),
    };
    stream.write_all(&frame(&[OPENED, u8::from(reader.read_to_ends())]))?;
    loop {
        let request = read_frame(stream, MAX_REQUEST)?;
        let Some(timeout) = parse_next(&request) else {
            return refuse(stream, "not a request of this version");
        };
        match reader.page(timeout.min(MAX_WAIT)) {
            Ok(page) => {
                let body = encode_page(reader.read_to_ends(), &page);
                stream.write_all(&frame(&body))?;
            }
            Err(error) => return refuse(stream, &error.to_string()),
        }
    }
}

/// Hears the request out first, shortly: an answer to somebody who is still talking is lost.
fn turn_away(stream: &mut UnixStream) {
    let answered = stream
        .set_read_timeout(Some(Duration::from_millis(200)))
        .and_then(|()| read_frame(stream, MAX_REQUEST))
        .and_then(|_| refuse(stream, "too many readers: end one of them"));
    if let Err(error) = answered {
        tracing::debug!(%error, "a reader was turned away without a word");
    }
}

fn refuse(stream: &mut UnixStream, text: &str) -> std::io::Result<()> {
    let mut body = vec![REFUSED];
    body.extend_from_slice(text.as_bytes());
    stream.write_all(&frame(&body))
}

fn read_frame(stream: &mut UnixStream, most: usize) -> std::io::Result<Bytes> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > most {
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "a frame is longer than any frame is",
        ));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body.into())
}

fn encode_open(topic: Topic, from: &StartAt) -> Vec<u8> {
    let mut body = vec![OPEN, codec::FORMAT, code(topic)];
    match from {
        StartAt::Beginning => body.push(0),
        StartAt::End => body.push(1),
        StartAt::Offsets(offsets) => {
            body.push(2);
            for (partition, offset) in offsets {
                body.extend_from_slice(&partition.to_be_bytes());
                body.extend_from_slice(&offset.to_be_bytes());
            }
        }
    }
    body
}

fn parse_open(body: &[u8]) -> Option<(Topic, StartAt)> {
    let mut fields = Fields(body);
    if fields.array()? != [OPEN, codec::FORMAT] {
        return None;
    }
    let topic = codec::topic(fields.u8()?)?;
    let from = match fields.u8()? {
        0 => StartAt::Beginning,
        1 => StartAt::End,
        2 => {
            let mut offsets = BTreeMap::new();
            while !fields.0.is_empty() {
                offsets.insert(fields.u32()?, fields.u64()?);
            }
            StartAt::Offsets(offsets)
        }
        _ => return None,
    };
    Some((topic, from))
}

fn encode_next(timeout: Duration) -> Vec<u8> {
    let mut body = vec![NEXT];
    let millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    body.extend_from_slice(&millis.to_be_bytes());
    body
}

fn parse_next(body: &[u8]) -> Option<Duration> {
    let mut fields = Fields(body);
    if fields.u8()? != NEXT {
        return None;
    }
    fields
        .u32()
        .map(|millis| Duration::from_millis(millis.into()))
}

fn encode_page(caught_up: bool, page: &VecDeque<Stored>) -> Vec<u8> {
    let mut body = vec![PAGE, u8::from(caught_up)];
    for stored in page {
        body.extend_from_slice(&stored.partition.to_be_bytes());
        body.extend_from_slice(&stored.offset.to_be_bytes());
        let bytes = codec::encode(&stored.message, stored.message.timestamp_ms);
        put_bytes(&mut body, &bytes);
    }
    body
}

fn parse_page(topic: Topic, body: &Bytes) -> Option<(bool, VecDeque<Stored>)> {
    let mut fields = Fields(body);
    if fields.u8()? != PAGE {
        return None;
    }
    let caught_up = fields.u8()? != 0;
    let mut page = VecDeque::new();
    while !fields.0.is_empty() {
        let partition = fields.u32()?;
        let offset = fields.u64()?;
        let bytes = body.slice_ref(fields.bytes()?);
        page.push_back(codec::decode(topic, partition, offset, &bytes).ok()?);
    }
    Some((caught_up, page))
}

/// A reader of a log that another process holds.
pub(crate) struct SocketReader {
    stream: UnixStream,
    topic: Topic,
    ready: VecDeque<Stored>,
    caught_up: bool,
}

impl SocketReader {
    pub(crate) fn open(dir: &Path, topic: Topic, from: &StartAt) -> Result<Self, LogError> {
        let lost = |error: std::io::Error| {
            LogError::Unavailable(format!(
                "the process that holds the log in {} does not let it be read: {error}",
                dir.display()
            ))
        };
        let mut stream = with_short_path(dir, |path| UnixStream::connect(path)).map_err(lost)?;
        stream.set_read_timeout(Some(MAX_WAIT * 5)).map_err(lost)?;
        stream
            .write_all(&frame(&encode_open(topic, from)))
            .map_err(lost)?;
        let answer = read_frame(&mut stream, MAX_ANSWER).map_err(lost)?;
        let caught_up = match answer.split_first() {
            Some((&OPENED, rest)) => rest.first() == Some(&1),
            Some((&REFUSED, text)) => return Err(refused(text)),
            _ => return Err(foreign()),
        };
        Ok(Self {
            stream,
            topic,
            ready: VecDeque::new(),
            caught_up,
        })
    }

    fn ask(&mut self, timeout: Duration) -> Result<(), LogError> {
        let exchange = |stream: &mut UnixStream| {
            stream.write_all(&frame(&encode_next(timeout)))?;
            read_frame(stream, MAX_ANSWER)
        };
        let answer = exchange(&mut self.stream).map_err(|error| {
            LogError::Fatal(format!("the process that holds the log has ended: {error}"))
        })?;
        if let Some((&REFUSED, text)) = answer.split_first() {
            return Err(refused(text));
        }
        let (caught_up, page) = parse_page(self.topic, &answer).ok_or_else(foreign)?;
        self.caught_up = caught_up;
        self.ready = page;
        Ok(())
    }
}

fn refused(text: &[u8]) -> LogError {
    LogError::Fatal(String::from_utf8_lossy(text).into_owned())
}

fn foreign() -> LogError {
    LogError::Fatal(
        "the process that holds the log is of another version: use the same version of auscult-collector"
            .to_owned(),
    )
}

impl Reader for SocketReader {
    fn next(&mut self, timeout: Duration) -> Result<Option<Stored>, LogError> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            if let Some(stored) = self.ready.pop_front() {
                return Ok(Some(stored));
            }
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            self.ask(left.min(MAX_WAIT))?;
            if self.ready.is_empty() && left.is_zero() {
                return Ok(None);
            }
        }
    }

    fn caught_up(&self) -> bool {
        self.caught_up && self.ready.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_that_are_anything_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            drop(parse_open(&bytes));
            std::hint::black_box(parse_next(&bytes));
            drop(parse_page(Topic::Health, &Bytes::from(bytes)));
        }
    }

    #[test]
    fn requests_survive_encoding() {
        let offsets = StartAt::Offsets(BTreeMap::from([(0, 7), (300, u64::MAX)]));
        for from in [StartAt::Beginning, StartAt::End, offsets] {
            let body = encode_open(Topic::Inventory, &from);
            assert_eq!(parse_open(&body), Some((Topic::Inventory, from)));
        }
        let wait = Duration::from_millis(1234);
        assert_eq!(parse_next(&encode_next(wait)), Some(wait));
    }
}
