//! One statement of one sensor.

use std::net::Ipv4Addr;

use crate::address::Mac;

/// Where a frame came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Number of the site in the fleet.
    pub site: u32,
    /// Number of the sensor in its site.
    pub sensor: u32,
    /// 802.1Q identifier.
    pub vlan: u16,
}

/// An interface with its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// MAC address.
    pub mac: Mac,
    /// IPv4 address.
    pub ip: Ipv4Addr,
}

/// What a sensor reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation<'a> {
    /// Where.
    pub origin: Origin,
    /// Epoch milliseconds of the first frame.
    pub first_seen_ms: i64,
    /// Epoch milliseconds of the last frame.
    pub last_seen_ms: i64,
    /// Frames it rests on.
    pub count: u64,
    /// The statement.
    pub body: Body<'a>,
}

/// A statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// A named attribute of the sender.
    Fact {
        /// Who said it.
        sender: Endpoint,
        /// About what.
        attribute: Attribute,
        /// What.
        value: Value<'a>,
    },
    /// Who talks to whom.
    Conversation {
        /// Who asked.
        client: Endpoint,
        /// Who answered.
        server: Endpoint,
        /// IP protocol number.
        protocol: u8,
        /// Server port.
        port: u16,
        /// Bytes to the server and to the client, cumulative.
        bytes: (u64, u64),
        /// Packets to the server and to the client, cumulative.
        packets: (u64, u64),
    },
    /// An address is held by an interface.
    Binding {
        /// Interface and address.
        endpoint: Endpoint,
        /// Seconds; 0 when it was set by hand.
        lease_s: u32,
    },
    /// Still there.
    Heartbeat {
        /// Interface and address.
        endpoint: Endpoint,
        /// Bytes sent since the last report.
        bytes: u64,
    },
}

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// Maker.
    Manufacturer,
    /// Model.
    Model,
    /// Software version.
    SoftwareVersion,
    /// Serial number.
    Serial,
    /// Host name.
    Hostname,
    /// DICOM application entity title.
    AeTitle,
    /// DHCP vendor class.
    VendorClass,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Manufacturer,
        Self::Model,
        Self::SoftwareVersion,
        Self::Serial,
        Self::Hostname,
        Self::AeTitle,
        Self::VendorClass,
    ];
}

/// A text, with a number behind it where the text alone would be the same at several sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// The text.
    pub text: &'a str,
    /// Written behind it after a hyphen.
    pub number: Option<u32>,
}

impl std::fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.number {
            Some(number) => write!(f, "{}-{number}", self.text),
            None => f.write_str(self.text),
        }
    }
}
