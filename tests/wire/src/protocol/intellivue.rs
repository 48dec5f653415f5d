//! Philips `IntelliVue` Data Export over UDP, after the Data Export Interface Programming Guide: connect indication (broadcast, port 24005),
//! association, MDS create event, and a poll that returns the patient's demographics (port 24105).

use std::net::{IpAddr, Ipv4Addr};

use bytes::BufMut;

use crate::address::{Endpoint, Mac};
use crate::calendar::{MILLISECOND, Nanos};
use crate::canary::Form;
use crate::patient::Patient;
use crate::tap::Tap;

/// A monitor.
#[derive(Debug, Clone, Copy)]
pub struct Monitor<'a> {
    /// Manufacturer in the system model (0x0928), such as `Philips`.
    pub manufacturer: &'a str,
    /// Model in the system model, such as `M8004A`.
    pub model: &'a str,
    /// Production specification type 1, component 8.
    pub serial: &'a str,
    /// Production specification type 4, component 0x58.
    pub software: &'a str,
    /// Bed label (0x091E).
    pub bed: &'a str,
}

const INDICATION_PORT: u16 = 24_005;
const DATA_PORT: u16 = 24_105;
/// Object class and event codes of the nomenclature.
const MDS: u16 = 33;
const DEMOGRAPHICS: u16 = 42;
const MDS_CREATED: u16 = 3_334;
const CONNECT_INDICATION: u16 = 3_351;
const POLL: u16 = 3_094;

/// Session and presentation layer of an association request (guide, "Association Request Message"), up to the user data.
const ASSOCIATE_SESSION: &[u8] = &[
    0x05, 0x08, 0x13, 0x01, 0x00, 0x16, 0x01, 0x02, 0x80, 0x00, 0x14, 0x02, 0x00, 0x02,
];
const ASSOCIATE_PRESENTATION: &[u8] = &[
    0x31, 0x80, 0xa0, 0x80, 0x80, 0x01, 0x01, 0x00, 0x00, 0xa2, 0x80, 0xa0, 0x03, 0x00, 0x00, 0x01,
    0xa4, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01, 0x06, 0x04, 0x52, 0x01, 0x00, 0x01, 0x30, 0x80, 0x06,
    0x02, 0x51, 0x01, 0x00, 0x00, 0x00, 0x00, 0x30, 0x80, 0x02, 0x01, 0x02, 0x06, 0x0c, 0x2a, 0x86,
    0x48, 0xce, 0x14, 0x02, 0x01, 0x00, 0x00, 0x00, 0x01, 0x01, 0x30, 0x80, 0x06, 0x0c, 0x2a, 0x86,
    0x48, 0xce, 0x14, 0x02, 0x01, 0x00, 0x00, 0x00, 0x02, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x61, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01, 0xa0, 0x80, 0x60, 0x80, 0xa1, 0x80, 0x06, 0x0c, 0x2a,
    0x86, 0x48, 0xce, 0x14, 0x02, 0x01, 0x00, 0x00, 0x00, 0x03, 0x01, 0x00, 0x00, 0xbe, 0x80, 0x28,
    0x80, 0x06, 0x0c, 0x2a, 0x86, 0x48, 0xce, 0x14, 0x02, 0x01, 0x00, 0x00, 0x00, 0x01, 0x01, 0x02,
    0x01, 0x02, 0x81,
];

/// An attribute list: count, length, then identifier, length and value of each.
#[derive(Default)]
struct Attributes {
    count: u16,
    bytes: Vec<u8>,
}

impl Attributes {
    fn add(&mut self, id: u16, value: &[u8]) {
        self.count += 1;
        self.bytes.put_u16(id);
        self.bytes.put_u16(value.len() as u16);
        self.bytes.put_slice(value);
    }

    fn encode(&self) -> Vec<u8> {
        counted(self.count, &self.bytes)
    }
}

fn counted(count: u16, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 4);
    out.put_u16(count);
    out.put_u16(bytes.len() as u16);
    out.put_slice(bytes);
    out
}

/// A variable label: length, text, padded to an even length.
fn label(text: &str) -> Vec<u8> {
    let length = text.len().next_multiple_of(2);
    let mut out = Vec::with_capacity(length + 2);
    out.put_u16(length as u16);
    out.put_slice(text.as_bytes());
    out.resize(length + 2, 0);
    out
}

/// A string: length, UTF-16BE text with its terminator.
fn string(text: &str) -> Vec<u8> {
    let mut out = vec![0, 0];
    for unit in text.encode_utf16().chain([0]) {
        out.put_u16(unit);
    }
    let length = (out.len() - 2) as u16;
    out[..2].copy_from_slice(&length.to_be_bytes());
    out
}

fn object(class: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(6);
    out.put_u16(class);
    out.put_u32(0);
    out
}

/// A remote operation: kind (1 invoke, 2 result), invoke identifier, command and its argument.
fn operation(kind: u16, invoke: u16, command: u16, argument: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(argument.len() + 10);
    out.put_u16(kind);
    out.put_u16(argument.len() as u16 + 6);
    out.put_u16(invoke);
    out.put_u16(command);
    out.put_u16(argument.len() as u16);
    out.put_slice(argument);
    out
}

fn event(kind: u16, time: u32, information: &[u8]) -> Vec<u8> {
    let mut out = object(MDS);
    out.put_u32(time);
    out.put_u16(kind);
    out.put_u16(information.len() as u16);
    out.put_slice(information);
    out
}

/// The monitor's clock: eighths of a millisecond.
fn relative(now: Nanos) -> u32 {
    (now / (MILLISECOND / 8) % u64::from(u32::MAX)) as u32
}

fn in_session(operation: &[u8]) -> Vec<u8> {
    [&[0xe1, 0x00, 0x00, 0x02], operation].concat()
}

impl Monitor<'_> {
    /// Broadcasts a connect indication: the address pair that holds across routers.
    pub fn indicate(&self, tap: &mut Tap<'_>, monitor: &Endpoint, mask: Ipv4Addr) {
        let IpAddr::V4(ip) = monitor.ip else { return };
        let mut attributes = Attributes::default();
        attributes.add(0x0986, &[0, 1, 0x00, 0x21]);
        attributes.add(0xf101, &counted(1, &[0, 5, 0, 1, 0x5e, 0x29, 0, 0]));
        attributes.add(0x0937, &[0x03, 0x00, 0, 0, 0, 1, 0, 11]);
        let address = [&monitor.mac.0[..], &ip.octets(), &mask.octets()].concat();
        attributes.add(0xf100, &address);
        let argument = event(CONNECT_INDICATION, relative(tap.now), &attributes.encode());
        let message = [&[0, 0, 1, 0][..], &operation(1, 0, 0, &argument)].concat();
        let all = Endpoint {
            mac: Mac::BROADCAST,
            ..monitor.at(Ipv4Addr::from(u32::from(ip) | !u32::from(mask)))
        };
        let frame = tap.udp(
            (monitor, INDICATION_PORT),
            (&all, INDICATION_PORT),
            &message,
        );
        let value = format!("{} {ip}", monitor.mac);
        tap.states(frame, monitor, "intellivue.net_address", value);
    }

    /// A central station or gateway associates, learns what the monitor is and asks for the patient.
    pub fn associate(
        &self,
        tap: &mut Tap<'_>,
        station: &Endpoint,
        monitor: &Endpoint,
        patient: &Patient,
    ) {
        let port = tap.ephemeral_port(station);
        tap.udp((station, port), (monitor, DATA_PORT), &association(0x0d));
        tap.wait_about(10 * MILLISECOND);
        tap.udp((monitor, DATA_PORT), (station, port), &association(0x0e));
        tap.wait_about(5 * MILLISECOND);
        let created = in_session(&operation(1, 1, 1, &self.created(relative(tap.now))));
        let frame = tap.udp((monitor, DATA_PORT), (station, port), &created);
        for (attribute, value) in [
            ("intellivue.manufacturer", self.manufacturer),
            ("intellivue.model", self.model),
            ("intellivue.serial", self.serial),
            ("intellivue.software", self.software),
            ("intellivue.bed", self.bed),
        ] {
            tap.states(frame, monitor, attribute, value);
        }
        tap.wait_about(5 * MILLISECOND);
        let mut result = object(MDS);
        result.put_u32(relative(tap.now));
        result.put_u16(MDS_CREATED);
        result.put_u16(0);
        let result = in_session(&operation(2, 1, 1, &result));
        tap.udp((station, port), (monitor, DATA_PORT), &result);
        tap.wait_about(20 * MILLISECOND);
        self.poll(tap, (station, port), monitor, patient);
    }

    fn created(&self, time: u32) -> Vec<u8> {
        let mut attributes = Attributes::default();
        let model = [label(self.manufacturer), label(self.model)].concat();
        attributes.add(0x0928, &model);
        let mut specifications = Vec::new();
        for (kind, component, text) in [(1_u16, 8_u16, self.serial), (4, 0x58, self.software)] {
            specifications.put_u16(kind);
            specifications.put_u16(component);
            specifications.put_slice(&label(text));
        }
        attributes.add(0x092d, &counted(2, &specifications));
        attributes.add(0x091e, &string(self.bed));
        let information = [object(MDS), attributes.encode()].concat();
        event(MDS_CREATED, time, &information)
    }

    fn poll(
        &self,
        tap: &mut Tap<'_>,
        station: (&Endpoint, u16),
        monitor: &Endpoint,
        patient: &Patient,
    ) {
        let mut question = Vec::new();
        question.put_u16(1);
        question.put_slice(&[0, 1, 0, DEMOGRAPHICS as u8, 0x08, 0x07]);
        let mut argument = object(MDS);
        argument.put_u32(0);
        argument.put_u16(POLL);
        argument.put_u16(question.len() as u16);
        argument.put_slice(&question);
        let message = in_session(&operation(1, 2, 7, &argument));
        tap.udp(station, (monitor, DATA_PORT), &message);
        tap.wait_about(30 * MILLISECOND);
        let mut demographics = Attributes::default();
        demographics.add(0x095d, &string(patient.given.as_str()));
        demographics.add(0x095c, &string(patient.family.as_str()));
        demographics.add(0x095a, &string(patient.record_number.as_str()));
        let mut poll = vec![0x00, 0x07];
        poll.put_slice(&demographics.encode());
        let context = [&[0, 0][..], &counted(1, &poll)].concat();
        let mut answer = Vec::new();
        answer.put_u16(1);
        answer.put_u32(relative(tap.now));
        answer.put_slice(&[0x20, 0x26, 0x03, 0x02, 0x09, 0x00, 0x00, 0x00]);
        answer.put_slice(&[0, 1, 0, DEMOGRAPHICS as u8, 0x08, 0x07]);
        answer.put_slice(&counted(1, &context));
        let mut result = object(MDS);
        result.put_u16(POLL);
        result.put_u16(answer.len() as u16);
        result.put_slice(&answer);
        let message = in_session(&operation(2, 2, 7, &result));
        tap.udp((monitor, DATA_PORT), station, &message);
        let named = [&patient.given, &patient.family, &patient.record_number];
        tap.puts("intellivue demographics", Form::Utf16Be, &named);
    }
}

/// Association request (0x0D) or accept (0x0E) with the standard user information.
fn association(kind: u8) -> Vec<u8> {
    let mut user = Vec::new();
    for word in [0x8000_0000_u32, 0x4000_0000, 0, 0x8000_0000, 0x2000_0000, 0] {
        user.put_u32(word); // version, nomenclature, units, system type, start-up, no options
    }
    // One profile: polling, revision 1, poll period 1 s, largest message sizes, no options.
    user.put_slice(&[0, 1, 0, 28, 0, 1, 0, 24]);
    for word in [0x8000_0000_u32, 8_000, 1_000, 1_000, 0xffff_ffff, 0] {
        user.put_u32(word);
    }
    let mut presentation = ASSOCIATE_PRESENTATION.to_vec();
    presentation.put_u8(user.len() as u8);
    presentation.put_slice(&user);
    presentation.put_bytes(0, 16);
    let mut body = ASSOCIATE_SESSION.to_vec();
    body.put_u8(0xc1);
    length(presentation.len(), &mut body);
    body.put_slice(&presentation);
    let mut out = vec![kind];
    length(body.len(), &mut out);
    out.put_slice(&body);
    out
}

/// A session layer length: one octet below 255, else FF and two (ISO 8327-1 §8.2.5).
fn length(length: usize, out: &mut Vec<u8>) {
    if length < 255 {
        out.put_u8(length as u8);
    } else {
        out.put_u8(0xff);
        out.put_u16(length as u16);
    }
}
