//! `risk what-if`: changes by their names, as events of the site.

use std::collections::BTreeMap;
use std::path::Path;

use auscult_process::exit;
use auscult_risk::document::{
    ControlEntry, ControlKind, ConversationEntry, DeviceEntry, DeviceState, Vulnerability,
};
use auscult_risk::{Event, Faults};
use serde::Deserialize;

use super::{WhatIfArgs, print, print_json, show};
use crate::Failure;
use crate::cli::described::{Assessed, bad_data, read};
use crate::cli::output::note;
use crate::site::completion;

pub(super) fn run(assessed: &Assessed, args: &WhatIfArgs) -> Result<(), Failure> {
    let events = events(assessed, args)?;
    if events.is_empty() {
        return Err(Failure::new(
            exit::USAGE,
            "say what would change: --remove-device, --patch, --close, --microsegment, --cut-link or --add-device",
        ));
    }
    let answer = assessed.assessor.what_if(&events).map_err(|faults| {
        // Names were checked; what is left to be wrong is in the files of devices.
        let code = if args.add_device.is_empty() {
            exit::USAGE
        } else {
            exit::DATA
        };
        Failure::new(code, faults.to_string())
    })?;
    tell_ended(assessed, &args.close)?;
    let why = if answer.loss_after > answer.loss_before {
        shared(assessed, &events)
    } else {
        None
    };
    if args.json {
        if let Some(why) = &why {
            note(why);
        }
        return print_json(&answer);
    }
    print(&show::what_if(&answer, why, &assessed.names))
}

/// Why loss rises where ways in go: campaigns stay as many as they are.
fn shared(assessed: &Assessed, events: &[Event]) -> Option<String> {
    let devices = assessed.site.document().devices.iter();
    let ways_in = devices.filter(|device| {
        let gone = |event: &Event| matches!(event, Event::DeviceGone(id) if *id == device.id);
        device.entry.is_some() && events.iter().any(gone)
    });
    let ways_in: Vec<&str> = ways_in
        .map(|device| assessed.names.shown(&device.id))
        .collect();
    if ways_in.is_empty() {
        return None;
    }
    Some(format!(
        "loss rises because campaigns began at {} too: the other ways in share them",
        ways_in.join(", ")
    ))
}

/// All changes, in the order: what comes, what goes, what is closed; or what is wrong with any of them.
fn events(assessed: &Assessed, args: &WhatIfArgs) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    let mut wrong = Vec::new();
    for path in &args.add_device {
        wrong.extend(added(assessed, path, &mut events).err());
    }
    let gone = |id: &String| {
        let device = device(assessed, "--remove-device", id)?;
        Ok(Event::DeviceGone(device.id.clone()))
    };
    let microsegmented = |id: &String| {
        let device = device(assessed, "--microsegment", id)?;
        Ok(Event::Control(ControlEntry {
            device: Some(device.id.clone()),
            ..ControlEntry::of(ControlKind::Microsegment)
        }))
    };
    let asked = args.remove_device.iter().map(gone);
    let asked = asked.chain(args.patch.iter().map(|what| patch(assessed, what)));
    let asked = asked.chain(args.close.iter().map(|what| close(assessed, what)));
    let asked = asked.chain(args.microsegment.iter().map(microsegmented));
    let asked = asked.chain(args.cut_link.iter().map(|what| cut(assessed, what)));
    for event in asked {
        match event {
            Ok(event) => events.push(event),
            Err(failure) => wrong.push(failure),
        }
    }
    match wrong.first() {
        None => Ok(events),
        // All at once; the exit code is that of the first.
        Some(first) => {
            let code = first.code;
            let lines: Vec<String> = wrong.into_iter().map(|it| it.message).collect();
            Err(Failure::new(code, lines.join("\n")))
        }
    }
}

fn usage(message: String) -> Failure {
    Failure::new(exit::USAGE, message)
}

fn device<'a>(assessed: &'a Assessed, option: &str, id: &str) -> Result<&'a DeviceEntry, Failure> {
    let devices = &assessed.site.document().devices;
    let meant = assessed.names.id(id);
    let found = devices.iter().find(|device| device.id == meant);
    found.ok_or_else(|| no_such_device(assessed, &format!("{option} {id}"), id))
}

pub(super) fn no_such_device(assessed: &Assessed, what: &str, id: &str) -> Failure {
    let meant = assessed.names.meant(id);
    if meant.len() > 1 {
        let several: Vec<String> = meant.into_iter().map(|id| both(assessed, id)).collect();
        return usage(format!(
            "{what}: {id:?} may be {}; write the one that is meant",
            several.join(", ")
        ));
    }
    let devices = assessed.site.document().devices.iter();
    usage(format!(
        "{what}: the site has no device {id:?}{}",
        near(id, devices.map(|device| assessed.names.shown(&device.id)))
    ))
}

/// A device as it is shown, with its identifier.
fn both(assessed: &Assessed, id: &str) -> String {
    match assessed.names.shown(id) {
        shown if shown == id => id.to_owned(),
        shown => format!("{shown} ({id})"),
    }
}

/// Every way to take `DEVICE/REST` apart, the longest device first: names may have slashes of their own.
pub(super) fn splits(what: &str) -> impl Iterator<Item = (&str, &str)> {
    let slashes = what.rmatch_indices('/');
    slashes.filter_map(|(at, _)| {
        let (device, rest) = (what.get(..at)?, what.get(at + 1..)?);
        (!rest.is_empty()).then_some((device, rest))
    })
}

/// Splits at the slash that leaves a known device before it; returns its identifier and what follows. `form`: how it is written.
pub(super) fn device_and<'a, 'b>(
    assessed: &'a Assessed,
    option: &str,
    what: &'b str,
    form: &str,
) -> Result<(&'a str, &'b str), Failure> {
    let devices = &assessed.site.document().devices;
    let known = |name: &str| {
        let meant = assessed.names.id(name);
        devices.iter().find(|device| device.id == meant)
    };
    let found = splits(what).find_map(|(name, rest)| Some((known(name)?.id.as_str(), rest)));
    found.ok_or_else(|| {
        if let Some(device) = known(what.trim_end_matches('/')) {
            let (_, part) = form.split_once('/').unwrap_or_default();
            let shown = assessed.names.shown(&device.id);
            return usage(format!(
                "{option} {what}: {shown} is a device; write {form}: {shown}/{part}"
            ));
        }
        let several = |name: &&str| assessed.names.meant(name).len() > 1;
        let mut names = splits(what).map(|(name, _)| name);
        let first = what.split('/').next().unwrap_or(what);
        let name = names.find(several).unwrap_or(first);
        let mut failure = no_such_device(assessed, &format!("{option} {what}"), name);
        if !what.contains('/') {
            failure.message = format!("{}; write {form}", failure.message);
        }
        failure
    })
}

/// Names that contain what was written, or begin alike.
fn near<'a>(id: &str, names: impl Iterator<Item = &'a str>) -> String {
    let wanted = id.to_lowercase();
    let start: String = wanted.chars().take(3).collect();
    let close: Vec<&str> = names
        .filter(|name| {
            let name = name.to_lowercase();
            name.contains(&wanted) || (!start.is_empty() && name.starts_with(&start))
        })
        .take(3)
        .collect();
    if close.is_empty() {
        String::new()
    } else {
        format!("; it has {}", close.join(", "))
    }
}

fn patch(assessed: &Assessed, what: &str) -> Result<Event, Failure> {
    let (id, weakness) = device_and(assessed, "--patch", what, "DEVICE/WEAKNESS")?;
    let entry = device(assessed, "--patch", id)?;
    let own: Vec<&str> = entry
        .weaknesses
        .iter()
        .flatten()
        .map(|own| own.id.as_str())
        .collect();
    if !own.contains(&weakness) {
        return Err(usage(format!(
            "--patch {what}: {id} does not have the weakness {weakness:?}{}",
            near(weakness, own.into_iter())
        )));
    }
    Ok(Event::Control(ControlEntry {
        device: Some(id.to_owned()),
        weakness: Some(weakness.to_owned()),
        ..ControlEntry::of(ControlKind::Patch)
    }))
}

/// The observed conversations with a service.
fn using<'a>(
    assessed: &'a Assessed,
    id: &'a str,
    service: &'a str,
) -> impl Iterator<Item = &'a ConversationEntry> {
    let all = assessed.site.document().conversations.iter();
    all.filter(move |talk| talk.server == id && talk.service == service)
}

/// Says which observed conversations would end, of changes that were taken: beside a rejection it would read as if they were.
fn tell_ended(assessed: &Assessed, closed: &[String]) -> Result<(), Failure> {
    for what in closed {
        let (id, service) = device_and(assessed, "--close", what, "DEVICE/SERVICE")?;
        let count = using(assessed, id, service).count();
        let clinical = using(assessed, id, service).filter(|talk| talk.clinical);
        if count > 0 {
            note(&format!(
                "--close {what}: {count} observed conversations use it, {} of them clinical; closing it would end them",
                clinical.count()
            ));
        }
    }
    Ok(())
}

fn close(assessed: &Assessed, what: &str) -> Result<Event, Failure> {
    let (id, service) = device_and(assessed, "--close", what, "DEVICE/SERVICE")?;
    let entry = device(assessed, "--close", id)?;
    let used = using(assessed, id, service).next().is_some();
    if !used && !entry.services.iter().any(|own| own.id == service) {
        let names = entry.services.iter().map(|own| own.id.as_str());
        let names: Vec<&str> = names.collect();
        return Err(usage(format!(
            "--close {what}: {id} has no service {service:?}; it has {}",
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        )));
    }
    Ok(Event::Control(ControlEntry {
        device: Some(id.to_owned()),
        service: Some(service.to_owned()),
        ..ControlEntry::of(ControlKind::CloseService)
    }))
}

fn cut(assessed: &Assessed, what: &str) -> Result<Event, Failure> {
    let segments = &assessed.site.document().segments;
    let known = |id: &str| segments.iter().any(|segment| segment.id == id);
    let slashes: Vec<usize> = what.match_indices('/').map(|(at, _)| at).collect();
    for first in &slashes {
        for second in slashes.iter().filter(|second| *second > first) {
            let parts = (
                what.get(..*first),
                what.get(first + 1..*second),
                what.get(second + 1..),
            );
            let (Some(from), Some(to), Some(service)) = parts else {
                continue;
            };
            if known(from) && known(to) && !service.is_empty() {
                return Ok(Event::Control(ControlEntry {
                    from: Some(from.to_owned()),
                    to: Some(to.to_owned()),
                    service: Some(service.to_owned()),
                    ..ControlEntry::of(ControlKind::CutLink)
                }));
            }
        }
    }
    let names: Vec<&str> = segments.iter().map(|it| it.id.as_str()).take(8).collect();
    Err(usage(format!(
        "--cut-link {what}: write FROM/TO/SERVICE with two segments of the site, such as {}/{}/tcp/445; it has {}",
        names.first().unwrap_or(&"office"),
        names.get(1).unwrap_or(&"ward"),
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    )))
}

/// What comes with a device that is thought about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addition {
    device: DeviceEntry,
    #[serde(default)]
    vulnerabilities: BTreeMap<String, Vulnerability>,
    #[serde(default)]
    conversations: Vec<ConversationEntry>,
}

fn added(assessed: &Assessed, path: &Path, events: &mut Vec<Event>) -> Result<(), Failure> {
    let bytes = read(path)?;
    let name = path.display().to_string();
    let bad = |text: String| bad_data(&name, &Faults::one("$", text));
    let tree: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| bad(format!("is not JSON: {error}")))?;
    let addition = if tree.get("device").is_some() {
        serde_json::from_value::<Addition>(tree)
    } else {
        serde_json::from_value::<DeviceEntry>(tree).map(|device| Addition {
            device,
            vulnerabilities: BTreeMap::new(),
            conversations: Vec::new(),
        })
    };
    let mut addition = addition.map_err(|error| bad(error.to_string()))?;
    let document = assessed.site.document();
    if document
        .devices
        .iter()
        .any(|own| own.id == addition.device.id)
    {
        return Err(bad(format!(
            "the site has a device {:?} already",
            addition.device.id
        )));
    }
    if !document
        .segments
        .iter()
        .any(|own| own.id == addition.device.segment)
    {
        return Err(bad(format!(
            "the site has no segment {:?}",
            addition.device.segment
        )));
    }
    addition.device.state = DeviceState::Active;
    complete(assessed, &mut addition);
    for (id, known) in addition.vulnerabilities {
        if !document.vulnerabilities.contains_key(&id) {
            events.push(Event::Weakness {
                id,
                known: Box::new(known),
            });
        }
    }
    events.push(Event::Device(Box::new(addition.device)));
    events.extend(addition.conversations.into_iter().map(Event::Conversation));
    Ok(())
}

fn complete(assessed: &Assessed, addition: &mut Addition) {
    let Some(index) = &assessed.index else {
        if addition.device.weaknesses.is_none() {
            note(
                "the device lists no weaknesses and counts as without any: match it with --intel DIR",
            );
        }
        return;
    };
    if addition.device.weaknesses.is_none() {
        let (found, _) = completion::weaknesses(&addition.device, index);
        note(&format!(
            "{} weaknesses matched on {}",
            found.len(),
            addition.device.id
        ));
        addition.device.weaknesses = Some(found);
    }
    for own in addition.device.weaknesses.iter().flatten() {
        let known = index
            .vulnerabilities()
            .iter()
            .find(|known| known.id == own.id);
        if let (Some(known), false) = (known, addition.vulnerabilities.contains_key(&own.id)) {
            addition
                .vulnerabilities
                .insert(own.id.clone(), completion::describe(known));
        }
    }
}
