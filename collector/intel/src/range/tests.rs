use Membership as M;

use super::*;

#[test]
fn texts_that_have_one_meaning_are_decided() {
    let cases = [
        ("4.1.1 and below", "4.1.0", M::Inside),
        ("4.1.1 and  below", "4.2", M::Outside),
        ("<= 9.33", "9.4", M::Inside),
        ("<= 9.33", "9.33.1", M::MorePrecise),
        ("<= 9.33", "9", M::LessPrecise),
        ("< 8.2.2", "8.2.2", M::Outside),
        ("<= R4.1L1", "R4.1", M::Inside),
        (">= 1.1 | <= 1.3.2", "1.2", M::Inside),
        (">= 1.1 | <= 1.3.2", "1.0", M::Outside),
        ("1.10 | 1.11 | 1.13 | 1.14", "1.13", M::Named),
        ("1.10 | 1.11 | 1.13 | 1.14", "1.12", M::NotNamed),
        ("14.1.x", "14.1.7", M::Inside),
        ("14.1.x", "14.2", M::Outside),
        ("<= 12.2.x.x", "12.2.9.9", M::Inside),
        ("<= 12.2.x.x", "12.3", M::Outside),
        ("< 3.x", "2.9", M::Inside),
        ("Rev B-M", "J", M::Inside),
        ("Rev B-M", "N", M::Outside),
        ("<=N", "K", M::Inside),
        ("B.02", "B.02.20", M::MorePrecise),
        ("<= U61 |<= L81", "L80", M::Inside),
        ("<= U61 |<= L81", "L90", M::Incomparable),
        ("(Release 1.3.2 1.4.0 1.4.1 1.4.3 1.4.5)", "1.4.1", M::Named),
        ("versions prior to 2.4", "2.3.9", M::Inside),
        ("3.36 or 3.40", "3.40", M::Named),
        ("5.01 through 6.3.1", "6.0", M::Inside),
        ("1.5 and later", "1.4", M::Outside),
        ("vers:all/*", "anything", M::All),
        ("* (end-of-life 2011)", "1", M::All),
        ("<= 1.54 (integrated into GE MobileLink)", "1.5", M::Inside),
        ("2023.3_Build_9342", "2023.3 Build 9342", M::Named),
        ("vers:intdot/>=2.0|<2.6", "2.5.9", M::Inside),
        ("All versions < V2.6", "V2.5 SP1", M::Inside),
        ("All versions < V2.6", "V2.6", M::Outside),
        ("all versions", "7", M::All),
    ];
    for (text, version, expected) in cases {
        let range = read_text(text);
        assert_eq!(
            range.holds(Some(version)),
            expected,
            "{text} {version} {range:?}"
        );
    }
}

#[test]
fn what_must_hold_besides_is_kept_as_a_condition() {
    let range = read_text("9.x model 35700BAX3");
    assert_eq!(range.condition.as_deref(), Some("model 35700bax3"));
    assert_eq!(range.holds(Some("9.2")), M::Conditional);
    assert_eq!(
        range.holds(Some("8.0")),
        M::Outside,
        "a condition cannot widen a range"
    );
    let range = read_text("8.x (Wireless Battery Modules v17 | v17D19 >= 20D29 | <= 20D32)");
    assert_eq!(range.holds(Some("8.1")), M::Conditional);
    let range = read_text("* running on old, unsupported operating systems such as Windows 2000");
    assert_eq!(range.holds(Some("1")), M::Conditional);
    let range = read_text("<=11.2 on Windows 8.1 with IIS 7.5");
    assert_eq!(range.holds(Some("11.1")), M::Conditional);
    assert_eq!(range.holds(Some("11.3")), M::Outside);
}

#[test]
fn what_may_mean_two_things_is_not_understood() {
    for text in [
        "< july 1 2017",
        "<8/30/2024",
        "distributed  < april 1, 2018",
        "MMT-1715 | MMT-1754",
        "3120",
        "7100 | 7900 MRI",
        "A.01 <= C.0x | 4.0",
        "Version B, Firmware A.01.09, Part #: N/A (Replaced by Version C)",
        "053L000091 (global) / 054U000091 (U.S.) and 053L000092 (global)",
        "with wireless option (shipped between 2016-August 2018)",
        "IGS",
        "",
        "n/a",
    ] {
        let range = read_text(text);
        assert_eq!(range.holds(Some("999")).decided(), None, "{text} {range:?}");
        assert_eq!(range.text, crate::text::keep(text));
    }
}

#[test]
fn a_device_without_a_version_is_undecided_but_where_all_are_meant() {
    assert_eq!(read_text("<= 4").holds(None), M::NoVersion);
    assert_eq!(read_text("*").holds(None), M::All);
}

#[test]
fn specifiers_contain_what_the_specification_says() {
    let holds = |text: &str, version| {
        vers::read(text)
            .unwrap()
            .to_range()
            .holds(Some(version))
            .decided()
    };
    assert_eq!(
        holds("vers:npm/>=1.0.0|<2.0.0|>=3.0.0|<4.0.0", "3.5.0"),
        Some(true)
    );
    assert_eq!(
        holds("vers:npm/>=1.0.0|<2.0.0|>=3.0.0|<4.0.0", "2.5.0"),
        Some(false)
    );
    assert_eq!(holds("vers:generic/!=1.5|>=1.0", "1.5"), Some(false));
    assert_eq!(holds("vers:deb/<1:2.3-4", "2.9"), Some(true));
    assert_eq!(
        vers::parse("vers:npm/1.0%2").unwrap_err(),
        vers::VersError::InvalidEncoding
    );
    assert_eq!(
        vers::parse("nothing").unwrap_err(),
        vers::VersError::NotVers
    );
}
