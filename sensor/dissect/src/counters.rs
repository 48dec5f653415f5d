//! Plain counters: what was read, what could not be, and what was refused. The binary turns them into metrics.

use auscult_proto::Attribute;

/// Adds one; a counter that reaches its end stays there.
#[inline]
pub(crate) const fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

/// Totals of a dissector since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames handed in.
    pub frames: u64,
    /// Frames in which no packet was found, by reason.
    pub undecoded: Undecoded,
    /// Frames the capture cut short.
    pub truncated: u64,
    /// Encapsulations left unopened because a frame nests deeper than the bounds.
    pub too_deep: u64,
    /// 802.1Q/ad tags passed over because a frame carries more than are kept.
    pub vlan_tags_skipped: u64,
    /// Fragments and the datagrams made of them.
    pub fragments: Fragments,
    /// Messages that broke their own format, by protocol.
    pub malformed: Malformed,
    /// Values that did not pass the sanitiser, by attribute.
    pub values_dropped: ValuesDropped,
    /// Flow and reassembly tables.
    pub streams: crate::stream::Counters,
}

impl Counters {
    /// Entries pushed out of any bounded table before their time.
    #[must_use]
    pub const fn evictions(&self) -> u64 {
        self.fragments
            .evicted
            .saturating_add(self.streams.evictions)
    }
}

/// Frames in which no packet was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Undecoded {
    /// The link type has no decoder.
    pub link_type: u64,
    /// A header ends after the captured bytes.
    pub short: u64,
    /// A header contradicts itself.
    pub malformed: u64,
    /// Nested deeper than the bounds.
    pub too_deep: u64,
    /// Encrypted or compressed at the link layer (802.11, MACsec).
    pub encrypted: u64,
    /// Link-layer signalling without a packet (802.11 management, PPP negotiation).
    pub no_packet: u64,
}

impl Undecoded {
    /// All reasons with their count; names are stable.
    #[must_use]
    pub const fn by_reason(&self) -> [(&'static str, u64); 6] {
        [
            ("link_type", self.link_type),
            ("short", self.short),
            ("malformed", self.malformed),
            ("too_deep", self.too_deep),
            ("encrypted", self.encrypted),
            ("no_packet", self.no_packet),
        ]
    }

    /// Frames that were not understood; signalling without a packet is understood.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_reason()
            .iter()
            .fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))
            .saturating_sub(self.no_packet)
    }
}

/// IP fragments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fragments {
    /// Fragments received.
    pub received: u64,
    /// Datagrams completed.
    pub joined: u64,
    /// Fragments that repeat bytes already held; the first copy wins.
    pub overlapping: u64,
    /// Fragments that contradict their datagram or its largest size.
    pub refused: u64,
    /// Incomplete datagrams given up after their time.
    pub expired: u64,
    /// Incomplete datagrams pushed out by newer ones.
    pub evicted: u64,
}

/// Messages that broke their own format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Malformed {
    /// ARP.
    pub arp: u64,
    /// IPv6 neighbour discovery.
    pub ndp: u64,
    /// DHCPv4 and BOOTP.
    pub dhcpv4: u64,
    /// DHCPv6.
    pub dhcpv6: u64,
    /// LLDP.
    pub lldp: u64,
    /// CDP.
    pub cdp: u64,
}

impl Malformed {
    /// All protocols with their count; names are stable.
    #[must_use]
    pub const fn by_protocol(&self) -> [(&'static str, u64); 6] {
        [
            ("arp", self.arp),
            ("ndp", self.ndp),
            ("dhcpv4", self.dhcpv4),
            ("dhcpv6", self.dhcpv6),
            ("lldp", self.lldp),
            ("cdp", self.cdp),
        ]
    }
}

/// One more than the largest number of [`Attribute`].
const ATTRIBUTES: usize = 64;

/// Values that were not emitted, by attribute: empty after cleaning, or shaped like something about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuesDropped {
    by_number: [u64; ATTRIBUTES],
}

impl Default for ValuesDropped {
    fn default() -> Self {
        Self {
            by_number: [0; ATTRIBUTES],
        }
    }
}

impl ValuesDropped {
    pub(crate) fn count(&mut self, attribute: Attribute) {
        let slot = usize::try_from(i32::from(attribute))
            .ok()
            .and_then(|number| self.by_number.get_mut(number));
        if let Some(counter) = slot {
            bump(counter);
        }
    }

    /// Adds the figures of another part.
    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.by_number.iter_mut().zip(other.by_number) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// The attributes with a count above zero.
    pub fn by_attribute(&self) -> impl Iterator<Item = (Attribute, u64)> + '_ {
        (0_i32..)
            .zip(self.by_number)
            .filter(|(_, count)| *count > 0)
            .filter_map(|(number, count)| Some((Attribute::try_from(number).ok()?, count)))
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_number
            .iter()
            .fold(0, |sum: u64, count| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_has_a_counter() {
        let mut dropped = ValuesDropped::default();
        let known: Vec<Attribute> = (1..1024)
            .filter_map(|n| Attribute::try_from(n).ok())
            .collect();
        assert!(known.len() > 40);
        for attribute in &known {
            dropped.count(*attribute);
        }
        let counted: Vec<_> = dropped.by_attribute().collect();
        assert_eq!(counted, known.iter().map(|a| (*a, 1)).collect::<Vec<_>>());
        let mut twice = dropped.clone();
        twice.add(&dropped);
        assert_eq!(twice.total(), 2 * dropped.total());
    }
}
