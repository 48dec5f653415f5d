//! What is believed, and why.

use auscult_proto::observation::Subject;
use auscult_proto::{Attribute, ConfidenceClass, Field};

use super::*;
use crate::{AttributeSnapshot, Verdict};

const PUMP: &str = "00:1a:01:00:00:01";

fn attribute(story: &Story, attribute: Attribute) -> AttributeSnapshot {
    let pump = story.device(PUMP);
    let found = pump
        .attributes
        .into_iter()
        .find(|known| known.attribute == attribute);
    found.unwrap()
}

fn says(story: &mut Story, what: Attribute, source: (Field, ConfidenceClass), value: &str) {
    story.observe(vec![stated(PUMP, Subject::Sender, what, source, value)]);
}

const MED: (Field, ConfidenceClass) = (Field::LldpmedManufacturer, ConfidenceClass::D2);
const OUI: (Field, ConfidenceClass) = (Field::EthernetSource, ConfidenceClass::D6);
const SFT: (Field, ConfidenceClass) = (Field::Hl7Sft1, ConfidenceClass::D4);

#[test]
fn a_registered_prefix_names_the_interface_and_hardly_the_device() {
    let mut story = Story::new();
    says(&mut story, Attribute::NicVendor, OUI, "Digi");
    says(&mut story, Attribute::DeviceManufacturer, OUI, "Digi");
    assert_eq!(
        attribute(&story, Attribute::NicVendor).verdict,
        Verdict::Asserted
    );
    let maker = attribute(&story, Attribute::DeviceManufacturer);
    assert_eq!(maker.verdict, Verdict::Unknown);
    assert_eq!(maker.candidates[0].confidence.per_mille(), 150);
}

#[test]
fn independent_sources_add_up_and_dependent_ones_do_not() {
    let mut story = Story::new();
    says(&mut story, Attribute::ProductModel, SFT, "Spectrum");
    let alone = attribute(&story, Attribute::ProductModel).candidates[0].confidence;
    assert_eq!(alone.per_mille(), 550);
    says(
        &mut story,
        Attribute::ProductModel,
        (Field::Hl7Sft3, ConfidenceClass::D4),
        "Spectrum",
    );
    assert_eq!(
        attribute(&story, Attribute::ProductModel).candidates[0].confidence,
        alone
    );
    says(
        &mut story,
        Attribute::ProductModel,
        (Field::Dhcpv4Opt60, ConfidenceClass::D4),
        "Spectrum",
    );
    let both = attribute(&story, Attribute::ProductModel);
    // 1 - 0.45 * 0.45
    assert_eq!(both.candidates[0].confidence.per_mille(), 797);
    assert_eq!(both.candidates[0].sources.len(), 3);
}

#[test]
fn rivals_share_what_is_certain_and_strong_ones_contest() {
    let mut story = Story::new();
    says(&mut story, Attribute::DeviceManufacturer, MED, "Baxter");
    assert_eq!(
        attribute(&story, Attribute::DeviceManufacturer).verdict,
        Verdict::Asserted
    );
    says(&mut story, Attribute::DeviceManufacturer, MED, "Hillrom");
    let maker = attribute(&story, Attribute::DeviceManufacturer);
    assert!(maker.contested);
    assert_eq!(maker.verdict, Verdict::Unknown);
    // Odds 9 : 9 : 1.
    assert_eq!(maker.candidates[0].confidence.per_mille(), 474);
    assert_eq!(maker.candidates.len(), 2);
}

#[test]
fn hearsay_and_distance_weigh_less() {
    let mut story = Story::new();
    story.beat(PUMP);
    let source = (Field::DicomCalledAe, ConfidenceClass::D5);
    let subject = Subject::Endpoint(endpoint(PUMP));
    let other = "00:09:fb:00:00:02";
    story.observe(vec![stated(
        other,
        subject,
        Attribute::AeTitle,
        source,
        "PUMP1",
    )]);
    let title = attribute(&story, Attribute::AeTitle);
    assert_eq!(title.candidates[0].confidence.per_mille(), 210);
    story.observe(vec![stated(
        "10.7.0.4",
        Subject::Sender,
        Attribute::AeTitle,
        source,
        "FAR",
    )]);
    let far = story.device("10.7.0.4");
    assert_eq!(far.attributes[0].candidates[0].confidence.per_mille(), 280);
}

#[test]
fn the_newest_version_holds_and_the_change_is_told() {
    let mut story = Story::new();
    let source = (Field::LldpmedFirmware, ConfidenceClass::D2);
    says(&mut story, Attribute::FwVersion, source, "1.0");
    story.wait(DAY);
    let said = stated(PUMP, Subject::Sender, Attribute::FwVersion, source, "2.0");
    let events = story.observe(vec![said]);
    let change = events.iter().find_map(|event| match event {
        EventKind::DeviceChanged { changes, .. } => Some(changes.clone()),
        _ => None,
    });
    let change = change.unwrap();
    assert_eq!(change.len(), 1);
    assert_eq!(change[0].field, "fw_version");
    assert_eq!(change[0].before.as_deref(), Some("1.0"));
    assert_eq!(change[0].after.as_deref(), Some("2.0"));
    assert_eq!(
        values(&story.device(PUMP), Attribute::FwVersion),
        ["2.0", "1.0"]
    );
}

#[test]
fn two_values_told_in_turn_are_one_change_and_a_contradiction() {
    let mut story = Story::new();
    let source = (Field::LldpmedFirmware, ConfidenceClass::D2);
    let mut changes = 0;
    for round in 0..10 {
        story.wait(MINUTE);
        let version = if round % 2 == 0 { "1.0" } else { "2.0" };
        let said = stated(PUMP, Subject::Sender, Attribute::FwVersion, source, version);
        let events = story.observe(vec![said]);
        changes += names(&events)
            .iter()
            .filter(|name| **name == "changed")
            .count();
    }
    assert_eq!(changes, 1);
    let version = attribute(&story, Attribute::FwVersion);
    assert_eq!(version.candidates[0].value.as_ref(), "2.0");
    assert!(version.contested);
}

#[test]
fn what_others_say_does_not_replace_what_a_device_says_of_itself() {
    let mut story = Story::new();
    let source = (Field::Dhcpv4Opt12, ConfidenceClass::D5);
    says(&mut story, Attribute::Hostname, source, "pump-17");
    let subject = Subject::Endpoint(endpoint(PUMP));
    let server = "00:09:fb:00:00:02";
    story.wait(HOUR).observe(vec![stated(
        server,
        subject,
        Attribute::Hostname,
        source,
        "other",
    )]);
    assert_eq!(
        values(&story.device(PUMP), Attribute::Hostname)[0],
        "pump-17"
    );
}

#[test]
fn values_that_hold_together_are_no_rivals() {
    let mut story = Story::new();
    let source = (Field::DicomAbstractSyntaxProposed, ConfidenceClass::D3);
    for class in ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.31"] {
        says(&mut story, Attribute::SopClass, source, class);
    }
    let classes = attribute(&story, Attribute::SopClass);
    assert!(classes.many && !classes.contested);
    assert_eq!(classes.verdict, Verdict::Asserted);
    assert_eq!(story.device(PUMP).roles[0].role, "ct scanner");
}

#[test]
fn a_version_not_repeated_loses_weight() {
    let mut story = Story::new();
    let source = (Field::LldpmedSoftware, ConfidenceClass::D2);
    says(&mut story, Attribute::SwVersion, source, "1.0");
    story.wait(30 * DAY);
    says(&mut story, Attribute::SwVersion, source, "2.0");
    let version = attribute(&story, Attribute::SwVersion);
    let told: Vec<u32> = version
        .candidates
        .iter()
        .map(|candidate| candidate.confidence.per_mille())
        .collect();
    assert_eq!(told, [900, 450]);
}

#[test]
fn sources_and_values_are_bounded_and_what_falls_out_is_counted() {
    let mut story = Story::new();
    for n in 0..40 {
        says(&mut story, Attribute::Serial, SFT, &format!("serial-{n}"));
    }
    story.beat(PUMP);
    assert_eq!(story.inventory.counters().values_dropped, 24);
    for n in 0..12 {
        let mut header = story.header();
        header.sensor = format!("t{n}").parse().unwrap();
        header.first_seq = 1;
        let observation = Observation {
            first_seen: story.now,
            last_seen: story.now,
            count: 1,
            origin: origin(&[]),
            body: stated(PUMP, Subject::Sender, Attribute::AssetId, SFT, "A-1"),
        };
        story.apply(Batch::new(site(), header, vec![observation]));
    }
    assert_eq!(story.inventory.counters().sources_dropped, 4);
    let asset = attribute(&story, Attribute::AssetId);
    assert_eq!(asset.candidates[0].sources.len(), 8);
}

#[test]
fn a_repeated_statement_counts_and_changes_nothing_in_public() {
    let mut story = Story::new();
    says(&mut story, Attribute::DeviceManufacturer, MED, "Baxter");
    let revision = story.device(PUMP).revision;
    says(&mut story, Attribute::DeviceManufacturer, MED, "Baxter");
    assert_eq!(story.device(PUMP).revision, revision);
    let maker = attribute(&story, Attribute::DeviceManufacturer);
    assert_eq!(maker.candidates[0].sources[0].count, 2);
}
