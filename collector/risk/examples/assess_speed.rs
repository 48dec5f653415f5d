//! How fast a site is assessed: `cargo run --release -p auscult-risk --example assess_speed [DEVICES ...]`.
//!
//! Made-up hospitals with 15 conversations a device. Times are medians of 5; memory is the process's peak. `assess FILE`
//! assesses a site file instead and writes the assessment to standard output.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement, not a part of the product"
)]

use std::time::Instant;

use auscult_risk::{Assessor, Event, Policy, Site};

#[path = "../tests/made_site/mod.rs"]
mod made_site;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let policy = Policy::published().unwrap();
    if let [flag, file] = arguments.as_slice()
        && flag == "assess"
    {
        let site = Site::from_json(&std::fs::read(file).unwrap()).unwrap();
        let assessor = Assessor::new(&site, &policy).unwrap();
        let mut assessment = assessor.assessment();
        assessment.controls = assessor.controls(10).controls;
        println!("{}", serde_json::to_string(&assessment).unwrap());
        return;
    }
    let sizes: Vec<u64> = if arguments.is_empty() {
        vec![2_000, 5_000, 10_000, 20_000, 50_000]
    } else {
        arguments.iter().map(|size| size.parse().unwrap()).collect()
    };
    for size in sizes {
        measure(&policy, size);
    }
}

fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[2]
}

fn measure(policy: &Policy, size: u64) {
    let site = Site::try_from(made_site::site(size, size, 15)).unwrap();
    let start = Instant::now();
    let mut assessor = Assessor::new(&site, policy).unwrap();
    let built = start.elapsed().as_secs_f64() * 1e3;
    let conversations = site.document().conversations.len();
    drop(site);
    let forward = median(|| assessor.again_layers());
    let gradient = median(|| {
        std::hint::black_box(assessor.again_attribution());
    });
    let worlds = median(|| assessor.again_worlds());
    let flat = median(|| assessor.again_flat());
    let scores = median(|| {
        std::hint::black_box(assessor.again_scores());
    });
    let (middle, late, replayed) = events(&mut assessor, size);
    println!(
        "{size} devices {conversations} conversations: built+calibrated {built:.0} ms, flat {flat:.1}, A forward {forward:.1}, A forward+attribution {:.1}, B full {worlds:.1}, scores {scores:.1}, event p50 {middle:.1} p99 {late:.1} ms ({replayed:.0} worlds), peak {} MiB",
        forward + gradient,
        peak_mib()
    );
}

/// Arrivals, departures, changes and conversations, one by one: median and 99th percentile in ms.
fn events(assessor: &mut Assessor, size: u64) -> (f64, f64, f64) {
    let mut random = made_site::Random(99);
    let segments = size.div_ceil(200);
    let mut times = Vec::new();
    let mut replayed = 0;
    for number in 0..400 {
        let fresh = made_site::device(&mut random, size + number, segments, 400);
        let batch = match number % 4 {
            0 => {
                let mut batch = vec![Event::Device(Box::new(fresh))];
                for _ in 0..15 {
                    let mut talk = made_site::conversation(&mut random, 0, size);
                    talk.client = format!("d{}", size + number);
                    batch.push(Event::Conversation(talk));
                }
                batch
            }
            1 => vec![Event::DeviceGone(format!("d{}", size + number - 1))],
            2 => {
                let mut changed = fresh;
                changed.id = format!("d{}", random.below(size));
                vec![Event::Device(Box::new(changed))]
            }
            _ => {
                let client = random.below(size);
                let talk = made_site::conversation(&mut random, client, size);
                if talk.client == talk.server {
                    continue;
                }
                vec![Event::Conversation(talk)]
            }
        };
        let start = Instant::now();
        replayed += assessor.apply(&batch).unwrap().replayed;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let count = times.len();
    (
        times[count / 2],
        times[count * 99 / 100],
        f64::from(replayed) / count as f64,
    )
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
