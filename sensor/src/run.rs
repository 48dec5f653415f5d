//! `run`: the order in which a live sensor comes up and goes down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use auscult_link::{Credentials, Holder, LinkPhase};

use crate::board::Board;
use crate::capture::{CaptureError, CaptureReadiness, Listener, LiveCapture};
use crate::clock::seed;
use crate::config::{CaptureConfig, Config, SandboxMode};
use crate::point::Point;
use crate::service::{self, Service, ServiceOptions};
use crate::writer::{HealthClock, SharedSpool};
use crate::{exit, sandbox};

/// Longest wait for the acknowledgement of what was said last.
const GOODBYE: Duration = Duration::from_secs(3);

/// Runs until asked to stop or an interface is gone for good; returns the exit code.
///
/// # Errors
/// When the service cannot be started.
pub fn run(config: &Config) -> anyhow::Result<u8> {
    let mode = config.sandbox.mode.unwrap_or(SandboxMode::Require);
    // Hearing goes on without a collector, and whoever issues certificates may still put these files right.
    for fault in Credentials::faults(&config.collector.credentials, Holder::Sensor) {
        tracing::error!(%fault, "the collector cannot be reached like this; listening and spooling until it is put right");
    }
    sandbox::reduce(mode)?;
    let never = AtomicBool::new(false);
    let mut captures = Vec::new();
    for capture in &config.captures {
        match LiveCapture::open_patiently(capture, &never) {
            Ok(live) => captures.push((capture.clone(), live)),
            Err(error) => {
                tracing::error!(%error, "cannot listen");
                return Ok(code_of(&error));
            }
        }
    }
    sandbox::own_folder(&config.spool.dir, config.sandbox.user)?;
    let applied = match sandbox::confine(&service::plan(config, mode, &[])) {
        Ok(applied) => applied,
        Err(error) => {
            tracing::error!(%error, "not confined, so not started");
            return Ok(exit::NOPERM);
        }
    };
    let service = Service::start(
        config,
        ServiceOptions {
            points: config
                .captures
                .iter()
                .map(|capture| capture.name.clone())
                .collect(),
            clock: HealthClock::Wall,
            admin: true,
            applied,
        },
    )?;
    listen(config, captures, mode, service)
}

fn code_of(error: &CaptureError) -> u8 {
    match error {
        CaptureError::Permission { .. } => exit::NOPERM,
        CaptureError::Filter { .. } => exit::USAGE,
        _ => exit::UNAVAILABLE,
    }
}

fn listen(
    config: &Config,
    captures: Vec<(CaptureConfig, LiveCapture)>,
    mode: SandboxMode,
    service: Service,
) -> anyhow::Result<u8> {
    let stop = Arc::new(AtomicBool::new(false));
    let readiness = CaptureReadiness::new(service.readiness.register("capture"));
    let settings = config.census.shared_by(captures.len());
    let (ended, mut endings) = tokio::sync::mpsc::channel(captures.len().max(1));
    let mut threads = Vec::new();
    for (capture, live) in captures {
        tracing::info!(interface = capture.interface, capture_point = %capture.name, "listening");
        let listener = Listener {
            point: Point::new(capture.name.clone(), settings, seed()),
            config: capture,
            live,
            outlet: service.outlet(),
            board: Arc::clone(&service.board),
            stop: Arc::clone(&stop),
            readiness: Arc::clone(&readiness),
            may_reopen: mode == SandboxMode::Off,
        };
        let ended = ended.clone();
        let thread = std::thread::Builder::new()
            .name("sensor-capture".to_owned())
            .spawn(move || {
                let outcome = listener.run();
                // Nobody listens once the process is stopping anyway.
                drop(ended.try_send(outcome));
            })?;
        threads.push(thread);
    }
    drop(ended);
    let wait = service.stop.clone();
    let code = service.runtime.block_on(async {
        tokio::select! {
            () = wait.wait() => exit::OK,
            ending = endings.recv() => match ending {
                Some(Err(error)) => {
                    tracing::error!(%error, "cannot be opened again from here; ending, for the service manager to start anew");
                    exit::UNAVAILABLE
                }
                _ => {
                    tracing::error!("a capture thread ended by itself; this is a defect");
                    exit::FAILURE
                }
            },
        }
    });
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a capture thread ended by a panic; this is a defect");
        }
    }
    let board = Arc::clone(&service.board);
    service.finish(|runtime, spool| runtime.block_on(say_goodbye(&board, spool)));
    tracing::info!("stopped");
    Ok(code)
}

/// Gives an open link a moment for what was said last; without one it goes out after the next start.
async fn say_goodbye(board: &Board, spool: &SharedSpool) {
    let until = Instant::now() + GOODBYE;
    loop {
        let (durable, acked) = spool.progress();
        let connected = board.link.borrow().phase == LinkPhase::Connected;
        if acked >= durable || !connected || Instant::now() >= until {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
