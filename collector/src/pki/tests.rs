use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use auscult_link::{CredentialPaths, Credentials, Holder};
use clap::Parser;

use super::*;

#[derive(Debug, clap::Parser)]
struct Cli {
    #[command(flatten)]
    pki: PkiArgs,
}

fn init_in(dir: &Path) -> Init {
    Init {
        dir: dir.to_owned(),
        trust_domain: "hospital.example".to_owned(),
        server_names: vec!["collector.example".to_owned(), "127.0.0.1".to_owned()],
        days: 30,
        force: false,
    }
}

fn issue_in(dir: &Path) -> Issue {
    Issue {
        dir: dir.to_owned(),
        site: "main".parse().unwrap(),
        sensor: "icu-1".parse().unwrap(),
        days: 30,
        force: false,
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_it_makes_is_what_the_link_accepts() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("pki");
    let collector = init(&init_in(&dir)).unwrap();
    let sensor = issue(&issue_in(&dir)).unwrap();
    let paths = |certificate: &Path, key: &Path, roots: &Path| CredentialPaths {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        roots: roots.to_owned(),
        own_roots: None,
    };
    let ours = paths(&collector.certificate, &collector.key, &collector.roots);
    let credentials = Credentials::load(&ours, Holder::Collector).unwrap();
    assert_eq!(
        credentials.facts().hosts,
        ["collector.example", "127.0.0.1"]
    );
    let theirs = paths(&sensor.certificate, &sensor.key, &sensor.roots);
    let credentials = Credentials::load(&theirs, Holder::Sensor).unwrap();
    let uri = "spiffe://hospital.example/site/main/sensor/icu-1";
    assert_eq!(credentials.identity().unwrap().to_string(), uri);
    assert_eq!(sensor.identity.to_string(), uri);
    // A sensor's certificate does not make a collector, nor the other way round.
    assert!(Credentials::load(&theirs, Holder::Collector).is_err());
    assert!(Credentials::load(&ours, Holder::Sensor).is_err());
    for key in [&collector.key, &sensor.key, &dir.join("root.key")] {
        assert_eq!(mode(key), 0o600, "{}", key.display());
    }
    assert_eq!(mode(&sensor.dir), 0o700);
    let example = std::fs::read_to_string(&sensor.example).unwrap();
    assert!(
        example.contains("address = \"collector.example:7443\""),
        "{example}"
    );
}

#[test]
fn certificates_are_valid_from_ten_minutes_ago_for_the_days_asked() {
    let home = tempfile::tempdir().unwrap();
    init(&init_in(home.path())).unwrap();
    let sensor = issue(&issue_in(home.path())).unwrap();
    let paths = CredentialPaths {
        certificate: sensor.certificate,
        key: sensor.key,
        roots: sensor.roots,
        own_roots: None,
    };
    let credentials = Credentials::load(&paths, Holder::Sensor).unwrap();
    let facts = credentials.facts();
    let minutes = (facts.not_after_ms - facts.not_before_ms) / 60_000;
    assert_eq!(minutes, 30 * 24 * 60 + 10);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    let root = || std::fs::read(dir.join("root.pem")).unwrap();
    init(&init_in(dir)).unwrap();
    let first = root();
    let refused = init(&init_in(dir)).unwrap_err();
    assert!(matches!(refused, PkiError::Exists { .. }), "{refused}");
    assert_eq!(root(), first);
    let sensor = issue(&issue_in(dir)).unwrap();
    let certificate = || std::fs::read(&sensor.certificate).unwrap();
    let before = certificate();
    assert!(matches!(
        issue(&issue_in(dir)),
        Err(PkiError::Exists { .. })
    ));
    assert_eq!(certificate(), before);
    let forced = Issue {
        force: true,
        ..issue_in(dir)
    };
    issue(&forced).unwrap();
    assert_ne!(certificate(), before);
    let names = IssueCollector {
        dir: dir.to_owned(),
        server_names: vec!["other.example".to_owned()],
        days: 1,
        force: false,
    };
    assert!(matches!(
        issue_collector(&names),
        Err(PkiError::Exists { .. })
    ));
    let forced = IssueCollector {
        force: true,
        ..names
    };
    issue_collector(&forced).unwrap();
    assert_eq!(root(), first, "the root stays");
    let forced = Init {
        force: true,
        ..init_in(dir)
    };
    init(&forced).unwrap();
    assert_ne!(root(), first);
}

#[test]
fn faults_say_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let nothing = issue(&issue_in(home.path())).unwrap_err();
    assert!(nothing.to_string().contains("pki init --dir"), "{nothing}");
    for (domain, name, days) in [
        ("Hospital", "collector.example", 30),
        ("", "collector.example", 30),
        ("hospital.example", "not a name", 30),
        ("hospital.example", "", 30),
        ("hospital.example", "collector.example", 0),
        ("hospital.example", "collector.example", 4000),
    ] {
        let request = Init {
            trust_domain: domain.to_owned(),
            server_names: vec![name.to_owned()],
            days,
            ..init_in(&home.path().join("new"))
        };
        assert!(init(&request).is_err(), "{domain:?} {name:?} {days}");
    }
}

#[test]
fn the_command_line_makes_and_shows() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().to_str().unwrap();
    let pki = |line: &[&str]| {
        let cli = Cli::try_parse_from(["pki"].iter().chain(line)).map_err(|e| e.to_string())?;
        run(cli.pki).map_err(|e| e.to_string())
    };
    let domain = ["--trust-domain", "hospital.example"];
    pki(&[&["init", "--dir", dir, "--server-name", "::1"][..], &domain].concat()).unwrap();
    let sensor = ["--site", "main", "--sensor", "icu-1"];
    pki(&[&["issue", "--dir", dir][..], &sensor].concat()).unwrap();
    pki(&["issue", "--dir", dir, "--server-name", "::1", "--force"]).unwrap();
    for bad in [
        &["issue", "--dir", dir][..],
        &["issue", "--dir", dir, "--site", "main"],
        &["issue", "--dir", dir, "--sensor", "icu-1"],
        &[
            "issue",
            "--dir",
            dir,
            "--site",
            "Main Site",
            "--sensor",
            "icu-1",
        ],
        &[
            "issue",
            "--dir",
            dir,
            "--server-name",
            "a",
            "--site",
            "main",
            "--sensor",
            "s",
        ],
        &["show", "/nonexistent"],
    ] {
        assert!(pki(bad).is_err(), "{bad:?}");
    }
    let bundle = home.path().join("sensors/main/icu-1");
    let text = show(&bundle.join("cert.pem")).unwrap();
    for part in [
        "of a sensor",
        "CN=main/icu-1",
        "spiffe://hospital.example/site/main/sensor/icu-1",
        "auscult root of hospital.example",
        " to 20",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        show(&bundle.join("roots.pem"))
            .unwrap()
            .contains("of an authority")
    );
    assert!(show(&bundle.join("key.pem")).is_err());
    let example = std::fs::read_to_string(bundle.join("sensor.toml")).unwrap();
    assert!(example.contains("address = \"[::1]:7443\""), "{example}");
}
