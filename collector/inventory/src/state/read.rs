//! Record to domain. Records were written by this crate, but come from outside: whatever is not as written is refused by name.

use std::collections::BTreeSet;
use std::net::IpAddr;

use auscult_proto::ids::{Incarnation, SensorId};
use auscult_proto::mac::Mac;
use auscult_proto::observation::FactFlags;
use auscult_proto::{Attribute, BindingSource, wire};
use bytes::Bytes;
use prost::Message;

use super::{CONVERSATION, DEVICE, REALM, RestoreError, SENSOR, SITE};
use crate::attribute::{Source, Value, Values};
use crate::conversation::{Addresses, Cell, Conversation, Totals};
use crate::device::{Binding, Device, Interface, Offer};
use crate::event::{DeviceClass, Status};
use crate::id::{ConversationId, DeviceId, Identifier};
use crate::index::joins_realms;
use crate::inventory::{Counters, SiteInventory};
use crate::position::{Gap, Position};
use crate::realm::RealmId;

/// What is wrong with a record.
type Fault = &'static str;

const UNDECODABLE: Fault = "not decodable";
const WRONG_ID: Fault = "not the entity its key names";
const BAD_ADDRESS: Fault = "an address has the wrong length";
const BAD_ENUM: Fault = "an enumeration has an unknown value";
const BAD_NAME: Fault = "a name is malformed";
const BAD_NUMBER: Fault = "a number is out of range";

pub(super) struct Reader {
    inventory: SiteInventory,
    /// Names are shared, as they are in memory.
    sensors: BTreeSet<SensorId>,
}

impl Reader {
    pub(super) fn new(inventory: SiteInventory) -> Self {
        Self {
            inventory,
            sensors: BTreeSet::new(),
        }
    }

    pub(super) fn read(&mut self, key: &[u8], value: Bytes) -> Result<(), RestoreError> {
        let text = String::from_utf8_lossy(key);
        let unknown = || RestoreError::UnknownKey(text.clone().into_owned());
        let (kind, id) = text
            .strip_prefix(self.inventory.site.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
            .ok_or_else(unknown)?;
        let read = match kind {
            SITE if id.is_empty() => self.site(value),
            REALM => self.realm(id, value),
            SENSOR => self.position(id, value),
            DEVICE => self.device(id, value),
            CONVERSATION => self.conversation(id, value),
            _ => return Err(unknown()),
        };
        read.map_err(|reason| RestoreError::Damaged {
            key: text.into_owned(),
            reason,
        })
    }

    /// Everything that follows from the records.
    pub(super) fn finish(mut self) -> Result<SiteInventory, RestoreError> {
        let inventory = &mut self.inventory;
        for device in inventory.devices.values_mut() {
            device.scheduled = device.deadline(&inventory.policy);
            inventory.index.add_device(device);
            if joins_realms(device) {
                inventory.index.routers.insert(device.id);
            }
        }
        for conversation in inventory.conversations.values() {
            inventory.index.add_conversation(conversation);
        }
        inventory.join_realms();
        Ok(self.inventory)
    }

    fn site(&mut self, value: Bytes) -> Result<(), Fault> {
        let record = wire::SiteRecord::decode(value).map_err(|_| UNDECODABLE)?;
        self.inventory.clock = record.clock_ms;
        self.inventory.counters = Counters {
            devices_refused: record.devices_refused,
            devices_evicted: record.devices_evicted,
            conversations_evicted: record.conversations_evicted,
            realms_refused: record.realms_refused,
            values_dropped: record.values_dropped,
            sources_dropped: record.sources_dropped,
            details_dropped: record.details_dropped,
            totals_dropped: record.totals_dropped,
            facts_unattributed: record.facts_unattributed,
            facts_contested: record.facts_contested,
            names_suppressed: record.names_suppressed,
            times_ahead: record.times_ahead,
            passed_over: record.passed_over,
            incarnations_dropped: record.incarnations_dropped,
        };
        Ok(())
    }

    fn realm(&mut self, id: &str, value: Bytes) -> Result<(), Fault> {
        let record = wire::RealmRecord::decode(value).map_err(|_| UNDECODABLE)?;
        if record.number.to_string() != id {
            return Err(WRONG_ID);
        }
        let origin = record.origin.ok_or("a realm without an origin")?;
        let origin = origin.try_into().map_err(|_| "an origin is malformed")?;
        self.inventory.realms.put(RealmId(record.number), origin);
        Ok(())
    }

    fn position(&mut self, id: &str, value: Bytes) -> Result<(), Fault> {
        let record = wire::SensorPosition::decode(value).map_err(|_| UNDECODABLE)?;
        let sensor = self.sensor(&record.sensor)?;
        let incarnation = Incarnation(record.incarnation);
        if format!("{sensor}/{incarnation}") != id {
            return Err(WRONG_ID);
        }
        let position = Position {
            last_seq: record.last_seq,
            folded: record.folded,
            duplicates: record.duplicates,
            missing: record.missing,
            reported_lost: record.reported_lost,
            digest: record.digest,
            last_seen: record.last_seen_ms,
            passed_over: record.passed_over,
            unexplained: record
                .unexplained
                .iter()
                .map(|gap| Gap {
                    first_seq: gap.first_seq,
                    count: gap.count,
                })
                .collect(),
        };
        self.inventory
            .positions
            .insert((sensor, incarnation), position);
        Ok(())
    }

    fn device(&mut self, id: &str, value: Bytes) -> Result<(), Fault> {
        let record = wire::DeviceRecord::decode(value).map_err(|_| UNDECODABLE)?;
        let device_id = device_id(&record.id)?;
        if device_id.to_string() != id {
            return Err(WRONG_ID);
        }
        let mut identifiers = Vec::new();
        for eui in &record.eui64s {
            let eui = eui.as_ref().try_into().map_err(|_| BAD_ADDRESS)?;
            identifiers.push(Identifier::Eui64(eui));
        }
        for bits in &record.duid_macs {
            identifiers.push(Identifier::DuidMac(
                Mac::from_bits(*bits).ok_or(BAD_ADDRESS)?,
            ));
        }
        let mut attributes = std::collections::BTreeMap::new();
        for held in record.attributes {
            let attribute = Attribute::try_from(held.attribute).map_err(|_| BAD_ENUM)?;
            let values = held.values.into_iter().map(|value| self.value(value));
            attributes.insert(attribute, Values(values.collect::<Result<_, _>>()?));
        }
        let device = Device {
            id: device_id,
            revision: record.revision,
            class: class(record.class)?,
            status: status(record.status)?,
            first_seen: record.first_seen_ms,
            last_seen: record.last_seen_ms,
            published: record.published_ms,
            gateway: record.gateway,
            forwarder: record.forwarder,
            macs: record
                .macs
                .iter()
                .map(|bits| Mac::from_bits(*bits).ok_or(BAD_ADDRESS))
                .collect::<Result<_, _>>()?,
            identifiers,
            interfaces: all(&record.interfaces, interface)?,
            relayed: all(&record.relayed, |relayed| {
                let ip = ip(&relayed.ip)?.ok_or(BAD_ADDRESS)?;
                Ok((RealmId(relayed.realm), ip, relayed.last_seen_ms))
            })?,
            open: all(&record.open, |open| binding(open, false))?,
            ended: all(&record.ended, |ended| binding(ended, true))?,
            attributes,
            offers: all(&record.offers, offer)?,
            merged_from: all(&record.merged_from, device_id_of)?,
            scheduled: None,
        };
        self.inventory.devices.insert(device_id, Box::new(device));
        Ok(())
    }

    fn value(&mut self, record: wire::ValueRecord) -> Result<Value, Fault> {
        let sources = record.sources.iter().map(|source| self.source(source));
        Ok(Value {
            sources: sources.collect::<Result<_, _>>()?,
            text: record.text.into(),
            current: record.current,
        })
    }

    fn source(&mut self, record: &wire::SourceRecord) -> Result<Source, Fault> {
        let via = ip(&record.via_ip)?.map(|ip| (RealmId(record.via_realm), ip));
        Ok(Source {
            field: record.field.try_into().map_err(|_| BAD_ENUM)?,
            sensor: self.sensor(&record.sensor)?,
            via,
            class: record.class.try_into().map_err(|_| BAD_ENUM)?,
            flags: FactFlags(record.flags),
            adjacent: record.adjacent,
            first_seen: record.first_seen_ms,
            last_seen: record.last_seen_ms,
            count: record.count,
        })
    }

    fn conversation(&mut self, key: &str, value: Bytes) -> Result<(), Fault> {
        let record = wire::ConversationRecord::decode(value).map_err(|_| UNDECODABLE)?;
        let bytes = record.id.as_ref().try_into().map_err(|_| BAD_ADDRESS)?;
        let id = ConversationId::from_bytes(bytes);
        if id.to_string() != key {
            return Err(WRONG_ID);
        }
        let addresses = Addresses {
            port: u16::try_from(record.port).map_err(|_| BAD_NUMBER)?,
            ip_protocol: u8::try_from(record.ip_protocol).map_err(|_| BAD_NUMBER)?,
            client: endpoint(record.client.as_ref())?,
            server: endpoint(record.server.as_ref())?,
            realm: RealmId(record.realm),
        };
        let cells = record.cells.iter().map(|cell| self.cell(cell));
        let conversation = Conversation {
            id,
            addresses,
            cells: cells.collect::<Result<_, _>>()?,
            client: party(&record.client_device)?,
            server: party(&record.server_device)?,
            service: record.service.try_into().map_err(|_| BAD_ENUM)?,
            evidence: record.evidence.try_into().map_err(|_| BAD_ENUM)?,
            one_way: record.one_way,
            closed: record.closed,
            superseded: record.superseded,
            first_seen: record.first_seen_ms,
            last_seen: record.last_seen_ms,
            totals: volume(record.totals.as_ref()),
        };
        self.inventory
            .conversations
            .insert(id, Box::new(conversation));
        Ok(())
    }

    fn cell(&mut self, record: &wire::CellRecord) -> Result<Cell, Fault> {
        Ok(Cell {
            sensor: self.sensor(&record.sensor)?,
            incarnation: Incarnation(record.incarnation),
            epoch: record.epoch_ms,
            totals: volume(record.totals.as_ref()),
        })
    }

    fn sensor(&mut self, name: &str) -> Result<SensorId, Fault> {
        let sensor: SensorId = name.parse().map_err(|_| BAD_NAME)?;
        if let Some(known) = self.sensors.get(&sensor) {
            return Ok(known.clone());
        }
        self.sensors.insert(sensor.clone());
        Ok(sensor)
    }
}

fn all<T, U>(records: &[T], read: impl Fn(&T) -> Result<U, Fault>) -> Result<Vec<U>, Fault> {
    records.iter().map(read).collect()
}

fn device_id(bytes: &[u8]) -> Result<DeviceId, Fault> {
    let bytes = bytes.try_into().map_err(|_| BAD_ADDRESS)?;
    Ok(DeviceId::from_bytes(bytes))
}

fn device_id_of(bytes: &Bytes) -> Result<DeviceId, Fault> {
    device_id(bytes)
}

fn party(bytes: &Bytes) -> Result<Option<DeviceId>, Fault> {
    if bytes.is_empty() {
        Ok(None)
    } else {
        device_id(bytes).map(Some)
    }
}

fn ip(bytes: &[u8]) -> Result<Option<IpAddr>, Fault> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or(v6).map(Some).map_err(|_| BAD_ADDRESS)
}

fn endpoint(record: Option<&wire::Endpoint>) -> Result<(Option<Mac>, Option<IpAddr>), Fault> {
    let record = record.ok_or("an endpoint is missing")?;
    Ok((Mac::from_bits(record.mac), ip(&record.ip)?))
}

fn class(value: i32) -> Result<DeviceClass, Fault> {
    match wire::DeviceClass::try_from(value) {
        Ok(wire::DeviceClass::Physical) => Ok(DeviceClass::Physical),
        Ok(wire::DeviceClass::Virtual) => Ok(DeviceClass::Virtual),
        Ok(wire::DeviceClass::RouterGroup) => Ok(DeviceClass::RouterGroup),
        Ok(wire::DeviceClass::Ephemeral) => Ok(DeviceClass::Ephemeral),
        Ok(wire::DeviceClass::Routed) => Ok(DeviceClass::Routed),
        Ok(wire::DeviceClass::Reported) => Ok(DeviceClass::Reported),
        Ok(wire::DeviceClass::Unspecified) | Err(_) => Err(BAD_ENUM),
    }
}

fn status(value: i32) -> Result<Status, Fault> {
    match wire::DeviceStatus::try_from(value) {
        Ok(wire::DeviceStatus::Active) => Ok(Status::Active),
        Ok(wire::DeviceStatus::Idle) => Ok(Status::Idle),
        Ok(wire::DeviceStatus::Gone) => Ok(Status::Gone),
        Ok(wire::DeviceStatus::Unspecified) | Err(_) => Err(BAD_ENUM),
    }
}

fn interface(record: &wire::InterfaceRecord) -> Result<Interface, Fault> {
    Ok(Interface {
        mac: Mac::from_bits(record.mac),
        realm: RealmId(record.realm),
        first_seen: record.first_seen_ms,
        last_seen: record.last_seen_ms,
    })
}

fn binding(record: &wire::BindingRecord, ended: bool) -> Result<Binding, Fault> {
    let source = BindingSource::try_from(record.source).map_err(|_| BAD_ENUM)?;
    Ok(Binding {
        realm: RealmId(record.realm),
        ip: ip(&record.ip)?.ok_or(BAD_ADDRESS)?,
        mac: Mac::from_bits(record.mac),
        source: (source != BindingSource::Unspecified).then_some(source),
        since: record.since_ms,
        stated: record.stated_ms,
        last_seen: record.last_seen_ms,
        until: ended.then_some(record.until_ms),
        lease_s: record.lease_s,
        contested: record.contested,
    })
}

fn offer(record: &wire::OfferRecord) -> Result<Offer, Fault> {
    Ok(Offer {
        ip_protocol: u8::try_from(record.ip_protocol).map_err(|_| BAD_NUMBER)?,
        port: u16::try_from(record.port).map_err(|_| BAD_NUMBER)?,
        service: record.service.try_into().map_err(|_| BAD_ENUM)?,
        first_seen: record.first_seen_ms,
        last_seen: record.last_seen_ms,
    })
}

fn volume(record: Option<&wire::VolumeRecord>) -> Totals {
    record.map_or_else(Totals::default, |record| Totals {
        bytes_to_server: record.bytes_to_server,
        bytes_to_client: record.bytes_to_client,
        packets_to_server: record.packets_to_server,
        packets_to_client: record.packets_to_client,
    })
}
