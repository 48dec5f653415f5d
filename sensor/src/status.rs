//! `/status` of a running sensor, and the command that reads it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use auscult_link::{LinkPhase, LinkStatus};
use auscult_proto::HealthState;
use axum::Router;
use axum::http::header;
use axum::routing::get;
use serde_json::{Value, json};

use crate::board::Board;
use crate::clock::wall_ms;
use crate::{exit, words};

/// Longest answer read.
const ANSWER_BYTES: u64 = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// The route `/status`.
pub fn routes(board: Arc<Board>, identity: Option<String>, sandbox: Vec<String>) -> Router {
    let answer = move || {
        let body = document(&board, identity.as_deref(), &sandbox).to_string();
        async move { ([(header::CONTENT_TYPE, "application/json")], body) }
    };
    Router::new().route("/status", get(answer))
}

fn document(board: &Board, identity: Option<&str>, sandbox: &[String]) -> Value {
    let link = board.link.borrow().clone();
    let connected = link.phase == LinkPhase::Connected;
    let spool = board.spool();
    let parked = spool.as_ref().and_then(|spool| spool.parked.clone());
    let mut condition = match (connected, link.failure.is_some() || parked.is_some()) {
        (_, true) => Condition::Unwell,
        (true, false) => Condition::Healthy,
        (false, false) => Condition::without_link(&link),
    };
    let mut points = serde_json::Map::new();
    for (point, figures) in board.points() {
        let state = board.state(&point);
        condition = condition.max(Condition::of(state));
        let [facts, endpoints, conversations] = figures.remembered;
        points.insert(
            point.to_string(),
            json!({
                "state": words::health_state(state),
                "packets": figures.packets,
                "bytes": figures.bytes,
                "dropped_by_kernel": figures.dropped_by_kernel,
                "dropped_by_interface": figures.dropped_by_interface,
                "undecoded": figures.undecoded,
                "last_frame": figures.last_frame.map(words::utc),
                "facts_emitted": figures.facts_emitted,
                "observations": figures.observations,
                "lost": figures.lost,
                "facts": facts,
                "endpoints": endpoints,
                "conversations": conversations,
                "table_evictions": figures.evictions,
                "one_way_per_mille": figures.coverage.one_way_per_mille,
                "l2_control_seen": figures.coverage.l2_control,
                "vlans": figures.coverage.vlans,
                "silent_vlans": figures.coverage.silent_vlans,
            }),
        );
    }
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "identity": identity,
        "healthy": condition == Condition::Healthy,
        "starting": condition == Condition::Starting,
        "uptime_s": board.started.elapsed().as_secs(),
        "capture_points": points,
        "spool": spool.map(|spool| json!({
            "bytes": spool.bytes,
            "limit_bytes": spool.limit,
            "durable": spool.durable,
            "acked": spool.acked,
            "unsent": spool.durable.saturating_sub(spool.acked),
            "oldest_unsent_ms": spool.oldest_ms.map(|oldest| wall_ms().saturating_sub(oldest)),
            "parked": spool.parked.map(|parked| parked.reason),
            "quarantined_files": spool.quarantined,
            "lost_full": spool.lost.full,
            "lost_quarantined": spool.lost.quarantined,
            "lost_unwritable": spool.lost.unwritable,
        })),
        "link": {
            "connected": connected,
            "phase": phase(&link.phase),
            "failure": link.failure.map(|failure| failure.to_string()),
            "acked": link.acked,
            "in_flight_bytes": link.in_flight_bytes,
            "clock_offset_ms": link.clock_offset_ms.map(i64::saturating_neg),
            "certificate_not_after": link.certificate_not_after_ms.map(words::utc),
        },
        "sandbox": sandbox,
    })
}

/// What a sensor says of itself as a whole; the worst of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Everything was judged and is well.
    Healthy,
    /// Nothing is known to be wrong, and not everything has been judged.
    Starting,
    /// Something is wrong.
    Unwell,
}

impl Condition {
    fn of(state: HealthState) -> Self {
        match state {
            HealthState::Ok => Self::Healthy,
            HealthState::Started => Self::Starting,
            _ => Self::Unwell,
        }
    }

    /// Of a link that is not there and has no failure to report: the first one is being made, or one is being made again.
    fn without_link(link: &LinkStatus) -> Self {
        let first = link.clock_offset_ms.is_none();
        match link.phase {
            LinkPhase::Idle | LinkPhase::Connecting if first => Self::Starting,
            _ => Self::Unwell,
        }
    }

    /// As the answer has it.
    #[must_use]
    pub fn read(document: &Value) -> Self {
        let holds = |key: &str| document.get(key) == Some(&Value::Bool(true));
        match (holds("healthy"), holds("starting")) {
            (true, _) => Self::Healthy,
            (false, true) => Self::Starting,
            (false, false) => Self::Unwell,
        }
    }

    /// The exit code of `status`.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Healthy => exit::OK,
            Self::Starting => exit::TRY_AGAIN,
            Self::Unwell => exit::FAILURE,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Starting => "starting, not yet judged: ask again in a moment",
            Self::Unwell => "NOT healthy",
        }
    }
}

fn phase(phase: &LinkPhase) -> &'static str {
    match phase {
        LinkPhase::Idle => "idle",
        LinkPhase::Connecting => "connecting",
        LinkPhase::Connected => "connected",
        LinkPhase::Waiting { .. } => "waiting",
        LinkPhase::Stopped => "stopped",
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatusError {
    /// Nobody listens.
    #[error(
        "no sensor answers at {address} ({reason}); is it running, and is this its [admin] listen address?"
    )]
    NotRunning {
        /// Where.
        address: String,
        /// Why.
        reason: std::io::Error,
    },
    /// Somebody does, but no sensor.
    #[error("what answers at {address} is no sensor")]
    Stranger {
        /// Where.
        address: String,
    },
}

/// Asks a running sensor.
///
/// # Errors
/// When none answers.
pub fn ask(address: &str) -> Result<Value, StatusError> {
    let not_running = |reason| StatusError::NotRunning {
        address: address.to_owned(),
        reason,
    };
    let answer = fetch(address).map_err(not_running)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    let document: Option<Value> = body.and_then(|body| serde_json::from_str(body).ok());
    document
        .filter(|document| document.get("healthy").is_some())
        .ok_or_else(|| StatusError::Stranger {
            address: address.to_owned(),
        })
}

fn fetch(address: &str) -> std::io::Result<String> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for candidate in address.to_socket_addrs()? {
        match fetch_from(candidate) {
            Ok(answer) => return Ok(answer),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn fetch_from(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES).read_to_string(&mut answer)?;
    Ok(answer)
}

/// The answer for people.
#[must_use]
pub fn text(document: &Value) -> String {
    let at = |path: &str| document.pointer(path).cloned().unwrap_or(Value::Null);
    let number = |path: &str| words::thousands(at(path).as_u64().unwrap_or(0));
    let word = |path: &str| at(path).as_str().unwrap_or("-").to_owned();
    let mut lines = vec![format!(
        "{} · {} · version {} · up {}",
        Condition::read(document).words(),
        word("/identity"),
        word("/version"),
        words::span(at("/uptime_s").as_u64().unwrap_or(0).saturating_mul(1000)),
    )];
    let points = at("/capture_points");
    for (name, point) in points.as_object().into_iter().flatten() {
        lines.push(point_text(name, point));
    }
    lines.push(format!(
        "spool   {} of {} bytes, {} observations not yet acknowledged, oldest {}{}",
        number("/spool/bytes"),
        number("/spool/limit_bytes"),
        number("/spool/unsent"),
        at("/spool/oldest_unsent_ms")
            .as_u64()
            .map_or_else(|| "-".to_owned(), words::span),
        at("/spool/parked")
            .as_str()
            .map_or_else(String::new, |why| format!("; PARKED: {why}")),
    ));
    let lost: u64 = ["full", "quarantined", "unwritable"]
        .iter()
        .filter_map(|reason| at(&format!("/spool/lost_{reason}")).as_u64())
        .sum();
    if lost > 0 {
        lines.push(format!(
            "        {} observations LOST since the start",
            words::thousands(lost)
        ));
    }
    lines.push(format!(
        "link    {}{}, acknowledged through {}, clock {} ms off, certificate until {}",
        word("/link/phase"),
        at("/link/failure")
            .as_str()
            .map_or_else(String::new, |why| format!(" ({why})")),
        number("/link/acked"),
        at("/link/clock_offset_ms").as_i64().unwrap_or(0),
        word("/link/certificate_not_after"),
    ));
    lines.join("\n")
}

fn point_text(name: &str, point: &Value) -> String {
    let number = |key: &str| words::thousands(point.get(key).and_then(Value::as_u64).unwrap_or(0));
    let word = |key: &str| {
        point
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or("never")
            .to_owned()
    };
    let dropped = ["dropped_by_kernel", "dropped_by_interface"]
        .iter()
        .filter_map(|key| point.get(*key).and_then(Value::as_u64))
        .sum();
    let mut text = format!(
        "listens {name}: {} · {} frames, {} dropped, last {} · {} address pairs, {} facts, {} conversations",
        word("state"),
        number("packets"),
        words::thousands(dropped),
        word("last_frame"),
        number("endpoints"),
        number("facts"),
        number("conversations"),
    );
    if point.get("l2_control_seen") == Some(&Value::Bool(false)) {
        text.push_str("\n        no LLDP, CDP or STP seen: the mirror port may leave out link-local multicast");
    }
    let silent = point.get("silent_vlans").and_then(Value::as_array);
    if let Some(silent) = silent.filter(|silent| !silent.is_empty()) {
        let vlans: Vec<String> = silent.iter().map(Value::to_string).collect();
        text.push_str(&format!("\n        silent VLANs: {}", vlans.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::point::Figures;
    use tokio::sync::watch;

    #[test]
    fn what_the_sensor_answers_reads_well_and_says_whether_it_is_healthy() {
        let point: auscult_proto::ids::CapturePoint = "span0".parse().unwrap();
        let (sender, receiver) = watch::channel(LinkStatus::default());
        let board = Board::new([point.clone()], receiver);
        board.post(
            &point,
            Figures {
                packets: 12_345,
                last_frame: Some(0),
                ..Figures::default()
            },
        );
        board.post_state(&point, HealthState::Ok);
        sender.send_replace(LinkStatus {
            phase: LinkPhase::Connected,
            acked: 7,
            ..LinkStatus::default()
        });
        let well = document(&board, Some("spiffe://d/site/a/sensor/b"), &[]);
        assert_eq!(Condition::read(&well), Condition::Healthy);
        let text = text(&well);
        for part in [
            "healthy · spiffe://d/site/a/sensor/b",
            "12,345 frames",
            "acknowledged through 7",
            "1970-01-01",
        ] {
            assert!(text.contains(part), "{text}");
        }
        board.post_state(&point, HealthState::CaptureDrops);
        let unwell = document(&board, None, &[]);
        assert_eq!(Condition::read(&unwell), Condition::Unwell);
        assert_eq!(Condition::Unwell.exit_code(), exit::FAILURE);
    }

    #[test]
    fn before_the_first_judgement_a_sensor_is_starting_unless_something_is_known_to_be_wrong() {
        let point: auscult_proto::ids::CapturePoint = "span0".parse().unwrap();
        let (sender, receiver) = watch::channel(LinkStatus::default());
        let board = Board::new([point.clone()], receiver);
        let condition = || Condition::read(&document(&board, None, &[]));
        assert_eq!(condition(), Condition::Starting);
        assert!(text(&document(&board, None, &[])).contains("starting, not yet judged"));
        assert_eq!(condition().exit_code(), exit::TRY_AGAIN);
        sender.send_replace(LinkStatus {
            phase: LinkPhase::Connected,
            ..LinkStatus::default()
        });
        assert_eq!(
            condition(),
            Condition::Starting,
            "the capture point is not judged"
        );
        board.post_state(&point, HealthState::Ok);
        assert_eq!(condition(), Condition::Healthy);
        board.post_state(&point, HealthState::Started);
        sender.send_replace(LinkStatus {
            failure: Some(auscult_link::Failure::Credentials("expired".to_owned())),
            ..LinkStatus::default()
        });
        assert_eq!(condition(), Condition::Unwell, "the link has failed");
        board.post_state(&point, HealthState::Ok);
        sender.send_replace(LinkStatus {
            phase: LinkPhase::Connecting,
            clock_offset_ms: Some(3),
            ..LinkStatus::default()
        });
        assert_eq!(condition(), Condition::Unwell, "it was connected before");
    }

    #[test]
    fn nobody_and_a_stranger_are_told_apart() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stranger = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            assert!(stream.read(&mut request).unwrap() > 0);
            stream
                .write_all(b"HTTP/1.0 404 Not Found\r\n\r\nnothing")
                .unwrap();
        });
        assert!(matches!(ask(&address), Err(StatusError::Stranger { .. })));
        stranger.join().unwrap();
        assert!(matches!(ask(&address), Err(StatusError::NotRunning { .. })));
    }
}
