//! DICOM, HL7, `IntelliVue`, pumps, laboratory.

use crate::calendar::SECOND;
use crate::patient::Patient;
use crate::protocol::dicom::{
    self, Application, Association, Equipment, Modality, Outcome, SopClass, Syntax,
};
use crate::protocol::hl7::{self, Connection, Event, Instrument};
use crate::protocol::tls::{self, Handshake, Version};
use crate::protocol::{astm, poct1a, pump};
use crate::tcp::{Close, Side};

use super::super::Speaks;
use super::super::hour::Stage;
use super::super::presence;
use super::{Talk, office};

/// Classes that carry no images.
const SERVICES: [SopClass; 5] = [
    dicom::VERIFICATION,
    dicom::WORKLIST,
    dicom::PERFORMED_STEP,
    dicom::STUDY_FIND,
    dicom::STUDY_MOVE,
];

fn entity(speaks: &Speaks) -> Option<(Application<'_>, &[String])> {
    match speaks {
        Speaks::Dicom {
            title,
            classes,
            implementation,
            version,
            ..
        } => Some((
            Application {
                title,
                implementation,
                version,
            },
            classes,
        )),
        _ => None,
    }
}

/// A worklist and a step where the server schedules; images of the client's kind where it archives.
pub(super) fn imaging(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let site = stage.site;
    let profile = site.devices[talk.conversation.client].speaks.iter();
    let profile = profile
        .into_iter()
        .find(|speaks| entity(speaks).is_some())?;
    let (calling, classes) = entity(profile)?;
    let (called, served) = site.speaks(talk.conversation.server, entity)?;
    let known = |uid: &String| dicom::class(uid);
    let offered: Vec<SopClass> = classes.iter().filter_map(known).collect();
    let schedules = served.iter().any(|uid| uid == dicom::WORKLIST.0);
    let archives = served
        .iter()
        .filter_map(known)
        .any(|class| !SERVICES.contains(&class));
    let patients: Vec<Patient> = (0..3)
        .map(|step| stage.patient(talk.conversation.client + step))
        .collect();
    let Speaks::Dicom {
        modality,
        manufacturer,
        model,
        serial,
        software,
        ..
    } = profile
    else {
        return None;
    };
    let equipment = Equipment {
        manufacturer,
        model,
        station: &site.devices[talk.conversation.client].name,
        serial,
        software,
        institution: "General Hospital",
    };
    let conditions = stage.hour.conditions;
    let mut tap = stage.tap(talk.segment, talk.at);
    let mut association = Association::open(
        &mut tap,
        (&talk.client, calling),
        (&talk.server, called),
        talk.conversation.port,
        (&offered, Syntax::Explicit),
        (None, Outcome::Accepted, conditions),
    )?;
    association.echo();
    let image = offered.iter().find(|class| !SERVICES.contains(class));
    if let Some(class) = image.filter(|_| !modality.is_empty()) {
        let modality = Modality {
            class: *class,
            code: modality,
        };
        if schedules {
            association.worklist(&modality, &patients);
            if let Some(step) = association.begin_step(&equipment, &modality, &patients[0]) {
                association.end_step(&step, &patients[0]);
            }
        }
        if archives {
            // 130 kB an image: a quarter of a CT slice pair, and enough segments.
            for _ in 0..(talk.octets / 130_000).clamp(1, 40) {
                association.store(&equipment, &modality, &patients[0], 65_000);
            }
        }
    }
    association.query(&patients[0]);
    association.release();
    Some("dicom")
}

fn application<'a>(stage: &Stage<'a>, device: usize) -> Option<(&'a Speaks, hl7::Application<'a>)> {
    stage.site.speaks(device, |speaks| match speaks {
        Speaks::Hl7 {
            application,
            facility,
            ..
        } => Some((
            speaks,
            hl7::Application {
                name: application,
                facility,
                software: None,
            },
        )),
        _ => None,
    })
}

fn instrument<'a>(equipment: &'a str, identity: [&'a str; 4]) -> Instrument<'a> {
    let [manufacturer, model, serial, software] = identity;
    Instrument {
        equipment,
        device_type: "69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC",
        manufacturer,
        model,
        serial,
        software,
    }
}

/// The event of a message type, or `None` where there is no such message here yet.
fn event<'a>(kind: &str, equipment: &'a str, device: bool) -> Option<Event<'a>> {
    let instrument = instrument(equipment, ["", "", "", ""]);
    match kind {
        "ADT^A01" => Some(Event::Admission {
            place: "W^1^1^HOSP",
        }),
        "ADT^A03" => Some(Event::Discharge {
            place: "W^1^1^HOSP",
        }),
        "ADT^A08" => Some(Event::Update {
            place: "W^1^1^HOSP",
        }),
        "ORM^O01" => Some(Event::Order {
            service: "71260^CT THORAX^C4",
        }),
        "ORU^R01" if device => Some(Event::Observation {
            instrument,
            values: &[[
                "147842^MDC_ECG_HEART_RATE^MDC",
                "72",
                "264864^MDC_DIM_BEAT_PER_MIN^MDC",
            ]],
            place: "W^1^1^HOSP",
        }),
        "ORU^R01" => Some(Event::Result {
            test: "2345-7^Glucose^LN",
            value: "5.4",
            unit: "mmol/L",
            equipment,
        }),
        "ORU^R40" => Some(Event::Alarm {
            instrument,
            code: "196670^MDC_EVT_LO^MDC",
            phase: "start",
            place: "W^1^1^HOSP",
        }),
        _ => None,
    }
}

/// Ten messages a session, of the kinds the sender has, in turn.
pub(super) fn messages(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let (speaks, sender) = application(stage, talk.conversation.client)?;
    let Speaks::Hl7 {
        messages,
        equipment,
        device,
        ..
    } = speaks
    else {
        return None;
    };
    let (_, receiver) = application(stage, talk.conversation.server)?;
    let mut events = Vec::new();
    for kind in messages {
        match event(kind, equipment, device.is_some()) {
            Some(event) => events.push(event),
            None => stage.tally.missing(format!("hl7 {kind}")),
        }
    }
    if let Some(identity) = device
        && !equipment.is_empty()
    {
        let identity = identity.each_ref().map(String::as_str);
        events.push(Event::Maintenance {
            instrument: instrument(equipment, identity),
        });
    }
    if events.is_empty() {
        return None;
    }
    let count = (talk.octets / 1_200).clamp(1, 10) as usize;
    let patients: Vec<Patient> = (0..count)
        .map(|step| stage.patient(talk.conversation.client + step))
        .collect();
    let conditions = stage.hour.conditions;
    let mut tap = stage.tap(talk.segment, talk.at);
    let (client, server) = ((&talk.client, sender), (&talk.server, receiver));
    let port = talk.conversation.port;
    let mut connection = Connection::open(&mut tap, client, server, port, "2.5.1", conditions);
    for (event, patient) in events.iter().cycle().zip(&patients) {
        connection.deliver(event, patient);
        connection.wait_about(SECOND);
    }
    connection.close(Close::Fin(Side::Client));
    Some("hl7")
}

pub(super) fn monitor(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    // The monitor is the server of this exchange in either direction of the description.
    let monitor = stage
        .site
        .speaks(talk.conversation.server, presence::monitor);
    let reversed = monitor.is_none();
    let monitor = monitor.or_else(|| {
        stage
            .site
            .speaks(talk.conversation.client, presence::monitor)
    })?;
    let (station, bedside) = if reversed {
        (talk.server, talk.client)
    } else {
        (talk.client, talk.server)
    };
    let patient = stage.patient(talk.conversation.client);
    let mut tap = stage.tap(talk.segment, talk.at);
    monitor.associate(&mut tap, &station, &bedside, &patient);
    Some("intellivue")
}

pub(super) fn sdc(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let device = &stage.site.devices[talk.conversation.server];
    let provider = device
        .speaks
        .iter()
        .find_map(|speaks| presence::provider(device, speaks))?;
    let patient = stage.patient(talk.conversation.server);
    let conditions = stage.hour.conditions;
    let mut tap = stage.tap(talk.segment, talk.at);
    provider.read(&mut tap, &talk.client, &talk.server, &patient, conditions);
    Some("sdc")
}

/// A pump registers with its server and reports: in the clear, or inside TLS.
pub(super) fn pump(stage: &mut Stage<'_>, talk: &Talk) -> Result<Option<&'static str>, tls::Error> {
    let site = stage.site;
    let profile = site.speaks(talk.conversation.client, |speaks| match speaks {
        Speaks::Pump {
            manufacturer,
            model,
            serial,
            software,
            tls,
            ..
        } => {
            let pump = pump::Pump {
                manufacturer,
                model,
                serial,
                software,
                library: "ADULT-2026-01",
            };
            Some((pump, *tls))
        }
        _ => None,
    });
    let Some((profile, tls)) = profile else {
        return Ok(None);
    };
    let patient = stage.patient(talk.conversation.client);
    let conditions = stage.hour.conditions;
    let reports = ((talk.octets / 120).clamp(1, 50) as u32, 60 * SECOND);
    let server = (&talk.server, talk.conversation.port);
    if !tls {
        let mut tap = stage.tap(talk.segment, talk.at);
        profile.report(
            &mut tap,
            &talk.client,
            server,
            &patient,
            reports,
            conditions,
        );
        return Ok(Some("pump"));
    }
    let number = talk.conversation.server;
    let name = format!(
        "{}.{}",
        site.devices[number].name.to_lowercase(),
        site.domain
    );
    let version = if office::newest(stage, number) {
        Version::V13
    } else {
        Version::V12
    };
    let mut random = stage.chance();
    let messages = profile.messages(&mut random, &patient, reports.0);
    let messages: Vec<(Side, &[u8])> = messages
        .iter()
        .map(|(side, frame)| (*side, frame.as_slice()))
        .collect();
    let handshake = Handshake {
        version,
        server_name: &name,
        alpn: &[],
        server: office::certificate(stage, number)?,
        client: None,
    };
    let transcript = handshake.run(random.next_u64(), talk.at, &messages)?;
    let mut tap = stage.tap(talk.segment, talk.at);
    pump::hide(&mut tap, &patient);
    transcript.play_paced(&mut tap, &talk.client, server, conditions, reports.1);
    Ok(Some("pump in tls"))
}

/// POCT1-A or ASTM, whichever the client speaks.
pub(super) fn laboratory(stage: &mut Stage<'_>, talk: &Talk) -> Option<&'static str> {
    let site = stage.site;
    let patient = stage.patient(talk.conversation.client);
    let conditions = stage.hour.conditions;
    let device = talk.client.mac.eui64();
    let server = (&talk.server, talk.conversation.port);
    for speaks in &site.devices[talk.conversation.client].speaks {
        match speaks {
            Speaks::Poct1a {
                vendor,
                model,
                serial,
            } => {
                let instrument = poct1a::Instrument {
                    device: &device,
                    vendor,
                    model,
                    serial,
                    manufacturer: vendor,
                    hardware: "1",
                    software: "1",
                };
                let mut tap = stage.tap(talk.segment, talk.at);
                instrument.converse(
                    &mut tap,
                    &talk.client,
                    server,
                    &patient,
                    ["pH", "7.41", ""],
                    conditions,
                );
                return Some("poct1a");
            }
            Speaks::Astm { sender } => {
                let [manufacturer, product, version, instrument] = sender;
                let analyzer = astm::Analyzer {
                    manufacturer,
                    product,
                    version,
                    instrument,
                };
                let result = ["WBC", "6.2", "10*3/uL"];
                let mut tap = stage.tap(talk.segment, talk.at);
                analyzer.upload(&mut tap, &talk.client, server, &patient, result, conditions);
                return Some("astm");
            }
            _ => {}
        }
    }
    None
}
