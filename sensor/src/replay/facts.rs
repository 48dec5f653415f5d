//! `replay --facts`: one JSON object a line. The format is documented in FACTS.md and held by a golden test.

use std::io::{self, Write};

use auscult_dissect::OriginTag;
use auscult_proto::observation::{Endpoint, FactFlags, Subject};
use serde::Serialize;

use super::ledger::{BindingKey, ConversationEntry, FactEntry, Ledger, Seen};
use crate::words;

/// Writes everything in the ledger in the order of first frames.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut impl Write, file: &str, ledger: &Ledger) -> io::Result<()> {
    let mut lines: Vec<(u64, Line<'_>)> = Vec::new();
    for (key, lease_s, seen) in ledger.bindings() {
        lines.push((seen.frame, Line::Binding(binding(file, key, lease_s, seen))));
    }
    for entry in ledger.facts() {
        lines.push((entry.seen.frame, Line::Fact(fact(file, entry))));
    }
    for entry in ledger.conversations() {
        lines.push((
            entry.seen.frame,
            Line::Conversation(conversation(file, entry)),
        ));
    }
    // Stable: within a frame bindings, facts, conversations, each in their own order.
    lines.sort_by_key(|(frame, _)| *frame);
    for (_, line) in &lines {
        serde_json::to_writer(&mut *out, line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Fact(FactLine<'a>),
    Binding(BindingLine<'a>),
    Conversation(ConversationLine<'a>),
}

#[derive(Serialize)]
struct Place {
    vlans: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vni: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erspan_session: Option<u16>,
}

#[derive(Serialize)]
struct Times {
    count: u64,
    first_seen: String,
    last_seen: String,
}

#[derive(Serialize)]
struct Addresses {
    mac: Option<String>,
    ip: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum About<'a> {
    Endpoint(Addresses),
    Key { key: &'a str },
}

#[derive(Serialize)]
struct FactLine<'a> {
    file: &'a str,
    frame: u64,
    #[serde(flatten)]
    sender: Addresses,
    #[serde(flatten)]
    place: Place,
    attribute: String,
    value: &'a str,
    field: String,
    class: String,
    flags: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<About<'a>>,
    #[serde(flatten)]
    times: Times,
}

#[derive(Serialize)]
struct BindingLine<'a> {
    file: &'a str,
    frame: u64,
    mac: String,
    ip: String,
    #[serde(flatten)]
    place: Place,
    source: String,
    lease_s: u32,
    released: bool,
    #[serde(flatten)]
    times: Times,
}

#[derive(Serialize)]
struct ConversationLine<'a> {
    file: &'a str,
    frame: u64,
    client: Addresses,
    server: Addresses,
    #[serde(flatten)]
    place: Place,
    ip_protocol: u8,
    port: u16,
    service: Option<String>,
    evidence: String,
    bytes_to_server: u64,
    bytes_to_client: u64,
    packets_to_server: u64,
    packets_to_client: u64,
    one_way: bool,
    #[serde(flatten)]
    times: Times,
}

fn fact<'a>(file: &'a str, entry: &'a FactEntry) -> FactLine<'a> {
    FactLine {
        file,
        frame: entry.seen.frame,
        sender: addresses(&entry.sender),
        place: place(&entry.origin),
        attribute: words::attribute(entry.statement.attribute),
        value: &entry.statement.value,
        field: words::field(entry.statement.field),
        class: words::class(entry.class),
        flags: flags(entry.flags),
        subject: match &entry.statement.subject {
            Subject::Sender => None,
            Subject::Endpoint(endpoint) => Some(About::Endpoint(addresses(endpoint))),
            Subject::Key(key) => Some(About::Key { key }),
        },
        times: times(&entry.seen),
    }
}

fn binding<'a>(file: &'a str, key: &BindingKey, lease_s: u32, seen: &Seen) -> BindingLine<'a> {
    BindingLine {
        file,
        frame: seen.frame,
        mac: key.mac.to_string(),
        ip: key.ip.to_string(),
        place: place(&key.origin),
        source: words::binding_source(key.source),
        lease_s,
        released: key.released,
        times: times(seen),
    }
}

fn conversation<'a>(file: &'a str, entry: &ConversationEntry) -> ConversationLine<'a> {
    ConversationLine {
        file,
        frame: entry.seen.frame,
        client: addresses(&entry.key.client),
        server: addresses(&entry.key.server),
        place: place(&entry.key.origin),
        ip_protocol: entry.key.ip_protocol,
        port: entry.key.port,
        service: words::service(entry.service),
        evidence: words::evidence(entry.evidence),
        bytes_to_server: entry.bytes_to_server,
        bytes_to_client: entry.bytes_to_client,
        packets_to_server: entry.packets_to_server,
        packets_to_client: entry.packets_to_client,
        one_way: entry.one_way(),
        times: times(&entry.seen),
    }
}

fn addresses(endpoint: &Endpoint) -> Addresses {
    Addresses {
        mac: endpoint.mac.map(|mac| mac.to_string()),
        ip: endpoint.ip.map(|ip| ip.to_string()),
    }
}

fn place(origin: &OriginTag) -> Place {
    Place {
        vlans: origin.vlans().to_vec(),
        vni: origin.vni,
        erspan_session: origin.erspan_session,
    }
}

fn times(seen: &Seen) -> Times {
    Times {
        count: seen.count,
        first_seen: words::utc(seen.first),
        last_seen: words::utc(seen.last),
    }
}

fn flags(flags: FactFlags) -> Vec<&'static str> {
    let known = [
        (FactFlags::MALFORMED, "malformed"),
        (FactFlags::TRUNCATED, "truncated"),
        (FactFlags::HEARSAY, "hearsay"),
        (FactFlags::DEFAULT_VALUE, "default_value"),
        (FactFlags::MIDSTREAM, "midstream"),
        (FactFlags::SANITISED, "sanitised"),
    ];
    let set = known.iter().filter(|(flag, _)| flags.has(*flag));
    set.map(|(_, word)| *word).collect()
}
