//! Protocols by name: of a service as recognised, by its port where nothing was, and as a description of a vulnerability speaks of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A protocol that services speak and vulnerabilities are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Protocol {
    Astm,
    Bacnet,
    Dicom,
    Dns,
    Ftp,
    Hl7,
    Http,
    Https,
    Ipp,
    Ldap,
    Modbus,
    Mqtt,
    Ntp,
    Poct1a,
    Rdp,
    Rlogin,
    Rtsp,
    Smb,
    Snmp,
    Sql,
    Ssh,
    Telnet,
    Tftp,
    Tls,
    Upnp,
    Vnc,
    X11,
}

/// Protocol, names (of services and in texts), TCP and UDP ports assigned to it (IANA).
const TABLE: &[(Protocol, &[&str], &[u16])] = &[
    (Protocol::Astm, &["astm", "lis2"], &[]),
    (Protocol::Bacnet, &["bacnet"], &[47808]),
    (Protocol::Dicom, &["dicom"], &[104, 2761, 2762, 11112]),
    (Protocol::Dns, &["dns", "dnsmasq"], &[53]),
    (Protocol::Ftp, &["ftp"], &[21]),
    (Protocol::Hl7, &["hl7", "mllp"], &[2575]),
    (
        Protocol::Http,
        &["http", "web server", "web interface", "webserver"],
        &[80, 8080],
    ),
    (Protocol::Https, &["https"], &[443, 8443]),
    (Protocol::Ipp, &["ipp"], &[631]),
    (Protocol::Ldap, &["ldap"], &[389, 636]),
    (Protocol::Modbus, &["modbus"], &[502]),
    (Protocol::Mqtt, &["mqtt"], &[1883, 8883]),
    (Protocol::Ntp, &["ntp"], &[123]),
    (Protocol::Poct1a, &["poct1a", "poct1-a"], &[]),
    (Protocol::Rdp, &["rdp", "remote desktop"], &[3389]),
    (
        Protocol::Rlogin,
        &["rlogin", "rsh", "rexec"],
        &[512, 513, 514],
    ),
    (Protocol::Rtsp, &["rtsp"], &[554]),
    (
        Protocol::Smb,
        &["smb", "smbv1", "smbv2", "samba", "netbios"],
        &[139, 445],
    ),
    (Protocol::Snmp, &["snmp"], &[161]),
    (
        Protocol::Sql,
        &["sql server", "mysql", "tds", "postgresql"],
        &[1433, 3306, 5432],
    ),
    (Protocol::Ssh, &["ssh", "sftp"], &[22]),
    (Protocol::Telnet, &["telnet"], &[23]),
    (Protocol::Tftp, &["tftp"], &[69]),
    (Protocol::Tls, &["tls", "ssl", "openssl", "heartbleed"], &[]),
    (Protocol::Upnp, &["upnp", "ssdp"], &[1900]),
    (Protocol::Vnc, &["vnc", "rfb"], &[5900]),
    (Protocol::X11, &["x11"], &[6000]),
];

impl Protocol {
    /// The protocol of a service's name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let known = |(_, names, _): &&(Self, &[&str], &[u16])| names.contains(&name.as_str());
        TABLE.iter().find(known).map(|(protocol, ..)| *protocol)
    }

    /// The protocol that a port is assigned to.
    #[must_use]
    pub fn of_port(port: u16) -> Option<Self> {
        let known = |(_, _, ports): &&(Self, &[&str], &[u16])| ports.contains(&port);
        TABLE.iter().find(known).map(|(protocol, ..)| *protocol)
    }

    /// The protocols a text speaks of, by whole words.
    #[must_use]
    pub fn named_in(text: &str) -> BTreeSet<Self> {
        let plain: String = text
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    ' '
                }
            })
            .collect();
        let words: Vec<&str> = plain.split_whitespace().collect();
        let mut found = BTreeSet::new();
        for (protocol, names, _) in TABLE {
            let named = names.iter().any(|name| match name.split_once(' ') {
                None => words.contains(name),
                Some((first, second)) => words.windows(2).any(|pair| *pair == [first, second]),
            });
            if named {
                found.insert(*protocol);
            }
        }
        found
    }

    /// Whether a service of `self` speaks what a text calls `named`.
    #[must_use]
    pub fn speaks(self, named: Self) -> bool {
        self == named
            || matches!(
                (self, named),
                (Self::Https, Self::Http | Self::Tls) | (Self::Http, Self::Upnp)
            )
    }
}
