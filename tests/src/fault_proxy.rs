//! A TCP proxy that misbehaves on demand: cuts, delays, refuses, goes silent, throttles.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the proxy treats bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Added before each forwarded chunk.
    pub delay: Duration,
    /// New connections are closed at once.
    pub refuse: bool,
    /// Nothing is forwarded, but connections stay open (a black hole).
    pub silent: bool,
    /// A connection is cut after this many bytes in either direction; 0 = never.
    pub cut_after: u64,
}

/// A running proxy in front of one upstream.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    behaviour: watch::Sender<Behaviour>,
    epoch: watch::Sender<u64>,
    upstream: Arc<Mutex<SocketAddr>>,
    connections: Arc<AtomicU64>,
    forwarded: Arc<AtomicU64>,
}

impl FaultProxy {
    /// Listens on a free loopback port and forwards to `upstream`. Runs until the runtime ends.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let proxy = Self {
            address: listener.local_addr()?,
            behaviour: watch::Sender::new(Behaviour::default()),
            epoch: watch::Sender::new(0),
            upstream: Arc::new(Mutex::new(upstream)),
            connections: Arc::default(),
            forwarded: Arc::default(),
        };
        let shared = Shared {
            behaviour: proxy.behaviour.subscribe(),
            epoch: proxy.epoch.subscribe(),
            forwarded: Arc::clone(&proxy.forwarded),
        };
        let (upstream, connections) = (Arc::clone(&proxy.upstream), Arc::clone(&proxy.connections));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.behaviour.borrow().refuse {
                    continue;
                }
                connections.fetch_add(1, Ordering::Relaxed);
                let address = upstream
                    .lock()
                    .map_or_else(|poisoned| *poisoned.into_inner(), |guard| *guard);
                tokio::spawn(forward(client, address, shared.clone()));
            }
        });
        Ok(proxy)
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the behaviour for bytes and connections to come.
    pub fn behave(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    /// Cuts every open connection now.
    pub fn cut(&self) {
        self.epoch.send_modify(|epoch| *epoch += 1);
    }

    /// Points new connections at another upstream.
    pub fn redirect(&self, upstream: SocketAddr) {
        match self.upstream.lock() {
            Ok(mut guard) => *guard = upstream,
            Err(poisoned) => *poisoned.into_inner() = upstream,
        }
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Bytes forwarded so far, both directions.
    #[must_use]
    pub fn forwarded(&self) -> u64 {
        self.forwarded.load(Ordering::Relaxed)
    }
}

#[derive(Clone)]
struct Shared {
    behaviour: watch::Receiver<Behaviour>,
    epoch: watch::Receiver<u64>,
    forwarded: Arc<AtomicU64>,
}

async fn forward(client: TcpStream, upstream: SocketAddr, mut shared: Shared) {
    let Ok(server) = TcpStream::connect(upstream).await else {
        return;
    };
    shared.epoch.mark_unchanged();
    let carried = Arc::new(AtomicU64::new(0));
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let up = pump(client_in, server_out, shared.clone(), Arc::clone(&carried));
    let down = pump(server_in, client_out, shared.clone(), carried);
    // Whichever ends first (close, fault, cut) takes the whole connection with it, as a cut cable does.
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = shared.epoch.changed() => {}
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut shared: Shared,
    carried: Arc<AtomicU64>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let behaviour = *shared.behaviour.borrow();
        if behaviour.silent
            && shared
                .behaviour
                .wait_for(|behaviour| !behaviour.silent)
                .await
                .is_err()
        {
            return;
        }
        if !behaviour.delay.is_zero() {
            tokio::time::sleep(behaviour.delay).await;
        }
        let Some(chunk) = buffer.get(..read) else {
            return;
        };
        if to.write_all(chunk).await.is_err() {
            return;
        }
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        shared.forwarded.fetch_add(bytes, Ordering::Relaxed);
        let total = carried
            .fetch_add(bytes, Ordering::Relaxed)
            .saturating_add(bytes);
        if behaviour.cut_after != 0 && total >= behaviour.cut_after {
            return;
        }
    }
}
