//! `replay` into a collector, and the commands around a sensor: over a real link, with the real binary.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not known to be tests"
)]

mod common;

use std::collections::BTreeSet;
use std::net::TcpListener;

use auscult_proto::HealthState;
use auscult_proto::observation::Body;
use common::{
    Collector, Received, Running, config, conversations, demo, demo_conversations, healths, output,
    pki, sensor, wait_until,
};
use serde_json::Value;

fn free_port() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn sequences_are_complete(received: &[Received]) {
    let seqs: Vec<u64> = received.iter().map(|one| one.seq).collect();
    let expected: Vec<u64> = (1..=u64::try_from(seqs.len()).unwrap()).collect();
    assert_eq!(seqs, expected);
}

fn facts(received: &[Received]) -> BTreeSet<(String, String)> {
    let facts = received
        .iter()
        .filter_map(|one| match &one.observation.body {
            Body::Fact(fact) => {
                Some((auscult_sensor::words::field(fact.field), fact.value.clone()))
            }
            _ => None,
        });
    facts.collect()
}

fn facts_offline() -> BTreeSet<(String, String)> {
    let (_, found, _) = output(sensor().args(["replay", "--facts"]).arg(demo()));
    let lines = found
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let facts = lines.filter(|line| line["kind"] == "fact");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    facts
        .map(|fact| (text(&fact["field"]), text(&fact["value"])))
        .collect()
}

#[test]
fn a_replay_delivers_everything_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let collector = Collector::start(folder.path(), "127.0.0.1:0".parse().unwrap());
    let config = config(folder.path(), collector.address, "");
    let started = auscult_sensor::clock::wall_ms();
    let (code, _, log) = output(
        sensor()
            .args(["replay", "--config"])
            .arg(&config)
            .arg(demo()),
    );
    assert_eq!(code, 0, "{log}");
    let received = collector.received();
    sequences_are_complete(&received);
    assert_eq!(facts(&received), facts_offline());
    let states: Vec<HealthState> = healths(&received)
        .iter()
        .map(|health| health.state)
        .collect();
    assert_eq!(
        (states.first(), states.last()),
        (Some(&HealthState::Started), Some(&HealthState::Stopped))
    );
    let last = healths(&received).last().copied().unwrap().clone();
    assert_eq!(
        (last.packets, last.dropped_by_kernel, last.no_l2_control),
        (221, 0, false)
    );
    assert!(last.rss_bytes > 0, "{last:?}");
    // Times are of now; no conversation is missing.
    let frames = received
        .iter()
        .filter(|one| !matches!(one.observation.body, Body::Health(_)));
    let latest = frames
        .clone()
        .map(|one| one.observation.last_seen)
        .max()
        .unwrap();
    assert!(
        (started - 5000..=started + 60_000).contains(&latest),
        "{latest} {started}"
    );
    assert!(
        frames
            .clone()
            .all(|one| one.observation.origin.capture_point.as_str() == "north")
    );
    assert!(demo_conversations() > 10);
    assert_eq!(conversations(&received), demo_conversations());
    // What the collector has is gone from the spool.
    let (code, report, _) = output(
        sensor()
            .args(["spool", "inspect", "--json", "--config"])
            .arg(&config),
    );
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((code, &report["waiting"]), (0, &Value::from(0)), "{report}");
}

#[test]
fn a_second_replay_goes_on_with_the_next_sequence_and_loops_repeat_no_fact() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let collector = Collector::start(folder.path(), "127.0.0.1:0".parse().unwrap());
    let config = config(folder.path(), collector.address, "");
    for arguments in [
        &["--loop", "3"][..],
        &["--time", "capture", "--capture-point", "other"],
    ] {
        let (code, _, log) = output(
            sensor()
                .args(["replay", "--config"])
                .arg(&config)
                .args(arguments)
                .arg(demo()),
        );
        assert_eq!(code, 0, "{log}");
    }
    let received = collector.received();
    sequences_are_complete(&received);
    let of = |point: &str| -> Vec<Received> {
        received
            .iter()
            .filter(|one| one.observation.origin.capture_point.as_str() == point)
            .cloned()
            .collect()
    };
    let looped = of("north");
    let count = |all: &[Received]| {
        all.iter()
            .filter(|one| matches!(one.observation.body, Body::Fact(_)))
            .count()
    };
    assert_eq!(count(&looped), count(&of("other")));
    assert_eq!(healths(&looped).last().unwrap().packets, 3 * 221);
    // With the times of the capture nothing, not even health, is of now.
    assert!(
        of("other")
            .iter()
            .all(|one| one.observation.last_seen < 1_767_312_000_000 || one.observation.count == 1)
    );
    assert!(
        of("other")
            .iter()
            .filter(|one| matches!(one.observation.body, Body::Fact(_)))
            .all(|one| one.observation.last_seen < 1_767_312_000_000)
    );
}

#[test]
fn a_collector_that_comes_later_gets_everything() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let address = free_port();
    let admin = free_port();
    let config = config(
        folder.path(),
        address,
        &format!("[admin]\nlisten = \"{admin}\"\n[health]\ninterval = \"200ms\"\n"),
    );
    let status = || output(sensor().args(["status", "--json", "--config"]).arg(&config));
    assert_eq!(status().0, 69);
    let mut replay = Running::start(
        sensor()
            .args(["replay", "--config"])
            .arg(&config)
            .arg(demo()),
    );
    wait_until("observations to wait in the spool", || {
        serde_json::from_str::<Value>(&status().1)
            .is_ok_and(|status| status["spool"]["unsent"].as_u64() > Some(100))
    });
    wait_until(
        "the sensor to be found not healthy without a collector",
        || {
            let (code, _, _) = status();
            assert!(matches!(code, 1 | 75), "{code}");
            code == 1
        },
    );
    let (_, document, _) = status();
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["identity"], common::IDENTITY);
    assert_eq!(document["link"]["connected"], false);
    wait_until("the failure to be named", || {
        let (_, text, _) = output(sensor().args(["status", "--config"]).arg(&config));
        text.contains("refused the connection")
    });
    let collector = Collector::start(folder.path(), address);
    assert_eq!(replay.code(), 0);
    let received = collector.received();
    sequences_are_complete(&received);
    assert_eq!(facts(&received), facts_offline());
}

#[test]
fn a_replay_that_is_stopped_keeps_the_rest_in_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let address = free_port();
    let config = config(folder.path(), address, "");
    let replay = |arguments: &[&str]| {
        Running::start(
            sensor()
                .args(["replay", "--config"])
                .arg(&config)
                .args(arguments)
                .arg(demo()),
        )
    };
    let waiting = || {
        let (_, report, _) = output(
            sensor()
                .args(["spool", "inspect", "--json", "--config"])
                .arg(&config),
        );
        serde_json::from_str::<Value>(&report)
            .ok()
            .and_then(|report| report["waiting"].as_u64())
            .unwrap_or(0)
    };
    let mut first = replay(&[]);
    wait_until("everything to be in the spool", || waiting() > 250);
    first.terminate();
    assert_eq!(first.code(), 1, "the collector does not have everything");
    let left = waiting();
    let collector = Collector::start(folder.path(), address);
    assert_eq!(replay(&["--pace", "100"]).code(), 0);
    let received = collector.received();
    sequences_are_complete(&received);
    assert!(u64::try_from(received.len()).unwrap() > left);
    assert_eq!(
        healths(&received)
            .iter()
            .filter(|health| health.state == HealthState::Stopped)
            .count(),
        2
    );
}

#[test]
fn every_fault_of_a_configuration_is_printed_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    std::fs::write(
        &path,
        "[collector]\naddress = 1\n[spool]\nbytes = \"1\"\n[sandbox]\nmode = \"no\"\n",
    )
    .unwrap();
    for arguments in [&["check"][..], &["run"], &["replay", "x.pcap"]] {
        let (code, out, errors) = output(sensor().args(arguments).arg("--config").arg(&path));
        let all = out + &errors;
        assert_eq!(code, 64, "{all}");
        for fault in [
            "bad.toml:2: collector.address",
            "bad.toml:1: collector.key",
            "bad.toml:4: spool.bytes",
            "bad.toml:6: sandbox.mode",
        ] {
            assert!(all.contains(fault), "{arguments:?} {fault}: {all}");
        }
    }
}

#[test]
fn check_says_who_we_are_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let address = free_port();
    let more = "[[capture]]\ninterface = \"auscult-none\"\n[[capture]]\ninterface = \"lo\"\nfilter = \"port 104\"\n";
    let path = config(folder.path(), address, more);
    let (code, text, _) = output(sensor().args(["check", "--config"]).arg(&path));
    assert!(
        text.contains(&format!("ok     certificate: we are {}", common::IDENTITY)),
        "{text}"
    );
    assert!(
        text.contains("FAULT  capture point auscult-none: interface auscult-none"),
        "{text}"
    );
    assert!(code == 69 || code == 77, "{code}");
    std::fs::write(folder.path().join("sensor.pem"), "nothing").unwrap();
    let (code, json, _) = output(sensor().args(["check", "--json", "--config"]).arg(&path));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["ok"]), (64, &Value::Bool(false)));
    let certificate = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["what"] == "certificate")
        .unwrap();
    assert_eq!(certificate["ok"], false, "{certificate}");
    std::fs::write(&path, "[spool]\nbytes = \"much\"\n").unwrap();
    let (code, json, _) = output(sensor().args(["check", "--json", "--config"]).arg(&path));
    let json: Value = serde_json::from_str(&json).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let fault = findings.iter().find(|f| f["key"] == "spool.bytes").unwrap();
    assert_eq!((code, &fault["line"]), (64, &Value::from(2)), "{fault}");
    assert_eq!(fault["what"], "configuration");
    let (file, detail) = (fault["file"].as_str(), fault["detail"].as_str().unwrap());
    assert_eq!(file, path.to_str());
    assert!(!detail.contains("sensor.toml"), "{detail}");
}

#[test]
fn every_fault_of_the_credentials_is_told_at_once_and_a_replay_does_not_wait_for_them() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let capture = "[[capture]]\ninterface = \"lo\"\n";
    let config = config(folder.path(), free_port(), capture);
    std::fs::write(folder.path().join("sensor.pem"), "nothing").unwrap();
    std::fs::remove_file(folder.path().join("sensor.key")).unwrap();
    std::fs::copy(
        folder.path().join("collector.key"),
        folder.path().join("roots.pem"),
    )
    .unwrap();
    let replay = || {
        output(
            sensor()
                .args(["replay", "--config"])
                .arg(&config)
                .arg(demo()),
        )
    };
    let (code, _, log) = replay();
    assert_eq!(code, 64, "{log}");
    let (_, checked, _) = output(sensor().args(["check", "--config"]).arg(&config));
    for text in [&log, &checked] {
        for fault in ["sensor.pem holds no certificate", "sensor.key", "roots.pem"] {
            assert!(text.contains(fault), "{fault}: {text}");
        }
    }
    // Each is what it should be, and they do not belong together.
    pki(folder.path());
    std::fs::copy(
        folder.path().join("collector.key"),
        folder.path().join("sensor.key"),
    )
    .unwrap();
    let (code, _, log) = replay();
    assert_eq!(code, 64, "{log}");
    assert!(log.contains("does not belong to the certificate"), "{log}");
    assert!(
        !folder.path().join("spool").try_exists().unwrap(),
        "nothing was begun: {log}"
    );
}

#[test]
fn two_sensors_do_not_share_a_spool() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let address = free_port();
    let config = config(folder.path(), address, "");
    let _first = Running::start(
        sensor()
            .args(["replay", "--config"])
            .arg(&config)
            .arg(demo()),
    );
    wait_until("the spool to be made", || {
        folder.path().join("spool/mark").is_file()
    });
    let (code, _, log) = output(
        sensor()
            .args(["replay", "--config"])
            .arg(&config)
            .arg(demo()),
    );
    assert_eq!(code, 69);
    assert!(log.contains("is in use by process"), "{log}");
    let missing = folder.path().join("nothing");
    let (code, _, log) = output(sensor().args(["spool", "inspect", "--dir"]).arg(&missing));
    assert_eq!(code, 66, "{log}");
    assert_eq!(log.matches("No such file").count(), 1, "{log}");
}

#[test]
fn a_spool_is_not_delivered_as_another_sensors() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let address = free_port();
    let more = "[sandbox]\nmode = \"off\"\n[[capture]]\ninterface = \"lo\"\n";
    let config = config(folder.path(), address, more);
    let first = Running::start(
        sensor()
            .args(["replay", "--config"])
            .arg(&config)
            .arg(demo()),
    );
    let inspected = || {
        let mut inspect = sensor();
        inspect.args(["spool", "inspect", "--json", "--config"]);
        let (_, report, _) = output(inspect.arg(&config));
        serde_json::from_str::<Value>(&report).unwrap_or_default()
    };
    wait_until("something to wait in the spool", || {
        inspected()["waiting"].as_u64() > Some(0)
    });
    // Killed, as by the power.
    drop(first);
    common::pki_of(folder.path(), "spiffe://auscult.test/site/other/sensor/o1");
    for arguments in [&["replay"][..], &["check"]] {
        let mut command = sensor();
        command.args(arguments).arg("--config").arg(&config);
        if arguments == ["replay"] {
            command.arg(demo());
        }
        let (code, said, log) = output(&mut command);
        let said = format!("{said}{log}");
        assert!(
            code == 64 || arguments == ["check"] && code != 0,
            "{code}: {said}"
        );
        for word in ["main/one", "other/o1", "remove this folder"] {
            assert!(said.contains(word), "{arguments:?}: {word}: {said}");
        }
    }
    let report = inspected();
    assert_eq!(
        (&report["site"], &report["sensor"]),
        (&"main".into(), &"one".into())
    );
    // Another certificate of the same sensor, and another authority with it.
    pki(folder.path());
    let collector = Collector::start(folder.path(), address);
    let (code, _, log) = output(
        sensor()
            .args(["replay", "--config"])
            .arg(&config)
            .arg(demo()),
    );
    assert_eq!(code, 0, "{log}");
    sequences_are_complete(&collector.received());
}
