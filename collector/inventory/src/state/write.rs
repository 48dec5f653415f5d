//! Domain to record.

use std::net::IpAddr;

use auscult_proto::mac::Mac;
use auscult_proto::wire;
use bytes::Bytes;
use prost::Message;

use super::wire::Writer;
use super::{CONVERSATION, DEVICE, REALM, SENSOR, SITE};
use crate::attribute::{Source, Value};
use crate::conversation::{Conversation, Totals};
use crate::device::{Binding, Device};
use crate::event::{DeviceClass, Status};
use crate::id::Identifier;
use crate::inventory::{Counters, SiteInventory};
use crate::key::StateKey;
use crate::position::Position;
use crate::work::Work;

/// The records of everything a batch touched, ordered by key; what is no longer there is deleted.
pub(crate) fn encode(inventory: &SiteInventory, work: &Work) -> Vec<(StateKey, Option<Bytes>)> {
    let site = &inventory.site;
    let entities = work.conversations.len().saturating_add(work.devices.len());
    let mut records = Vec::with_capacity(entities.saturating_add(3));
    let mut writer = Writer::default();
    for id in &work.conversations {
        let record = inventory.conversations.get(id).map(|it| {
            conversation(&mut writer, it);
            writer.take()
        });
        records.push((StateKey::new(site, CONVERSATION, id), record));
    }
    for id in &work.devices {
        let record = inventory.devices.get(id).map(|it| {
            device(&mut writer, it);
            writer.take()
        });
        records.push((StateKey::new(site, DEVICE, id), record));
    }
    for realm in &work.realms {
        let record = inventory.realms.origin(*realm).map(|origin| {
            bytes(&wire::RealmRecord {
                number: realm.0,
                origin: Some(origin.as_ref().into()),
            })
        });
        records.push((StateKey::new(site, REALM, realm.0), record));
    }
    for (sensor, incarnation) in &work.positions {
        let record = inventory
            .positions
            .get(&(sensor.clone(), *incarnation))
            .map(|it| position(sensor.as_str(), incarnation.0, it));
        let id = format_args!("{sensor}/{incarnation}").to_string();
        records.push((StateKey::new(site, SENSOR, id), record));
    }
    if work.site {
        let record = site_record(inventory.clock, &inventory.counters);
        records.push((StateKey::new(site, SITE, ""), Some(record)));
    }
    records
}

fn bytes(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

fn site_record(clock_ms: i64, counters: &Counters) -> Bytes {
    bytes(&wire::SiteRecord {
        clock_ms,
        devices_refused: counters.devices_refused,
        devices_evicted: counters.devices_evicted,
        conversations_evicted: counters.conversations_evicted,
        realms_refused: counters.realms_refused,
        values_dropped: counters.values_dropped,
        sources_dropped: counters.sources_dropped,
        details_dropped: counters.details_dropped,
        totals_dropped: counters.totals_dropped,
        facts_unattributed: counters.facts_unattributed,
        facts_contested: counters.facts_contested,
        names_suppressed: counters.names_suppressed,
        times_ahead: counters.times_ahead,
        passed_over: counters.passed_over,
        incarnations_dropped: counters.incarnations_dropped,
    })
}

fn position(sensor: &str, incarnation: u64, position: &Position) -> Bytes {
    bytes(&wire::SensorPosition {
        sensor: sensor.to_owned(),
        incarnation,
        last_seq: position.last_seq,
        folded: position.folded,
        duplicates: position.duplicates,
        missing: position.missing,
        reported_lost: position.reported_lost,
        digest: position.digest,
        last_seen_ms: position.last_seen,
        passed_over: position.passed_over,
        unexplained: position
            .unexplained
            .iter()
            .map(|gap| wire::SequenceGap {
                first_seq: gap.first_seq,
                count: gap.count,
            })
            .collect(),
    })
}

fn device(to: &mut Writer, device: &Device) {
    to.bytes(1, device.id.as_bytes());
    to.unsigned(2, device.revision);
    to.enumeration(3, class(device.class));
    to.enumeration(4, status(device.status));
    to.signed(5, device.first_seen);
    to.signed(6, device.last_seen);
    to.signed(7, device.published);
    to.boolean(8, device.gateway);
    to.boolean(9, device.forwarder);
    to.packed(10, device.macs.iter().map(|mac| mac.to_bits()));
    for identifier in &device.identifiers {
        if let Identifier::Eui64(eui) = identifier {
            to.element(11, eui);
        }
    }
    let duid_macs: Vec<u64> = device
        .identifiers
        .iter()
        .filter_map(|identifier| match identifier {
            Identifier::DuidMac(mac) => Some(mac.to_bits()),
            Identifier::Eui64(_) => None,
        })
        .collect();
    to.packed(12, duid_macs.into_iter());
    for interface in &device.interfaces {
        to.message(13, |to| {
            to.fixed(1, mac_bits(interface.mac));
            to.unsigned(2, interface.realm.0);
            to.signed(3, interface.first_seen);
            to.signed(4, interface.last_seen);
        });
    }
    for (realm, ip, last_seen) in &device.relayed {
        to.message(14, |to| {
            to.unsigned(1, realm.0);
            address(to, 2, *ip);
            to.signed(3, *last_seen);
        });
    }
    for open in &device.open {
        to.message(15, |to| binding(to, open));
    }
    for ended in &device.ended {
        to.message(16, |to| binding(to, ended));
    }
    for (attribute, values) in &device.attributes {
        to.message(17, |to| {
            to.enumeration(1, *attribute);
            for held in &values.0 {
                to.message(2, |to| value(to, held));
            }
        });
    }
    for offer in &device.offers {
        to.message(18, |to| {
            to.unsigned(1, offer.ip_protocol);
            to.unsigned(2, offer.port);
            to.enumeration(3, offer.service);
            to.signed(4, offer.first_seen);
            to.signed(5, offer.last_seen);
        });
    }
    for absorbed in &device.merged_from {
        to.element(19, absorbed.as_bytes());
    }
}

fn mac_bits(mac: Option<Mac>) -> u64 {
    mac.map_or(0, Mac::to_bits)
}

fn address(to: &mut Writer, field: u32, ip: IpAddr) {
    match ip {
        IpAddr::V4(v4) => to.bytes(field, v4.octets()),
        IpAddr::V6(v6) => to.bytes(field, v6.octets()),
    }
}

fn class(class: DeviceClass) -> wire::DeviceClass {
    match class {
        DeviceClass::Physical => wire::DeviceClass::Physical,
        DeviceClass::Virtual => wire::DeviceClass::Virtual,
        DeviceClass::RouterGroup => wire::DeviceClass::RouterGroup,
        DeviceClass::Ephemeral => wire::DeviceClass::Ephemeral,
        DeviceClass::Routed => wire::DeviceClass::Routed,
        DeviceClass::Reported => wire::DeviceClass::Reported,
    }
}

fn status(status: Status) -> wire::DeviceStatus {
    match status {
        Status::Active => wire::DeviceStatus::Active,
        Status::Idle => wire::DeviceStatus::Idle,
        Status::Gone => wire::DeviceStatus::Gone,
    }
}

fn binding(to: &mut Writer, binding: &Binding) {
    to.unsigned(1, binding.realm.0);
    address(to, 2, binding.ip);
    to.fixed(3, mac_bits(binding.mac));
    if let Some(source) = binding.source {
        to.enumeration(4, source);
    }
    to.signed(5, binding.since);
    to.signed(6, binding.stated);
    to.signed(7, binding.last_seen);
    to.signed(8, binding.until.unwrap_or(0));
    to.unsigned(9, binding.lease_s);
    to.boolean(10, binding.contested);
}

fn value(to: &mut Writer, value: &Value) {
    to.bytes(1, value.text.as_bytes());
    to.boolean(2, value.current);
    for held in &value.sources {
        to.message(3, |to| source(to, held));
    }
}

fn source(to: &mut Writer, source: &Source) {
    to.enumeration(1, source.field);
    to.bytes(2, source.sensor.as_str());
    if let Some((realm, ip)) = source.via {
        address(to, 3, ip);
        to.unsigned(4, realm.0);
    }
    to.enumeration(5, source.class);
    to.unsigned(6, source.flags.0);
    to.boolean(7, source.adjacent);
    to.signed(8, source.first_seen);
    to.signed(9, source.last_seen);
    to.unsigned(10, source.count);
}

fn conversation(to: &mut Writer, conversation: &Conversation) {
    let addresses = &conversation.addresses;
    to.bytes(1, conversation.id.as_bytes());
    to.unsigned(2, addresses.realm.0);
    to.message(3, |to| endpoint(to, addresses.client));
    to.message(4, |to| endpoint(to, addresses.server));
    to.unsigned(5, addresses.ip_protocol);
    to.unsigned(6, addresses.port);
    if let Some(client) = conversation.client {
        to.bytes(7, client.as_bytes());
    }
    if let Some(server) = conversation.server {
        to.bytes(8, server.as_bytes());
    }
    to.enumeration(9, conversation.service);
    to.enumeration(10, conversation.evidence);
    to.boolean(11, conversation.one_way);
    to.boolean(12, conversation.closed);
    to.boolean(13, conversation.superseded);
    to.signed(14, conversation.first_seen);
    to.signed(15, conversation.last_seen);
    to.message(16, |to| volume(to, conversation.totals));
    for cell in &conversation.cells {
        to.message(17, |to| {
            to.bytes(1, cell.sensor.as_str());
            to.fixed(2, cell.incarnation.0);
            to.signed(3, cell.epoch);
            to.message(4, |to| volume(to, cell.totals));
        });
    }
}

fn endpoint(to: &mut Writer, (mac, ip): (Option<Mac>, Option<IpAddr>)) {
    to.fixed(1, mac_bits(mac));
    if let Some(ip) = ip {
        address(to, 2, ip);
    }
}

fn volume(to: &mut Writer, totals: Totals) {
    to.unsigned(1, totals.bytes_to_server);
    to.unsigned(2, totals.bytes_to_client);
    to.unsigned(3, totals.packets_to_server);
    to.unsigned(4, totals.packets_to_client);
}
