//! One request to stop, seen by every task.

use std::io;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Signals that come together are one wish: who ends a process group sends one to the process and one to the group.
const TOGETHER: Duration = Duration::from_millis(500);

/// Seen by every task: says that the process has been asked to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shutdown {
    requested: watch::Receiver<bool>,
}

/// Asks every holder of the matching [`Shutdown`] to stop. When the last one is dropped, that is a request too, so that a task
/// cannot outlive whoever could have stopped it.
#[derive(Debug, Clone)]
pub struct Trigger {
    requested: watch::Sender<bool>,
}

/// A connected pair.
#[must_use]
pub fn token() -> (Shutdown, Trigger) {
    let (sender, receiver) = watch::channel(false);
    (
        Shutdown {
            requested: receiver,
        },
        Trigger { requested: sender },
    )
}

impl Shutdown {
    /// Whether the process has been asked to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.requested.borrow() || self.requested.has_changed().is_err()
    }

    /// Returns once the process has been asked to stop; at once when it already was. Cancel-safe.
    pub async fn wait(&self) {
        let mut requested = self.requested.clone();
        // An error means that every trigger is gone, which is a request as well.
        drop(requested.wait_for(|requested| *requested).await);
    }
}

impl Trigger {
    /// Asks for the stop; calling it again changes nothing.
    pub fn fire(&self) {
        self.requested.send_replace(true);
    }
}

/// Fires the trigger at the first SIGTERM or SIGINT and goes on listening: the second one ends the process at once with
/// [`crate::exit::FAILURE`], for the operator who does not want to wait for a clean stop. Within half a second of the first it is none.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub async fn signals(trigger: Trigger) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut asked: Option<Instant> = None;
    loop {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        if let Some(since) = asked {
            if since.elapsed() < TOGETHER {
                continue;
            }
            tracing::warn!(signal = name, "second signal, ending at once");
            std::process::exit(i32::from(crate::exit::FAILURE));
        }
        tracing::info!(signal = name, "stopping");
        trigger.fire();
        asked = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_sees_one_request() {
        let (shutdown, trigger) = token();
        let other = shutdown.clone();
        assert!(!shutdown.is_requested());
        let waiting = tokio::spawn(async move { other.wait().await });
        trigger.fire();
        waiting.await.unwrap();
        shutdown.wait().await;
        assert!(shutdown.is_requested());
    }

    #[tokio::test]
    async fn losing_the_last_trigger_is_a_request() {
        let (shutdown, trigger) = token();
        drop(trigger);
        shutdown.wait().await;
        assert!(shutdown.is_requested());
    }

    #[tokio::test]
    async fn signals_that_come_together_are_one() {
        let (shutdown, trigger) = token();
        let listening = tokio::spawn(signals(trigger));
        // The handlers are there once it was polled.
        tokio::task::yield_now().await;
        let own = std::process::id().to_string();
        for _ in 0..2 {
            let mut kill = std::process::Command::new("kill");
            assert!(kill.args(["-TERM", &own]).status().unwrap().success());
            shutdown.wait().await;
        }
        // Without the pause the second one ends this process.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!listening.is_finished());
        listening.abort();
    }
}
