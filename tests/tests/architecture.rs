//! The house rules that a compiler does not hold: who may know whom, and how long a file may be.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says why and fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// For each crate: its folder, the workspace crates it may use, and the outside things it must not reach, directly or through others.
const ROOMS: &[(&str, &str, &[&str], &[&str])] = &[
    ("auscult-proto", "proto", &[], PURE),
    (
        "auscult-link",
        "proto/link",
        &["auscult-proto"],
        &["pcap", "rdkafka", "fjall"],
    ),
    (
        "auscult-process",
        "proto/process",
        &[],
        &["pcap", "rdkafka", "fjall", "tonic"],
    ),
    (
        "auscult-dissect",
        "sensor/dissect",
        &["auscult-proto"],
        PURE,
    ),
    (
        "auscult-spool",
        "sensor/spool",
        &["auscult-proto"],
        &["pcap", "rdkafka", "fjall", "tonic", "tokio"],
    ),
    (
        "auscult-sensor",
        "sensor",
        &[
            "auscult-proto",
            "auscult-link",
            "auscult-process",
            "auscult-dissect",
            "auscult-spool",
        ],
        &[
            "rdkafka",
            "fjall",
            "auscult-inventory",
            "auscult-log",
            "auscult-ocsf",
        ],
    ),
    (
        "auscult-inventory",
        "collector/inventory",
        &["auscult-proto"],
        PURE,
    ),
    ("auscult-intel", "collector/intel", &[], PURE),
    (
        "auscult-ocsf",
        "collector/ocsf",
        &[
            "auscult-proto",
            "auscult-inventory",
            "auscult-intel",
            "auscult-findings",
            "auscult-risk",
        ],
        PURE,
    ),
    ("auscult-risk", "collector/risk", &[], PURE),
    (
        "auscult-findings",
        "collector/findings",
        &[
            "auscult-proto",
            "auscult-inventory",
            "auscult-intel",
            "auscult-risk",
        ],
        PURE,
    ),
    (
        "auscult-log",
        "collector/log",
        &["auscult-proto"],
        &["pcap", "tonic", "auscult-inventory"],
    ),
    (
        "auscult-collector",
        "collector",
        &[
            "auscult-proto",
            "auscult-link",
            "auscult-process",
            "auscult-findings",
            "auscult-inventory",
            "auscult-intel",
            "auscult-log",
            "auscult-ocsf",
            "auscult-risk",
        ],
        &["pcap", "auscult-dissect", "auscult-spool"],
    ),
    // It judges the others: it uses none of them.
    (
        "auscult-hospital",
        "tests/hospital",
        &[],
        &[
            "tokio", "tonic", "hyper", "rustls", "pcap", "rdkafka", "fjall",
        ],
    ),
    // It joins the two that judge; its captures judge too, so it knows nothing else.
    (
        "auscult-emulator",
        "tests/emulator",
        &["auscult-hospital", "auscult-wire"],
        &["pcap", "rdkafka", "fjall", "tonic", "tokio"],
    ),
    ("auscult-tests", "tests", ANY, &[]),
    // It makes the packets that judge the dissectors, so it shares nothing with them.
    (
        "auscult-wire",
        "tests/wire",
        &[],
        &["pcap", "rdkafka", "fjall", "tonic", "tokio"],
    ),
];

/// The one file of pure crates with a hash map, which lists in the order of keys.
const HASHES: &str = "collector/inventory/src/table.rs";

/// What a pure crate may never reach: an executor, a socket library, a capture, a log.
const PURE: &[&str] = &[
    "tokio", "tonic", "hyper", "rustls", "pcap", "rdkafka", "fjall", "rustix", "mio",
];

/// Any workspace crate.
const ANY: &[&str] = &[
    "auscult-proto",
    "auscult-link",
    "auscult-process",
    "auscult-dissect",
    "auscult-spool",
    "auscult-sensor",
    "auscult-inventory",
    "auscult-intel",
    "auscult-ocsf",
    "auscult-risk",
    "auscult-log",
    "auscult-collector",
    "auscult-hospital",
];

/// Longest Rust file, tests included: what can be read in one go.
const FILE_LINES: usize = 550;

/// The longest file of any kind that git may hold, in bytes: what a script can make again stays out of the history.
const FILE_BYTES: u64 = 256 * 1024;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests crate lives in the workspace")
        .to_path_buf()
}

/// The machine as cargo names it: what other platforms would need has not been fetched where only tests ran.
fn platform() -> String {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc runs");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc names its host")
        .to_owned()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", &platform()])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Package name -> names of its normal dependencies (build and test dependencies do not end up in the product).
fn normal_dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| {
            (
                package["id"].as_str().expect("id"),
                package["name"].as_str().expect("name"),
            )
        })
        .collect();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().expect("nodes") {
        let name = names[node["id"].as_str().expect("id")];
        let needs = graph.entry(name.to_owned()).or_default();
        for dependency in node["deps"].as_array().expect("deps") {
            let kinds = dependency["dep_kinds"].as_array().expect("kinds");
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                needs.insert(names[dependency["pkg"].as_str().expect("pkg")].to_owned());
            }
        }
    }
    graph
}

fn reach<'a>(graph: &'a BTreeMap<String, BTreeSet<String>>, from: &'a str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for next in graph.get(name).into_iter().flatten() {
            if seen.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    seen
}

#[test]
fn every_crate_knows_only_what_its_room_allows() {
    let metadata = metadata();
    let graph = normal_dependencies(&metadata);
    let mut faults = Vec::new();
    for (name, _, allowed, forbidden) in ROOMS {
        for dependency in &graph[*name] {
            if dependency.starts_with("auscult-") && !allowed.contains(&dependency.as_str()) {
                faults.push(format!("{name} must not use {dependency}"));
            }
        }
        let reached = reach(&graph, name);
        for outside in *forbidden {
            if reached.contains(outside) {
                faults.push(format!(
                    "{name} reaches {outside}, which its room must not know"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What judges may not even test itself with what it judges: their agreement would prove nothing.
#[test]
fn those_that_judge_use_nothing_of_what_they_judge_not_even_in_their_tests() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    for judge in ["auscult-hospital", "auscult-wire", "auscult-emulator"] {
        let package = packages.iter().find(|package| package["name"] == judge);
        let dependencies = package.expect(judge)["dependencies"].as_array();
        let (_, _, allowed, _) = ROOMS
            .iter()
            .find(|(name, ..)| *name == judge)
            .expect("a room");
        for dependency in dependencies.expect("dependencies") {
            let name = dependency["name"].as_str().expect("name");
            assert!(
                !name.starts_with("auscult-") || allowed.contains(&name),
                "{judge} uses {name} ({})",
                dependency["kind"]
            );
        }
    }
}

#[test]
fn the_room_table_names_exactly_the_crates_of_the_workspace() {
    let metadata = metadata();
    let members: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .expect("members")
        .iter()
        .map(|id| {
            let package = metadata["packages"]
                .as_array()
                .expect("packages")
                .iter()
                .find(|p| p["id"] == *id);
            package.expect("member package")["name"]
                .as_str()
                .expect("name")
        })
        .collect();
    let table: BTreeSet<&str> = ROOMS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(members, table);
}

#[test]
fn the_readme_lists_every_crate_with_its_folder() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let listed: BTreeSet<(String, String)> = readme
        .lines()
        .filter(|line| line.starts_with("| `auscult-"))
        .map(|line| {
            let cell = |column: usize| {
                line.split('|')
                    .nth(column)
                    .unwrap_or("")
                    .trim()
                    .trim_matches('`')
                    .to_owned()
            };
            (cell(1), cell(2).trim_end_matches('/').to_owned())
        })
        .collect();
    let rooms: BTreeSet<(String, String)> = ROOMS
        .iter()
        .map(|(name, folder, ..)| ((*name).to_owned(), (*folder).to_owned()))
        .collect();
    assert_eq!(
        listed, rooms,
        "README.md's crate table and the workspace differ"
    );
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable folder") {
        let path = entry.expect("readable entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_file_is_too_long_to_read_in_one_go() {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    assert!(files.len() > 50, "the walk found the sources");
    let long: Vec<String> = files
        .iter()
        .filter_map(|path| {
            let lines = std::fs::read_to_string(path)
                .expect("UTF-8 source")
                .lines()
                .count();
            (lines > FILE_LINES).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(
        long.is_empty(),
        "longer than {FILE_LINES} lines:\n{}",
        long.join("\n")
    );
}

/// Captures, scores' raw data and build folders have a way of slipping in; the history keeps them for ever.
#[test]
fn nothing_large_is_kept_in_git() {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    let listed = match listed {
        Ok(output) if output.status.success() => output.stdout,
        _ => {
            eprintln!("SKIPPED: this is no git checkout, so what git holds cannot be listed");
            return;
        }
    };
    let listed = String::from_utf8(listed).expect("UTF-8 names");
    let files: Vec<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
    assert!(files.len() > 100, "git lists the sources");
    let large: Vec<String> = files
        .iter()
        .filter_map(|name| {
            // A file that is deleted and not yet committed has no size.
            let bytes = std::fs::metadata(root().join(name)).ok()?.len();
            (bytes > FILE_BYTES).then(|| format!("{name} has {bytes} bytes"))
        })
        .collect();
    assert!(
        large.is_empty(),
        "larger than {FILE_BYTES} bytes:\n{}",
        large.join("\n")
    );
}

#[test]
fn crates_with_network_bytes_forbid_what_can_panic() {
    for root_file in [
        "proto/src/lib.rs",
        "sensor/dissect/src/lib.rs",
        "sensor/spool/src/lib.rs",
        "collector/intel/src/lib.rs",
        "collector/findings/src/lib.rs",
    ] {
        let text = std::fs::read_to_string(root().join(root_file)).expect("crate root");
        for lint in [
            "clippy::indexing_slicing",
            "clippy::arithmetic_side_effects",
        ] {
            assert!(text.contains(lint), "{root_file} must deny {lint}");
        }
    }
}

#[test]
fn pure_crates_ban_clocks_and_hash_order() {
    for (name, folder, _, forbidden) in ROOMS {
        if *forbidden != PURE {
            continue;
        }
        let path = root().join(folder).join("clippy.toml");
        let bans = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{name} is pure: {}: {error}", path.display()));
        for ban in [
            "std::time::SystemTime::now",
            "std::time::Instant::now",
            "std::collections::HashMap",
            "std::collections::HashSet",
        ] {
            assert!(bans.contains(ban), "{} must ban {ban}", path.display());
        }
        let mut files = Vec::new();
        rust_files(&root().join(folder).join("src"), &mut files);
        files.retain(|path| !path.ends_with(HASHES));
        for path in files {
            let text = std::fs::read_to_string(&path).expect("UTF-8 source");
            for hash in ["HashMap", "HashSet"] {
                assert!(
                    !text.contains(hash),
                    "{}: {hash} belongs into {HASHES}, behind an interface that sorts",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn programs_quiet_their_panics_before_anything_else() {
    for main in ["sensor/src/main.rs", "collector/src/main.rs"] {
        let text = std::fs::read_to_string(root().join(main)).expect("a main.rs");
        let (_, body) = text
            .split_once("fn main() -> ExitCode {")
            .expect("a main that returns an exit code");
        assert!(
            body.trim_start().starts_with("logs::quiet_panics();"),
            "{main}: a panic before logs::quiet_panics() would tell what it quotes"
        );
    }
}

#[test]
fn the_sensor_has_no_call_that_sends_a_frame() {
    let mut files = Vec::new();
    rust_files(&root().join("sensor/src"), &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).expect("UTF-8 source");
        for call in ["sendpacket", "sendqueue", "pcap_inject"] {
            let used = text
                .lines()
                .any(|line| line.contains(call) && !line.trim_start().starts_with("//"));
            assert!(!used, "{} mentions {call}", path.display());
        }
    }
}
