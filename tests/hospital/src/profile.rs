//! What a device says on the wire, protocol by protocol: typed, so that an emulator can turn it into bytes.
//!
//! A kind's file writes profiles with text templates ([`Profile<&'static str>`]); [`Profile::fill`] puts one device's identity in and
//! gives a [`Profile<String>`]. Placeholders: `{vendor}`, `{product}`, `{version}`, `{serial}`, `{hostname}`, `{ae}`, `{mac}`
//! (twelve hex digits), `{eui64}`, `{uuid}`, `{site}`, `{ward}`. Which conversation uses which protocol is in the site's
//! conversations; a profile says how this device speaks it.

/// A protocol this device speaks on its own behalf, with the strings that identify it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profile<T> {
    /// DHCPv4 client: option 60, option 12, option 55 in wire order.
    Dhcp {
        /// Option 60, empty when the client sends none.
        vendor_class: T,
        /// Option 12, empty when the client sends none.
        hostname: T,
        /// Option 55, codes in the order sent.
        parameters: &'static [u8],
    },
    /// LLDP, with the LLDP-MED inventory where `model` is not empty.
    Lldp {
        /// System name TLV.
        system_name: T,
        /// System description TLV.
        description: T,
        /// LLDP-MED manufacturer, subtype 9.
        manufacturer: T,
        /// LLDP-MED model, subtype 10.
        model: T,
        /// LLDP-MED firmware revision, subtype 6.
        firmware: T,
        /// LLDP-MED serial number, subtype 8.
        serial: T,
    },
    /// CDP: device id, software version string, platform.
    Cdp {
        /// TLV 1.
        device_id: T,
        /// TLV 5.
        version: T,
        /// TLV 6.
        platform: T,
    },
    /// Multicast DNS: the announced service and its TXT model.
    Mdns {
        /// For instance `_ipp._tcp`.
        service: T,
        /// Instance label.
        instance: T,
        /// TXT record, `key=value` pairs separated by `;`.
        text: T,
    },
    /// SSDP NOTIFY.
    Ssdp {
        /// `SERVER:` header.
        server: T,
        /// `USN:` uuid.
        uuid: T,
    },
    /// WS-Discovery Hello and ProbeMatches.
    WsDiscovery {
        /// Endpoint reference, `urn:uuid:…`.
        endpoint: T,
        /// `d:Types`, qualified names.
        types: T,
        /// `d:Scopes`, space separated.
        scopes: T,
    },
    /// NetBIOS name service registration.
    Nbns {
        /// NetBIOS name, at most 15 characters.
        name: T,
    },
    /// SMB with NTLMSSP: what the challenge gives away.
    Smb {
        /// Native OS of SMB1, empty where only SMB2 or later is spoken.
        native_os: T,
        /// Windows major, minor, build.
        build: (u8, u8, u16),
        /// NetBIOS computer name.
        computer: T,
    },
    /// SNMP agent.
    Snmp {
        /// 1.3.6.1.2.1.1.1.0
        system_description: T,
        /// IANA enterprise number of sysObjectID.
        enterprise: u32,
        /// 1.3.6.1.2.1.1.5.0
        system_name: T,
    },
    /// Syslog sender (RFC 3164 header).
    Syslog {
        /// APP-NAME or tag.
        application: T,
    },
    /// HTTP server.
    HttpServer {
        /// `Server:` header.
        server: T,
        /// `WWW-Authenticate` realm, empty for none.
        realm: T,
    },
    /// HTTP client.
    HttpClient {
        /// `User-Agent:` header.
        user_agent: T,
    },
    /// TLS server: highest version it takes and its certificate's subject.
    TlsServer {
        /// True when TLS 1.3 is offered.
        tls13: bool,
        /// Subject O.
        organisation: T,
        /// Subject CN.
        common_name: T,
    },
    /// TLS client towards a named server.
    TlsClient {
        /// True when TLS 1.3 is offered.
        tls13: bool,
        /// Server name indication, empty for none.
        server_name: T,
    },
    /// SSH server banner.
    Ssh {
        /// Software part of `SSH-2.0-software`.
        software: T,
    },
    /// RDP server.
    Rdp {
        /// Certificate subject, the computer name.
        computer: T,
    },
    /// A line a server says first (FTP, Telnet, VNC, SMTP).
    Banner {
        /// TCP port.
        port: u16,
        /// The first line.
        text: T,
    },
    /// DICOM upper layer: application entity and what it proposes or accepts.
    Dicom {
        /// Application entity title, at most 16 characters.
        ae_title: T,
        /// Abstract syntax UIDs.
        abstract_syntaxes: &'static [&'static str],
        /// Implementation class UID.
        implementation_uid: T,
        /// Implementation version name, at most 16 characters.
        implementation_version: T,
        /// Modality (0008,0060) of the data sets it makes, empty for none.
        modality: T,
        /// Manufacturer (0008,0070).
        manufacturer: T,
        /// Manufacturer's model name (0008,1090).
        model: T,
    },
    /// HL7 v2 over MLLP: the header it sends and the messages it makes.
    Hl7 {
        /// MSH-3.
        application: T,
        /// MSH-4.
        facility: T,
        /// Message types with trigger, for instance `ORU^R01`.
        messages: &'static [&'static str],
        /// OBX-18 equipment instance, empty for none.
        equipment: T,
        /// MSH-21 profile OID, empty for none.
        profile: T,
    },
    /// Service-oriented device connectivity provider (IEEE 11073-20701).
    Sdc {
        /// Endpoint reference.
        endpoint: T,
        /// Nomenclature code of the medical device system.
        device_type: u32,
        /// ThisModel manufacturer.
        manufacturer: T,
        /// ThisModel model name.
        model: T,
        /// ThisDevice serial number.
        serial: T,
    },
    /// Philips IntelliVue data export (UDP 24105, connect indication on 24005).
    IntelliVue {
        /// Model label of the MDS create event.
        model: T,
        /// Serial number of the production specification.
        serial: T,
        /// Application software revision.
        software: T,
        /// Bed label.
        bed: T,
    },
    /// POCT1-A hello message.
    Poct1a {
        /// Vendor id.
        vendor: T,
        /// Model id.
        model: T,
        /// Serial id.
        serial: T,
    },
    /// ASTM E1381 frames with E1394 (LIS2) records; the header record's sender.
    Astm {
        /// H-5: manufacturer^product^version^instrument.
        sender: T,
    },
    /// A maker's own TCP protocol between device and server.
    Proprietary {
        /// TCP port of the server.
        port: u16,
        /// True when it runs inside TLS.
        tls: bool,
        /// The identity the device sends first.
        hello: T,
    },
    /// BACnet/IP device object.
    Bacnet {
        /// ASHRAE vendor identifier.
        vendor_id: u16,
        /// Model name, property 70.
        model: T,
        /// Firmware revision, property 44.
        firmware: T,
        /// Object name, property 77.
        name: T,
    },
    /// Modbus device identification (0x2B/0x0E).
    Modbus {
        /// Object 0.
        vendor: T,
        /// Object 1.
        product: T,
        /// Object 2.
        revision: T,
    },
    /// Niagara Fox hello.
    Fox {
        /// `hostName`.
        host: T,
        /// `app.version`.
        version: T,
        /// `brandId`.
        brand: T,
    },
    /// RTSP with ONVIF identity.
    Rtsp {
        /// `Server:` header.
        server: T,
        /// ONVIF manufacturer.
        manufacturer: T,
        /// ONVIF model.
        model: T,
        /// ONVIF firmware version.
        firmware: T,
    },
    /// SIP user agent.
    Sip {
        /// `User-Agent:` header.
        user_agent: T,
    },
    /// Internet printing: printer-make-and-model and firmware.
    Ipp {
        /// printer-make-and-model
        make_and_model: T,
        /// printer-firmware-string-version
        firmware: T,
        /// printer-uuid
        uuid: T,
    },
    /// MQTT client.
    Mqtt {
        /// Client identifier.
        client_id: T,
    },
    /// Time synchronisation client.
    Ntp,
}

macro_rules! fill {
    ($self:expr, $f:expr; $($variant:ident { $($text:ident),* $(; $($copy:ident),*)? }),* $(,)?) => {
        match $self {
            Profile::Ntp => Profile::Ntp,
            $(Profile::$variant { $($text,)* $($($copy,)*)? } => Profile::$variant {
                $($text: $f($text.as_ref()),)*
                $($($copy: *$copy,)*)?
            },)*
        }
    };
}

impl<T: AsRef<str>> Profile<T> {
    /// The same profile with `text` applied to every template in it.
    pub fn fill(&self, mut with: impl FnMut(&str) -> String) -> Profile<String> {
        fill!(self, with;
            Dhcp { vendor_class, hostname; parameters },
            Lldp { system_name, description, manufacturer, model, firmware, serial },
            Cdp { device_id, version, platform },
            Mdns { service, instance, text },
            Ssdp { server, uuid },
            WsDiscovery { endpoint, types, scopes },
            Nbns { name },
            Smb { native_os, computer; build },
            Snmp { system_description, system_name; enterprise },
            Syslog { application },
            HttpServer { server, realm },
            HttpClient { user_agent },
            TlsServer { organisation, common_name; tls13 },
            TlsClient { server_name; tls13 },
            Ssh { software },
            Rdp { computer },
            Banner { text; port },
            Dicom { ae_title, implementation_uid, implementation_version, modality, manufacturer, model; abstract_syntaxes },
            Hl7 { application, facility, equipment, profile; messages },
            Sdc { endpoint, manufacturer, model, serial; device_type },
            IntelliVue { model, serial, software, bed },
            Poct1a { vendor, model, serial },
            Astm { sender },
            Proprietary { hello; port, tls },
            Bacnet { model, firmware, name; vendor_id },
            Modbus { vendor, product, revision },
            Fox { host, version, brand },
            Rtsp { server, manufacturer, model, firmware },
            Sip { user_agent },
            Ipp { make_and_model, firmware, uuid },
            Mqtt { client_id },
        )
    }
}
