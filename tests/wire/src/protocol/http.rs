//! HTTP/1.1 (RFC 9112): a request and its answer, with what they tell of both ends.

use std::fmt::Write as _;

use crate::recording::FrameId;
use crate::tcp::{Session, Side};

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// Path and query; these hold patient data in reality.
    pub target: &'a str,
    /// `Host`.
    pub host: &'a str,
    /// `User-Agent`; empty: not written.
    pub user_agent: &'a str,
    /// Further header fields.
    pub headers: &'a [(&'a str, &'a str)],
    /// Content.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// Status code and phrase, such as `200 OK`.
    pub status: &'a str,
    /// `Server`; empty: not written.
    pub server: &'a str,
    /// `Date`, in the form of RFC 9110 §5.6.7.
    pub date: &'a str,
    /// Further header fields.
    pub headers: &'a [(&'a str, &'a str)],
    /// Content.
    pub body: &'a [u8],
}

fn headers(head: &mut String, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    for (name, value) in fields {
        if !value.is_empty() {
            let written = write!(head, "{name}: {value}\r\n");
            debug_assert!(written.is_ok(), "a String takes every write");
        }
    }
    let mut out = Vec::with_capacity(head.len() + body.len() + 32);
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

impl Request<'_> {
    /// Writes the message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let own = [("Host", self.host), ("User-Agent", self.user_agent)];
        headers(&mut head, &[&own[..], self.headers].concat(), self.body)
    }
}

impl Response<'_> {
    /// Writes the message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        let own = [("Server", self.server), ("Date", self.date)];
        headers(&mut head, &[&own[..], self.headers].concat(), self.body)
    }
}

/// One request and its answer in a session.
pub fn exchange(
    session: &mut Session<'_, '_>,
    request: &Request<'_>,
    response: &Response<'_>,
) -> (FrameId, FrameId) {
    let asked = session.send(Side::Client, &request.encode());
    session.states(asked, Side::Client, "http.host", request.host);
    session.states(asked, Side::Client, "http.uri", request.target);
    if !request.user_agent.is_empty() {
        session.states(asked, Side::Client, "http.user_agent", request.user_agent);
    }
    session.tap.wait_about(2_000_000);
    let answered = session.send(Side::Server, &response.encode());
    if !response.server.is_empty() {
        session.states(answered, Side::Server, "http.server", response.server);
    }
    for (name, value) in response.headers {
        if *name == "WWW-Authenticate" {
            session.states(answered, Side::Server, "http.www_authenticate", *value);
        }
    }
    (asked, answered)
}
