//! HL7 version 2 over MLLP: admissions, orders, results, and the IHE PCD profiles of devices (DEC PCD-01, ACM PCD-04, MEM-DMC PCD-15).

mod canaries;
mod message;

pub use message::{Event, Instrument, Message};

use crate::address::Endpoint;
use crate::calendar::{Civil, MILLISECOND};
use crate::patient::Patient;
use crate::tap::Tap;
use crate::tcp::{Close, Conditions, Session, Side};

/// One end's application.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    /// MSH-3 of what it sends, MSH-5 of what it gets. A device writes `name^EUI-64^EUI-64`.
    pub name: &'a str,
    /// MSH-4, MSH-6.
    pub facility: &'a str,
    /// SFT, where it writes one: vendor, version, product, binary identifier.
    pub software: Option<[&'a str; 4]>,
}

/// An open connection from a sender to a receiver.
#[derive(Debug)]
pub struct Connection<'c, 's, 'r> {
    session: Session<'s, 'r>,
    sender: Application<'c>,
    receiver: Application<'c>,
    version: &'c str,
    serial: u32,
}

impl<'c, 's, 'r> Connection<'c, 's, 'r> {
    /// Opens the connection; `version` is MSH-12.
    pub fn open(
        tap: &'s mut Tap<'r>,
        (client, sender): (&Endpoint, Application<'c>),
        (server, receiver): (&Endpoint, Application<'c>),
        port: u16,
        version: &'c str,
        conditions: Conditions,
    ) -> Self {
        let client_port = tap.ephemeral_port(client);
        let serial = tap.random.below(900_000) + 100_000;
        Self {
            session: Session::open(tap, (client, client_port), (server, port), conditions),
            sender,
            receiver,
            version,
            serial,
        }
    }

    /// Sends one message about a patient; the receiver acknowledges it.
    pub fn deliver(&mut self, event: &Event<'_>, patient: &Patient) {
        self.serial += 1;
        let time = Civil::new(self.session.tap.now).compact();
        let message = Message {
            sender: self.sender,
            receiver: self.receiver,
            version: self.version,
            control: self.serial,
            time: &time,
        };
        let text = message.event(event, patient);
        let frame = self.session.send(Side::Client, &mllp(&text));
        message.put_canaries(event, patient, self.session.tap);
        let sent = message.facts(event);
        for (attribute, value) in sent {
            self.session.states(frame, Side::Client, attribute, value);
        }
        self.session.tap.wait_about(4 * MILLISECOND);
        let answer = Message {
            sender: self.receiver,
            receiver: self.sender,
            ..message
        };
        let frame = self
            .session
            .send(Side::Server, &mllp(&answer.acknowledgement(event)));
        for (attribute, value) in answer.acknowledgement_facts(event) {
            self.session.states(frame, Side::Server, attribute, value);
        }
        self.session.tap.wait_about(10 * MILLISECOND);
    }

    /// Lets time pass between messages.
    pub fn wait_about(&mut self, nanos: u64) {
        self.session.tap.wait_about(nanos);
    }

    /// Ends the connection.
    pub fn close(self, how: Close) {
        self.session.close(how);
    }
}

/// Start block, message, end block, carriage return (HL7 implementation guide, appendix C).
fn mllp(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 3);
    out.push(0x0b);
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(&[0x1c, 0x0d]);
    out
}
