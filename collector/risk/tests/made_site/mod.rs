//! A made-up hospital for measurements: the same bytes for the same numbers.
#![allow(dead_code, reason = "each user needs a part of it")]

use auscult_risk::document::*;

/// A small linear congruential generator (Knuth, MMIX).
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Uniform below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        self.below(1 << 30) as f64 / f64::from(1 << 30)
    }
}

const CLASSES: [&str; 8] = [
    "infusion_pump",
    "patient_monitor",
    "imaging",
    "workstation",
    "server",
    "pacs",
    "ventilator",
    "clinical_workstation",
];
const SERVICES: [&str; 8] = [
    "tcp/80", "tcp/104", "tcp/443", "tcp/445", "tcp/2575", "tcp/3389", "tcp/22", "tcp/23",
];

/// A device with its services, weaknesses and sometimes an entry.
pub(crate) fn device(
    random: &mut Random,
    number: u64,
    segments: u64,
    weaknesses: u64,
) -> DeviceEntry {
    let class = CLASSES[(number % 8) as usize];
    let services: Vec<ServiceEntry> = (0..=random.below(3))
        .map(|at| ServiceEntry {
            id: SERVICES[((number / 8 + at * 3) % 8) as usize].to_owned(),
            evidence: match (number / 3 + at) % 5 {
                0 => ServiceEvidence::Declared,
                1 => ServiceEvidence::Refused,
                _ => ServiceEvidence::Served,
            },
        })
        .collect();
    let mut found: Vec<WeaknessEntry> = Vec::new();
    for _ in 0..random.below(6) {
        let id = random.below(weaknesses);
        let service = services[(id % services.len() as u64) as usize].id.clone();
        let local = id.is_multiple_of(7);
        if found.iter().all(|own| own.id != format!("CVE-2026-{id}")) {
            found.push(WeaknessEntry {
                id: format!("CVE-2026-{id}"),
                service: (!local).then_some(service),
                matched: if id.is_multiple_of(3) {
                    Match::UnknownVersion
                } else {
                    Match::Affected
                },
            });
        }
    }
    DeviceEntry {
        id: format!("d{number}"),
        segment: format!("v{}", number % segments),
        state: DeviceState::Active,
        identities: vec![Identity {
            probability: 0.9,
            vendor: Some("maker".to_owned()),
            product: Some(format!("{class} {}", number / 8 % 5)),
            version: (!number.is_multiple_of(3)).then(|| "1".to_owned()),
            class: None,
        }],
        services,
        clinical: ClinicalEntry {
            class: Some(class.to_owned()),
            ..ClinicalEntry::default()
        },
        entry: (class == "workstation" && random.below(4) == 0).then_some(EntryPoint {
            kind: EntryKind::MailWeb,
            weight: None,
        }),
        weaknesses: Some(found),
    }
}

/// A conversation of `client`: mostly to a few servers, sometimes to anybody.
pub(crate) fn conversation(random: &mut Random, client: u64, devices: u64) -> ConversationEntry {
    let server = if random.below(3) > 0 {
        random.below(devices.div_ceil(50)) * 8 + 4 + random.below(2)
    } else {
        random.below(devices)
    } % devices;
    ConversationEntry {
        client: format!("d{client}"),
        server: format!("d{server}"),
        service: SERVICES[((server / 8) % 8) as usize].to_owned(),
        days_seen: 10,
        days_since: random.below(60) as u32,
        bytes: 1_000,
        clinical: random.below(4) == 0,
    }
}

/// A site of `devices` devices with up to `talks` conversations each.
pub(crate) fn site(seed: u64, devices: u64, talks: u64) -> Document {
    let mut random = Random(seed);
    let segments = devices.div_ceil(200);
    let weaknesses = 400;
    let mut document = Document {
        format: FORMAT.to_owned(),
        site: format!("made-{devices}"),
        time: "2026-11-25T00:00:00Z".to_owned(),
        segments: (0..segments)
            .map(|number| SegmentEntry {
                id: format!("v{number}"),
            })
            .collect(),
        vulnerabilities: (0..weaknesses)
            .map(|id| (format!("CVE-2026-{id}"), vulnerability(&mut random, id)))
            .collect(),
        devices: Vec::new(),
        conversations: Vec::new(),
        segment_links: Vec::new(),
        controls: Vec::new(),
        decisions: Vec::new(),
        policy: None,
    };
    for number in 0..devices {
        document
            .devices
            .push(device(&mut random, number, segments, weaknesses));
    }
    let mut seen = std::collections::BTreeSet::new();
    for client in 0..devices {
        for _ in 0..talks {
            let talk = conversation(&mut random, client, devices);
            if talk.client != talk.server
                && seen.insert((
                    talk.client.clone(),
                    talk.server.clone(),
                    talk.service.clone(),
                ))
            {
                document.conversations.push(talk);
            }
        }
    }
    document
}

fn vulnerability(random: &mut Random, id: u64) -> Vulnerability {
    let reach = if id.is_multiple_of(7) {
        "L"
    } else if id.is_multiple_of(11) {
        "A"
    } else {
        "N"
    };
    let user = if id.is_multiple_of(5) { "R" } else { "N" };
    let unit = random.unit();
    Vulnerability {
        cvss: vec![format!(
            "CVSS:3.1/AV:{reach}/AC:L/PR:N/UI:{user}/S:U/C:H/I:H/A:H"
        )],
        epss: Some(unit * unit * unit),
        kev: id.is_multiple_of(20),
        poc: id.is_multiple_of(4),
        automatable: id.is_multiple_of(3),
        ..Vulnerability::default()
    }
}
