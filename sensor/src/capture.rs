//! Live capture: libpcap on one interface, read by one thread, never written to.
//!
//! libpcap is used in the way that was measured to keep up: no immediate mode (that would fall back to TPACKET_V2, at ten times the CPU,
//! with drops), a short block timeout instead, and a non-blocking handle with poll(2), because on a silent link a blocking read never
//! returns. `direction` stays at libpcap's default: frames in and out, as a mirror port shows them. No function that could send is called
//! anywhere in this crate, which a test verifies.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};

use auscult_dissect::FrameMeta;
use auscult_process::Latch;
use auscult_proto::observation::Observation;
use pcap::{Active, Capture, Precision, Stat};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::board::Board;
use crate::clock::wall_ns;
use crate::config::CaptureConfig;
use crate::point::Point;
use crate::replay::file::nanos;

/// The kernel hands over a block of frames when it is full or this old: most of the delay between a frame and its observation.
const BLOCK_TIMEOUT_MS: i32 = 20;
/// How long a silent link is waited on before the thread looks around.
const POLL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};
/// Frames read before what they said is handed on.
const FRAMES_AT_ONCE: usize = 1024;
/// How often totals are posted and time is told to the tables.
const LOOK_AROUND: Duration = Duration::from_secs(1);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Why an interface cannot be opened, or is open no more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// Not there, or not up; may come.
    #[error(
        "interface {interface}: {reason}; is the name right (ip link), is it up (ip link set {interface} up)?"
    )]
    Unavailable {
        /// Its name.
        interface: String,
        /// In libpcap's words.
        reason: String,
    },
    /// CAP_NET_RAW is missing.
    #[error(
        "interface {interface}: no permission to capture; start with CAP_NET_RAW (setcap cap_net_raw+ep auscult-sensor, or AmbientCapabilities= of the service)"
    )]
    Permission {
        /// Its name.
        interface: String,
    },
    /// The filter does not fit the interface.
    #[error("interface {interface}: filter: {reason}; see pcap-filter(7)")]
    Filter {
        /// Its name.
        interface: String,
        /// In libpcap's words.
        reason: String,
    },
    /// It was captured on and is gone.
    #[error("interface {interface} is gone: {reason}")]
    Lost {
        /// Its name.
        interface: String,
        /// In libpcap's words.
        reason: String,
    },
}

/// An open interface.
pub struct LiveCapture {
    capture: Capture<Active>,
    link_type: i32,
}

impl std::fmt::Debug for LiveCapture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveCapture")
            .field("link_type", &self.link_type)
            .finish_non_exhaustive()
    }
}

impl LiveCapture {
    /// Opens an interface once.
    ///
    /// # Errors
    /// [`CaptureError`], none of them final but the filter's.
    pub fn open(config: &CaptureConfig) -> Result<Self, CaptureError> {
        let failed = |error: pcap::Error| classify(config, &error);
        let capture = Capture::from_device(config.interface.as_str())
            .map_err(failed)?
            .promisc(config.promiscuous)
            .snaplen(config.snaplen)
            .buffer_size(config.buffer)
            .timeout(BLOCK_TIMEOUT_MS)
            .immediate_mode(false)
            .precision(Precision::Nano)
            .open()
            .map_err(failed)?;
        let mut capture = capture.setnonblock().map_err(failed)?;
        if !config.filter.is_empty() {
            let filtered = capture.filter(&config.filter, true);
            filtered.map_err(|error| CaptureError::Filter {
                interface: config.interface.clone(),
                reason: words(&error),
            })?;
        }
        let link_type = capture.get_datalink().0;
        Ok(Self { capture, link_type })
    }

    /// Opens an interface, waiting for it as long as configured.
    ///
    /// # Errors
    /// The last failure.
    pub fn open_patiently(config: &CaptureConfig, stop: &AtomicBool) -> Result<Self, CaptureError> {
        let until = Instant::now() + config.wait;
        let mut wait = FIRST_WAIT;
        loop {
            match Self::open(config) {
                Err(error @ CaptureError::Unavailable { .. })
                    if Instant::now() < until && !stop.load(Ordering::Relaxed) =>
                {
                    tracing::warn!(%error, "waiting for it");
                    std::thread::sleep(wait.min(until.saturating_duration_since(Instant::now())));
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                outcome => return outcome,
            }
        }
    }
}

fn words(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) => text.clone(),
        error => error.to_string(),
    }
}

fn classify(config: &CaptureConfig, error: &pcap::Error) -> CaptureError {
    let (interface, reason) = (config.interface.clone(), words(error));
    if reason.contains("ermission") || reason.contains("not permitted") {
        CaptureError::Permission { interface }
    } else {
        CaptureError::Unavailable { interface, reason }
    }
}

/// Counts interfaces that are gone for the readiness of the process.
#[derive(Debug)]
pub struct CaptureReadiness {
    latch: Latch,
    gone: AtomicUsize,
}

impl CaptureReadiness {
    /// All interfaces are open.
    #[must_use]
    pub fn new(latch: Latch) -> Arc<Self> {
        latch.ready();
        Arc::new(Self {
            latch,
            gone: AtomicUsize::new(0),
        })
    }

    fn lost(&self) {
        self.gone.fetch_add(1, Ordering::Relaxed);
        self.latch.not_ready("a capture interface is gone");
    }

    fn back(&self) {
        if self.gone.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.latch.ready();
        }
    }
}

/// What a capture thread works with.
#[derive(Debug)]
pub struct Listener {
    /// The interface as configured.
    pub config: CaptureConfig,
    /// It, open.
    pub live: LiveCapture,
    /// What is made of its frames.
    pub point: Point,
    /// Where observations go.
    pub outlet: SyncSender<Vec<Observation>>,
    /// Where totals are posted.
    pub board: Arc<Board>,
    /// Asks the thread to end.
    pub stop: Arc<AtomicBool>,
    /// Readiness of all interfaces together.
    pub readiness: Arc<CaptureReadiness>,
    /// The process kept its capability: an interface that comes back may be opened again.
    pub may_reopen: bool,
}

impl Listener {
    /// Reads until asked to stop, then reports everything still open.
    ///
    /// # Errors
    /// When the interface is gone for good.
    pub fn run(mut self) -> Result<(), CaptureError> {
        let mut outlet = Outlet::new(self.outlet.clone());
        let mut drops = Drops::default();
        let mut looked = Instant::now();
        let mut lost = None;
        while !self.stop.load(Ordering::Relaxed) {
            let read = self.read();
            outlet.offer(&mut self.point);
            if let Err(error) = read {
                match self.come_back(error, &mut drops) {
                    Ok(()) => {}
                    Err(error) => {
                        lost = Some(error);
                        break;
                    }
                }
            }
            if looked.elapsed() >= LOOK_AROUND {
                looked = Instant::now();
                self.look_around(&mut drops);
                outlet.offer(&mut self.point);
            }
        }
        self.look_around(&mut drops);
        let last = &self.outlet;
        outlet.drain_into(last);
        self.point.finish(|observations| send(last, observations));
        self.post(&drops);
        lost.map_or(Ok(()), Err)
    }

    /// Reads what is there, or waits a little when nothing is.
    fn read(&mut self) -> Result<(), CaptureError> {
        for _ in 0..FRAMES_AT_ONCE {
            match self.live.capture.next_packet() {
                Ok(packet) => {
                    let number = self.point.packets() + 1;
                    let meta = FrameMeta {
                        number,
                        time_ns: nanos(packet.header.ts.tv_sec, packet.header.ts.tv_usec),
                        link_type: self.live.link_type,
                        wire_len: packet.header.len.max(packet.header.caplen),
                    };
                    self.point.frame(meta, packet.data);
                }
                Err(pcap::Error::TimeoutExpired) => return self.wait(),
                Err(error) => return Err(self.lost(words(&error))),
            }
        }
        Ok(())
    }

    fn wait(&self) -> Result<(), CaptureError> {
        // What the frames of this round said must not wait for the next frame.
        if self.point.has_pending() {
            return Ok(());
        }
        let mut handle = [PollFd::new(&self.live.capture, PollFlags::IN)];
        match poll(&mut handle, Some(&POLL)) {
            // An error of the interface is reported by the next read.
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(self.lost(error.to_string())),
        }
    }

    fn lost(&self, reason: String) -> CaptureError {
        CaptureError::Lost {
            interface: self.config.interface.clone(),
            reason,
        }
    }

    /// After the interface went away: opens it again if the process still may, else gives up.
    fn come_back(&mut self, error: CaptureError, drops: &mut Drops) -> Result<(), CaptureError> {
        if !self.may_reopen {
            return Err(error);
        }
        tracing::error!(%error, "frames are missed until it is back");
        self.readiness.lost();
        let mut wait = FIRST_WAIT;
        while !self.stop.load(Ordering::Relaxed) {
            match LiveCapture::open(&self.config) {
                Ok(live) => {
                    self.live = live;
                    drops.reopened();
                    self.readiness.back();
                    tracing::info!(interface = self.config.interface, "interface is back");
                    return Ok(());
                }
                Err(CaptureError::Unavailable { .. }) => {}
                Err(final_error) => return Err(final_error),
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
            self.point.tick(wall_ns());
            self.post(drops);
        }
        Ok(())
    }

    fn look_around(&mut self, drops: &mut Drops) {
        if let Ok(stat) = self.live.capture.stats() {
            drops.add(stat);
        }
        self.point.tick(wall_ns());
        self.post(drops);
    }

    fn post(&self, drops: &Drops) {
        let mut figures = self.point.figures();
        figures.dropped_by_kernel = drops.by_kernel;
        figures.dropped_by_interface = drops.by_interface;
        self.board.post(&self.config.name, figures);
    }
}

/// Drop totals over wrapping counters and reopened handles.
#[derive(Debug, Default)]
struct Drops {
    by_kernel: u64,
    by_interface: u64,
    last: (u32, u32),
}

impl Drops {
    fn add(&mut self, stat: Stat) {
        let (kernel, interface) = self.last;
        self.by_kernel += u64::from(stat.dropped.wrapping_sub(kernel));
        self.by_interface += u64::from(stat.if_dropped.wrapping_sub(interface));
        self.last = (stat.dropped, stat.if_dropped);
    }

    fn reopened(&mut self) {
        self.last = (0, 0);
    }
}

/// Hands observations to the spool thread without ever waiting for it: what does not fit stays in the census, which is bounded and
/// counts what it loses.
#[derive(Debug)]
struct Outlet {
    sender: SyncSender<Vec<Observation>>,
    held: VecDeque<Vec<Observation>>,
}

impl Outlet {
    fn new(sender: SyncSender<Vec<Observation>>) -> Self {
        Self {
            sender,
            held: VecDeque::new(),
        }
    }

    fn offer(&mut self, point: &mut Point) {
        while let Some(held) = self.held.pop_front() {
            if let Err(TrySendError::Full(held)) = self.sender.try_send(held) {
                self.held.push_front(held);
                return;
            }
        }
        if point.has_pending()
            && let Err(TrySendError::Full(held)) = self.sender.try_send(point.drain())
        {
            self.held.push_back(held);
        }
    }

    fn drain_into(self, sender: &SyncSender<Vec<Observation>>) {
        for held in self.held {
            send(sender, held);
        }
    }
}

/// Waits for room; at the end of a capture nothing is in a hurry. Without a spool thread there is nobody left to tell.
fn send(sender: &SyncSender<Vec<Observation>>, observations: Vec<Observation>) {
    if !observations.is_empty() && sender.send(observations).is_err() {
        tracing::debug!("the spool thread is gone");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_totals_survive_wrapping_and_reopening() {
        let stat = |dropped, if_dropped| Stat {
            received: 0,
            dropped,
            if_dropped,
        };
        let mut drops = Drops::default();
        drops.add(stat(u32::MAX, 1));
        drops.add(stat(4, 1));
        drops.reopened();
        drops.add(stat(7, 2));
        assert_eq!(
            (drops.by_kernel, drops.by_interface),
            (u64::from(u32::MAX) + 5 + 7, 3)
        );
    }

    #[test]
    fn nothing_in_this_crate_can_send() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![folder];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                seen += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                // Spelled in halves, or this test would find itself.
                for call in [
                    ["send", "packet"],
                    ["Send", "Queue"],
                    ["in", "ject("],
                    ["send", "to("],
                    ["send", "msg"],
                ] {
                    assert!(
                        !text.contains(&call.concat()),
                        "{} has {}",
                        path.display(),
                        call.concat()
                    );
                }
            }
        }
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn an_interface_that_does_not_exist_is_named() {
        let config = CaptureConfig {
            interface: "auscult-none".into(),
            name: "none".parse().unwrap(),
            filter: String::new(),
            promiscuous: true,
            snaplen: 65_536,
            buffer: 1 << 20,
            wait: Duration::ZERO,
        };
        let error = LiveCapture::open_patiently(&config, &AtomicBool::new(false)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("interface auscult-none"), "{text}");
    }
}
