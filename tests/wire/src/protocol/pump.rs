//! An infusion pump and its server over TCP.
//!
//! No maker has published its pump protocol, so this one is nobody's: it has their shape. A frame is the length of what follows (u16, big
//! endian), magic `IPC1`, a type octet, and fields of one octet tag, one octet length and text.

use bytes::BufMut;

use crate::address::Endpoint;
use crate::calendar::{MILLISECOND, Nanos};
use crate::canary::Form;
use crate::patient::Patient;
use crate::random::Random;
use crate::tap::Tap;
use crate::tcp::{Close, Conditions, Session, Side};

/// A pump as it registers.
#[derive(Debug, Clone, Copy)]
pub struct Pump<'a> {
    /// Maker.
    pub manufacturer: &'a str,
    /// Model.
    pub model: &'a str,
    /// Serial number.
    pub serial: &'a str,
    /// Software of the pump.
    pub software: &'a str,
    /// Drug library.
    pub library: &'a str,
}

const REGISTER: u8 = 1;
const REGISTERED: u8 = 2;
const STATUS: u8 = 3;
const SEEN: u8 = 4;

fn frame(kind: u8, fields: &[(u8, &str)]) -> Vec<u8> {
    let mut body = Vec::with_capacity(96);
    body.put_slice(b"IPC1");
    body.put_u8(kind);
    for (tag, text) in fields {
        let text = &text.as_bytes()[..text.len().min(255)];
        body.put_slice(&[*tag, text.len() as u8]);
        body.put_slice(text);
    }
    let mut out = Vec::with_capacity(body.len() + 2);
    out.put_u16(body.len() as u16);
    out.put_slice(&body);
    out
}

impl Pump<'_> {
    /// Registers and reports `reports` times, `interval` apart. The session stays open.
    pub fn report(
        &self,
        tap: &mut Tap<'_>,
        pump: &Endpoint,
        (server, port): (&Endpoint, u16),
        patient: &Patient,
        (reports, interval): (u32, Nanos),
        conditions: Conditions,
    ) {
        let client_port = tap.ephemeral_port(pump);
        let mut session = Session::open(tap, (pump, client_port), (server, port), conditions);
        let identity = [
            (1, "pump.manufacturer", self.manufacturer),
            (2, "pump.model", self.model),
            (3, "pump.serial", self.serial),
            (4, "pump.software", self.software),
            (5, "pump.library", self.library),
        ];
        let fields = identity.map(|(tag, _, text)| (tag, text));
        let sent = session.send(Side::Client, &frame(REGISTER, &fields));
        for (_, attribute, text) in identity {
            session.states(sent, Side::Client, attribute, text);
        }
        session.tap.wait_about(20 * MILLISECOND);
        session.send(Side::Server, &frame(REGISTERED, &[(3, self.serial)]));
        for _ in 0..reports {
            session.tap.wait_about(interval);
            let rate = format!("{}.0", session.tap.random.below(200) + 1);
            let fields = [
                (3, self.serial),
                (16, patient.record_number.as_str()),
                (17, patient.family.as_str()),
                (32, "NOREPINEPHRINE"),
                (33, rate.as_str()),
            ];
            let sent = session.send(Side::Client, &frame(STATUS, &fields));
            session
                .tap
                .puts("pump field 16", Form::Plain, &[&patient.record_number]);
            session
                .tap
                .puts("pump field 17", Form::Plain, &[&patient.family]);
            session.states(sent, Side::Client, "pump.serial", self.serial);
            session.tap.wait_about(5 * MILLISECOND);
            session.send(Side::Server, &frame(SEEN, &[(3, self.serial)]));
        }
        session.close(Close::Open);
    }

    /// The same frames one after the other, for whatever carries them.
    #[must_use]
    pub fn messages(
        &self,
        random: &mut Random,
        patient: &Patient,
        reports: u32,
    ) -> Vec<(Side, Vec<u8>)> {
        let identity = [
            (1, self.manufacturer),
            (2, self.model),
            (3, self.serial),
            (4, self.software),
            (5, self.library),
        ];
        let mut messages = vec![
            (Side::Client, frame(REGISTER, &identity)),
            (Side::Server, frame(REGISTERED, &[(3, self.serial)])),
        ];
        for _ in 0..reports {
            let rate = format!("{}.0", random.below(200) + 1);
            let fields = [
                (3, self.serial),
                (16, patient.record_number.as_str()),
                (17, patient.family.as_str()),
                (32, "NOREPINEPHRINE"),
                (33, rate.as_str()),
            ];
            messages.push((Side::Client, frame(STATUS, &fields)));
            messages.push((Side::Server, frame(SEEN, &[(3, self.serial)])));
        }
        messages
    }
}

/// Remembers that [`Pump::messages`] go by inside TLS.
pub fn hide(tap: &mut Tap<'_>, patient: &Patient) {
    tap.puts("pump field 16", Form::Tls, &[&patient.record_number]);
    tap.puts("pump field 17", Form::Tls, &[&patient.family]);
}
