//! How many devices a second are matched: `cargo run --release -p auscult-intel --example match_speed [-- CSAF_FOLDER]`.
//!
//! 20,000 devices (three hypotheses each, an operating system, four services) against 10,000 generated advisories over 60 makers with
//! 40 products each, and, where a folder is given, all CSAF advisories in it besides. Median of five runs, one thread.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a measurement, not a part of the product"
)]

use std::time::Instant;

use auscult_intel::catalogue::Catalogue;
use auscult_intel::index::Index;
use auscult_intel::matching::{Candidate, Device, Part, Service, Verdict, Weights, match_device};
use auscult_intel::range::read_text;
use auscult_intel::read;
use auscult_intel::statement::{Claim, Origin, ProductClaim, Rule, SourceKind, Statement, Status};

const DEVICES: u64 = 20_000;
const ADVISORIES: u64 = 10_000;
const MAKERS: u64 = 60;
const PRODUCTS: u64 = 40;
const LINES: [&str; 8] = [
    "Infuse",
    "Vital",
    "Scan",
    "Lab",
    "Vent",
    "Telemetry",
    "Archive",
    "Dose",
];

fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn product(maker: u64, number: u64) -> String {
    let line = LINES[(number % 8) as usize];
    format!(
        "{line} {}{}",
        char::from(b'A' + (maker % 26) as u8),
        100 + number * 10
    )
}

fn version(random: &mut u64) -> String {
    format!(
        "{}.{}.{}",
        next(random) % 9,
        next(random) % 20,
        next(random) % 50
    )
}

fn advisories(random: &mut u64) -> Vec<Statement> {
    let mut statements = Vec::new();
    for number in 0..ADVISORIES {
        let maker = next(random) % MAKERS;
        for _ in 0..=next(random) % 3 {
            let text = match next(random) % 4 {
                0 => "vers:all/*".to_owned(),
                1 => format!("{} and prior", version(random)),
                2 => format!("< {}", version(random)),
                _ => format!("{} | {}", version(random), version(random)),
            };
            let claim = ProductClaim {
                vendor: format!("Maker {maker} GmbH"),
                product: product(maker, next(random) % PRODUCTS),
                cpe: None,
                purl: None,
                rules: vec![Rule {
                    status: Status::Affected,
                    range: read_text(&text),
                }],
                otherwise: Status::Unknown,
                remedies: Vec::new(),
                justification: None,
            };
            statements.push(Statement {
                id: format!("CVE-2026-{number}"),
                origin: Origin {
                    kind: SourceKind::Csaf,
                    publisher: "generated".into(),
                    document: String::new(),
                },
                at_ms: 1,
                claim: Claim::Product(Box::new(claim)),
            });
        }
    }
    statements
}

fn devices(random: &mut u64) -> Vec<Device> {
    let candidate = |random: &mut u64, probability| {
        let maker = next(random) % MAKERS;
        Candidate {
            probability,
            vendor: format!("Maker {maker}"),
            product: product(maker, next(random) % PRODUCTS),
            version: (!next(random).is_multiple_of(3)).then(|| version(random)),
        }
    };
    let one = |random: &mut u64| Device {
        parts: vec![
            Part {
                candidates: vec![
                    candidate(random, 0.7),
                    candidate(random, 0.2),
                    candidate(random, 0.05),
                ],
                service: None,
            },
            Part {
                candidates: vec![Candidate {
                    probability: 0.9,
                    vendor: "Microsoft".into(),
                    product: "Windows 10".into(),
                    version: None,
                }],
                service: None,
            },
        ],
        services: [80, 104, 443, 2575]
            .map(|port| Service {
                ip_protocol: 6,
                port,
                name: None,
            })
            .to_vec(),
        components: Vec::new(),
    };
    (0..DEVICES).map(|_| one(random)).collect()
}

fn main() {
    let mut random = 7;
    let mut catalogue = Catalogue::default();
    catalogue.take(advisories(&mut random));
    for folder in std::env::args().skip(1) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            if let Ok(reading) = read::csaf::read(&bytes) {
                catalogue.take(reading.statements);
            }
        }
    }
    let devices = devices(&mut random);
    let begin = Instant::now();
    let index = Index::new(catalogue.iter().cloned().collect(), &[]);
    println!(
        "index of {} vulnerabilities and {} products: {:?}",
        index.vulnerabilities().len(),
        index.product_count(),
        begin.elapsed()
    );
    let mut times = Vec::new();
    let (mut matches, mut affected) = (0, 0);
    for _ in 0..5 {
        let begin = Instant::now();
        (matches, affected) = (0, 0);
        for device in &devices {
            let found = match_device(&index, device, &Weights::default());
            matches += found.len();
            affected += found
                .iter()
                .filter(|m| m.verdict == Verdict::Affected)
                .count();
        }
        times.push(begin.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "{DEVICES} devices: {matches} answers, {affected} affected, {median:?}, {:.0} devices/s",
        DEVICES as f64 / median.as_secs_f64()
    );
}
