use super::*;

const EXAMPLE: &str = include_str!("../../collector.example.toml");

/// The example with Kafka cut out and the embedded log's lines put in.
fn embedded_example() -> String {
    let (head, rest) = EXAMPLE.split_once("[kafka]").unwrap();
    let (_, tail) = rest.split_once("[topics]").unwrap();
    let (tail, embedded) = tail.split_once("#[embedded]").unwrap();
    let embedded = embedded.replace("\n#", "\n");
    format!("{head}[topics]{tail}[embedded]{embedded}")
}

#[test]
fn the_example_parses_and_states_the_defaults() {
    let example = CollectorConfig::parse("example", EXAMPLE).unwrap();
    let bare = "[kafka]\nbootstrap = \"kafka.example:9093\"\n[ingest]\ncertificate = \"c\"\nkey = \"k\"\n\
        roots = \"r\"\ntrust_domain = \"auscult.example\"\n";
    let bare = CollectorConfig::parse("bare", bare).unwrap();
    let (LogChoice::Kafka(ours), LogChoice::Kafka(theirs)) = (&example.log, &bare.log) else {
        panic!("the example uses Kafka");
    };
    assert_eq!(ours.client.len(), 4);
    assert_eq!(
        format!("{:?}", KafkaWithoutClient(ours)),
        format!("{:?}", KafkaWithoutClient(theirs))
    );
    assert_eq!(example.engine, bare.engine);
    assert_eq!(example.admin, bare.admin);
    assert_eq!(example.cluster, bare.cluster);
    assert_eq!(example.log_filter, bare.log_filter);
    for topic in auscult_log::Topic::ALL {
        assert_eq!(example.topics.partitions(topic), topic.spec().partitions);
    }
    let (ours, theirs) = (example.ingest.unwrap(), bare.ingest.unwrap());
    assert_eq!(ours.limits, theirs.limits);
    assert_eq!(ours.listen, theirs.listen);
    assert_eq!(ours.credentials_every, theirs.credentials_every);
}

#[test]
fn the_trial_configuration_runs_everything_in_one_process_and_says_the_defaults() {
    let trial = include_str!("../../collector.trial.toml");
    let trial = CollectorConfig::parse("trial", trial).unwrap();
    assert_eq!(crate::role::Role::All.check(&trial), Ok(()));
    let bare = CollectorConfig::parse("bare", "").unwrap();
    let (LogChoice::Embedded(ours), LogChoice::Embedded(theirs)) = (&trial.log, &bare.log) else {
        panic!("no Kafka is named");
    };
    assert_eq!(ours, theirs);
}

struct KafkaWithoutClient<'a>(&'a auscult_log::KafkaOptions);

impl std::fmt::Debug for KafkaWithoutClient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let options = auscult_log::KafkaOptions {
            client: std::collections::BTreeMap::new(),
            ..self.0.clone()
        };
        write!(f, "{options:?}")
    }
}

#[test]
fn the_embedded_part_of_the_example_states_the_defaults_too() {
    let example = CollectorConfig::parse("example", &embedded_example()).unwrap();
    let bare = CollectorConfig::parse("bare", "").unwrap();
    let (LogChoice::Embedded(ours), LogChoice::Embedded(theirs)) = (&example.log, &bare.log) else {
        panic!("no Kafka is named");
    };
    assert_eq!(ours, theirs);
    assert!(bare.ingest.is_none());
}

#[test]
fn every_default_named_in_the_example_is_the_one_in_the_code() {
    // Each commented-out key must be known as well: with it, the file still parses.
    for line in EXAMPLE.lines() {
        let Some(key) = line.strip_prefix('#').filter(|line| line.contains(" = ")) else {
            continue;
        };
        if key.starts_with(' ')
            || ["dir", "topic_bytes", "reserve_bytes"]
                .iter()
                .any(|k| key.starts_with(k))
        {
            continue;
        }
        let text = EXAMPLE.replace(line, key);
        CollectorConfig::parse("example", &text).unwrap();
    }
}

#[test]
fn every_fault_is_reported_at_once_with_its_line_and_what_would_be_right() {
    let text = "\
[collector]
cluster = \"a b\"
[kafka]
group = 5
[kafka.client]
acks = \"1\"
[topics]
replication = 2
min_insync = 3
[topics.partitions]
observations = 12
parrots = 4
[ingest]
listen = \"nowhere\"
certificate = \"c.pem\"
connection_age = \"1s\"
[engine]
member = \"a/b\"
members = 99
idle_after = \"8d\"
devises = 5
[admin]
listen = \"127.0.0.1\"
[log]
format = \"xml\"
[embedded]
dir = \"d\"
";
    let faults = CollectorConfig::parse("collector.toml", text).unwrap_err();
    let found: Vec<(usize, &str)> = faults
        .0
        .iter()
        .map(|fault| (fault.line, fault.key.as_str()))
        .collect();
    let expected = [
        (2, "collector.cluster"),
        (3, "kafka.bootstrap"),
        (4, "kafka.group"),
        (6, "kafka.client.acks"),
        (9, "topics.min_insync"),
        (10, "topics.partitions.state"),
        (12, "topics.partitions.parrots"),
        (13, "ingest.key"),
        (13, "ingest.roots"),
        (13, "ingest.trust_domain"),
        (14, "ingest.listen"),
        (16, "ingest.connection_age"),
        (18, "engine.member"),
        (19, "engine.members"),
        (17, "engine.gone_after"),
        (21, "engine.devises"),
        (23, "admin.listen"),
        (25, "log.format"),
        (27, "embedded.dir"),
    ];
    for wanted in expected {
        assert!(found.contains(&wanted), "{wanted:?} is not in\n{faults}");
    }
    assert_eq!(found.len(), expected.len(), "{faults}");
    assert!(
        faults
            .to_string()
            .starts_with("collector.toml:2: collector.cluster: ")
    );
}

#[test]
fn the_log_on_disk_has_room_for_one_engine() {
    let faults = CollectorConfig::parse("c", "[engine]\nmembers = 2\n").unwrap_err();
    assert!(
        faults.to_string().starts_with("c:2: engine.members: "),
        "{faults}"
    );
    let text = "[engine]\nmembers = 2\n[kafka]\nbootstrap = \"k:1\"\n";
    assert_eq!(CollectorConfig::parse("c", text).unwrap().engine.members, 2);
}

#[test]
fn files_that_cannot_be_used_are_faults_of_the_check() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("collector.toml");
    let text = "[kafka]\nbootstrap = \"k:1\"\n[kafka.client]\nssl.ca.location = \"/nowhere/ca.pem\"\n\
        [ingest]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\nroots = \"r.pem\"\n\
        trust_domain = \"d\"\ndeny_list = \"denied\"\n";
    std::fs::write(&path, text).unwrap();
    let faults = CollectorConfig::read(Some(&path))
        .unwrap()
        .faults_of_files();
    let keys: Vec<_> = faults
        .iter()
        .filter_map(|fault| fault.split(": ").next())
        .collect();
    assert_eq!(
        keys,
        [
            "kafka.client.ssl.ca.location",
            "ingest.deny_list",
            "ingest",
            "ingest",
            "ingest"
        ]
    );
    assert!(
        faults.iter().any(|fault| fault.contains("c.pem")),
        "{faults:?}"
    );
}

#[test]
fn what_reads_well_and_cannot_work_is_a_fault_too() {
    let text = "\
[collector]
tenant = \"\"
[kafka]
bootstrap = \"kafka\"
topic_prefix = \"a b\"
group = \"\"
[kafka.client]
security.protocol = \"bogus\"
no.such.setting = 5
[ingest]
certificate = \"c\"
key = \"k\"
roots = \"r\"
trust_domain = \"Bad Domain\"
[log]
filter = \"!!!\"
";
    let faults = CollectorConfig::parse("c", text).unwrap_err();
    let mut found: Vec<(usize, &str)> = faults
        .0
        .iter()
        .map(|fault| (fault.line, fault.key.as_str()))
        .collect();
    found.sort_unstable();
    let expected = [
        (2, "collector.tenant"),
        (4, "kafka.bootstrap"),
        (5, "kafka.topic_prefix"),
        (6, "kafka.group"),
        (8, "kafka.client.security.protocol"),
        (9, "kafka.client.no.such.setting"),
        (14, "ingest.trust_domain"),
        (16, "log.filter"),
    ];
    assert_eq!(found, expected, "{faults}");
}
