//! What is reported, and when.

use super::*;

#[test]
fn an_entry_takes_no_more_memory_than_the_example_configuration_says() {
    let example = include_str!("../../../sensor.example.toml");
    for (what, bytes) in [
        ("facts", statements::ENTRY_BYTES),
        ("address pairs", endpoints::ENTRY_BYTES),
        ("conversations", conversations::ENTRY_BYTES),
    ] {
        let said = example
            .lines()
            .find_map(|line| line.split_once(&format!("{what} remembered; ")));
        let said: usize = said.unwrap().1.split(' ').next().unwrap().parse().unwrap();
        assert!(
            bytes <= said && said - bytes < 16,
            "{what}: {bytes} bytes, said {said}"
        );
    }
}

#[test]
fn what_nobody_drains_is_counted_and_reported_as_lost() {
    let mut census = census_of(Settings {
        pending_limit: 10,
        ..Settings::default()
    });
    for n in 0..50 {
        census.seen(&context(1000, at(n, None)));
    }
    let told = census.drain();
    assert_eq!(told.len(), 11);
    let Body::Loss(loss) = told[10].body else {
        panic!("{:?}", told[10]);
    };
    assert_eq!((loss.reason, loss.count), (LossReason::TableOverflow, 40));
    assert_eq!(census.drain(), []);
}

#[test]
fn a_value_that_returns_is_a_change_but_flapping_is_not_news() {
    let mut census = census_of(settings());
    let sender = at(1, Some(1));
    let mut heard = Vec::new();
    for second in 0..180 {
        let value = if second % 2 == 0 { "a" } else { "b" };
        state(
            &mut census,
            second * 1000,
            sender,
            Attribute::Hostname,
            value,
        );
        heard.append(&mut census.drain());
    }
    // First sights at 0 s and 1 s, then each side at most once a minute.
    assert_eq!(values(&heard), ["a", "b", "a", "b", "a", "b"]);
    state(&mut census, 600_000, sender, Attribute::Hostname, "a");
    state(&mut census, 700_000, sender, Attribute::Hostname, "a");
    assert_eq!(values(&census.drain()), ["a"]);
}

#[test]
fn several_ae_titles_of_one_archive_do_not_displace_each_other() {
    let mut census = census_of(settings());
    for second in 0..3600 {
        let value = if second % 2 == 0 { "PACS1" } else { "PACS2" };
        state(
            &mut census,
            second * 1000,
            at(1, Some(1)),
            Attribute::AeTitle,
            value,
        );
    }
    assert_eq!(values(&census.drain()), ["PACS1", "PACS2"]);
}

#[test]
fn a_renewed_lease_is_reported_before_it_runs_out() {
    let mut census = census_of(settings());
    for renewal in 0..4 {
        bind(&mut census, renewal * 1_800_000, 1, 1, 3600, false);
        assert_eq!(census.drain().len(), 1, "renewal {renewal}");
    }
    bind(&mut census, 5_400_500, 1, 1, 3600, false);
    assert_eq!(census.drain(), [], "a retransmission half a second later");
    bind(&mut census, 5_401_000, 1, 1, 0, true);
    bind(&mut census, 5_402_000, 1, 1, 3600, false);
    assert_eq!(census.drain().len(), 2, "released, and at once taken again");
}

#[test]
fn another_interface_that_claims_an_address_is_reported_and_so_is_the_first_when_it_returns() {
    let mut census = census_of(settings());
    bind(&mut census, 0, 1, 9, 0, false);
    bind(&mut census, 10_000, 2, 9, 0, false);
    bind(&mut census, 70_000, 1, 9, 0, false);
    bind(&mut census, 71_000, 1, 9, 0, false);
    let told = census.drain();
    let claimed = told.iter().map(|o| match &o.body {
        Body::Binding(binding) => binding.mac,
        _ => panic!("{o:?}"),
    });
    assert_eq!(claimed.collect::<Vec<_>>(), [mac(1), mac(2), mac(1)]);
}

#[test]
fn a_clock_set_back_by_a_day_silences_nobody() {
    let mut census = census_of(settings());
    let day = 86_400_000;
    let sender = at(1, Some(1));
    census.seen(&context(10 * day, sender));
    state(&mut census, 10 * day, sender, Attribute::Hostname, "a");
    census.drain();
    for minute in 0..20 {
        let now = 9 * day + minute * MINUTE;
        census.seen(&context(now, sender));
        state(&mut census, now, sender, Attribute::Hostname, "a");
    }
    let told = census.drain();
    assert_eq!(values(&told), ["a"]);
    assert!(told.len() >= 4, "{told:?}");
    assert!(
        told.iter()
            .all(|o| o.last_seen <= 9 * day + 20 * MINUTE && o.first_seen <= o.last_seen)
    );
}

#[test]
fn a_silent_endpoint_is_reported_by_the_tick() {
    let mut census = census_of(settings());
    census.seen(&context(0, at(1, None)));
    census.seen(&context(2 * MINUTE, at(1, None)));
    assert_eq!(census.drain().len(), 1);
    census.tick(4 * MINUTE);
    assert_eq!(census.drain(), []);
    census.tick(7 * MINUTE);
    let told = census.drain();
    assert_eq!(
        (told.len(), told[0].last_seen, told[0].count),
        (1, 2 * MINUTE, 1)
    );
    census.tick(60 * MINUTE);
    assert_eq!(census.drain(), [], "nothing new, nothing said");
}

#[test]
fn a_conversation_is_reported_once_it_has_shown_what_it_is_and_again_when_that_changes() {
    let mut census = census_of(settings());
    let mut at = |time: Millis, report: Option<ConversationReport>| {
        census.tick(time);
        report
            .into_iter()
            .for_each(|report| census.conversation(&report));
        census.tick(time);
        let told = census.drain();
        let said = said_conversations(&told).into_iter();
        said.map(|(_, c)| {
            (
                c.service,
                c.one_way,
                c.packets_to_server + c.packets_to_client,
            )
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(at(0, Some(talk(0, 1, 2, 1, 0))), []);
    assert_eq!(at(10, Some(talk(10, 1, 2, 0, 1))), []);
    assert_eq!(at(1000, None), [(Service::Unspecified, false, 2)]);
    let mut recognised = talk(2000, 1, 2, 1, 0);
    recognised.service = Service::Dicom;
    assert_eq!(at(2000, Some(recognised)), [(Service::Dicom, false, 3)]);
    assert_eq!(at(3000, Some(talk(3000, 1, 2, 5, 5))), []);
}

#[test]
fn the_longer_a_conversation_lasts_the_less_often_it_is_reported() {
    let mut census = census_of(settings());
    let mut reported = Vec::new();
    for minute in 0..24 * 60 {
        census.conversation(&talk(minute * MINUTE, 1, 2, 1, 1));
        census.tick(minute * MINUTE + 30_000);
        if !census.drain().is_empty() {
            reported.push(minute);
        }
    }
    assert_eq!(reported[..6], [0, 15, 45, 105, 165, 225]);
    // After an hour of silence it is news again.
    census.conversation(&talk(1500 * MINUTE, 1, 2, 1, 1));
    census.drain();
    census.tick(1600 * MINUTE);
    census.conversation(&talk(1600 * MINUTE, 1, 2, 1, 1));
    assert_eq!(census.drain().len(), 1);
}

#[test]
fn an_endpoint_that_introduces_itself_needs_no_heartbeat() {
    let mut census = census_of(settings());
    census.seen(&context(0, at(1, None)));
    bind(&mut census, 0, 1, 1, 0, false);
    census.seen(&context(10, at(2, Some(2))));
    state(&mut census, 10, at(2, Some(2)), Attribute::Hostname, "ct-1");
    census.seen(&context(20, at(3, Some(3))));
    let kinds: Vec<_> = census
        .drain()
        .into_iter()
        .map(|observation| match observation.body {
            Body::Binding(_) => "binding",
            Body::Fact(_) => "fact",
            Body::Heartbeat(_) => "heartbeat",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["binding", "fact", "heartbeat"]);
    // From then on they are like everybody else.
    for n in 1..=3 {
        census.seen(&context(6 * MINUTE, at(n, Some(u32::try_from(n).unwrap()))));
    }
    assert_eq!(census.drain().len(), 3);
}

#[test]
fn coverage_names_one_way_traffic_silent_vlans_and_missing_control_frames() {
    let mut census = census_of(settings());
    for client in 0..10 {
        census.conversation(&talk(0, client, 99, 10, if client < 3 { 0 } else { 10 }));
    }
    census.conversation(&talk(0, 50, 99, 1, 0));
    let mut tagged = context(0, at(1, None));
    for vlan in [10, 20, 30] {
        (tagged.origin.vlans[0], tagged.origin.vlan_count) = (vlan, 1);
        census.seen(&tagged);
    }
    tagged.meta.time_ns = 3_600_000_000_000;
    census.seen(&tagged);
    let coverage = census.coverage();
    assert_eq!(
        (coverage.tcp_conversations, coverage.one_way_per_mille),
        (10, 300)
    );
    assert_eq!((coverage.vlans, coverage.silent_vlans), (3, vec![10, 20]));
    assert!(!coverage.l2_control);
    census.l2_control(&tagged);
    assert!(census.coverage().l2_control);
}
