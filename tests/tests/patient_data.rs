//! No byte of a patient leaves: a capture full of canaries goes through a sensor and a collector as they are, and every byte they write
//! anywhere is searched for them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use auscult_log::{StartAt, Topic, embedded};
use auscult_tests::process::{Process, binaries, eventually};
use auscult_tests::trial::{LogKind, Ports, Trial, http_get};

/// Everything written, by where.
type Outputs = BTreeMap<String, Vec<u8>>;

/// The canaries of a capture.
struct Canaries {
    tokens: BTreeSet<Vec<u8>>,
    prefix: [u8; 2],
    length: usize,
}

impl Canaries {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let tokens: BTreeSet<Vec<u8>> = text
            .lines()
            .skip(1)
            .filter_map(|line| line.split('\t').next())
            .map(|token| token.to_ascii_lowercase().into_bytes())
            .collect();
        let first = tokens.first().expect("canaries").clone();
        let (prefix, length) = ([first[0], first[1]], first.len());
        assert!(
            tokens
                .iter()
                .all(|token| token.starts_with(&prefix) && token.len() == length),
            "the search below goes by prefix and length"
        );
        Self {
            tokens,
            prefix,
            length,
        }
    }

    /// The distinct canaries in these bytes, whatever the case, as they are or in UTF-16.
    fn found(&self, bytes: &[u8]) -> BTreeSet<&[u8]> {
        let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        let mut found = BTreeSet::new();
        for haystack in [bytes.to_ascii_lowercase(), narrow.to_ascii_lowercase()] {
            for window in haystack.windows(self.length) {
                if window.starts_with(&self.prefix)
                    && let Some(token) = self.tokens.get(window)
                {
                    found.insert(token.as_slice());
                }
            }
        }
        found
    }
}

fn run(program: &str, arguments: &[&str], dir: &Path) -> Vec<u8> {
    let output = Command::new(binaries().unwrap().join(program))
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&said)
    );
    said
}

fn sensor_config(trial: &Trial, link: u16, admin: u16) -> PathBuf {
    let certificates = trial.issue("canary", "span").unwrap();
    let certificates = certificates.display();
    let text = format!(
        "[collector]\naddress = \"localhost:{link}\"\ncertificate = \"{certificates}/cert.pem\"\n\
         key = \"{certificates}/key.pem\"\nroots = \"{certificates}/roots.pem\"\n[spool]\ndir = \"spool\"\n\
         [admin]\nlisten = \"127.0.0.1:{admin}\"\n[log]\nfilter = \"trace\"\n[sandbox]\nmode = \"off\"\n"
    );
    let path = trial.dir.join("sensor.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Plays the capture into the collector, and keeps what the sensor's endpoints say meanwhile.
fn play(trial: &Trial, config: &Path, admin: u16, capture: &str, outputs: &mut Outputs) {
    let arguments = [
        "replay",
        "--config",
        &config.to_string_lossy(),
        "--pace",
        "20",
        capture,
    ];
    let mut sensor = Process::start("sensor", "auscult-sensor", &arguments, &trial.dir).unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while sensor.running().unwrap() && Instant::now() < until {
        for path in ["/metrics", "/status", "/ready"] {
            if let Ok((_, text)) = http_get(admin, path) {
                outputs.insert(format!("sensor {path}"), text.into_bytes());
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let code = sensor.wait(Duration::ZERO).unwrap();
    assert_eq!(code, 0, "{}", sensor.tail(20));
    outputs.insert("sensor log".to_owned(), std::fs::read(&sensor.log).unwrap());
    let mut spooled = Vec::new();
    for entry in std::fs::read_dir(trial.dir.join("spool")).unwrap() {
        spooled.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    outputs.insert("spool".to_owned(), spooled);
}

/// Every record of every topic: keys, headers and values. The collector has ended.
fn topics(dir: &Path, outputs: &mut Outputs) {
    for topic in Topic::ALL {
        let mut reader = embedded::open_reader(dir, topic, StartAt::Beginning).unwrap();
        let mut bytes = Vec::new();
        while let Some(stored) = reader.next(Duration::from_millis(200)).unwrap() {
            bytes.extend_from_slice(&stored.message.key);
            bytes.extend_from_slice(stored.message.value.as_deref().unwrap_or_default());
            for (name, value) in &stored.message.headers {
                bytes.extend_from_slice(name.as_bytes());
                bytes.extend_from_slice(value);
            }
        }
        outputs.insert(topic.name().to_owned(), bytes);
    }
}

#[test]
fn no_canary_leaves_through_anything_that_sensor_or_collector_write() {
    let dir = tempfile::tempdir().unwrap();
    run("wire", &["demonstrate", "--out", "wire"], dir.path());
    let canaries = Canaries::read(&dir.path().join("wire/canaries.tsv"));
    let capture = "wire/demonstration.pcap";
    let captured = std::fs::read(dir.path().join(capture)).unwrap();
    let there = canaries.found(&captured).len();
    assert_eq!(
        there,
        canaries.tokens.len(),
        "the search finds what is there"
    );

    let mut outputs = Outputs::new();
    for (name, arguments) in [
        ("facts", vec!["replay", "--facts", capture]),
        ("table", vec!["replay", capture]),
        ("summary", vec!["replay", "--json", capture]),
    ] {
        outputs.insert(
            name.to_owned(),
            run("auscult-sensor", &arguments, dir.path()),
        );
    }

    let trial = Trial::new(dir.path(), LogKind::Embedded).unwrap();
    let ports = Ports::free().unwrap();
    let config = trial
        .collector_config("collector", ports, "[log]\nfilter = \"trace\"\n")
        .unwrap();
    let mut collector = trial.start("collector", "all", &config).unwrap();
    let ready = || {
        http_get(ports.admin, "/ready")
            .ok()
            .filter(|(code, _)| *code == 200)
    };
    eventually("the collector is ready", Duration::from_secs(60), ready).unwrap();
    let admin = Ports::free().unwrap().admin;
    let sensor = sensor_config(&trial, ports.link, admin);
    play(&trial, &sensor, admin, capture, &mut outputs);
    let (_, metrics) = http_get(ports.admin, "/metrics").unwrap();
    outputs.insert("collector /metrics".to_owned(), metrics.into_bytes());
    let code = collector.stop(Duration::from_secs(60)).unwrap();
    assert_eq!(code, 0, "{}", collector.tail(20));
    outputs.insert(
        "collector log".to_owned(),
        std::fs::read(&collector.log).unwrap(),
    );
    topics(&dir.path().join("log"), &mut outputs);

    // What is no patient's did leave: the outputs are the real ones.
    let text = |name: &str| String::from_utf8_lossy(&outputs[name]).into_owned();
    for name in [
        "facts",
        "spool",
        Topic::Observations.name(),
        Topic::Inventory.name(),
    ] {
        assert!(
            text(name).contains("PLUM360-16004711"),
            "{name} has no device in it"
        );
    }
    for name in [
        "sensor log",
        "collector log",
        "sensor /metrics",
        "collector /metrics",
    ] {
        assert!(outputs[name].len() > 1_000, "{name} is all but empty");
    }
    for (name, bytes) in &outputs {
        let leaked: Vec<_> = canaries
            .found(bytes)
            .into_iter()
            .map(String::from_utf8_lossy)
            .collect();
        assert!(leaked.is_empty(), "{name} holds {leaked:?}");
    }
    println!(
        "{there} canaries in, 0 out: {} outputs, {} bytes searched",
        outputs.len(),
        outputs.values().map(Vec::len).sum::<usize>()
    );
}
