//! Weaknesses without a CVE, each from observed facts: protocols that carry credentials or patient data in clear text, SMB 1, operating
//! systems past their end, shared and default certificates, services open to anybody.
//!
//! A weakness is a row of a typed table with an identifier that does not change; [`derive()`] is a pure function from what was seen (and
//! the day) to the weaknesses that follow, each with the fact it rests on.

mod operating_system;
mod table;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::protocol::Protocol;

pub use operating_system::{EndOfLife, end_of_life};
pub use table::{WEAKNESSES, Weakness, find};

/// Identifier of a weakness: a row of [`WEAKNESSES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WeaknessId {
    /// Telnet, rlogin, rsh, rexec.
    #[serde(rename = "AUSCULT-W-001")]
    ClearTextShell,
    /// FTP, TFTP.
    #[serde(rename = "AUSCULT-W-002")]
    ClearTextFileTransfer,
    /// HTTP without TLS that asks for a password (Basic, Digest).
    #[serde(rename = "AUSCULT-W-003")]
    HttpPassword,
    /// HTTP without TLS on a device.
    #[serde(rename = "AUSCULT-W-004")]
    ClearTextWeb,
    /// SNMP 1 or 2c.
    #[serde(rename = "AUSCULT-W-005")]
    SnmpCommunity,
    /// LDAP without TLS.
    #[serde(rename = "AUSCULT-W-006")]
    ClearTextDirectory,
    /// VNC, X11 without a tunnel.
    #[serde(rename = "AUSCULT-W-007")]
    OpenRemoteScreen,
    /// SMB 1.
    #[serde(rename = "AUSCULT-W-008")]
    SmbVersion1,
    /// TLS 1.1 and below, SSL.
    #[serde(rename = "AUSCULT-W-009")]
    OldTls,
    /// Operating system past its end of support.
    #[serde(rename = "AUSCULT-W-010")]
    OperatingSystemEnded,
    /// One certificate on several devices: one key opens all.
    #[serde(rename = "AUSCULT-W-011")]
    SharedCertificate,
    /// A certificate as delivered, or signed by itself.
    #[serde(rename = "AUSCULT-W-012")]
    DefaultCertificate,
    /// A certificate past its date.
    #[serde(rename = "AUSCULT-W-013")]
    ExpiredCertificate,
    /// A service that lets anybody in.
    #[serde(rename = "AUSCULT-W-014")]
    AnonymousService,
    /// DICOM without TLS.
    #[serde(rename = "AUSCULT-W-015")]
    ClearTextDicom,
    /// HL7 v2 without TLS.
    #[serde(rename = "AUSCULT-W-016")]
    ClearTextHl7,
    /// Other clinical protocols without encryption: POCT1-A, ASTM.
    #[serde(rename = "AUSCULT-W-017")]
    ClearTextLaboratory,
    /// Remote desktop offered.
    #[serde(rename = "AUSCULT-W-018")]
    RemoteDesktop,
    /// Building or industrial control protocols without authentication.
    #[serde(rename = "AUSCULT-W-019")]
    ControlWithoutAuthentication,
    /// MQTT without TLS.
    #[serde(rename = "AUSCULT-W-020")]
    ClearTextMessaging,
}

/// How sure an observation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Only the port says so.
    PortOnly,
    /// The protocol was recognised in its bytes, or the fact stated.
    Recognised,
}

/// One statement about the device or one of its services, by the attribute's name as facts have it (`os_name`, `stack_version`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stated {
    /// Attribute, in lower case with `_`.
    pub attribute: String,
    /// Value.
    pub value: String,
}

/// A service as observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenService {
    /// 6 is TCP, 17 UDP.
    pub ip_protocol: u8,
    /// Port.
    pub port: u16,
    /// Protocol recognised in the bytes: `telnet`, `dicom`, `http`, `tls`; `None` where nothing was.
    pub name: Option<String>,
    /// The bytes are inside TLS.
    pub tls: bool,
    /// What was stated at this service: `protocol_version`, `authentication`, `certificate`.
    pub stated: Vec<Stated>,
    /// Other devices that showed the same certificate.
    pub same_certificate_on: u32,
}

/// What was seen of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// What it stated of itself.
    pub stated: Vec<Stated>,
    /// Its services.
    pub services: Vec<SeenService>,
}

/// A weakness of a device, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Derived {
    /// Which.
    pub id: WeaknessId,
    /// Place of the service in [`Seen::services`]; `None` when it is the device's.
    pub service: Option<usize>,
    /// How sure.
    pub certainty: Certainty,
    /// The fact it rests on, for people.
    pub because: String,
}

/// The weaknesses that follow from what was seen, in order, each once a service.
///
/// `now_ms` is the day of the assessment, epoch milliseconds: support of operating systems ends on a date.
#[must_use]
pub fn derive(seen: &Seen, now_ms: i64) -> Vec<Derived> {
    let mut found = Vec::new();
    for (place, service) in seen.services.iter().enumerate() {
        of_protocol(place, service, &mut found);
        of_statements(place, service, &mut found);
    }
    for stated in &seen.stated {
        of_operating_system(stated, now_ms, &mut found);
    }
    found.sort();
    // The surest of the same.
    found.dedup_by(|later, kept| {
        let same = (later.id, later.service) == (kept.id, kept.service);
        if same && later.certainty > kept.certainty {
            std::mem::swap(later, kept);
        }
        same
    });
    found
}

/// What the protocol alone says, when it is not inside TLS.
fn of_protocol(place: usize, service: &SeenService, found: &mut Vec<Derived>) {
    let (protocol, certainty) = match service.name.as_deref() {
        Some(name) => (Protocol::of_name(name), Certainty::Recognised),
        None => (Protocol::of_port(service.port), Certainty::PortOnly),
    };
    let Some(protocol) = protocol.filter(|_| !service.tls) else {
        return;
    };
    // Port 2762 is DICOM over TLS, 636 LDAP over TLS, 8883 MQTT over TLS: the port promises what was not seen.
    let promised = matches!(service.port, 636 | 2762 | 8883) && certainty == Certainty::PortOnly;
    let id = match protocol {
        Protocol::Telnet | Protocol::Rlogin => WeaknessId::ClearTextShell,
        Protocol::Ftp | Protocol::Tftp => WeaknessId::ClearTextFileTransfer,
        Protocol::Http => WeaknessId::ClearTextWeb,
        Protocol::Ldap => WeaknessId::ClearTextDirectory,
        Protocol::Vnc | Protocol::X11 => WeaknessId::OpenRemoteScreen,
        Protocol::Dicom => WeaknessId::ClearTextDicom,
        Protocol::Hl7 => WeaknessId::ClearTextHl7,
        Protocol::Poct1a | Protocol::Astm => WeaknessId::ClearTextLaboratory,
        Protocol::Rdp => WeaknessId::RemoteDesktop,
        Protocol::Modbus | Protocol::Bacnet => WeaknessId::ControlWithoutAuthentication,
        Protocol::Mqtt => WeaknessId::ClearTextMessaging,
        _ => return,
    };
    if promised {
        return;
    }
    let how = match certainty {
        Certainty::Recognised => "recognised",
        Certainty::PortOnly => "by its port",
    };
    found.push(Derived {
        id,
        service: Some(place),
        certainty,
        because: format!("{protocol:?} {how} at port {} without TLS", service.port).to_lowercase(),
    });
}

fn of_statements(place: usize, service: &SeenService, found: &mut Vec<Derived>) {
    let mut find = |id, because: String| {
        found.push(Derived {
            id,
            service: Some(place),
            certainty: Certainty::Recognised,
            because,
        });
    };
    for Stated { attribute, value } in &service.stated {
        let lower = value.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let because = format!("{attribute}={}", crate::text::keep_at_most(value, 80));
        match attribute.as_str() {
            "protocol_version" | "stack_version" if is_smb1(&lower) => {
                find(WeaknessId::SmbVersion1, because)
            }
            "protocol_version" if is_old_tls(&lower) => find(WeaknessId::OldTls, because),
            "protocol_version" if has(&["snmpv1", "snmpv2c", "snmp v1", "snmp v2c"]) => {
                find(WeaknessId::SnmpCommunity, because);
            }
            "authentication" if has(&["none", "anonymous", "null session"]) => {
                find(WeaknessId::AnonymousService, because);
            }
            "authentication" if has(&["basic", "digest"]) && !service.tls => {
                find(WeaknessId::HttpPassword, because)
            }
            "certificate" => {
                if has(&["self_signed", "self-signed", "default", "example"]) {
                    find(WeaknessId::DefaultCertificate, because.clone());
                }
                if has(&["expired"]) {
                    find(WeaknessId::ExpiredCertificate, because);
                }
            }
            _ => {}
        }
    }
    if service.same_certificate_on > 0 {
        let because = format!(
            "the same certificate on {} other devices",
            service.same_certificate_on
        );
        find(WeaknessId::SharedCertificate, because);
    }
}

/// SMB 1 by its dialect string (MS-CIFS 2.2.4.52.1) or the name people give it.
fn is_smb1(text: &str) -> bool {
    let text = text.trim();
    text.contains("nt lm 0.12")
        || matches!(
            text,
            "smb1" | "smbv1" | "smb 1" | "smb 1.0" | "smb/1" | "cifs"
        )
}

fn is_old_tls(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("ssl")
        || matches!(
            text,
            "tls1.0" | "tls 1.0" | "tlsv1" | "tlsv1.0" | "tls1.1" | "tls 1.1" | "tlsv1.1"
        )
}

fn of_operating_system(stated: &Stated, now_ms: i64, found: &mut Vec<Derived>) {
    let speaks_of_it = matches!(
        stated.attribute.as_str(),
        "os_name" | "system_description" | "stack_version" | "platform"
    );
    if !speaks_of_it {
        return;
    }
    let Some(ended) = end_of_life(&stated.value).filter(|ended| ended.ended_ms < now_ms) else {
        return;
    };
    found.push(Derived {
        id: WeaknessId::OperatingSystemEnded,
        service: None,
        certainty: Certainty::Recognised,
        because: format!(
            "{}={}: support of {} ended on {}",
            stated.attribute,
            crate::text::keep_at_most(&stated.value, 80),
            ended.name,
            ended.day
        ),
    });
}
