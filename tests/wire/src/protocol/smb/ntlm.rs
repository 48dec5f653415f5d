//! The three messages of NTLMSSP (MS-NLMP 2.2.1).

use bytes::BufMut;

use crate::calendar::{Nanos, filetime};

/// Windows version: major, minor, build (MS-NLMP 2.2.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build(pub u8, pub u8, pub u16);

impl Build {
    fn encode(self, out: &mut Vec<u8>) {
        out.put_slice(&[self.0, self.1]);
        out.put_u16_le(self.2);
        out.put_slice(&[0, 0, 0, 15]);
    }

    /// `10.0.17763`.
    #[must_use]
    pub fn text(self) -> String {
        format!("{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A host that logs on.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Its Windows.
    pub build: Build,
    /// Its NetBIOS name.
    pub workstation: &'a str,
    /// The domain of the account.
    pub domain: &'a str,
}

/// A host that challenges.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// Its Windows.
    pub build: Build,
    /// AV pair 1.
    pub computer: &'a str,
    /// AV pair 2.
    pub domain: &'a str,
    /// AV pair 3.
    pub dns_computer: &'a str,
    /// AV pair 4.
    pub dns_domain: &'a str,
}

/// Unicode, request target, NTLM, always sign, extended security, target info, version, 128, key exchange, 56.
const FLAGS: u32 = 0xe288_8205;

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Builds a message whose fields (length, length, offset) point behind its fixed part.
struct Payload {
    head: Vec<u8>,
    tail: Vec<u8>,
    fixed: usize,
}

impl Payload {
    fn new(kind: u32, fixed: usize) -> Self {
        let mut head = Vec::with_capacity(fixed);
        head.put_slice(b"NTLMSSP\0");
        head.put_u32_le(kind);
        Self {
            head,
            tail: Vec::new(),
            fixed,
        }
    }

    fn field(&mut self, value: &[u8]) {
        self.head.put_u16_le(value.len() as u16);
        self.head.put_u16_le(value.len() as u16);
        self.head.put_u32_le((self.fixed + self.tail.len()) as u32);
        self.tail.put_slice(value);
    }

    fn finish(self) -> Vec<u8> {
        debug_assert_eq!(self.head.len(), self.fixed, "the fixed part is complete");
        [self.head, self.tail].concat()
    }
}

impl Client<'_> {
    pub(super) fn negotiate(&self) -> Vec<u8> {
        let mut message = Payload::new(1, 40);
        message.head.put_u32_le(FLAGS);
        message.head.put_u64(0);
        message.head.put_u64(0);
        self.build.encode(&mut message.head);
        message.finish()
    }

    /// The answer to a challenge. `proof` stands where the keyed hash would: without the password nobody can tell them apart.
    pub(super) fn authenticate(
        &self,
        user: &str,
        proof: [u8; 40],
        server: &Server<'_>,
        now: Nanos,
    ) -> Vec<u8> {
        let mut response = proof[..16].to_vec();
        response.put_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
        response.put_u64_le(filetime(now));
        response.put_slice(&proof[16..24]);
        response.put_u32(0);
        response.put_slice(&server.target_information(now));
        response.put_u32(0);
        let mut message = Payload::new(3, 88);
        message.field(&[0; 24]);
        message.field(&response);
        message.field(&utf16(self.domain));
        message.field(&utf16(user));
        message.field(&utf16(self.workstation));
        message.field(&proof[24..]);
        message.head.put_u32_le(FLAGS);
        self.build.encode(&mut message.head);
        message.head.put_bytes(0, 16);
        message.finish()
    }
}

impl Server<'_> {
    fn target_information(&self, now: Nanos) -> Vec<u8> {
        let mut out = Vec::new();
        for (id, text) in [
            (2, self.domain),
            (1, self.computer),
            (4, self.dns_domain),
            (3, self.dns_computer),
        ] {
            let value = utf16(text);
            out.put_u16_le(id);
            out.put_u16_le(value.len() as u16);
            out.put_slice(&value);
        }
        out.put_u16_le(7);
        out.put_u16_le(8);
        out.put_u64_le(filetime(now));
        out.put_u32(0);
        out
    }

    pub(super) fn challenge(&self, challenge: [u8; 8], now: Nanos) -> Vec<u8> {
        let mut message = Payload::new(2, 56);
        message.field(&utf16(self.domain));
        message.head.put_u32_le(FLAGS);
        message.head.put_slice(&challenge);
        message.head.put_u64(0);
        message.field(&self.target_information(now));
        self.build.encode(&mut message.head);
        message.finish()
    }

    pub(super) fn facts(&self) -> [(&'static str, String); 6] {
        [
            ("ntlm.version(msg=0x00000002)", self.build.text()),
            ("ntlm.target", self.domain.to_owned()),
            ("ntlm.nb_computer", self.computer.to_owned()),
            ("ntlm.nb_domain", self.domain.to_owned()),
            ("ntlm.dns_computer", self.dns_computer.to_owned()),
            ("ntlm.dns_domain", self.dns_domain.to_owned()),
        ]
    }
}
