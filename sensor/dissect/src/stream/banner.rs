//! Services that are only recognised: TLS, HTTP and SSH by their first bytes. Nothing of them is read.

use super::direction::Role;
use super::extract::ProbeResult;

/// Whether `prefix` begins with `start`, can still begin with it, or cannot.
fn starts(prefix: &[u8], start: &[u8]) -> ProbeResult {
    let common = prefix.iter().zip(start).take_while(|(a, b)| a == b).count();
    if common == start.len() {
        ProbeResult::Certain(None)
    } else if common == prefix.len() {
        ProbeResult::Unsure
    } else {
        ProbeResult::NotForUs
    }
}

/// A TLS record with a handshake message (RFC 8446 section 5.1), or the hello that old clients send in the form of SSL 2 (RFC
/// 5246 appendix E.2); midstream any record.
pub(super) fn tls(prefix: &[u8], midstream: bool) -> ProbeResult {
    if prefix.first().is_some_and(|first| first & 0x80 != 0) {
        return ssl2_hello(prefix);
    }
    let is_type = |kind: u8| kind == 22 || (midstream && matches!(kind, 20 | 21 | 23));
    match *prefix {
        [kind, ..] if !is_type(kind) => ProbeResult::NotForUs,
        [_, major, ..] if major != 3 => ProbeResult::NotForUs,
        [_, _, minor, ..] if minor > 4 => ProbeResult::NotForUs,
        // A record carries at most 2^14 bytes and 2048 of expansion.
        [_, _, _, high, _, ..] if high > 0x48 => ProbeResult::NotForUs,
        [22, _, _, _, _, 1, ..] => ProbeResult::Certain(Some(Role::Client)),
        [22, _, _, _, _, 2, ..] => ProbeResult::Certain(Some(Role::Server)),
        [22, _, _, _, _, _, ..] if !midstream => ProbeResult::NotForUs,
        [_, _, _, _, _, _, ..] => ProbeResult::Certain(None),
        _ => ProbeResult::Unsure,
    }
}

fn ssl2_hello(prefix: &[u8]) -> ProbeResult {
    let is_hello = |(at, byte): (usize, &u8)| match at {
        2 => *byte == 1,
        3 => *byte == 3,
        4 => *byte <= 3,
        _ => true,
    };
    if !prefix.iter().take(5).enumerate().all(is_hello) {
        ProbeResult::NotForUs
    } else if prefix.len() < 5 {
        ProbeResult::Unsure
    } else {
        ProbeResult::Certain(Some(Role::Client))
    }
}

const METHODS: [&[u8]; 9] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"OPTIONS ",
    b"DELETE ",
    b"PATCH ",
    b"PROPFIND ",
    b"PRI ",
];

/// An HTTP/1 request or status line, or the HTTP/2 preface. The target tells HTTP from RTSP and SIP, which share methods.
pub(super) fn http(prefix: &[u8], _midstream: bool) -> ProbeResult {
    if prefix
        .first()
        .is_some_and(|first| !first.is_ascii_uppercase())
    {
        return ProbeResult::NotForUs;
    }
    let mut result = match starts(prefix, b"HTTP/") {
        ProbeResult::Certain(_) => return ProbeResult::Certain(Some(Role::Server)),
        other => other,
    };
    for method in METHODS {
        match starts(prefix, method) {
            ProbeResult::Certain(_) => {
                return match prefix.get(method.len()) {
                    None => ProbeResult::Unsure,
                    Some(b'/' | b'*' | b'h') => ProbeResult::Certain(Some(Role::Client)),
                    Some(_) => ProbeResult::NotForUs,
                };
            }
            ProbeResult::Unsure => result = ProbeResult::Unsure,
            ProbeResult::NotForUs => {}
        }
    }
    result
}

/// An SSH identification string (RFC 4253 section 4.2).
pub(super) fn ssh(prefix: &[u8], _midstream: bool) -> ProbeResult {
    match starts(prefix, b"SSH-2.0-") {
        ProbeResult::NotForUs => starts(prefix, b"SSH-1."),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Probe = fn(&[u8], bool) -> ProbeResult;

    #[test]
    fn every_shorter_beginning_is_unsure_and_the_whole_is_certain() {
        let cases: [(Probe, &[u8], Option<Role>); 7] = [
            (tls, b"\x80\x7d\x01\x03\x01", Some(Role::Client)),
            (tls, b"\x16\x03\x01\x02\x00\x01", Some(Role::Client)),
            (tls, b"\x16\x03\x03\x00\x50\x02", Some(Role::Server)),
            (http, b"GET /", Some(Role::Client)),
            (http, b"HTTP/", Some(Role::Server)),
            (ssh, b"SSH-2.0-", None),
            (ssh, b"SSH-1.", None),
        ];
        for (probe, bytes, role) in cases {
            for cut in 0..bytes.len() {
                assert_eq!(
                    probe(&bytes[..cut], false),
                    ProbeResult::Unsure,
                    "{bytes:?} {cut}"
                );
            }
            assert_eq!(probe(bytes, false), ProbeResult::Certain(role), "{bytes:?}");
        }
    }

    #[test]
    fn what_shares_a_first_word_with_http_is_not_http() {
        for bytes in [
            &b"OPTIONS rtsp://cam/"[..],
            b"OPTIONS sip:ward@pbx",
            b"GETTER",
            b"get /",
        ] {
            assert_eq!(http(bytes, false), ProbeResult::NotForUs);
        }
    }

    #[test]
    fn application_data_is_tls_only_where_the_start_was_missed() {
        let record = b"\x17\x03\x03\x01\x00\xaa";
        assert_eq!(tls(record, false), ProbeResult::NotForUs);
        assert_eq!(tls(record, true), ProbeResult::Certain(None));
        assert_eq!(
            tls(b"\x16\x03\x01\xff\x00\x01", true),
            ProbeResult::NotForUs
        );
    }
}
