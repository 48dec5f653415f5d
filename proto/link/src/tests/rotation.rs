//! New leaves and new roots while batches flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::pki::{Authority, Bundle, Leaf};
use super::world::{
    MemoryLog, MemorySource, collector, eventually, limits, link_options, sensor, serve_options,
};
use crate::Limits;
use crate::credentials::Holder;
use crate::failure::Failure;
use crate::rotation::CredentialStore;
use crate::session::LinkPhase;

#[tokio::test]
async fn leaves_and_roots_rotate_under_load_without_a_gap_or_a_duplicate() {
    let (old, new) = (Authority::new("old root"), Authority::new("new root"));
    let files = Bundle::new(&old.collector(), &[&old]);
    let bundle = Bundle::new(&old.sensor("icu-1"), &[&old]);
    let log = MemoryLog::new();
    let aging = Limits {
        connection_age: Duration::from_millis(150),
        ..limits()
    };
    let collector = collector(serve_options(&files, aging), &log).await;
    let source = MemorySource::new();
    let sensor = sensor(link_options(&bundle, collector.address), &source);
    let done = Arc::new(AtomicBool::new(false));
    let feeder = tokio::spawn({
        let (source, done) = (Arc::clone(&source), Arc::clone(&done));
        async move {
            let mut last = 0;
            while !done.load(Ordering::Relaxed) {
                last = source.add(5, 32, 5_000);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            last
        }
    });
    let watch = log.watch();
    let next_streams = |more: u64| {
        let target = watch.borrow().hellos + more;
        eventually(&watch, "more streams", move |l| l.hellos >= target)
    };
    next_streams(3).await;
    // As an operator does it: both roots everywhere, then new leaves, then the old root goes.
    files.replace_roots(&[&old, &new]);
    bundle.replace_roots(&[&old, &new]);
    next_streams(3).await;
    bundle.replace_leaf(&new.sensor("icu-1"));
    next_streams(3).await;
    files.replace_leaf(&new.collector());
    next_streams(3).await;
    files.replace_roots(&[&new]);
    bundle.replace_roots(&[&new]);
    next_streams(3).await;
    done.store(true, Ordering::Relaxed);
    let last = feeder.await.unwrap();
    let logged = eventually(&watch, "all logged", |l| l.holds_all(last)).await;
    eventually(&sensor.status, "acknowledged", |s| s.acked == last).await;
    assert_eq!(logged.duplicates(), 0, "the way out is graceful");
    // The old leaf is of no use any more: what flowed at the end flowed under the new one.
    let stale = Bundle::new(&old.sensor("icu-1"), &[&old, &new]);
    let credentials = stale.credentials(Holder::Sensor, &old, 0);
    let refused = crate::session::attempt(
        &stale.dial(collector.address),
        &credentials,
        vec![auscult_proto::wire::sensor_frame::Kind::Hello(
            Default::default(),
        )],
    )
    .await;
    assert_eq!(refused.label(), "sensor_untrusted", "{refused}");
    sensor.running.stop().await;
}

#[tokio::test]
async fn bad_new_files_leave_the_old_credentials_in_use() {
    let (root, other) = (Authority::new("root"), Authority::new("other root"));
    let good = root.sensor("icu-1");
    let bundle = Bundle::new(&good, &[&root]);
    let store = CredentialStore::open(bundle.paths(), Holder::Sensor).await;
    let serial = || store.current().unwrap().facts().serial.clone();
    let first = serial();
    let next = root.sensor("icu-1");
    let half = Leaf {
        certificate: next.certificate.clone(),
        key: good.key.clone(),
    };
    for bad in [&half, &other.sensor("icu-1"), &root.collector()] {
        bundle.replace_leaf(bad);
        store.refresh().await;
        assert_eq!(serial(), first);
    }
    std::fs::remove_file(bundle.path().join("cert.pem")).unwrap();
    store.refresh().await;
    assert_eq!(serial(), first);
    bundle.replace_leaf(&next);
    store.refresh().await;
    assert_ne!(serial(), first);
}

#[tokio::test]
async fn a_stream_ends_when_its_certificate_does() {
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let log = MemoryLog::new();
    let collector = collector(serve_options(&files, limits()), &log).await;
    let icu = [super::pki::sensor_name(super::pki::TRUST_DOMAIN, "icu-1")];
    let bundle = Bundle::new(&root.leaf(&icu, -3600, 2), &[&root]);
    let sensor = sensor(
        link_options(&bundle, collector.address),
        &MemorySource::new(),
    );
    eventually(&sensor.status, "connected", |s| {
        s.phase == LinkPhase::Connected
    })
    .await;
    let status = eventually(&sensor.status, "expired", |s| {
        matches!(s.failure, Some(Failure::SensorExpired { .. }))
    })
    .await;
    assert!(
        status
            .failure
            .unwrap()
            .to_string()
            .contains("issue a new one")
    );
    bundle.replace_leaf(&root.sensor("icu-1"));
    eventually(&sensor.status, "connected again", |s| {
        s.phase == LinkPhase::Connected
    })
    .await;
    sensor.running.stop().await;
}
