//! Wire to domain and back. The way in trusts nothing: every enumeration, length and range is checked, and the first fault is named.

use std::net::IpAddr;

use bytes::Bytes;
use prost::Message;

use crate::decode;
use crate::limits;
use crate::mac::Mac;
use crate::observation::{
    Binding, Body, Conversation, Endpoint, Fact, FactFlags, Health, Heartbeat, Loss, Observation,
    Origin, Subject,
};
use crate::wire;

/// Why bytes from the wire are not an observation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Not protobuf of this schema.
    #[error("not decodable as {0}")]
    Undecodable(&'static str),
    /// A field that must be there is not.
    #[error("field {0} is missing")]
    Missing(&'static str),
    /// A field has a value outside its range.
    #[error("field {0} is out of range")]
    OutOfRange(&'static str),
    /// A text or list is longer than its limit.
    #[error("field {0} is longer than its limit")]
    TooLong(&'static str),
    /// The body does not hold as many observations as its envelope says.
    #[error("{found} observations where the envelope says {expected}")]
    CountDiffers {
        /// As the envelope says.
        expected: u32,
        /// As found.
        found: usize,
    },
}

/// Decodes a batch body (`ObservationList`) of exactly `count` observations.
///
/// # Errors
/// The first fault found; a batch is good as a whole or refused as a whole.
pub fn decode_body(body: Bytes, count: u32) -> Result<Vec<Observation>, Invalid> {
    if body.len() > limits::BATCH_BYTES {
        return Err(Invalid::TooLong("body"));
    }
    match decode::body(&body, count) {
        Some(observations) => Ok(observations),
        None => decode_any(body, count),
    }
}

/// Decodes a body in any form protobuf allows, and names the first fault.
pub(crate) fn decode_any(body: Bytes, count: u32) -> Result<Vec<Observation>, Invalid> {
    let list =
        wire::ObservationList::decode(body).map_err(|_| Invalid::Undecodable("ObservationList"))?;
    if usize::try_from(count) != Ok(list.observations.len()) {
        return Err(Invalid::CountDiffers {
            expected: count,
            found: list.observations.len(),
        });
    }
    list.observations
        .into_iter()
        .map(Observation::try_from)
        .collect()
}

/// Encodes observations as a batch body.
#[must_use]
pub fn encode_body<'a>(observations: impl IntoIterator<Item = &'a Observation>) -> Vec<u8> {
    wire::ObservationList {
        observations: observations
            .into_iter()
            .map(wire::Observation::from)
            .collect(),
    }
    .encode_to_vec()
}

fn enumeration<T: TryFrom<i32>>(value: i32, field: &'static str) -> Result<T, Invalid> {
    if value == 0 {
        return Err(Invalid::Missing(field));
    }
    T::try_from(value).map_err(|_| Invalid::OutOfRange(field))
}

fn bounded(text: String, max: usize, field: &'static str) -> Result<String, Invalid> {
    if text.len() > max {
        Err(Invalid::TooLong(field))
    } else {
        Ok(text)
    }
}

fn ip_from_wire(bytes: &Bytes, field: &'static str) -> Result<Option<IpAddr>, Invalid> {
    match bytes.len() {
        0 => Ok(None),
        4 => Ok(<[u8; 4]>::try_from(bytes.as_ref()).ok().map(IpAddr::from)),
        16 => Ok(<[u8; 16]>::try_from(bytes.as_ref()).ok().map(IpAddr::from)),
        _ => Err(Invalid::OutOfRange(field)),
    }
}

fn ip_to_wire(ip: Option<IpAddr>) -> Bytes {
    match ip {
        None => Bytes::new(),
        Some(IpAddr::V4(v4)) => Bytes::copy_from_slice(&v4.octets()),
        Some(IpAddr::V6(v6)) => Bytes::copy_from_slice(&v6.octets()),
    }
}

fn mac_from_wire(bits: u64, field: &'static str) -> Result<Option<Mac>, Invalid> {
    match Mac::from_bits(bits) {
        None if bits != 0 => Err(Invalid::OutOfRange(field)),
        mac => Ok(mac),
    }
}

impl TryFrom<wire::Endpoint> for Endpoint {
    type Error = Invalid;

    fn try_from(wire: wire::Endpoint) -> Result<Self, Invalid> {
        let endpoint = Self {
            mac: mac_from_wire(wire.mac, "mac")?,
            ip: ip_from_wire(&wire.ip, "ip")?,
        };
        if endpoint.mac.is_none() && endpoint.ip.is_none() {
            Err(Invalid::Missing("endpoint"))
        } else {
            Ok(endpoint)
        }
    }
}

impl From<&Endpoint> for wire::Endpoint {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            mac: endpoint.mac.map_or(0, Mac::to_bits),
            ip: ip_to_wire(endpoint.ip),
        }
    }
}

impl TryFrom<wire::Origin> for Origin {
    type Error = Invalid;

    fn try_from(wire: wire::Origin) -> Result<Self, Invalid> {
        if wire.vlans.len() > limits::VLANS {
            return Err(Invalid::TooLong("vlans"));
        }
        let vlans = wire
            .vlans
            .iter()
            .map(|vlan| u16::try_from(*vlan).ok().filter(|vlan| *vlan < 4096));
        let session = match wire.erspan_session_plus_one.checked_sub(1) {
            Some(session) => {
                Some(u16::try_from(session).map_err(|_| Invalid::OutOfRange("erspan_session"))?)
            }
            None => None,
        };
        Ok(Self {
            capture_point: wire
                .capture_point
                .parse()
                .map_err(|_| Invalid::OutOfRange("capture_point"))?,
            vlans: vlans
                .collect::<Option<_>>()
                .ok_or(Invalid::OutOfRange("vlans"))?,
            vni: wire.vni_plus_one.checked_sub(1),
            erspan_session: session,
        })
    }
}

impl From<&Origin> for wire::Origin {
    fn from(origin: &Origin) -> Self {
        Self {
            capture_point: origin.capture_point.as_str().to_owned(),
            vlans: origin.vlans.iter().map(|vlan| u32::from(*vlan)).collect(),
            vni_plus_one: origin.vni.map_or(0, |vni| vni.saturating_add(1)),
            erspan_session_plus_one: origin
                .erspan_session
                .map_or(0, |session| u32::from(session).saturating_add(1)),
        }
    }
}

impl TryFrom<wire::Observation> for Observation {
    type Error = Invalid;

    fn try_from(wire: wire::Observation) -> Result<Self, Invalid> {
        if wire.first_seen_ms < 0 || wire.last_seen_ms < wire.first_seen_ms {
            return Err(Invalid::OutOfRange("last_seen_ms"));
        }
        if wire.count == 0 {
            return Err(Invalid::Missing("count"));
        }
        Ok(Self {
            first_seen: wire.first_seen_ms,
            last_seen: wire.last_seen_ms,
            count: wire.count,
            origin: wire.origin.ok_or(Invalid::Missing("origin"))?.try_into()?,
            body: wire.body.ok_or(Invalid::Missing("body"))?.try_into()?,
        })
    }
}

impl From<&Observation> for wire::Observation {
    fn from(observation: &Observation) -> Self {
        Self {
            first_seen_ms: observation.first_seen,
            last_seen_ms: observation.last_seen,
            count: observation.count,
            origin: Some((&observation.origin).into()),
            body: Some((&observation.body).into()),
        }
    }
}

impl TryFrom<wire::observation::Body> for Body {
    type Error = Invalid;

    fn try_from(wire: wire::observation::Body) -> Result<Self, Invalid> {
        use wire::observation::Body as Wire;
        Ok(match wire {
            Wire::Fact(fact) => Self::Fact(fact.try_into()?),
            Wire::Conversation(conversation) => Self::Conversation(conversation.try_into()?),
            Wire::Binding(binding) => Self::Binding(binding.try_into()?),
            Wire::Heartbeat(heartbeat) => Self::Heartbeat(Heartbeat {
                endpoint: heartbeat
                    .endpoint
                    .ok_or(Invalid::Missing("endpoint"))?
                    .try_into()?,
                bytes_sent: heartbeat.bytes_sent,
                packets_sent: heartbeat.packets_sent,
            }),
            Wire::Health(health) => Self::Health(Box::new(health.try_into()?)),
            Wire::Loss(loss) => Self::Loss(Loss {
                reason: enumeration(loss.reason, "loss.reason")?,
                first_seq: loss.first_seq,
                count: loss.count,
            }),
        })
    }
}

impl From<&Body> for wire::observation::Body {
    fn from(body: &Body) -> Self {
        match body {
            Body::Fact(fact) => Self::Fact(fact.into()),
            Body::Conversation(conversation) => Self::Conversation(conversation.into()),
            Body::Binding(binding) => Self::Binding(wire::Binding {
                mac: binding.mac.to_bits(),
                ip: ip_to_wire(Some(binding.ip)),
                source: binding.source.into(),
                lease_s: binding.lease_s,
                released: binding.released,
            }),
            Body::Heartbeat(heartbeat) => Self::Heartbeat(wire::Heartbeat {
                endpoint: Some((&heartbeat.endpoint).into()),
                bytes_sent: heartbeat.bytes_sent,
                packets_sent: heartbeat.packets_sent,
            }),
            Body::Health(health) => Self::Health(health.as_ref().into()),
            Body::Loss(loss) => Self::Loss(wire::Loss {
                reason: loss.reason.into(),
                first_seq: loss.first_seq,
                count: loss.count,
            }),
        }
    }
}

impl TryFrom<wire::Fact> for Fact {
    type Error = Invalid;

    fn try_from(wire: wire::Fact) -> Result<Self, Invalid> {
        if wire.value.is_empty() {
            return Err(Invalid::Missing("value"));
        }
        if wire.flags & !FactFlags::ALL.0 != 0 {
            return Err(Invalid::OutOfRange("flags"));
        }
        let subject = match wire.reported {
            None => Subject::Sender,
            Some(wire::Subject {
                endpoint: Some(endpoint),
                ..
            }) => Subject::Endpoint(endpoint.try_into()?),
            Some(wire::Subject { key, .. }) if !key.is_empty() => {
                Subject::Key(bounded(key, limits::KEY_BYTES, "reported.key")?)
            }
            Some(_) => return Err(Invalid::Missing("reported")),
        };
        Ok(Self {
            sender: wire.sender.ok_or(Invalid::Missing("sender"))?.try_into()?,
            subject,
            attribute: enumeration(wire.attribute, "attribute")?,
            field: enumeration(wire.field, "field")?,
            value: bounded(wire.value, limits::VALUE_BYTES, "value")?,
            class: enumeration(wire.class, "class")?,
            flags: FactFlags(wire.flags),
        })
    }
}

impl From<&Fact> for wire::Fact {
    fn from(fact: &Fact) -> Self {
        Self {
            sender: Some((&fact.sender).into()),
            reported: match &fact.subject {
                Subject::Sender => None,
                Subject::Endpoint(endpoint) => Some(wire::Subject {
                    endpoint: Some(endpoint.into()),
                    key: String::new(),
                }),
                Subject::Key(key) => Some(wire::Subject {
                    endpoint: None,
                    key: key.clone(),
                }),
            },
            attribute: fact.attribute.into(),
            field: fact.field.into(),
            value: fact.value.clone(),
            class: fact.class.into(),
            flags: fact.flags.0,
        }
    }
}

impl TryFrom<wire::Conversation> for Conversation {
    type Error = Invalid;

    fn try_from(wire: wire::Conversation) -> Result<Self, Invalid> {
        Ok(Self {
            client: wire.client.ok_or(Invalid::Missing("client"))?.try_into()?,
            server: wire.server.ok_or(Invalid::Missing("server"))?.try_into()?,
            ip_protocol: u8::try_from(wire.ip_protocol)
                .map_err(|_| Invalid::OutOfRange("ip_protocol"))?,
            port: u16::try_from(wire.port).map_err(|_| Invalid::OutOfRange("port"))?,
            // Unspecified is a statement here: nothing was recognised.
            service: wire::Service::try_from(wire.service)
                .map_err(|_| Invalid::OutOfRange("service"))?,
            bytes_to_server: wire.bytes_to_server,
            bytes_to_client: wire.bytes_to_client,
            packets_to_server: wire.packets_to_server,
            packets_to_client: wire.packets_to_client,
            evidence: enumeration(wire.evidence, "evidence")?,
            one_way: wire.one_way,
            closed: wire.closed,
        })
    }
}

impl From<&Conversation> for wire::Conversation {
    fn from(conversation: &Conversation) -> Self {
        Self {
            client: Some((&conversation.client).into()),
            server: Some((&conversation.server).into()),
            ip_protocol: conversation.ip_protocol.into(),
            port: conversation.port.into(),
            service: conversation.service.into(),
            bytes_to_server: conversation.bytes_to_server,
            bytes_to_client: conversation.bytes_to_client,
            packets_to_server: conversation.packets_to_server,
            packets_to_client: conversation.packets_to_client,
            evidence: conversation.evidence.into(),
            one_way: conversation.one_way,
            closed: conversation.closed,
        }
    }
}

impl TryFrom<wire::Binding> for Binding {
    type Error = Invalid;

    fn try_from(wire: wire::Binding) -> Result<Self, Invalid> {
        Ok(Self {
            mac: mac_from_wire(wire.mac, "binding.mac")?.ok_or(Invalid::Missing("binding.mac"))?,
            ip: ip_from_wire(&wire.ip, "binding.ip")?.ok_or(Invalid::Missing("binding.ip"))?,
            source: enumeration(wire.source, "binding.source")?,
            lease_s: wire.lease_s,
            released: wire.released,
        })
    }
}

impl TryFrom<wire::Health> for Health {
    type Error = Invalid;

    fn try_from(wire: wire::Health) -> Result<Self, Invalid> {
        if wire.silent_vlans.len() > limits::SILENT_VLANS {
            return Err(Invalid::TooLong("silent_vlans"));
        }
        let vlans = wire
            .silent_vlans
            .iter()
            .map(|vlan| u16::try_from(*vlan).ok().filter(|vlan| *vlan < 4096));
        Ok(Self {
            version: bounded(wire.version, limits::VERSION_BYTES, "version")?,
            state: enumeration(wire.state, "state")?,
            packets: wire.packets,
            bytes: wire.bytes,
            dropped_by_kernel: wire.dropped_by_kernel,
            dropped_by_interface: wire.dropped_by_interface,
            frames_undecoded: wire.frames_undecoded,
            facts_emitted: wire.facts_emitted,
            values_dropped: wire.values_dropped,
            table_evictions: wire.table_evictions,
            spool_bytes: wire.spool_bytes,
            spool_limit_bytes: wire.spool_limit_bytes,
            oldest_unsent_ms: wire.oldest_unsent_ms,
            clock_offset_ms: wire.clock_offset_ms,
            rss_bytes: wire.rss_bytes,
            one_way_per_mille: wire.one_way_per_mille.min(1000),
            no_l2_control: wire.no_l2_control,
            silent_vlans: vlans
                .collect::<Option<_>>()
                .ok_or(Invalid::OutOfRange("silent_vlans"))?,
            cert_not_after: wire.cert_not_after_ms,
        })
    }
}

impl From<&Health> for wire::Health {
    fn from(health: &Health) -> Self {
        Self {
            version: health.version.clone(),
            state: health.state.into(),
            packets: health.packets,
            bytes: health.bytes,
            dropped_by_kernel: health.dropped_by_kernel,
            dropped_by_interface: health.dropped_by_interface,
            frames_undecoded: health.frames_undecoded,
            facts_emitted: health.facts_emitted,
            values_dropped: health.values_dropped,
            table_evictions: health.table_evictions,
            spool_bytes: health.spool_bytes,
            spool_limit_bytes: health.spool_limit_bytes,
            oldest_unsent_ms: health.oldest_unsent_ms,
            clock_offset_ms: health.clock_offset_ms,
            rss_bytes: health.rss_bytes,
            one_way_per_mille: health.one_way_per_mille,
            no_l2_control: health.no_l2_control,
            silent_vlans: health
                .silent_vlans
                .iter()
                .map(|vlan| u32::from(*vlan))
                .collect(),
            cert_not_after_ms: health.cert_not_after,
        }
    }
}
