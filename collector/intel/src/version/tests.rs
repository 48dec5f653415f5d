use Ordering::{Equal, Greater, Less};
use proptest::prelude::*;

use super::*;

fn loose(left: &str, right: &str) -> Option<Ordering> {
    compare(Scheme::Loose, left, right)
}

#[test]
fn vendors_versions_compare_where_they_can() {
    let cases = [
        ("4.1.1", "4.1.1", Some(Equal)),
        ("4.1", "4.1.0.0", Some(Equal)),
        ("v9.33", "9.4", Some(Greater)),
        ("R4.1L1", "R4.1", Some(Greater)),
        ("R8.0.3", "8.0.3", Some(Equal)),
        ("B.06.18", "C.00.04", Some(Less)),
        ("K", "N", Some(Less)),
        ("1.3.1 Build 13", "1.3.1", Some(Greater)),
        ("1.8.4 Service Pack 01", "1.8.4", Some(Greater)),
        ("2.0-rc1", "2.0", Some(Less)),
        ("2.0-beta", "2.0-rc1", Some(Less)),
        ("2.6A", "2.7A", Some(Less)),
        ("1.0.2a", "1.0.2", Some(Greater)),
        ("012U000040", "012U000061", Some(Less)),
        // Two product lines, and words that mean nothing here.
        ("L81", "U61", None),
        ("012U000040", "012L000061", None),
        ("MMT-1710", "4.10", None),
        ("5-appl_1.16.1", "5-1.0.1", None),
    ];
    for (left, right, expected) in cases {
        assert_eq!(loose(left, right), expected, "{left} {right}");
        assert_eq!(
            loose(right, left),
            expected.map(Ordering::reverse),
            "{right} {left}"
        );
    }
}

#[test]
fn packages_compare_as_their_tools_do() {
    let dpkg = |a, b| compare(Scheme::Dpkg, a, b);
    assert_eq!(dpkg("1.0~rc1-1", "1.0-1"), Some(Less));
    assert_eq!(dpkg("1:0.9", "2.0"), Some(Greater));
    assert_eq!(dpkg("1.2.3-1ubuntu2", "1.2.3-1ubuntu10"), Some(Less));
    assert_eq!(dpkg("1.0+b1", "1.0a"), Some(Greater));
    let rpm = |a, b| compare(Scheme::Rpm, a, b);
    assert_eq!(rpm("1.0~rc1", "1.0"), Some(Less));
    assert_eq!(rpm("1.0^git1", "1.0"), Some(Greater));
    assert_eq!(rpm("1.0^git1", "1.0.1"), Some(Less));
    assert_eq!(rpm("5.5p10", "5.5p1"), Some(Greater));
    assert_eq!(rpm("1.0-2", "1.0"), Some(Equal));
    assert_eq!(rpm("xyz10", "10xyz"), Some(Less));
    let semver = |a, b| compare(Scheme::Semver, a, b);
    assert_eq!(semver("1.0.0-alpha.1", "1.0.0-alpha.beta"), Some(Less));
    assert_eq!(semver("1.0.0-rc.1", "1.0.0"), Some(Less));
    assert_eq!(semver("1.0.0+a", "1.0.0+b"), Some(Equal));
    assert_eq!(semver("1.0", "1.0.1"), Some(Less), "read as loose");
    let commit = |a, b| compare(Scheme::Unordered, a, b);
    assert_eq!(commit("9d9eff4", "9d9eff4"), Some(Equal));
    assert_eq!(commit("9d9eff4", "aaaaaaa"), None);
}

#[test]
fn what_is_more_precise_is_seen() {
    assert!(extends("9.33.1", "9.33"));
    assert!(!extends("9.33.0", "9.33"));
    assert!(!extends("9.4", "9.33"));
    assert!(series_holds("14.1", "14.1.7"));
    assert!(!series_holds("14.1", "14.10"));
}

#[test]
fn models_and_prose_are_no_versions() {
    for text in [
        "4.1.1",
        "B.06.18",
        "K",
        "2023.3_Build_9342",
        "1.4.2.0-9d9eff4",
        "SV20.1",
        "Rev C",
    ] {
        assert!(is_version(text), "{text}");
    }
    for text in [
        "MMT-1710",
        "Protiva Carestation View",
        "august 28",
        "2nd Edition",
        "",
        "IGS",
        "all",
    ] {
        assert!(!is_version(text), "{text}");
    }
}

proptest! {
    /// Whatever is compared, one order is the other reversed, and a version equals itself.
    #[test]
    fn every_order_is_antisymmetric(
        left in "[0-9a-cR.~^:_ -]{0,12}",
        right in "[0-9a-cR.~^:_ -]{0,12}",
    ) {
        for scheme in [Scheme::Loose, Scheme::Semver, Scheme::Dpkg, Scheme::Rpm, Scheme::Datetime] {
            prop_assert_eq!(order(scheme, &left, &right), order(scheme, &right, &left).reverse(), "{:?}", scheme);
            prop_assert_eq!(order(scheme, &left, &left), Equal);
        }
    }
}
