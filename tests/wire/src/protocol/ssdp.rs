//! SSDP of UPnP Device Architecture 1.1, §1.2: a device says that it is there.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use crate::address::Endpoint;
use crate::tap::Tap;

/// A root device.
#[derive(Debug, Clone, Copy)]
pub struct Device<'a> {
    /// `SERVER`: operating system, UPnP version, product.
    pub server: &'a str,
    /// `LOCATION`: where its description lies.
    pub location: &'a str,
    /// The UUID without its prefix.
    pub uuid: &'a str,
    /// `NT`, such as `upnp:rootdevice`.
    pub target: &'a str,
}

impl Device<'_> {
    fn headers(&self) -> [(&'static str, String); 7] {
        [
            ("HOST", "239.255.255.250:1900".to_owned()),
            ("CACHE-CONTROL", "max-age=1800".to_owned()),
            ("LOCATION", self.location.to_owned()),
            ("NT", self.target.to_owned()),
            ("NTS", "ssdp:alive".to_owned()),
            ("SERVER", self.server.to_owned()),
            ("USN", format!("uuid:{}::{}", self.uuid, self.target)),
        ]
    }

    /// Sends `ssdp:alive` and states its headers.
    pub fn announce(&self, tap: &mut Tap<'_>, from: &Endpoint) {
        let mut text = String::from("NOTIFY * HTTP/1.1\r\n");
        for (name, value) in &self.headers() {
            let written = write!(text, "{name}: {value}\r\n");
            debug_assert!(written.is_ok(), "a String takes every write");
        }
        text.push_str("\r\n");
        let all = from.at(Ipv4Addr::new(239, 255, 255, 250));
        let port = tap.ephemeral_port(from);
        let frame = tap.udp((from, port), (&all, 1900), text.as_bytes());
        for (name, value) in self.headers() {
            tap.states(frame, from, "ssdp.header", format!("{name}: {value}"));
        }
    }
}
