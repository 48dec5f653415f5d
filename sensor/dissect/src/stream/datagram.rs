//! UDP services recognised by their own bytes at their own ports.

use auscult_proto::Service;

use super::direction::Role;

/// Datagrams of a flow in which a service is looked for.
pub(super) const ATTEMPTS: u8 = 4;

/// What a datagram is, and the part of its sender.
pub(super) fn recognise(
    src_port: u16,
    dst_port: u16,
    payload: &[u8],
) -> Option<(Service, Option<Role>)> {
    let at = |port| src_port == port || dst_port == port;
    if at(53) || at(5353) {
        return dns(payload).map(|role| {
            // Every multicast DNS host asks and answers from the same port.
            (Service::Dns, Some(role).filter(|_| at(53)))
        });
    }
    if at(67) || at(68) {
        return dhcpv4(payload).map(|role| (Service::Dhcpv4, Some(role)));
    }
    if at(546) || at(547) {
        return dhcpv6(payload).map(|role| (Service::Dhcpv6, role));
    }
    None
}

/// A header of RFC 1035 section 4.1.1 with a known operation and believable counts.
fn dns(payload: &[u8]) -> Option<Role> {
    let [_, _, marks, _, questions_high, _, answers_high, ..] = *payload else {
        return None;
    };
    let known_operation = matches!(marks >> 3 & 15, 0 | 2 | 4 | 5);
    if payload.len() < 12 || !known_operation || questions_high != 0 || answers_high > 1 {
        return None;
    }
    Some(if marks & 0x80 == 0 {
        Role::Client
    } else {
        Role::Server
    })
}

/// BOOTP with the DHCP cookie (RFC 2131 section 3). A relay's request comes from the server port and still asks.
fn dhcpv4(payload: &[u8]) -> Option<Role> {
    let cookie = payload.get(236..240)?;
    match payload.first()? {
        1 if cookie == [99, 130, 83, 99] => Some(Role::Client),
        2 if cookie == [99, 130, 83, 99] => Some(Role::Server),
        _ => None,
    }
}

/// A message type of RFC 8415 section 7.3.
fn dhcpv6(payload: &[u8]) -> Option<Option<Role>> {
    match payload.first()? {
        _ if payload.len() < 4 => None,
        1 | 3..=6 | 8 | 9 | 11 => Some(Some(Role::Client)),
        2 | 7 | 10 => Some(Some(Role::Server)),
        12 | 13 => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_needs_both_its_port_and_its_form() {
        let query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00";
        assert_eq!(
            recognise(40_000, 53, query),
            Some((Service::Dns, Some(Role::Client)))
        );
        assert_eq!(recognise(5353, 5353, query), Some((Service::Dns, None)));
        assert_eq!(recognise(40_000, 54, query), None);
        assert_eq!(recognise(40_000, 53, &[0xff; 40]), None);
        let mut offer = vec![0; 240];
        offer[0] = 2;
        assert_eq!(recognise(67, 68, &offer), None);
        offer[236..].copy_from_slice(&[99, 130, 83, 99]);
        assert_eq!(
            recognise(67, 68, &offer),
            Some((Service::Dhcpv4, Some(Role::Server)))
        );
        assert_eq!(
            recognise(546, 547, &[1, 0, 0, 1]),
            Some((Service::Dhcpv6, Some(Role::Client)))
        );
        assert_eq!(recognise(546, 547, &[]), None);
    }
}
