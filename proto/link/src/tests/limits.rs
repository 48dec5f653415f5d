//! Floods and limits.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::pki::{Authority, Bundle};
use super::world::{
    MemoryLog, MemorySource, PATIENCE, Tally, collector, eventually, limits, link_options, sensor,
    serve_options,
};
use crate::session::LinkPhase;
use crate::{Limits, metrics};

#[tokio::test]
async fn a_flood_of_silent_connections_is_bounded_and_does_not_keep_a_sensor_out() {
    let tally = Tally::default();
    let _recording = ::metrics::set_default_local_recorder(&tally);
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let tight = Limits {
        handshakes: 8,
        handshake_timeout: Duration::from_millis(100),
        ..limits()
    };
    let collector = collector(serve_options(&files, tight), &MemoryLog::new()).await;
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.push(TcpStream::connect(collector.address).await.unwrap());
    }
    let bundle = Bundle::new(&root.sensor("icu-1"), &[&root]);
    let sensor = sensor(
        link_options(&bundle, collector.address),
        &MemorySource::new(),
    );
    eventually(&sensor.status, "connected", |s| {
        s.phase == LinkPhase::Connected
    })
    .await;
    for mut silent in flood {
        let closed = tokio::time::timeout(PATIENCE, silent.read(&mut [0; 1])).await;
        assert!(matches!(closed.unwrap(), Ok(0) | Err(_)));
    }
    assert_eq!(tally.of(metrics::HANDSHAKES_REFUSED, "timeout"), 100);
    sensor.running.stop().await;
}

#[tokio::test]
async fn connections_over_the_limit_are_closed_and_counted() {
    let tally = Tally::default();
    let _recording = ::metrics::set_default_local_recorder(&tally);
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let tight = Limits {
        connections: 2,
        ..limits()
    };
    let collector = collector(serve_options(&files, tight), &MemoryLog::new()).await;
    let _first = TcpStream::connect(collector.address).await.unwrap();
    let _second = TcpStream::connect(collector.address).await.unwrap();
    let mut third = TcpStream::connect(collector.address).await.unwrap();
    let closed = tokio::time::timeout(PATIENCE, third.read(&mut [0; 1])).await;
    assert!(matches!(closed.unwrap(), Ok(0) | Err(_)));
    assert_eq!(tally.of(metrics::HANDSHAKES_REFUSED, "connection_limit"), 1);
}
