//! Single entities, for who follows a site by what its changelog says has changed.

use std::net::IpAddr;

use auscult_proto::Service;
use uuid::Uuid;

use crate::conversation::Conversation;
use crate::event::DeviceSnapshot;
use crate::id::{ConversationId, DeviceId};
use crate::inventory::SiteInventory;
use crate::key::kind_of_key;
use crate::state::{CONVERSATION, DEVICE};

/// An entity that has a changelog record of its own and takes part in an assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A device.
    Device(DeviceId),
    /// A conversation.
    Conversation(ConversationId),
}

impl Entity {
    /// The entity that a changelog key names; `None` for the records of sensors, realms and the site itself.
    #[must_use]
    pub fn of_key(key: &[u8]) -> Option<Self> {
        let (kind, id) = kind_of_key(key)?;
        let id = || Some(Uuid::parse_str(id).ok()?.into_bytes());
        match kind {
            DEVICE => Some(Self::Device(DeviceId::from_bytes(id()?))),
            CONVERSATION => Some(Self::Conversation(ConversationId::from_bytes(id()?))),
            _ => None,
        }
    }
}

/// Who uses whose service, as far as an assessment asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contact {
    /// Who opened it; `None`: no device of the site.
    pub client: Option<DeviceId>,
    /// Who served it; `None`: no device of the site.
    pub server: Option<DeviceId>,
    /// The end that is no device of the site has an address outside of the site's networks.
    pub outside: bool,
    /// 6 is TCP, 17 UDP.
    pub ip_protocol: u8,
    /// Port of the server.
    pub port: u16,
    /// What was recognised in it.
    pub service: Service,
    /// Nobody was seen to answer.
    pub one_way: bool,
}

impl SiteInventory {
    /// One device as it is now.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<DeviceSnapshot> {
        self.devices.get(&id).map(|device| self.snapshot(device))
    }

    /// One conversation as it is now.
    #[must_use]
    pub fn contact(&self, id: ConversationId) -> Option<Contact> {
        self.conversations.get(&id).map(|it| self.contact_of(it))
    }

    /// Every entity that takes part in an assessment.
    pub fn entities(&self) -> impl Iterator<Item = Entity> + '_ {
        let devices = self.devices.keys().copied().map(Entity::Device);
        devices.chain(self.conversations.keys().copied().map(Entity::Conversation))
    }

    fn contact_of(&self, it: &Conversation) -> Contact {
        let beyond = |device: Option<DeviceId>, ip: Option<IpAddr>| {
            device.is_none() && ip.is_some_and(|ip| is_host(ip) && !self.policy.is_local(ip))
        };
        Contact {
            client: it.client,
            server: it.server,
            outside: beyond(it.client, it.addresses.client.1)
                || beyond(it.server, it.addresses.server.1),
            ip_protocol: it.addresses.ip_protocol,
            port: it.addresses.port,
            service: it.service,
            one_way: it.one_way,
        }
    }
}

/// An address that one host may have beyond its own link.
fn is_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            !(ip.is_multicast()
                || ip.is_broadcast()
                || ip.is_link_local()
                || ip.is_loopback()
                || ip.is_unspecified())
        }
        IpAddr::V6(ip) => {
            !(ip.is_multicast()
                || ip.is_unicast_link_local()
                || ip.is_loopback()
                || ip.is_unspecified())
        }
    }
}
