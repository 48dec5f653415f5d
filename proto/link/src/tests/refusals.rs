//! Every refusal names its cause, on both ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use auscult_proto::limits as wire_limits;
use auscult_proto::wire::{Batch, Packing, SensorHello, sensor_frame::Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::pki::{Authority, Bundle, TRUST_DOMAIN, dns, sensor_name, uri};
use super::world::{
    MemoryLog, MemorySource, Tally, collector, eventually, limits, link_options, sensor,
    serve_options,
};
use crate::clock::wall_ms;
use crate::credentials::{Credentials, CredentialsError, Holder};
use crate::failure::Failure;
use crate::serve::{ServeError, bind};
use crate::session::{LinkPhase, attempt};
use crate::tls::{self, Witness};
use crate::{Refusal, metrics};

const HOUR: i64 = 3600;

fn hello() -> Kind {
    Kind::Hello(SensorHello {
        version: "test".to_owned(),
        incarnation: 1,
        next_seq: 5,
        clock_ms: wall_ms(),
        packings: Vec::new(),
    })
}

fn packing_hello() -> Kind {
    let Kind::Hello(mut hello) = hello() else {
        unreachable!("a hello");
    };
    hello.packings = vec![Packing::Deflate.into()];
    Kind::Hello(hello)
}

fn batch(first_seq: u64, count: u32, bytes: usize) -> Kind {
    Kind::Batch(Batch {
        first_seq,
        count,
        body: vec![0; bytes].into(),
        unpacked_bytes: 0,
    })
}

fn valid_sensor(root: &Authority) -> (Bundle, Credentials) {
    let bundle = Bundle::new(&root.sensor("icu-1"), &[root]);
    let credentials = Credentials::load(&bundle.paths(), Holder::Sensor).unwrap();
    (bundle, credentials)
}

#[tokio::test]
async fn the_collector_says_why_it_refuses_a_certificate() {
    let tally = Tally::default();
    let _recording = ::metrics::set_default_local_recorder(&tally);
    let (root, other) = (Authority::new("root"), Authority::new("other root"));
    let files = Bundle::new(&root.collector(), &[&root]);
    files.write("denied", "main/stolen\n");
    let mut options = serve_options(&files, limits());
    options.deny_list = Some(files.path().join("denied"));
    let collector = collector(options, &MemoryLog::new()).await;
    let icu = || sensor_name(TRUST_DOMAIN, "icu-1");
    let stolen = sensor_name(TRUST_DOMAIN, "stolen");
    let several = [icu(), uri("https://example.org/"), dns("localhost")];
    let now = |names: &[_]| root.leaf(names, -HOUR, HOUR);
    let (mine, nobody) = (Holder::Sensor, Holder::Collector);
    let cases = [
        (
            "wrong_root",
            "sensor_untrusted",
            mine,
            other.leaf(&[icu()], -HOUR, HOUR),
            0,
        ),
        (
            "expired",
            "sensor_expired",
            mine,
            root.leaf(&[icu()], -2 * HOUR, -HOUR),
            -HOUR - 60,
        ),
        (
            "not_yet_valid",
            "sensor_expired",
            mine,
            root.leaf(&[icu()], HOUR, 2 * HOUR),
            HOUR + 60,
        ),
        (
            "not_a_sensor",
            "sensor_not_accepted",
            nobody,
            now(&[dns("localhost")]),
            0,
        ),
        (
            "not_a_sensor",
            "sensor_not_accepted",
            mine,
            now(&[sensor_name("elsewhere", "icu-1")]),
            0,
        ),
        (
            "not_a_sensor",
            "sensor_not_accepted",
            nobody,
            now(&several),
            0,
        ),
        ("denied", "denied", mine, now(&[stolen]), 0),
    ];
    for (reason, failure, holder, leaf, ahead) in cases {
        let before = tally.of(metrics::HANDSHAKES_REFUSED, reason);
        let bundle = Bundle::new(&leaf, &[&root]);
        let issuer = if reason == "wrong_root" {
            &other
        } else {
            &root
        };
        let credentials = bundle.credentials(holder, issuer, ahead);
        let failed = attempt(&bundle.dial(collector.address), &credentials, vec![hello()]).await;
        assert_eq!(failed.label(), failure, "{reason}: {failed}");
        let after = tally.of(metrics::HANDSHAKES_REFUSED, reason);
        assert_eq!(after, before + 1, "{reason}");
        assert!(failed.needs_somebody());
        if reason == "wrong_root" {
            assert!(failed.to_string().contains("CN=other root"), "{failed}");
        }
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_is_turned_away_in_the_handshake() {
    let tally = Tally::default();
    let _recording = ::metrics::set_default_local_recorder(&tally);
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let collector = collector(serve_options(&files, limits()), &MemoryLog::new()).await;
    let (_bundle, credentials) = valid_sensor(&root);
    let config = rustls::ClientConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(Arc::clone(&credentials.roots))
        .with_no_client_auth();
    let tcp = TcpStream::connect(collector.address).await.unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect("localhost".try_into().unwrap(), tcp)
        .await
        .unwrap();
    let error = stream.read(&mut [0; 16]).await.unwrap_err();
    assert!(
        matches!(
            tls::tls_error(&error),
            Some(rustls::Error::AlertReceived(
                rustls::AlertDescription::CertificateRequired
            ))
        ),
        "{error}"
    );
    assert_eq!(tally.of(metrics::HANDSHAKES_REFUSED, "no_certificate"), 1);
}

/// Something that completes TLS as a collector with these credentials would.
async fn impostor(credentials: Credentials) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let witness = Arc::new(Witness::default());
        let denied = Arc::default();
        let config =
            tls::server_config(&credentials, &TRUST_DOMAIN.into(), &denied, &witness).unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        drop(TlsAcceptor::from(Arc::new(config)).accept(tcp).await);
    });
    address
}

#[tokio::test]
async fn the_sensor_says_what_is_wrong_with_the_collectors_certificate() {
    let (root, other) = (Authority::new("root"), Authority::new("intercepting proxy"));
    let here = || [dns("localhost")];
    let cases = [
        (
            "collector_untrusted",
            "CN=intercepting proxy",
            &other,
            other.collector(),
            0,
        ),
        (
            "collector_expired",
            "this clock says",
            &root,
            root.leaf(&here(), -2 * HOUR, -HOUR),
            -HOUR - 60,
        ),
        (
            "collector_not_yet_valid",
            "this clock says",
            &root,
            root.leaf(&here(), HOUR, 2 * HOUR),
            HOUR + 60,
        ),
        (
            "collector_wrong_name",
            "[collector.example]",
            &root,
            root.leaf(&[dns("collector.example")], -HOUR, HOUR),
            0,
        ),
    ];
    let (bundle, credentials) = valid_sensor(&root);
    for (label, text, issuer, leaf, ahead) in cases {
        let files = Bundle::new(&leaf, &[&root]);
        let address = impostor(files.credentials(Holder::Collector, issuer, ahead)).await;
        let failed = attempt(&bundle.dial(address), &credentials, vec![hello()]).await;
        assert_eq!(failed.label(), label, "{failed}");
        assert!(failed.to_string().contains(text), "{failed}");
        assert!(failed.needs_somebody());
    }
}

#[tokio::test]
async fn an_address_without_a_collector_is_named_for_what_it_is() {
    let root = Authority::new("root");
    let (bundle, credentials) = valid_sensor(&root);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let failed = attempt(&bundle.dial(address), &credentials, vec![hello()]).await;
    assert_eq!(failed.label(), "connection_refused");

    let mut dial = bundle.dial(address);
    dial.address = "no-such-host.invalid:443".to_owned();
    let failed = attempt(&dial, &credentials, vec![hello()]).await;
    assert_eq!(failed.label(), "unresolved", "{failed}");

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut dial = bundle.dial(silent.local_addr().unwrap());
    dial.handshake_timeout = Duration::from_millis(100);
    let failed = attempt(&dial, &credentials, vec![hello()]).await;
    assert_eq!(failed.label(), "handshake_timeout");

    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = web.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut tcp, _) = web.accept().await.unwrap();
        drop(tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        drop(tcp.read(&mut [0; 1024]).await);
    });
    let failed = attempt(&bundle.dial(address), &credentials, vec![hello()]).await;
    assert_eq!(failed.label(), "not_tls", "{failed}");
}

#[tokio::test]
async fn broken_protocol_ends_the_stream_with_its_name() {
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let log = MemoryLog::new();
    let collector = collector(serve_options(&files, limits()), &log).await;
    let (bundle, credentials) = valid_sensor(&root);
    let version = Kind::Hello(SensorHello {
        version: "v".repeat(100),
        next_seq: 1,
        clock_ms: wall_ms(),
        incarnation: 1,
        packings: Vec::new(),
    });
    let cases = [
        ("first frame", vec![batch(5, 1, 1)]),
        ("second hello", vec![hello(), hello()]),
        ("version text", vec![version]),
        ("0 observations", vec![hello(), batch(5, 0, 1)]),
        ("1025 observations", vec![hello(), batch(5, 1025, 1)]),
        ("sequence 4 where", vec![hello(), batch(4, 1, 1)]),
        (
            "sequence 6 where",
            vec![hello(), batch(5, 3, 1), batch(6, 1, 1)],
        ),
        ("does not exist", vec![hello(), batch(u64::MAX, 1, 1)]),
        (
            "body of 262145 bytes",
            vec![hello(), batch(5, 1, wire_limits::BATCH_BYTES + 1)],
        ),
        ("cannot be unpacked", vec![packing_hello(), batch(5, 1, 9)]),
        (
            "too large",
            vec![hello(), batch(5, 1, wire_limits::BATCH_BYTES + 10_000)],
        ),
    ];
    for (text, frames) in cases {
        let failed = attempt(&bundle.dial(collector.address), &credentials, frames).await;
        let Failure::Refused { reason, text: said } = &failed else {
            panic!("{text}: {failed}");
        };
        assert_eq!(*reason, Refusal::Protocol, "{text}");
        assert!(said.contains(text), "{text}: {said}");
    }
    let logged = log.watch().borrow().arrivals.len();
    assert_eq!(logged, 1, "only the good batch before a bad one");
}

#[tokio::test]
async fn a_clock_off_by_more_than_a_day_is_refused_with_both_clocks() {
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let collector = collector(serve_options(&files, limits()), &MemoryLog::new()).await;
    let (bundle, credentials) = valid_sensor(&root);
    let at = |hours: i64| {
        vec![Kind::Hello(SensorHello {
            clock_ms: wall_ms() + (hours * HOUR + hours.signum() * 60) * 1000,
            next_seq: 1,
            ..Default::default()
        })]
    };
    for hours in [-25, 25] {
        let failed = attempt(&bundle.dial(collector.address), &credentials, at(hours)).await;
        let Failure::Refused { reason, text } = &failed else {
            panic!("{failed}");
        };
        assert_eq!(*reason, Refusal::ClockOff);
        assert!(
            text.contains("25 h") && text.contains("the sensor says"),
            "{text}"
        );
    }
    let fine = attempt(&bundle.dial(collector.address), &credentials, at(23)).await;
    assert!(matches!(fine, Failure::Closed { .. }), "{fine}");
}

#[tokio::test]
async fn a_sensor_that_is_put_on_the_deny_list_loses_its_stream() {
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    files.write("denied", "");
    let mut options = serve_options(&files, limits());
    options.deny_list = Some(files.path().join("denied"));
    let collector = collector(options, &MemoryLog::new()).await;
    let (bundle, _) = valid_sensor(&root);
    let sensor = sensor(
        link_options(&bundle, collector.address),
        &MemorySource::new(),
    );
    eventually(&sensor.status, "connected", |s| {
        s.phase == LinkPhase::Connected
    })
    .await;
    files.write("denied", "spiffe://auscult.test/site/main/sensor/icu-1\n");
    eventually(&sensor.status, "denied in the handshake", |s| {
        s.failure == Some(Failure::Denied)
    })
    .await;
    files.write("denied", "");
    eventually(&sensor.status, "allowed again", |s| {
        s.phase == LinkPhase::Connected
    })
    .await;
    sensor.running.stop().await;
}

#[tokio::test]
async fn credentials_that_do_not_hold_are_not_used() {
    let (root, other) = (Authority::new("root"), Authority::new("other root"));
    let icu = [sensor_name(TRUST_DOMAIN, "icu-1")];
    let fault = |leaf: &super::pki::Leaf, roots: &[&Authority]| {
        let bundle = Bundle::new(leaf, roots);
        Credentials::load(&bundle.paths(), Holder::Sensor).unwrap_err()
    };
    let good = root.sensor("icu-1");
    let mixed = super::pki::Leaf {
        key: root.sensor("icu-1").key,
        ..good.clone()
    };
    let is = |ok: bool, error: &CredentialsError| assert!(ok, "{error}");
    let error = fault(&good, &[&other]);
    is(matches!(error, CredentialsError::Untrusted { .. }), &error);
    let error = fault(&root.leaf(&icu, -2 * HOUR, -HOUR), &[&root]);
    is(matches!(error, CredentialsError::Expired { .. }), &error);
    let error = fault(&root.leaf(&icu, HOUR, 2 * HOUR), &[&root]);
    is(
        matches!(error, CredentialsError::NotYetValid { .. }),
        &error,
    );
    let error = fault(&mixed, &[&root]);
    is(
        matches!(error, CredentialsError::KeyMismatch { .. }),
        &error,
    );
    let error = fault(&root.collector(), &[&root]);
    is(matches!(error, CredentialsError::NotASensor { .. }), &error);
    let error = fault(&good, &[]);
    is(matches!(error, CredentialsError::Empty { .. }), &error);

    let files = Bundle::new(&root.leaf(&[dns("localhost")], -2 * HOUR, -HOUR), &[&root]);
    let refused = bind(serve_options(&files, limits())).await;
    assert!(matches!(refused, Err(ServeError::Credentials(_))));
}

#[tokio::test]
async fn a_sensor_waits_for_usable_credentials_and_then_connects() {
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let collector = collector(serve_options(&files, limits()), &MemoryLog::new()).await;
    let icu = [sensor_name(TRUST_DOMAIN, "icu-1")];
    let bundle = Bundle::new(&root.leaf(&icu, -2 * HOUR, -HOUR), &[&root]);
    let sensor = sensor(
        link_options(&bundle, collector.address),
        &MemorySource::new(),
    );
    let status = eventually(&sensor.status, "complains", |s| s.failure.is_some()).await;
    let failure = status.failure.unwrap();
    assert!(matches!(failure, Failure::Credentials(_)), "{failure}");
    assert!(failure.to_string().contains("expired at"), "{failure}");
    bundle.replace_leaf(&root.sensor("icu-1"));
    eventually(&sensor.status, "connected", |s| {
        s.phase == LinkPhase::Connected
    })
    .await;
    sensor.running.stop().await;
}

#[tokio::test]
async fn a_certificate_of_another_sensor_delivers_nothing_of_the_first() {
    let root = Authority::new("root");
    let files = Bundle::new(&root.collector(), &[&root]);
    let log = MemoryLog::new();
    let collector = collector(serve_options(&files, limits()), &log).await;
    let bundle = Bundle::new(&root.sensor("icu-1"), &[&root]);
    let source = MemorySource::new();
    let first = sensor(link_options(&bundle, collector.address), &source);
    let connected = |s: &crate::LinkStatus| s.phase == LinkPhase::Connected;
    eventually(&first.status, "connected", connected).await;
    first.running.stop().await;
    source.add(1, 4, 100);
    let bundle = Bundle::new(&root.sensor("icu-2"), &[&root]);
    let second = sensor(link_options(&bundle, collector.address), &source);
    let status = eventually(&second.status, "refuses", |s| s.failure.is_some()).await;
    let failure = status.failure.unwrap().to_string();
    assert!(failure.contains("icu-1 was here before"), "{failure}");
    assert_eq!(source.len(), 1);
    second.running.stop().await;
}
