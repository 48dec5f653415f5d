//! DNS, NTP, SNMP, HTTP, TLS, SMB.

use std::collections::btree_map::Entry;

use crate::calendar::{Civil, DAY};
use crate::canary::Form;
use crate::protocol::http::{self, Request, Response};
use crate::protocol::tls::{self, Certificate, Handshake, Key, Subject, Version};
use crate::protocol::{dns, ntp, smb, snmp};
use crate::random::Random;
use crate::tcp::{Close, Session, Side};

use super::super::Speaks;
use super::super::hour::Stage;
use super::Talk;

/// A lookup of one of the servers that this client talks to.
pub(super) fn look_up(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let site = stage.site;
    let peers = &stage.peers[talk.conversation.client];
    let drawn = peers.get(talk.at as usize % peers.len().max(1));
    let peer = drawn.copied().unwrap_or(talk.conversation.server);
    let peer = &site.devices[peer];
    let name = format!("{}.{}", peer.name.to_lowercase(), site.domain);
    let mut tap = stage.tap(talk.segment, talk.at);
    dns::lookup(
        &mut tap,
        &talk.client,
        &talk.server,
        &name,
        peer.ipv4.into(),
    );
    Some("dns")
}

pub(super) fn clock(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let source = ntp::Server {
        stratum: 2,
        reference: [192, 53, 103, 108],
    };
    let mut tap = stage.tap(talk.segment, talk.at);
    ntp::poll(&mut tap, &talk.client, &talk.server, source);
    Some("ntp")
}

pub(super) fn management(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let (description, enterprise, name) =
        stage
            .site
            .speaks(talk.conversation.server, |speaks| match speaks {
                Speaks::Snmp {
                    description,
                    enterprise,
                    name,
                } => Some((description, *enterprise, name)),
                _ => None,
            })?;
    let agent = snmp::Agent {
        description,
        object: &[enterprise, 1],
        name,
        location: "",
        model: "",
        firmware: "",
        serial: "",
    };
    let community = stage.community.clone();
    let mut tap = stage.tap(talk.segment, talk.at);
    agent.read(&mut tap, &talk.client, &talk.server, &community);
    Some("snmp")
}

pub(super) fn files(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let site = stage.site;
    let speaks = |device| {
        site.speaks(device, |speaks| match speaks {
            Speaks::Smb { build, computer } => Some((*build, computer.as_str())),
            _ => None,
        })
    };
    let (build, computer) = speaks(talk.conversation.server)?;
    let client = speaks(talk.conversation.client);
    let (client_build, workstation) = client.unwrap_or(((10, 0, 19_045), "WORKSTATION"));
    let host = format!("{}.{}", computer.to_lowercase(), site.domain);
    let share = smb::Share {
        guid: Random::new(site.devices[talk.conversation.server].seed)
            .fork("guid")
            .bytes(),
        dialect: if build.0 >= 10 { 0x0302 } else { 0x0210 },
        started: stage.hour.start - 20 * DAY,
        ntlm: smb::Server {
            build: smb::Build(build.0, build.1, build.2),
            computer,
            domain: "HOSPITAL",
            dns_computer: &host,
            dns_domain: &site.domain,
        },
    };
    let who = smb::Client {
        build: smb::Build(client_build.0, client_build.1, client_build.2),
        workstation,
        domain: "HOSPITAL",
    };
    let (user, conditions) = (stage.user.clone(), stage.hour.conditions);
    let mut tap = stage.tap(talk.segment, talk.at);
    let ends = ((&talk.client, &who), (&talk.server, &share));
    smb::log_on(&mut tap, ends.0, ends.1, &user, conditions);
    Some("smb")
}

pub(super) fn web(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let site = stage.site;
    let server = site.speaks(talk.conversation.server, |speaks| match speaks {
        Speaks::HttpServer { server, realm } => Some((server.as_str(), realm.as_str())),
        _ => None,
    });
    let (server, realm) = server.unwrap_or_default();
    let agent = site.speaks(talk.conversation.client, |speaks| match speaks {
        Speaks::HttpClient { user_agent } => Some(user_agent.as_str()),
        _ => None,
    });
    let patient = stage.patient(talk.conversation.client);
    let date = Civil::new(talk.at).http();
    let realm = format!("Basic realm=\"{realm}\"");
    let mut fields = vec![("Content-Type", "text/html")];
    if realm.len() > 14 {
        fields.push(("WWW-Authenticate", realm.as_str()));
    }
    let mut body = vec![b' '; talk.octets as usize];
    let name = patient.family.as_str().as_bytes();
    body.splice(0..0, name.iter().copied());
    let target = format!("/record?mrn={}", patient.record_number);
    let host = talk.server.ip.to_string();
    let conditions = stage.hour.conditions;
    let mut tap = stage.tap(talk.segment, talk.at);
    let port = tap.ephemeral_port(&talk.client);
    let ends = ((&talk.client, port), (&talk.server, talk.conversation.port));
    let mut session = Session::open(&mut tap, ends.0, ends.1, conditions);
    let request = Request {
        method: "GET",
        target: &target,
        host: &host,
        user_agent: agent.unwrap_or_default(),
        headers: &[],
        body: &[],
    };
    let response = Response {
        status: "200 OK",
        server,
        date: &date,
        headers: &fields,
        body: &body,
    };
    http::exchange(&mut session, &request, &response);
    session
        .tap
        .puts("http target", Form::Plain, &[&patient.record_number]);
    session
        .tap
        .puts("http content", Form::Plain, &[&patient.family]);
    session.close(Close::Fin(Side::Client));
    Some("http")
}

/// What a server shows in TLS, made once an hour.
pub(super) fn certificate<'s>(
    stage: &'s mut Stage<'_>,
    number: usize,
) -> Result<&'s Certificate, tls::Error> {
    let device = &stage.site.devices[number];
    let shown = stage.site.speaks(number, |speaks| match speaks {
        Speaks::TlsServer {
            organization,
            common_name,
            ..
        } => Some((organization.as_str(), common_name.as_str())),
        _ => None,
    });
    let (organization, common_name) = shown.unwrap_or(("", &device.name));
    match stage.certificates.entry(number) {
        Entry::Occupied(place) => Ok(place.into_mut()),
        Entry::Vacant(place) => {
            let subject = Subject {
                common_name,
                organization,
                unit: "",
                dns_names: &[],
                serial: (device.seed >> 1) + 1,
                year: 2024,
            };
            let key = Random::new(device.seed).fork("key").bytes();
            Ok(place.insert(Certificate::self_signed(&subject, Key::Own(key))?))
        }
    }
}

/// Whether a server speaks TLS 1.3.
pub(super) fn newest(stage: &Stage<'_>, number: usize) -> bool {
    let tls13 = stage.site.speaks(number, |speaks| match speaks {
        Speaks::TlsServer { tls13, .. } => Some(*tls13),
        _ => None,
    });
    tls13.unwrap_or(true)
}

pub(super) fn secured(
    stage: &mut Stage<'_>,
    talk: &Talk,
) -> Result<Option<&'static str>, tls::Error> {
    let site = stage.site;
    let number = talk.conversation.server;
    let device = &site.devices[number];
    let tls13 = newest(stage, number);
    let client = site.speaks(talk.conversation.client, |speaks| match speaks {
        Speaks::TlsClient { tls13, server_name } => Some((*tls13, server_name.as_str())),
        _ => None,
    });
    let full = format!("{}.{}", device.name.to_lowercase(), site.domain);
    let (client13, name) = client.unwrap_or((true, ""));
    let name = if name.is_empty() { full.as_str() } else { name };
    let handshake_seed = stage.chance().next_u64();
    let handshake = Handshake {
        version: if tls13 && client13 {
            Version::V13
        } else {
            Version::V12
        },
        server_name: name,
        alpn: &["http/1.1"],
        server: certificate(stage, number)?,
        client: None,
    };
    let body = vec![b'x'; talk.octets as usize];
    let messages: [(Side, &[u8]); 2] = [
        (Side::Client, &body[..body.len().min(600)]),
        (Side::Server, &body),
    ];
    let transcript = handshake.run(handshake_seed, talk.at, &messages)?;
    let conditions = stage.hour.conditions;
    let mut tap = stage.tap(talk.segment, talk.at);
    let server = (&talk.server, talk.conversation.port);
    transcript.play(&mut tap, &talk.client, server, conditions);
    Ok(Some("tls"))
}
