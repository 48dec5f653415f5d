//! Information technology around the clinic: mDNS, SSDP, NBNS, SMB, SNMP, syslog, HTTP, TLS.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::calendar::{Civil, DAY, SECOND};
use crate::canary::Form;
use crate::protocol::http::{self, Request, Response};
use crate::protocol::tls::{self, Authority, Certificate, Handshake, Key, Subject, Version};
use crate::protocol::{mdns, nbns, smb, snmp, ssdp, syslog};
use crate::stack;
use crate::tap::Link;
use crate::tcp::{Close, Session, Side};

use super::Scene;
use super::estate::{self, START, clinical, virtual_switch};

pub(super) fn play(scene: &mut Scene<'_>) -> Result<(), tls::Error> {
    discovery(scene);
    windows(scene);
    management(scene);
    web(scene);
    secured(scene)
}

fn discovery(scene: &mut Scene<'_>) {
    let printer = estate::printer();
    let service = mdns::Service {
        kind: "_ipp._tcp.local",
        instance: "HP LaserJet M609 [900002]",
        host: "NPI900002.local",
        port: 631,
        txt: &[
            "txtvers=1",
            "ty=HP LaserJet M609",
            "usb_MFG=HP",
            "usb_MDL=HP LaserJet M609",
            "UUID=1c852a4d-b800-1f08-abcd-00215a900002",
        ],
    };
    let mut tap = scene.tap("printer", Link::default(), 60);
    mdns::browse(&mut tap, &estate::tablet(), "_ipp._tcp.local");
    service.announce(&mut tap, &printer);
    service.announce(&mut tap, &printer.at(printer.mac.link_local()));
    let device = ssdp::Device {
        server: "Linux/4.14 UPnP/1.0 AXIS-P3245-LV/10.12.114",
        location: "http://10.20.9.62:49152/rootdesc1.xml",
        uuid: "8e3f5c1a-0000-4000-8000-accc8e900004",
        target: "upnp:rootdevice",
    };
    let mut tap = scene.tap("camera", Link::default(), 61);
    device.announce(&mut tap, &estate::camera());
}

fn windows(scene: &mut Scene<'_>) {
    let (workstation, files) = (estate::workstation(), estate::files());
    let broadcast = Ipv4Addr::new(10, 20, 9, 255);
    let name = |text, suffix| nbns::Name {
        text,
        suffix,
        group: false,
    };
    let (user, conditions) = (scene.estate.user.clone(), scene.conditions);
    let mut tap = scene.tap("windows", Link::default(), 70);
    nbns::register(&mut tap, &workstation, broadcast, &name("WARD3-WS07", 0));
    nbns::query(
        &mut tap,
        &workstation,
        broadcast,
        &name("FILES01", 0x20),
        &files,
    );
    let client = smb::Client {
        build: smb::Build(10, 0, 19_045),
        workstation: "WARD3-WS07",
        domain: "HOSPITAL",
    };
    let share = smb::Share {
        guid: [
            0x2c, 0xd0, 0x3d, 0x3f, 0xb2, 0x00, 0xe1, 0x4f, 0xbd, 0xd4, 0xc8, 0xb7, 0x0c, 0x27,
            0x56, 0x66,
        ],
        dialect: 0x0302,
        started: START - 41 * DAY,
        ntlm: smb::Server {
            build: smb::Build(10, 0, 17_763),
            computer: "FILES01",
            domain: "HOSPITAL",
            dns_computer: "files01.hospital.example",
            dns_domain: "hospital.example",
        },
    };
    smb::log_on(
        &mut tap,
        (&workstation, &client),
        (&files, &share),
        &user,
        conditions,
    );
    let old = smb::Share {
        guid: [0x11; 16],
        dialect: 0x0210,
        started: 0,
        ntlm: smb::Server {
            build: smb::Build(6, 1, 7_601),
            computer: "US-STATION",
            domain: "US-STATION",
            dns_computer: "US-STATION",
            dns_domain: "US-STATION",
        },
    };
    smb::log_on(
        &mut tap,
        (&workstation, &client),
        (&estate::ultrasound(), &old),
        &user,
        conditions,
    );
}

fn management(scene: &mut Scene<'_>) {
    let community = scene.estate.community.clone();
    let patient = scene.estate.patients[0].clone();
    let monitoring = estate::monitoring();
    let agents = [
        (
            estate::printer(),
            snmp::Agent {
                description: "HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD153,EEPROM JDI24180012,CIDATE 05/11/2023",
                object: &[11, 2, 3, 9, 1],
                name: "NPI900002",
                location: "Ward 3",
                model: "HP LaserJet M609",
                firmware: "2411182_057123",
                serial: "CNBVK12345",
            },
        ),
        (
            estate::analyzer(),
            snmp::Agent {
                description: "Digi One SP, Version 82000774_W1 05/11/2016",
                object: &[332, 11, 6],
                name: "lab-ser-01",
                location: "Laboratory",
                model: "",
                firmware: "",
                serial: "",
            },
        ),
    ];
    let mut tap = scene.tap("management", virtual_switch(), 80);
    for (endpoint, agent) in agents {
        agent.read(&mut tap, &monitoring, &endpoint, &community);
    }
    let mut tap = scene.tap("syslog", clinical(), 82);
    let entry = |host, tag, text| syslog::Entry {
        priority: 134,
        host,
        tag,
        text,
    };
    entry(
        "sw-ward3",
        "%LINK-3-UPDOWN",
        "Interface GigabitEthernet1/0/24, changed state to up",
    )
    .send(&mut tap, &estate::router(), &monitoring, None);
    tap.wait_about(SECOND);
    entry("gateway01", "deviced", "observation stored").send(
        &mut tap,
        &estate::gateway(),
        &monitoring,
        Some(&patient),
    );
}

fn web(scene: &mut Scene<'_>) {
    let (workstation, camera) = (estate::workstation(), estate::camera());
    let (patient, conditions) = (scene.estate.patients[1].clone(), scene.conditions);
    let date = Civil::new(START).http();
    let page = format!("<html>{} {}</html>", patient.family, patient.finding);
    let target = format!("/chart?mrn={}", patient.record_number);
    let mut tap = scene.tap("web", Link::default(), 90);
    let port = tap.ephemeral_port(&workstation);
    let mut session = Session::open(
        &mut tap,
        (&workstation, port),
        (&estate::ris(), 80),
        conditions,
    );
    let request = Request {
        method: "GET",
        target: &target,
        host: "ris.hospital.example",
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
        headers: &[],
        body: &[],
    };
    let response = Response {
        status: "200 OK",
        server: "Microsoft-IIS/10.0",
        date: &date,
        headers: &[("Content-Type", "text/html"), ("X-Powered-By", "ASP.NET")],
        body: page.as_bytes(),
    };
    http::exchange(&mut session, &request, &response);
    session
        .tap
        .puts("http target", Form::Plain, &[&patient.record_number]);
    session.tap.puts(
        "http content",
        Form::Plain,
        &[&patient.family, &patient.finding],
    );
    session.close(Close::Fin(Side::Client));
    let port = tap.ephemeral_port(&workstation);
    let mut session = Session::open(&mut tap, (&workstation, port), (&camera, 80), conditions);
    let refused = Response {
        status: "401 Unauthorized",
        server: "",
        date: &date,
        headers: &[(
            "WWW-Authenticate",
            "Digest realm=\"AXIS_ACCC8E900004\", nonce=\"00000000\"",
        )],
        body: &[],
    };
    let request = Request {
        target: "/axis-cgi/param.cgi",
        host: "10.20.9.62",
        ..request
    };
    http::exchange(&mut session, &request, &refused);
    session.close(Close::Reset(Side::Client));
}

fn secured(scene: &mut Scene<'_>) -> Result<(), tls::Error> {
    let subject = |common_name, organization, unit, dns_names, serial| Subject {
        common_name,
        organization,
        unit,
        dns_names,
        serial,
        year: 2024,
    };
    let shared = subject("Pump Server Default", "ICU Medical", "Infusion", &[], 1);
    let shared = Certificate::self_signed(&shared, Key::Shared)?;
    let authority = subject("Hospital Device CA", "Hospital", "PKI", &[], 2);
    let authority = Authority::new(&authority, Key::Own([1; 32]))?;
    let own = subject(
        "mr-service",
        "GE HealthCare",
        "Service",
        &["mr-service.hospital.example"],
        3,
    );
    let own = authority.sign(&own, Key::Own([2; 32]))?;
    let sessions = [
        (
            estate::pump_a(),
            estate::pump_server(),
            443,
            Version::V12,
            "pumps.hospital.example",
            &shared,
            None,
        ),
        (
            estate::mr(),
            estate::outside([203, 0, 113, 20], &stack::LINUX),
            443,
            Version::V12,
            "mr-service.hospital.example",
            &own,
            Some(&own),
        ),
        (
            estate::workstation(),
            estate::outside([203, 0, 113, 80], &stack::LINUX),
            443,
            Version::V13,
            "portal.example.org",
            &own,
            None,
        ),
    ];
    let (conditions, seed) = (scene.conditions, scene.seed);
    for (index, (client, server, port, version, name, certificate, mutual)) in
        sessions.into_iter().enumerate()
    {
        let handshake = Handshake {
            version,
            server_name: name,
            alpn: &["h2", "http/1.1"],
            server: certificate,
            client: mutual,
        };
        let messages: [(Side, &[u8]); 2] =
            [(Side::Client, &[b'q'; 700]), (Side::Server, &[b'a'; 9_000])];
        let transcript = handshake.run(seed ^ index as u64, START, &messages)?;
        let mut tap = scene.tap(name, Link::default(), 100 + index as u64);
        transcript.play(&mut tap, &client, (&server, port), conditions);
    }
    six(scene);
    Ok(())
}

/// One session over IPv6.
fn six(scene: &mut Scene<'_>) {
    let at = |endpoint: crate::address::Endpoint, last| {
        endpoint.at(Ipv6Addr::new(0x2001, 0xdb8, 0x20, 9, 0, 0, 0, last))
    };
    let (workstation, printer) = (at(estate::workstation(), 0x51), at(estate::printer(), 0x60));
    let conditions = scene.conditions;
    let body = vec![b'x'; 20_000];
    let mut tap = scene.tap("six", Link::default(), 110);
    let port = tap.ephemeral_port(&workstation);
    let mut session = Session::open(&mut tap, (&workstation, port), (&printer, 80), conditions);
    let request = Request {
        method: "GET",
        target: "/",
        host: "[2001:db8:20:9::60]",
        user_agent: "",
        headers: &[],
        body: &[],
    };
    let response = Response {
        status: "200 OK",
        server: "HP HTTP Server; HP LaserJet M609 - K0Q21A; Serial Number: CNBVK12345;",
        date: "",
        headers: &[("Content-Type", "text/plain")],
        body: &body,
    };
    http::exchange(&mut session, &request, &response);
    session.close(Close::Fin(Side::Server));
}
