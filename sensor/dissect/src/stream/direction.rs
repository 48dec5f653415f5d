//! Which end serves: what ports and addresses say where no handshake was seen.

use std::net::IpAddr;

use auscult_proto::DirectionEvidence;
use auscult_proto::mac::Mac;

/// The part an end plays in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It asks.
    Client,
    /// It serves.
    Server,
}

/// First port of the ranges that systems give to clients (Linux 32768, IANA 49152).
const FIRST_DYNAMIC: u16 = 32_768;

/// Ports at which somebody serves: the system range without the client ports of BOOTP and DHCPv6, and the registered ports seen
/// in hospitals.
const fn is_service(port: u16) -> bool {
    match port {
        0 | 68 | 546 => false,
        1..=1023 => true,
        // Medical: HL7, DICOM (ISCL, TLS, alternative), IEEE 11073 SDC, BD Alaris, IntelliVue.
        2575 | 2761 | 2762 | 4242 | 11_112 | 6464 | 3613 | 24_005 | 24_105
        // Discovery, naming, time, management.
        | 1900 | 3702 | 5353 | 5355 | 4500 | 1812 | 1813 | 3268 | 3269 | 5985 | 5986
        // Databases, directories, files, desktops.
        | 1433 | 1434 | 1521 | 2049 | 3306 | 3389 | 5432 | 5900 | 6379 | 27_017
        // Web, messaging, voice, video, printing.
        | 1883 | 8883 | 5060 | 5061 | 1720 | 2000 | 8000 | 8008 | 8080 | 8081 | 8443 | 8888 | 9100 | 9092
        // Building and plant.
        | 1911 | 4911 | 2222 | 3671 | 4840 | 20_000 | 44_818 | 47_808 => true,
        _ => false,
    }
}

/// Part of the sender of a first packet, and how it is known.
pub(super) fn of_first_packet(
    src_port: u16,
    dst: (IpAddr, Option<Mac>),
    dst_port: u16,
) -> (Role, DirectionEvidence) {
    let by_ports = by_ports(src_port, dst_port);
    if is_group(dst) && !matches!(dst_port, 68 | 546) {
        // A group cannot ask.
        let evidence = if is_service(dst_port) {
            DirectionEvidence::Port
        } else {
            DirectionEvidence::FirstPacket
        };
        return (Role::Client, evidence);
    }
    by_ports.map_or((Role::Client, DirectionEvidence::FirstPacket), |role| {
        (role, DirectionEvidence::Port)
    })
}

fn by_ports(src: u16, dst: u16) -> Option<Role> {
    let is_client = match (is_service(src), is_service(dst)) {
        (false, true) => true,
        (true, false) => false,
        (true, true) if src != dst => dst < src,
        (false, false) if (src < FIRST_DYNAMIC) != (dst < FIRST_DYNAMIC) => dst < src,
        _ => return None,
    };
    Some(if is_client {
        Role::Client
    } else {
        Role::Server
    })
}

fn is_group((ip, mac): (IpAddr, Option<Mac>)) -> bool {
    let by_ip = match ip {
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_multicast(),
    };
    by_ip || mac.is_some_and(Mac::is_group)
}

/// How much a kind of evidence counts against another.
pub(super) const fn strength(evidence: DirectionEvidence) -> u8 {
    match evidence {
        DirectionEvidence::Unspecified => 0,
        DirectionEvidence::FirstPacket => 1,
        DirectionEvidence::Port => 2,
        DirectionEvidence::Protocol => 3,
        DirectionEvidence::Handshake => 4,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn between(src: u16, dst: u16) -> (Role, DirectionEvidence) {
        let host = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        of_first_packet(src, (host, Some(Mac([0; 6]))), dst)
    }

    #[test]
    fn a_service_port_tells_the_server_in_both_directions() {
        assert_eq!(
            between(104, 50_000),
            (Role::Server, DirectionEvidence::Port)
        );
        assert_eq!(
            between(50_000, 2575),
            (Role::Client, DirectionEvidence::Port)
        );
        assert_eq!(between(67, 68), (Role::Server, DirectionEvidence::Port));
        assert_eq!(between(546, 547), (Role::Client, DirectionEvidence::Port));
        assert_eq!(between(8080, 443), (Role::Client, DirectionEvidence::Port));
        assert_eq!(
            between(6000, 51_000),
            (Role::Server, DirectionEvidence::Port)
        );
        assert_eq!(
            between(123, 123),
            (Role::Client, DirectionEvidence::FirstPacket)
        );
        assert_eq!(
            between(40_000, 50_000),
            (Role::Client, DirectionEvidence::FirstPacket)
        );
    }

    #[test]
    fn a_group_is_never_the_client_but_for_dhcp_answers() {
        let group = (IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)), None);
        assert_eq!(of_first_packet(1900, group, 40_000).0, Role::Client);
        let subnet = (
            IpAddr::V4(Ipv4Addr::new(10, 0, 0, 255)),
            Some(Mac([0xff; 6])),
        );
        assert_eq!(of_first_packet(137, subnet, 50_000).0, Role::Client);
        assert_eq!(of_first_packet(67, subnet, 68).0, Role::Server);
    }
}
