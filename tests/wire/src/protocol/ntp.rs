//! NTP version 4, client and server mode (RFC 5905 §7.3).

use bytes::BufMut;

use crate::address::Endpoint;
use crate::calendar::{MICROSECOND, Nanos, ntp};
use crate::tap::Tap;

/// A server's place in the hierarchy.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// 1 for a reference clock.
    pub stratum: u8,
    /// Four characters (`GPS\0`) at stratum 1, else the address of its own server.
    pub reference: [u8; 4],
}

fn packet(first: u8, server: Option<Server>, times: [Nanos; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(48);
    let stratum = server.map_or(0, |server| server.stratum);
    out.put_slice(&[first, stratum, 6, 0xe9]);
    out.put_u32(0x0000_0400);
    out.put_u32(0x0000_0800);
    out.put_slice(&server.map_or([0; 4], |server| server.reference));
    for time in times {
        out.put_u64(if time == 0 { 0 } else { ntp(time) });
    }
    out
}

/// `client` asks `server` for the time.
pub fn poll(tap: &mut Tap<'_>, client: &Endpoint, server: &Endpoint, source: Server) {
    let sent = tap.now;
    let request = packet(0x23, None, [0, 0, 0, sent]);
    let frame = tap.udp((client, 123), (server, 123), &request);
    tap.states(frame, client, "ntp.mode", "3");
    tap.wait_about(300 * MICROSECOND);
    let received = tap.now;
    let reference = received - 16_000_000_000;
    let answer = packet(0x24, Some(source), [reference, sent, received, received]);
    let frame = tap.udp((server, 123), (client, 123), &answer);
    tap.states(frame, server, "ntp.mode", "4");
    tap.states(frame, server, "ntp.stratum", source.stratum.to_string());
}
