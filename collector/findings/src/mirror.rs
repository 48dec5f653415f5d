//! A site's devices and relations as an assessment sees them, kept in step with the inventory by what has changed.

use std::collections::{BTreeMap, BTreeSet};

use auscult_inventory::{Contact, ConversationId, DeviceId, Entity, SiteInventory};
use auscult_proto::Service;

use crate::print::Print;
use crate::view::DeviceView;

/// Changed entities of one site, as they are at one point of its stream; `None`: no longer there.
#[derive(Debug, Clone, Default)]
pub struct Delta {
    /// The site's clock then, epoch milliseconds.
    pub clock: i64,
    /// Devices.
    pub devices: Vec<(DeviceId, Option<DeviceView>)>,
    /// Conversations.
    pub contacts: Vec<(ConversationId, Option<Contact>)>,
}

impl Delta {
    /// Reads the named entities from the inventory.
    pub fn of(inventory: &SiteInventory, entities: impl IntoIterator<Item = Entity>) -> Self {
        let mut delta = Self {
            clock: inventory.clock(),
            ..Self::default()
        };
        for entity in entities {
            match entity {
                Entity::Device(id) => {
                    let view = inventory.device(id).map(|device| DeviceView::of(&device));
                    delta.devices.push((id, view));
                }
                Entity::Conversation(id) => delta.contacts.push((id, inventory.contact(id))),
            }
        }
        delta
    }
}

/// One relation: who uses which service of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) client: DeviceId,
    pub(crate) server: DeviceId,
    pub(crate) ip_protocol: u8,
    pub(crate) port: u16,
}

impl Link {
    fn of(contact: &Contact) -> Option<Self> {
        let (client, server) = (contact.client?, contact.server?);
        (client != server && !contact.one_way).then_some(Self {
            client,
            server,
            ip_protocol: contact.ip_protocol,
            port: contact.port,
        })
    }

    pub(crate) fn print(&self) -> u64 {
        let mut print = Print::new();
        print.bytes(self.client.as_bytes());
        print.bytes(self.server.as_bytes());
        print.bytes(&[self.ip_protocol]);
        print.bytes(&self.port.to_be_bytes());
        print.end()
    }
}

/// What a device has to do with the world outside of the site's networks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outside {
    /// Conversations in which somebody outside uses a service of it.
    pub(crate) served: u32,
    /// Conversations in which it uses web or mail outside.
    pub(crate) browsed: u32,
}

/// Ports of web and mail servers.
const WEB_AND_MAIL: [u16; 12] = [25, 80, 110, 143, 443, 465, 587, 993, 995, 3128, 8080, 8443];

/// The entities of a site.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    pub(crate) clock: i64,
    pub(crate) devices: BTreeMap<DeviceId, DeviceView>,
    contacts: BTreeMap<ConversationId, Contact>,
    /// How many conversations a relation has, and how many of them speak a clinical protocol.
    pub(crate) links: BTreeMap<Link, (u32, u32)>,
    pub(crate) outside: BTreeMap<DeviceId, Outside>,
    /// Devices whose part in an assessment may differ since this was last emptied.
    pub(crate) dirty: BTreeSet<DeviceId>,
    /// Relations that came, went or changed kind.
    pub(crate) dirty_links: BTreeSet<Link>,
}

impl Mirror {
    /// Takes over what has changed.
    pub(crate) fn apply(&mut self, delta: Delta) {
        self.clock = self.clock.max(delta.clock);
        for (id, view) in delta.devices {
            let before = match view {
                Some(view) => {
                    let facts = view.facts.clone();
                    let before = self.devices.insert(id, view);
                    if before.as_ref().is_some_and(|it| it.facts == facts) {
                        continue;
                    }
                    before
                }
                None => self.devices.remove(&id),
            };
            drop(before);
            self.dirty.insert(id);
        }
        for (id, contact) in delta.contacts {
            let before = match contact {
                Some(contact) => self.contacts.insert(id, contact),
                None => self.contacts.remove(&id),
            };
            if before == contact {
                continue;
            }
            if let Some(before) = before {
                self.count(&before, false);
            }
            if let Some(contact) = contact {
                self.count(&contact, true);
            }
        }
    }

    fn count(&mut self, contact: &Contact, came: bool) {
        let step = |count: &mut u32| {
            *count = if came {
                count.saturating_add(1)
            } else {
                count.saturating_sub(1)
            };
        };
        if let Some(link) = Link::of(contact) {
            let clinical = matches!(contact.service, Service::Dicom | Service::Hl7);
            let counts = self.links.entry(link).or_default();
            let before = (counts.0 > 0, counts.1 > 0);
            step(&mut counts.0);
            if clinical {
                step(&mut counts.1);
            }
            let after = (counts.0 > 0, counts.1 > 0);
            if !after.0 {
                self.links.remove(&link);
            }
            if before != after {
                self.dirty_links.insert(link);
            }
        }
        if !contact.outside || contact.one_way {
            return;
        }
        let device = match (contact.client, contact.server) {
            (None, Some(server)) => server,
            (Some(client), None) if WEB_AND_MAIL.contains(&contact.port) => client,
            _ => return,
        };
        let outside = self.outside.entry(device).or_default();
        let kind = |it: &Outside| (it.served > 0, it.browsed > 0);
        let before = kind(outside);
        if contact.client.is_none() {
            step(&mut outside.served);
        } else {
            step(&mut outside.browsed);
        }
        let after = kind(outside);
        if after == (false, false) {
            self.outside.remove(&device);
        }
        if before != after {
            self.dirty.insert(device);
        }
    }

    /// A device that is on the network.
    pub(crate) fn active(&self, id: DeviceId) -> Option<&DeviceView> {
        self.devices.get(&id).filter(|view| view.facts.active)
    }

    /// Relations of which both ends are on the network, and whether they are clinical.
    pub(crate) fn whole_links(&self) -> impl Iterator<Item = (Link, bool)> + '_ {
        self.links
            .iter()
            .filter(|(link, _)| self.is_whole(link))
            .map(|(link, counts)| (*link, counts.1 > 0))
    }

    fn is_whole(&self, link: &Link) -> bool {
        self.active(link.client).is_some() && self.active(link.server).is_some()
    }

    /// Whether a relation is there, and whether it is clinical.
    pub(crate) fn link(&self, link: &Link) -> Option<bool> {
        let counts = self.links.get(link)?;
        self.is_whole(link).then_some(counts.1 > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 16])
    }

    fn contact(client: Option<u8>, server: Option<u8>, port: u16, outside: bool) -> Contact {
        Contact {
            client: client.map(id),
            server: server.map(id),
            outside,
            ip_protocol: 6,
            port,
            service: Service::Unspecified,
            one_way: false,
        }
    }

    fn delta(contacts: Vec<(u8, Option<Contact>)>) -> Delta {
        Delta {
            contacts: contacts
                .into_iter()
                .map(|(n, contact)| (ConversationId::from_bytes([n; 16]), contact))
                .collect(),
            ..Delta::default()
        }
    }

    #[test]
    fn a_relation_lives_as_long_as_any_of_its_conversations_and_leaves_no_trace() {
        let mut mirror = Mirror::default();
        let talk = contact(Some(1), Some(2), 104, false);
        mirror.apply(delta(vec![(1, Some(talk)), (2, Some(talk))]));
        assert_eq!((mirror.links.len(), mirror.dirty_links.len()), (1, 1));
        mirror.dirty_links.clear();
        mirror.apply(delta(vec![(1, None), (1, None)]));
        assert!(mirror.dirty_links.is_empty());
        mirror.apply(delta(vec![(2, None)]));
        assert!(mirror.links.is_empty());
        assert_eq!(mirror.dirty_links.len(), 1);
    }

    #[test]
    fn who_is_reached_from_outside_or_browses_there_is_a_way_in() {
        let mut mirror = Mirror::default();
        mirror.apply(delta(vec![
            (1, Some(contact(None, Some(2), 443, true))),
            (2, Some(contact(Some(3), None, 443, true))),
            (3, Some(contact(Some(4), None, 5000, true))),
            (4, Some(contact(Some(5), None, 443, false))),
        ]));
        let ways: Vec<_> = mirror.outside.keys().copied().collect();
        assert_eq!(ways, [id(2), id(3)]);
        mirror.apply(delta(vec![(1, None), (2, None)]));
        assert!(mirror.outside.is_empty());
    }
}
