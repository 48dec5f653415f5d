//! Link types and everything between them and IP: Ethernet, tags, LLC/SNAP, Linux cooked, PPP, MPLS.

use super::{Content, Layer, Opened, Reason, Step, Way};
use crate::cursor::Cursor;
use crate::packet::{Network, OriginTag};

/// Ethertypes (IEEE registry) that are opened here.
mod ethertype {
    pub(super) const IPV4: u16 = 0x0800;
    pub(super) const IPV6: u16 = 0x86dd;
    pub(super) const BRIDGED: u16 = 0x6558;
    pub(super) const VLAN: u16 = 0x8100;
    pub(super) const VLAN_SERVICE: u16 = 0x88a8;
    pub(super) const VLAN_OLD: u16 = 0x9100;
    pub(super) const VLAN_OLDER: u16 = 0x9200;
    pub(super) const MPLS: u16 = 0x8847;
    pub(super) const MPLS_UPSTREAM: u16 = 0x8848;
    pub(super) const PPPOE_SESSION: u16 = 0x8864;
    pub(super) const JUMBO_LLC: u16 = 0x8870;
    pub(super) const MACSEC: u16 = 0x88e5;
    pub(super) const BACKBONE: u16 = 0x88e7;
    pub(super) const METADATA: u16 = 0x8909;
    pub(super) const VN_TAG: u16 = 0x8926;
    pub(super) const E_TAG: u16 = 0x893f;
    pub(super) const NSH: u16 = 0x894f;
}

/// Whether a GRE or NSH payload of this ethertype can be opened.
pub(super) const fn is_openable(ethertype: u16) -> bool {
    matches!(
        ethertype,
        ethertype::IPV4
            | ethertype::IPV6
            | ethertype::BRIDGED
            | ethertype::VLAN
            | ethertype::VLAN_SERVICE
            | ethertype::MPLS
            | ethertype::MPLS_UPSTREAM
            | ethertype::METADATA
            | ethertype::NSH
    )
}

/// Largest value of the length field of an 802.3 frame.
const LARGEST_LENGTH: u16 = 1500;

/// A type or length field.
const fn after(type_or_length: u16) -> Layer {
    match type_or_length {
        ethertype::IPV4 => Layer::Ipv4,
        ethertype::IPV6 => Layer::Ipv6,
        0..=LARGEST_LENGTH => Layer::Llc,
        other => Layer::Ethertype(other),
    }
}

impl Way {
    /// What a libpcap link type begins with.
    #[inline]
    pub(super) fn begin<'a>(
        &mut self,
        link_type: i32,
        bytes: &'a [u8],
    ) -> Result<(Layer, &'a [u8]), Reason> {
        if link_type == 1 {
            return Ok((Layer::Ethernet, bytes));
        }
        self.begin_other(link_type, bytes).ok_or(Reason::Short)?
    }

    fn begin_other<'a>(
        &mut self,
        link_type: i32,
        bytes: &'a [u8],
    ) -> Option<Result<(Layer, &'a [u8]), Reason>> {
        let mut cursor = Cursor::new(bytes);
        let layer = match link_type {
            // NULL and LOOP: an address family, in the byte order of whoever captured.
            0 | 108 => {
                let [a, b, c, d] = cursor.array()?;
                match (a | d, b | c) {
                    (2 | 10 | 23 | 24 | 28 | 30, 0) => Layer::Ip,
                    _ => return Some(Err(Reason::NoPacket)),
                }
            }
            // RAW (with its numbers on other systems), IPv4, IPv6.
            12 | 14 | 101 | 228 | 229 => Layer::Ip,
            // PPP, PPP over serial lines.
            9 | 50 => Layer::Ppp,
            // PPP_ETHER: begins at the PPPoE header.
            51 => return Some(Ok((Layer::Ethertype(ethertype::PPPOE_SESSION), bytes))),
            // ATM RFC 1483, with its number in files.
            11 | 100 => Layer::Llc,
            // Cisco HDLC.
            104 => {
                cursor.skip(2)?;
                after(cursor.u16()?)
            }
            105 => Layer::Dot11,
            // Linux cooked, version 1 and 2.
            113 => {
                cursor.skip(2)?;
                let hardware = cursor.u16()?;
                let address_len = cursor.u16()?;
                self.cooked_source(cursor.array()?, address_len);
                cooked_protocol(hardware, cursor.u16()?)
            }
            276 => {
                let protocol = cursor.u16()?;
                cursor.skip(6)?;
                let hardware = cursor.u16()?;
                cursor.skip(1)?;
                let address_len = u16::from(cursor.u8()?);
                self.cooked_source(cursor.array()?, address_len);
                cooked_protocol(hardware, protocol)
            }
            // Prism and AVS: a header of stated length before an 802.11 frame.
            119 | 163 => {
                cursor.skip(4)?;
                let length = cursor.array()?;
                let length = if link_type == 119 {
                    u32::from_le_bytes(length)
                } else {
                    u32::from_be_bytes(length)
                };
                cursor.skip(usize::try_from(length).ok()?.checked_sub(8)?)?;
                Layer::Dot11
            }
            // Radiotap.
            127 => {
                cursor.skip(2)?;
                let length = u16::from_le_bytes(cursor.array()?);
                cursor.skip(usize::from(length).checked_sub(4)?)?;
                Layer::Dot11
            }
            // PPI, over 802.11 or Ethernet.
            192 => {
                cursor.skip(2)?;
                let length = u16::from_le_bytes(cursor.array()?);
                let inner = u32::from_le_bytes(cursor.array()?);
                cursor.skip(usize::from(length).checked_sub(8)?)?;
                match inner {
                    1 => Layer::Ethernet,
                    105 => Layer::Dot11,
                    _ => return Some(Err(Reason::LinkType)),
                }
            }
            219 => Layer::Mpls,
            _ => return Some(Err(Reason::LinkType)),
        };
        Some(Ok((layer, cursor.rest())))
    }

    fn cooked_source(&mut self, address: [u8; 8], length: u16) {
        if let ([a, b, c, d, e, f, ..], 6) = (address, length) {
            self.addresses([0; 6], [a, b, c, d, e, f]);
            self.dst_mac = None;
        }
    }

    #[inline]
    pub(super) fn ethernet<'a>(&mut self, bytes: &'a [u8]) -> Opened<'a> {
        let mut cursor = Cursor::new(bytes);
        let (Some(dst), Some(src)) = (cursor.array::<6>(), cursor.array::<6>()) else {
            return Err(Reason::Short);
        };
        if matches!(dst, [0x01 | 0x03, 0x00, 0x0c, 0x00, 0x00, _]) {
            return self.isl(bytes);
        }
        self.addresses(dst, src);
        let type_or_length = cursor.u16().ok_or(Reason::Short)?;
        if type_or_length <= LARGEST_LENGTH {
            // What follows the stated length is padding.
            return Ok(Step::Next(
                Layer::Llc,
                cursor.take_at_most(usize::from(type_or_length)),
            ));
        }
        Ok(Step::Next(after(type_or_length), cursor.rest()))
    }

    /// Cisco Inter-Switch Link: 26 bytes before a whole Ethernet frame.
    fn isl<'a>(&mut self, bytes: &'a [u8]) -> Opened<'a> {
        self.enter()?;
        let mut cursor = Cursor::new(bytes);
        let vlan = cursor
            .skip(20)
            .and_then(|()| cursor.u16())
            .ok_or(Reason::Short)?;
        cursor.skip(4).ok_or(Reason::Short)?;
        self.tag(vlan >> 1);
        Ok(Step::Next(Layer::Ethernet, cursor.rest()))
    }

    pub(super) fn ethertype<'a>(&mut self, ethertype: u16, bytes: &'a [u8]) -> Opened<'a> {
        match ethertype {
            ethertype::IPV4 => Ok(Step::Next(Layer::Ipv4, bytes)),
            ethertype::IPV6 => Ok(Step::Next(Layer::Ipv6, bytes)),
            ethertype::VLAN
            | ethertype::VLAN_SERVICE
            | ethertype::VLAN_OLD
            | ethertype::VLAN_OLDER => self.vlan(bytes),
            ethertype::MPLS | ethertype::MPLS_UPSTREAM => Ok(Step::Next(Layer::Mpls, bytes)),
            ethertype::PPPOE_SESSION
            | ethertype::JUMBO_LLC
            | ethertype::MACSEC
            | ethertype::BACKBONE
            | ethertype::METADATA
            | ethertype::VN_TAG
            | ethertype::E_TAG
            | ethertype::BRIDGED
            | ethertype::NSH => {
                self.enter()?;
                self.rare(ethertype, bytes).ok_or(Reason::Short)?
            }
            _ => Ok(Step::Reached(Content::Packet(Network::Ethertype {
                ethertype,
                payload: bytes,
            }))),
        }
    }

    fn vlan<'a>(&mut self, bytes: &'a [u8]) -> Opened<'a> {
        self.enter()?;
        let mut cursor = Cursor::new(bytes);
        let (Some(control), Some(next)) = (cursor.u16(), cursor.u16()) else {
            return Err(Reason::Short);
        };
        self.tag(control & 0x0fff);
        Ok(Step::Next(after(next), cursor.rest()))
    }

    /// Keeps a VLAN identifier. Zero is a priority tag, not a VLAN.
    pub(super) fn tag(&mut self, id: u16) {
        let count = usize::from(self.origin.vlan_count);
        // An ERSPAN header repeats the outer tag of a trunk's frame.
        let repeated = self.origin.erspan_session.is_some() && self.origin.vlans() == [id];
        if id == 0 || repeated {
            return;
        }
        if let Some(slot) = self.origin.vlans.get_mut(count) {
            *slot = id;
            self.origin.vlan_count = self.origin.vlan_count.saturating_add(1);
        } else {
            self.tags_skipped = self.tags_skipped.saturating_add(1);
        }
    }

    fn rare<'a>(&mut self, ethertype: u16, bytes: &'a [u8]) -> Option<Opened<'a>> {
        let mut cursor = Cursor::new(bytes);
        let layer = match ethertype {
            // RFC 2516: version and type 1, code, session, length.
            ethertype::PPPOE_SESSION => {
                cursor.skip(4)?;
                let length = cursor.u16()?;
                return Some(Ok(Step::Next(
                    Layer::Ppp,
                    cursor.take_at_most(usize::from(length)),
                )));
            }
            ethertype::JUMBO_LLC => Layer::Llc,
            // IEEE 802.1AE: the tag says whether the payload is encrypted or only authenticated.
            ethertype::MACSEC => {
                let control = cursor.u8()?;
                cursor.skip(5)?;
                if control & 0x0c != 0 {
                    return Some(Err(Reason::Encrypted));
                }
                if control & 0x20 != 0 {
                    cursor.skip(8)?;
                }
                after(cursor.u16()?)
            }
            // IEEE 802.1ah: a service tag, then a customer's frame.
            ethertype::BACKBONE => {
                cursor.skip(4)?;
                self.origin = OriginTag::default();
                Layer::Ethernet
            }
            // Cisco metadata: version 1, one option, the group tag of the sender.
            ethertype::METADATA => {
                if cursor.array()? != [1, 1] {
                    return Some(Err(Reason::NoPacket));
                }
                cursor.skip(4)?;
                after(cursor.u16()?)
            }
            ethertype::VN_TAG => {
                cursor.skip(4)?;
                after(cursor.u16()?)
            }
            ethertype::E_TAG => {
                cursor.skip(6)?;
                after(cursor.u16()?)
            }
            // RFC 8300: length in words, next protocol, service path, context.
            ethertype::NSH => {
                let words = usize::from(cursor.u16()? & 0x3f);
                cursor.skip(1)?;
                let next = cursor.u8()?;
                cursor.skip(words.checked_sub(1)?.checked_mul(4)?)?;
                match next {
                    1 => Layer::Ipv4,
                    2 => Layer::Ipv6,
                    3 => Layer::Ethernet,
                    5 => Layer::Mpls,
                    _ => return Some(Err(Reason::NoPacket)),
                }
            }
            _ => Layer::Ethernet,
        };
        Some(Ok(Step::Next(layer, cursor.rest())))
    }

    /// IEEE 802.2, and SNAP within it.
    pub(super) fn llc<'a>(&mut self, bytes: &'a [u8]) -> Opened<'a> {
        let mut cursor = Cursor::new(bytes);
        let (Some(dsap), Some(ssap), Some(control)) = (cursor.u8(), cursor.u8(), cursor.u8())
        else {
            return Err(Reason::Short);
        };
        if (dsap, ssap, control) != (0xaa, 0xaa, 0x03) {
            // Information and supervisory frames have a second control octet; the unnumbered ones met here have not.
            return Ok(Step::Reached(Content::Packet(Network::Llc {
                dsap,
                snap: None,
                payload: cursor.rest(),
            })));
        }
        let (Some(oui), Some(pid)) = (cursor.array::<3>(), cursor.u16()) else {
            return Err(Reason::Short);
        };
        match oui {
            // Ethertypes: RFC 1042, and the bridge tunnel form of 802.1H.
            [0, 0, 0] | [0, 0, 0xf8] if pid > LARGEST_LENGTH => {
                self.enter()?;
                Ok(Step::Next(after(pid), cursor.rest()))
            }
            _ => Ok(Step::Reached(Content::Packet(Network::Llc {
                dsap,
                snap: Some((oui, pid)),
                payload: cursor.rest(),
            }))),
        }
    }

    /// A label stack (RFC 3032), then IP, or Ethernet as a pseudowire (RFC 4448).
    pub(super) fn mpls<'a>(&mut self, bytes: &'a [u8]) -> Opened<'a> {
        self.enter()?;
        let mut cursor = Cursor::new(bytes);
        let mut labels = 0_u8;
        loop {
            let entry = cursor.u32().ok_or(Reason::Short)?;
            if entry & 0x100 != 0 {
                break;
            }
            labels = labels.saturating_add(1);
            if labels >= LABELS {
                return Err(Reason::TooDeep);
            }
        }
        let rest = cursor.rest();
        let first = *rest.first().ok_or(Reason::Short)?;
        match first >> 4 {
            4 if super::ip::is_ipv4(rest, self.truncated) => Ok(Step::Next(Layer::Ipv4, rest)),
            6 if super::ip::is_ipv6(rest, self.truncated) => Ok(Step::Next(Layer::Ipv6, rest)),
            // An associated channel: management of the path itself.
            1 => Err(Reason::NoPacket),
            nibble => {
                if !self.enter_tunnel() {
                    return Err(Reason::TooDeep);
                }
                self.origin = OriginTag::default();
                // A control word begins with a zero nibble; so do many MAC addresses. The type tells where the frame begins.
                let frame = match rest.split_first_chunk::<4>() {
                    Some((_, frame)) if nibble == 0 && (is_frame(frame) || !is_frame(rest)) => {
                        frame
                    }
                    _ => rest,
                };
                Ok(Step::Next(Layer::Ethernet, frame))
            }
        }
    }
}

/// Whether bytes begin with an Ethernet header of a common type.
fn is_frame(bytes: &[u8]) -> bool {
    let kind = bytes.get(12..14);
    matches!(
        kind,
        Some([0x08, 0x00 | 0x06] | [0x86, 0xdd] | [0x81, 0x00] | [0x88, 0xa8 | 0xcc | 0x47 | 0x64])
    )
}

/// Most labels read in one stack.
const LABELS: u8 = 8;

const fn cooked_protocol(hardware: u16, protocol: u16) -> Layer {
    match (hardware, protocol) {
        // ARPHRD_IEEE80211 and its radiotap form carry whole 802.11 frames.
        (801, _) => Layer::Dot11,
        (_, 0x0001 | 0x0004) => Layer::Llc,
        (_, protocol) => after(protocol),
    }
}

/// A PPP frame (RFC 1661) with or without its HDLC address and control octets.
pub(super) fn ppp(bytes: &[u8]) -> Opened<'_> {
    let mut cursor = Cursor::new(bytes);
    if let [0xff, 0x03, rest @ ..] = bytes {
        cursor = Cursor::new(rest);
    } else if let [0x0f | 0x8f, 0x00, rest @ ..] = bytes {
        // Cisco HDLC on a line captured as PPP.
        let mut hdlc = Cursor::new(rest);
        let next = hdlc.u16().ok_or(Reason::Short)?;
        return Ok(Step::Next(after(next), hdlc.rest()));
    }
    let first = cursor.u8().ok_or(Reason::Short)?;
    let protocol = if first & 1 == 1 {
        u16::from(first)
    } else {
        u16::from_be_bytes([first, cursor.u8().ok_or(Reason::Short)?])
    };
    match protocol {
        0x0021 => Ok(Step::Next(Layer::Ipv4, cursor.rest())),
        0x0057 => Ok(Step::Next(Layer::Ipv6, cursor.rest())),
        0x0281 | 0x0283 => Ok(Step::Next(Layer::Mpls, cursor.rest())),
        0x0053 | 0x0055 | 0x00fb | 0x00fd => Err(Reason::Encrypted),
        _ => Err(Reason::NoPacket),
    }
}
