//! Another program's reading: tshark finds no fault in any generated packet, and what it reads equals the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::tshark::{Row, read, text_of_hex, tshark};
use auscult_wire::demonstration;
use auscult_wire::pcap::{PcapWriter, Resolution};
use auscult_wire::site::Hour;
use auscult_wire::tcp::Conditions;
use auscult_wire::truth::Truth;

/// What tshark 4.0 has no dissector for, by the port the demonstration uses; `third_reading.py` reads these.
const UNKNOWN_TO_TSHARK: [(&str, &str); 6] = [
    ("3001", "POCT1-A"),
    ("3702", "WS-Discovery over UDP"),
    ("5000", "ASTM"),
    ("8100", "a pump's own protocol"),
    ("24005", "IntelliVue connect indication"),
    ("24105", "IntelliVue Data Export"),
];

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
const TCP_REMARKS: [&str; 10] = [
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
];

type Fact = (String, String, String, String);

/// A capture and what is true of it.
struct Case {
    name: &'static str,
    capture: Vec<u8>,
    truth: Truth,
}

fn cases() -> Vec<Case> {
    let demonstrations = [
        ("clean", 1, Conditions::default()),
        ("rough", 2, Conditions::rough()),
        (
            "small segments",
            3,
            Conditions {
                segment: 97,
                ..Conditions::rough()
            },
        ),
    ];
    let mut cases: Vec<Case> = demonstrations
        .into_iter()
        .map(|(name, seed, conditions)| {
            let mut recording = demonstration::record(seed, conditions).expect("a demonstration");
            Case {
                name,
                capture: crate::bytes(&mut recording),
                truth: recording.truth().clone(),
            }
        })
        .collect();
    let hour = Hour {
        seed: 4,
        start: demonstration::START,
        conditions: Conditions::rough(),
        most: 300_000,
    };
    let mut writer = PcapWriter::new(Vec::new(), Resolution::Micros).expect("a header");
    let outcome = demonstration::site(60).play(hour, &mut writer);
    cases.push(Case {
        name: "a site's hour",
        capture: writer.finish().expect("a capture"),
        truth: outcome.expect("an hour").truth,
    });
    cases
}

fn rows(tshark: &Path, case: &Case) -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = folder.path().join("case.pcap");
    std::fs::write(&capture, &case.capture).expect("a written capture");
    read(tshark, &capture)
}

#[test]
fn tshark_finds_no_fault_and_reads_the_truth() {
    let Some(tshark) = tshark("tshark_finds_no_fault_and_reads_the_truth") else {
        return;
    };
    for case in cases() {
        let rows = rows(&tshark, &case);
        assert!(rows.len() > 800, "{}: {} frames", case.name, rows.len());
        let faults = faults(&rows);
        assert!(faults.is_empty(), "{}:\n{}", case.name, faults.join("\n"));
        compare(&case, &rows);
    }
}

fn faults(rows: &[Row]) -> Vec<String> {
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

fn compare(case: &Case, rows: &[Row]) {
    let elsewhere = |attribute: &str| {
        READ_ELSEWHERE
            .iter()
            .any(|prefix| attribute.starts_with(prefix))
    };
    let truth: BTreeSet<Fact> = case
        .truth
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
        "{}\ntrue, but not read: {missed:#?}\nread, but not true: {invented:#?}",
        case.name
    );
    assert!(truth.len() > 300, "{}: {} facts", case.name, truth.len());
}

#[test]
fn only_what_is_listed_stays_undecoded() {
    let Some(tshark) = tshark("only_what_is_listed_stays_undecoded") else {
        return;
    };
    let known: BTreeSet<&str> = UNKNOWN_TO_TSHARK.iter().map(|(port, _)| *port).collect();
    let mut found = BTreeSet::new();
    for case in cases().iter().take(1) {
        for row in rows(&tshark, case)
            .iter()
            .filter(|row| row.has_layer("data"))
        {
            let ports: Vec<&String> = ["tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport"]
                .iter()
                .flat_map(|field| row.all(field))
                .collect();
            let port = ports.iter().find(|port| known.contains(port.as_str()));
            let frame = row.first("frame.number");
            let port = port.unwrap_or_else(|| panic!("frame {frame} is not decoded: {ports:?}"));
            found.insert(port.to_string());
        }
    }
    let expected: BTreeSet<String> = known.into_iter().map(str::to_owned).collect();
    assert_eq!(found, expected, "the list of unknown protocols is exact");
}

/// The checks above can fail: one octet of one frame is enough.
#[test]
fn a_wrong_octet_is_noticed() {
    let Some(tshark) = tshark("a_wrong_octet_is_noticed") else {
        return;
    };
    let mut case = cases().swap_remove(0);
    let needle = b"PLUM360-16004711";
    let at = case
        .capture
        .windows(needle.len())
        .position(|window| window == needle)
        .expect("the host name of a pump");
    case.capture[at] = b'X';
    assert!(
        !faults(&rows(&tshark, &case)).is_empty(),
        "the checksum is wrong now"
    );
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
