use proptest::prelude::*;

use super::*;

fn attribute(source: &str, target: &str) -> Relation {
    Attribute::read(source).compare(&Attribute::read(target))
}

#[test]
fn attributes_compare_as_the_standard_says() {
    let cases = [
        ("*", "*", Relation::Equal),
        ("*", "-", Relation::Superset),
        ("-", "*", Relation::Subset),
        ("-", "x", Relation::Disjoint),
        ("9.*", "9.3.2", Relation::Superset),
        ("9.*", "8.3.2", Relation::Disjoint),
        ("a", "a*", Relation::Undefined),
        ("*a*b*", "xxaxxbxx", Relation::Superset),
        ("?b", "ab", Relation::Superset),
        ("boo\\?", "boo", Relation::Disjoint),
        ("ABC", "abc", Relation::Equal),
    ];
    for (source, target, expected) in cases {
        assert_eq!(attribute(source, target), expected, "{source} {target}");
    }
}

#[test]
fn names_are_read_and_written() {
    let text = r"cpe:2.3:o:philips:intellivue_mx40_firmware:b.06.18:*:*:*:*:*:\:x:-";
    let name: Name = text.parse().unwrap();
    assert_eq!(name.to_string(), text);
    assert_eq!(name.part(), Some('o'));
    assert_eq!(name.product().as_deref(), Some("intellivue_mx40_firmware"));
    assert_eq!(name.version().as_deref(), Some("b.06.18"));
    let uri: Name = "cpe:/a:microsoft:internet_explorer:8.0.6001:beta"
        .parse()
        .unwrap();
    assert_eq!(
        uri.to_string(),
        "cpe:2.3:a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*"
    );
    assert_eq!("cpe:2.3:a:b".parse::<Name>(), Err(NameError::Attributes(2)));
    assert_eq!("hello".parse::<Name>(), Err(NameError::NotCpe));
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(vendor in "[a-z*?.:!-]{1,8}", version in "\\PC{1,8}") {
        let mut name = Name::default();
        name.0[1] = Attribute::read(&vendor);
        name.0[3] = Attribute::Value(version.chars().map(|c| Symbol::Literal(c.to_ascii_lowercase())).collect());
        let again: Name = name.to_string().parse().unwrap();
        prop_assert_eq!(again, name);
    }
}
