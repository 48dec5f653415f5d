//! Changelog records come from outside.

use super::*;
use crate::RestoreError;

#[test]
fn records_of_other_sites_and_unknown_kinds_are_refused_by_name() {
    for key in [
        "other/site",
        "main/wormhole/1",
        "main",
        "mainsite/site",
        "main/site/1",
    ] {
        let records = [(key.as_bytes(), Bytes::new())];
        let fault = SiteInventory::restore(site(), Policy::default(), records).unwrap_err();
        assert_eq!(fault, RestoreError::UnknownKey(key.to_owned()));
    }
}

#[test]
fn a_record_under_another_key_is_refused() {
    let mut story = Story::new();
    story.arp("00:1a:01:00:00:01", "10.0.0.5");
    for (key, value) in &story.records {
        if key.as_str() == "main/site" {
            continue;
        }
        let wrong = format!("{key}0");
        let records = [(wrong.as_bytes(), value.clone())];
        let fault = SiteInventory::restore(site(), Policy::default(), records).unwrap_err();
        assert!(
            matches!(fault, RestoreError::Damaged { .. }),
            "{wrong}: {fault}"
        );
    }
}

#[test]
fn damaged_records_are_refused_or_read_but_never_a_panic() {
    let mut story = Story::new();
    story.arp("00:1a:01:00:00:01", "10.0.0.5");
    story.says("00:1a:01:00:00:01", Attribute::Hostname, "x");
    for (key, value) in &story.records {
        for cut in 0..value.len() {
            for damaged in [value.slice(..cut), {
                let mut bytes = value.to_vec();
                bytes[cut] ^= 0x55;
                bytes.into()
            }] {
                let records = [(key.as_bytes(), damaged)];
                drop(SiteInventory::restore(site(), Policy::default(), records));
            }
        }
    }
}

#[test]
fn all_records_at_once_are_the_records_written_one_by_one() {
    let mut story = Story::new();
    story.arp("00:1a:01:00:00:01", "10.0.0.5");
    story.beat("10.7.0.4");
    story.observe(vec![Body::Conversation(talk(
        "10.7.0.4", "10.7.0.5", 80, 500,
    ))]);
    let all: Vec<(StateKey, Bytes)> = story.records.clone().into_iter().collect();
    assert_eq!(story.inventory.records(), all);
}
