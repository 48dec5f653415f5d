//! People ask about the sites that an engine follows, while it runs and when nobody does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use auscult_log::Log;
use serde_json::{Value, json};

use crate::stage::{Engine, Finding, Stage};
use crate::story::{FIRST, SECOND, ward};
use crate::ward::{START, Sensor, flaw, record, with_epss, with_kev};

/// The program, with a configuration that says where the log is.
struct Program {
    config: PathBuf,
}

impl Program {
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_auscult-collector"))
            .arg("--config")
            .arg(&self.config)
            .args(args)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    fn text(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!(code, 0, "{args:?}: {err}");
        out
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.push("--json");
        serde_json::from_str(&self.text(&args)).unwrap()
    }

    /// Bad arguments, and what was said of them.
    fn refused(&self, args: &[&str]) -> String {
        let (code, _, err) = self.run(args);
        assert_eq!(code, 64, "{args:?}: {err}");
        err
    }
}

/// The open weaknesses of a site, by device and weakness.
fn open_of<'a>(stage: &'a Stage, site: &str) -> BTreeMap<(String, String), &'a Finding> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    stage
        .held
        .values()
        .filter(|one| one.key.starts_with("vf:") && one.get("/unmapped/auscult/site") == site)
        .map(|one| {
            let device = text(one.get("/resources/0/uid"));
            ((device, text(one.get("/unmapped/auscult/weakness"))), one)
        })
        .collect()
}

/// The list that is shown is the list that was told, with the same numbers.
fn assert_as_told(stage: &Stage, answer: &Value, site: &str) {
    let open = open_of(stage, site);
    assert!(!open.is_empty());
    let pairs = answer["pairs"].as_array().unwrap();
    assert_eq!(answer["site"], site);
    let mut shown = std::collections::BTreeSet::new();
    for pair in pairs {
        let text = |key: &str| pair[key].as_str().unwrap().to_owned();
        let name = (text("device"), text("weakness"));
        let told = open.get(&name);
        assert!(told.is_some(), "{name:?} was not told");
        let told = told.unwrap();
        shown.insert(name.clone());
        // Of several services the worst was told.
        let risk = told.get("/unmapped/auscult/risk");
        if risk["rank"] != pair["rank"] {
            continue;
        }
        for number in ["score", "likelihood", "impact", "through", "annual"] {
            assert_eq!(risk[number], pair[number], "{number} of {name:?}");
        }
        assert_eq!(told.get("/unmapped/auscult/ssvc"), &pair["ssvc"]);
        assert_eq!(told.get("/unmapped/auscult/bod_26_04"), &pair["bod_26_04"]);
        let environmental = &pair["cvss_environmental"];
        assert!(environmental.is_object());
        let of_cve = told.get("/vulnerabilities/0/cve/cvss").as_array();
        let cvss = of_cve.or_else(|| told.get("/unmapped/auscult/cvss").as_array());
        let newest = cvss.unwrap().last().unwrap();
        assert_eq!(newest["depth"], "Environmental");
        assert_eq!(newest["overall_score"], environmental["score"]);
        assert_eq!(newest["vector_string"], environmental["vector"]);
        assert_eq!(
            answer["names"][&name.0],
            told.get("/resources/0/ip").clone()
        );
    }
    assert_eq!(shown, open.keys().cloned().collect());
}

fn assert_spread(stage: &Stage, answer: &Value) {
    let spreads = answer["spreads"].as_array().unwrap();
    let first: Vec<&Value> = spreads
        .iter()
        .filter(|it| it["weakness"] == FIRST)
        .collect();
    assert_eq!(first.len(), 1, "one statement: {answer:#}");
    let own: Vec<&Finding> = ["main", "north"]
        .into_iter()
        .flat_map(|site| open_of(stage, site))
        .filter(|((_, weakness), _)| weakness == FIRST)
        .map(|(_, one)| one)
        .collect();
    let it = first[0];
    assert_eq!(it["uid"], format!("spread:{FIRST}"));
    assert_eq!(it["devices"], own.len());
    assert_eq!(it["sites"].as_array().unwrap().len(), 2);
    assert_eq!(it["known_exploited"], true);
    let score = |one: &Finding| one.get("/unmapped/auscult/risk/score").as_f64().unwrap();
    let sum: f64 = own.iter().map(|one| score(one)).sum();
    assert!((it["score"].as_f64().unwrap() - sum).abs() < 1e-5);
    let worst = own.iter().map(|one| score(one)).fold(0.0, f64::max);
    assert!((it["worst"]["score"].as_f64().unwrap() - worst).abs() < 1e-6);
}

/// What changes and measures would do, without a word of it told.
fn assert_tried(program: &Program, device: &str) {
    let patch = format!("{device}/{FIRST}");
    let said = program.refused(&["risk", "what-if", "--patch", &patch]);
    assert!(
        said.contains("--site") && said.contains("main, north"),
        "{said}"
    );
    let tried = program.json(&["risk", "what-if", "--site", "main", "--patch", &patch]);
    let loss = |key: &str| tried[key].as_f64().unwrap();
    assert!(loss("loss_after") < loss("loss_before"), "{tried:#}");
    let left = tried["left"].as_array().unwrap();
    assert!(left.iter().any(|pair| pair[1] == FIRST), "{tried:#}");
    let plan = program.json(&["risk", "controls", "--site", "main", "--budget", "2"]);
    assert!(!plan["controls"].as_array().unwrap().is_empty());
    let boards = program.json(&["risk", "springboards", "--site", "north"]);
    assert_eq!(boards["site"], "north");
    assert!(!boards["springboards"].as_array().unwrap().is_empty());
}

/// `config` says where the log is; it is written into `dir`.
pub(crate) fn asked(open: &dyn Fn() -> Arc<dyn Log>, dir: &Path, config: &str) {
    let path = dir.join("collector.toml");
    std::fs::write(&path, config).unwrap();
    let program = Program { config: path };
    let mut stage = Stage::new(open());
    let (code, _, said) = program.run(&["risk", "top"]);
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("no site has been folded yet"), "{said}");
    let none = program.text(&["risk", "spread"]);
    assert!(none.contains("no weakness on 2 sites or more"), "{none}");

    let listed = with_kev(with_epss(flaw(FIRST), START, 900_000_000), START);
    stage.append([
        record(listed),
        record(with_epss(flaw(SECOND), START, 4_000_000)),
    ]);
    let engine = Engine::start(&stage.log);
    for site in ["main", "north"] {
        let mut sensor = Sensor::of(site);
        sensor.application(3, "BEDSIDE");
        stage.append([ward(&mut sensor)]);
    }
    stage.told(2);

    for site in ["main", "north"] {
        let answer = program.json(&["risk", "top", "--site", site]);
        assert_as_told(&stage, &answer, site);
    }
    for question in ["top", "springboards"] {
        let one = |site| program.json(&["risk", question, "--site", site]);
        assert_eq!(
            program.json(&["risk", question]),
            json!({ "sites": [one("main"), one("north")] })
        );
    }
    let everything = program.text(&["risk", "top"]);
    assert!(everything.contains("site main\n") && everything.contains("site north\n"));
    let spread = program.json(&["risk", "spread"]);
    assert_spread(&stage, &spread);
    assert!(program.text(&["risk", "spread"]).contains("main / "));

    let said = program.refused(&["risk", "top", "--site", "south"]);
    assert!(said.contains("there are main, north"), "{said}");
    let pump = "10.0.0.3";
    let said = program.refused(&["risk", "explain", pump]);
    assert!(said.contains("both have such a device"), "{said}");
    let said = program.refused(&["risk", "explain", "10.0.0.99"]);
    assert!(said.contains("none of the 2 sites"), "{said}");
    let text = program.text(&["risk", "explain", pump, "--site", "main"]);
    assert!(text.contains(FIRST) && text.contains("way 1"), "{text}");
    // As the inventory shows it: by its application's name, and by the beginning of its identifier.
    let id = program.json(&["risk", "explain", pump, "--site", "main"])["device"]["device"].clone();
    let short: String = id.as_str().unwrap().chars().take(8).collect();
    for name in ["BEDSIDE", short.as_str()] {
        let table = program.text(&["inventory", "--site", "main"]);
        assert!(table.contains(name), "{name}: {table}");
        let answer = program.json(&["risk", "explain", name, "--site", "main"]);
        assert_eq!(answer["device"]["device"], id, "{name}");
    }
    let weakness = format!("BEDSIDE/{FIRST}");
    program.text(&["risk", "what-if", "--site", "main", "--patch", &weakness]);
    // By the name that its record has, in whichever site it is.
    let north = open_of(&stage, "north");
    let ((device, _), finding) = north.iter().find(|(name, _)| name.1 == FIRST).unwrap();
    let answer = program.json(&["risk", "explain", &finding.key]);
    assert_eq!(answer["site"], "north");
    assert_eq!(answer["pairs"][0]["device"], json!(device));
    assert_eq!(
        answer["pairs"][0]["score"],
        *finding.get("/unmapped/auscult/risk/score")
    );
    assert_tried(&program, pump);

    let told = stage.told(0);
    assert!(told.is_empty(), "asking told {} findings", told.len());
    let before = program.text(&["risk", "top", "--json"]);
    engine.stop();
    drop(stage);
    // Nobody holds the log: the same answer, to the last bit.
    assert_eq!(program.text(&["risk", "top", "--json"]), before);
    assert_eq!(program.json(&["risk", "spread"]), spread);
    assert_decided(&program, open);
}

/// Nobody holds the log: people decide, and the engine tells it when it runs again.
fn assert_decided(program: &Program, open: &dyn Fn() -> Arc<dyn Log>) {
    let pump = format!("10.0.0.3/{FIRST}");
    let accept = [
        "risk", "accept", &pump, "--site", "main", "--by", "A. Meier",
    ];
    let until = |day: &'static str| [&accept[..], &["--until", day]].concat();
    for day in ["soon", "2020-01-01", "2099-02-30"] {
        let said = program.refused(&until(day));
        assert!(said.contains("write a day to come"), "{said}");
    }
    let said = program.refused(&["risk", "withdraw", "10.0.0.3", "--site", "main"]);
    assert!(
        said.contains("is a device; write DEVICE/WEAKNESS"),
        "{said}"
    );
    let said = program.refused(&["risk", "withdraw", &pump, "--site", "main"]);
    assert!(said.contains("nobody has accepted it"), "{said}");
    let loss = |answer: &Value| answer["summary"]["loss"].as_f64().unwrap();
    let before = program.json(&["risk", "top", "--site", "main"]);
    let said = program.text(&until("2099-12-31"));
    assert!(
        said.contains("accepted until 2099-12-31 by A. Meier"),
        "{said}"
    );
    // It stays in the assessment and leaves the list.
    let after = program.json(&["risk", "top", "--site", "main"]);
    assert_eq!(loss(&before), loss(&after));
    let device = program.json(&["risk", "explain", &pump, "--site", "main"]);
    let device = device["pairs"][0]["device"].as_str().unwrap().to_owned();
    let listed = |answer: &Value| {
        let pairs = answer["pairs"].as_array().unwrap();
        pairs
            .iter()
            .any(|pair| pair["device"] == device.as_str() && pair["weakness"] == FIRST)
    };
    assert!(listed(&before) && !listed(&after));

    let key = format!("vf:{device}:{FIRST}");
    let last = |told: &[Finding]| {
        let last = told.iter().rev().find(|one| one.key == key);
        last.unwrap().clone()
    };
    let mut stage = Stage::new(open());
    // What was told before.
    stage.told(1);
    let engine = Engine::start(&stage.log);
    let closed = last(&stage.told(1));
    assert_eq!(closed.activity(), "Close");
    assert_eq!(closed.get("/status_detail"), "accepted");
    assert_eq!(closed.cause()["kind"], "decision");
    assert_eq!(
        closed.cause()["after"],
        "accepted until 2099-12-31 by A. Meier"
    );
    assert!(!stage.held.contains_key(&key));
    engine.stop();
    drop(stage);
    program.text(&["risk", "withdraw", &pump, "--site", "main"]);
    let mut stage = Stage::new(open());
    stage.told(1);
    let engine = Engine::start(&stage.log);
    let back = last(&stage.told(1));
    assert_eq!(back.activity(), "Create");
    assert_eq!(back.cause()["kind"], "decision");
    assert!(stage.held.contains_key(&key));
    engine.stop();
}
