//! Laboratory analyzers: ASTM E1381 frames (CLSI LIS1-A) with E1394 records (CLSI LIS2-A2) over TCP.

use bytes::BufMut;

use crate::address::Endpoint;
use crate::calendar::{Civil, MILLISECOND};
use crate::canary::Form;
use crate::patient::Patient;
use crate::tap::Tap;
use crate::tcp::{Close, Conditions, Session, Side};

/// An analyzer as it writes itself into H-5.
#[derive(Debug, Clone, Copy)]
pub struct Analyzer<'a> {
    /// First component.
    pub manufacturer: &'a str,
    /// Second.
    pub product: &'a str,
    /// Third.
    pub version: &'a str,
    /// Fourth.
    pub instrument: &'a str,
}

const ENQ: u8 = 5;
const ACK: u8 = 6;
const EOT: u8 = 4;

/// One frame: STX, number 1 to 7 and 0, record, CR, ETX, checksum modulo 256 in hexadecimal, CR LF (LIS1-A §6.3).
fn frame(number: u8, record: &str) -> Vec<u8> {
    let mut out = vec![2, b'0' + number % 8];
    out.put_slice(record.as_bytes());
    out.put_slice(&[b'\r', 3]);
    let sum = out[1..]
        .iter()
        .fold(0_u8, |sum, octet| sum.wrapping_add(*octet));
    out.put_slice(format!("{sum:02X}\r\n").as_bytes());
    out
}

impl Analyzer<'_> {
    fn sender(&self) -> String {
        format!(
            "{}^{}^{}^{}",
            self.manufacturer, self.product, self.version, self.instrument
        )
    }

    /// Sends one result (`test` with `value` and `unit`) of a patient to the laboratory's system.
    pub fn upload(
        &self,
        tap: &mut Tap<'_>,
        analyzer: &Endpoint,
        (host, port): (&Endpoint, u16),
        patient: &Patient,
        [test, value, unit]: [&str; 3],
        conditions: Conditions,
    ) {
        let client_port = tap.ephemeral_port(analyzer);
        let time = Civil::new(tap.now).compact();
        let mut session = Session::open(tap, (analyzer, client_port), (host, port), conditions);
        let records = [
            format!("H|\\^&|||{}|||||||P|LIS2-A2|{time}", self.sender()),
            format!(
                "P|1|{}|{}||{}^{}||{}|{}||{}",
                patient.record_number,
                patient.account,
                patient.family,
                patient.given,
                patient.birth_date,
                patient.sex,
                patient.street
            ),
            format!("O|1|{}||^^^{test}|R||{time}", patient.accession),
            format!("R|1|^^^{test}|{value}|{unit}||N||F||||{time}"),
            format!("C|1|I|{}|G", patient.finding),
            "L|1|N".to_owned(),
        ];
        session.send(Side::Client, &[ENQ]);
        session.tap.wait_about(2 * MILLISECOND);
        session.send(Side::Server, &[ACK]);
        for (index, record) in records.iter().enumerate() {
            let number = (index + 1) as u8;
            let sent = session.send(Side::Client, &frame(number, record));
            if index == 0 {
                session.states(sent, Side::Client, "astm.H-5", self.sender());
            }
            session.tap.wait_about(2 * MILLISECOND);
            session.send(Side::Server, &[ACK]);
        }
        session.send(Side::Client, &[EOT]);
        for (place, canary) in [
            ("astm P-3", &patient.record_number),
            ("astm P-4", &patient.account),
            ("astm P-6", &patient.family),
            ("astm P-6", &patient.given),
            ("astm P-11", &patient.street),
            ("astm O-3", &patient.accession),
            ("astm C-4", &patient.finding),
        ] {
            session.tap.puts(place, Form::Plain, &[canary]);
        }
        session.close(Close::Fin(Side::Client));
    }
}
