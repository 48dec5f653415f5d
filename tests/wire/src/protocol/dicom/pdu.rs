//! Protocol data units (PS3.8 §9.3).

use bytes::BufMut;

use super::{Application, CONTEXT, SopClass, Syntax};

/// A presentation context: the class and the syntax that is offered and taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub class: SopClass,
    pub syntax: Syntax,
}

impl Context {
    /// Identifiers are odd (PS3.8 §9.3.2.2).
    pub(super) fn id(index: usize) -> u8 {
        (index * 2 + 1) as u8
    }
}

fn item(kind: u8, value: &[u8], out: &mut Vec<u8>) {
    out.put_slice(&[kind, 0]);
    out.put_u16(value.len() as u16);
    out.put_slice(value);
}

fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(6 + body.len());
    out.put_slice(&[kind, 0]);
    out.put_u32(body.len() as u32);
    out.put_slice(body);
    out
}

fn title(text: &str, out: &mut Vec<u8>) {
    let mut padded = [b' '; 16];
    for (slot, octet) in padded.iter_mut().zip(text.bytes()) {
        *slot = octet;
    }
    out.put_slice(&padded);
}

fn user_information(application: &Application<'_>, maximum: u32, user: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    item(0x51, &maximum.to_be_bytes(), &mut out);
    item(0x52, application.implementation.as_bytes(), &mut out);
    if !application.version.is_empty() {
        item(0x55, application.version.as_bytes(), &mut out);
    }
    if let Some(user) = user {
        // PS3.7 D.3.3.7.1: a user name, no answer wanted, empty secondary field.
        let mut identity = vec![1, 0];
        identity.put_u16(user.len() as u16);
        identity.put_slice(user.as_bytes());
        identity.put_u16(0);
        item(0x58, &identity, &mut out);
    }
    out
}

fn head(called: &str, calling: &str) -> Vec<u8> {
    let mut out = vec![0, 1, 0, 0];
    title(called, &mut out);
    title(calling, &mut out);
    out.put_bytes(0, 32);
    item(0x10, CONTEXT.as_bytes(), &mut out);
    out
}

/// A-ASSOCIATE-RQ.
pub(super) fn request(
    calling: &Application<'_>,
    called: &str,
    contexts: &[Context],
    maximum: u32,
    user: Option<&str>,
) -> Vec<u8> {
    let mut body = head(called, calling.title);
    for (index, context) in contexts.iter().enumerate() {
        let mut value = vec![Context::id(index), 0, 0, 0];
        item(0x30, context.class.0.as_bytes(), &mut value);
        item(0x40, context.syntax.uid().as_bytes(), &mut value);
        item(0x20, &value, &mut body);
    }
    item(0x50, &user_information(calling, maximum, user), &mut body);
    pdu(1, &body)
}

/// A-ASSOCIATE-AC: every context is accepted.
pub(super) fn accept(
    calling: &str,
    called: &Application<'_>,
    contexts: &[Context],
    maximum: u32,
) -> Vec<u8> {
    let mut body = head(called.title, calling);
    for (index, context) in contexts.iter().enumerate() {
        let mut value = vec![Context::id(index), 0, 0, 0];
        item(0x40, context.syntax.uid().as_bytes(), &mut value);
        item(0x21, &value, &mut body);
    }
    item(0x50, &user_information(called, maximum, None), &mut body);
    pdu(2, &body)
}

/// A-ASSOCIATE-RJ: permanent, by the service user, called AE title not recognised.
pub(super) fn reject() -> Vec<u8> {
    pdu(3, &[0, 1, 1, 7])
}

/// A-RELEASE-RQ (5) and A-RELEASE-RP (6).
pub(super) fn release(kind: u8) -> Vec<u8> {
    pdu(kind, &[0; 4])
}

/// P-DATA-TF units for one command or data set, each at most `maximum` octets after its own head.
pub(super) fn data(context: u8, command: bool, bytes: &[u8], maximum: u32, out: &mut Vec<u8>) {
    let room = maximum as usize - 6;
    let parts = bytes.len().div_ceil(room).max(1);
    for (index, part) in bytes.chunks(room).enumerate() {
        let last = index + 1 == parts;
        out.put_slice(&[4, 0]);
        out.put_u32(part.len() as u32 + 6);
        out.put_u32(part.len() as u32 + 2);
        out.put_slice(&[context, u8::from(command) | u8::from(last) << 1]);
        out.put_slice(part);
    }
}
