//! How fast a site is assessed and followed, on made-up hospitals with up to 15 conversations a device; Markdown on standard output.
//!
//! `cargo run --release -p auscult-risk --example assess_speed -- COMMAND`:
//! `curve [DEVICES ...]` (full refresh by size), `events DEVICES [EVENTS [RUNS]]` (one event after the other), `estate SITES DEVICES`
//! (every site of an estate, then its result is dropped), `site DEVICES` (the input as JSON, to hash it),
//! `assess FILE` (the assessment of a site file).
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement, not a part of the product"
)]

use std::collections::BTreeMap;
use std::time::Instant;

use auscult_risk::document::{DeviceState, ServiceEntry, ServiceEvidence, Vulnerability};
use auscult_risk::{Assessor, Event, Policy, Site};

#[path = "../tests/made_site/mod.rs"]
mod made_site;
use made_site::Random;

/// Conversations that each made-up device opens at most.
const TALKS: u64 = 15;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = arguments.split_first().unwrap();
    let numbers = || -> Vec<u64> { rest.iter().map(|number| number.parse().unwrap()).collect() };
    match command.as_str() {
        "assess" => assess(&rest[0]),
        "site" => {
            let site = made_site::site(numbers()[0], numbers()[0], TALKS);
            println!("{}", serde_json::to_string(&site).unwrap());
        }
        "curve" => curve(&numbers()),
        "events" => {
            let numbers = numbers();
            let runs = numbers.get(2).copied().unwrap_or(5);
            events(numbers[0], numbers.get(1).copied().unwrap_or(1_000), runs);
        }
        "estate" => estate(numbers()[0], numbers()[1]),
        other => unreachable!("no command {other}: curve, events, estate, site or assess"),
    }
}

fn assess(file: &str) {
    let site = Site::from_json(&std::fs::read(file).unwrap()).unwrap();
    let assessor = Assessor::new(&site, &Policy::published().unwrap()).unwrap();
    let mut assessment = assessor.assessment();
    assessment.controls = assessor.controls(10).controls;
    println!("{}", serde_json::to_string(&assessment).unwrap());
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            ms(start)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[2]
}

fn curve(sizes: &[u64]) {
    println!(
        "| devices / conversations | built and calibrated | A forward | A with attribution | B, 1,024 worlds | all scores and the cut | memory |"
    );
    println!("|---|---|---|---|---|---|---|");
    let policy = Policy::published().unwrap();
    for size in sizes {
        let site = Site::try_from(made_site::site(*size, *size, TALKS)).unwrap();
        let start = Instant::now();
        let mut assessor = Assessor::new(&site, &policy).unwrap();
        let built = ms(start);
        let conversations = site.document().conversations.len();
        drop(site);
        let forward = median(|| assessor.again_layers());
        let gradient = median(|| {
            std::hint::black_box(assessor.again_attribution());
        });
        let worlds = median(|| assessor.again_worlds());
        let scores = median(|| {
            std::hint::black_box(assessor.again_scores());
        });
        println!(
            "| {size} / {conversations} | {built:.0} ms | {forward:.1} ms | {:.1} ms | {worlds:.1} ms | {scores:.1} ms | {} MiB |",
            forward + gradient,
            peak_mib()
        );
    }
}

/// One event of each kind in turn, `count` in all, each measured from the call to the changed list.
fn events(size: u64, count: u64, runs: u64) {
    let policy = Policy::published().unwrap();
    let mut all: BTreeMap<&str, Vec<Vec<f64>>> = BTreeMap::new();
    let mut replayed = 0;
    for run in 0..runs {
        let site = Site::try_from(made_site::site(size, size, TALKS)).unwrap();
        let mut assessor = Assessor::new(&site, &policy).unwrap();
        let mut hospital = Hospital {
            random: Random(99 + run),
            document: site.document().clone(),
            size,
            next: size,
        };
        drop(site);
        let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for number in 0..count {
            let (kind, batch) = hospital.event(number);
            let start = Instant::now();
            replayed += u64::from(assessor.apply(&batch).unwrap().replayed);
            let time = ms(start);
            times.entry(kind).or_default().push(time);
            times.entry("all").or_default().push(time);
        }
        for number in 0..20 {
            let batch = [hospital.intelligence(number)];
            let start = Instant::now();
            assessor.apply(&batch).unwrap();
            times.entry("intelligence").or_default().push(ms(start));
        }
        for (kind, times) in times {
            all.entry(kind).or_default().push(times);
        }
    }
    println!("| event | of each run | p50 | p95 | p99 | longest |");
    println!("|---|---|---|---|---|---|");
    for (kind, runs) in &mut all {
        for times in &mut *runs {
            times.sort_by(f64::total_cmp);
        }
        // The median over the runs of each run's quantile.
        let quantile = |share: usize| {
            let mut of: Vec<f64> = runs
                .iter()
                .map(|times| times[(times.len() * share / 100).min(times.len() - 1)])
                .collect();
            of.sort_by(f64::total_cmp);
            of[of.len() / 2]
        };
        println!(
            "| {kind} | {} | {:.2} ms | {:.2} ms | {:.2} ms | {:.2} ms |",
            runs[0].len(),
            quantile(50),
            quantile(95),
            quantile(99),
            quantile(100)
        );
    }
    println!();
    println!(
        "Worlds replayed by an event, mean: {:.1}. Peak memory: {} MiB.",
        replayed as f64 / (count * runs) as f64,
        peak_mib()
    );
}

/// What the events are drawn from.
struct Hospital {
    random: Random,
    document: auscult_risk::document::Document,
    size: u64,
    next: u64,
}

impl Hospital {
    fn event(&mut self, number: u64) -> (&'static str, Vec<Event>) {
        let random = &mut self.random;
        let segments = self.size.div_ceil(200);
        let at = random.below(self.document.devices.len() as u64) as usize;
        match number % 6 {
            0 => {
                self.next += 1;
                let fresh = made_site::device(random, self.next, segments, 400);
                let mut batch = vec![Event::Device(Box::new(fresh.clone()))];
                for _ in 0..TALKS {
                    let mut talk = made_site::conversation(random, 0, self.size);
                    talk.client.clone_from(&fresh.id);
                    if self
                        .document
                        .devices
                        .iter()
                        .any(|own| own.id == talk.server)
                    {
                        batch.push(Event::Conversation(talk));
                    }
                }
                self.document.devices.push(fresh);
                ("arrival", batch)
            }
            1 => {
                let gone = self.document.devices.swap_remove(at);
                ("departure", vec![Event::DeviceGone(gone.id)])
            }
            2 => {
                // Another firmware: the weaknesses of that version.
                let device = &mut self.document.devices[at];
                let number = random.below(self.size);
                let fresh = made_site::device(random, number, segments, 400);
                device.weaknesses = fresh.weaknesses;
                for own in device.weaknesses.iter_mut().flatten() {
                    if own.service.is_some() {
                        own.service = Some(device.services[0].id.clone());
                    }
                }
                for identity in &mut device.identities {
                    identity.version = Some(random.below(5).to_string());
                }
                ("firmware", vec![Event::Device(Box::new(device.clone()))])
            }
            3 => {
                let device = &mut self.document.devices[at];
                if device.services.len() > 1 && random.below(2) == 0 {
                    device.services.pop();
                } else {
                    device.services.push(ServiceEntry {
                        id: format!("tcp/{}", 8_000 + random.below(4)),
                        evidence: ServiceEvidence::Served,
                    });
                    device.services.sort_by(|a, b| a.id.cmp(&b.id));
                    device.services.dedup_by(|a, b| a.id == b.id);
                }
                device.state = DeviceState::Active;
                ("service", vec![Event::Device(Box::new(device.clone()))])
            }
            _ => {
                let other = random.below(self.document.devices.len() as u64 - 1) as usize;
                let other = other + usize::from(other >= at);
                let mut talk = made_site::conversation(random, 0, self.size);
                let devices = &self.document.devices;
                talk.client.clone_from(&devices[at].id);
                // Mostly one of the servers that everybody uses, while it is there.
                let there = devices.iter().any(|own| own.id == talk.server);
                if !there || talk.server == talk.client {
                    talk.server.clone_from(&devices[other].id);
                    talk.service.clone_from(&devices[other].services[0].id);
                }
                ("conversation", vec![Event::Conversation(talk)])
            }
        }
    }

    fn intelligence(&mut self, number: u64) -> Event {
        Event::Weakness {
            id: format!("CVE-2026-{}", self.random.below(400)),
            known: Box::new(Vulnerability {
                cvss: vec!["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()],
                kev: number.is_multiple_of(2),
                epss: Some(self.random.unit()),
                ..Vulnerability::default()
            }),
        }
    }
}

/// Every site from its document to its assessment, as many at once as there are cores. The refresh of the core that took longest, and the
/// whole with making the documents.
fn estate(sites: u64, size: u64) {
    let policy = Policy::published().unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let start = Instant::now();
    // Devices, conversations, pairs on the lists, seconds of refreshing.
    let sums: Vec<(usize, usize, usize, f64)> = std::thread::scope(|scope| {
        let run = |core: u64| {
            let policy = &policy;
            scope.spawn(move || {
                let mut sums = (0, 0, 0, 0.0);
                for number in (core..sites).step_by(cores as usize) {
                    let document = made_site::site(number, size, TALKS);
                    sums.0 += document.devices.len();
                    sums.1 += document.conversations.len();
                    let start = Instant::now();
                    let site = Site::try_from(document).unwrap();
                    let assessment = Assessor::new(&site, policy).unwrap().assessment();
                    sums.2 += assessment.pairs.iter().filter(|pair| pair.in_cut).count();
                    sums.3 += start.elapsed().as_secs_f64();
                }
                sums
            })
        };
        let threads: Vec<_> = (0..cores).map(run).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let all = start.elapsed().as_secs_f64();
    let refreshed = sums.iter().map(|sum| sum.3).fold(0.0, f64::max);
    let sum = |of: fn(&(usize, usize, usize, f64)) -> usize| -> usize { sums.iter().map(of).sum() };
    println!(
        "| sites | devices | conversations | on the lists | threads | full refresh | with making the documents | peak memory |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    println!(
        "| {sites} | {} | {} | {} | {cores} | {refreshed:.1} s | {all:.1} s | {} MiB |",
        sum(|sum| sum.0),
        sum(|sum| sum.1),
        sum(|sum| sum.2),
        peak_mib()
    );
}

fn peak_mib() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
