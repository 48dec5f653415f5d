//! SNMP version 2c (RFC 3416, 1901) with BER (X.690): a management station reads the system group and the entity table.

use bytes::BufMut;

use crate::address::Endpoint;
use crate::calendar::MILLISECOND;
use crate::canary::{Canary, Form};
use crate::tap::Tap;

/// What an agent answers.
#[derive(Debug, Clone, Copy)]
pub struct Agent<'a> {
    /// 1.3.6.1.2.1.1.1.0.
    pub description: &'a str,
    /// 1.3.6.1.2.1.1.2.0: the maker's number and what follows it.
    pub object: &'a [u32],
    /// 1.3.6.1.2.1.1.5.0.
    pub name: &'a str,
    /// 1.3.6.1.2.1.1.6.0.
    pub location: &'a str,
    /// ENTITY-MIB of entity 1: model, firmware, serial; empty ones are not asked for.
    pub model: &'a str,
    /// Firmware revision.
    pub firmware: &'a str,
    /// Serial number.
    pub serial: &'a str,
}

const SYSTEM: [u32; 7] = [1, 3, 6, 1, 2, 1, 1];
const ENTITY: [u32; 10] = [1, 3, 6, 1, 2, 1, 47, 1, 1, 1];

fn tlv(tag: u8, value: &[u8], out: &mut Vec<u8>) {
    out.put_u8(tag);
    match value.len() {
        short @ 0..=127 => out.put_u8(short as u8),
        middle @ 128..=255 => out.put_slice(&[0x81, middle as u8]),
        long => {
            out.put_u8(0x82);
            out.put_u16(long as u16);
        }
    }
    out.put_slice(value);
}

fn integer(value: u32, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    let skip = bytes
        .windows(2)
        .take_while(|pair| pair[0] == 0 && pair[1] < 0x80)
        .count();
    if bytes[0] >= 0x80 {
        tlv(2, &[&[0], &bytes[..]].concat(), out);
    } else {
        tlv(2, &bytes[skip..], out);
    }
}

fn oid(arcs: &[u32], out: &mut Vec<u8>) {
    let mut value = Vec::with_capacity(16);
    if let [first, second, rest @ ..] = arcs {
        value.put_u8((first * 40 + second) as u8);
        for arc in rest {
            for shift in [28, 21, 14, 7] {
                if *arc >> shift != 0 {
                    value.put_u8(0x80 | ((arc >> shift) & 0x7f) as u8);
                }
            }
            value.put_u8((arc & 0x7f) as u8);
        }
    }
    tlv(6, &value, out);
}

/// A variable: its identifier and the encoded value.
type Variable = (Vec<u32>, Vec<u8>);

fn message(community: &Canary, pdu: u8, request: u32, variables: &[Variable]) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, value) in variables {
        let mut variable = Vec::new();
        oid(name, &mut variable);
        variable.put_slice(value);
        tlv(0x30, &variable, &mut list);
    }
    let mut body = Vec::new();
    integer(request, &mut body);
    integer(0, &mut body);
    integer(0, &mut body);
    tlv(0x30, &list, &mut body);
    let mut content = Vec::new();
    integer(1, &mut content);
    tlv(4, community.as_str().as_bytes(), &mut content);
    tlv(pdu, &body, &mut content);
    let mut out = Vec::new();
    tlv(0x30, &content, &mut out);
    out
}

impl Agent<'_> {
    fn variables(&self) -> Vec<Variable> {
        let system = |last| [&SYSTEM[..], &[last, 0]].concat();
        let entity = |column| [&ENTITY[..], &[1, column, 1]].concat();
        let text = |text: &str| {
            let mut out = Vec::new();
            tlv(4, text.as_bytes(), &mut out);
            out
        };
        let mut object = Vec::new();
        oid(&[&[1, 3, 6, 1, 4, 1], self.object].concat(), &mut object);
        let mut variables = vec![
            (system(1), text(self.description)),
            (system(2), object),
            (system(5), text(self.name)),
            (system(6), text(self.location)),
        ];
        for (column, value) in [(9, self.firmware), (11, self.serial), (13, self.model)] {
            if !value.is_empty() {
                variables.push((entity(column), text(value)));
            }
        }
        variables
    }

    /// `manager` reads everything in one request under a community.
    pub fn read(
        &self,
        tap: &mut Tap<'_>,
        manager: &Endpoint,
        agent: &Endpoint,
        community: &Canary,
    ) {
        let request = tap.random.next_u32() >> 1;
        let port = tap.ephemeral_port(manager);
        let variables = self.variables();
        let questions: Vec<Variable> = variables
            .iter()
            .map(|(name, _)| (name.clone(), vec![5, 0]))
            .collect();
        let query = message(community, 0xa0, request, &questions);
        tap.udp((manager, port), (agent, 161), &query);
        tap.wait_about(3 * MILLISECOND);
        let answer = message(community, 0xa2, request, &variables);
        let frame = tap.udp((agent, 161), (manager, port), &answer);
        tap.puts("snmp community", Form::Plain, &[community]);
        for (attribute, value) in [
            ("snmp.sysDescr", self.description),
            ("snmp.sysName", self.name),
            ("snmp.sysLocation", self.location),
            ("snmp.entPhysicalFirmwareRev", self.firmware),
            ("snmp.entPhysicalSerialNum", self.serial),
            ("snmp.entPhysicalModelName", self.model),
        ] {
            if !value.is_empty() {
                tap.states(frame, agent, attribute, value);
            }
        }
        let arcs: Vec<String> = self.object.iter().map(u32::to_string).collect();
        let object = format!("1.3.6.1.4.1.{}", arcs.join("."));
        tap.states(frame, agent, "snmp.sysObjectID", object);
    }
}
