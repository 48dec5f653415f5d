//! What may differ between deployments, and every bound of the graph.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use auscult_proto::observation::Millis;

use crate::address;

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// Times in milliseconds, bounds in entries. All engines of a deployment use the same policy: it is part of what makes the output
/// reproducible.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Silent this long: idle. 24 h.
    pub idle_after: Millis,
    /// Silent this long: gone. 7 d.
    pub gone_after: Millis,
    /// Silent this long: gone, for devices with a randomised address. 24 h.
    pub ephemeral_gone_after: Millis,
    /// Silent this long: no longer kept, the record is deleted. 90 d.
    pub forget_after: Millis,
    /// "Last seen" moves in steps of this: a repetition within one step changes no state. 15 min, three times what sensors take to
    /// repeat themselves, so that most of what they send needs no write.
    pub last_seen_bucket: Millis,
    /// A record is published again without any other change once "last seen" advanced this much. 1 h.
    pub republish_after: Millis,
    /// Two interfaces that state one address within this time contest it. 60 s.
    pub contest_window: Millis,
    /// A lease is taken for ended this long after its end. 5 min.
    pub lease_grace: Millis,
    /// A device known only by its address is absorbed by a binding that begins at most this long after it was first seen. 24 h.
    pub absorb_within: Millis,
    /// An address seen in traffic only is forgotten as an interface's address after this much silence, once another appears. 1 h.
    pub presumed_for: Millis,
    /// A value is superseded by another known one only when it was not repeated for this long. 12 h.
    pub supersede_after: Millis,
    /// A sensor's clock may be ahead of the collector's by this much; beyond, its times are cut (and counted). 1 h.
    pub clock_ahead: Millis,
    /// Addresses without binding evidence behind one interface that make it a gateway. 4.
    pub gateway_addresses: usize,
    /// Networks (address and prefix length) in which a host behind a router is a device of the site; any other address is only a
    /// peer. RFC 1918, RFC 6598 and RFC 4193.
    pub local_networks: Vec<(IpAddr, u8)>,
    /// Devices per site. 100,000.
    pub devices: usize,
    /// Conversations per site. 200,000.
    pub conversations: usize,
    /// A conversation silent this long is no longer kept. 7 d.
    pub conversation_forget_after: Millis,
    /// Address realms per site. 4,096.
    pub realms: usize,
    /// Values kept per attribute and device. 16.
    pub values: usize,
    /// Values kept per many-valued attribute and device. 128.
    pub set_values: usize,
    /// Sources kept per value. 8.
    pub sources: usize,
    /// Interface addresses, identifiers and networks kept per device. 32.
    pub interfaces: usize,
    /// Networks kept of a device that forwards: one that is not kept is cut off from its routing domain. 1,024.
    pub gateway_interfaces: usize,
    /// Open bindings kept per device. 64.
    pub open_bindings: usize,
    /// Open bindings kept of a device that forwards: two in each network. 2,048.
    pub gateway_bindings: usize,
    /// Ended bindings kept per device. 16.
    pub ended_bindings: usize,
    /// Services kept per device. 64.
    pub services: usize,
    /// Incarnations remembered per sensor. 16.
    pub incarnations: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle_after: DAY,
            gone_after: 7 * DAY,
            ephemeral_gone_after: DAY,
            forget_after: 90 * DAY,
            last_seen_bucket: 15 * MINUTE,
            republish_after: HOUR,
            contest_window: MINUTE,
            lease_grace: 5 * MINUTE,
            absorb_within: DAY,
            presumed_for: HOUR,
            supersede_after: 12 * HOUR,
            clock_ahead: HOUR,
            gateway_addresses: 4,
            local_networks: vec![
                (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
                (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
                (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
                (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
                (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
            ],
            devices: 100_000,
            conversations: 200_000,
            conversation_forget_after: 7 * DAY,
            realms: 4_096,
            values: 16,
            set_values: 128,
            sources: 8,
            interfaces: 32,
            gateway_interfaces: 1_024,
            open_bindings: 64,
            gateway_bindings: 2_048,
            ended_bindings: 16,
            services: 64,
            incarnations: 16,
        }
    }
}

impl Policy {
    pub(crate) fn is_local(&self, ip: IpAddr) -> bool {
        self.local_networks
            .iter()
            .any(|(net, length)| address::within(ip, *net, *length))
    }
}
