use super::*;

const EXAMPLE: &str = include_str!("../../sensor.example.toml");

const LEAST: &str = r#"
[[capture]]
interface = "eth1"
[collector]
address = "c:1"
certificate = "a"
key = "b"
roots = "c"
"#;

#[test]
fn the_example_parses_and_says_the_defaults() {
    let example = Config::parse("example", EXAMPLE, Captures::Required).unwrap();
    let least = Config::parse("least", LEAST, Captures::Required).unwrap();
    assert_eq!(example.census, least.census);
    assert_eq!(example.census, Settings::default());
    assert_eq!(example.health, least.health);
    assert_eq!(example.spool, least.spool);
    assert_eq!(example.admin.listen, least.admin.listen);
    assert_eq!(example.admin.listen, ADMIN.parse().unwrap());
    assert_eq!(example.log_format, least.log_format);
    assert_eq!(example.log_filter, least.log_filter);
    let (example, least) = (&example.captures[0], &least.captures[0]);
    assert_eq!(least.name.as_str(), "eth1");
    let renamed = CaptureConfig {
        name: example.name.clone(),
        ..least.clone()
    };
    assert_eq!(*example, renamed);
}

#[test]
fn the_example_with_every_comment_lifted_still_has_only_known_keys() {
    let lifted: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let lifted = lifted.replace("user = \"auscult\"", "user = \"4711:4712\"");
    let config = Config::parse("lifted", &lifted, Captures::Required).unwrap();
    assert_eq!(
        config.sandbox.user,
        Some(User {
            uid: 4711,
            gid: 4712
        })
    );
    assert!(
        config.collector.server_name.is_some() && config.collector.credentials.own_roots.is_some()
    );
}

#[test]
fn every_fault_is_reported_at_once_with_its_line() {
    let text = r#"
[[capture]]
interface = "eth1"
filter = "tcp prot 104"
snaplen = "1MiB"
[[capture]]
interface = "eth1"
[[capture]]
interface = "Eth 2"
[collector]
address = "collector"
certificate = "a"
key = "b"
[spool]
bytes = "8MiB"
[census]
facts = 10
fact_heartbeat = "6 hours"
[sandbox]
mode = "maybe"
user = "root"
[captrue]
"#;
    let faults = Config::parse("sensor.toml", text, Captures::Required).unwrap_err();
    let found: Vec<(usize, &str)> = faults
        .0
        .iter()
        .map(|fault| (fault.line, fault.key.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (4, "capture[0].filter"),
            (5, "capture[0].snaplen"),
            (6, "capture[1].name"),
            (8, "capture[2].name"),
            (10, "collector.roots"),
            (11, "collector.address"),
            (15, "spool.bytes"),
            (17, "census.facts"),
            (18, "census.fact_heartbeat"),
            (20, "sandbox.mode"),
            (21, "sandbox.user"),
            (22, "captrue"),
        ],
        "{faults}"
    );
    let text = faults.to_string();
    assert!(
        text.contains("sensor.toml:4: capture[0].filter: is no capture filter"),
        "{text}"
    );
    assert!(text.contains("did you mean \"capture\""), "{text}");
}

#[test]
fn only_a_replay_does_without_interfaces() {
    let text = LEAST.replace("[[capture]]\ninterface = \"eth1\"\n", "");
    let faults = Config::parse("c", &text, Captures::Required).unwrap_err();
    assert_eq!(faults.0.len(), 1, "{faults}");
    assert!(Config::parse("c", &text, Captures::Optional).is_ok());
}

#[test]
fn a_log_filter_that_is_none_is_a_fault_with_its_line() {
    let text = format!("{LEAST}[log]\nfilter = \"!!!\"\n");
    let faults = Config::parse("s.toml", &text, Captures::Required).unwrap_err();
    let said = faults.to_string();
    assert!(
        said.starts_with("s.toml:10: log.filter: is not valid"),
        "{said}"
    );
}

#[test]
fn an_address_without_ip_and_port_is_told_the_wanted_form() {
    let text = format!("{LEAST}[admin]\nlisten = \"localhost\"\n");
    let faults = Config::parse("s.toml", &text, Captures::Required).unwrap_err();
    let said = faults.to_string();
    assert!(said.starts_with("s.toml:10: admin.listen: "), "{said}");
    assert!(
        said.contains("write IP:PORT, such as \"127.0.0.1:9470\""),
        "{said}"
    );
}
