//! `replay` into a collector: capture files as if they came in now.

use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use auscult_dissect::FrameMeta;
use auscult_link::{Credentials, Holder};
use auscult_process::Shutdown;
use auscult_proto::ids::CapturePoint;
use auscult_proto::observation::Observation;
use tokio::runtime::Runtime;

use super::file::{CaptureFile, End};
use super::inputs;
use super::schedule::{Group, Scanned, Shift, groups};
use crate::cli::{ReplayArguments, TimeBase};
use crate::clock::{seed, wall_ns};
use crate::config::{Config, SandboxMode};
use crate::point::Point;
use crate::service::{self, Service, ServiceOptions};
use crate::writer::{HealthClock, SharedSpool};
use crate::{exit, sandbox, words};

/// Frames between two looks at whether something is to be sent.
const FRAMES_AT_ONCE: u64 = 256;
/// How often figures are posted while frames are read.
const POST: Duration = Duration::from_millis(500);
/// Longest nap between frames, so that a request to stop is seen.
const NAP: Duration = Duration::from_millis(200);
/// How often progress is told while waiting for the collector.
const PROGRESS: Duration = Duration::from_secs(5);

/// Replays into the collector of `config`, waits until it has everything, and returns the exit code.
///
/// # Errors
/// When the service cannot be started.
pub fn run(config: &Config, arguments: &ReplayArguments) -> anyhow::Result<u8> {
    let (scanned, mut code) = scan(&arguments.files);
    if scanned.is_empty() {
        return Ok(if code == exit::OK {
            exit::NO_INPUT
        } else {
            code
        });
    }
    if are_credentials_bad(config) {
        return Ok(exit::USAGE);
    }
    let groups = groups(scanned, arguments.capture_point.as_ref());
    let mode = config.sandbox.mode.unwrap_or(SandboxMode::Prefer);
    sandbox::reduce(mode)?;
    sandbox::own_folder(&config.spool.dir, config.sandbox.user)?;
    let files = groups.iter().flat_map(|group| &group.files);
    let files: Vec<PathBuf> = files.map(|file| file.path.clone()).collect();
    let applied = match sandbox::confine(&service::plan(config, mode, &files)) {
        Ok(applied) => applied,
        Err(error) => {
            tracing::error!(%error, "not confined, so not started");
            return Ok(exit::NOPERM);
        }
    };
    let service = Service::start(
        config,
        ServiceOptions {
            points: groups
                .first()
                .map(|group| group.point.clone())
                .into_iter()
                .collect(),
            clock: match arguments.time {
                TimeBase::Now => HealthClock::Wall,
                TimeBase::Capture => HealthClock::Frames,
            },
            admin: config.admin.explicit,
            applied,
        },
    )?;
    let mut replay = Replay {
        service: &service,
        config,
        arguments,
        outlet: service.outlet(),
        frames: 0,
        observations: 0,
        stop: service.stop.clone(),
    };
    for group in &groups {
        replay.group(group);
    }
    let (frames, observations) = (replay.frames, replay.observations);
    let stop = replay.stop.clone();
    drop(replay);
    tracing::info!(frames, observations, "read; waiting for the collector");
    let mut complete = true;
    service.finish(|runtime, spool| complete = wait_for_acks(runtime, spool, &stop));
    if !complete {
        tracing::warn!(
            "stopped before the collector had everything; the rest waits in the spool for the next start"
        );
        code = exit::FAILURE;
    }
    Ok(code)
}

/// Says everything that is wrong with our certificate. A collector that is away comes back, and a replay waits for it; a certificate
/// that cannot work stays so, and nobody puts it right under a replay.
fn are_credentials_bad(config: &Config) -> bool {
    let faults = Credentials::faults(&config.collector.credentials, Holder::Sensor);
    for fault in &faults {
        tracing::error!(%fault, "no collector can accept us, so nothing was replayed");
    }
    !faults.is_empty()
}

/// Reads every file once: what cannot be read is reported now, and times are known before the first frame is replayed.
fn scan(arguments: &[PathBuf]) -> (Vec<Scanned>, u8) {
    let inputs = match inputs::expand(arguments) {
        Ok(inputs) => inputs,
        Err(error) => {
            tracing::error!(%error, "no input");
            return (Vec::new(), exit::NO_INPUT);
        }
    };
    if let Some(warning) = inputs.warning() {
        tracing::warn!("{warning}");
    }
    let mut scanned = Vec::new();
    let mut code = exit::OK;
    for path in inputs.files {
        if path.as_os_str() == "-" {
            tracing::error!(
                "standard input cannot be read twice, and a replay into a collector does; write it to a file first"
            );
            code = exit::NO_INPUT;
            continue;
        }
        let reading = match CaptureFile::open(&path) {
            Ok(file) => file.read(|_, _| true),
            Err(error) => {
                tracing::error!(%error, "cannot be replayed");
                code = exit::DATA_ERROR;
                continue;
            }
        };
        if let Some(warning) = reading.end.warning(reading.frames) {
            tracing::warn!(file = %path.display(), "{warning}");
        }
        match reading.span {
            Some((first_ns, last_ns)) => scanned.push(Scanned {
                path,
                first_ns,
                last_ns,
            }),
            None => tracing::warn!(file = %path.display(), "holds no frames"),
        }
    }
    (scanned, code)
}

struct Replay<'a> {
    service: &'a Service,
    config: &'a Config,
    arguments: &'a ReplayArguments,
    outlet: SyncSender<Vec<Observation>>,
    frames: u64,
    observations: u64,
    stop: Shutdown,
}

impl Replay<'_> {
    fn group(&mut self, group: &Group) {
        let mut point = Point::new(group.point.clone(), self.config.census, seed());
        let shift = Shift::new(
            group,
            self.arguments.pace,
            self.arguments.time,
            self.arguments.times,
            wall_ns(),
        );
        for turn in 0..self.arguments.times {
            for file in &group.files {
                if self.stop.is_requested() {
                    break;
                }
                tracing::info!(file = %file.path.display(), capture_point = %group.point, turn = turn + 1, "replaying");
                self.file(&group.point, &mut point, file, &shift.turn(turn));
            }
        }
        let mut last = Vec::new();
        point.finish(|observations| last.push(observations));
        last.into_iter()
            .for_each(|observations| self.send(observations));
        let board = &self.service.board;
        board.post(&group.point, point.figures());
    }

    fn file(
        &mut self,
        name: &CapturePoint,
        point: &mut Point,
        file: &Scanned,
        shift: &super::schedule::Turn,
    ) {
        let open = match CaptureFile::open(&file.path) {
            Ok(open) => open,
            Err(error) => {
                tracing::error!(%error, "was there a moment ago");
                return;
            }
        };
        let mut posted = Instant::now();
        let reading = open.read(|meta, bytes| {
            let time_ns = shift.time(meta.time_ns);
            if let Some(due) = shift.due(meta.time_ns)
                && !self.nap_until(due, name, point)
            {
                return false;
            }
            self.frames += 1;
            point.frame(
                FrameMeta {
                    number: point.packets() + 1,
                    time_ns,
                    ..meta
                },
                bytes,
            );
            if meta.number.is_multiple_of(FRAMES_AT_ONCE) {
                self.send(point.drain());
                if posted.elapsed() >= POST {
                    posted = Instant::now();
                    self.service.board.post(name, point.figures());
                }
                return !self.stop.is_requested();
            }
            true
        });
        if reading.end == End::Stopped {
            tracing::info!(frames = reading.frames, "stopped in the middle of a file");
        }
        self.send(point.drain());
    }

    /// Waits until a frame's turn, handing on what earlier frames said; `false` when asked to stop.
    fn nap_until(&mut self, due_ns: i64, name: &CapturePoint, point: &mut Point) -> bool {
        loop {
            let left = due_ns.saturating_sub(wall_ns());
            if left <= 0 {
                return true;
            }
            self.send(point.drain());
            self.service.board.post(name, point.figures());
            if self.stop.is_requested() {
                return false;
            }
            let left = Duration::from_nanos(u64::try_from(left).unwrap_or(0));
            std::thread::sleep(left.min(NAP));
        }
    }

    fn send(&mut self, observations: Vec<Observation>) {
        let count = u64::try_from(observations.len()).unwrap_or(0);
        if count > 0 && self.outlet.send(observations).is_ok() {
            self.observations += count;
        }
    }
}

/// Waits until everything durable is acknowledged; `false` when asked to stop before.
fn wait_for_acks(runtime: &Runtime, spool: &SharedSpool, stop: &Shutdown) -> bool {
    let mut told = Instant::now();
    loop {
        let (durable, acked) = spool.progress();
        if acked >= durable {
            tracing::info!(observations = durable, "the collector has everything");
            return true;
        }
        if stop.is_requested() {
            return false;
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            let left = words::thousands(durable - acked);
            tracing::info!(left, "observations not yet acknowledged by the collector");
        }
        runtime.block_on(async {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
                () = stop.wait() => {}
            }
        });
    }
}
