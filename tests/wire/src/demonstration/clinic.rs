//! The wards and the laboratory: HL7, `IntelliVue`, pumps, SDC, ASTM, POCT1-A.

use std::net::Ipv4Addr;

use crate::calendar::SECOND;
use crate::canary::Form;
use crate::protocol::hl7::{Application, Connection, Event, Instrument};
use crate::protocol::tls::{self, Certificate, Handshake, Key, Subject, Version};
use crate::protocol::{astm, intellivue, poct1a, pump, sdc};
use crate::tcp::{Close, Side};

use super::Scene;
use super::estate::{self, START, clinical, remote_switch, stacked};

const ENGINE: Application<'_> = Application {
    name: "ENGINE",
    facility: "HOSP",
    software: None,
};

pub(super) fn play(scene: &mut Scene<'_>) -> Result<(), tls::Error> {
    messages(scene);
    devices(scene);
    monitors(scene);
    pumps(scene);
    laboratory(scene);
    operating_room(scene)
}

fn messages(scene: &mut Scene<'_>) {
    let patients = scene.estate.patients.clone();
    let conditions = scene.conditions;
    let (admission, engine) = (estate::admission(), estate::engine());
    let his = Application {
        name: "HIS",
        facility: "HOSP",
        software: Some([
            "Vendor Systems",
            "12.4.1",
            "Patient Administration",
            "PA-12041",
        ]),
    };
    let mut tap = scene.tap("admission", clinical(), 200);
    let mut connection = Connection::open(
        &mut tap,
        (&admission, his),
        (&engine, ENGINE),
        2575,
        "2.5.1",
        conditions,
    );
    for patient in &patients {
        let place = "ICU^1^3^HOSP";
        connection.deliver(&Event::Admission { place }, patient);
        connection.wait_about(SECOND);
    }
    let service = "71260^CT THORAX^C4";
    connection.deliver(&Event::Order { service }, &patients[0]);
    let place = "ICU^1^3^HOSP";
    connection.deliver(&Event::Update { place }, &patients[1]);
    connection.deliver(&Event::Discharge { place }, &patients[1]);
    connection.close(Close::Fin(Side::Client));
    let analyzer = Application {
        name: "cobas 8000^1.06",
        facility: "LAB",
        software: None,
    };
    let mut tap = scene.tap("results", stacked(), 210);
    let mut connection = Connection::open(
        &mut tap,
        (&estate::blood_gas(), analyzer),
        (&estate::laboratory(), ENGINE),
        2575,
        "2.5.1",
        conditions,
    );
    let result = Event::Result {
        test: "2345-7^Glucose^LN",
        value: "5.4",
        unit: "mmol/L",
        equipment: "cobas 8000^Roche^SN 1234-05",
    };
    connection.deliver(&result, &patients[2]);
    connection.close(Close::Fin(Side::Server));
}

fn devices(scene: &mut Scene<'_>) {
    let patients = scene.estate.patients.clone();
    let conditions = scene.conditions;
    let pump = estate::pump_c();
    let equipment = format!("{0}^^{0}^EUI-64", pump.mac.eui64());
    let name = format!("SPACECOM^{0}^EUI-64", estate::gateway().mac.eui64());
    let gateway = Application {
        name: &name,
        facility: "BBRAUN",
        software: Some(["B. Braun", "L86", "SpaceCom", "012U000086"]),
    };
    let instrument = Instrument {
        equipment: &equipment,
        device_type: "69985^MDC_DEV_PUMP_INFUS_MDS^MDC",
        manufacturer: "B. Braun",
        model: "Infusomat Space",
        serial: "28417",
        software: "L86.F0001",
    };
    let mut tap = scene.tap("gateway", remote_switch(), 220);
    let mut connection = Connection::open(
        &mut tap,
        (&estate::gateway(), gateway),
        (&estate::engine(), ENGINE),
        2575,
        "2.6",
        conditions,
    );
    connection.deliver(&Event::Maintenance { instrument }, &patients[1]);
    for _ in 0..3 {
        let observation = Event::Observation {
            instrument,
            values: &[
                [
                    "157784^MDC_FLOW_FLUID_PUMP^MDC",
                    "12.5",
                    "265266^MDC_DIM_MILLI_L_PER_HR^MDC",
                ],
                [
                    "157872^MDC_VOL_FLUID_TBI_REMAIN^MDC",
                    "43",
                    "263762^MDC_DIM_MILLI_L^MDC",
                ],
            ],
            place: "ICU^2^4^HOSP",
        };
        connection.deliver(&observation, &patients[1]);
        connection.wait_about(10 * SECOND);
    }
    let alarm = Event::Alarm {
        instrument,
        code: "196940^MDC_EVT_FLUID_LINE_OCCL^MDC",
        phase: "start",
        place: "ICU^2^4^HOSP",
    };
    connection.deliver(&alarm, &patients[1]);
    connection.close(Close::Open);
}

fn monitors(scene: &mut Scene<'_>) {
    let patients = scene.estate.patients.clone();
    let central = estate::central();
    let mask = Ipv4Addr::new(255, 255, 255, 0);
    let beds = [
        (estate::monitor_a(), "DE72800001", "ICU 3", "M8004A"),
        (estate::monitor_b(), "DE72800002", "ICU 4", "865240"),
    ];
    for (index, (monitor, serial, bed, model)) in beds.into_iter().enumerate() {
        let profile = intellivue::Monitor {
            manufacturer: "Philips",
            model,
            serial,
            software: "L.01.22",
            bed,
        };
        let mut tap = scene.tap(serial, clinical(), 230 + index as u64);
        profile.indicate(&mut tap, &monitor, mask);
        tap.wait_about(2 * SECOND);
        profile.associate(&mut tap, &central, &monitor, &patients[index]);
    }
}

fn pumps(scene: &mut Scene<'_>) {
    let patients = scene.estate.patients.clone();
    let conditions = scene.conditions;
    let server = estate::pump_server();
    for (index, (endpoint, serial)) in [
        (estate::pump_a(), "16004711"),
        (estate::pump_b(), "16004712"),
    ]
    .into_iter()
    .enumerate()
    {
        let profile = pump::Pump {
            manufacturer: "ICU Medical",
            model: "Plum 360",
            serial,
            software: "15.11.01",
            library: "ADULT-2026-01",
        };
        let mut tap = scene.tap(serial, clinical(), 240 + index as u64);
        profile.report(
            &mut tap,
            &endpoint,
            (&server, 8_100),
            &patients[index],
            (5, 20 * SECOND),
            conditions,
        );
    }
}

fn laboratory(scene: &mut Scene<'_>) {
    let patients = scene.estate.patients.clone();
    let conditions = scene.conditions;
    let host = estate::laboratory();
    let profile = astm::Analyzer {
        manufacturer: "Sysmex",
        product: "XN-1000",
        version: "00-22",
        instrument: "XN^19832",
    };
    let mut tap = scene.tap("analyzer", stacked(), 260);
    profile.upload(
        &mut tap,
        &estate::analyzer(),
        (&host, 5_000),
        &patients[4],
        ["WBC", "6.2", "10*3/uL"],
        conditions,
    );
    let device = estate::blood_gas().mac.eui64();
    let profile = poct1a::Instrument {
        device: &device,
        vendor: "RADIOMETER",
        model: "ABL90 FLEX",
        serial: "1393-092R0123N0001",
        manufacturer: "Radiometer Medical ApS",
        hardware: "3",
        software: "3.4MR2",
    };
    let mut tap = scene.tap("blood gas", stacked(), 265);
    profile.converse(
        &mut tap,
        &estate::blood_gas(),
        (&host, 3_001),
        &patients[4],
        ["pH", "7.41", ""],
        conditions,
    );
}

fn operating_room(scene: &mut Scene<'_>) -> Result<(), tls::Error> {
    let patient = scene.estate.patients[3].clone();
    let (conditions, seed) = (scene.conditions, scene.seed);
    let (machine, display) = (estate::anaesthesia(), estate::display());
    let provider = sdc::Provider {
        uuid: "7b3c1e52-5a1f-4d43-9c55-0030e6667701",
        kind: 130_535,
        location: ["HOSP", "OR2", "T1"],
        manufacturer: "Draeger",
        model: "Atlan A350",
        model_number: "8621300",
        name: "Atlan OR2",
        firmware: "2.1.0",
        serial: "ASPB-0117",
        http_server: "gSOAP/2.8",
        port: 6_464,
    };
    let mut tap = scene.tap("operating room", clinical(), 270);
    provider.hello(&mut tap, &machine);
    tap.wait_about(SECOND);
    provider.match_probe(&mut tap, &display, &machine);
    tap.wait_about(SECOND);
    provider.read(&mut tap, &display, &machine, &patient, conditions);
    let subject = Subject {
        common_name: "urn:uuid:7b3c1e52-5a1f-4d43-9c55-0030e6667701",
        organization: "Draeger",
        unit: "SDC",
        dns_names: &[],
        serial: 9,
        year: 2025,
    };
    let certificate = Certificate::self_signed(&subject, Key::Own([9; 32]))?;
    let handshake = Handshake {
        version: Version::V13,
        server_name: "atlan-or2.hospital.example",
        alpn: &[],
        server: &certificate,
        client: Some(&certificate),
    };
    let secret = format!("<pm:Familyname>{}</pm:Familyname>", patient.account);
    let transcript = handshake.run(seed ^ 0x5dc, START, &[(Side::Server, secret.as_bytes())])?;
    tap.puts("sdc over tls", Form::Tls, &[&patient.account]);
    transcript.play(&mut tap, &display, (&machine, 6_465), conditions);
    Ok(())
}
