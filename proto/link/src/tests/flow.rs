//! Batches, acknowledgements, cuts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::pki::{Authority, Bundle};
use super::world::{
    Collector, Fate, MemoryLog, MemorySource, Proxy, Tally, collector, eventually, limits,
    link_options, sensor, serve_options,
};
use crate::failure::Failure;
use crate::session::LinkPhase;
use crate::{Refusal, metrics};

struct Scene {
    root: Authority,
    sensor: Bundle,
    log: Arc<MemoryLog>,
    source: Arc<MemorySource>,
    collector: Collector,
    _files: Bundle,
}

async fn scene(limits: crate::Limits) -> Scene {
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let log = MemoryLog::new();
    let collector = collector(serve_options(&files, limits), &log).await;
    Scene {
        sensor: Bundle::new(&root.sensor("icu-1"), &[&root]),
        root,
        log,
        source: MemorySource::new(),
        collector,
        _files: files,
    }
}

#[tokio::test]
async fn everything_spooled_arrives_in_order_and_is_released() {
    let scene = scene(limits()).await;
    let last = scene.source.add(500, 64, 10_000);
    let sensor = sensor(
        link_options(&scene.sensor, scene.collector.address),
        &scene.source,
    );
    let logged = eventually(&scene.log.watch(), "all logged", |l| l.holds_all(last)).await;
    let status = eventually(&sensor.status, "all acknowledged", |s| s.acked == last).await;
    assert_eq!(status.phase, LinkPhase::Connected);
    assert!(status.clock_offset_ms.unwrap().abs() < 5_000);
    assert!(status.certificate_not_after_ms.is_some());
    assert_eq!(logged.duplicates(), 0);
    let mut expected = 1;
    for (identity, after_seq, first_seq, count) in &logged.arrivals {
        assert_eq!(identity.sensor.as_str(), "icu-1");
        assert_eq!(*first_seq, expected);
        assert!(*after_seq == 0 || *after_seq == expected - 1);
        expected = first_seq + u64::from(*count);
    }
    let more = scene.source.add(1, 1, 1);
    eventually(&sensor.status, "a late one", |s| s.acked == more).await;
    sensor.running.stop().await;
    assert_eq!(scene.source.len(), 0, "released");
    scene.collector.running.stop().await;
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_durable() {
    let scene = scene(limits()).await;
    scene.log.gate.send_replace(false);
    let last = scene.source.add(10, 10, 100);
    let sensor = sensor(
        link_options(&scene.sensor, scene.collector.address),
        &scene.source,
    );
    eventually(&scene.log.watch(), "all on their way", |l| {
        l.arrivals.len() == 10
    })
    .await;
    assert_eq!(sensor.status.borrow().acked, 0);
    scene.log.gate.send_replace(true);
    eventually(&sensor.status, "acknowledged", |s| s.acked == last).await;
    sensor.running.stop().await;
}

#[tokio::test]
async fn a_refused_append_ends_the_stream_and_is_sent_again() {
    let tally = Tally::default();
    let _recording = ::metrics::set_default_local_recorder(&tally);
    let scene = scene(limits()).await;
    scene.log.destine(51, Fate::Refuse);
    scene.log.gate.send_replace(false);
    let last = scene.source.add(20, 10, 100);
    let sensor = sensor(
        link_options(&scene.sensor, scene.collector.address),
        &scene.source,
    );
    let watch = scene.log.watch();
    eventually(&watch, "all on their way", |l| l.arrivals.len() == 19).await;
    scene.log.gate.send_replace(true);
    eventually(&sensor.status, "acknowledged", |s| s.acked == last).await;
    let logged = eventually(&watch, "what stood behind it", |l| l.duplicates() == 140).await;
    assert!(logged.holds_all(last));
    assert_eq!(logged.hellos, 2);
    // Behind the hole: logged, not acknowledged, sent again; each says what it follows, the first of a stream nothing.
    let places = |first_seq| {
        let of_batch = logged.arrivals.iter().filter(|a| a.2 == first_seq);
        of_batch.map(|a| a.1).collect::<Vec<_>>()
    };
    assert_eq!(places(41), [40]);
    assert_eq!(places(51), [0]);
    assert_eq!(places(61).len(), 2);
    assert_eq!(places(61)[0], 60);
    assert_eq!(tally.of(metrics::STREAMS_ENDED, "log_unavailable"), 1);
    assert_eq!(tally.of(metrics::FAILURES, "log_unavailable"), 1);
    sensor.running.stop().await;
}

#[tokio::test]
async fn a_batch_set_aside_is_acknowledged_and_what_follows_is_sent_again() {
    let scene = scene(limits()).await;
    scene.log.destine(51, Fate::SetAside);
    scene.log.gate.send_replace(false);
    let last = scene.source.add(20, 10, 100);
    let sensor = sensor(
        link_options(&scene.sensor, scene.collector.address),
        &scene.source,
    );
    let watch = scene.log.watch();
    eventually(&watch, "all on their way", |l| l.arrivals.len() == 19).await;
    scene.log.gate.send_replace(true);
    eventually(&sensor.status, "acknowledged", |s| s.acked == last).await;
    let logged = eventually(&watch, "what stood behind it", |l| l.duplicates() == 140).await;
    assert!((51..=60).all(|seq| !logged.seen.contains_key(&seq)));
    assert_eq!(logged.seen.len(), 190);
    // The last arrival of the batch behind the hole begins a stream, so that it counts.
    let after = logged.arrivals.iter().rfind(|a| a.2 == 61).unwrap();
    assert_eq!(after.1, 0);
    sensor.running.stop().await;
}

#[tokio::test]
async fn abrupt_cuts_lose_nothing() {
    let scene = scene(limits()).await;
    let proxy = Proxy::to(scene.collector.address).await;
    let sensor = sensor(link_options(&scene.sensor, proxy.address), &scene.source);
    let watch = scene.log.watch();
    let mut last = 0;
    for round in 0..8 {
        last = scene.source.add(100, 16, 20_000);
        let some = last - 1_600 + 200 * round;
        eventually(&watch, "some of the round", |l| {
            l.seen.last_key_value().is_some_and(|(seq, _)| *seq >= some)
        })
        .await;
        proxy.cut();
    }
    eventually(&watch, "all logged", |l| l.holds_all(last)).await;
    eventually(&sensor.status, "all acknowledged", |s| s.acked == last).await;
    assert!(watch.borrow().hellos > 4, "the cuts cut");
    sensor.running.stop().await;
    assert_eq!(scene.source.len(), 0);
}

#[tokio::test]
async fn a_slow_log_holds_the_sensor_back_within_the_window() {
    let scene = scene(limits()).await;
    let window = 1024 * 1024;
    scene.log.window_bytes.store(window, Ordering::Relaxed);
    scene.log.gate.send_replace(false);
    let last = scene.source.add(200, 10, 100_000);
    let sensor = sensor(
        link_options(&scene.sensor, scene.collector.address),
        &scene.source,
    );
    let status = eventually(&sensor.status, "the window is used", |s| {
        s.in_flight_bytes > window - 300_000
    })
    .await;
    assert!(status.in_flight_bytes <= window);
    scene.log.gate.send_replace(true);
    eventually(&sensor.status, "all acknowledged", |s| s.acked == last).await;
    assert!(scene.log.watch().borrow().peak_bytes as u64 <= window);
    sensor.running.stop().await;
}

#[tokio::test]
async fn all_streams_share_one_room() {
    let room = 512 * 1024;
    let scene = scene(crate::Limits {
        admitted_bytes: room,
        ..limits()
    })
    .await;
    scene.log.gate.send_replace(false);
    let mut sensors = Vec::new();
    for name in ["icu-1", "icu-2", "icu-3"] {
        let files = Bundle::new(&scene.root.sensor(name), &[&scene.root]);
        let source = MemorySource::new();
        source.add(50, 10, 100_000);
        let options = link_options(&files, scene.collector.address);
        sensors.push((sensor(options, &source), source, files));
    }
    for (sensor, ..) in &sensors {
        eventually(&sensor.status, "more than the room in flight", |s| {
            s.in_flight_bytes > 200_000
        })
        .await;
    }
    eventually(&scene.log.watch(), "the room is used", |l| {
        l.waiting_bytes > 400_000
    })
    .await;
    scene.log.gate.send_replace(true);
    for (sensor, ..) in &sensors {
        eventually(&sensor.status, "all acknowledged", |s| s.acked == 500).await;
    }
    let peak = scene.log.watch().borrow().peak_bytes;
    assert!(peak > 400_000, "the room is the bound: {peak}");
    assert!(peak <= room, "{peak}");
    for (sensor, ..) in sensors {
        sensor.running.stop().await;
    }
}

#[tokio::test]
async fn a_stopping_collector_acknowledges_what_it_has_and_ends_in_time() {
    let scene = scene(limits()).await;
    scene.log.gate.send_replace(false);
    let last = scene.source.add(10, 10, 1000);
    let sensor = sensor(
        link_options(&scene.sensor, scene.collector.address),
        &scene.source,
    );
    eventually(&scene.log.watch(), "all on their way", |l| {
        l.arrivals.len() == 10
    })
    .await;
    let log = Arc::clone(&scene.log);
    let watched = sensor.status.clone();
    let stopping = tokio::spawn(scene.collector.running.stop());
    // The log finishes after the stop was asked for.
    tokio::time::sleep(Duration::from_millis(100)).await;
    log.gate.send_replace(true);
    stopping.await.unwrap();
    eventually(&watched, "acknowledged on the way out", |s| s.acked == last).await;
    let status = eventually(&watched, "refused now", |s| {
        matches!(s.failure, Some(Failure::ConnectionRefused { .. }))
    })
    .await;
    assert!(matches!(
        status.phase,
        LinkPhase::Waiting { .. } | LinkPhase::Connecting
    ));
    sensor.running.stop().await;
    assert_eq!(log.watch().borrow().duplicates(), 0);
}

#[tokio::test]
async fn the_newer_of_two_streams_of_one_sensor_wins() {
    let tally = Tally::default();
    let _recording = ::metrics::set_default_local_recorder(&tally);
    let scene = scene(limits()).await;
    let first = sensor(
        link_options(&scene.sensor, scene.collector.address),
        &scene.source,
    );
    eventually(&first.status, "connected", |s| {
        s.phase == LinkPhase::Connected
    })
    .await;
    let twin = MemorySource::new();
    let last = twin.add(3, 3, 30);
    let second = sensor(link_options(&scene.sensor, scene.collector.address), &twin);
    let status = eventually(&first.status, "superseded", |s| s.failure.is_some()).await;
    assert!(
        matches!(
            status.failure,
            Some(Failure::Refused {
                reason: Refusal::Superseded,
                ..
            })
        ),
        "{status:?}"
    );
    eventually(&second.status, "served", |s| s.acked == last).await;
    assert!(tally.of(metrics::STREAMS_ENDED, "superseded") >= 1);
    first.running.stop().await;
    second.running.stop().await;
}
