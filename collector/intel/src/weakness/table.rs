//! The weaknesses: text, class, how much they weigh, what to do, and how they are used.

use super::WeaknessId;

/// One weakness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weakness {
    /// Which.
    pub id: WeaknessId,
    /// Identifier as written: stable over all versions.
    pub name: &'static str,
    /// A short name for people.
    pub title: &'static str,
    /// What an attacker gets, for people.
    pub description: &'static str,
    /// Common Weakness Enumeration.
    pub cwe: &'static str,
    /// CVSS 3.1 base vector of the usual case.
    pub vector: &'static str,
    /// MITRE ATT&CK technique that uses it.
    pub technique: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

macro_rules! row {
    ($id:ident, $name:literal, $cwe:literal, $technique:literal, $vector:literal, $title:literal, $description:literal, $remedy:literal) => {
        Weakness {
            id: WeaknessId::$id,
            name: $name,
            title: $title,
            description: $description,
            cwe: $cwe,
            vector: concat!("CVSS:3.1/", $vector),
            technique: $technique,
            remedy: $remedy,
        }
    };
}

/// All weaknesses, in the order of [`WeaknessId`].
#[rustfmt::skip]
pub const WEAKNESSES: [Weakness; 20] = [
    row!(ClearTextShell, "AUSCULT-W-001", "CWE-319", "T1040", "AV:A/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:H",
        "Remote shell without encryption",
        "Whoever reads along learns the password and can then control the device.",
        "Switch Telnet, rlogin and rsh off, or allow them from the maintenance network alone; use SSH."),
    row!(ClearTextFileTransfer, "AUSCULT-W-002", "CWE-319", "T1040", "AV:A/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:N",
        "File transfer without encryption",
        "Whoever reads along learns the password and the files, and can put others in their place.",
        "Use SFTP or HTTPS, or allow the transfer between its two ends alone."),
    row!(HttpPassword, "AUSCULT-W-003", "CWE-523", "T1040", "AV:A/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:L",
        "Password over HTTP without TLS",
        "The password of the web interface crosses the network readable.",
        "Switch HTTPS on and HTTP off."),
    row!(ClearTextWeb, "AUSCULT-W-004", "CWE-319", "T1557", "AV:A/AC:H/PR:N/UI:R/S:U/C:L/I:L/A:N",
        "Web interface without TLS",
        "What is shown and entered can be read and changed on the way.",
        "Switch HTTPS on, or allow the interface from the maintenance network alone."),
    row!(SnmpCommunity, "AUSCULT-W-005", "CWE-319", "T1602.001", "AV:A/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N",
        "SNMP version 1 or 2c",
        "The community string crosses the network readable and is all that is needed to ask, often to set.",
        "Use SNMPv3 with privacy, or make it read-only for the management station alone."),
    row!(ClearTextDirectory, "AUSCULT-W-006", "CWE-319", "T1040", "AV:A/AC:H/PR:N/UI:R/S:U/C:H/I:N/A:N",
        "Directory access without TLS",
        "Simple binds carry passwords of people and services readable.",
        "Use LDAPS or StartTLS; require signing."),
    row!(OpenRemoteScreen, "AUSCULT-W-007", "CWE-306", "T1021.005", "AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "Remote screen without encryption",
        "VNC and X11 show and take the screen; their passwords, where there are any, are weak.",
        "Switch it off or tunnel it; allow it from the maintenance network alone."),
    row!(SmbVersion1, "AUSCULT-W-008", "CWE-477", "T1210", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "SMB version 1",
        "The protocol that WannaCry and NotPetya spread by; it cannot be made safe.",
        "Switch SMB 1 off; where the maker cannot, isolate the device and its one file server."),
    row!(OldTls, "AUSCULT-W-009", "CWE-327", "T1557", "AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:N",
        "TLS 1.1 or older",
        "Deprecated by RFC 8996: known attacks read or change what it protects.",
        "Require TLS 1.2 or 1.3."),
    row!(OperatingSystemEnded, "AUSCULT-W-010", "CWE-1104", "T1210", "AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "Operating system without support",
        "No security updates any more: every new flaw stays.",
        "Upgrade with the maker; until then allow only the conversations that care needs."),
    row!(SharedCertificate, "AUSCULT-W-011", "CWE-321", "T1557", "AV:A/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N",
        "One certificate on several devices",
        "The key is the same in all of them: who takes it from one reads and imitates the others.",
        "Give each device a key and certificate of its own."),
    row!(DefaultCertificate, "AUSCULT-W-012", "CWE-1394", "T1557", "AV:A/AC:H/PR:N/UI:R/S:U/C:L/I:L/A:N",
        "Certificate as delivered",
        "Nobody can tell the device from an impostor.",
        "Install a certificate of the hospital's authority."),
    row!(ExpiredCertificate, "AUSCULT-W-013", "CWE-298", "T1557", "AV:A/AC:H/PR:N/UI:R/S:U/C:L/I:L/A:N",
        "Certificate past its date",
        "Users learn to pass over warnings, and with them over an impostor.",
        "Renew the certificate and watch its date."),
    row!(AnonymousService, "AUSCULT-W-014", "CWE-306", "T1078.001", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:N",
        "Service open to anybody",
        "It asks for no credentials: whoever reaches it can use it.",
        "Require authentication, or allow it from its known users alone."),
    row!(ClearTextDicom, "AUSCULT-W-015", "CWE-319", "T1040", "AV:A/AC:H/PR:N/UI:N/S:U/C:H/I:L/A:N",
        "Images without encryption (DICOM)",
        "Images and the patient's data in them can be read, and changed, on the way.",
        "Use DICOM's TLS profiles (PS3.15 annex B), or keep modality and archive in one segment."),
    row!(ClearTextHl7, "AUSCULT-W-016", "CWE-319", "T1040", "AV:A/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N",
        "Patient messages without encryption (HL7 v2)",
        "Admissions, orders and results can be read, and changed, on the way.",
        "Use MLLP over TLS, or allow the conversation between its two ends alone."),
    row!(ClearTextLaboratory, "AUSCULT-W-017", "CWE-319", "T1040", "AV:A/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N",
        "Laboratory results without encryption (POCT1-A, ASTM)",
        "Results and patient identifiers can be read, and changed, on the way.",
        "Tunnel it, or allow the conversation between its two ends alone."),
    row!(RemoteDesktop, "AUSCULT-W-018", "CWE-284", "T1021.001", "AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "Remote desktop offered",
        "The way most ransomware crews move: one guessed or stolen password is enough.",
        "Allow it from jump hosts alone, with a second factor."),
    row!(ControlWithoutAuthentication, "AUSCULT-W-019", "CWE-306", "T0855", "AV:A/AC:L/PR:N/UI:N/S:U/C:L/I:H/A:H",
        "Control protocol without authentication",
        "Modbus and BACnet obey whoever speaks to them: air, cold and power follow.",
        "Keep building control in its own segment behind its own gateway."),
    row!(ClearTextMessaging, "AUSCULT-W-020", "CWE-319", "T1040", "AV:A/AC:H/PR:N/UI:N/S:U/C:H/I:L/A:N",
        "Messaging without encryption (MQTT)",
        "Messages and the password of the connection can be read on the way.",
        "Use MQTT over TLS with a certificate of each client."),
];

/// The row of a weakness.
#[must_use]
pub fn find(id: WeaknessId) -> Option<&'static Weakness> {
    WEAKNESSES.iter().find(|weakness| weakness.id == id)
}
