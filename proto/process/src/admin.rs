//! The admin endpoint of every process: `/live`, `/ready`, `/metrics`, and what the caller adds.
//!
//! Plain HTTP/1.1, meant for the loopback address or a cluster-internal port. Connections are few, short and bounded.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::shutdown::Shutdown;

/// Most connections at a time; further ones wait in the kernel's accept queue.
pub const CONNECTIONS: usize = 32;
/// Longest silence while we wait for bytes of a request.
pub const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest life of a connection: a peer that sends a byte now and then does not hold one for ever.
pub const CONNECTION_AGE: Duration = Duration::from_secs(300);
const UPKEEP: Duration = Duration::from_secs(5);

/// Limits of the admin endpoint; the defaults are right outside of tests.
#[derive(Debug, Clone, Copy)]
pub struct Admin {
    /// Most connections at a time.
    pub connections: usize,
    /// Longest silence while we wait for bytes of a request.
    pub read_timeout: Duration,
    /// Longest life of a connection.
    pub connection_age: Duration,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            read_timeout: READ_TIMEOUT,
            connection_age: CONNECTION_AGE,
        }
    }
}

/// Binds `address`, serves in the background until shutdown, and returns the address that was bound (port 0 asks for a free one).
///
/// - `/live`: 200 while the process runs.
/// - `/ready`: 200 when every latch is ready, else 503; the body names each latch and its reason, as JSON.
/// - `/metrics`: Prometheus text.
/// - `extra`: the caller's routes; none of them may have one of the three paths above.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(
    address: SocketAddr,
    readiness: Readiness,
    metrics: Metrics,
    extra: Router,
    shutdown: Shutdown,
) -> io::Result<SocketAddr> {
    Admin::default()
        .serve(address, readiness, metrics, extra, shutdown)
        .await
}

impl Admin {
    /// As [`serve`], with these limits.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn serve(
        self,
        address: SocketAddr,
        readiness: Readiness,
        metrics: Metrics,
        extra: Router,
        shutdown: Shutdown,
    ) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        tokio::spawn(upkeep(metrics.clone(), shutdown.clone()));
        let router = extra
            .route("/live", get(|| async { "live\n" }))
            .route("/ready", get(move || async move { ready(&readiness) }))
            .route("/metrics", get(move || async move { scrape(&metrics) }));
        let listener = BoundedListener {
            listener,
            slots: Arc::new(Semaphore::new(self.connections)),
            limits: self,
        };
        tokio::spawn(async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(async move { shutdown.wait().await })
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "admin endpoint ended");
            }
        });
        Ok(bound)
    }
}

async fn upkeep(metrics: Metrics, shutdown: Shutdown) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = ticks.tick() => metrics.upkeep(),
            () = shutdown.wait() => return,
        }
    }
}

fn ready(readiness: &Readiness) -> Response {
    let reasons = readiness.reasons();
    let is_ready = reasons.values().all(Option::is_none);
    let latches: serde_json::Map<_, _> = reasons
        .into_iter()
        .map(|(name, reason)| (name.to_owned(), reason.map_or("ready".into(), Into::into)))
        .collect();
    let body = serde_json::json!({ "ready": is_ready, "latches": latches });
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, format!("{body}\n")).into_response()
}

fn scrape(metrics: &Metrics) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, metrics.render()).into_response()
}

struct BoundedListener {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    limits: Admin,
}

impl Listener for BoundedListener {
    type Io = BoundedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BoundedStream, SocketAddr) {
        loop {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                // The semaphore is never closed.
                std::future::pending::<()>().await;
                continue;
            };
            // The trait's own accept logs and waits when the process is out of descriptors.
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            return (BoundedStream::new(stream, slot, self.limits), peer);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that gives up when its peer stays silent or has been here too long.
struct BoundedStream {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
    read_timeout: Duration,
    until: Instant,
    _slot: OwnedSemaphorePermit,
}

impl BoundedStream {
    fn new(stream: TcpStream, slot: OwnedSemaphorePermit, limits: Admin) -> Self {
        Self {
            stream,
            silence: Box::pin(tokio::time::sleep(limits.read_timeout)),
            read_timeout: limits.read_timeout,
            until: Instant::now() + limits.connection_age,
            _slot: slot,
        }
    }

    fn heard(&mut self) {
        let next = Instant::now() + self.read_timeout;
        self.silence.as_mut().reset(next.min(self.until));
    }

    fn expired(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.silence.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.expired(context),
            done => {
                self.heard();
                done
            }
        }
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            // A peer that does not read is as silent as one that does not write.
            Poll::Pending => match self.expired(context) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Pending,
            },
            done => {
                self.heard();
                done
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
