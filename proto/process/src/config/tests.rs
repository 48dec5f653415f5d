use std::net::SocketAddr;

use super::*;

fn lines(faults: &Faults) -> Vec<String> {
    faults.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn every_fault_is_reported_at_once_with_its_line_and_what_would_be_right() {
    let text = r#"
[sensor]
site = "st-mary"
snaplen = 70000
promiscuous = "yes"

[spool]
byte = "64MiB"
sync = "5"
keep = 7

[colector]
address = "here"
"#;
    let mut config = Config::parse("sensor.toml", text).unwrap();
    let mut sensor = config.section("sensor");
    assert_eq!(sensor.required_string("site"), "st-mary");
    assert_eq!(sensor.required_string("name"), "");
    sensor.integer_or("snaplen", 2048_u16, 64..=65535);
    assert!(sensor.boolean_or("promiscuous", true));
    let mut spool = config.section("spool");
    assert_eq!(spool.size_or("bytes", "1GiB"), 1 << 30);
    assert_eq!(spool.duration_or("sync", "100ms").as_millis(), 100);
    assert_eq!(spool.duration_or("keep", "1d").as_secs(), 86_400);
    let mut collector = config.section("collector");
    assert_eq!(collector.required_parsed::<SocketAddr>("address"), None);
    let faults = config.finish().unwrap_err();
    assert_eq!(
        lines(&faults),
        [
            "sensor.toml: collector.address: is missing; write address = \"...\"",
            "sensor.toml:2: sensor.name: is missing; write name = \"...\"",
            "sensor.toml:4: sensor.snaplen: is 70000, out of range; write 64 to 65535",
            "sensor.toml:5: sensor.promiscuous: is a text; write true or false, promiscuous = true",
            "sensor.toml:8: spool.byte: unknown key; did you mean \"bytes\"?",
            "sensor.toml:9: spool.sync: \"5\" is not a duration: write a whole number and one of ms, s, m, h, d, for instance \"30s\"",
            "sensor.toml:10: spool.keep: is an integer; write a text with a unit, keep = \"1d\"",
            "sensor.toml:12: colector: unknown section; did you mean \"collector\"?",
        ]
    );
}

#[test]
fn a_file_that_says_everything_rightly_is_accepted() {
    let text = r#"
name = "a"
[a.b]
path = "x/y"
when = "2h"
limit = "4KiB"
on = false
port = 0xff
addresses = ["127.0.0.1:1", "[::1]:2"]
words = ["x", "y"]
"#;
    let mut config = Config::parse("f", text).unwrap();
    assert!(config.has("a.b.path") && !config.has("a.c") && !config.has("name.x"));
    assert_eq!(config.section("").string_or("name", "z"), "a");
    let mut section = config.section("a.b");
    assert!(section.is_present() && section.has("path") && !section.has("paths"));
    assert_eq!(section.name(), "a.b");
    assert_eq!(section.path("path"), Some(PathBuf::from("x/y")));
    assert_eq!(section.path_or("other", "/z"), PathBuf::from("/z"));
    let hours = section.duration_within(
        "when",
        "1h",
        std::time::Duration::from_secs(1)..=std::time::Duration::from_secs(7200),
    );
    assert_eq!(hours.as_secs(), 7200);
    assert_eq!(section.size_within("limit", "1KiB", 1..=4096), 4096);
    assert!(!section.boolean_or("on", true));
    assert_eq!(section.integer_or("port", 1_u8, 0..=255), 255);
    assert_eq!(section.parsed_list::<SocketAddr>("addresses").len(), 2);
    assert_eq!(section.strings("words"), ["x", "y"]);
    assert!(section.strings("none").is_empty());
    assert_eq!(section.parsed_or::<u32>("absent", 7), 7);
    config.finish().unwrap();
}

#[test]
fn a_value_of_the_wrong_kind_names_both_kinds() {
    let text = "[s]\na = 1\nb = \"x\"\nc = 1.5\nd = 1979-05-27\ne = [1, \"x\"]\nf = 99999999999999999999\ng = {}\nh = \"\"\ni = [\"1.2.3.4\"]\nj = \"400KiB\"\nk = \"2d\"\n";
    let mut config = Config::parse("f", text).unwrap();
    let mut s = config.section("s");
    s.string("a");
    s.integer_or("b", 1_u32, 0..=9);
    s.size_or("c", "1B");
    s.boolean_or("d", true);
    s.strings("e");
    s.integer_or("f", 1_u64, 0..=9);
    s.parsed::<SocketAddr>("g");
    s.path("h");
    s.parsed_list::<SocketAddr>("i");
    s.size_within("j", "1KiB", 1..=4096);
    s.duration_within(
        "k",
        "1s",
        std::time::Duration::ZERO..=std::time::Duration::from_secs(60),
    );
    let faults = config.finish().unwrap_err();
    assert_eq!(
        lines(&faults),
        [
            "f:2: s.a: is an integer; write a text in quotes, a = \"...\"",
            "f:3: s.b: is a text; write a whole number from 0 to 9, b = 1",
            "f:4: s.c: is a number with a fraction; write a text with a unit, c = \"1B\"",
            "f:5: s.d: is a date or time; write true or false, d = true",
            "f:6: s.e: is an integer; write only texts in the list, e = [\"...\"]",
            "f:7: s.f: is an integer beyond 64 bits; write a whole number from 0 to 9, f = 1",
            "f:8: s.g: is a table; write a text in quotes, g = \"...\"",
            "f:9: s.h: is empty; write a path",
            "f:10: s.i: \"1.2.3.4\": invalid socket address syntax",
            "f:11: s.j: is 400KiB, out of range; write 1B to 4KiB",
            "f:12: s.k: is 2d, out of range; write 0s to 1m",
        ]
    );
}

#[test]
fn lists_of_sections_are_read_in_order_and_their_unknown_keys_found() {
    let text = "[[capture.point]]\nname = \"a\"\n\n[[capture.point]]\nname = \"b\"\nnmae = \"c\"\n";
    let mut config = Config::parse("f", text).unwrap();
    let mut points = config.sections("capture.point");
    let names: Vec<_> = points
        .iter_mut()
        .map(|point| point.required_string("name"))
        .collect();
    assert_eq!(names, ["a", "b"]);
    let second = points.pop();
    second.unwrap().fault("name", "is taken; write another");
    assert!(config.sections("capture.line").is_empty());
    assert!(config.sections("none").is_empty());
    let faults = config.finish().unwrap_err();
    assert_eq!(
        lines(&faults),
        [
            "f:5: capture.point[1].name: is taken; write another",
            "f:6: capture.point[1].nmae: unknown key; did you mean \"name\"?",
        ]
    );
}

#[test]
fn a_section_written_as_something_else_is_a_fault() {
    let mut config = Config::parse("f", "a = 1\nb = [1]\n[[c]]\n[d]\n").unwrap();
    assert!(!config.section("a").is_present());
    assert!(config.sections("b").is_empty());
    assert!(!config.section("c").is_present());
    assert!(config.sections("d").is_empty());
    let faults = config.finish().unwrap_err();
    assert_eq!(
        lines(&faults),
        [
            "f:1: a: is an integer; write a section headed [a]",
            "f:2: b: is an integer; write a section headed [[b]]",
            "f:3: c: is an array; write a section headed [c]",
            "f:4: d: is a table; write a list of sections, each headed [[d]]",
        ]
    );
}

#[test]
fn settings_that_are_passed_on_keep_their_names_and_need_no_quotes() {
    let text = "[kafka.client]\nssl.ca.location = \"/ca.pem\"\n\"ssl.key\" = \"k\"\nlinger.ms = 5\nflag = true\nbad = [1]\n";
    let mut config = Config::parse("f", text).unwrap();
    let settings = config.section("kafka").table("client");
    let settings: Vec<(&str, &str)> = settings.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(
        settings,
        [
            ("flag", "true"),
            ("linger.ms", "5"),
            ("ssl.ca.location", "/ca.pem"),
            ("ssl.key", "k")
        ]
    );
    assert!(config.section("kafka").table("none").is_empty());
    let faults = config.finish().unwrap_err();
    assert_eq!(
        lines(&faults),
        ["f:6: kafka.client.bad: is an array; write a text in quotes"]
    );
}

#[test]
fn every_place_that_is_not_toml_is_named() {
    let faults = Config::parse("f", "a = 1\na = 2\n\nb = = 3\n").unwrap_err();
    let lines = lines(&faults);
    assert!(lines.len() >= 2, "{lines:?}");
    assert!(lines[0].starts_with("f:2: not TOML: "), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("f:4: not TOML: ")),
        "{lines:?}"
    );
}

#[test]
fn relative_paths_are_taken_from_the_folder_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    std::fs::write(
        &file,
        "[t]\ncert = \"pki/leaf.pem\"\nkey = \"/etc/key.pem\"\n",
    )
    .unwrap();
    let mut config = Config::read(&file).unwrap();
    let mut section = config.section("t");
    assert_eq!(
        section.required_path("cert"),
        dir.path().join("pki/leaf.pem")
    );
    assert_eq!(section.required_path("key"), PathBuf::from("/etc/key.pem"));
    assert_eq!(
        section.path_or("roots", "roots.pem"),
        dir.path().join("roots.pem")
    );
    config.finish().unwrap();
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Config::read(&dir.path().join("none.toml")).unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("none.toml: cannot be opened: No such file"),
        "{missing}"
    );
    let large = dir.path().join("large.toml");
    std::fs::write(&large, "#".repeat(1024 * 1024 + 1)).unwrap();
    let large = Config::read(&large).unwrap_err();
    assert!(
        large.to_string().ends_with("is larger than 1048576 bytes"),
        "{large}"
    );
}
