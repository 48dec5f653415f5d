//! Conversations between parties, and the services they show.

use std::net::IpAddr;

use auscult_proto::address_text::AddressText;
use auscult_proto::mac::Mac;
use auscult_proto::{DirectionEvidence, Service};

use crate::conversation::{Addresses, Conversation, Report, Totals, later, rank, strength};
use crate::device::Offer;
use crate::id::{ConversationId, DeviceId};
use crate::inventory::{Seen, SiteInventory};
use crate::realm::RealmId;
use crate::resolve::{Found, Sight};

impl SiteInventory {
    pub(crate) fn fold_conversation(&mut self, realm: RealmId, report: &Report<'_>) {
        let addresses = Addresses::of(realm, report.said);
        let known = self.index.by_addresses.get(&addresses).copied();
        let current = known.and_then(|id| self.conversations.get(&id));
        let growth = match current {
            Some(current) if current.knows(report, &self.policy) => return,
            Some(current) => current.growth(report),
            None => Totals::of(report.said),
        };
        let counted = current.is_some_and(|current| current.counts(report));
        let seen = Seen {
            first: if counted {
                report.last_seen
            } else {
                report.first_seen
            },
            last: report.last_seen,
        };
        let sight = |packets: u64| {
            if packets > 0 {
                Sight::Spoke
            } else {
                Sight::Addressed
            }
        };
        let client = self.resolve(
            realm,
            report.said.client,
            seen,
            sight(growth.packets_to_server),
        );
        let server = self.resolve(
            realm,
            report.said.server,
            seen,
            sight(growth.packets_to_client),
        );
        // Making one device may have made room at the expense of the other.
        let kept = |found: Option<Found>| {
            found
                .map(|found| found.device)
                .filter(|id| self.devices.contains_key(id))
        };
        let (client, server) = (kept(client), kept(server));
        let id = self.conversation(addresses, known, (client, server), report);
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        self.index.ages.remove(&conversation.age());
        let dropped = conversation.take_in(report);
        self.index.ages.insert(conversation.age());
        self.counters.totals_dropped = self.counters.totals_dropped.saturating_add(dropped);
        self.work.site |= dropped > 0;
        self.work.conversations.insert(id);
        self.note_service(id, seen);
        self.bound_conversations(id);
    }

    /// The conversation a report belongs to: the known one for as long as its parties are the same.
    fn conversation(
        &mut self,
        addresses: Addresses,
        known: Option<ConversationId>,
        parties: (Option<DeviceId>, Option<DeviceId>),
        report: &Report<'_>,
    ) -> ConversationId {
        let (client, server) = parties;
        let mut since = report.first_seen;
        let mut cells = Vec::new();
        let mut taken_over = false;
        if let Some(current) = known.and_then(|id| self.conversations.get_mut(&id)) {
            let moved = |was: Option<DeviceId>, is: Option<DeviceId>| {
                was.is_some() && is.is_some() && was != is
            };
            if !moved(current.client, client) && !moved(current.server, server) {
                let id = current.id;
                let parties = (current.client.or(client), current.server.or(server));
                self.set_parties(id, parties);
                return id;
            }
            // The addresses went over to somebody else: what was counted so far is the former party's.
            current.superseded = true;
            current.closed = true;
            since = current.last_seen.max(report.first_seen);
            cells = std::mem::take(&mut current.cells);
            taken_over = true;
            let id = current.id;
            self.work.conversations.insert(id);
        }
        let id = self.names.conversation(&format!(
            "{}|{}|{}|{}|{}|{since}|{}",
            addresses.ip_protocol,
            addresses.port,
            endpoint_text(addresses.client),
            endpoint_text(addresses.server),
            self.realms.text(addresses.realm),
            u8::from(taken_over),
        ));
        let conversation = Conversation {
            id,
            addresses,
            client,
            server,
            service: report.said.service,
            evidence: report.said.evidence,
            one_way: report.said.one_way,
            closed: report.said.closed,
            superseded: false,
            first_seen: since,
            last_seen: report.last_seen,
            totals: Totals::default(),
            cells,
        };
        if let Some(former) = self.conversations.remove(&id) {
            self.index.remove_conversation(&former);
        }
        self.index.add_conversation(&conversation);
        self.conversations.insert(id, Box::new(conversation));
        id
    }

    fn set_parties(
        &mut self,
        id: ConversationId,
        (client, server): (Option<DeviceId>, Option<DeviceId>),
    ) {
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        if (conversation.client, conversation.server) == (client, server) {
            return;
        }
        self.index.remove_conversation(conversation);
        conversation.client = client;
        conversation.server = server;
        self.index.add_conversation(conversation);
        self.work.conversations.insert(id);
    }

    /// Puts another device, or none, in a party's place.
    pub(crate) fn replace_party(
        &mut self,
        id: ConversationId,
        was: DeviceId,
        is: Option<DeviceId>,
    ) {
        let Some(conversation) = self.conversations.get(&id) else {
            return;
        };
        let replaced = |party: Option<DeviceId>| if party == Some(was) { is } else { party };
        let parties = (replaced(conversation.client), replaced(conversation.server));
        self.set_parties(id, parties);
    }

    /// All conversations of a device are another's.
    pub(crate) fn repoint_device(&mut self, was: DeviceId, is: DeviceId) {
        for id in self.index.conversations_of(was) {
            self.replace_party(id, was, Some(is));
        }
    }

    /// What a device said and offered from one address was another's, or nobody's.
    pub(crate) fn repoint_address(
        &mut self,
        was: DeviceId,
        realm: RealmId,
        ip: IpAddr,
        is: Option<DeviceId>,
    ) {
        let domain = self.realms.domain(realm);
        let mut offered: Vec<(ConversationId, u8, u16)> = Vec::new();
        for id in self.index.conversations_of(was) {
            let Some(conversation) = self.conversations.get(&id) else {
                continue;
            };
            let addresses = conversation.addresses;
            if self.realms.domain(addresses.realm) != domain {
                continue;
            }
            let at = |party: Option<DeviceId>, address: Option<IpAddr>| {
                party == Some(was) && address.map(|ip| ip.to_canonical()) == Some(ip)
            };
            let client = at(conversation.client, addresses.client.1);
            let server = at(conversation.server, addresses.server.1);
            if server {
                offered.push((id, addresses.ip_protocol, addresses.port));
            }
            let parties = (
                if client { is } else { conversation.client },
                if server { is } else { conversation.server },
            );
            self.set_parties(id, parties);
        }
        for (id, ip_protocol, port) in offered {
            self.withdraw(was, ip_protocol, port);
            if let Some(conversation) = self.conversations.get(&id) {
                let seen = Seen {
                    first: conversation.first_seen,
                    last: conversation.last_seen,
                };
                self.note_service(id, seen);
            }
        }
    }

    /// The service was somebody else's, unless another conversation shows it too.
    fn withdraw(&mut self, id: DeviceId, ip_protocol: u8, port: u16) {
        let shown = self.index.conversations_of(id).into_iter().any(|other| {
            self.conversations.get(&other).is_some_and(|other| {
                other.server == Some(id)
                    && (other.addresses.ip_protocol, other.addresses.port) == (ip_protocol, port)
            })
        });
        let Some(device) = self.devices.get_mut(&id).filter(|_| !shown) else {
            return;
        };
        let place = device
            .offers
            .binary_search_by_key(&(ip_protocol, port), |offer| {
                (offer.ip_protocol, offer.port)
            });
        if let Ok(position) = place {
            let offer = device.offers.remove(position);
            self.note_element(id, "service", offer_text(&offer), false);
        }
    }

    /// A server that answers offers a service, where it is known which side serves.
    fn note_service(&mut self, id: ConversationId, seen: Seen) {
        let Some(conversation) = self.conversations.get(&id) else {
            return;
        };
        let certain = strength(conversation.evidence) >= strength(DirectionEvidence::Port);
        let answered = conversation.totals.packets_to_client > 0;
        let (Some(server), true) = (conversation.server, certain && answered) else {
            return;
        };
        let addresses = conversation.addresses;
        let offer = Offer {
            ip_protocol: addresses.ip_protocol,
            port: addresses.port,
            service: conversation.service,
            first_seen: seen.first,
            last_seen: seen.last,
        };
        self.offer(server, offer);
    }

    fn offer(&mut self, id: DeviceId, offer: Offer) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let key = (offer.ip_protocol, offer.port);
        match device
            .offers
            .binary_search_by_key(&key, |offer| (offer.ip_protocol, offer.port))
        {
            Ok(position) => {
                let Some(known) = device.offers.get_mut(position) else {
                    return;
                };
                let before = offer_text(known);
                let fresher = later(offer.last_seen, known.last_seen, &self.policy);
                if fresher {
                    known.last_seen = offer.last_seen;
                }
                if rank(offer.service) > rank(known.service) {
                    known.service = offer.service;
                    let after = offer_text(known);
                    let key = ("service", format!("{}/{}", offer.ip_protocol, offer.port));
                    self.note_change(id, key, Some(before), Some(after));
                } else if fresher {
                    self.work.devices.insert(id);
                }
            }
            Err(_) if device.offers.len() >= self.policy.services => {
                self.counters.details_dropped = self.counters.details_dropped.saturating_add(1);
                self.work.site = true;
            }
            Err(position) => {
                let text = offer_text(&offer);
                device.offers.insert(position, offer);
                self.note_element(id, "service", text, true);
            }
        }
    }

    fn bound_conversations(&mut self, newest: ConversationId) {
        if self.conversations.len() <= self.policy.conversations {
            return;
        }
        let oldest = self
            .index
            .ages
            .iter()
            .map(|(.., id)| *id)
            .find(|id| *id != newest);
        if let Some(oldest) = oldest {
            self.forget_conversation(oldest);
            self.counters.conversations_evicted =
                self.counters.conversations_evicted.saturating_add(1);
            self.work.site = true;
        }
    }

    pub(crate) fn forget_conversation(&mut self, id: ConversationId) {
        if let Some(conversation) = self.conversations.remove(&id) {
            self.index.remove_conversation(&conversation);
            self.work.conversations.insert(id);
        }
    }
}

fn endpoint_text((mac, ip): (Option<Mac>, Option<IpAddr>)) -> String {
    let mut text = String::with_capacity(64);
    if let Some(mac) = mac {
        text.push_str(AddressText::from(mac).as_str());
    }
    text.push('/');
    if let Some(ip) = ip {
        text.push_str(AddressText::from(ip).as_str());
    }
    text
}

/// `tcp/104 dicom`, `udp/53`.
fn offer_text(offer: &Offer) -> String {
    let mut text = match offer.ip_protocol {
        6 => format!("tcp/{}", offer.port),
        17 => format!("udp/{}", offer.port),
        other => format!("ip{other}/{}", offer.port),
    };
    if offer.service != Service::Unspecified {
        text.push(' ');
        text.push_str(&service_name(offer.service));
    }
    text
}

/// A service's name as published: `dicom`.
pub fn service_name(service: Service) -> String {
    let name = service.as_str_name();
    name.strip_prefix("SERVICE_")
        .unwrap_or(name)
        .to_ascii_lowercase()
}
