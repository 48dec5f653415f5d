use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::shutdown::{self, Trigger};

async fn start(limits: Admin, readiness: &Readiness, extra: Router) -> (SocketAddr, Trigger) {
    let (shutdown, trigger) = shutdown::token();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let bound = limits
        .serve(
            any,
            readiness.clone(),
            crate::metrics::install(),
            extra,
            shutdown,
        )
        .await
        .unwrap();
    (bound, trigger)
}

async fn request(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}

#[tokio::test]
async fn readiness_follows_the_latches_and_names_the_reason() {
    let readiness = Readiness::new();
    let latch = readiness.register("spool");
    let (address, _trigger) = start(Admin::default(), &readiness, Router::new()).await;
    assert_eq!(request(address, "/live").await, (200, "live\n".to_owned()));
    let (status, body) = request(address, "/ready").await;
    assert_eq!(
        (status, body.as_str()),
        (
            503,
            "{\"latches\":{\"spool\":\"starting\"},\"ready\":false}\n"
        )
    );
    latch.not_ready("disk \"full\"");
    let (_, body) = request(address, "/ready").await;
    assert!(body.contains(r#""disk \"full\"""#), "{body}");
    latch.ready();
    let (status, body) = request(address, "/ready").await;
    assert_eq!(
        (status, body.as_str()),
        (200, "{\"latches\":{\"spool\":\"ready\"},\"ready\":true}\n")
    );
}

#[tokio::test]
async fn metrics_and_the_callers_routes_are_served() {
    let extra = Router::new().route("/extra", get(|| async { "more" }));
    let (address, _trigger) = start(Admin::default(), &Readiness::new(), extra).await;
    metrics::counter!("auscult_test_total").increment(3);
    let (status, body) = request(address, "/metrics").await;
    assert_eq!(status, 200);
    assert!(body.contains("\nauscult_test_total 3\n"), "{body}");
    assert!(body.contains("\nprocess_open_fds "), "{body}");
    assert_eq!(request(address, "/extra").await, (200, "more".to_owned()));
    assert_eq!(request(address, "/none").await.0, 404);
}

#[tokio::test]
async fn a_silent_connection_is_closed_and_its_slot_given_to_the_next() {
    let limits = Admin {
        connections: 1,
        read_timeout: Duration::from_millis(50),
        ..Admin::default()
    };
    let (address, _trigger) = start(limits, &Readiness::new(), Router::new()).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(b"GET /live HT").await.unwrap();
    // Answered only once the silent one has lost the only slot.
    assert_eq!(request(address, "/live").await.0, 200);
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), silent.read_to_end(&mut rest)).await;
    assert!(closed.is_ok());
}

#[tokio::test]
async fn a_connection_that_drips_is_closed_at_its_age() {
    let limits = Admin {
        read_timeout: Duration::from_secs(60),
        connection_age: Duration::from_millis(60),
        ..Admin::default()
    };
    let (address, _trigger) = start(limits, &Readiness::new(), Router::new()).await;
    let mut dripping = TcpStream::connect(address).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(10), async {
        let mut byte = [0];
        loop {
            if dripping.write_all(b"G").await.is_err() {
                return;
            }
            let quiet = Duration::from_millis(5);
            if let Ok(read) = tokio::time::timeout(quiet, dripping.read(&mut byte)).await
                && matches!(read, Ok(0) | Err(_))
            {
                return;
            }
        }
    })
    .await;
    assert!(closed.is_ok());
}

#[tokio::test]
async fn shutdown_closes_the_port() {
    let (address, trigger) = start(Admin::default(), &Readiness::new(), Router::new()).await;
    assert_eq!(request(address, "/live").await.0, 200);
    trigger.fire();
    let refused = tokio::time::timeout(Duration::from_secs(5), async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(refused.is_ok());
}
