//! `run` on a real interface: a veth pair in a network namespace of its own. Needs root, ip(8), unshare(1) and tcpreplay(1).
//!
//! Each test starts itself again within a new network namespace, where the collector, the sensor and both ends of the pair live.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are not known to be tests"
)]

mod common;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use auscult_proto::HealthState;
use auscult_proto::observation::Body;
use common::{
    Collector, Running, config, conversations, demo, demo_conversations, healths, output, pki,
    sensor, wait_until,
};
use serde_json::Value;

const INSIDE: &str = "AUSCULT_LIVE_INSIDE";

/// Runs `test` within a network namespace that ends with it.
fn in_a_namespace(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        test();
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED {name}: making a network namespace and capturing need root");
        return;
    }
    for tool in ["unshare", "ip", "tcpreplay"] {
        if Command::new(tool).arg("--version").output().is_err() {
            eprintln!(
                "SKIPPED {name}: {tool} is not installed (apt-get install util-linux iproute2 tcpreplay)"
            );
            return;
        }
    }
    let status = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{name} within the namespace");
}

fn ip(arguments: &str) -> String {
    let done = Command::new("ip")
        .args(arguments.split_whitespace())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "ip {arguments}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap()
}

/// A pair whose ends have no addresses, so that the kernel has nothing to send.
fn make_pair() {
    for end in ["all", "default"] {
        let setting = format!("/proc/sys/net/ipv6/conf/{end}/disable_ipv6");
        if std::fs::write(&setting, "1").is_err() {
            eprintln!(
                "IPv6 cannot be switched off here: the kernel may send on the pair by itself"
            );
        }
    }
    ip("link set lo up");
    ip("link add va type veth peer name vb");
    ip("link set va up");
    ip("link set vb up");
}

/// Frames that arrived at the far end, which is what the sensor's side sent.
fn frames_sent_by_the_sensor() -> u64 {
    let json: Value = serde_json::from_str(&ip("-json -s link show vb")).unwrap();
    json[0]["stats64"]["rx"]["packets"].as_u64().unwrap()
}

struct Site {
    _folder: tempfile::TempDir,
    config: PathBuf,
    collector: Collector,
}

fn site(more: &str) -> Site {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path());
    let collector = Collector::start(folder.path(), "127.0.0.1:0".parse().unwrap());
    let text = format!(
        "[[capture]]\ninterface = \"va\"\nname = \"span\"\nbuffer = \"4MiB\"\nwait = \"5s\"\n[health]\ninterval = \"200ms\"\n{more}"
    );
    let config = config(folder.path(), collector.address, &text);
    Site {
        _folder: folder,
        config,
        collector,
    }
}

fn run(site: &Site) -> Running {
    Running::start(sensor().args(["run", "--config"]).arg(&site.config))
}

#[test]
fn a_silent_link_has_a_heartbeat_and_the_sensor_sends_nothing() {
    in_a_namespace(
        "a_silent_link_has_a_heartbeat_and_the_sensor_sends_nothing",
        || {
            make_pair();
            let site = site("no_traffic_after = \"400ms\"\n[sandbox]\nuser = \"65534:65534\"\n");
            // The sensor becomes nobody: what it reads must be readable, what it writes it is given.
            let folder = site.config.parent().unwrap();
            let open = |path: PathBuf, mode| {
                std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
                    .unwrap()
            };
            open(folder.to_owned(), 0o755);
            for entry in std::fs::read_dir(folder).unwrap() {
                open(entry.unwrap().path(), 0o644);
            }
            let mut sensor_run = run(&site);
            let received = site
                .collector
                .wait_for("five healths on a silent link", |all| {
                    healths(all).len() >= 5
                });
            let silent = healths(&received);
            assert_eq!(silent[0].state, HealthState::Started);
            assert!(silent.iter().all(|health| health.packets == 0));
            assert!(
                silent[4].cert_not_after > 0 && silent[4].spool_bytes > 0,
                "{:?}",
                silent[4]
            );
            site.collector
                .wait_for("silence to be called silence", |all| {
                    healths(all)
                        .last()
                        .is_some_and(|health| health.state == HealthState::NoTraffic)
                });
            let (code, text, _) = output(sensor().args(["status", "--config"]).arg(&site.config));
            assert_eq!(code, 1, "a port without traffic is not healthy");
            assert!(text.contains("no_traffic"), "{text}");
            let (_, json, _) = output(
                sensor()
                    .args(["status", "--json", "--config"])
                    .arg(&site.config),
            );
            let status: Value = serde_json::from_str(&json).unwrap();
            let applied = status["sandbox"].to_string();
            assert!(
                applied.contains("no capabilities as uid 65534") && applied.contains("landlock"),
                "{applied}"
            );
            sensor_run.terminate();
            assert_eq!(sensor_run.code(), 0);
            site.collector.wait_for("the goodbye", |all| {
                healths(all)
                    .last()
                    .is_some_and(|health| health.state == HealthState::Stopped)
            });
            assert_eq!(frames_sent_by_the_sensor(), 0);
        },
    );
}

/// As deploy/sensor/auscult-sensor.service starts it: an ordinary user with one capability and no way to more.
#[test]
fn the_services_one_capability_is_enough_to_listen_and_is_given_up() {
    in_a_namespace(
        "the_services_one_capability_is_enough_to_listen_and_is_given_up",
        || {
            if Command::new("setpriv").arg("--version").output().is_err() {
                eprintln!("SKIPPED: setpriv is not installed (apt-get install util-linux)");
                return;
            }
            make_pair();
            let site = site("");
            let folder = site.config.parent().unwrap();
            let nobody = Some(65_534);
            std::fs::create_dir(folder.join("spool")).unwrap();
            for entry in std::fs::read_dir(folder).unwrap() {
                std::os::unix::fs::chown(entry.unwrap().path(), nobody, nobody).unwrap();
            }
            std::os::unix::fs::chown(folder, nobody, nobody).unwrap();
            let program = sensor().get_program().to_owned();
            // The program itself may lie where nobody but its builder can read.
            std::fs::copy(program, folder.join("auscult-sensor")).unwrap();
            let mut service = Command::new("setpriv");
            service
                .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
                .args(["--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw"])
                .args(["--bounding-set=-all,+net_raw", "--no-new-privs"])
                .arg(folder.join("auscult-sensor"))
                .args(["run", "--config"])
                .arg(&site.config);
            let mut running = Running::start(&mut service);
            site.collector
                .wait_for("the sensor to listen", |all| healths(all).len() >= 2);
            let (_, json, _) = output(
                sensor()
                    .args(["status", "--json", "--config"])
                    .arg(&site.config),
            );
            let status: Value = serde_json::from_str(&json).unwrap();
            let applied = status["sandbox"].to_string();
            assert!(
                applied.contains("no capabilities as uid 65534"),
                "{applied}"
            );
            running.terminate();
            assert_eq!(running.code(), 0);
        },
    );
}

#[test]
fn what_is_on_the_wire_reaches_the_collector_within_300_ms() {
    in_a_namespace(
        "what_is_on_the_wire_reaches_the_collector_within_300_ms",
        || {
            make_pair();
            let site = site("");
            let mut sensor_run = run(&site);
            site.collector
                .wait_for("the sensor to listen", |all| healths(all).len() >= 2);
            let mut frames = 0;
            for _ in 0..3 {
                let played = Command::new("tcpreplay")
                    .args(["-i", "vb", "--pps", "100"])
                    .arg(demo())
                    .output()
                    .unwrap();
                assert!(
                    played.status.success(),
                    "{}",
                    String::from_utf8_lossy(&played.stderr)
                );
                frames += 221;
            }
            let received = site.collector.wait_for("every frame to be counted", |all| {
                healths(all)
                    .last()
                    .is_some_and(|health| health.packets >= frames)
            });
            assert_eq!(healths(&received).last().unwrap().packets, frames);
            let mut delays: Vec<i64> = received
                .iter()
                .filter(|one| {
                    matches!(
                        one.observation.body,
                        Body::Fact(_) | Body::Binding(_) | Body::Heartbeat(_)
                    )
                })
                .map(|one| one.at_ms - one.observation.last_seen)
                .collect();
            delays.sort_unstable();
            assert!(delays.len() > 200, "{}", delays.len());
            let at = |percent: usize| delays[delays.len() * percent / 100];
            println!(
                "frame to collector: p50 {} ms, p95 {} ms, p99 {} ms, {} observations",
                at(50),
                at(95),
                at(99),
                delays.len()
            );
            assert!(at(95) < 300, "p95 {} ms", at(95));
            sensor_run.terminate();
            assert_eq!(sensor_run.code(), 0);
            assert_eq!(frames_sent_by_the_sensor(), 0);
            assert_eq!(
                conversations(&site.collector.received()),
                demo_conversations()
            );
        },
    );
}

#[test]
fn a_confined_sensor_whose_interface_goes_ends_for_the_service_manager() {
    in_a_namespace(
        "a_confined_sensor_whose_interface_goes_ends_for_the_service_manager",
        || {
            make_pair();
            let site = site("");
            let mut sensor_run = run(&site);
            site.collector
                .wait_for("the sensor to listen", |all| healths(all).len() >= 2);
            ip("link delete va");
            assert_eq!(sensor_run.code(), 69);
            site.collector.wait_for("the goodbye", |all| {
                healths(all)
                    .last()
                    .is_some_and(|health| health.state == HealthState::Stopped)
            });
            let (code, _, log) = output(sensor().args(["run", "--config"]).arg(&site.config));
            assert_eq!(code, 69);
            assert!(log.contains("interface va"), "{log}");
        },
    );
}

#[test]
fn a_sensor_that_kept_its_capability_opens_the_interface_again() {
    in_a_namespace(
        "a_sensor_that_kept_its_capability_opens_the_interface_again",
        || {
            make_pair();
            let site = site("[sandbox]\nmode = \"off\"\n");
            let mut sensor_run = run(&site);
            site.collector
                .wait_for("the sensor to listen", |all| healths(all).len() >= 2);
            ip("link delete va");
            std::thread::sleep(Duration::from_millis(500));
            make_pair();
            wait_until("a frame from the new interface", || {
                let played = Command::new("tcpreplay")
                    .args(["-i", "vb", "--pps", "1000"])
                    .arg(demo())
                    .output()
                    .unwrap();
                assert!(played.status.success());
                site.collector
                    .received()
                    .iter()
                    .any(|one| matches!(one.observation.body, Body::Fact(_)))
            });
            sensor_run.terminate();
            assert_eq!(sensor_run.code(), 0);
        },
    );
}
