//! A whole site: typed descriptions of devices and of who talks to whom, played as one hour of traffic.
//!
//! The types here are a site's description in this crate's own words. A model of a hospital is turned into them by a plain `match` in
//! whatever crate knows both (see `README.md`).

mod conversation;
mod hour;
mod mirror;
mod presence;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

pub use hour::{Failure, Hour, Outcome};
pub use mirror::Mirror;

use crate::address::{Endpoint, Mac};
use crate::stack::{self, Stack};

/// A site.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Network segments.
    pub segments: Vec<Segment>,
    /// Devices; their number is their index.
    pub devices: Vec<Device>,
    /// Who talks to whom.
    pub conversations: Vec<Conversation>,
    /// Domain of the site, such as `hospital.example`.
    pub domain: String,
    /// Where devices send their logs, where there is such a place: index of a device.
    pub log_host: Option<usize>,
}

/// A VLAN.
#[derive(Debug, Clone)]
pub struct Segment {
    /// 802.1Q identifier.
    pub vlan: u16,
    /// Mask of its subnet.
    pub mask: Ipv4Addr,
    /// Router, which is also the source of all frames from other segments.
    pub router: Ipv4Addr,
    /// The router's interface.
    pub router_mac: Mac,
}

/// The TCP/IP stack of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Windows since 7.
    Windows,
    /// Windows XP.
    WindowsXp,
    /// Linux and Android.
    Linux,
    /// `VxWorks` and other real-time systems.
    VxWorks,
    /// A small stack.
    Embedded,
    /// macOS, iOS.
    Apple,
    /// Network operating systems.
    Network,
}

impl System {
    fn stack(self) -> &'static Stack {
        match self {
            Self::Windows => &stack::WINDOWS,
            Self::WindowsXp => &stack::WINDOWS_XP,
            Self::Linux => &stack::LINUX,
            Self::VxWorks => &stack::VXWORKS,
            Self::Embedded => &stack::EMBEDDED,
            Self::Apple => &stack::APPLE,
            Self::Network => &stack::NETWORK,
        }
    }
}

/// A device.
#[derive(Debug, Clone)]
pub struct Device {
    /// What stays with the device from hour to hour and from site to site: its keys and GUIDs follow from it.
    pub seed: u64,
    /// Host name, without the domain.
    pub name: String,
    /// Address of its frames.
    pub mac: Mac,
    /// IPv4 address.
    pub ipv4: Ipv4Addr,
    /// IPv6 address, where it has one.
    pub ipv6: Option<Ipv6Addr>,
    /// Whether the IPv4 address is leased.
    pub leased: bool,
    /// Index of its segment.
    pub segment: usize,
    /// Its stack.
    pub system: System,
    /// How it speaks.
    pub speaks: Vec<Speaks>,
}

/// How a device speaks one protocol. Fields are those of the exchange in [`crate::protocol`] with the same name.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "the fields are documented at the exchanges they fill"
)]
pub enum Speaks {
    Dhcp {
        vendor_class: String,
        host_name: String,
        parameters: Vec<u8>,
    },
    Lldp {
        system_name: String,
        description: String,
        manufacturer: String,
        model: String,
        firmware: String,
        serial: String,
    },
    Cdp {
        device: String,
        version: String,
        platform: String,
    },
    Mdns {
        service: String,
        instance: String,
        /// `key=value` pairs.
        text: Vec<String>,
    },
    Ssdp {
        server: String,
        uuid: String,
    },
    Nbns {
        name: String,
    },
    Smb {
        build: (u8, u8, u16),
        computer: String,
    },
    Snmp {
        description: String,
        enterprise: u32,
        name: String,
    },
    HttpServer {
        server: String,
        realm: String,
    },
    HttpClient {
        user_agent: String,
    },
    TlsServer {
        tls13: bool,
        organization: String,
        common_name: String,
    },
    TlsClient {
        tls13: bool,
        server_name: String,
    },
    Dicom {
        title: String,
        /// SOP class UIDs; those that [`crate::protocol::dicom::class`] does not know are not proposed.
        classes: Vec<String>,
        implementation: String,
        version: String,
        modality: &'static str,
        manufacturer: String,
        model: String,
        serial: String,
        software: String,
    },
    Hl7 {
        application: String,
        facility: String,
        messages: Vec<String>,
        equipment: String,
        /// Whether its results are PCD-01 observations of a device, which then also reports itself to equipment management (PCD-15):
        /// manufacturer, model, serial number, software; an empty one is not written.
        device: Option<[String; 4]>,
    },
    Sdc {
        uuid: String,
        kind: u32,
        manufacturer: String,
        model: String,
        serial: String,
    },
    IntelliVue {
        model: String,
        serial: String,
        software: String,
        bed: String,
    },
    Poct1a {
        vendor: String,
        model: String,
        serial: String,
    },
    Astm {
        /// H-5: manufacturer, product, version, instrument.
        sender: [String; 4],
    },
    Pump {
        port: u16,
        manufacturer: String,
        model: String,
        serial: String,
        software: String,
        /// Whether it speaks inside TLS, to its server's certificate.
        tls: bool,
    },
    Syslog {
        tag: String,
        /// Whether patients stand in its entries.
        patients: bool,
    },
}

/// Who talks to whom.
#[derive(Debug, Clone, Copy)]
pub struct Conversation {
    /// Client.
    pub client: usize,
    /// Server.
    pub server: usize,
    /// Whether over UDP.
    pub udp: bool,
    /// Server's port.
    pub port: u16,
    /// Octets in this hour.
    pub octets: u64,
}

/// What was played, and what could not be: nothing is left out in silence.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Exchanges by protocol.
    pub played: BTreeMap<&'static str, u64>,
    /// Conversations or messages for which there is no protocol here yet, by what they are.
    pub missing: BTreeMap<String, u64>,
}

impl Tally {
    fn played(&mut self, protocol: &'static str) {
        *self.played.entry(protocol).or_default() += 1;
    }

    fn missing(&mut self, what: String) {
        *self.missing.entry(what).or_default() += 1;
    }
}

impl Site {
    /// The device on its own segment.
    fn endpoint(&self, device: usize) -> Endpoint {
        let device = &self.devices[device];
        Endpoint::new(device.mac, device.ipv4, device.system.stack())
    }

    /// The device as it is seen on `segment`: behind the router where it stands elsewhere.
    fn seen_on(&self, segment: usize, device: usize) -> Endpoint {
        let endpoint = self.endpoint(device);
        if self.devices[device].segment == segment {
            endpoint
        } else {
            endpoint.behind(self.segments[segment].router_mac, 1)
        }
    }

    fn router(&self, segment: usize) -> Endpoint {
        let segment = &self.segments[segment];
        Endpoint::new(segment.router_mac, segment.router, &stack::NETWORK)
    }
}
