use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;
use crate::attack::BASE;
use crate::build::{self, Blueprint};

fn north(size: usize) -> Site {
    build::site(&Blueprint {
        name: "north".to_owned(),
        size,
        seed: 1,
        intelligence: None,
    })
    .unwrap()
}

#[test]
fn the_oracle_beats_every_baseline_and_all_orders_are_complete() {
    let site = north(1_500);
    let bench = Bench::new(&site, BASE, 2_000, 2);
    assert!(bench.has_loss());
    let oracle = baselines::order(&bench, |index| bench.loss[index]);
    let best = bench.judge(&oracle);
    for baseline in baselines::ALL {
        let mut order = baselines::baseline_order(&bench, baseline);
        let judgement = bench.judge(&order);
        assert!(judgement.share <= best.share + 1e-12, "{}", baseline.name);
        order.sort_unstable();
        assert!(
            order.iter().copied().eq(0..bench.candidates.len()),
            "{}",
            baseline.name
        );
    }
    assert!(best.left < 1.0 && best.share > 0.5);
}

#[test]
fn a_site_without_loss_says_that_there_is_nothing_to_measure() {
    let mut site = north(400);
    for device in &mut site.devices {
        device.entry = None;
    }
    let bench = Bench::new(&site, BASE, 200, 1);
    assert!(!bench.has_loss());
    let folder = tempfile::tempdir().unwrap();
    let part = board::part(&bench, None, folder.path()).unwrap();
    assert!(!part.measured);
    assert!(part.text.contains("Nothing to measure"));
    assert!(!part.text.contains("| EPSS"));
}

/// An engine made of a shell script that prints a prepared answer.
fn script(folder: &std::path::Path, name: &str, body: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The answer of an engine that knows everything.
fn oracle_answer(bench: &Bench<'_>) -> String {
    let site = bench.site;
    let order = baselines::order(bench, |index| bench.loss[index]);
    let name = |pair: Pair| {
        let flaw = site.devices[pair.device as usize].weaknesses[pair.weakness].flaw;
        (
            site.device_id(pair.device as usize),
            site.flaws[flaw].id.clone(),
        )
    };
    let route = |pair: Pair| {
        let laid = site
            .planted
            .iter()
            .find(|laid| laid.steps.last() == Some(&(pair.device, pair.weakness)))?;
        let stone = site.device_id(laid.steps[0].0 as usize);
        let entry = site.device_id(laid.entry as usize);
        Some(serde_json::json!([{"hops": [
            {"from": null, "to": entry},
            {"from": entry, "to": stone},
            {"from": stone, "to": name(pair).0},
        ]}]))
    };
    let pairs: Vec<serde_json::Value> = order
        .iter()
        .map(|&index| {
            let pair = bench.candidates[index];
            let (device, weakness) = name(pair);
            let routes = route(pair);
            serde_json::json!({
                "device": device, "weakness": weakness, "in_cut": routes.is_some(),
                "path": routes, "controls": [{"kind": "patch", "device": device, "weakness": weakness}],
            })
        })
        .collect();
    let devices: Vec<serde_json::Value> = bench
        .truth
        .springboard()
        .iter()
        .enumerate()
        .map(|(number, value)| serde_json::json!({"device": site.device_id(number), "springboard": value}))
        .collect();
    serde_json::json!({"format": "auscult.assessment/1", "pairs": pairs, "devices": devices})
        .to_string()
}

#[test]
fn an_engine_is_run_and_judged_as_a_process() {
    let site = north(900);
    let bench = Bench::new(&site, BASE, 1_500, 2);
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer.json");
    std::fs::write(&answer, oracle_answer(&bench)).unwrap();
    let body = format!(
        "[ \"$1\" = assess ] && [ -s \"$2\" ] && cat {}",
        answer.display()
    );
    let engine = script(folder.path(), "knows-all", &body);
    let assessment = engine::assess(&engine, &bench, folder.path()).unwrap();
    let oracle = baselines::order(&bench, |index| bench.loss[index]);
    assert_eq!(assessment.order, oracle);
    assert_eq!(assessment.others, 0);
    let (all, taken) = assessment.springboard(&bench);
    assert!(all.is_some_and(|r| r > 0.999) && taken.is_some_and(|r| r > 0.999));
    let laid = site.planted.len();
    assert_eq!(assessment.planted(&bench), (laid, laid));
    let (defence, count) = assessment.controls(&site, bench.head());
    assert_eq!(count, bench.head());
    assert!((bench.left(&defence) - bench.judge(&oracle).left).abs() < 1e-12);
}

#[test]
fn an_engine_that_fails_or_cheats_is_an_error() {
    let site = north(300);
    let bench = Bench::new(&site, BASE, 50, 1);
    let folder = tempfile::tempdir().unwrap();
    let device = site.device_id(bench.candidates[0].device as usize);
    let weakness =
        &site.devices[bench.candidates[0].device as usize].weaknesses[bench.candidates[0].weakness];
    let pair = format!(
        "{{\"device\":\"{device}\",\"weakness\":\"{}\"}}",
        site.flaws[weakness.flaw].id
    );
    for (name, body, expected) in [
        ("fails", "echo broken >&2; exit 3".to_owned(), "broken"),
        ("chats", "echo hello".to_owned(), "no JSON"),
        ("other", "echo '{\"format\":\"x\"}'".to_owned(), "format"),
        (
            "twice",
            format!("echo '{{\"format\":\"auscult.assessment/1\",\"pairs\":[{pair},{pair}]}}'"),
            "twice",
        ),
    ] {
        let engine = script(folder.path(), name, &body);
        let error = engine::assess(&engine, &bench, folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains(expected), "{name}: {error:#}");
    }
    let absent = folder.path().join("absent");
    assert!(engine::assess(&absent, &bench, folder.path()).is_err());
}

#[test]
fn a_control_of_a_group_is_one_control_of_each_member() {
    let site = north(900);
    let bench = Bench::new(&site, BASE, 300, 2);
    let folder = tempfile::tempdir().unwrap();
    let pump = site
        .devices
        .iter()
        .find(|device| device.kind.name == "infusion_pump")
        .unwrap();
    let listed = pump.weaknesses.iter().find(|w| w.listed.is_some());
    let flaw = &site.flaws[listed.unwrap().flaw].id;
    let segment = &site.segments[pump.segment].name;
    let answer = serde_json::json!({"format": "auscult.assessment/1", "pairs": [], "devices": [], "controls": [
        {"kind": "patch", "vendor": pump.model.vendor, "product": pump.model.product},
        {"kind": "patch", "weakness": flaw},
        {"kind": "close_service", "class": "infusion_pump", "service": "tcp/80"},
        {"kind": "microsegment", "segment": segment},
        {"kind": "microsegment"},
        {"kind": "patch", "product": "no such product"},
    ]});
    let body = format!("cat <<'E'\n{answer}\nE");
    let engine = script(folder.path(), "controls", &body);
    let assessment = engine::assess(&engine, &bench, folder.path()).unwrap();
    let (defence, count) = assessment.controls(&site, 10);
    // The second names pairs of which the first has already fixed some; the last two name nothing.
    assert!((3..=4).contains(&count), "{count}");
    for (number, device) in site.devices.iter().enumerate() {
        let number = number as u32;
        let ours = device.model.product == pump.model.product;
        for (index, weakness) in device.weaknesses.iter().enumerate() {
            let fixed =
                weakness.listed.is_some() && (ours || site.flaws[weakness.flaw].id == *flaw);
            assert_eq!(defence.patched.contains(&(number, index)), fixed);
        }
        assert_eq!(
            defence.microsegmented.contains(&number),
            device.segment == pump.segment
        );
        for (index, service) in device.services.iter().enumerate() {
            let used = site
                .conversations
                .iter()
                .any(|talk| talk.server == number && usize::from(talk.service) == index);
            let closed = device.kind.name == "infusion_pump" && service.id == "tcp/80" && !used;
            assert_eq!(defence.closed.contains(&(number, index)), closed);
        }
    }
    assert!(!defence.patched.is_empty() && !defence.closed.is_empty());
}
