//! One moment of a modelled site in the words of the wire, field by field. The table in `README.md` is this file as prose.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use auscult_hospital::address::Mac as ModelMac;
use auscult_hospital::kind::{Group, Os};
use auscult_hospital::profile::Profile;
use auscult_hospital::random::text_key;
use auscult_hospital::site::{Device as ModelDevice, Site as ModelSite};
use auscult_wire::address::Mac;
use auscult_wire::site::{Conversation, Device, Segment, Site, Speaks, System};

use crate::estate::{Moment, Talk};

/// Longest application entity title and implementation version name (DICOM PS3.8 table 9-11, PS3.7 D.3.3.2).
const DICOM_NAME: usize = 16;
/// The kind whose first device keeps the site's logs.
const LOG_HOST: &str = "security_server";
/// The makers whose pumps speak to their server inside TLS.
const SECURE_PUMPS: [&str; 1] = ["ICU Medical"];

/// A site as the wire plays it.
#[derive(Debug)]
pub struct Mapped {
    /// Devices in the order of [`Moment::standing`].
    pub site: Site,
    /// Profiles of the model for which the wire has no words yet, by name, with the number of devices that have them.
    pub unsaid: BTreeMap<&'static str, u64>,
}

/// Says a moment in the wire's words.
#[must_use]
pub fn site(moment: &Moment<'_>) -> Mapped {
    let model = moment.site;
    let router_mac = router(moment).map_or(Mac([0x02, 0, 0, 0, 0, 1]), |index| {
        mac(model.devices[moment.standing[index]].address.mac)
    });
    let mut unsaid = BTreeMap::new();
    let devices = moment
        .standing
        .iter()
        .map(|&number| device(model, &model.devices[number], &mut unsaid))
        .collect();
    Mapped {
        site: Site {
            segments: model
                .segments
                .iter()
                .map(|segment| Segment {
                    vlan: segment.vlan,
                    mask: mask(segment.subnet.prefix),
                    router: segment.router,
                    router_mac,
                })
                .collect(),
            devices,
            conversations: moment.talks.iter().filter_map(conversation).collect(),
            domain: format!("{}.hospital.example", model.name),
            log_host: moment
                .standing
                .iter()
                .position(|&number| model.devices[number].kind.name == LOG_HOST),
        },
        unsaid,
    }
}

/// The device that routes between all segments: the site's first firewall, as an index into [`Moment::standing`].
#[must_use]
pub fn router(moment: &Moment<'_>) -> Option<usize> {
    moment
        .standing
        .iter()
        .position(|&number| moment.site.devices[number].kind.name == "firewall")
}

/// A MAC of the model.
#[must_use]
pub const fn mac(mac: ModelMac) -> Mac {
    Mac(mac.0)
}

fn mask(prefix: u8) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0))
}

fn system(os: Os) -> System {
    match os {
        Os::WindowsXp => System::WindowsXp,
        Os::Windows7
        | Os::Windows10Iot
        | Os::WindowsClient
        | Os::Server2008
        | Os::Server2012
        | Os::Server2019 => System::Windows,
        Os::LinuxEmbedded | Os::LinuxServer | Os::Android => System::Linux,
        Os::VxWorks | Os::Rtos => System::VxWorks,
        Os::TinyStack => System::Embedded,
        Os::NetworkOs => System::Network,
        Os::Apple => System::Apple,
    }
}

fn device(
    site: &ModelSite,
    model: &ModelDevice,
    unsaid: &mut BTreeMap<&'static str, u64>,
) -> Device {
    let speaks = model
        .profiles(site)
        .into_iter()
        .filter_map(|profile| match speaks(model, profile) {
            Ok(speaks) => Some(speaks),
            Err(Unsaid::NoWords(name)) => {
                *unsaid.entry(name).or_default() += 1;
                None
            }
            Err(Unsaid::SaidElsewhere) => None,
        })
        .collect();
    Device {
        seed: text_key(&model.identity.serial),
        name: model.identity.hostname.clone(),
        mac: mac(model.address.mac),
        ipv4: model.address.ipv4,
        ipv6: model.address.ipv6,
        leased: model.address.dhcp,
        segment: model.segment,
        system: system(model.model.os),
        speaks,
    }
}

/// Why a profile does not become a [`Speaks`].
enum Unsaid {
    /// The wire has no such protocol yet.
    NoWords(&'static str),
    /// Another profile or the conversations say it, or this maker's device does not speak it.
    SaidElsewhere,
}

/// The version that runs.
#[must_use]
pub fn version(model: &ModelDevice) -> &'static str {
    let versions = model.model.versions;
    versions.get(model.truth.version).copied().unwrap_or("")
}

fn speaks(model: &ModelDevice, profile: Profile<String>) -> Result<Speaks, Unsaid> {
    match profile {
        Profile::Dhcp {
            vendor_class,
            hostname,
            parameters,
        } => Ok(Speaks::Dhcp {
            vendor_class,
            host_name: hostname,
            parameters: parameters.to_vec(),
        }),
        Profile::Lldp {
            system_name,
            description,
            manufacturer,
            model,
            firmware,
            serial,
        } => Ok(Speaks::Lldp {
            system_name,
            description,
            manufacturer,
            model,
            firmware,
            serial,
        }),
        Profile::Cdp {
            device_id,
            version,
            platform,
        } => Ok(Speaks::Cdp {
            device: device_id,
            version,
            platform,
        }),
        Profile::Mdns {
            service,
            instance,
            text,
        } => Ok(Speaks::Mdns {
            service,
            instance,
            text: text
                .split(';')
                .filter(|pair| !pair.is_empty())
                .map(str::to_owned)
                .collect(),
        }),
        Profile::Ssdp { server, uuid } => Ok(Speaks::Ssdp { server, uuid }),
        Profile::Nbns { name } => Ok(Speaks::Nbns { name }),
        Profile::Smb {
            build, computer, ..
        } => Ok(Speaks::Smb { build, computer }),
        Profile::Snmp {
            system_description,
            enterprise,
            system_name,
        } => Ok(Speaks::Snmp {
            description: system_description,
            enterprise,
            name: system_name,
        }),
        Profile::HttpServer { server, realm } => Ok(Speaks::HttpServer { server, realm }),
        Profile::HttpClient { user_agent } => Ok(Speaks::HttpClient { user_agent }),
        Profile::TlsServer {
            tls13,
            organisation,
            common_name,
        } => Ok(Speaks::TlsServer {
            tls13,
            organization: organisation,
            common_name,
        }),
        Profile::TlsClient { tls13, server_name } => Ok(Speaks::TlsClient { tls13, server_name }),
        other => clinical(model, other),
    }
}

fn clinical(model: &ModelDevice, profile: Profile<String>) -> Result<Speaks, Unsaid> {
    let serial = || model.identity.serial.clone();
    match profile {
        dicom @ Profile::Dicom { .. } => imaging(model, dicom),
        Profile::Hl7 {
            application,
            facility,
            messages,
            equipment,
            profile,
        } => Ok(Speaks::Hl7 {
            application,
            facility,
            messages: messages.iter().map(|kind| (*kind).to_owned()).collect(),
            equipment,
            device: (!profile.is_empty()).then(|| {
                [
                    model.model.vendor.to_owned(),
                    model.model.product.to_owned(),
                    serial(),
                    version(model).to_owned(),
                ]
            }),
        }),
        Profile::Sdc {
            endpoint,
            device_type,
            manufacturer,
            model,
            serial,
        } => Ok(Speaks::Sdc {
            uuid: endpoint.trim_start_matches("urn:uuid:").to_owned(),
            kind: device_type,
            manufacturer,
            model,
            serial,
        }),
        // The protocol is Philips' own, whatever else stands in the kind.
        Profile::IntelliVue {
            model: label,
            serial,
            software,
            bed,
        } if model.model.vendor == "Philips" => Ok(Speaks::IntelliVue {
            model: label,
            serial,
            software,
            bed,
        }),
        Profile::Poct1a {
            vendor,
            model,
            serial,
        } => Ok(Speaks::Poct1a {
            vendor,
            model,
            serial,
        }),
        Profile::Astm { sender } => {
            let mut parts = sender.split('^').map(str::to_owned);
            Ok(Speaks::Astm {
                sender: std::array::from_fn(|_| parts.next().unwrap_or_default()),
            })
        }
        Profile::Proprietary { port, tls, .. }
            if tls == SECURE_PUMPS.contains(&model.model.vendor) =>
        {
            Ok(Speaks::Pump {
                port,
                tls,
                manufacturer: model.model.vendor.to_owned(),
                model: model.model.product.to_owned(),
                serial: serial(),
                software: version(model).to_owned(),
            })
        }
        Profile::Syslog { application } => Ok(Speaks::Syslog {
            tag: application,
            patients: matches!(model.kind.group, Group::Medical | Group::ClinicalIt),
        }),
        other => Err(wordless(&other)),
    }
}

fn imaging(model: &ModelDevice, profile: Profile<String>) -> Result<Speaks, Unsaid> {
    let Profile::Dicom {
        ae_title,
        abstract_syntaxes,
        implementation_uid,
        implementation_version,
        modality,
        manufacturer,
        model: name,
    } = profile
    else {
        return Err(Unsaid::SaidElsewhere);
    };
    Ok(Speaks::Dicom {
        title: ae_title.chars().take(DICOM_NAME).collect(),
        classes: abstract_syntaxes
            .iter()
            .map(|uid| (*uid).to_owned())
            .collect(),
        implementation: implementation_uid,
        version: implementation_version.chars().take(DICOM_NAME).collect(),
        modality: modality_code(&modality),
        manufacturer,
        model: name,
        serial: model.identity.serial.clone(),
        software: version(model).to_owned(),
    })
}

/// The defined terms of Modality (DICOM PS3.3 C.7.3.1.1.1) that the model's kinds have.
fn modality_code(code: &str) -> &'static str {
    const CODES: [&str; 8] = ["CT", "DX", "ECG", "MG", "MR", "NM", "US", "XA"];
    CODES.into_iter().find(|known| *known == code).unwrap_or("")
}

/// What is not said. A new profile has to be named here or mapped above: the compiler insists.
fn wordless(profile: &Profile<String>) -> Unsaid {
    match profile {
        Profile::WsDiscovery { .. } => Unsaid::NoWords("ws-discovery of others than SDC providers"),
        Profile::Ssh { .. } => Unsaid::NoWords("ssh"),
        Profile::Rdp { .. } => Unsaid::NoWords("rdp"),
        Profile::Banner { .. } => Unsaid::NoWords("banner"),
        Profile::Bacnet { .. } => Unsaid::NoWords("bacnet"),
        Profile::Modbus { .. } => Unsaid::NoWords("modbus"),
        Profile::Fox { .. } => Unsaid::NoWords("fox"),
        Profile::Rtsp { .. } => Unsaid::NoWords("rtsp"),
        Profile::Sip { .. } => Unsaid::NoWords("sip"),
        Profile::Ipp { .. } => Unsaid::NoWords("ipp"),
        Profile::Mqtt { .. } => Unsaid::NoWords("mqtt"),
        // NTP follows from the conversations; a pump's own protocol is in the clear or in TLS, as its maker does it; the others are
        // mapped where they are, or are not this maker's.
        Profile::Ntp
        | Profile::Syslog { .. }
        | Profile::Proprietary { .. }
        | Profile::IntelliVue { .. }
        | Profile::Dhcp { .. }
        | Profile::Lldp { .. }
        | Profile::Cdp { .. }
        | Profile::Mdns { .. }
        | Profile::Ssdp { .. }
        | Profile::Nbns { .. }
        | Profile::Smb { .. }
        | Profile::Snmp { .. }
        | Profile::HttpServer { .. }
        | Profile::HttpClient { .. }
        | Profile::TlsServer { .. }
        | Profile::TlsClient { .. }
        | Profile::Dicom { .. }
        | Profile::Hl7 { .. }
        | Profile::Sdc { .. }
        | Profile::Poct1a { .. }
        | Profile::Astm { .. } => Unsaid::SaidElsewhere,
    }
}

/// `None` where the service's id is not `tcp/N` or `udp/N`, which no kind has.
fn conversation(talk: &Talk) -> Option<Conversation> {
    let (transport, port) = talk.service.split_once('/')?;
    Some(Conversation {
        client: talk.client,
        server: talk.server,
        udp: transport == "udp",
        port: port.parse().ok()?,
        octets: talk.octets,
    })
}
