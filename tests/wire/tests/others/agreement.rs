//! Where tshark and the truth agree: no fault in any packet, and the same facts in both directions. Used by every crate that makes packets.

use std::collections::{BTreeMap, BTreeSet};

use auscult_wire::truth::Truth;

use crate::tshark::{Row, text_of_hex};

/// Facts that tshark shows as text only or not at all; `third_reading.py` checks them with pydicom, hl7 and XML and ASTM readers.
const READ_ELSEWHERE: [&str; 9] = [
    "astm.",
    "dicom.tag.",
    "dpws.",
    "hl7.",
    "intellivue.",
    "poct1a.",
    "pump.",
    "syslog.tag",
    "wsd.",
];

/// Warnings that say what really happened.
const TRUE_WARNINGS: [&str; 2] = ["Connection reset (RST)", "Association rejected"];

/// Remarks about TCP that losses and copies earn.
const TCP_REMARKS: [&str; 11] = [
    "This frame is a (suspected) retransmission",
    "This frame is a (suspected) fast retransmission",
    "This frame is a (suspected) out-of-order segment",
    "Previous segment(s) not captured (common at capture start)",
    "Duplicate ACK",
    "This frame initiates the connection closing",
    "This frame undergoes the connection closing",
    "D-SACK Sequence",
    // A repeated segment of a single octet (the ENQ and ACK of ASTM) looks like one.
    "TCP keep-alive segment",
    "ACK to a TCP keep-alive segment",
    // A small stack's window is filled while a lost segment is on its way again.
    "TCP window specified by the receiver is now completely full",
];

/// Remarks that only frames which come twice earn.
const COPY_REMARKS: [&str; 2] = ["DNS query retransmission", "DNS response retransmission"];

type Fact = (String, String, String, String);

/// What tshark objects to.
pub(crate) fn faults(rows: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    for row in rows {
        let frame = row.first("frame.number");
        if !row.all("_ws.malformed").is_empty() {
            faults.push(format!("frame {frame} is malformed"));
        }
        let messages = row.all("_ws.expert.message");
        for (severity, message) in row.all("_ws.expert.severity").iter().zip(messages) {
            let level: u64 = severity.parse().unwrap_or(u64::MAX);
            let listed = |list: &[&str]| list.iter().any(|known| message.starts_with(known));
            let fine = match level {
                0..=0x20_0000 => true,
                0x60_0000 => listed(&TRUE_WARNINGS) || listed(&TCP_REMARKS),
                0x40_0000 => listed(&TCP_REMARKS),
                _ => false,
            };
            if !fine {
                faults.push(format!("frame {frame}: {message}"));
            }
        }
    }
    faults
}

/// Whether a fault is none where every frame comes twice.
pub(crate) fn is_of_copies(fault: &str) -> bool {
    COPY_REMARKS
        .iter()
        .any(|remark| fault.contains(&format!(": {remark}")))
}

/// Holds what tshark read against the truth, in both directions.
pub(crate) fn compare(name: &str, truth: &Truth, rows: &[Row]) {
    let elsewhere = |attribute: &str| {
        READ_ELSEWHERE
            .iter()
            .any(|prefix| attribute.starts_with(prefix))
    };
    let truth: BTreeSet<Fact> = truth
        .iter()
        .filter(|(fact, _)| !elsewhere(fact.attribute))
        .map(|(fact, _)| {
            let ip = fact.ip.map_or_else(String::new, |ip| ip.to_string());
            let attribute = fact.attribute.to_owned();
            (attribute, fact.value.clone(), fact.mac.to_string(), ip)
        })
        .collect();
    let seen: BTreeSet<Fact> = rows.iter().flat_map(facts).collect();
    let missed: Vec<_> = truth.difference(&seen).collect();
    let invented: Vec<_> = seen.difference(&truth).collect();
    assert!(
        missed.is_empty() && invented.is_empty(),
        "{name}\ntrue, but not read: {missed:#?}\nread, but not true: {invented:#?}"
    );
    assert!(truth.len() > 300, "{name}: {} facts", truth.len());
}

/// Attributes whose value is one field, every occurrence a fact: attribute, layer, field.
const PLAIN: &[(&str, &str, &str)] = &[
    ("dhcp.hostname", "dhcp", "dhcp.option.hostname"),
    ("dhcp.vendor_class", "dhcp", "dhcp.option.vendor_class_id"),
    ("dhcp.fqdn", "dhcp", "dhcp.fqdn.name"),
    ("dhcp.msgtype", "dhcp", "dhcp.option.dhcp"),
    ("dhcp.chaddr", "dhcp", "dhcp.hw.mac_addr"),
    ("dhcp.yiaddr", "dhcp", "dhcp.ip.your"),
    ("dhcp.server_id", "dhcp", "dhcp.option.dhcp_server_id"),
    (
        "dhcp.requested_ip",
        "dhcp",
        "dhcp.option.requested_ip_address",
    ),
    ("dhcp.domain", "dhcp", "dhcp.option.domain_name"),
    ("ndp.source_lladdr", "icmpv6", "icmpv6.opt.src_linkaddr"),
    ("ndp.target_lladdr", "icmpv6", "icmpv6.opt.target_linkaddr"),
    ("lldp.chassis_mac", "lldp", "lldp.chassis.id.mac"),
    ("lldp.port_id", "lldp", "lldp.port.id"),
    ("lldp.port_desc", "lldp", "lldp.port.desc"),
    ("lldp.sysname", "lldp", "lldp.tlv.system.name"),
    ("lldp.sysdesc", "lldp", "lldp.tlv.system.desc"),
    ("lldp.caps", "lldp", "lldp.tlv.system_cap"),
    ("lldp.mgmt_ip", "lldp", "lldp.mgn.addr.ip4"),
    ("lldp.med_class", "lldp", "lldp.media.subtype.class"),
    ("lldp.med_hw", "lldp", "lldp.media.hardware"),
    ("lldp.med_fw", "lldp", "lldp.media.firmware"),
    ("lldp.med_sw", "lldp", "lldp.media.software"),
    ("lldp.med_sn", "lldp", "lldp.media.sn"),
    ("lldp.med_manufacturer", "lldp", "lldp.media.manufacturer"),
    ("lldp.med_model", "lldp", "lldp.media.model"),
    ("lldp.med_asset", "lldp", "lldp.media.asset"),
    ("cdp.deviceid", "cdp", "cdp.deviceid"),
    ("cdp.address", "cdp", "cdp.nrgyz.ip_address"),
    ("cdp.portid", "cdp", "cdp.portid"),
    ("cdp.version", "cdp", "cdp.software_version"),
    ("cdp.platform", "cdp", "cdp.platform"),
    ("cdp.native_vlan", "cdp", "cdp.native_vlan"),
    ("dns.qname", "dns", "dns.qry.name"),
    ("dns.resp_name", "dns", "dns.resp.name"),
    ("dns.a", "dns", "dns.a"),
    ("dns.aaaa", "dns", "dns.aaaa"),
    ("mdns.qname", "mdns", "dns.qry.name"),
    ("mdns.resp_name", "mdns", "dns.resp.name"),
    ("mdns.ptr", "mdns", "dns.ptr.domain_name"),
    ("mdns.srv_target", "mdns", "dns.srv.target"),
    ("mdns.txt", "mdns", "dns.txt"),
    ("mdns.a", "mdns", "dns.a"),
    ("mdns.aaaa", "mdns", "dns.aaaa"),
    ("nbns.addr", "nbns", "nbns.addr"),
    ("ntp.mode", "ntp", "ntp.flags.mode"),
    ("syslog.host", "syslog", "syslog.hostname"),
    ("http.host", "http", "http.host"),
    ("http.uri", "http", "http.request.uri"),
    ("http.user_agent", "http", "http.user_agent"),
    ("http.server", "http", "http.server"),
    ("http.www_authenticate", "http", "http.www_authenticate"),
    ("smb2.server_guid", "smb2", "smb2.server_guid"),
    ("ntlm.target", "ntlmssp", "ntlmssp.challenge.target_name"),
    ("ntlm.auth_host", "ntlmssp", "ntlmssp.auth.hostname"),
    ("ntlm.auth_domain", "ntlmssp", "ntlmssp.auth.domain"),
    ("tls.sni", "tls", "tls.handshake.extensions_server_name"),
    ("x509.utf8", "tls", "x509sat.uTF8String"),
    ("x509.dns", "tls", "x509ce.dNSName"),
    ("dicom.calling", "dicom", "dicom.assoc.ae.calling"),
    ("dicom.called", "dicom", "dicom.assoc.ae.called"),
    ("dicom.impl_uid", "dicom", "dicom.userinfo.uid"),
    ("dicom.impl_ver", "dicom", "dicom.userinfo.version"),
    ("dicom.sop", "dicom", "dicom.pctx.abss.syntax"),
];

fn facts(row: &Row) -> Vec<Fact> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (attribute, layer, field) in PLAIN {
        if row.has_layer(layer) {
            let values = row.all(field).iter();
            found.extend(values.map(|value| ((*attribute).to_owned(), value.trim().to_owned())));
        }
    }
    let mut one = |attribute: &str, value: String| found.push((attribute.to_owned(), value));
    joined(row, &mut one);
    ntlm(row, &mut one);
    snmp(row, &mut one);
    syn(row, &mut one);
    let (mac, ip) = row.source();
    found
        .into_iter()
        .map(|(attribute, value)| (attribute, value, mac.clone(), ip.clone()))
        .collect()
}

fn joined(row: &Row, one: &mut dyn FnMut(&str, String)) {
    let sender = row.first("arp.src.proto_ipv4");
    if !sender.is_empty() && sender != "0.0.0.0" {
        one(
            "arp.sender",
            format!("{} {sender}", row.first("arp.src.hw_mac")),
        );
    }
    if row.has_layer("dhcp") {
        let list = row.all("dhcp.option.request_list_item");
        if !list.is_empty() {
            one("dhcp.opt55", list.join(","));
        }
        let order = row.all("dhcp.option.type").join(",");
        one(
            "dhcp.options_order",
            format!("type{}:{order}", row.first("dhcp.option.dhcp")),
        );
    }
    let prefix = row.first("icmpv6.opt.prefix");
    if !prefix.is_empty() {
        one(
            "ndp.prefix",
            format!("{prefix}/{}", row.first("icmpv6.opt.prefix.length")),
        );
    }
    for name in row.all("nbns.name") {
        let name = name.split(" (").next().unwrap_or(name);
        one("nbns.name", name.to_owned());
    }
    if row.first("ntp.flags.mode") == "4" {
        one("ntp.stratum", row.first("ntp.stratum").to_owned());
    }
    if row.first("smb2.flags.response") == "1" && row.first("smb2.cmd") == "0" {
        one("smb2.dialect", row.first("smb2.dialect").to_owned());
    }
    if row.all("tls.handshake.type").iter().any(|kind| kind == "1") {
        for protocol in row.all("tls.handshake.extensions_alpn_str") {
            one("tls.alpn", protocol.clone());
        }
    }
    if row.has_layer("ssdp") {
        for (name, field) in [
            ("HOST: ", "http.host"),
            ("CACHE-CONTROL: ", "http.cache_control"),
            ("LOCATION: ", "http.location"),
            ("SERVER: ", "http.server"),
            ("", "http.unknown_header"),
        ] {
            for value in row.all(field) {
                let value = value.trim_end_matches("\\r\\n");
                one("ssdp.header", format!("{name}{value}"));
            }
        }
    }
}

fn ntlm(row: &Row, one: &mut dyn FnMut(&str, String)) {
    let kind = row.first("ntlmssp.messagetype");
    if kind.is_empty() {
        return;
    }
    let version = ["major", "minor", "build_number"]
        .map(|part| row.first(&format!("ntlmssp.version.{part}")).to_owned())
        .join(".");
    one(&format!("ntlm.version(msg={kind})"), version);
    if kind == "0x00000002" {
        for (attribute, field) in [
            ("ntlm.nb_computer", "nb_computer_name"),
            ("ntlm.nb_domain", "nb_domain_name"),
            ("ntlm.dns_computer", "dns_computer_name"),
            ("ntlm.dns_domain", "dns_domain_name"),
        ] {
            let field = format!("ntlmssp.challenge.target_info.{field}");
            one(attribute, row.first(&field).to_owned());
        }
    }
}

fn snmp(row: &Row, one: &mut dyn FnMut(&str, String)) {
    let names: BTreeMap<&str, &str> = [
        ("1.3.6.1.2.1.1.1.0", "snmp.sysDescr"),
        ("1.3.6.1.2.1.1.5.0", "snmp.sysName"),
        ("1.3.6.1.2.1.1.6.0", "snmp.sysLocation"),
        ("1.3.6.1.2.1.47.1.1.1.1.9.1", "snmp.entPhysicalFirmwareRev"),
        ("1.3.6.1.2.1.47.1.1.1.1.11.1", "snmp.entPhysicalSerialNum"),
        ("1.3.6.1.2.1.47.1.1.1.1.13.1", "snmp.entPhysicalModelName"),
    ]
    .into();
    for object in row.all("snmp.value.oid") {
        one("snmp.sysObjectID", object.clone());
    }
    let asked = row.all("snmp.name").iter();
    let texts = asked.filter_map(|name| names.get(name.as_str()));
    for (attribute, octets) in texts.zip(row.all("snmp.value.octets")) {
        if octets != "<MISSING>" {
            one(attribute, text_of_hex(octets));
        }
    }
}

fn syn(row: &Row, one: &mut dyn FnMut(&str, String)) {
    if row.first("tcp.flags.syn") != "1" {
        return;
    }
    let attribute = if row.first("tcp.flags.ack") == "1" {
        "tcp.synack"
    } else {
        "tcp.syn"
    };
    let ttl = [row.last("ip.ttl"), row.last("ipv6.hlim")].concat();
    one(
        attribute,
        format!(
            "ttl={ttl} df={} win={} mss={} ws={} opts={}",
            row.last("ip.flags.df"),
            row.first("tcp.window_size_value"),
            row.first("tcp.options.mss_val"),
            row.first("tcp.options.wscale.shift"),
            row.first("tcp.options"),
        ),
    );
}
