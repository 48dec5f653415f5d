//! SMB 2 and 3 over TCP 445 (MS-SMB2): negotiation and session setup with NTLMSSP in SPNEGO (MS-NLMP, RFC 4178).

mod ntlm;

pub use ntlm::{Build, Client, Server};

use bytes::BufMut;

use crate::calendar::{MILLISECOND, Nanos, filetime};
use crate::canary::Form;
use crate::tap::Tap;
use crate::tcp::{Close, Conditions, Session, Side};
use crate::{address::Endpoint, canary::Canary};

/// SPNEGO, 1.3.6.1.5.5.2.
const SPNEGO: [u8; 8] = [0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// NTLMSSP, 1.3.6.1.4.1.311.2.2.10.
const NTLMSSP: [u8; 12] = [
    0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a,
];
/// `STATUS_MORE_PROCESSING_REQUIRED`.
const MORE: u32 = 0xc000_0016;

/// What a server says of itself before anybody is authenticated.
#[derive(Debug, Clone, Copy)]
pub struct Share<'a> {
    /// Its GUID.
    pub guid: [u8; 16],
    /// The dialect it chooses: 0x0202, 0x0210, 0x0300 or 0x0302.
    pub dialect: u16,
    /// When it was started; 0 when it does not say.
    pub started: Nanos,
    /// What its NTLM challenge says.
    pub ntlm: Server<'a>,
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    match length {
        short @ 0..=127 => out.put_u8(short as u8),
        middle @ 128..=255 => out.put_slice(&[0x81, middle as u8]),
        long => {
            out.put_u8(0x82);
            out.put_u16(long as u16);
        }
    }
    for part in parts {
        out.put_slice(part);
    }
    out
}

/// NegTokenInit with NTLMSSP as the only mechanism and, from a client, its first token.
fn init(token: Option<&[u8]>) -> Vec<u8> {
    let mechanisms = der(0xa0, &[&der(0x30, &[&NTLMSSP])]);
    let token = token.map_or_else(Vec::new, |token| der(0xa2, &[&der(0x04, &[token])]));
    der(
        0x60,
        &[&SPNEGO, &der(0xa0, &[&der(0x30, &[&mechanisms, &token])])],
    )
}

/// NegTokenResp with a state (1 incomplete, 0 completed) and a token.
fn answer(state: Option<u8>, mechanism: bool, token: Option<&[u8]>) -> Vec<u8> {
    let state = state.map_or_else(Vec::new, |state| der(0xa0, &[&[0x0a, 1, state]]));
    let mechanism = if mechanism {
        der(0xa1, &[&NTLMSSP])
    } else {
        Vec::new()
    };
    let token = token.map_or_else(Vec::new, |token| der(0xa2, &[&der(0x04, &[token])]));
    der(0xa1, &[&der(0x30, &[&state, &mechanism, &token])])
}

/// The header of one message (MS-SMB2 2.2.1.2) behind the four octets of the direct TCP transport.
struct Header {
    command: u16,
    message: u64,
    session: u64,
    status: u32,
    response: bool,
}

impl Header {
    fn message(&self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(68 + body.len());
        out.put_u32((64 + body.len()) as u32);
        out.put_slice(b"\xfeSMB");
        out.put_u16_le(64);
        out.put_u16_le(1);
        out.put_u32_le(self.status);
        out.put_u16_le(self.command);
        out.put_u16_le(1);
        out.put_u32_le(u32::from(self.response));
        out.put_u32_le(0);
        out.put_u64_le(self.message);
        out.put_u32_le(0xfeff);
        out.put_u32_le(0);
        out.put_u64_le(self.session);
        out.put_bytes(0, 16);
        out.put_slice(body);
        out
    }
}

fn negotiate_request(guid: [u8; 16], dialects: &[u16]) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u16_le(36);
    body.put_u16_le(dialects.len() as u16);
    body.put_u16_le(1);
    body.put_u16_le(0);
    body.put_u32_le(0x7f);
    body.put_slice(&guid);
    body.put_u64_le(0);
    for dialect in dialects {
        body.put_u16_le(*dialect);
    }
    body
}

fn negotiate_response(share: &Share<'_>, now: Nanos) -> Vec<u8> {
    let token = init(None);
    let mut body = Vec::new();
    body.put_u16_le(65);
    body.put_u16_le(1);
    body.put_u16_le(share.dialect);
    body.put_u16_le(0);
    body.put_slice(&share.guid);
    body.put_u32_le(0x07);
    body.put_u32_le(1 << 20);
    body.put_u32_le(1 << 20);
    body.put_u32_le(1 << 20);
    body.put_u64_le(filetime(now));
    body.put_u64_le(if share.started == 0 {
        0
    } else {
        filetime(share.started)
    });
    body.put_u16_le(128);
    body.put_u16_le(token.len() as u16);
    body.put_u32_le(0);
    body.put_slice(&token);
    body
}

fn setup_request(token: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u16_le(25);
    body.put_slice(&[0, 1]);
    body.put_u32_le(1);
    body.put_u32_le(0);
    body.put_u16_le(88);
    body.put_u16_le(token.len() as u16);
    body.put_u64_le(0);
    body.put_slice(token);
    body
}

fn setup_response(token: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u16_le(9);
    body.put_u16_le(0);
    body.put_u16_le(72);
    body.put_u16_le(token.len() as u16);
    body.put_slice(token);
    body
}

/// A GUID as text: the first three parts are little-endian on the wire (MS-DTYP 2.3.4).
#[must_use]
pub fn guid_text(guid: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = guid;
    let [i, j, k, l, m, n, o, p] = rest;
    format!(
        "{d:02x}{c:02x}{b:02x}{a:02x}-{f:02x}{e:02x}-{h:02x}{g:02x}-{i:02x}{j:02x}-{k:02x}{l:02x}{m:02x}{n:02x}{o:02x}{p:02x}"
    )
}

/// A client negotiates with a share and logs on as `user`, whose name is a canary.
pub fn log_on(
    tap: &mut Tap<'_>,
    (client, who): (&Endpoint, &Client<'_>),
    (server, share): (&Endpoint, &Share<'_>),
    user: &Canary,
    conditions: Conditions,
) {
    let port = tap.ephemeral_port(client);
    let guid = tap.random.bytes();
    let challenge = tap.random.bytes();
    let id = tap.random.next_u64() >> 16;
    let mut session = Session::open(tap, (client, port), (server, 445), conditions);
    let message = |command, message, session, status, response| Header {
        command,
        message,
        session,
        status,
        response,
    };
    let offer = negotiate_request(guid, &[0x0202, 0x0210, 0x0300, 0x0302]);
    session.send(Side::Client, &message(0, 0, 0, 0, false).message(&offer));
    session.tap.wait_about(MILLISECOND);
    let taken = negotiate_response(share, session.tap.now);
    let frame = session.send(Side::Server, &message(0, 0, 0, 0, true).message(&taken));
    session.states(
        frame,
        Side::Server,
        "smb2.server_guid",
        guid_text(share.guid),
    );
    session.states(
        frame,
        Side::Server,
        "smb2.dialect",
        format!("0x{:04x}", share.dialect),
    );
    session.tap.wait_about(MILLISECOND);

    let first = setup_request(&init(Some(&who.negotiate())));
    let frame = session.send(Side::Client, &message(1, 1, 0, 0, false).message(&first));
    session.states(
        frame,
        Side::Client,
        "ntlm.version(msg=0x00000001)",
        who.build.text(),
    );
    session.tap.wait_about(MILLISECOND);
    let token = share.ntlm.challenge(challenge, session.tap.now);
    let second = setup_response(&answer(Some(1), true, Some(&token)));
    let frame = session.send(
        Side::Server,
        &message(1, 1, id, MORE, true).message(&second),
    );
    for (attribute, value) in share.ntlm.facts() {
        session.states(frame, Side::Server, attribute, value);
    }
    session.tap.wait_about(2 * MILLISECOND);

    let proof = session.tap.random.bytes();
    let token = who.authenticate(user.as_str(), proof, &share.ntlm, session.tap.now);
    let third = setup_request(&answer(None, false, Some(&token)));
    let frame = session.send(Side::Client, &message(1, 2, id, 0, false).message(&third));
    session.tap.puts("ntlmssp user name", Form::Utf16, &[user]);
    session.states(
        frame,
        Side::Client,
        "ntlm.version(msg=0x00000003)",
        who.build.text(),
    );
    session.states(frame, Side::Client, "ntlm.auth_host", who.workstation);
    session.states(frame, Side::Client, "ntlm.auth_domain", who.domain);
    session.tap.wait_about(5 * MILLISECOND);
    let done = setup_response(&answer(Some(0), false, None));
    session.send(Side::Server, &message(1, 2, id, 0, true).message(&done));
    session.close(Close::Fin(Side::Client));
}
